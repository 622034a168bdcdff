# SPDX-License-Identifier: Apache-2.0
"""What issuers publish: keys that nobody should verify with, documents that are no key set, and when
they are asked again."""

import datetime
import hashlib
import json
import re
import time

import pytest

from support.issuer import Key, b64u, b64u_decode
from support.issuerserver import JWKS, Answer
from support.local import wait_for
from test_issuers import DOWN, issuer_of, served, statuses, wait_for_pass, wait_for_state  # noqa: F401

LEFT_OUT = "ZTA00(13|81): issuer corp: key"


# ---- keys ----

def of_itself(data):
    """The signature under an exponent of 1: the padded digest (RFC 8017 section 9.2)."""
    tail = bytes.fromhex("003031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
    return b"\0\1" + b"\xff" * (256 - 2 - len(tail)) + tail


def bad_keys(issuer):
    """(what is wrong, JWKs, token signed by it): each would verify, if it was used."""
    n = 0

    def named(what, alg="RS256", changes=None, drop=(), key=None, sign_as=None, jwks=None, **options):
        nonlocal n
        n += 1
        made = key or Key(alg, kid=f"bad-{n}")
        made.kid = f"bad-{n}"
        shown = [made.jwk(drop=drop, **(changes or {}))] if jwks is None else jwks(made)
        return what, shown, issuer.token(alg=sign_as or alg, key=made, **options)

    yield named("1024 bits", key=Key("RS256", bits=1024))
    yield named("for encryption", changes={"use": "enc"})
    yield named("for nothing", changes={"use": ""})
    yield named("to sign", changes={"key_ops": ["sign"]}, drop=("use",))
    yield named("to encrypt", changes={"key_ops": ["encrypt", "wrapKey"]}, drop=("use",))
    yield named("operations as a text", changes={"key_ops": "verify"}, drop=("use",))
    yield named("alg of encryption", changes={"alg": "RSA-OAEP-256"})
    yield named("alg of a MAC", changes={"alg": "HS256"})
    yield named("alg of another type", changes={"alg": "ES256"})
    yield named("alg of another padding", changes={"alg": "PS256"})
    yield named("alg null", changes={"alg": None})
    yield named("of another curve", alg="ES256", changes={"crv": "P-384", "alg": "ES384"})
    yield named("of an unknown curve", alg="ES256", changes={"crv": "secp256k1"})
    yield named("of an unknown type", changes={"kty": "AKP"})
    yield named("without type", drop=("kty",))
    private = {"d": b64u(b"d" * 32)}
    yield named("with its private part", alg="ES256", changes=private)
    yield named("with a secret", alg="ES256", changes={"k": "AAAA"})
    yield named("a zero in front", jwks=lambda key: [
        key.jwk(n=b64u(b"\0" + b64u_decode(key.material()["n"])))])
    yield named("padded", alg="ES256", jwks=lambda key: [key.jwk(x=key.material()["x"] + "=")])
    yield named("a point elsewhere", alg="ES256", jwks=lambda key: [
        key.jwk(y=b64u(bytes(31) + b"\1"))])
    yield named("a symmetric key", alg="HS256", key=Key("HS256"), drop=("alg",))
    yield named("a symmetric key for RS256", alg="HS256", key=Key("HS256"), changes={"alg": "RS256"})
    yield named("twice", jwks=lambda key: [key.jwk(), key.jwk()])
    yield named("twice, differently", jwks=lambda key: [key.jwk(), Key("ES256", kid=key.kid).jwk()])
    yield named("a kid of 300", alg="ES256", jwks=lambda key: [key.jwk(kid="k" * 300)],
                header={"kid": "k" * 300})
    yield named("a kid that is a number", alg="ES256", jwks=lambda key: [key.jwk(kid=7)],
                header={"kid": "7"})
    yield named("an exponent of 1", jwks=lambda key: [key.jwk(e="AQ")], signature=None)
    yield named("a point of small order", alg="EdDSA", jwks=lambda key: [
        key.jwk(x=b64u(b"\1" + bytes(31)))], signature=b"\1" + bytes(63))
    yield named("not accepted here", alg="ES512")


def forged_by_one(issuer):
    """The token of "an exponent of 1", which needs its own signing input."""
    made = issuer.token(header={"kid": "bad-27"})
    data = made.rsplit(".", 1)[0]
    return f"{data}.{b64u(of_itself(data.encode()))}"


@pytest.mark.parametrize("source", ["file", "url"])
def test_a_key_that_is_none_verifies_nothing_and_the_others_do(served, source):  # noqa: F811
    z, server = served(keys="url")
    z.issuer.keys = {alg: Key(alg, kid=f"good-{alg}") for alg in ("RS256", "ES256", "EdDSA")}
    rows = list(bad_keys(z.issuer))
    assert rows[26][0] == "an exponent of 1" and rows[26][1][0]["kid"] == "bad-27"
    rows[26] = (*rows[26][:2], forged_by_one(z.issuer))
    published = [jwk for _, jwks, _ in rows for jwk in jwks]
    document = z.issuer.jwks([*published, "rubbish", [], None, 7])
    server.answers[JWKS] = Answer(document)
    if source == "file":
        z.issuer.write_jwks(document)
        z.keys = None
    z.issuer_text = "ZTATokenType at+jwt"
    z.httpd.allow_log(LEFT_OUT, DOWN)
    z.start()
    if source == "url":
        wait_for_state(z, "good")
    # ES512 is one of the gateway's algorithms: that key is a good one here.
    good = [z.issuer.token(alg=alg) for alg in z.issuer.keys] + [rows[-1][2]]
    for token in good:
        wait_for_pass(z, token)
    z.backend.clear()
    refused = (401,) if source == "file" else (401, 503)  # an unknown kid is asked for once
    for name, _, token in rows[:-1]:
        answers = [z.get("/x", token=token) for _ in range(2)]
        assert {a.status for a in answers} <= set(refused), name
    assert not z.backend.requests
    for token in good:
        assert z.get("/x", token=token).status == 200
    shown = {k["kid"] for k in issuer_of(z)["keys"]}
    assert {f"good-{alg}" for alg in ("RS256", "ES256", "EdDSA")} <= shown
    # Those that are left out are named in the log; of fetched ones as many as fit.
    named = set(re.findall(r"key '(bad-\d+)' is not used", z.httpd.error_text()))
    assert len(named) >= (len(rows) - 6 if source == "file" else 10), named


# ---- documents ----

def documents(server):
    good = server.issuer.jwks()
    text = json.dumps(good)
    key = json.dumps(good["keys"][0])
    many = [Key("ES256", server.issuer.key("ES256").private, kid=f"k{n}").jwk() for n in range(101)]
    return {
        "nothing": b"", "an empty set": b'{"keys":[]}', "no keys": b"{}", "a list": f"[{key}]".encode(),
        "keys an object": f'{{"keys":{key}}}'.encode(), "keys null": b'{"keys":null}',
        "keys a text": json.dumps({"keys": text}).encode(),
        "keys twice": (text[:-1] + f',"keys":[{key}]}}').encode(),
        "a member twice": text.replace('"kid"', '"kid": "x", "kid"', 1).encode(),
        "a BOM": b"\xef\xbb\xbf" + text.encode(), "UTF-16": text.encode("utf-16"),
        "not UTF-8": text[:-1].encode() + b',"x":"\xff"}', "NUL": (text[:-1] + ',"x":"\\u0000"}').encode(),
        "cut off": text[:-1].encode(), "two": (text + text).encode(), "a comment": b"/**/" + text.encode(),
        "deep": (text[:-1] + ',"x":' + "[" * 9 + "]" * 9 + "}").encode(), "101 keys": {"keys": many},
        "PEM": server.issuer.key("RS256").public_pem(), "HTML": b"<!doctype html><p>Sign in",
        "a JWT": server.issuer.token().encode(), "private keys alone": {"keys": [
            {**good["keys"][0], "d": "AAAA"}]},
        "symmetric keys alone": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]},
        "status 204": Answer(b"", 204), "status 201": Answer(good, 201),
        "status 206": Answer(good, 206), "status 403": Answer(good, 403),
        "a redirect to itself": Answer(good, 302, {"Location": JWKS}),
        "a redirect elsewhere": Answer(good, 301, {"Location": "http://localhost:1/jwks"}),
        "a redirect to a file": Answer(good, 302, {"Location": "file:///etc/hostname"}),
        "a redirect without a place": Answer(good, 302), "status 200, one byte too many": Answer(
            text.encode() + b" " * (262145 - len(text))),
        "compressed": Answer(b"\x1f\x8b\x08\0" + bytes(40), 200, {"Content-Encoding": "gzip"}),
    }


