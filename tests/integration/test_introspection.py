# SPDX-License-Identifier: Apache-2.0
"""Opaque tokens (RFC 7662): what their issuer says counts, and it says it clearly or not at all."""

import base64
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.dpop import Prover
from support.introspector import AUDIENCE, Introspector, dumped, opaque
from support.issuer import Key, b64u, b64u_decode
from support.issuerserver import Answer
from support.local import wait_for

LIMIT_OFF = "ZTAVerifyLimit off"
TROUBLE = r"ZTA0092: issuer corp: "
REFUSED = r"ZTA0091: issuer corp: "
ALERT = r"ZTA0079: introspection_failing"
SECRET = "a secret:with /all+ of % ü"


def write_secret(z, text=SECRET, mode=0o600, name="secret"):
    path = z.httpd.write(f"conf/{name}", text + "\n")
    os.chmod(path, mode)
    return path


@pytest.fixture
def asking(zta):
    """Factory: a running gateway whose issuer is asked at an endpoint that the test scripts."""
    endpoints = []

    def make(options=None, start=True, more_issuer_text="", url=None, **gateway_options):
        endpoint = Introspector().start()
        endpoints.append(endpoint)
        gateway_options.setdefault("global_text", LIMIT_OFF)
        z = zta(start=False, **gateway_options)
        z.issuer.audience = AUDIENCE
        options = options or f"client=gateway secret=file:{write_secret(z)}"
        z.issuer_text = f"ZTAIntrospect {url or endpoint.url} {options}\n{more_issuer_text}"
        if start:
            z.start()
        return z, endpoint

    yield make
    for endpoint in endpoints:
        endpoint.stop()


def revoke(z, *arguments, **options):
    """Once the helper has told the store which issuers there are."""
    wait_for(lambda: z.json("issuers"), what="the issuers in the store")
    z.ctl("revoke", *arguments, "--reason", "test", **options)


# ---- what a clear answer does ----

@pytest.mark.mpm
def test_an_active_token_has_the_identity_that_its_issuer_says(asking):
    z, endpoint = asking(stage=2, rules="allow staff\n  when path /api/**\n  need role staff\n"
                                        "  need scope read\n")
    token = opaque("one")
    endpoint.answers[token] = endpoint.good()
    answer = z.get("/api/x", token=token)
    assert answer.status == 200
    seen = z.backend.last
    assert seen.header("X-ZTA-Subject") == "alice" and seen.header("X-ZTA-Client") == "web"
    assert seen.header("X-ZTA-Issuer") == "corp" and seen.header("Authorization") is None
    assert z.get("/other", token=token).status == 403
    headers, form = endpoint.questions[0]
    assert form == {"token": [token], "token_type_hint": ["access_token"]}
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    scheme, coded = headers["Authorization"].split(" ")
    assert scheme == "Basic" and base64.b64decode(coded).decode() == (
        "gateway:a%20secret%3Awith%20%2Fall%2B%20of%20%25%20%C3%BC")
    # All children know it from now on.
    assert {z.get("/api/x", token=token, fresh=True).status for _ in range(30)} == {200}
    assert endpoint.count() == 1


def test_an_inactive_token_is_refused_and_not_asked_about_again_at_once(asking):
    z, endpoint = asking()
    for _ in range(5):
        answer = z.get("/x", token=opaque("unknown"), fresh=True)
        assert answer.status == 401 and 'error="invalid_token"' in answer.header("WWW-Authenticate")
    assert endpoint.count() == 1
    wait_for(lambda: len(z.events()) >= 1, what="the events")
    assert "not active" in z.events()[0]["detail"]


