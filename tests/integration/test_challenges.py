# SPDX-License-Identifier: Apache-2.0
"""Refusals of bound tokens, certificates and silent issuers to the letter, in every protocol and
behind every error page; which of several refusals comes first."""

import json
import re

import pytest

from support.dpop import Prover, with_proof
from support.issuer import Key, b64u
from support.issuerserver import Answer
from support.local import wait_for
from test_answers import check_fields, check_problem, stable
from test_introspection import ALERT, LIMIT_OFF, TROUBLE, asking  # noqa: F401
from support.introspector import opaque

ORIGIN = "https://api.example.test"
BEARER = 'Bearer realm="orders"'
DPOP = 'DPoP realm="orders"'
ALGS = ', algs="ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512"'
NOT_ACCEPTED = ("invalid-credential", "Credential not accepted")
PROVER, OTHER = Prover(), Prover()
CERTIFICATE = b64u(b"c" * 32)

VHOST = f"""ZTARealm orders
ZTAOrigin {ORIGIN}
ZTADPoP allowed
<Location /required>
  ZTADPoP required
</Location>
<Location /nonce>
  ZTADPoP required nonce
</Location>
<Location /off>
  ZTADPoP off
</Location>
"""
PAGES = {"problem.test": "",
         "text.test": 'ErrorDocument 401 "in words: 401\nErrorDocument 503 "in words: 503\n',
         "page.test": "ProxyPass /errors !\nErrorDocument 401 /errors/page.html\n"
                      "ErrorDocument 503 /errors/page.html\n"}
BODIES = {"text.test": "in words: {}", "page.test": "the error page"}


def office(zta):
    """A gateway with a vhost for each kind of error page, ready to take proofs."""
    z = zta(start=False, stage=1, tls=True, credentials="header", accept="corp", vhost_text=VHOST,
            global_text=LIMIT_OFF)
    z.httpd.write("htdocs/errors/page.html", "the error page")
    z.configure()
    for name, text in PAGES.items():
        z.httpd.named_vhosts[name] = text + z.httpd.vhost_text
    z.httpd.allow_log("AH01909: [a-z]+.test")
    z.httpd.start()
    wait_for(lambda: z.get("/x", headers=PROVER.headers(
        "GET", ORIGIN + "/x", PROVER.bound(z.issuer))).status == 200, what="proofs are taken")
    z.backend.clear()
    return z


def refusals(z):
    """(name, target, headers, challenges, has a nonce) of each row; all are 401."""
    key, plain = PROVER.bound(z.issuer), z.issuer.token()
    both = z.issuer.token({"cnf": {"jkt": PROVER.jkt, "x5t#S256": CERTIFICATE}})
    certificate = z.issuer.token({"cnf": {"x5t#S256": CERTIFICATE}})

    def bearer(token):
        return [("Authorization", f"Bearer {token}")]

    def dpop(token, path, **options):
        return PROVER.headers("GET", ORIGIN + path, token, **options)

    def says(error="", scheme=DPOP):
        told = f', error="{error}"' if error else ""
        return scheme + told + (ALGS if scheme == DPOP else "")

    token, proof = "invalid_token", "invalid_dpop_proof"
    return [
        ("bound as Bearer", "/x", bearer(key), [BEARER, says(token)], False),
        ("bound as Bearer where it is off", "/off", bearer(key), [says(token, BEARER)], False),
        ("DPoP where it is off", "/off", dpop(key, "/off"), [says(token, BEARER)], False),
        ("unbound as DPoP", "/x", dpop(plain, "/x"), [BEARER, says(token)], False),
        ("unbound where it is required", "/required", bearer(plain), [says(token)], False),
        ("nothing where it is required", "/required", [], [says()], False),
        ("nothing", "/x", [], [BEARER, says()], False),
        ("a bad token as DPoP", "/x", [("Authorization", "DPoP a.b.c")], [BEARER, says(token)], False),
        ("no proof", "/x", [("Authorization", f"DPoP {key}")], [BEARER, says(proof)], False),
        ("a proof of another key", "/x", with_proof(key, OTHER.proof("GET", ORIGIN + "/x", key)),
         [BEARER, says(token)], False),
        ("a proof of another path", "/x", dpop(key, "/y"), [BEARER, says(proof)], False),
        ("a proof without nonce", "/nonce", dpop(key, "/nonce"), [says("use_dpop_nonce")], True),
        ("another nonce", "/nonce", dpop(key, "/nonce", nonce="AAAAAAAAAAAAAAAAAAAAAA"),
         [says("use_dpop_nonce")], True),
        ("no certificate", "/x", bearer(certificate), [says(token, BEARER), says()], False),
        ("no certificate where DPoP is off", "/off", bearer(certificate), [says(token, BEARER)], False),
        ("no certificate where a key is required", "/required", bearer(certificate), [says(token)],
         False),
        ("the key without the certificate", "/x", dpop(both, "/x"), [BEARER, says(token)], False),
        ("an expired bound token", "/x", dpop(PROVER.bound(z.issuer, {"exp": 1}), "/x"),
         [BEARER, says(token)], False),
    ]


