# SPDX-License-Identifier: Apache-2.0
"""Forged logout tokens (OpenID Connect Back-Channel Logout, section 2.6), and what else is sent to
where they belong: nobody is logged out by them."""

import json
import threading
import time
import urllib.parse

import pytest
from cryptography.hazmat.primitives import serialization

from support.dpop import Prover
from support.issuer import Key, b64u, b64u_decode
from support.issuerserver import JWKS
from support.local import wait_for
from test_issuers import DOWN, issuer_of, served, wait_for_state  # noqa: F401
from test_logout import (CLIENT, EVENT, FORM, PLACE, VHOST, assert_refused, gateway, logout_token, post,
                         session)
from test_tokens import P256_ORDER, der, es256_signature, other_last_character

SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def logout_claims(issuer, **changes):
    now = int(time.time())
    claims = {"iss": issuer.url, "aud": CLIENT, "iat": now, "exp": now + 120, "sid": "s-1",
              "jti": f"{time.monotonic_ns()}", "events": {EVENT: {}}, **changes}
    return {name: value for name, value in claims.items() if value is not None}


def key_attacks(issuer):
    """Tokens that the issuer's key did not sign, or not as they say."""
    mine, evil = issuer.key("ES256"), Key("ES256", kid="evil")
    rsa = issuer.key("RS256")
    secrets = {"PEM": rsa.public_pem(), "DER": rsa.private.public_key().public_bytes(*SPKI),
               "JWK": json.dumps(rsa.jwk()).encode(), "n": b64u_decode(rsa.material()["n"]), "": b""}
    for name in ("none", "None", "NONE", "noNE", ""):
        for octets in (b"", b"x", bytes(64)):
            yield f"alg {name!r} {len(octets)}", logout_token(issuer, header={"alg": name}, signature=octets)
    for alg in ("HS256", "HS384", "HS512"):
        for name, secret in secrets.items():
            yield f"{alg} by {name}", logout_token(issuer, alg=alg, key=secret, header={"kid": rsa.kid})
    for alg in ("RS256", "PS256", "ES384", "EdDSA", "es256", "ES256K", "dir", "RSA-OAEP"):
        yield f"ES256 key as {alg}", logout_token(issuer, header={"alg": alg})
    for header in ({"jwk": evil.jwk()}, {"jwk": {**evil.jwk(), "kid": mine.kid}}, {"x5c": ["MIIB"]},
                   {"jku": issuer.url + "/jwks"}, {"x5u": issuer.url + "/cert"}):
        for kid in ("evil", mine.kid):
            yield f"{list(header)[0]}, kid {kid}", logout_token(issuer, key=evil, header={**header, "kid": kid})
    for kid in ("", "k" * 257, 7, None, ["a"], f"{mine.kid}\0", "../../dev/null", "a' OR '1'='1"):
        yield f"kid {str(kid)[:20]!r}", logout_token(issuer, header={"kid": kid})
    yield "a stranger's key under our kid", logout_token(issuer, key=Key("ES256", kid=mine.kid))
    yield "a stranger's key without kid", logout_token(issuer, key=evil, drop_header=("kid",))
    n = P256_ORDER
    for r, s in ((0, 0), (0, 1), (1, 0), (n, 1), (1, n), (1, 1)):
        yield f"r {r % n} s {s % n} {r >= n}{s >= n}", logout_token(issuer, signature=es256_signature(r, s))
    for name, change in {"cut": lambda s: s[:-1], "long": lambda s: s + b"\0", "DER": der,
                         "flipped": lambda s: s[:-1] + bytes([s[-1] ^ 1]), "none": lambda s: b""}.items():
        yield f"signature {name}", logout_token(issuer, signature=change)
    yield "other bits", other_last_character(logout_token(issuer))
    for member in (',"crit":["x"],"x":1', ',"crit":[]', ',"b64":true', ',"alg":"ES256"', ',"typ":"logout+jwt"',
                   "}{", ',"x":"\\u0000"', ',"x":' + "[" * 9 + "]" * 9):
        good = json.dumps({"typ": "logout+jwt", "alg": "ES256", "kid": mine.kid})
        yield f"header {member[:20]}", logout_token(issuer, header_raw=good[:-1] + member + "}")


def shape_attacks(issuer):
    good = logout_token(issuer)
    header, payload, signature = good.split(".")
    yield from {
        "two parts": f"{header}.{payload}", "four parts": good + ".x", "five parts": "a.b.c.d.e",
        "JSON": json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "detached": f"{header}..{signature}", "padding": f"{header}=.{payload}=.{signature}=", "dots": "..",
        "a space": " " + good, "a line": good + "\n", "a scheme": "Bearer " + good, "twice": f"{good},{good}",
        "9000 bytes": good + "A" * 9000, "nothing at all": " ",
        "header in other bits": f"{header[:-1]}{chr(ord(header[-1]) ^ 1)}.{payload}.{signature}"}.items()