def test_the_client_can_stand_in_the_form(asking):
    z, endpoint = asking(start=False)
    z.issuer_text = (f"ZTAIntrospect {endpoint.url} client=gate&way auth=post "
                     f"secret=file:{write_secret(z)}")
    z.start()
    endpoint.answers[opaque("a")] = endpoint.good()
    assert z.get("/x", token=opaque("a")).status == 200
    headers, form = endpoint.questions[0]
    assert "Authorization" not in headers
    assert form["client_id"] == ["gate&way"] and form["client_secret"] == [SECRET]


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_the_client_can_show_its_key(asking, alg):
    z, endpoint = asking(start=False)
    key = Key(alg)
    z.issuer_text = (f"ZTAIntrospect {endpoint.url} client=gw "
                     f"key=file:{write_secret(z, key.private_pem())}")
    z.start()
    assertions = set()
    for name in ("a", "b"):
        endpoint.answers[opaque(name)] = endpoint.good()
        assert z.get("/x", token=opaque(name)).status == 200
        headers, form = endpoint.questions[-1]
        assert "Authorization" not in headers and "client_secret" not in form
        assert form["client_assertion_type"] == [
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        assertion = form["client_assertion"][0]
        header, claims = (json.loads(b64u_decode(part)) for part in assertion.split(".")[:2])
        assert header == {"alg": alg, "typ": "JWT"}
        assert claims["iss"] == claims["sub"] == "gw" and claims["aud"] == z.issuer.url
        assert 0 < claims["exp"] - time.time() <= 61 and len(claims["jti"]) >= 22
        assertions.add(claims["jti"])
    assert len(assertions) == 2


# ---- what is no clear answer: 503, never 401, never in a cache ----

GOOD = Introspector.good()
ODDITIES = {
    "active-text": {**GOOD, "active": "true"},
    "active-number": {**GOOD, "active": 1},
    "active-null": {**GOOD, "active": None},
    "active-missing": Introspector.good(active=None),
    "html": Answer(b"<html>active</html>", headers={"Content-Type": "text/html"}),
    "array": Answer(b'[{"active":true}]'),
    "empty": Answer(b""),
    "no-content": Answer(b"", 204),
    "redirect": Answer(b"", 302, {"Location": "/introspect"}),
    "redirect-elsewhere": Answer(b"", 307, {"Location": "http://127.0.0.1:1/"}),
    "created": Answer(json.dumps(GOOD).encode(), 201),
    "not-found": Answer(json.dumps(GOOD).encode(), 404),
    "too-many": Answer(json.dumps(GOOD).encode(), 429),
    "error": Answer(json.dumps(GOOD).encode(), 500),
    "truncated": Answer(json.dumps(GOOD).encode()[:-1]),
    "cut-off": Answer(json.dumps(GOOD).encode(), headers={"Content-Length": "4000"}),
    "large": Answer(json.dumps({**GOOD, "x": "y" * 65536}).encode()),
    "endless": Answer(json.dumps(GOOD).encode() + b" " * 65536),
    "twice": Answer(dumped(GOOD, **{'"active": true': '"active": true, "active": false'})),
    "twice-sub": Answer(dumped(GOOD, **{'"sub": "alice"': '"sub": "root", "sub": "alice"'})),
    "nul": Answer(dumped(GOOD, alice="alice\\u0000")),
    "behind": Answer(json.dumps(GOOD).encode() + b"{}"),
    "deep": {**GOOD, "x": [[[[[[[[[[1]]]]]]]]]]},
    "not-utf8": Answer(dumped(GOOD).replace(b"alice", b"al\xffce")),
    "slow": Answer(json.dumps(GOOD).encode(), delay=2.6),
}


@pytest.mark.timeout(180)
def test_an_answer_that_is_not_clear_says_nothing(asking):
    z, endpoint = asking()
    z.httpd.allow_log(TROUBLE, ALERT)
    endpoint.answers[opaque("reset")] = {"active": False}
    for n, (name, oddity) in enumerate(ODDITIES.items()):
        token = opaque(name)
        endpoint.answers[token] = oddity
        began = time.monotonic()
        answer = z.get("/x", token=token, fresh=True)
        assert answer.status == 503 and int(answer.header("Retry-After")) > 0, name
        assert answer.header("WWW-Authenticate") is None, name
        assert time.monotonic() - began < 3, name
        # Nothing of it was kept; and what answers well again closes the breaker.
        endpoint.answers[token] = endpoint.good()
        assert z.get("/x", token=token, fresh=True).status == 200, name
        assert endpoint.count(token) == 2, name
        assert z.get("/x", token=opaque(f"no-{n}"), fresh=True).status == 401
    assert not z.json("status")["alerts"]


class Moment(int):
    """Seconds from the time of the test: what is collected now may run much later."""


def dated(changes):
    now = int(time.time())
    return {k: now + v if isinstance(v, Moment) else v for k, v in changes.items()}


# ---- what is clear and wrong: 401 ----

@pytest.mark.parametrize("changes, reason", [
    ({"exp": 1}, "expired_credential"),
    ({"exp": Moment(-61)}, "expired_credential"),
    ({"exp": "soon"}, "bad_credential"),
    ({"exp": True}, "bad_credential"),
    ({"exp": 1e300}, "bad_credential"),
    ({"nbf": Moment(3600)}, "bad_credential"),
    ({"iat": Moment(3600)}, "bad_credential"),
    ({"auth_time": Moment(3600)}, "bad_credential"),
    ({"aud": None}, "wrong_audience"),
    ({"aud": "https://other.test"}, "wrong_audience"),
    ({"aud": []}, "wrong_audience"),
    ({"aud": [AUDIENCE, 7]}, "bad_credential"),
    ({"aud": {"x": AUDIENCE}}, "bad_credential"),
    ({"iss": "https://other.test"}, "unknown_issuer"),
    ({"iss": 7}, "unknown_issuer"),
    ({"sub": None, "client_id": None}, "bad_credential"),
    ({"sub": 7}, "bad_credential"),
    ({"sub": ""}, "bad_credential"),
    ({"sub": "x" * 300}, "bad_credential"),
    ({"token_type": "refresh_token"}, "bad_credential"),
    ({"token_type": 1}, "bad_credential"),
    ({"token_type": "DPoP"}, "binding_failed"),
    ({"cnf": {}}, "binding_failed"),
    ({"cnf": "x"}, "binding_failed"),
    ({"cnf": {"jkt": "short"}}, "binding_failed"),
    ({"cnf": {"kid": "x"}}, "binding_failed"),
    ({"cnf": {"jkt": b64u(b"k" * 32)}}, "binding_failed"),
    ({"cnf": {"x5t#S256": b64u(b"k" * 32)}}, "binding_failed"),
    ({"scope": 7}, "bad_credential"),
    ({"roles": [{}]}, "bad_credential"),
])
def test_an_active_token_must_hold_here_and_now(asking, changes, reason):
    z, endpoint = asking()
    token = opaque("wrong")
    endpoint.answers[token] = endpoint.good(**dated(changes))
    for _ in range(2):
        answer = z.get("/x", token=token, fresh=True)
        assert answer.status == 401, answer.status
    assert endpoint.count() == 1
    events = wait_for(lambda: z.events(), what="the event")
    assert events[0]["reason"] == reason, events[0]


@pytest.mark.parametrize("changes, subject", [
    ({"exp": None}, "alice"), ({"iss": "OWN"}, "alice"), ({"sub": None}, "web"),
    ({"aud": ["https://other.test", AUDIENCE]}, "alice"), ({"token_type": "bearer"}, "alice"),
    ({"exp": Moment(-5)}, "alice"), ({"scope": ["read"]}, "alice")])
def test_what_is_optional_may_be_missing(asking, changes, subject):
    z, endpoint = asking()
    if changes.get("iss"):
        changes = {"iss": z.issuer.url}
    endpoint.answers[opaque("good")] = endpoint.good(**dated(changes))
    assert z.get("/x", token=opaque("good")).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == subject


# ---- which tokens are sent, and where ----

def test_what_cannot_be_one_of_its_tokens_is_never_sent(asking):
    z, endpoint = asking()
    endpoint.default = endpoint.good()
    other = Key("RS256")
    jwt = z.issuer.token()
    header, payload, signature = jwt.split(".")
    for token in ("short", "a" * 15, "=" * 40, "a" * 8193, z.issuer.token({"iss": "https://b.test"}),
                  z.issuer.token(key=other), z.issuer.token(drop=["iss"]), f"{header}.{payload}.",
                  f"{header}..{signature}.a.b", f"{jwt}.x", f"{header}.{payload}"):
        assert z.get("/x", token=token, fresh=True).status in (400, 401), token
    assert z.get("/x", token=jwt).status == 200
    for bad in ("with space inside the token", "quote\"inside-of-the-token", "ü" * 20):
        assert z.get("/x", headers=[("Authorization", f"Bearer {bad}".encode("utf-8").decode("latin-1"))],
                     fresh=True).status == 400
    assert endpoint.count() == 0
    assert z.get("/x", token="a" * 16).status == 200
    assert z.get("/x", token="v4.local.AAAAAAAAAAAAAAAA").status == 200
    assert endpoint.count() == 2


def test_an_issuer_without_keys_is_asked_about_its_own_jwts_alone(asking):
    z, endpoint = asking(start=False)
    z.keys = False
    z.start()
    jwt = z.issuer.token()
    endpoint.answers[jwt] = endpoint.good(sub="bob")
    assert z.get("/x", token=jwt).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == "bob"
    assert z.get("/x", token=z.issuer.token({"iss": "https://b.test"})).status == 401
    assert endpoint.count() == 1
    assert z.ctl("issuers").returncode == 0 and not z.json("status")["alerts"]


# ---- revocation ----

def test_a_cached_token_that_is_revoked_fails_at_the_next_request(asking):
    z, endpoint = asking()
    token = opaque("revoked")
    endpoint.answers[token] = endpoint.good(auth_time=int(time.time()) - 10)
    assert z.get("/x", token=token).status == 200
    revoke(z, "--subject", "alice@corp")
    assert {z.get("/x", token=token, fresh=True).status for _ in range(20)} == {401}
    assert endpoint.count() == 1


def test_a_revocation_during_the_question_counts(asking):
    z, endpoint = asking()
    token = opaque("revoked")
    endpoint.answers[token] = Answer(endpoint.good(auth_time=int(time.time()) - 10), delay=1)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(z.get, "/x", token=token, fresh=True) for _ in range(4)]
        wait_for(lambda: endpoint.count(), what="the question")
        revoke(z, "--subject", "alice@corp")
        assert {a.result().status for a in answers} == {401}
    assert endpoint.count() == 1


