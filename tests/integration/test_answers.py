# SPDX-License-Identifier: Apache-2.0
"""Every kind of refusal to the letter, for every method and protocol, with every error page."""

import json
import os
import re

import pytest

from support.issuer import Key
from support.local import wait_for

RULES = """
allow reader
  when path /api/**
  need scope read

allow writer
  when path /write/**
  need scope orders:write

allow admin
  when path /admin/**
  need role admin

allow strong
  when path /strong
  need acr urn:example:mfa

allow limited
  when path /limited/**

deny closed
  when path /api/closed

limit few
  when path /limited/**
  key ip
  rate 2/1h

limit many
  when path /api/**
  key all
  rate 100000/1h burst 200000
"""

IANA = "https://iana.org/assignments/http-problem-types#"
BEARER = 'Bearer realm="orders"'
APIKEY = 'ApiKey realm="orders"'


def refusals(z):
    """(name, target, headers, status, challenges, problem type, title) of each row."""
    token = z.issuer.token

    def bearer(value):
        return [("Authorization", f"Bearer {value}")]

    forged = token(key=Key("RS256", kid=z.issuer.key("RS256").kid))
    none = ("unauthenticated", "Authentication required")
    bad = ("invalid-credential", "Credential not accepted")
    malformed = ("bad-request", "Malformed request")
    denied = ("denied", "Access denied")
    plain, wrong = [BEARER, APIKEY], [BEARER + ', error="invalid_token"', APIKEY]
    request = [BEARER + ', error="invalid_request"', APIKEY]
    key_wrong = [BEARER, APIKEY + ', error="invalid_token"']
    rows = [
        ("nothing", [], 401, plain, none),
        ("another scheme", [("Authorization", "Basic YTpi")], 401, plain, none),
        ("no token", [("Authorization", "Bearer")], 400, request, malformed),
        ("two words", bearer("a b"), 400, request, malformed),
        ("a comma", bearer("a,b"), 400, request, malformed),
        ("two headers", bearer(token()) + bearer(token()), 400, request, malformed),
        ("two kinds", bearer(token()) + [("X-Api-Key", "zta_x")], 400, request, malformed),
        ("a malformed key", [("X-Api-Key", "a b")], 400,
         [BEARER, APIKEY + ', error="invalid_request"'], malformed),
        ("not a token", bearer("abc"), 401, wrong, bad),
        ("bad signature", bearer(forged), 401, wrong, bad),
        ("expired", bearer(token({"exp": 1})), 401, wrong, bad),
        ("wrong audience", bearer(token({"aud": "https://x.test"})), 401, wrong, bad),
        ("wrong issuer", bearer(token({"iss": "https://x.test"})), 401, wrong, bad),
        ("wrong type", bearer(token(header={"typ": "JWT"})), 401, wrong, bad),
        ("bound", bearer(token({"cnf": {"jkt": "x"}})), 401, wrong, bad),
        ("DPoP", [("Authorization", f"DPoP {token()}")], 401, wrong, bad),
        ("unknown key", [("X-Api-Key", "zta_0")], 401, key_wrong, bad),
        ("unknown key as Bearer", bearer("zta_0"), 401, wrong, bad),
    ]
    rows = [(name, "/api/x", *rest) for name, *rest in rows]
    good = bearer(token({"roles": ["user"]}))
    rows += [
        ("scope", "/write/x", good, 403, [
            BEARER + ', error="insufficient_scope", scope="orders:write"', APIKEY],
         ("insufficient-scope", "Insufficient scope")),
        ("role", "/admin/x", good, 403, [], denied),
        ("rule", "/api/closed", good, 403, [], denied),
        ("no rule", "/elsewhere", good, 403, [], denied),
        ("login", "/strong", good, 403, [], denied),
        ("path", "/api/%2e%2e/x", good, 400, [], malformed),
    ]
    return rows


PAGES = {
    "problem.test": "",
    "text.test": "".join(f'ErrorDocument {n} "in words: {n}\n' for n in (400, 401, 403, 429, 503)),
    "page.test": "ProxyPass /errors !\n" + "".join(f"ErrorDocument {n} /errors/page.html\n"
                                                    for n in (400, 401, 403, 429, 503)),
}


def office(zta, **options):
    """One gateway with a vhost for each kind of error page."""
    z = zta(start=False, stage=2, rules=RULES, tls=True, global_text="ZTAVerifyLimit off",
            vhost_text="ZTARealm orders", **options)
    z.httpd.write("htdocs/errors/page.html", "the error page")
    z.configure()
    for name, text in PAGES.items():
        z.httpd.named_vhosts[name] = "\n".join([text, z.httpd.vhost_text])
    z.httpd.allow_log("AH10244: invalid URI path", "AH01909: [a-z]+.test")
    z.httpd.start()
    return z


