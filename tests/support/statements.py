# SPDX-License-Identifier: Apache-2.0
"""Statements of a fleet's nodes as somebody makes them who has not the code but keys, or none."""

import dataclasses
import hashlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.issuer import b64u_decode

NODE, REVOCATION, BLOCK, RISK, THREAT, ATTESTATION = 1, 2, 3, 23, 24, 25
OPERATOR = bytes(16)
SIGNATURE_SIZE = 64
_HEAD = struct.Struct(">BBB16sQH")


def key_of(path):
    """The private key in a file of `ztactl fleet`."""
    with open(path, encoding="ascii") as f:
        return Ed25519PrivateKey.from_private_bytes(b64u_decode(f.read().split()[1]))


def public_of(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def node_value(key, role=2, name=b"intruder", enrolled_s=1):
    """What an operator says of a node; role 2 may say everything."""
    return bytes((1, role)) + public_of(key) + struct.pack(">QH", enrolled_s, len(name)) + name


def parts_digest(*parts):
    """None is absent, which is no empty part."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"\xff" * 4 if part is None else struct.pack(">I", len(part)) + part)
    return digest.digest()


@dataclasses.dataclass(frozen=True)
class Statement:
    topic: int
    is_gone: bool
    origin: bytes
    version_ns: int
    key: bytes
    value: bytes = b""

    @classmethod
    def read(cls, data):
        _, topic, is_gone, origin, version_ns, size = _HEAD.unpack_from(data)
        key = data[_HEAD.size:_HEAD.size + size]
        value = data[_HEAD.size + size + 4:-SIGNATURE_SIZE]
        return cls(topic, bool(is_gone), origin, version_ns, key, value)

    def but(self, **changes):
        return dataclasses.replace(self, **changes)

    def gone(self, **changes):
        """The release of its record, a second later."""
        return self.but(is_gone=True, value=b"", version_ns=self.version_ns + 10 ** 9).but(**changes)

    def said(self):
        return (_HEAD.pack(1, self.topic, self.is_gone, self.origin, self.version_ns, len(self.key)) +
                self.key + struct.pack(">I", len(self.value)) + self.value)

    def sealed(self, key, fleet=b"corp"):
        """Signed by a key, or by nobody (None)."""
        digest = parts_digest(b"zta fleet statement 1", fleet, self.said())
        return self.said() + (key.sign(digest) if key else bytes(SIGNATURE_SIZE))

    @property
    def name(self):
        """Its field of the engine's records."""
        return parts_digest(bytes((self.topic,)), self.key) + self.origin