def test_one_token_is_revoked_by_itself(asking):
    z, endpoint = asking()
    for name in ("a", "b"):
        endpoint.answers[opaque(name)] = endpoint.good(jti="the-same")
        assert z.get("/x", token=opaque(name)).status == 200
    revoke(z, "--token", "-", data=opaque("a"))
    assert z.get("/x", token=opaque("a")).status == 401
    assert z.get("/x", token=opaque("b")).status == 200
    for damaged in (z.issuer.token().rsplit(".", 1)[0], "short", opaque("a b c")):
        z.ctl("revoke", "--token", "-", "--reason", "test", data=damaged, code=1)


def test_a_jwt_that_is_introspected_is_revoked_by_its_jti(asking):
    z, endpoint = asking(start=False)
    z.keys = False
    z.start()
    tokens = [z.issuer.token({"jti": "one"}), z.issuer.token({"jti": "two"})]
    for token in tokens:
        endpoint.answers[token] = endpoint.good()
        assert z.get("/x", token=token).status == 200
    revoke(z, "--token", "-", data=tokens[0])
    assert [z.get("/x", token=token).status for token in tokens] == [401, 200]


# ---- bounds ----

def test_requests_with_one_token_ask_once(asking):
    z, endpoint = asking(children=2, threads=128)
    token = opaque("one")
    endpoint.answers[token] = Answer(endpoint.good(), delay=0.5)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: z.httpd.client().connect().request(
            "GET", "/x", [("Authorization", f"Bearer {token}")]).status, range(50)))
    assert answers == [200] * 50
    assert endpoint.count() == 1