def check_fields(answer, status, challenges):
    assert answer.status == status
    assert answer.all("WWW-Authenticate") == challenges
    assert answer.all("Cache-Control") == ["no-store"]
    assert answer.all("X-Content-Type-Options") == ["nosniff"]
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", answer.header("X-ZTA-Id"))
    assert answer.all("X-Request-Id") == answer.all("X-ZTA-Id")
    assert len(answer.all("X-ZTA-Id")) == 1
    assert answer.header("Access-Control-Expose-Headers") is None
    for name in ("Server-Timing", "X-ZTA-Reason", "X-ZTA-Subject"):
        assert answer.header(name) is None


def check_problem(answer, status, kind, title):
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("Content-Length") == str(len(answer.body))
    problem = json.loads(answer.body.decode("utf-8"))
    assert problem["type"] == (kind if ":" in kind else f"urn:zta:problem:{kind}")
    assert (problem["title"], problem["status"]) == (title, status)
    assert problem["request_id"] == answer.header("X-ZTA-Id")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", problem["instance"])
    assert set(problem) <= {"type", "title", "status", "instance", "request_id", "scope",
                            "violated-policies", "acr_values", "max_age"}
    return problem


def stable(answer):
    """The headers that two answers to the same request share."""
    changing = {"date", "x-zta-id", "x-request-id", "connection", "keep-alive", "upgrade"}
    return sorted((n.lower(), v) for n, v in answer.headers if n.lower() not in changing)


@pytest.mark.mpm
def test_every_refusal_is_answered_to_the_letter(zta):
    z = office(zta)
    for name, target, headers, status, challenges, (kind, title) in refusals(z):
        answer = z.get(target, headers=headers, host="problem.test")
        check_fields(answer, status, challenges)
        problem = check_problem(answer, status, kind, title)
        assert problem.get("scope") == ("orders:write" if name == "scope" else None), name
        head = z.request("HEAD", target, headers=headers, host="problem.test")
        assert (head.status, head.body) == (status, b""), name
        assert stable(head) == stable(answer), name
    assert not z.backend.requests


@pytest.mark.mpm
def test_every_refusal_keeps_its_headers_behind_an_error_page(zta):
    z = office(zta)
    for name, target, headers, status, challenges, _ in refusals(z):
        for host, text in (("text.test", f"in words: {status}"), ("page.test", "the error page")):
            answer = z.get(target, headers=headers, host=host)
            check_fields(answer, status, challenges)
            assert answer.text == text, name
            assert "problem" not in answer.header("Content-Type", ""), name
            head = z.request("HEAD", target, headers=headers, host=host)
            check_fields(head, status, challenges)
            assert head.body == b"", name


@pytest.mark.mpm
def test_every_refusal_is_the_same_over_http2(zta):
    z = office(zta)
    if not z.httpd.has_h2:
        pytest.skip("prefork has no HTTP/2")
    for name, target, headers, status, challenges, (kind, title) in refusals(z):
        answer = z.h2(target, headers=headers)
        assert answer.version == "HTTP/2"
        check_fields(answer, status, challenges)
        check_problem(answer, status, kind, title)
        head = z.h2(target, headers=headers, method="HEAD")
        assert (head.status, head.body) == (status, b""), name
        assert stable(head) == stable(answer), name
    for host, text in (("text.test", "in words: 401"), ("page.test", "the error page")):
        answer = z.h2("/api/x", headers={"Host": host})
        check_fields(answer, 401, [BEARER, APIKEY])
        assert answer.text == text


def test_the_realm_is_the_servers_name_unless_set(zta):
    z = zta(stage=1, credentials="header", accept="corp")
    assert z.get("/x").all("WWW-Authenticate") == ['Bearer realm="localhost"']
    # A hostile Host does not get into the challenge.
    answer = z.get("/x", host='a"b\\c')
    assert 'a"b' not in answer.header("WWW-Authenticate", "")


def test_an_allowed_answer_has_an_id_and_nothing_else(zta):
    z = zta(stage=1)
    answer = z.get("/x", token=z.issuer.token())
    assert answer.all("X-ZTA-Id") == answer.all("X-Request-Id")
    assert z.backend.last.header("X-ZTA-Id") == answer.header("X-ZTA-Id")
    for name in ("WWW-Authenticate", "Cache-Control", "X-Content-Type-Options", "RateLimit"):
        assert answer.header(name) is None


