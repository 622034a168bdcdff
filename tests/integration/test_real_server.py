# SPDX-License-Identifier: Apache-2.0
"""The real authorization server: logouts over its back channel, stronger logins, every algorithm it
signs with, outage, nonces and revocation."""

import http.cookiejar
import json
import re
import time

import pytest

from support.authserver import ACRS, BROWSER_CALLBACK, EVERY_ALGORITHM, claims_of
from support.browser import Browser
from support.clock import Clock
from support.dpop import Prover
from support.issuer import b64u_decode
from support.local import wait_for
from test_introspection import write_secret
from test_issuers import DOWN, statuses, wait_for_pass
from test_openidc import LOGIN, MODULES

PLACE = "/zta/logout"
HANDLER = f"<Location {PLACE}>\nSetHandler zta-logout\n</Location>"
PWD, MFA = ACRS


def issuer_block(server, pki, more=""):
    """<ZTAIssuer as> by discovery, for tokens of every algorithm the server signs with."""
    audiences = " ".join(server.audience(alg) for alg in server.algorithms)
    return (f"ZTAVerifyLimit off\nZTACAFile {pki.ca.cert}\n<ZTAIssuer as {server.issuer}>\n"
            f"ZTAAudience {audiences} https://web.test\nZTAKeys discover\n"
            f"ZTAAlgorithms {' '.join(EVERY_ALGORITHM)}\n{more}\n</ZTAIssuer>")


def header_of(token):
    return json.loads(b64u_decode(token.split(".")[0]))


def start(z):
    """Starts the gateway, and is back when it has the keys."""
    z.start()
    wait_for(lambda: any(i["name"] == "as" and i["state"] == "good" for i in z.json("issuers")),
             what="the keys of the real server")
    return z


# ---- logout over the back channel ----

@pytest.fixture
def logged_out(zta, pki, own_authserver):
    """Factory: (gateway, server); the server tells the gateway over TLS of every logout."""
    def make(has_logout_sid=True, audience="webapp browser", more="", **options):
        z = zta(start=False, accept="as", tls=True, **{"credentials": "header", **options})
        server = own_authserver(logout_uri=f"https://localhost:{z.httpd.tls_port}{PLACE}",
                                has_logout_sid=has_logout_sid)
        z.global_text = issuer_block(server, pki, f"ZTALogoutAudience {audience}\n{more}")
        z.vhost_text = HANDLER
        return z, server
    return make


@pytest.mark.mpm
def test_a_logout_at_the_real_server_ends_that_session_alone(logged_out):
    z, server = logged_out()
    start(z)
    jars = [http.cookiejar.CookieJar() for _ in range(3)]
    out, other, bob = [server.login(user, jar=jar) for user, jar in zip(("alice", "alice", "bob"), jars)]
    again = server.refresh(out)
    tokens = [t["access_token"] for t in (out, again, other, bob)]
    assert claims_of(tokens[0])["sid"] == claims_of(tokens[1])["sid"] != claims_of(tokens[2])["sid"]
    assert [z.get("/x", token=t).status for t in tokens] == [200, 200, 200, 200]
    server.end_session(jars[0])
    # The server answers behind the proxy's 200: there is nothing to wait for.
    refused = z.get("/x", token=tokens[0])
    assert refused.status == 401 and 'error="invalid_token"' in refused.header("WWW-Authenticate")
    assert [z.get("/x", token=t).status for t in tokens] == [401, 401, 200, 200]
    event = wait_for(lambda: [e for e in z.events() if e["reason"] == "revoked"], what="the event")[0]
    assert "revoked by signal" in z.ctl("explain", event["id"]).stdout
    assert any("ZTA0086: issuer as ended a session" in line for line in z.httpd.error_lines())
    assert z.get("/x", token=server.login("alice")["access_token"]).status == 200
    server.end_session(jars[1])
    assert [z.get("/x", token=t).status for t in tokens] == [401, 401, 401, 200]
    z.reload()
    assert [z.get("/x", token=t).status for t in tokens] == [401, 401, 401, 200]


def test_a_logout_of_the_subject_ends_all_of_its_logins(logged_out):
    z, server = logged_out(has_logout_sid=False, more="ZTALeeway 0")
    start(z)
    jar = http.cookiejar.CookieJar()
    tokens = [server.login("alice", jar=jar), server.login("alice"), server.login("bob")]
    tokens = [t["access_token"] for t in tokens]
    assert [z.get("/x", token=t).status for t in tokens] == [200, 200, 200]
    server.end_session(jar)
    assert [z.get("/x", token=t).status for t in tokens] == [401, 401, 200]
    assert any("ZTA0086: issuer as ended a subject" in line for line in z.httpd.error_lines())

    # Who logs in later than in that second is in again.
    def passes():
        return z.get("/x", token=server.login("alice")["access_token"]).status == 200
    wait_for(passes, what="a login behind the logout")
    assert [z.get("/x", token=t).status for t in tokens] == [401, 401, 200]