@pytest.mark.timeout(120)
def test_a_flood_of_garbage_leaves_ordinary_requests_alone(asking):
    z, endpoint = asking(children=2, threads=40, stage=1)
    z.httpd.allow_log(TROUBLE, ALERT)
    known = opaque("known")
    endpoint.answers[known] = endpoint.good()
    assert z.get("/x", token=known).status == 200
    key = z.json("keys", "create", "--name", "app")["key"]
    endpoint.delay = 1.5
    ending = threading.Event()
    flooded = []

    def flood(n):
        i = 0
        while not ending.is_set():
            i += 1
            flooded.append(z.get("/x", token=opaque(f"garbage-{n}-{i}"), fresh=True,
                                 source=f"127.0.1.{n % 12 + 1}").status)

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    try:
        slowest = 0
        for n in range(400):
            began = time.monotonic()
            kind = n % 3
            answer = z.get("/x", fresh=n % 2 == 0, token=(known, z.issuer.token(), None)[kind],
                           key=key if kind == 2 else None)
            slowest = max(slowest, time.monotonic() - began)
            assert answer.status == 200, (n, answer.status)
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    bound = 80 // 20
    assert 1 <= endpoint.most <= bound, endpoint.most
    assert len(flooded) > 100 and set(flooded) <= {401, 503}
    print(f"flood: {len(flooded)} garbage tokens, {endpoint.count()} questions, at most "
          f"{endpoint.most} at once; slowest of 400 ordinary requests {slowest * 1000:.0f} ms")
    assert slowest < 1.5