def test_an_error_of_the_api_is_the_apis(zta):
    z = zta(stage=1)
    for status in (401, 403, 404, 429, 500, 503):
        answer = z.get(f"/status/{status}", token=z.issuer.token())
        assert answer.status == status
        assert answer.json()["target"] == f"/status/{status}"
        assert answer.header("WWW-Authenticate") is None


SECRETIVE = """
list inner-circle auditor-role

allow secret-name-of-rule
  when path /vault/**
  when method GET POST
  need scope vault:read
  need scope vault:list
  or scope vault:all
  note "note of the vault"

allow secret-far-rule
  when path /vault/**
  need scope aaa:first
  need scope bbb:second
  need scope ccc:third

allow secret-role-rule
  when path /mixed/**
  need role list:inner-circle
  need scope mixed:read

require secret-export
  when path /vault/export
  need scope vault:export
"""


def test_a_missing_scope_is_named_and_nothing_else_of_the_rules(zta):
    z = zta(stage=2, rules=SECRETIVE, vhost_text="ZTARealm orders")
    poor = {"scope": "profile", "sub": "mallory-sub", "client_id": "mallory-client"}
    half = {**poor, "scope": "vault:read vault:list"}
    rows = [("/vault/a", poor, "vault:read vault:list"), ("/vault/export", half, "vault:export"),
            ("/vault/a", {**poor, "scope": "vault:list"}, "vault:read vault:list"),
            ("/mixed/a", poor, None), ("/mixed/a", {**poor, "roles": ["auditor-role"]}, "mixed:read"),
            ("/mixed/a", {**poor, "scope": "mixed:read"}, None), ("/nowhere", poor, None)]
    for path, claims, scope in rows:
        answer = z.get(path, token=z.issuer.token(claims))
        assert answer.status == 403, path
        expected = [] if scope is None else [
            f'{BEARER}, error="insufficient_scope", scope="{scope}"', APIKEY]
        assert answer.all("WWW-Authenticate") == expected, (path, claims)
        assert answer.json().get("scope") == scope
        told = answer.text + repr(answer.headers)
        for word in ("secret", "note of", "inner-circle", "auditor", "rule", "need", "zta\"", "/vault",
                     "mallory", "aaa:", "bbb:", "vault:all", "corp"):
            assert word not in told, (path, word)


# ---- hostile text ----

def test_a_problem_is_valid_json_whatever_was_sent(zta):
    z = zta(stage=1)
    z.httpd.allow_log("AH10244: invalid URI path")
    agents = ['"};{"a":"', "\\u0000\\", "\x1b[2J\x1b]0;x\x07", "\xff\xfe\xc0\xaf", "<script>",
              "a" * 6000]
    paths = ['/"quoted"', "/back\\slash", "/%22%7d%0d%0aX-Evil:1", "/%ff%fe", "/\xff", "/%c0%af",
             "/%00", "/<script>", "/\x1b[2J", "/" + "a" * 6000, "/%e2%80%ae", "/a?b=%0d%0aX:1"]
    for path in paths:
        for agent in agents:
            answer = z.get(path, headers={"User-Agent": agent})
            assert answer.status in (400, 401), (path, agent)
            if answer.header("X-ZTA-Id") is None:
                # httpd itself refused the bytes before any hook.
                assert answer.status == 400 and answer.header("WWW-Authenticate") is None
                continue
            problem = json.loads(answer.body.decode("utf-8"))
            assert problem["status"] == answer.status
            assert len(answer.body) < 1024
            for secret in ("script", "quoted", "Evil", "a" * 40):
                assert secret not in answer.text
            assert answer.header("X-Evil") is None


def test_hostile_claims_never_reach_a_challenge(zta):
    z = zta(stage=2, rules="allow a\n  when path /a\n  need scope admin\n")
    for text in ('x"y', "a\r\nX-Evil: 1", "caf\u00e9 \u202e", "\\", "z" * 1000):
        token = z.issuer.token({"sub": text, "scope": text, "client_id": text})
        answer = z.get("/a", token=token)
        assert answer.status in (401, 403)
        assert answer.header("X-Evil") is None
        for challenge in answer.all("WWW-Authenticate"):
            assert re.fullmatch(r'(Bearer|ApiKey)( [a-z]+="[\x20\x21\x23-\x5b\x5d-\x7e]*",?)+',
                                challenge), challenge


# ---- CORS ----

CORS = ("<Location /api>\nHeader always set Access-Control-Allow-Origin https://app.test\n"
        "Header always set Access-Control-Allow-Headers authorization\n</Location>")


