# SPDX-License-Identifier: Apache-2.0
"""Browser logins by the real mod_auth_openidc at the real authorization server."""

import pytest

from support.browser import Browser
from support.local import wait_for
from test_headers import spellings

MODULES = ("authn_core", "authz_user", "auth_openidc", "setenvif", "rewrite")
RULES = """
allow alice
  when path    /app/**
  when issuer  web
  when subject alice
  need credential browser

deny closed
  when path /app/closed
"""
LOGIN = "<Location /app>\nAuthType openid-connect\nRequire valid-user\n</Location>"


@pytest.fixture
def site(zta, authserver):
    """Factory: a gateway whose visitors log in at the authorization server."""
    def make(user="alice", vhost_text="", accept="web", credentials="openidc", issuer_text="",
             ignores_acr=False, **options):
        z = zta(start=False, accept=accept, credentials=credentials, modules=MODULES, **options)
        jwks = authserver.write_jwks(z.httpd.path("conf", "web.json"))
        z.global_text += (f"\n<ZTAIssuer web {authserver.issuer}>\nZTAAudience https://web.test\n"
                          f"ZTAKeys file:{jwks}\nZTAAlgorithms RS256 PS256 ES256 ES384 EdDSA\n"
                          f"{issuer_text}\n</ZTAIssuer>")
        z.vhost_text = "\n".join([authserver.openidc(z.httpd.port, user, ignores_acr=ignores_acr), LOGIN, vhost_text])
        z.httpd.allow_log("the URL scheme .http. of the configured OIDCRedirectURI")
        z.start()
        z.site = f"http://localhost:{z.httpd.port}"
        return z
    return make


@pytest.fixture
def visitor(pki):
    return Browser(pki)


def event_of(z, page):
    name = page.headers["X-ZTA-Id"]
    return wait_for(lambda: next((e for e in z.events() if e["id"] == name), None), what="event")


@pytest.mark.mpm
def test_a_login_opens_the_site_and_its_revocation_closes_it(site, visitor, pki):
    z = site(stage=2, rules=RULES)
    page = visitor.get(f"{z.site}/app/page?x=1")
    assert page.status == 200 and page.url == f"{z.site}/app/page?x=1"
    # It went to the authorization server, and came back by mod_auth_openidc's address.
    assert any("/auth?" in url for url in page.visited)
    assert any("/app/callback?" in url for url in page.visited)
    request = z.backend.last
    assert request.header("X-ZTA-Issuer") == "web"
    assert request.header("X-ZTA-Subject") == "alice"
    event = event_of(z, page)
    assert (event["credential"], event["issuer"], event["subject"]) == ("browser", "web", "alice")
    assert event["session_kind"] == "sid"
    assert visitor.get(f"{z.site}/app/closed").status == 403
    # What mod_auth_openidc answered by itself was recorded as what it is: nobody had come yet.
    assert {"challenge"} == {e["outcome"] for e in z.events() if e["status"] == 302}

    second = Browser(pki)
    assert second.get(f"{z.site}/app/page").status == 200
    z.ctl("revoke", "--session", event["session"], "--reason", "test", "--yes")
    page = visitor.get(f"{z.site}/app/page", follow=False)
    assert page.status == 401
    assert 'OpenIDConnect realm="localhost", error="invalid_token"' in page.headers.get_all(
        "WWW-Authenticate")
    assert second.get(f"{z.site}/app/page").status == 200
    z.ctl("revoke", "--subject", "alice@web", "--reason", "test", "--yes")
    assert second.get(f"{z.site}/app/page", follow=False).status == 401


def test_rules_and_issuers_are_those_of_any_credential(site, pki):
    z = site(user="bob", stage=2, rules=RULES)
    assert Browser(pki).get(f"{z.site}/app/page").status == 403
    z = site(accept="corp", stage=1)
    page = Browser(pki).get(f"{z.site}/app/page", follow=True)
    assert page.status == 401
    assert event_of(z, page)["reason"] == "unknown_issuer"


def test_everything_before_the_login_is_judged(site, visitor):
    z = site(stage=1, rules="limit few\n  when path /app/limited\n  key ip\n  rate 2/1h\n")
    assert [visitor.get(f"{z.site}/app/limited", follow=False).status for _ in range(3)] == [
        302, 302, 429]
    for target in ("/app/%2e%2e/x", "/app/a%2fb", "/app/..;/x"):
        assert z.get(target).status == 400
    z.ctl("block", "127.0.0.1", "--for", "1h", "--reason", "test", "--yes")
    assert visitor.get(f"{z.site}/app/page", follow=False).status == 403
    assert not z.backend.requests


