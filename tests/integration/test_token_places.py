# SPDX-License-Identifier: Apache-2.0
"""Tokens in a cookie or in the query: read, taken out, refused where another site could send them."""

import pytest

from support.leaks import allow
from support.local import wait_for

PLACES = "header query cookie:zta"


@pytest.fixture
def z(zta):
    return zta(credentials=PLACES, vhost_text="UseCanonicalName Off")


def cookie(token, *others):
    return {"Cookie": "; ".join([*others[:1], f"zta={token}", *others[1:]])}


def own(z):
    return f"http://localhost:{z.httpd.port}"


def send(z, method, headers, target="/x", **options):
    options.setdefault("host", f"localhost:{z.httpd.port}")
    return z.request(method, target, headers=headers, **options)


# ---- the cookie ----

@pytest.mark.mpm
def test_a_token_in_its_cookie_opens_and_goes_no_further(z):
    token = z.issuer.token()
    for header, rest in ((f"zta={token}", None), (f"a=1; zta={token}; b=2", "a=1; b=2"),
                         (f"zta={token};b=2", "b=2"), (f"a=1;zta={token}", "a=1")):
        assert z.get("/x", headers={"Cookie": header}).status == 200
        assert z.backend.last.header("Cookie") == rest
        assert z.backend.last.header("X-ZTA-Subject") == "alice"
    assert z.get("/x", headers={"Cookie": "a=1"}).status == 401
    assert z.get("/x", headers={"Cookie": f"ZTA={token}"}).status == 401
    assert z.get("/x", token=token, headers={"Cookie": "a=1"}).status == 200
    assert z.backend.last.header("Cookie") == "a=1"


def test_over_http2_the_cookie_may_come_in_crumbs(z):
    token = z.issuer.token()
    r = z.h2("/x", headers=[("Cookie", "a=1"), ("Cookie", f"zta={token}"), ("Cookie", "b=2")])
    assert r.status == 200
    assert z.backend.last.header("Cookie") == "a=1; b=2"
    r = z.h2("/x", headers=[("Cookie", f"zta={token}"), ("Cookie", f"zta={token}")])
    assert r.status == 400


def test_the_cookie_stays_where_the_credential_is_forwarded(zta):
    z = zta(credentials=PLACES, vhost_text="ZTAForward identity authorization")
    token = z.issuer.token()
    assert z.get("/x", headers={"Cookie": f"a=1; zta={token}"}).status == 200
    assert z.backend.last.header("Cookie") == f"a=1; zta={token}"


def test_two_credentials_are_no_credential(z):
    token = z.issuer.token()
    attacks = [
        ("/x", [("Authorization", f"Bearer {token}"), ("Cookie", f"zta={token}")]),
        ("/x", [("Authorization", f"DPoP {token}"), ("Cookie", f"zta={token}")]),
        ("/x", [("Cookie", f"zta={token}; zta={token}")]),
        ("/x", [("Cookie", f"zta={token}"), ("Cookie", f"zta={token}")]),
        ("/x", [("Cookie", "a=1"), ("Cookie", f"zta={token}")]),
        ("/x", [("Cookie", f"zta={token}, b=2")]),
        ("/x", [("Cookie", f'zta="{token}"')]),
        ("/x", [("Cookie", "zta=")]),
        ("/x", [("Cookie", "zta")]),
        (f"/x?access_token={token}", [("Authorization", f"Bearer {token}")]),
        (f"/x?access_token={token}", [("Cookie", f"zta={token}")]),
        (f"/x?access_token={token}&access_token={token}", []),
        (f"/x?access_token={token}&access%5ftoken={token}", []),
        (f"/x?access_token={token};Access_Token={token}", []),
        (f"/x?access_token={token}&access_token", []),
        ("/x?access_token=", []),
        ("/x?access_token=a+b", []),
        ("/x?access_token=%", []),
        ("/x?access_token=%00", []),
    ]
    for target, headers in attacks:
        r = z.get(target, headers=headers)
        assert r.status == 400, (target, headers)
        assert 'error="invalid_request"' in r.header("WWW-Authenticate")
    assert not z.backend.requests


