# SPDX-License-Identifier: Apache-2.0
"""Step-up (RFC 9470): who is challenged, how, until when; with a bearer client and with a browser at
the real authorization server."""

import http.cookiejar
import re
import time

import pytest

from support.authserver import ACRS
from support.browser import Browser
from support.dpop import Prover
from support.local import wait_for
from test_answers import check_problem
from test_openidc import event_of, site  # noqa: F401
from test_real_server import asking

PWD, MFA = ACRS
ACR = f"ZTAAcr {PWD}<{MFA} < urn:example:phr"
STEP_UP = "ZTAFeature stepup=enforce\n"
ORIGIN = "https://api.example.test"
RULES = f"""
allow everybody
  when path /**
  when not path /nearest /scoped

allow nearest
  when path /nearest
  need acr >= {MFA}
  need auth-age <= 300s

require strong
  when path /pay/**
  need acr >= {MFA}
  else step-up acr={MFA}

require fresh
  when path /fresh /pay/fresh
  need auth-age <= 300s
  else step-up max-age=300s

require monitored
  when path /monitored
  need acr >= {MFA}
  else step-up acr={MFA}
  mode monitor

require stronger
  when path /both
  need acr urn:example:phr
  else step-up acr=urn:example:phr max-age=10m

require strong-too
  when path /both
  need acr >= {MFA}
  else step-up acr={MFA} max-age=60s
"""
ERROR = ', error="insufficient_user_authentication"'
ASKS_MFA = f'{ERROR}, acr_values="{MFA}"'


def now():
    return int(time.time())


@pytest.fixture
def office(zta):
    """A gateway with these rules, and login(...): the headers of one who logged in at its issuer."""
    def make(**options):
        z = zta(stage=2, rules=RULES, issuer_text=ACR, vhost_text=STEP_UP + "ZTARealm orders\n",
                **options)

        def login(at, acr=PWD, subject="alice", drop=(), **claims):
            claims = {"sub": subject, "auth_time": at, "acr": acr, "iat": at, **claims}
            return {"Authorization": f"Bearer {z.issuer.token(claims, drop=drop)}"}
        z.login = login
        return z
    return make


def challenges(answer):
    return answer.all("WWW-Authenticate")


def asks(answer, parameters):
    """Is this a challenge with exactly these parameters, for the scheme that was used?"""
    if answer.status != 401:
        return False
    assert challenges(answer) == [f'Bearer realm="orders"{parameters}', 'ApiKey realm="orders"']
    return True


def test_a_challenge_says_what_login_would_do(office):
    z = office()
    t = now()
    old, strong = z.login(t - 900), z.login(t - 900, MFA, subject="bob")
    for headers, target, parameters in (
            (old, "/pay/x", ASKS_MFA), (old, "/fresh", f'{ERROR}, max_age="300"'),
            (old, "/pay/fresh", f'{ASKS_MFA}, max_age="300"'),
            (strong, "/pay/fresh", f'{ERROR}, max_age="300"'),
            (old, "/both", f'{ERROR}, acr_values="urn:example:phr", max_age="60"'),
            (old, "/nearest", f'{ASKS_MFA}, max_age="300"')):
        answer = z.get(target, headers=headers)
        assert asks(answer, parameters), target
        assert answer.header("Cache-Control") == "no-store"
        # A client that asks again with the same token is told the same again.
        assert asks(z.get(target, headers=headers), parameters), target
    answer = z.get("/pay/x", headers={**old, "Origin": "https://app.test"})
    assert "WWW-Authenticate" in answer.header("Access-Control-Expose-Headers")
    assert answer.header("Content-Type") == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:zta:problem:step-up" and body["status"] == 401
    assert body["acr_values"] == MFA and "max_age" not in body
    # What meets the demand enters: that acr or a stronger one, an age up to the limit.
    for headers, target in (
            (strong, "/pay/x"), (z.login(t - 900, "urn:example:phr"), "/pay/x"),
            (z.login(now() - 290), "/fresh"), (z.login(now() + 30), "/fresh"),
            (z.login(t - 10, MFA), "/pay/fresh"), (z.login(t - 10, MFA), "/nearest"), (old, "/other")):
        assert z.get(target, headers=headers).status == 200, target
    assert z.get("/fresh", headers=z.login(now() - 301, subject="carol")).status == 401
    # An age that nobody knows is none that will do; one that is no number is no token.
    assert z.get("/fresh", headers=z.login(0, subject="dora", drop=("auth_time", "iat"))).status == 401
    text = z.get("/fresh", headers=z.login(str(now()), iat=now()))
    assert text.status == 401 and 'error="invalid_token"' in challenges(text)[0]
    # A key has no login that could be stronger: it is told so at once.
    key = z.json("keys", "create", "--name", "job")["key"]
    for target in ("/pay/x", "/fresh", "/nearest"):
        answer = z.get(target, key=key)
        assert answer.status == 403 and not challenges(answer), target
    assert z.get("/other", key=key).status == 200