def test_one_address_asks_twice_at_once_at_most(asking):
    z, endpoint = asking(children=2, threads=64)
    endpoint.delay = 0.7
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(
            lambda n: z.get("/x", token=opaque(f"t{n}"), fresh=True, source="127.0.0.9").status,
            range(10)))
    assert endpoint.most <= 2 and statuses.count(401) == endpoint.count() <= 2
    assert statuses.count(503) == 10 - endpoint.count()


@pytest.mark.timeout(120)
def test_the_breaker_opens_and_closes(asking):
    z, endpoint = asking()
    z.httpd.allow_log(TROUBLE, ALERT)
    good = opaque("good")
    endpoint.answers[good] = endpoint.good()
    assert z.get("/x", token=good).status == 200
    endpoint.default = Answer(b"", 500)
    for n in range(30):
        assert z.get("/x", token=opaque(f"t{n}"), fresh=True).status == 503
    assert endpoint.count() == 1 + 5
    alerts = wait_for(lambda: z.json("status")["alerts"], what="the alert")
    assert [a["name"] for a in alerts] == ["introspection_failing"]
    assert "issuer corp gives no answer" in alerts[0]["text"]
    # What is known goes on; other issuers' tokens were never touched.
    assert z.get("/x", token=good).status == 200
    assert z.get("/x", token=z.issuer.token()).status == 200
    endpoint.default = endpoint.good()
    wait_for(lambda: z.get("/x", token=opaque("back"), fresh=True).status == 200, timeout=20,
             what="the breaker to close")
    assert endpoint.count() == 1 + 5 + 1
    assert z.get("/x", token=opaque("next"), fresh=True).status == 200
    wait_for(lambda: not z.json("status")["alerts"], what="the end of the alert")


