# SPDX-License-Identifier: Apache-2.0
"""A local token maker: good access tokens by default, any malformed one on request."""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from support import leaks
from support.local import write

_CURVES = {"ES256": ("P-256", ec.SECP256R1, 32), "ES384": ("P-384", ec.SECP384R1, 48),
           "ES512": ("P-521", ec.SECP521R1, 66)}
_HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
DEFAULT_ALGS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")


def b64u(data):
    """base64url without padding (RFC 7515, section 2)."""
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64u_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _b64u_int(value, size=None):
    size = size or (value.bit_length() + 7) // 8
    return b64u(value.to_bytes(size, "big"))


def sign(alg, private, data):
    """The JWS signature of data; private is bytes for HS*, ignored for none."""
    if alg == "none":
        return b""
    if alg == "EdDSA" or alg == "Ed25519":
        return private.sign(data)
    digest = _HASHES[alg[2:]]()
    if alg.startswith("HS"):
        return hmac.digest(private, data, f"sha{alg[2:]}")
    if alg.startswith("RS"):
        return private.sign(data, padding.PKCS1v15(), digest)
    if alg.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return private.sign(data, scheme, digest)
    size = _CURVES[alg][2]
    r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class Key:
    """A signing key with its kid and algorithm; jwk() is the public part."""

    def __init__(self, alg, private=None, kid=None, bits=2048, exponent=65537):
        self.alg = alg
        self.private = private or self._generate(alg, bits, exponent)
        self.kid = kid or f"{alg.lower()}-{self.thumbprint()[:8]}"

    @staticmethod
    def _generate(alg, bits, exponent):
        if alg in _CURVES:
            return ec.generate_private_key(_CURVES[alg][1]())
        if alg in ("EdDSA", "Ed25519"):
            return ed25519.Ed25519PrivateKey.generate()
        if alg.startswith("HS"):
            return os.urandom(64)
        return rsa.generate_private_key(exponent, bits)

    def material(self):
        """The members that make up the public key."""
        if isinstance(self.private, bytes):
            return {"kty": "oct", "k": b64u(self.private)}
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": _b64u_int(numbers.n), "e": _b64u_int(numbers.e)}
        if isinstance(public, ed25519.Ed25519PublicKey):
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": b64u(raw)}
        curve, _, size = next(c for c in _CURVES.values() if c[1].name == public.curve.name)
        point = public.public_numbers()
        return {"kty": "EC", "crv": curve, "x": _b64u_int(point.x, size),
                "y": _b64u_int(point.y, size)}

    def thumbprint(self):
        """RFC 7638, SHA-256."""
        text = json.dumps(self.material(), sort_keys=True, separators=(",", ":"))
        return b64u(hashlib.sha256(text.encode()).digest())

    def jwk(self, drop=(), **overrides):
        """The public JWK; overrides replace or add members, drop names those to leave out."""
        jwk = {**self.material(), "kid": self.kid, "alg": self.alg, "use": "sig", **overrides}
        return {k: v for k, v in jwk.items() if k not in drop}

    def private_pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode()

    def public_pem(self):
        """SubjectPublicKeyInfo as PEM, the classic HMAC key of an algorithm confusion."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


_keys = {}


def _shared_key(alg):
    """RSA generation is slow and no test depends on fresh keys: one per algorithm and run."""
    if alg not in _keys:
        _keys[alg] = Key(alg)
    return _keys[alg]


class Issuer:
    """An authorization server without a server: keys, a JWKS file and tokens."""

    def __init__(self, directory, url="https://idp.example.test",
                 audience="https://api.example.test", algs=DEFAULT_ALGS):
        self.url = url
        self.audience = audience
        self.path = os.path.join(directory, "jwks.json")
        self.keys = {alg: _shared_key(alg) for alg in algs}
        self.write_jwks()

    def key(self, alg):
        """The key for alg; one that was not asked for at first is made but not published."""
        return self.keys.get(alg) or _shared_key(alg)

    def jwks(self, extra=()):
        return {"keys": [k.jwk() for k in self.keys.values()] + list(extra)}

    def write_jwks(self, jwks=None, extra=()):
        """Publishes the set (or the given set or text) in the file `path`."""
        jwks = self.jwks(extra) if jwks is None else jwks
        return write(self.path, jwks if isinstance(jwks, (str, bytes)) else json.dumps(jwks))

    def rotate(self, *algs):
        """Replaces the keys (of algs, else all) and publishes only the new ones."""
        for alg in algs or list(self.keys):
            self.keys[alg] = Key(alg)
        self.write_jwks()

    def claims(self, overrides=None, drop=()):
        """The claims of a good RFC 9068 token."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "alice", "aud": self.audience, "client_id": "app",
                  "iat": now, "exp": now + 600, "jti": str(uuid.uuid4()), "scope": "read write"}
        claims.update(overrides or {})
        return {k: v for k, v in claims.items() if k not in drop}

    def token(self, claims=None, alg="RS256", header=None, drop=(), drop_header=(), key=None,
              header_raw=None, payload_raw=None, signature=None):
        """A compact JWS. claims and header update the good ones, drop and drop_header remove
        members; key is a Key or bytes; header_raw and payload_raw replace the JSON octets;
        signature replaces the octets, or is called with the good ones."""
        if key is None:
            key = b"" if alg == "none" else self.key(alg)
        private = key.private if isinstance(key, Key) else key
        head = {"typ": "at+jwt", "alg": alg}
        if isinstance(key, Key):
            head["kid"] = key.kid
        head.update(header or {})
        head = {k: v for k, v in head.items() if k not in drop_header}
        if header_raw is None:
            header_raw = json.dumps(head)
        if payload_raw is None:
            payload_raw = json.dumps(self.claims(claims, drop))
        data = f"{b64u(header_raw)}.{b64u(payload_raw)}"
        if isinstance(signature, bytes):
            octets = signature
        else:
            octets = sign(alg, private, data.encode())
        if callable(signature):
            octets = signature(octets)
        return leaks.credential(f"{data}.{b64u(octets)}", "a token of the issuer")
