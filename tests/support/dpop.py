# SPDX-License-Identifier: Apache-2.0
"""DPoP proofs (RFC 9449), good ones and any defect."""

import hashlib
import json
import time
import uuid

from support import leaks
from support.issuer import Key, b64u, sign


class Prover:
    """A client with a key of its own; `jkt` is what its tokens are bound to."""

    def __init__(self, alg="ES256"):
        self.key = Key(alg)

    @property
    def jkt(self):
        return self.key.thumbprint()

    def bound(self, issuer, claims=None, **options):
        """A token of the issuer that is bound to this key."""
        return issuer.token({"cnf": {"jkt": self.jkt}, **(claims or {})}, **options)

    @staticmethod
    def iat():
        """As late as is good: a server takes no proof from before its start, nor from the first
        seconds, in which a clock ahead could have made one before."""
        return int(time.time()) + 5

    def proof(self, method, uri, token=None, nonce=None, claims=None, header=None, drop=(),
              drop_header=(), key=None, jwk=None, signature=None):
        """A good proof but for what is given. claims and header update the good ones, drop and
        drop_header take members away; key signs, jwk is shown; signature replaces the octets."""
        body = {"jti": str(uuid.uuid4()), "htm": method, "htu": uri, "iat": self.iat()}
        if token is not None:
            body["ath"] = b64u(hashlib.sha256(token.encode()).digest())
        if nonce is not None:
            body["nonce"] = nonce
        body.update(claims or {})
        head = {"typ": "dpop+jwt", "alg": self.key.alg, "jwk": jwk or self.key.material()}
        head.update(header or {})
        parts = [json.dumps({k: v for k, v in head.items() if k not in drop_header}),
                 json.dumps({k: v for k, v in body.items() if k not in drop})]
        data = ".".join(b64u(part) for part in parts)
        key = key or self.key
        octets = signature if signature is not None else sign(key.alg, key.private, data.encode())
        return leaks.credential(f"{data}.{b64u(octets)}", "a DPoP proof")

    def headers(self, method, uri, token, **options):
        """Authorization and DPoP, for one request."""
        return with_proof(token, self.proof(method, uri, token, **options))


def with_proof(token, proof, scheme="DPoP"):
    """The two headers of a request with a bound token."""
    return [("Authorization", f"{scheme} {token}"), ("DPoP", proof)]
