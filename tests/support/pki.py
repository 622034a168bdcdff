# SPDX-License-Identifier: Apache-2.0
"""A certificate authority, a server certificate and client certificates, made at test time."""

import datetime
import hashlib
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support.issuer import b64u

_SERVER_NAMES = ["localhost", "api.example.test", "*.example.test"]


def _name(common, organisation="Test"):
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ])


class Certificate:
    """A certificate with its key, as PEM files `cert` and `key`."""

    def __init__(self, directory, name, certificate, key):
        self.certificate = certificate
        self.private_key = key
        serial = certificate.serial_number
        self.cert = os.path.join(directory, f"{name}-{serial:x}.pem")
        self.key = os.path.join(directory, f"{name}-{serial:x}.key")
        with open(self.cert, "wb") as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))

    def thumbprint(self):
        """The value of cnf.x5t#S256 (RFC 8705)."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return b64u(hashlib.sha256(der).digest())


class Pki:
    """Attributes `ca`, `server`, `client_a`, `client_b` (Certificate); issue() makes more."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self._make("ca", _name("Test CA"), None, is_ca=True)
        names = [x509.DNSName(n) for n in _SERVER_NAMES]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        self.server = self._make("server", _name("localhost"), names)
        self.client_a = self.issue("client-a")
        self.client_b = self.issue("client-b")

    def issue(self, common, days=(0, 2), key=None):
        """A client certificate with subject CN=common,O=Test, valid from and to these days."""
        return self._make(common, _name(common), None, days=days, key=key)

    def issue_server(self, *names):
        """A server certificate for these host names."""
        return self._make(names[0], _name(names[0]), [x509.DNSName(n) for n in names])

    def issue_foreign(self, common):
        """The same, of an authority that nobody trusts; it is the attribute `authority`."""
        own = self.ca
        self.ca = self._make("foreign", _name("Foreign CA"), None, is_ca=True)
        made = self.issue(common)
        made.authority, self.ca = self.ca, own
        return made

    def make(self, name, subject, alternatives=None):
        """A client certificate with this x509.Name and these alternative names."""
        return self._make(name, subject, alternatives, is_client=True)

    def _make(self, name, subject, alternatives, is_ca=False, is_client=False, days=(0, 2),
              key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder()
                   .subject_name(subject)
                   .issuer_name(subject if is_ca else self.ca.certificate.subject)
                   .public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now + datetime.timedelta(days=days[0], hours=-1))
                   .not_valid_after(now + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), True))
        if not is_ca:
            usage = (ExtendedKeyUsageOID.SERVER_AUTH if alternatives and not is_client
                     else ExtendedKeyUsageOID.CLIENT_AUTH)
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        signer = key if is_ca else self.ca.private_key
        return Certificate(self.directory, name, builder.sign(signer, hashes.SHA256()), key)