def claim_attacks(issuer):
    def signed(text):
        return logout_token(issuer, payload_raw=text)

    for name, values in {
            "iss": [None, [issuer.url], issuer.url + "/", issuer.url.upper(), issuer.url + "\0", "", 1],
            "aud": [None, "", [], [CLIENT, None], {CLIENT: 1}, CLIENT + "/", CLIENT.upper(), f"{CLIENT} x",
                    f"{CLIENT}\0", "https://api.example.test"],
            "iat": [None, True, "1", -1, 1e300, 1 << 63, 0], "exp": [None, True, "9", -1, 1e300, 0, 1 << 63],
            "jti": [None, "", 1, [], {}, "a\0"], "nonce": ["n", 1, [], {}, False],
            "events": [None, [], {}, EVENT, [EVENT], {EVENT: None}, {EVENT: True}, {EVENT: 1}, {EVENT: []},
                       {EVENT.upper(): {}}, {EVENT + "/": {}}, {EVENT + "\0": {}}, {"x": {EVENT: {}}}],
            "sid": ["", 1, [], {}, True, "s-1\0", "s" * 256], "sub": ["", 1, [], {}, "alice\0", "a" * 256],
            "nbf": ["1", -1, int(time.time()) + 3000, True]}.items():
        for value in values:
            claims = logout_claims(issuer, **{name: value})
            if value is None and name == "sub":
                continue
            yield f"{name} {str(value)[:30]!r}", signed(json.dumps(claims))
    yield "neither sid nor sub", signed(json.dumps(logout_claims(issuer, sid=None)))
    text = json.dumps(logout_claims(issuer))
    for member in (',"sid":"s-1"', ',"sub":"alice","sub":"bob"', ',"\\u0073id":"s-2"', f',"iss":"{issuer.url}"',
                   ',"exp":1e400', ',"x":"\\ud800"', ',"x":"\\u0000"', ',"x":' + "[" * 9 + "]" * 9, "}{", "}x",
                   ',"events":{}'):
        yield f"payload {member[:20]}", signed(text[:-1] + member + "}")
    for name, body in {"list": f"[{text}]", "text": '"x"', "null": "null", "nothing": "", "BOM": "\ufeff" + text,
                       "UTF-16": text.encode("utf-16"), "cut": text[:-1], "comment": text + "/**/"}.items():
        yield f"payload {name}", signed(body)


KINDS = {"key": key_attacks, "shape": shape_attacks, "claim": claim_attacks}


@pytest.mark.mpm
@pytest.mark.parametrize("kind, least", [("key", 65), ("shape", 14), ("claim", 80)])
@pytest.mark.parametrize("typed", ["at+jwt", "any"])
def test_no_forged_logout_token_logs_anybody_out(zta, kind, least, typed):
    z = gateway(zta, issuer_text=f"ZTATokenType {typed}")
    token = session(z)
    assert z.get("/x", token=token).status == 200
    attacks = list(KINDS[kind](z.issuer))
    assert len(attacks) >= least, len(attacks)
    for name, forged in attacks:
        answer = post(z, forged)
        assert answer.status == 400, (name, answer.status)
        assert_refused(z, answer)
    assert z.get("/x", token=token).status == 200
    assert z.get("/x", token=session(z, sub="bob")).status == 200
    assert post(z, logout_token(z.issuer)).status == 200, "the control"
    assert z.get("/x", token=token).status == 401
    assert "s-1" not in z.httpd.error_text() and token not in z.httpd.error_text()


def test_no_credential_is_a_logout_token_and_none_is_asked_for(zta):
    z = gateway(zta, tls=True)
    token, key = session(z), z.json("keys", "create", "--name", "ci")["key"]
    bound = Prover().bound(z.issuer)
    for value in (token, key, bound, "opaque-token-0123456789", "zta_x", b64u("ci:" + key)):
        assert_refused(z, post(z, value))
        # As a credential of the request it is nobody's business here either.
        for headers in ({"Authorization": f"Bearer {value}"}, {"X-Api-Key": value},
                        {"Cookie": f"logout_token={value}"}):
            assert_refused(z, post(z, "", headers={**FORM, **headers}, body=""))
    forged = {**FORM, "Origin": "https://evil.test", "X-Forwarded-For": "10.0.0.1"}
    good = logout_token(z.issuer)
    assert_refused(z, post(z, good, method="POST", headers=forged, body="x=" + good))
    assert z.get("/x", token=token).status == 200
    if z.httpd.has_h2:
        form = urllib.parse.urlencode({"logout_token": good + "x"})
        answer = z.httpd.h2(PLACE, FORM, method="POST", body=form)
        assert answer.status == 400
        assert z.get("/x", token=token).status == 200
        form = urllib.parse.urlencode({"logout_token": good})
        assert z.httpd.h2(PLACE, FORM, method="POST", body=form).status == 200
        assert z.get("/x", token=token).status == 401


def test_unknown_keys_of_logout_tokens_are_fetched_once(served):  # noqa: F811
    """A flood of them is one fetch; a key that was rotated in serves without a restart."""
    z, server = served(keys="url", vhost_text=VHOST, issuer_text=f"ZTALogoutAudience {CLIENT}")
    z.httpd.allow_log(DOWN)
    z.start()
    wait_for_state(z, "good")
    token = session(z)
    assert z.get("/x", token=token).status == 200
    before, seen = server.count(), []
    stranger = Key("ES256", kid="stranger")

    def flood(n):
        for i in range(10):
            stray = Key("ES256", stranger.private, kid=f"stray-{n}-{i}")
            seen.append(post(z, logout_token(z.issuer, key=stray)))

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 50 and {a.status for a in seen} <= {400, 503}
    assert all(a.header("Retry-After") for a in seen if a.status == 503)
    wait_for(lambda: post(z, logout_token(z.issuer, key=stranger)).status == 400, what="the answer")
    assert server.count(JWKS) == before + 1
    assert z.get("/x", token=token).status == 200
    z.issuer.rotate("ES256")
    z.ctl("issuers", "refresh", "corp")
    wait_for(lambda: z.get("/x", token=session(z)).status == 200, what="the new keys")
    assert server.count(JWKS) == before + 2 and issuer_of(z)["failures"] == 0
    assert post(z, logout_token(z.issuer)).status == 200
    assert z.get("/x", token=session(z)).status == 401