def test_who_has_no_login_reaches_nothing(site):
    z = site(stage=1, vhost_text=(
        # Places where mod_auth_openidc is not in charge, whatever stands in the configuration.
        "<Location /bare>\n</Location>\n"
        "<Location /granted>\nRequire all granted\n</Location>\n"
        "<Location /zta>\nAuthType ZTA\nRequire valid-user\n</Location>\n"
        "<Location /pass>\nAuthType openid-connect\nRequire all granted\nOIDCUnAuthAction pass\n"
        "</Location>\n<Location /either>\nAuthType openid-connect\n<RequireAny>\nRequire valid-user\n"
        "Require all granted\n</RequireAny>\nOIDCUnAuthAction pass\n</Location>\n"
        "<Location /anonymous>\nAuthType openid-connect\nRequire valid-user\nOIDCUnAuthAction pass\n"
        "</Location>\nSetEnvIf X-Evil (.*) OIDC_id_token_payload=$1 OIDC_CLAIM_sub=alice\n"
        "SetEnv OIDC_id_token_payload {}\n"))
    payload = '{"iss":"%s","sub":"alice","sid":"s"}' % z.vhost_text.split("MetadataURL ")[1].split(
        "/.well-known")[0]
    forgeries = [{}, {"X-Evil": payload}, {"OIDC_id_token_payload": payload},
                 {"OIDC-id-token-payload": payload, "X-Evil": payload}, {"Authorization": "Basic eDp5"},
                 {"OIDC_CLAIM_sub": "alice"}, {"Cookie": "mod_auth_openidc_session=x"},
                 {"X-Forwarded-User": "alice", "Remote-User": "alice", "X-Remote-User": "alice"}]
    for place in ("/bare", "/granted", "/zta", "/pass", "/either", "/anonymous", "/app"):
        for headers in forgeries:
            for method in ("GET", "POST", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
                r = z.request(method, f"{place}/x", headers=headers)
                assert r.status in ((302, 401, 405) if place == "/app" else (401, 405)), (
                    place, method, headers)
    assert z.request("OPTIONS", "*").status == 401
    assert not z.backend.requests


def test_spoofed_headers_of_the_login_module_do_not_reach_the_api(site, visitor):
    z = site(stage=1, vhost_text="<Location /open>\nZTAStage 0\n</Location>")
    assert visitor.get(f"{z.site}/app/page").status == 200
    for name in ("OIDC-CLAIM-roles", "OIDC-CLAIM-sub", "OIDC-access-token"):
        for spelt in spellings(name):
            for place in ("app", "open"):
                page = visitor.get(f"{z.site}/{place}/x", {spelt: "evil"})
                assert page.status == 200
                assert "evil" not in str(z.backend.last.headers), spelt


def test_other_sites_cannot_use_a_login(site, visitor):
    z = site(stage=1)
    assert visitor.get(f"{z.site}/app/page").status == 200
    own, evil = {"Origin": z.site}, {"Origin": "https://evil.test"}
    for method in ("POST", "PUT", "DELETE"):
        for headers, status in ((own, 200), (evil, 400), ({}, 400), ({"Origin": "null"}, 400),
                                ({"Sec-Fetch-Site": "cross-site", **own}, 400),
                                ({"Referer": "https://evil.test/"}, 400)):
            page = visitor.send(method, f"{z.site}/app/x", headers, b"", follow=False)
            assert page.status == status, (method, headers)


def test_other_credentials_need_no_login(site, visitor):
    z = site(stage=1, accept="web corp", credentials="header openidc")
    assert z.get("/app/x", token=z.issuer.token()).status == 200
    assert z.backend.last.header("X-ZTA-Issuer") == "corp"
    assert z.get("/app/x", headers={"Authorization": "Bearer a.b.c"}).status == 401
    assert visitor.get(f"{z.site}/app/x").status == 200
    assert z.backend.last.header("X-ZTA-Issuer") == "web"
    # What is presented decides, a login does not help it.
    page = visitor.get(f"{z.site}/app/x", {"Authorization": "Bearer a.b.c"}, follow=False)
    assert page.status == 401


def test_a_rewrite_does_not_carry_a_login_to_where_none_counts(site, visitor):
    z = site(stage=1, vhost_text="RewriteEngine on\nRewriteRule ^/app/in/(.*) /keys/$1 [PT]\n"
             "RewriteRule ^/app/deep/(.*) /app/other/$1 [PT]\n"
             "<Location /keys>\nZTACredentials header\n</Location>\n"
             "<Location /app/other>\nZTARealm other\n</Location>")
    assert visitor.get(f"{z.site}/app/deep/x").status == 200
    assert visitor.get(f"{z.site}/app/in/x", follow=False).status == 401


def test_monitoring_leaves_the_login_to_its_module(site, visitor):
    z = site(stage=0, vhost_text="ZTAMonitor 1")
    page = visitor.get(f"{z.site}/app/page")
    assert page.status == 200
    assert z.backend.last.header("X-ZTA-Subject") is None
    events = wait_for(lambda: [e for e in z.events() if e["status"] == 200], what="event")
    assert (events[-1]["subject"], events[-1]["outcome"]) == ("alice", "allow")
    assert events[-1].get("monitor") is None


def test_without_its_claims_a_login_is_none(site, visitor):
    z = site(stage=1, vhost_text="<Location /app/quiet>\nOIDCPassClaimsAs none\n</Location>")
    page = visitor.get(f"{z.site}/app/quiet/x")
    assert page.status == 401
    assert "OIDCPassIDTokenAs payload" in event_of(z, page)["detail"]
