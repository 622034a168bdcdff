# SPDX-License-Identifier: Apache-2.0
"""The credentials that loads draw from: files of equally long lines, made by every processor at
once. A line has the header fields of a request, with tabs between them."""

import json
import multiprocessing
import os
import time
from dataclasses import dataclass, field

from small_api import PATH
from support.dpop import Prover, with_proof
from support.gateway import credentials
from support.introspector import opaque
from support.issuer import b64u, sign

LIFE_S = 6 * 3600
CLIENT = "web"
ORIGIN = "https://api.example.test"  # what proofs are made for
ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_CHUNK = 500
_MORE = 100  # that connections may ask for before the last answer is there


def _as_made(token):
    return token


def _cut(token):
    """Three parts no more."""
    return token.replace(".", "_")


def _line(fields):
    return "\t".join(f"{name}: {value}" for name, value in fields)


def _forge(token):
    """A signature of the same length that is none; its end stays, or base64url itself is refused."""
    return token[:-40] + token[-40:-20].swapcase() + token[-20:]


@dataclass(frozen=True)
class Kind:
    """n tokens (0: as many as the rounds use up) of n_sessions sessions; claims and header over
    those of a good one, damage done to the result. With n_provers each is bound to the key of one
    of so many clients, and each line has a proof of its own for PATH, made for its round. Opaque
    ones mean nothing but to their endpoint."""

    alg: str = "RS256"
    n: int = 1000
    n_sessions: int = 1000
    claims: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)
    damage: object = _as_made
    n_provers: int = 0
    is_opaque: bool = False


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
    **{f"{alg.lower()}-new": Kind(alg, n=0)
       for alg in ALGS if alg not in ("RS256", "ES256", "EdDSA")},
    "dpop": Kind(n_provers=100),
    "opaque": Kind(n=2, is_opaque=True),  # what one address may ask about at once
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
        self.provers = [Prover() for _ in range(self.kind.n_provers)]
        if self.provers:
            claims["cnf"] = {"jkt": "%(jkt)s"}
        self.payload = json.dumps(claims)
        self.header = b64u(json.dumps(header))
        self.bound = [self.token(i) for i in range(self.kind.n if self.provers else 0)]

    def chunk(self, numbers):
        return "".join(f"{_line(self.fields(n))}\n" for n in numbers).encode()

    def fields(self, number):
        if self.kind.is_opaque:
            return credentials(opaque(f"{number:07d}"))
        if not self.provers:
            return credentials(self.token(number))
        token = self.bound[number % len(self.bound)]
        proof = self._prover(number).proof("GET", ORIGIN + PATH, token=token)
        return with_proof(token, proof)

    def _prover(self, number):
        return self.provers[number % len(self.provers)]

    def token(self, number):
        payload = self.payload % {"number": number, "session": number % self.kind.n_sessions,
                                  "jkt": self._prover(number).jkt if self.provers else ""}
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
        self._makers = {}

    def count(self, name):
        """How many different tokens there are."""
        return KINDS[name].n or self.n_new * (self._rounds + 1)

    def drawn(self, name, order, number):
        """File, first line and count of the lines that a row draws in a round."""
        if not name:
            return "-", 0, 0
        if KINDS[name].n_provers:
            # A proof is good for a minute, and once.
            return self._write(name, self.n_new + _MORE), 0, self.n_new
        if not os.path.exists(self._path(name)):
            self._write(name, self.count(name))
        if order == "once":
            return self._path(name), number * self.n_new, self.n_new
        return self._path(name), 0, self.count(name)

    def first(self, name):
        """The fields of a request by hand: of the first token, with a proof of its own."""
        return self._maker(name).fields(0)

    def _path(self, name):
        return os.path.join(self._directory, f"{name}.tokens")

    def _maker(self, name):
        if name not in self._makers:
            self._makers[name] = _Maker(name, self.issuer)
        return self._makers[name]

    def _write(self, name, n):
        chunks = [range(i, min(i + _CHUNK, n)) for i in range(0, n, _CHUNK)]
        fork = multiprocessing.get_context("fork")
        with open(self._path(name), "wb") as f, fork.Pool(None, _keep, (self._maker(name),)) as pool:
            f.writelines(pool.imap(_chunk, chunks))
        return self._path(name)