def test_a_login_that_changes_nothing_ends_the_asking(office):
    z = office()
    t = now()

    def unsatisfied(answer):
        assert not challenges(answer)
        check_problem(answer, 403, "step-up", "Stronger authentication required")
        return answer.status == 403

    # Two logins of before the challenge, of one client or of another, are challenged each.
    first, second = z.login(t - 900), z.login(t - 600)
    assert asks(z.get("/pay/x", headers=first), ASKS_MFA)
    assert asks(z.get("/pay/x", headers=second), ASKS_MFA)
    # The login behind it is still too weak; a third demand was never made.
    weak = z.login(now() + 2)
    answer = z.get("/pay/x", headers=weak)
    assert unsatisfied(answer) and unsatisfied(z.get("/pay/x", headers=weak))
    assert z.get("/other", headers=weak).status == 200
    assert asks(z.get("/pay/fresh", headers=z.login(t - 600)), f'{ASKS_MFA}, max_age="300"')
    assert asks(z.get("/both", headers=weak), f'{ERROR}, acr_values="urn:example:phr", max_age="60"')
    # Who asks again with the old token is asked again, and who then logs in as asked enters.
    assert asks(z.get("/pay/x", headers=first), ASKS_MFA)
    strong = z.login(now() + 3, MFA)
    assert z.get("/pay/x", headers=strong).status == 200
    # That login is of no use to an older token, which somebody may have stolen: it alone counts.
    for stolen in (first, second):
        assert asks(z.get("/pay/x", headers=stolen), ASKS_MFA)
    # And what a thief is told never shuts its owner out.
    assert z.get("/pay/x", headers=strong).status == 200
    # Other users and other clients of hers were told nothing of the sort.
    for claims in ({"subject": "bob"}, {"client_id": "another"}):
        assert asks(z.get("/pay/x", headers=z.login(now() + 4, **claims)), ASKS_MFA), claims
    # An issuer that gives tokens of the old login again and again is asked no more at last.
    statuses = [z.get("/pay/x", headers=z.login(
        t - 900, subject="eve", iat=now(), jti=str(n))).status for n in range(5)]
    assert statuses == [401, 401, 401, 403, 403]
    event = wait_for(lambda: {e["id"]: e for e in z.events()}.get(answer.header("X-ZTA-Id")),
                     what="event")
    assert (event["outcome"], event["reason"]) == ("deny", "step_up_unsatisfied")
    told = z.ctl("explain", event["id"]).stdout
    assert f"asked for acr {MFA}; the credential has acr {PWD}, login" in told


def test_the_challenge_is_for_the_scheme_that_was_used(zta):
    prover = Prover()
    z = zta(stage=2, rules=RULES, issuer_text=ACR, credentials="header", accept="corp",
            vhost_text=f"{STEP_UP}ZTARealm orders\nZTAOrigin {ORIGIN}\nZTADPoP allowed\n"
            "ErrorDocument 401 \"in words\nErrorDocument 403 \"forbidden in words\n")
    algs = re.escape(', algs="ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512"')

    def send(target, claims):
        token = prover.bound(z.issuer, claims)
        return z.get(target, headers=prover.headers("GET", ORIGIN + target, token))

    old = {"auth_time": now() - 900, "acr": PWD}
    wait_for(lambda: send("/other", old).status == 200, what="proofs are taken")
    answer = send("/pay/fresh", old)
    assert answer.status == 401 and answer.text == "in words"
    bearer, dpop = challenges(answer)
    assert bearer == 'Bearer realm="orders"'
    assert re.fullmatch(f'DPoP realm="orders"{re.escape(ASKS_MFA)}, max_age="300"{algs}', dpop)
    bearer, dpop = challenges(z.get("/pay/x", headers={
        "Authorization": f"Bearer {z.issuer.token(old)}"}))
    assert bearer == f'Bearer realm="orders"{ASKS_MFA}'
    assert re.fullmatch(f'DPoP realm="orders"{algs}', dpop)
    answer = send("/pay/x", {"auth_time": now() + 2, "acr": PWD})
    assert answer.status == 403 and answer.text == "forbidden in words" and not challenges(answer)
    assert send("/pay/fresh", {"auth_time": now(), "acr": MFA}).status == 200