@pytest.mark.parametrize("has_logout_sid", [True, False], ids=["sid", "sub"])
def test_a_logout_at_the_real_server_ends_a_session_of_the_login_module(logged_out, pki, has_logout_sid):
    z, server = logged_out(has_logout_sid, credentials="openidc", modules=MODULES)
    z.httpd.allow_log("the URL scheme .http. of the configured OIDCRedirectURI")
    z.vhost_text += f"\n{server.openidc(z.httpd.port)}\n{LOGIN}"
    start(z)
    site = BROWSER_CALLBACK.replace("localhost", f"localhost:{z.httpd.port}").replace("callback", "page")
    visitor, second = Browser(pki), Browser(pki)
    assert visitor.get(site).status == second.get(site).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == "alice"
    server.end_session(visitor.jar)
    assert visitor.get(site, follow=False).status == 401
    assert second.get(site, follow=False).status == (200 if has_logout_sid else 401)


def test_a_logout_for_another_client_is_refused_and_ends_nothing(logged_out):
    z, server = logged_out(audience="browser")
    start(z)
    jar = http.cookiejar.CookieJar()
    token = server.login("alice", jar=jar)["access_token"]
    assert z.get("/x", token=token).status == 200
    with pytest.raises(AssertionError, match="got: 400 Bad Request"):
        server.end_session(jar)
    assert any("ZTA0087: logout refused, aud holds none of ZTALogoutAudience" in line
               for line in z.httpd.error_lines())
    assert z.get("/x", token=token).status == 200


# ---- from one login to a stronger one ----

@pytest.mark.mpm
def test_a_place_that_asks_for_more_opens_after_a_stronger_login(zta, pki, authserver):
    z = start(zta(start=False, stage=2, accept="as", credentials="header",
                  global_text=issuer_block(authserver, pki), rules=(
                      "allow readers\n  when path /**\n  need scope read@as\n\n"
                      f"require strong\n  when path /vault/**\n  need acr {MFA}\n")))
    jar = http.cookiejar.CookieJar()
    weak = authserver.login("alice", jar=jar)
    assert claims_of(weak["access_token"])["acr"] == PWD
    assert z.get("/desk/x", token=weak["access_token"]).status == 200
    refused = z.get("/vault/x", token=weak["access_token"])
    assert refused.status == 403 and not z.backend.reached("/vault")
    event = wait_for(lambda: [e for e in z.events() if e["status"] == 403], what="the event")[0]
    assert (event["reason"], event["rule"]) == ("rule_denied", "strong")
    assert MFA in z.ctl("explain", event["id"]).stdout
    # The same session again is no stronger; nor is a refresh.
    same = authserver.login("alice", jar=jar)
    for tokens in (same, authserver.refresh(weak)):
        assert claims_of(tokens["access_token"])["acr"] == PWD
        assert z.get("/vault/x", token=tokens["access_token"]).status == 403
    strong = authserver.login("alice", jar=jar, amr=("pwd", "otp"), acr_values=MFA)
    assert claims_of(strong["access_token"])["acr"] == MFA
    assert z.get("/vault/x", token=strong["access_token"]).status == 200
    assert z.get("/desk/x", token=strong["access_token"]).status == 200
    # What the first login gave stays what it was.
    assert z.get("/vault/x", token=weak["access_token"]).status == 403
    assert z.get("/vault/x", token=authserver.refresh(strong)["access_token"]).status == 200


# ---- every algorithm, outage, nonces, revocation ----

@pytest.mark.mpm
def test_tokens_of_every_algorithm_pass_and_only_as_they_were_signed(zta, pki, own_authserver):
    server = own_authserver(algorithms=EVERY_ALGORITHM)
    z = start(zta(start=False, accept="as", credentials="header", global_text=issuer_block(server, pki)))
    tokens = {alg: server.client_token(alg=alg) for alg in EVERY_ALGORITHM}
    for alg, token in tokens.items():
        assert z.get("/x", token=token).status == 200, alg
        head, payload, signature = token.split(".")
        other = tokens["RS256" if alg != "RS256" else "PS256"].split(".")
        changed = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
        for forged in ((head, payload, changed), (head, other[1], signature), (other[0], payload, signature),
                       (head, payload, other[2])):
            assert z.get("/x", token=".".join(forged)).status == 401, alg
    # The same keys and tokens where the issuer may use one algorithm alone.
    z.httpd.allow_log("ZTA0081: issuer as")
    for accepted in ("RS512", "Ed25519"):
        z.global_text = re.sub("ZTAAlgorithms .*", f"ZTAAlgorithms {accepted}", z.global_text)
        z.reload()
        wait_for_pass(z, tokens[accepted])
        assert [a for a, t in tokens.items() if z.get("/x", token=t).status == 200] == [accepted]