@pytest.mark.mpm
def test_a_browser_can_read_a_refusal(zta):
    z = zta(stage=2, rules=RULES, vhost_text=CORS, tls=True)
    good = z.issuer.token()
    origin = {"Origin": "https://app.test"}
    cases = [("/api/x", None, 401), ("/api/x", "bad", 401), ("/api/closed", good, 403),
             ("/api/%2fx", good, 400)]
    z.httpd.allow_log("AH00026: found %2f")
    for target, token, status in cases:
        answers = [z.get(target, token=token, headers=origin)]
        if z.httpd.has_h2:
            answers.append(z.h2(target, token=token, headers=origin))
        for answer in answers:
            assert answer.status == status
            assert answer.header("Access-Control-Allow-Origin") == "https://app.test"
            exposed = answer.header("Access-Control-Expose-Headers").split(", ")
            assert {"WWW-Authenticate", "Retry-After", "RateLimit", "RateLimit-Policy", "X-ZTA-Id",
                    "X-Request-Id"} <= set(exposed)
    bare = z.get("/api/x")
    assert bare.header("Access-Control-Allow-Origin") == "https://app.test"
    assert bare.header("Access-Control-Expose-Headers") is None
    # Elsewhere nobody said that a browser may read it.
    assert z.get("/limited/x", headers=origin).header("Access-Control-Allow-Origin") is None


PREFLIGHT = {"Origin": "https://app.test", "Access-Control-Request-Method": "POST"}


@pytest.mark.mpm
def test_a_preflight_passes_without_identity_by_default(zta):
    z = zta(stage=2, rules=RULES, vhost_text=CORS)
    answer = z.request("OPTIONS", "/api/x", headers=PREFLIGHT)
    assert answer.status == 200
    request = z.backend.last
    assert request.header("X-ZTA-Id") == answer.header("X-ZTA-Id")
    for name in ("X-ZTA-Subject", "X-ZTA-Issuer", "X-ZTA-Client", "X-ZTA-Roles"):
        assert request.header(name) is None
    event = wait_for(z.events, what="the event")[0]
    assert (event["method"], event["status"], event["reason"]) == ("OPTIONS", 200, "ok")


@pytest.mark.mpm
def test_a_passed_preflight_takes_no_credential_along(zta):
    z = zta(stage=1)
    preflight = {"Origin": "https://app.example.test", "Access-Control-Request-Method": "PUT",
                 "Authorization": "Bearer forged", "X-Api-Key": "forged"}
    assert z.request("OPTIONS", "/x", headers=preflight).status == 200
    assert z.backend.last.header("Authorization") is None
    assert z.backend.last.header("X-Api-Key") is None


def test_only_a_real_preflight_is_one(zta):
    z = zta(stage=1, vhost_text="<Location /answer>\nZTAPreflight answer\n</Location>")
    full = {**PREFLIGHT, "Access-Control-Request-Headers": "authorization"}
    for method, headers in (("OPTIONS", {}), ("OPTIONS", {"Origin": "https://app.test"}),
                            ("OPTIONS", {"Access-Control-Request-Method": "POST"}), ("GET", full),
                            ("POST", full), ("options", full), ("HEAD", full)):
        for target in ("/x", "/answer"):
            assert z.request(method, target, headers=headers).status == 401, (method, headers)
    assert not z.backend.requests
    # Its path is held to one reading like any other.
    assert z.request("OPTIONS", "/x/..;/y", headers=PREFLIGHT).status == 400


def test_a_preflight_is_judged_answered_or_passed(zta):
    z = zta(stage=1, vhost_text=(
        CORS + "\n<Location /api/judge>\nZTAPreflight judge\n</Location>\n<Location /api/answer>\n"
        "ZTAPreflight answer\n</Location>"))
    judged = z.request("OPTIONS", "/api/judge", headers=PREFLIGHT)
    assert judged.status == 401
    assert judged.header("Access-Control-Allow-Origin") == "https://app.test"
    assert z.request("OPTIONS", "/api/judge", headers=PREFLIGHT,
                     token=z.issuer.token()).status == 200
    z.backend.clear()
    answered = z.request("OPTIONS", "/api/answer", headers=PREFLIGHT)
    assert (answered.status, answered.body) == (204, b"")
    assert answered.header("Access-Control-Allow-Origin") == "https://app.test"
    assert answered.header("Access-Control-Allow-Headers") == "authorization"
    assert answered.header("X-ZTA-Id")
    assert not z.backend.requests
    assert z.request("OPTIONS", "/api/pass", headers=PREFLIGHT).status == 200
    assert [r.path for r in z.backend.requests] == ["/api/pass"]


def test_preflights_are_limited_by_address(zta):
    z = zta(stage=2, rules=RULES)
    statuses = [z.request("OPTIONS", "/limited/x", headers=PREFLIGHT).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]