def test_monitoring_keeps_its_own_memory_and_answers_nothing(office):
    z = office()
    t = now()
    ids = []
    for headers in (z.login(t - 900), z.login(t + 2), z.login(t + 4, MFA)):
        answer = z.get("/monitored", headers=headers)
        assert answer.status == 200 and not challenges(answer)
        ids.append(answer.header("X-ZTA-Id"))
    # The same demand of a rule that is enforced: nobody was asked yet.
    assert asks(z.get("/pay/x", headers=z.login(t + 5)), ASKS_MFA)
    events = wait_for(lambda: (lambda found: found if len(found) == 3 else None)(
        [e for e in z.events() if e["id"] in ids]), what="events")
    said = {e["id"]: (e.get("monitor") or {}).get("reason") for e in events}
    assert [said[i] for i in ids] == ["step_up_required", "step_up_unsatisfied", None]


WEB_RULES = f"""
allow visitors
  when path       /app/**
  need credential browser

require strong
  when path /app/pay/**
  need acr >= {MFA}
  else step-up acr={MFA}

require new
  when path /app/new
  need auth-age <= 1s
  need acr >= {MFA}
  else step-up acr={MFA} max-age=1s

require fresh
  when path /app/fresh
  need auth-age <= 8s
  else step-up max-age=8s
"""
SCRIPT = {"Accept": "*/*", "X-Requested-With": "XMLHttpRequest"}
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def trips(page):
    """How often the way to this page led by the authorization server."""
    return [url for url in page.visited if "/auth?" in url]


def test_a_browser_logs_in_as_asked_and_comes_back_to_its_page(site, pki):  # noqa: F811
    z = site(stage=2, rules=WEB_RULES, issuer_text=ACR, vhost_text=STEP_UP)
    visitor = Browser(pki)
    assert visitor.get(f"{z.site}/app/page").status == 200
    # No page: a script has to read what is missing, a form would lose what it sent.
    for method, headers in (("GET", SCRIPT), ("GET", FETCH), ("GET", {"Accept": "image/png"}),
                            ("POST", {"Origin": z.site})):
        answer = visitor.send(method, f"{z.site}/app/pay/1", headers, follow=False)
        assert answer.status == 401, (method, headers)
        assert f'OpenIDConnect realm="localhost"{ASKS_MFA}' in answer.headers.get_all(
            "WWW-Authenticate")
    target = f"{z.site}/app/pay/1?x=%C3%A4&y=a+b%26c"
    page = visitor.get(target)
    assert (page.status, page.url) == (200, target)
    (asked,) = trips(page)
    assert "zta-step-up-" not in str(z.backend.last.headers)
    assert "acr_values=urn%3Aexample%3Amfa" in asked or f"acr_values={MFA}" in asked
    event = event_of(z, page)
    assert (event["credential"], event["subject"], event["rule"]) == ("browser", "alice", "visitors")
    redirected = [e for e in z.events() if e["status"] == 302 and e["reason"] == "step_up_required"]
    assert len(redirected) == 1 and redirected[0]["outcome"] == "step_up"
    # Strong from now on; but this login grows old, and the next one is a new one.
    assert not visitor.get(f"{z.site}/app/pay/2").visited
    wait_for(lambda: visitor.get(f"{z.site}/app/fresh", follow=False).status == 302, 30, "age")
    page = visitor.get(f"{z.site}/app/fresh")
    assert page.status == 200 and "max_age=8" in trips(page)[0]
    # Another browser with a login of its own has to step up itself.
    other = Browser(pki)
    assert other.get(f"{z.site}/app/page").status == 200
    assert other.get(f"{z.site}/app/pay/1", follow=False).status == 302