@pytest.mark.timeout(120)
def test_what_is_no_key_set_leaves_the_keys_that_are_there(served):  # noqa: F811
    z, server = served(keys="url")
    z.httpd.allow_log(LEFT_OUT, DOWN)
    z.start()
    wait_for_state(z, "good")
    token = z.issuer.token()
    assert statuses(z, token, 10) == {200}
    rows = documents(server)
    for name, answer in rows.items():
        n_failures = issuer_of(z)["failures"]
        server.answers[JWKS] = answer if isinstance(answer, Answer) else Answer(answer)
        z.ctl("issuers", "refresh", "corp")
        wait_for(lambda n=n_failures: issuer_of(z)["failures"] > n, what=f"a failure by {name}")
        assert issuer_of(z)["error"] and len(issuer_of(z)["keys"]) == 6, name
        assert z.get("/x", token=token).status == 200, name
    stranger = Key("RS256", kid=z.issuer.key("RS256").kid)
    assert z.get("/x", token=z.issuer.token(key=stranger)).status == 401
    # One that is a key set and lacks a key ends what that key signed.
    server.answers = {}
    z.issuer.rotate("RS256")
    z.ctl("issuers", "refresh", "corp")
    wait_for(lambda: z.get("/x", token=token).status == 401, what="the end of the old key")
    assert statuses(z, z.issuer.token(), 10) == {200} and issuer_of(z)["failures"] == 0