# RFC 9110 section 11.6.1, with values as quoted strings (RFC 6750 section 3, RFC 9449 section 7.1).
PARAMETER = r'([a-z_]+)="[\x20\x21\x23-\x5b\x5d-\x7e]*"'


def check_grammar(challenges):
    for challenge in challenges:
        assert re.fullmatch(rf"[A-Za-z]+ {PARAMETER}(, {PARAMETER})*", challenge), challenge
        names = [m.group(1) for m in re.finditer(PARAMETER, challenge)]
        assert names[0] == "realm" and len(names) == len(set(names)), challenge


def check_refusal(answer, challenges, has_nonce):
    check_fields(answer, 401, challenges)
    check_grammar(challenges)
    nonces = answer.all("DPoP-Nonce")
    assert len(nonces) == (1 if has_nonce else 0)
    assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", nonce) for nonce in nonces)
    assert answer.header("Retry-After") is None


@pytest.mark.mpm
def test_every_refusal_of_a_bound_token_is_answered_to_the_letter(zta):
    z = office(zta)
    for name, target, headers, challenges, has_nonce in refusals(z):
        kind = NOT_ACCEPTED if headers else ("unauthenticated", "Authentication required")
        answer = z.get(target, headers=headers, host="problem.test")
        check_refusal(answer, challenges, has_nonce)
        check_problem(answer, 401, *kind)
        head = z.request("HEAD", target, headers=headers, host="problem.test")
        if "DPoP" not in dict(headers):  # a proof for GET is none for HEAD
            assert stable(head) == stable(answer), name
        assert (head.status, head.body) == (401, b""), name
        if z.httpd.has_h2:
            answer = z.h2(target, headers=headers)
            assert answer.version == "HTTP/2"
            check_refusal(answer, challenges, has_nonce)
            check_problem(answer, 401, *kind)
    assert not z.backend.requests


@pytest.mark.mpm
def test_it_keeps_its_headers_behind_an_error_page(zta):
    z = office(zta)
    for name, target, headers, challenges, has_nonce in refusals(z):
        for host, body in BODIES.items():
            answer = z.get(target, headers=headers, host=host)
            check_refusal(answer, challenges, has_nonce)
            assert answer.text == body.format(401), name
    # What the page came with serves at once.
    key = PROVER.bound(z.issuer)
    nonce = z.get("/nonce", headers=PROVER.headers("GET", ORIGIN + "/nonce", key),
                  host="page.test").header("DPoP-Nonce")
    headers = PROVER.headers("GET", ORIGIN + "/nonce", key, nonce=nonce)
    assert z.get("/nonce", headers=headers, host="page.test").status == 200


@pytest.mark.mpm
def test_an_issuer_that_is_silent_is_503_in_every_protocol_and_behind_every_page(asking):  # noqa: F811
    z, endpoint = asking(start=False, tls=True)
    z.httpd.allow_log(TROUBLE, ALERT, "AH01909: [a-z]+.test")
    z.httpd.write("htdocs/errors/page.html", "the error page")
    z.configure()
    for name, text in PAGES.items():
        z.httpd.named_vhosts[name] = text + z.httpd.vhost_text
    z.httpd.start()
    endpoint.default = Answer(b"", 500)
    for n, host in enumerate(PAGES):
        for method in ("GET", "HEAD"):
            answer = z.request(method, "/x", token=opaque(f"silent-{n}-{method}"), host=host)
            check_fields(answer, 503, [])
            assert int(answer.header("Retry-After")) > 0
            if method == "GET" and host in BODIES:
                assert answer.text == BODIES[host].format(503)
            elif method == "GET":
                check_problem(answer, 503, "https://iana.org/assignments/http-problem-types"
                              "#temporary-reduced-capacity", "Temporarily unavailable")
            else:
                assert answer.body == b""
    if z.httpd.has_h2:
        answer = z.h2("/x", token=opaque("silent-h2"))
        check_fields(answer, 503, [])
        assert int(answer.header("Retry-After")) > 0
    assert not z.backend.requests