def test_an_api_key_is_not_read_where_tokens_are(z):
    key = z.json("keys", "create", "--name", "k")["key"]
    assert z.get("/x", headers={"Authorization": f"Bearer {key}"}).status == 200
    assert z.get("/x", headers=cookie(key)).status == 401
    assert z.get(f"/x?access_token={key}").status == 401


# ---- other sites ----

def foreign(z):
    yield from ({}, {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": ""},
                {"Origin": f"https://localhost:{z.httpd.port}"}, {"Origin": "http://localhost"},
                {"Origin": f"{own(z)}.evil.test"}, {"Origin": f"{own(z)}, https://evil.test"},
                {"Origin": f"{own(z)}/"},
                {"Origin": f"http://api.localhost:{z.httpd.port}"},
                {"Referer": "https://evil.test/"}, {"Referer": f"{own(z)}@evil.test/"},
                {"Referer": f"https://evil.test/?{own(z)}/"}, {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
                {"Sec-Fetch-Site": "cross-site", "Origin": own(z)},
                {"Origin": "https://evil.test", "Referer": f"{own(z)}/page"},
                {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"})


@pytest.mark.mpm
def test_no_other_site_uses_the_cookie(z):
    token = z.issuer.token()
    for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
        for headers in foreign(z):
            r = send(z, method, {**cookie(token), **headers}, body="")
            assert r.status == 400, (method, headers)
    for headers in foreign(z):
        r = send(z, "GET", {**cookie(token), **headers, "Upgrade": "websocket",
                            "Connection": "Upgrade"})
        assert r.status == 400, headers
    assert not z.backend.requests
    assert {e["reason"] for e in wait_for(z.events, what="events")} == {"bad_request"}


def test_the_hosts_own_name_in_host_does_not_make_a_site_own(z):
    headers = {**cookie(z.issuer.token()), "Origin": "http://evil.test"}
    assert send(z, "POST", headers, host="evil.test", body="").status == 400


def test_behind_a_terminator_the_site_is_called_as_zta_origin_says(zta):
    z = zta(credentials=PLACES, vhost_text="ZTAOrigin https://API.example.test:443")
    token = z.issuer.token()
    for headers, status in (({"Origin": "https://api.example.test"}, 200),
                            ({"Referer": "https://api.example.test/page"}, 200),
                            ({"Origin": "http://api.example.test"}, 400),
                            ({"Origin": "https://api.example.test:8443"}, 400),
                            ({"Referer": "https://api.example.test.evil.test/"}, 400),
                            ({"Origin": own(z)}, 400)):
        assert send(z, "POST", {**cookie(token), **headers}, body="").status == status, headers


def test_pages_of_the_site_use_the_cookie(z):
    token = z.issuer.token()
    for headers in ({"Origin": own(z)}, {"Origin": own(z).upper()}, {"Referer": f"{own(z)}/page?x"},
                    {"Sec-Fetch-Site": "same-origin"},
                    {"Sec-Fetch-Site": "same-origin", "Origin": own(z)}):
        for method in ("POST", "DELETE"):
            assert send(z, method, {**cookie(token), **headers}, body="").status == 200, headers
    for method in ("GET", "HEAD"):
        assert send(z, method, {**cookie(token), "Origin": "https://evil.test"}).status == 200
    # A token that a script has to add by itself is not sent by another site's page.
    r = send(z, "POST", {"Authorization": f"Bearer {token}", "Origin": "https://evil.test"}, body="")
    assert r.status == 200


# ---- the query ----

@pytest.mark.mpm
def test_a_token_in_the_query_opens_and_is_seen_nowhere(z):
    token = z.issuer.token()
    for query, rest in ((f"access_token={token}", ""), (f"a=1&access_token={token}&b=2", "?a=1&b=2"),
                        (f"access%5Ftoken={token}&b=%2F", "?b=%2F"),
                        (f"ACCESS_TOKEN={token}", "")):
        r = z.get(f"/x?{query}")
        assert r.status == 200
        assert z.backend.last.target == f"/x{rest}"
        assert token not in str(z.backend.last.headers)
        assert r.header("Cache-Control") == "private, no-store"
        assert r.header("Referrer-Policy") == "no-referrer"
    bad = token[:-8] + "AAAAAAAA"
    assert z.get(f"/x?access_token={bad}&secret=1").status == 401
    # What is refused before anybody asks who comes.
    assert z.get(f"/x/%2e%2e/x?access_token={token}").status == 400
    z.ctl("block", "127.0.0.1", "--for", "1h", "--reason", "test", "--yes")
    assert z.get(f"/x?access_token={token}").status == 403
    z.httpd.stop()
    for name in ("access.log", "error.log"):
        with open(z.httpd.path("logs", name), encoding="utf-8") as f:
            text = f.read()
        assert token not in text and bad not in text and "access_token" not in text, name
    events = str(z.events())
    assert token not in events and bad not in events


def test_over_http2_the_query_is_taken_out_too(z):
    token = z.issuer.token()
    assert z.h2(f"/x?access_token={token}&a=1").status == 200
    assert z.backend.last.target == "/x?a=1"
    z.httpd.stop()
    with open(z.httpd.path("logs", "access.log"), encoding="utf-8") as f:
        assert token not in f.read()


def test_what_the_api_says_of_caching_does_not_hold_for_a_token_in_the_query(z):
    token = z.issuer.token()
    r = z.get(f"/set?Cache-Control=public,max-age=3600&access_token={token}")
    assert r.all("Cache-Control") == ["private, no-store"]
    r = z.get("/set?Cache-Control=public,max-age=3600", token=token)
    assert r.all("Cache-Control") == ["public,max-age=3600"]


def test_a_query_is_left_alone_where_tokens_are_not_read_in_it(zta):
    z = zta(credentials="header", vhost_text="<Location /q>\nZTACredentials query\n</Location>\n"
            "<Location /m>\nZTAStage 0\nZTAMonitor 1\nZTACredentials query\n</Location>")
    allow(r"access\.log$", "httpd logs what it passes on")
    token = z.issuer.token()
    assert z.get(f"/x?access_token={token}").status == 401
    assert z.get(f"/x?access_token={token}", token=token).status == 200
    assert z.backend.last.target == f"/x?access_token={token}"
    assert z.get(f"/m?access_token={token}").status == 200
    assert z.backend.last.target == f"/m?access_token={token}"
    assert z.get(f"/q?access_token={token}").status == 200
    assert z.backend.last.target == "/q"
    assert z.get("/q", token=token).status == 401


def test_the_challenge_is_that_of_a_token(z):
    assert z.get("/x").all("WWW-Authenticate") == ['Bearer realm="localhost"']
    for r in (z.get("/x?access_token=a.b.c"), z.get("/x", headers=cookie("a.b.c"))):
        assert r.status == 401
        assert r.all("WWW-Authenticate") == ['Bearer realm="localhost", error="invalid_token"']


def test_a_preflight_carries_nothing_further(z):
    token = z.issuer.token()
    r = send(z, "OPTIONS", {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST",
                            **cookie(token, "a=1")}, f"/x?access_token={token}&b=2")
    assert r.status == 200
    assert z.backend.last.target == "/x?b=2"
    assert z.backend.last.header("Cookie") == "a=1"


def test_a_revoked_token_is_revoked_wherever_it_stands(z):
    token = z.issuer.token()
    assert z.get(f"/x?access_token={token}").status == 200
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert z.get(f"/x?access_token={token}").status == 401
    assert z.get("/x", headers=cookie(token)).status == 401