# ---- limits ----

def fields(answer):
    """(policy name, quota, window), (name, remaining, reset) of the two RateLimit fields."""
    policy = re.fullmatch(r'"([^"]+)";q=(\d+);w=(\d+)', answer.header("RateLimit-Policy"))
    limit = re.fullmatch(r'"([^"]+)";r=(\d+);t=(\d+)', answer.header("RateLimit"))
    return ([g if i == 0 else int(g) for i, g in enumerate(policy.groups())],
            [g if i == 0 else int(g) for i, g in enumerate(limit.groups())])


@pytest.mark.mpm
def test_limits_are_told_before_and_when_they_bite(zta):
    z = office(zta)
    good = z.issuer.token()
    for left in (1, 0):
        answer = z.get("/limited/x", token=good)
        assert answer.status == 200
        policy, limit = fields(answer)
        assert policy == ["few", 2, 3600]
        assert limit[:2] == ["few", left] and 0 < limit[2] <= 3600
        assert answer.header("Retry-After") is None
    for host in ("problem.test", "text.test", "page.test"):
        for method in ("GET", "HEAD"):
            answer = z.request(method, "/limited/x", token=good, host=host)
            check_fields(answer, 429, [])
            policy, limit = fields(answer)
            assert policy == ["few", 2, 3600]
            assert limit[:2] == ["few", 0]
            assert 1700 < int(answer.header("Retry-After")) <= 1800
            assert limit[2] == int(answer.header("Retry-After"))
            if method == "GET" and host == "problem.test":
                problem = check_problem(answer, 429, IANA + "quota-exceeded", "Too many requests")
                assert problem["violated-policies"] == ["few"]
    if z.httpd.has_h2:
        check_fields(z.h2("/limited/x", token=good), 429, [])
    # Another limit elsewhere tells of itself.
    assert fields(z.get("/api/x", token=good))[0][0] == "many"
    assert len(z.backend.requests) == 3


def test_a_limit_that_is_monitored_tells_nothing(zta):
    z = zta(stage=2, rules=RULES.replace("rate 2/1h", "rate 2/1h\n  mode monitor"))
    for _ in range(4):
        answer = z.get("/limited/x", token=z.issuer.token())
        assert answer.status == 200
        assert answer.header("RateLimit") is None and answer.header("RateLimit-Policy") is None


@pytest.mark.mpm
def test_too_many_failed_verifications_are_429_before_any_cryptography(zta):
    z = zta(stage=1, global_text="ZTAVerifyLimit 5/1h")
    good = z.issuer.token()
    other = "127.0.0.2"
    for n in range(5):
        assert z.get("/x", token=f"bad.{n}.token").status == 401
    answer = z.get("/x", token=good)
    check_fields(answer, 429, [])
    assert fields(answer)[0] == ["failed-verifications", 5, 3600]
    assert int(answer.header("Retry-After")) >= 1
    assert z.get("/x").status == 429
    # Nobody else pays for it, and what is no failed verification never counts.
    for _ in range(8):
        assert z.get("/x", source=other).status == 401
        assert z.get("/x", token=z.issuer.token({"exp": 1}), source=other).status == 401
    assert z.get("/x", token=good, source=other).status == 200


# ---- the store is gone ----

@pytest.mark.mpm
def test_without_the_store_everything_is_503_and_nothing_401(zta):
    z = office(zta, children=1)
    z.httpd.allow_log(r"\[zta:(warn|error|crit)\] .*ZTA\d+")
    good = z.issuer.token()
    assert z.get("/api/x", token=good).status == 200
    os.rename(z.store.policy_path(""), f"{z.root}/policy-away")
    wait_for(lambda: z.get("/api/x", token=good).status == 503, what="the loss is noticed")
    z.backend.clear()
    for token in (good, None, "bad", z.issuer.token()):
        for host in ("problem.test", "text.test", "page.test"):
            answer = z.get("/api/x", token=token, host=host)
            check_fields(answer, 503, [])
            assert answer.header("Retry-After") == "5"
            if host == "problem.test":
                check_problem(answer, 503, IANA + "temporary-reduced-capacity",
                              "Temporarily unavailable")
    if z.httpd.has_h2:
        answer = z.h2("/api/x", token=good)
        check_fields(answer, 503, [])
        assert answer.header("Retry-After") == "5"
    assert not z.backend.requests
    os.rename(f"{z.root}/policy-away", z.store.policy_path("").rstrip("/"))
    wait_for(lambda: z.get("/api/x", token=good).status == 200, what="the store is back")