def test_keys_of_the_real_server_overlap_and_end_without_a_restart_here(zta, pki, own_authserver):
    server = own_authserver()
    z = zta(start=False, accept="as", credentials="header", global_text=issuer_block(server, pki))
    z.httpd.allow_log(DOWN)
    start(z)
    children = z.httpd.children()
    first = server.client_token()
    server.stop()
    server.start(keeps_keys=True)
    second = server.client_token()
    assert header_of(first)["kid"] != header_of(second)["kid"]
    wait_for_pass(z, second)
    assert statuses(z, first, 20) == statuses(z, second, 20) == {200}
    server.stop()
    server.start(keeps_keys=True)
    third = server.client_token()
    # Fetches for unknown keys are half a minute apart; an operator need not wait.
    z.ctl("issuers", "refresh", "as", "--reason", "rotation")
    wait_for(lambda: statuses(z, third, 10) == {200}, what="the third key")
    assert [statuses(z, t, 20) for t in (second, third)] == [{200}, {200}]
    assert statuses(z, first, 20) == {401}
    assert z.httpd.children() == children


def test_an_outage_of_the_real_server_is_bridged_for_the_grace_time(zta, pki, own_authserver):
    server = own_authserver()
    z = zta(start=False, accept="as", credentials="header",
            global_text=issuer_block(server, pki, "ZTAKeysStale 6s"))
    z.httpd.allow_log(DOWN)
    start(z)
    token = server.client_token()
    assert statuses(z, token, 10) == {200}
    server.stop()
    z.restart()
    assert statuses(z, token, 10) == {200}
    answer = wait_for(lambda: (r := z.get("/x", token=token)).status != 200 and r, 15,
                      what="the end of the grace time")
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0
    event = wait_for(lambda: [e for e in z.events() if e["status"] == 503], what="the event")[0]
    assert event["reason"] == "issuer_unavailable"
    server.start()
    wait_for_pass(z, server.client_token())
    # The keys of then are gone; that they do not come back is asked once more.
    wait_for(lambda: statuses(z, token, 10) == {401}, what="the end of the old keys")


def test_nonces_of_the_real_server_and_of_the_proxy_are_their_own(zta, pki, own_authserver):
    server = own_authserver(wants_nonces=True)
    origin = "https://api.example.test"
    z = start(zta(start=False, accept="as", credentials="header", global_text=issuer_block(server, pki),
                  vhost_text=f"ZTAOrigin {origin}\nZTADPoP required nonce"))
    started = int(time.time())
    wait_for(lambda: int(time.time()) > started, what="the second in which every proof needs a nonce")
    prover, uri, now = Prover(), f"{server.issuer}/token", {"iat": int(time.time())}
    given = server.dpop_nonce("svc-dpop", prover.proof("POST", uri, claims=now))
    token = server.client_token("svc-dpop", proof=prover.proof("POST", uri, nonce=given, claims=now))

    def send(nonce=None, by=prover):
        return z.get("/x", headers=by.headers("GET", f"{origin}/x", token, nonce=nonce))
    for nonce in (None, given):
        asked = send(nonce)
        assert asked.status == 401 and 'error="use_dpop_nonce"' in asked.header("WWW-Authenticate")
    nonce = asked.header("DPoP-Nonce")
    assert send(nonce).status == 200
    assert z.backend.last.header("X-ZTA-Client") == "svc-dpop"
    assert send(nonce, Prover()).status == 401
    assert z.get("/x", token=token).status == 401


def asking(z, server, pki, more=""):
    """Makes the gateway ask the server about the resource opaque."""
    secret = write_secret(z, server.secret("gateway"))
    z.global_text = issuer_block(server, pki, (
        f"ZTAAudience {server.audience('opaque')}\n"
        f"ZTAIntrospect discover client=gateway secret=file:{secret}\n{more}"))
    return start(z)


def test_an_opaque_token_that_is_revoked_at_the_server_ends_within_a_minute(zta, pki, authserver, directory):
    clock = Clock(directory)
    z = asking(zta(start=False, accept="as", credentials="header", env=clock.env), authserver, pki)
    token, kept = [authserver.client_token(alg="opaque") for _ in range(2)]
    assert [z.get("/x", token=t).status for t in (token, kept)] == [200, 200]
    authserver.revoke(token, "svc")
    clock.set(61)
    assert [z.get("/x", token=t).status for t in (token, kept)] == [401, 200]
    event = wait_for(lambda: [e for e in z.events() if e["status"] == 401], what="the event")[0]
    assert event["reason"] == "bad_credential" and "not active" in event["detail"]
    # A logout that ends the grant ends its opaque token the same way.
    tokens = authserver.login("carol", "opaque")
    assert z.get("/x", token=tokens["access_token"]).status == 200
    authserver.revoke(tokens["refresh_token"], "webapp")
    clock.set(122)
    assert z.get("/x", token=tokens["access_token"]).status == 401


def test_opaque_tokens_are_bound_to_their_certificate(zta, pki, authserver):
    z = asking(zta(start=False, accept="as", credentials="header", tls=True, verify_client="optional"),
               authserver, pki)
    token = authserver.certificate_token(pki.client_a, alg="opaque")
    assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 200
    assert z.backend.last.header("X-ZTA-Client") == "svc-mtls"
    for how in ({"certificate": pki.client_b, "tls": True}, {"tls": True}, {}):
        assert z.get("/x", token=token, **how).status == 401
    assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 200