# ---- when ----

def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# At most half of ZTAKeysStale (24h), so that keys are asked about twice before they are too old.
@pytest.mark.parametrize("control, least, most", [
    (None, 3600 * 0.9, 3600), ("max-age=7200", 7200 * 0.9, 7200), ("max-age=0", 54, 60),
    ("max-age=1", 54, 60), ("no-store", 54, 60), ("no-cache", 54, 60),
    ("max-age=31536000", 43200 * 0.9, 43200), ("max-age=99999999999999999999", 3600 * 0.9, 3600),
    ("public, MAX-AGE=600, immutable", 540, 600), ("s-maxage=10, max-age=900", 810, 900),
    ("max-age=rubbish", 3600 * 0.9, 3600)])
def test_an_issuer_says_when_it_is_asked_again_within_bounds(served, control, least, most):  # noqa: F811
    z, server = served()
    server.headers = {"Cache-Control": control} if control else {}
    z.start()
    shown = wait_for_state(z, "good")
    pause = seconds(shown["next_attempt"]) - seconds(shown["last_attempt"])
    assert least - 2 <= pause <= most + 2, (control, pause)


class Noted(list):
    """Notes when something is appended."""

    def __init__(self):
        super().__init__()
        self.at = []

    def append(self, item):
        self.at.append(time.monotonic())
        super().append(item)


def test_an_issuer_that_fails_is_asked_less_and_less_and_not_in_step(served):  # noqa: F811
    z, server = served(keys="url")
    server.requests = Noted()
    server.answers[JWKS] = Answer(b"", 500)
    z.httpd.allow_log(DOWN)
    z.start()
    wait_for(lambda: len(server.requests.at) >= 5, 30, what="five attempts")
    gaps = [b - a for a, b in zip(server.requests.at, server.requests.at[1:])][:4]
    for n, gap in enumerate(gaps):
        # Half to all of 1, 2, 4, 8 s; a busy machine may be late.
        assert 2 ** n / 2 - 0.1 <= gap <= 2 ** n + 2, gaps
    assert gaps[3] > gaps[0] and any(abs(gap - 2 ** n) > 0.01 for n, gap in enumerate(gaps)), gaps
    assert issuer_of(z)["failures"] >= 4
    server.answers = {}
    z.ctl("issuers", "refresh", "corp")
    wait_for_state(z, "good")
    assert issuer_of(z)["failures"] == 0
