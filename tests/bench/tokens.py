# SPDX-License-Identifier: Apache-2.0
"""The tokens that loads draw from: files of equally long lines, made by every processor at once."""

import json
import multiprocessing
import os
import time
from dataclasses import dataclass, field

from support.issuer import b64u, sign

LIFE_S = 6 * 3600
CLIENT = "web"
_CHUNK = 2000


def _as_made(token):
    return token


def _cut(token):
    """Three parts no more."""
    return token.replace(".", "_")


def _forge(token):
    """A signature of the same length that is none; its end stays, or base64url itself is refused."""
    return token[:-40] + token[-40:-20].swapcase() + token[-20:]


@dataclass(frozen=True)
class Kind:
    """n tokens (0: as many as the rounds use up) of n_sessions sessions; claims and header over
    those of a good one, damage done to the result."""

    alg: str = "RS256"
    n: int = 1000
    n_sessions: int = 1000
    claims: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)
    damage: object = _as_made


KINDS = {
    "one": Kind(n=1),
    "rs256": Kind(),
    "es256": Kind("ES256"),
    "eddsa": Kind("EdDSA"),
    "100k": Kind(n=100_000, n_sessions=100_000),
    "1m": Kind("ES256", n=1_000_000, n_sessions=1_000_000),
    "rs256-new": Kind(n=0),
    "es256-new": Kind("ES256", n=0),
    "eddsa-new": Kind("EdDSA", n=0),
    "malformed": Kind(n=50, damage=_cut),
    "expired": Kind(n=50, claims={"iat": 1_700_000_000, "exp": 1_700_000_600}),
    "audience": Kind(n=50, claims={"aud": "https://elsewhere.example.test"}),
    "forged": Kind(n=50, damage=_forge),
    "forged-new": Kind(n=0, damage=_forge),
    "kid": Kind(n=50, header={"kid": "nobody"}),
    "revoked": Kind(n=50, claims={"sub": "revoked"}),
}


class _Maker:
    """Signs the tokens of one kind; only their numbers differ, so JSON is written once."""

    def __init__(self, name, issuer):
        self.kind = KINDS[name]
        self.private = issuer.key(self.kind.alg).private
        now = int(time.time())
        claims = {"iss": issuer.url, "aud": issuer.audience, "client_id": CLIENT, "scope": "read write",
                  "iat": now, "exp": now + LIFE_S, "auth_time": now - 60, "acr": "gold",
                  "roles": ["clerk", "staff"], "sub": "user-%(session)07d",
                  "sid": "session-%(session)07d", "jti": f"{name}-%(number)07d", **self.kind.claims}
        header = {"typ": "at+jwt", "alg": self.kind.alg, "kid": issuer.key(self.kind.alg).kid,
                  **self.kind.header}
        self.payload = json.dumps(claims)
        self.header = b64u(json.dumps(header))

    def chunk(self, numbers):
        return "".join(f"{self.token(n)}\n" for n in numbers).encode()

    def token(self, number):
        payload = self.payload % {"number": number, "session": number % self.kind.n_sessions}
        data = f"{self.header}.{b64u(payload)}"
        return self.kind.damage(f"{data}.{b64u(sign(self.kind.alg, self.private, data.encode()))}")


_maker = None  # of a process of the pool, which inherits keys that could not be sent to it


def _keep(maker):
    global _maker  # pylint: disable=global-statement
    _maker = maker


def _chunk(numbers):
    return _maker.chunk(numbers)


class Tokens:
    """Files below `directory`, made when they are first asked for; n_new tokens a round are new."""

    def __init__(self, directory, issuer, n_new, rounds):
        self.issuer = issuer
        self.n_new = n_new
        self._directory = directory
        self._rounds = rounds
        self._first = {}

    def count(self, name):
        return KINDS[name].n or self.n_new * (self._rounds + 1)

    def file(self, name):
        if name not in self._first:
            self._make(name)
        return self._path(name)

    def first(self, name):
        """The first token of a kind, for a request by hand."""
        self.file(name)
        return self._first[name]

    def _path(self, name):
        return os.path.join(self._directory, f"{name}.tokens")

    def _make(self, name):
        n = self.count(name)
        chunks = [range(i, min(i + _CHUNK, n)) for i in range(0, n, _CHUNK)]
        maker = _Maker(name, self.issuer)
        fork = multiprocessing.get_context("fork")
        with open(self._path(name), "wb") as f, fork.Pool(None, _keep, (maker,)) as pool:
            f.writelines(pool.imap(_chunk, chunks))
        with open(self._path(name), encoding="ascii") as f:
            self._first[name] = f.readline().strip()
