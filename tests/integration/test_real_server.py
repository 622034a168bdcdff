# SPDX-License-Identifier: Apache-2.0
"""What the real authorization server says over its back channel, and logins it makes stronger."""

import http.cookiejar

import pytest

from support.authserver import ACRS, ALGORITHMS, BROWSER_CALLBACK, claims_of
from support.browser import Browser
from support.local import wait_for
from test_openidc import LOGIN, MODULES

PLACE = "/zta/logout"
HANDLER = f"<Location {PLACE}>\nSetHandler zta-logout\n</Location>"
PWD, MFA = ACRS


def issuer_block(server, pki, more=""):
    """<ZTAIssuer as> by discovery, for the audience of user tokens signed with RS256."""
    return (f"ZTAVerifyLimit off\nZTACAFile {pki.ca.cert}\n<ZTAIssuer as {server.issuer}>\n"
            f"ZTAAudience {server.audience()} https://web.test\nZTAKeys discover\n"
            f"ZTAAlgorithms {' '.join(ALGORITHMS)}\n{more}\n</ZTAIssuer>")


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