RULES = """
allow reader
  when path /x/**
  need scope read

limit few
  when path /few/**
  key ip
  rate 1/1h

limit one
  when path /x/one
  key subject
  rate 1/1h
"""


@pytest.mark.mpm
def test_of_several_refusals_the_first_check_speaks(zta):
    """Path, address, credential, binding, revocation, block, limit, rules: in this order."""
    z = zta(stage=2, rules=RULES, vhost_text=f"ZTAOrigin {ORIGIN}\nZTADPoP allowed",
            global_text=LIMIT_OFF)
    prover = Prover()
    worst = {"sub": "mallory", "scope": "none", "auth_time": 1000}

    def status(claims, path="/x/one", proof=False, **options):
        token = prover.bound(z.issuer, claims) if proof else z.issuer.token(claims, **options)
        headers = (prover.headers("GET", ORIGIN + path, token) if proof
                   else [("Authorization", f"Bearer {token}")])
        answer = z.get(path, headers=headers)
        name = answer.header("X-ZTA-Id")
        event = wait_for(lambda: next((e for e in z.events() if e["id"] == name), None),
                         what="the event")
        return answer.status, event["reason"]

    wait_for(lambda: z.get("/x/two", headers=prover.headers(
        "GET", ORIGIN + "/x/two", prover.bound(z.issuer))).status == 200, what="proofs are taken")
    assert status(worst) == (403, "insufficient_scope")
    # The limit was charged by that request: now it speaks before the rules.
    assert status(worst) == (429, "rate_limited")
    z.ctl("block", "mallory@corp", "--for", "1h", "--reason", "test", "--yes")
    assert status(worst) == (403, "blocked")
    z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
    assert status(worst) == (401, "revoked")
    assert status(worst, proof=True) == (401, "revoked")
    bound = {**worst, "cnf": {"jkt": prover.jkt}}
    assert status(bound) == (401, "binding_failed")
    assert status({**bound, "aud": "https://other.test"}) == (401, "wrong_audience")
    assert status({**bound, "exp": 1, "aud": "x"}) == (401, "expired_credential")
    stranger = Key("RS256", kid=z.issuer.key("RS256").kid)
    assert status({**bound, "exp": 1}, key=stranger) == (401, "bad_credential")
    answer = z.get("/few/x", token=z.issuer.token(bound))
    assert answer.status == 401
    assert z.get("/few/x", token=z.issuer.token(bound)).status == 429
    assert z.get("/few/..%2fx", token=z.issuer.token(bound)).status in (400, 404)
    z.httpd.allow_log("AH00026: found %2f")
    token = z.issuer.token(bound)
    assert z.get("/few/x", headers=[("Authorization", f"Bearer {token} x")]).status == 429
    assert z.get("/few/;x", token=token).status == 400
    z.ctl("block", "127.0.0.1", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/few/x", token=token).status == 403
    assert z.get("/few/;x", token=token).status == 400


def test_a_problem_says_the_same_in_its_body_and_its_status(zta):
    """RFC 9457 section 3.1.2: the status in the body is the one that was sent, whoever sent it."""
    z = office(zta)
    for _, target, headers, _, _ in refusals(z):
        for accept in ("*/*", "text/html", "application/json", "application/problem+xml", "x/y;q=0"):
            answer = z.get(target, headers=[*headers, ("Accept", accept)], host="problem.test")
            problem = json.loads(answer.body)
            assert problem["status"] == answer.status == 401
            assert answer.header("Content-Type") == "application/problem+json"
            assert re.match(r"[a-z]+:", problem["type"]) and problem["title"]
            assert not any(word in answer.text for word in ("jkt", "alice", "cnf", "proof", "ey"))