@pytest.mark.parametrize("status", [401, 403])
def test_our_own_credentials_refused_are_an_alarm_and_no_fault_of_the_user(asking, status):
    z, endpoint = asking()
    z.httpd.allow_log(REFUSED, ALERT)
    endpoint.default = Answer({"error": "invalid_client"}, status,
                              {"WWW-Authenticate": 'Basic realm="as"'})
    for n in range(3):
        answer = z.get("/x", token=opaque(f"t{n}"), fresh=True)
        assert answer.status == 503 and answer.header("WWW-Authenticate") is None
    lines = [line for line in z.httpd.error_lines() if "ZTA0091" in line]
    assert len(lines) == 1 and "ZTAIntrospect" in lines[0]
    alerts = wait_for(lambda: z.json("status")["alerts"], what="the alert")
    assert "refuses our client" in alerts[0]["text"]
    endpoint.default = endpoint.good()
    assert z.get("/x", token=opaque("t9")).status == 200
    wait_for(lambda: not z.json("status")["alerts"], what="the end of the alert")


def test_an_endpoint_that_is_down_is_no_401(asking):
    z, endpoint = asking()
    z.httpd.allow_log(TROUBLE, ALERT)
    endpoint.stop()
    assert z.get("/x", token=opaque("t")).status == 503


# ---- connections ----

def ask_about_many(z, endpoint, word, n=40):
    """n tokens that nobody has asked about, one after the other."""
    for i in range(n):
        endpoint.answers[opaque(f"{word}-{i}")] = endpoint.good()
    return [z.get("/x", token=opaque(f"{word}-{i}"), fresh=True).status for i in range(n)]


@pytest.mark.mpm
def test_questions_share_connections(asking):
    z, endpoint = asking()
    assert ask_about_many(z, endpoint, "a") == [200] * 40
    assert endpoint.count() == 40
    assert endpoint.n_connections <= 20


def test_over_tls_too_each_with_its_own_credentials(asking, pki):
    z, _ = asking(start=False)
    endpoint = Introspector(pki.server).start()
    try:
        z.global_text += f"\nZTACAFile {pki.ca.cert}"
        z.issuer_text = f"ZTAIntrospect {endpoint.url} client=gateway secret=file:{write_secret(z)}"
        z.start()
        assert ask_about_many(z, endpoint, "a") == [200] * 40
        assert endpoint.n_connections <= 20
        assert {headers["Authorization"][:6] for headers, _ in endpoint.questions} == {"Basic "}
        assert len({form["token"][0] for _, form in endpoint.questions}) == 40
    finally:
        endpoint.stop()


def test_an_endpoint_that_restarts_fails_no_request(asking):
    z, endpoint = asking()
    for restart in range(3):
        assert ask_about_many(z, endpoint, f"r{restart}", 10) == [200] * 10
        endpoint.stop()
        endpoint.start()
    for drop in range(10):
        assert ask_about_many(z, endpoint, f"d{drop}", 3) == [200] * 3
        endpoint.drop()
    assert endpoint.count() == 60


def test_a_child_that_ends_leaves_no_connection(asking):
    z, endpoint = asking()
    assert ask_about_many(z, endpoint, "a") == [200] * 40
    assert endpoint.n_open() > 0
    z.httpd.graceful()
    wait_for(lambda: endpoint.n_open() == 0, what="the old children's connections are closed")
    assert ask_about_many(z, endpoint, "b") == [200] * 40


# ---- monitor mode ----

def test_a_monitored_place_never_asks(asking):
    z, endpoint = asking(stage=0, vhost_text="ZTAMonitor 1\n<Location /hard>\nZTAStage 1\n</Location>")
    token = opaque("t")
    endpoint.answers[token] = endpoint.good()
    assert z.get("/x", token=token).status == 200
    assert endpoint.count() == 0
    event = wait_for(lambda: z.events(), what="the event")[0]
    assert event["monitor"]["reason"] == "issuer_unavailable", event
    assert z.get("/hard/x", token=token).status == 200
    assert endpoint.count() == 1
    assert z.get("/x", token=token).status == 200
    assert endpoint.count() == 1