@pytest.mark.parametrize("outside", ("http", "https"))
def test_its_cookie_is_as_secure_as_the_page_is_from_outside(site, pki, outside):  # noqa: F811
    z = site(stage=2, rules=WEB_RULES, issuer_text=ACR,
             vhost_text=f"{STEP_UP}OIDCRedirectURI /app/callback\nZTAOrigin {outside}://localhost")
    visitor = Browser(pki)
    assert visitor.get(f"{z.site}/app/page").status == 200
    page = visitor.get(f"{z.site}/app/pay/1", follow=False)
    [cookie] = [text for text in page.headers.get_all("Set-Cookie") if text.startswith("zta-step-up-")]
    assert page.status == 302 and f"target_link_uri={outside}%3A%2F%2Flocalhost%2F" in page.headers["Location"]
    assert cookie.endswith("; HttpOnly; SameSite=Lax" + ("; Secure" if outside == "https" else ""))


def test_a_browser_is_not_sent_round_in_circles(site, pki):  # noqa: F811
    z = site(stage=2, rules=WEB_RULES, issuer_text=ACR, vhost_text=STEP_UP, ignores_acr=True)
    visitor = Browser(pki)
    assert visitor.get(f"{z.site}/app/page").status == 200
    # The server gives the old login again, and again.
    page = visitor.get(f"{z.site}/app/pay/1")
    assert page.status == 403 and 1 <= len(trips(page)) <= 3, page.visited
    assert event_of(z, page)["reason"] == "step_up_unsatisfied"
    assert not trips(visitor.get(f"{z.site}/app/pay/1"))
    # It makes a new one, as weak as the old: in one second the two are not told apart.
    login = now()
    wait_for(lambda: now() > login + 2, what="a login that is too old")
    page = visitor.get(f"{z.site}/app/new")
    assert page.status == 403 and 1 <= len(trips(page)) <= 3, page.visited
    assert visitor.get(f"{z.site}/app/page").status == 200


def parameters(answer):
    """What the challenge asks for, as a client reads it."""
    return dict(re.findall(r'(\w+)="([^"]*)"', answer.header("WWW-Authenticate")))


@pytest.mark.parametrize("alg", ("RS256", "opaque"))
def test_a_client_does_what_it_is_told_and_enters(zta, pki, authserver, alg):
    z = asking(zta(start=False, stage=2, accept="as", credentials="header", vhost_text=STEP_UP, rules=(
        "allow readers\n  when path /**\n  need scope read@as\n\n"
        f"require strong\n  when path /vault/**\n  need acr >= {MFA}\n  else step-up acr={MFA}\n\n"
        "require fresh\n  when path /vault/fresh\n  need auth-age <= 8s\n  else step-up max-age=8s\n")),
        authserver, pki, ACR)
    jar = http.cookiejar.CookieJar()

    def get(target, tokens):
        return z.get(target, token=tokens["access_token"])

    weak = authserver.login("alice", alg, jar=jar)
    assert get("/desk/x", weak).status == 200
    refused = get("/vault/x", weak)
    asked = parameters(refused)
    assert refused.status == 401 and asked["acr_values"] == MFA and "max_age" not in asked
    assert not z.backend.reached("/vault")
    # The login as it is and its refresh are no stronger.
    assert get("/vault/x", authserver.refresh(weak)).status == 401
    strong = authserver.login("alice", alg, jar=jar, acr_values=asked["acr_values"])
    assert get("/vault/x", strong).status == 200 and get("/vault/fresh", strong).status == 200
    # What the login of before gave stays what it was; so does what somebody stole of it.
    assert get("/vault/x", weak).status == 401 and get("/vault/x", strong).status == 200
    if alg == "RS256":
        # It grows old, by refreshing too, and is challenged for that alone.
        old = wait_for(lambda: (lambda answer: answer if answer.status == 401 else None)(
            get("/vault/fresh", strong)), 30, "age")
        asked = parameters(old)
        assert asked["max_age"] == "8" and "acr_values" not in asked
        assert get("/vault/fresh", authserver.refresh(strong)).status == 401
        fresh = authserver.login("alice", alg, jar=jar, acr_values=MFA, max_age=asked["max_age"])
        assert get("/vault/fresh", fresh).status == 200
        assert get("/vault/fresh", strong).status == 401
    # A login that is weak again, made because it was asked for.
    login = now()
    wait_for(lambda: now() > login + 1, what="another second")
    again = authserver.login("alice", alg)
    assert get("/vault/x", again).status == 403 and get("/desk/x", again).status == 200
    if alg == "RS256":
        # The order of ZTAAcr reached ztactl, too.
        said = [z.json("ask", "subject=alice@as", "scope=read", "path=/vault/x", "method=GET",
                       f"acr={acr}") for acr in (PWD, "urn:example:phr")]
        assert [s["verdict"]["outcome"] for s in said] == ["step_up", "allow"], said