# ---- secrets ----

def test_no_secret_and_no_token_reaches_a_log_or_the_store(asking):
    z, endpoint = asking()
    z.httpd.allow_log(TROUBLE, REFUSED, ALERT)
    z.httpd.log_level = "info zta:trace8"
    z.reload()
    token = opaque("very-secret-token")
    for answer in (endpoint.good(), Answer(b"x", 500), Answer(b"", 401)):
        endpoint.answers[token] = answer
        z.get("/x", token=token, fresh=True)
        z.get("/x", token=token + "2", fresh=True)
    wait_for(lambda: z.events(), what="events")
    z.httpd.stop()
    basic = base64.b64encode(b"gateway:").decode()[:8]
    for folder, _, names in os.walk(z.root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not path.endswith("conf/secret"):
                with open(path, "rb") as f:
                    data = f.read()
                assert token.encode() not in data, path
                assert SECRET.encode() not in data and b"a%20secret" not in data, path
                assert basic.encode() not in data, path


# ---- the real thing ----

@pytest.fixture
def real(zta, authserver, pki):
    """A gateway that asks the real authorization server as one of its clients."""
    z = zta(start=False, global_text=f"{LIMIT_OFF}\nZTACAFile {pki.ca.cert}")
    z.issuer.url = authserver.issuer
    z.issuer.audience = authserver.audience("opaque")
    z.keys = "discover"

    def start(client, auth="", secret=None):
        if client == "gateway-key":
            option = f"key=file:{write_secret(z, authserver.gateway_key.private_pem())}"
        else:
            option = f"secret=file:{write_secret(z, secret or authserver.secret(client))}"
        z.issuer_text = f"ZTAIntrospect discover client={client} {option} {auth}"
        z.start()
        wait_for(lambda: (z.json("issuers") or [{}])[0].get("state") == "good", what="metadata")
        return z

    return start


@pytest.mark.parametrize("client, auth", [
    ("gateway", ""), ("gateway-post", "auth=post"), ("gateway-key", "auth=private_key_jwt")])
def test_the_real_authorization_server_is_asked(real, authserver, client, auth):
    z = real(client, auth)
    token = authserver.client_token(alg="opaque")
    assert "." not in token and z.get("/x", token=token).status == 200
    assert z.backend.last.header("X-ZTA-Client") == "svc"
    tokens = authserver.login("carol", "opaque")
    assert z.get("/x", token=tokens["access_token"]).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == "carol"
    # A refresh token is active as well, and no access token; so is one for another resource.
    assert z.get("/x", token=tokens["refresh_token"]).status == 401
    other = authserver.client_token(alg="opaque")
    authserver.revoke(other, "svc")
    assert z.get("/x", token=other).status == 401
    assert z.get("/x", token="n0t-a-token-of-anybody-at-all").status == 401


def test_a_client_that_the_real_server_does_not_let_in_is_an_alarm(real, authserver):
    z = real("gateway", secret="a wrong one")
    z.httpd.allow_log(REFUSED, ALERT)
    assert z.get("/x", token=authserver.client_token(alg="opaque")).status == 503
    assert any("ZTA0091" in line for line in z.httpd.error_lines())


def test_bound_opaque_tokens_of_the_real_server_need_the_key(real, authserver):
    prover = Prover()
    z = real("gateway")
    z.vhost_text += "\nZTADPoP allowed\nZTAOrigin https://api.example.test"
    z.reload()
    token = authserver.client_token(
        "svc-dpop", "opaque", proof=prover.proof("POST", f"{authserver.issuer}/token"))
    url = "https://api.example.test/x"
    wait_for(lambda: z.get("/x", headers=prover.headers("GET", url, token)).status == 200,
             what="the first second of the segment to pass")
    assert z.get("/x", headers=Prover().headers("GET", url, token)).status == 401
    assert z.get("/x", token=token).status == 401
