# SPDX-License-Identifier: Apache-2.0
"""Protected resource metadata (RFC 9728) and the challenges that lead to them."""

import json
import os
import re
import time

import pytest

from support.dpop import Prover
from support.issuer import Issuer
from support.local import wait_for

WELL_KNOWN = "/.well-known/oauth-protected-resource"
ORIGIN = "https://api.example.test"
HANDLER = f"<Location {WELL_KNOWN}>\n  SetHandler zta-metadata\n</Location>\n"

RULES = """
allow read-orders
  when path /orders/**
  need scope orders:read

allow write-orders
  when path /orders/*/items/**
  when method POST
  need scope orders:write
  or scope orders:all

allow staff-reports
  when path /reports/**
  need role staff

allow keys
  when path /orders/**
  when issuer local
  need scope keys:orders

require exports
  when path /orders/export
  when not scope internal
  need scope orders:export

allow elsewhere
  when host other.example.test
  when path /**
  need scope other:host

allow later
  when path /orders/**
  need scope orders:later
  mode monitor

allow anywhere
  when path /**/health
  need scope "health"

deny closed
  when path /secret-vault/**
"""


def metadata(z, prefix="", **options):
    answer = z.get(WELL_KNOWN + prefix, **options)
    assert answer.status == 200, (prefix, answer.status)
    return json.loads(answer.text)


@pytest.fixture
def office(zta):
    def make(vhost_text="", stage=2, rules=RULES, global_text="", **options):
        return zta(stage=stage, rules=rules, global_text="ZTAVerifyLimit off\n" + global_text,
                   vhost_text=f"ZTAOrigin {ORIGIN}\n{HANDLER}{vhost_text}", **options)
    return make


PLACES = """
<Location /orders>
  ZTARealm "the orders API"
  ZTADPoP required
</Location>
<Location /reports/>
  ZTADPoP allowed
</Location>
<Location /public>
  ZTAStage 0
</Location>
<Location /keys>
  ZTAAccept local
</Location>
<Location /own>
  ZTACredentials apikey:X-Api-Key
</Location>
<Location "/a b/q">
  ZTADefault allow
</Location>
<LocationMatch ^/pattern>
  ZTADefault deny
</LocationMatch>
"""


@pytest.mark.mpm
def test_each_prefix_has_a_document(office):
    z = office(PLACES)
    algs = "ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512".split()
    everything = ["health", "orders:all", "orders:export", "orders:read", "orders:write"]
    common = {"authorization_servers": [z.issuer.url], "bearer_methods_supported": ["header"]}
    assert metadata(z) == {"resource": ORIGIN, "scopes_supported": everything, **common}
    assert metadata(z, "/orders") == {
        "resource": ORIGIN + "/orders", "resource_name": "the orders API",
        "scopes_supported": everything, "dpop_signing_alg_values_supported": algs,
        "dpop_bound_access_tokens_required": True, **common}
    assert metadata(z, "/reports/") == {
        "resource": ORIGIN + "/reports/", "scopes_supported": ["health"],
        "dpop_signing_alg_values_supported": algs, **common}
    assert metadata(z, "/a%20b/q")["resource"] == ORIGIN + "/a%20b/q"
    for prefix in ("/", "/orders/", "/orders/1", "/reports", "/public", "/keys", "/own", "/unknown",
                   "/Orders", "/pattern", "/%5epattern", "/.well-known", WELL_KNOWN):
        assert z.get(WELL_KNOWN + prefix).status == 404, prefix
    assert z.backend.requests == []


def test_lists_without_values_are_left_out(office):
    z = office(stage=1, rules="allow all\n  when path /**\n")
    assert "scopes_supported" not in metadata(z)


def test_the_answer_is_public_and_plain(office):
    z = office()
    answer = z.get(WELL_KNOWN)
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "public, max-age=3600"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("WWW-Authenticate") is None
    head = z.request("HEAD", WELL_KNOWN)
    assert (head.status, head.text) == (200, "")
    assert head.header("Content-Length") == str(len(answer.text))
    assert z.get(WELL_KNOWN + "?x=1").text == answer.text
    # With a credential, good or bad, it is the same: nobody looks at it.
    for token in (z.issuer.token(), "rubbish"):
        assert z.get(WELL_KNOWN, token=token).text == answer.text
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        refused = z.request(method, WELL_KNOWN)
        assert refused.status == 405, method
        assert "GET" in refused.header("Allow") and "POST" not in refused.header("Allow")
    assert z.backend.requests == []


def test_a_host_header_changes_nothing(office):
    z = office(PLACES)
    good = metadata(z)
    forged = [("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "http"),
              ("Forwarded", "host=evil.test;proto=http"), ("X-Forwarded-Prefix", "/evil")]
    for host in ("evil.test", "evil.test:8443", "127.0.0.1"):
        assert metadata(z, host=host, headers=forged) == good
        refused = z.get("/orders/1", host=host, headers=forged)
        assert "evil" not in refused.header("WWW-Authenticate")


def challenges(answer):
    return [value for name, value in answer.headers if name.lower() == "www-authenticate"]


def pointer(prefix=""):
    return f', resource_metadata="{ORIGIN}{WELL_KNOWN}{prefix}"'


def test_challenges_name_the_document_of_the_place(office):
    z = office(PLACES)
    rows = [("/", ""), ("/x", ""), ("/orders", "/orders"), ("/orders/1", "/orders"),
            ("/ordersx", ""), ("/reports/1", "/reports/"), ("/reports", ""),
            ("/pattern/x", ""), ("/a%20b/q/1", "/a%20b/q")]
    for path, prefix in rows:
        found = [c for c in challenges(z.get(path)) if not c.startswith("ApiKey")]
        assert found and all(c.endswith(pointer(prefix)) for c in found), (path, found)
        # What the pointer names is there, and names what was asked for.
        document = metadata(z, prefix)
        assert (ORIGIN + path).startswith(document["resource"])
    assert challenges(z.get("/orders/1"))[0].startswith("DPoP ")
    assert [c.split()[0] for c in challenges(z.get("/reports/1"))] == ["Bearer", "DPoP", "ApiKey"]
    # Not in the challenge of an API key, and not where tokens do not open.
    assert "resource_metadata" not in str(challenges(z.get("/own/x")))
    assert all("resource_metadata" not in c for c in challenges(z.get("/x")) if "ApiKey" in c)


def test_every_kind_of_refusal_with_a_challenge_has_the_pointer(office):
    z = office()
    token = z.issuer.token
    rows = [(401, None, []), (401, "rubbish", []), (401, token({"exp": 1}), []),
            (400, "a b", []), (403, token({"scope": "none"}), [])]
    for status, value, headers in rows:
        answer = z.get("/orders/1", token=value, headers=headers)
        assert answer.status == status
        bearer = [c for c in challenges(answer) if c.startswith("Bearer")]
        assert len(bearer) == 1 and bearer[0].endswith(pointer()), (status, bearer)
    # A refusal that a token cannot mend has no challenge at all.
    assert challenges(z.get("/secret-vault/x", token=token())) == []


@pytest.mark.mpm
def test_what_is_missing_stands_in_the_scheme_of_the_token(office):
    z = office("ZTADPoP allowed\n")
    started = int(time.time())
    wait_for(lambda: int(time.time()) > started, what="the next second")
    prover = Prover()
    token = prover.bound(z.issuer, {"scope": "none"})
    answer = z.get("/orders/1", headers=prover.headers("GET", ORIGIN + "/orders/1", token))
    bearer, dpop, apikey = challenges(answer)
    assert (answer.status, apikey) == (403, 'ApiKey realm="localhost"')
    assert bearer == f'Bearer realm="localhost"{pointer()}'
    assert dpop.startswith('DPoP realm="localhost", error="insufficient_scope", scope="orders:read"'
                           ', algs="ES256 ') and dpop.endswith(pointer())
    # Each parameter stands once (RFC 6750 section 3).
    for challenge in (bearer, dpop):
        names = re.findall(r"(\w+)=", re.sub(r'"[^"]*"', "", challenge))
        assert len(names) == len(set(names)), challenge


@pytest.mark.mpm
def test_the_pointer_stays_behind_error_pages_and_over_http2(office):
    z = office('ErrorDocument 401 "in words: 401\n', tls=True)
    assert challenges(z.get("/x"))[0].endswith(pointer())
    if z.httpd.has_h2:
        assert challenges(z.h2("/x"))[0].endswith(pointer())
        answer = z.h2(WELL_KNOWN)
        assert (answer.status, answer.json()["resource"]) == (200, ORIGIN)


def test_a_restart_renews_the_documents(office):
    z = office("<Location /orders>\nZTADefault deny\n</Location>\n")
    assert "orders:read" in metadata(z, "/orders")["scopes_supported"]
    z.rules = "allow other\n  when path /orders/**\n  need scope orders:new\n"
    z.vhost_text = z.vhost_text.replace("<Location /orders>", "<Location /other>")
    z.reload()
    assert z.get(WELL_KNOWN + "/orders").status == 404
    assert "scopes_supported" not in metadata(z, "/other")
    assert metadata(z)["scopes_supported"] == ["orders:new"]


def test_each_virtual_host_has_documents_of_its_own(zta):
    z = zta(start=False, stage=1, global_text=HANDLER)
    z.vhost_text = f"ZTAOrigin {ORIGIN}"
    z.configure()
    z.httpd.named_vhosts.update({
        "two.test": z.httpd.vhost_text.replace(ORIGIN, "https://two.test:8443"),
        "open.test": f"ProxyPass / {z.backend.url}/"})
    z.httpd.allow_log("AH01909: [a-z]+.test")
    z.httpd.start()
    assert metadata(z)["resource"] == ORIGIN
    assert metadata(z, host="two.test")["resource"] == "https://two.test:8443"
    assert "https://two.test:8443/.well-known/" in str(challenges(z.get("/x", host="two.test")))
    # Nothing of this module is on there: the handler has nothing to tell, and hides nothing.
    assert z.get(WELL_KNOWN, host="open.test").status == 404
    assert z.get("/x", host="open.test").status == 200


def test_without_the_handler_nothing_points_anywhere(zta):
    z = zta(stage=1, vhost_text=f"ZTAOrigin {ORIGIN}")
    assert "resource_metadata" not in str(challenges(z.get("/x")))
    assert z.get(WELL_KNOWN).status == 401


def test_a_document_for_one_prefix_alone(zta):
    z = zta(stage=1, vhost_text=f"ZTAOrigin {ORIGIN}\n<Location {WELL_KNOWN}/orders>\n"
            "SetHandler zta-metadata\n</Location>\n<Location /orders>\nZTADefault deny\n</Location>")
    assert metadata(z, "/orders")["resource"] == ORIGIN + "/orders"
    assert z.get(WELL_KNOWN).status == 401
    assert challenges(z.get("/orders"))[0].endswith(pointer("/orders"))
    assert "resource_metadata" not in str(challenges(z.get("/x")))


def test_each_place_names_its_own_issuers_and_origin(zta):
    z = zta(start=False, stage=2, accept="corp", credentials="header", rules=(
        "allow a\n  when path /**\n  need scope mine@corp theirs@partner\n\n"
        "allow b\n  when path /**\n  when issuer partner\n  need scope only\n"))
    folder = z.httpd.path("conf", "partner")
    os.mkdir(folder)
    other = Issuer(folder, url="https://partner.test/realm", algs=("RS256",))
    z.global_text = (f'<ZTAIssuer partner "{other.url}">\nZTAAudience {other.audience}\n'
                     f"ZTAKeys file:{other.path}\n</ZTAIssuer>")
    z.vhost_text = (f"ZTAOrigin {ORIGIN}\n{HANDLER}<Location /both>\nZTAAccept corp partner\n"
                    "</Location>\n<Location /theirs>\nZTAAccept partner\n"
                    "ZTAOrigin https://[2001:db8::1]:8443\n</Location>")
    z.start()
    assert metadata(z)["authorization_servers"] == [z.issuer.url]
    assert metadata(z)["scopes_supported"] == ["mine"]
    assert metadata(z, "/both")["authorization_servers"] == [z.issuer.url, other.url]
    assert metadata(z, "/both")["scopes_supported"] == ["mine", "only", "theirs"]
    theirs = metadata(z, "/theirs")
    assert theirs["authorization_servers"] == [other.url]
    assert theirs["scopes_supported"] == ["only", "theirs"]
    assert theirs["resource"] == "https://[2001:db8::1]:8443/theirs"
    assert ('resource_metadata="https://[2001:db8::1]:8443' + WELL_KNOWN + '/theirs"'
            in z.get("/theirs/x").header("WWW-Authenticate"))


@pytest.mark.parametrize("text, member, value", [
    ("ZTACredentials header query", "bearer_methods_supported", ["header", "query"]),
    ("ZTACredentials query", "bearer_methods_supported", ["query"]),
    ("ZTACredentials cookie:token", "bearer_methods_supported", None),
    ("ZTADPoP off", "dpop_signing_alg_values_supported", None),
    ("ZTADPoP allowed", "dpop_bound_access_tokens_required", None),
    ("ZTADPoP required nonce", "dpop_bound_access_tokens_required", True),
    ("", "tls_client_certificate_bound_access_tokens", None),
    ("ZTAClientCertHeader Client-Cert", "tls_client_certificate_bound_access_tokens", True),
    ('ZTARealm "orders & more"', "resource_name", "orders & more"),
])
def test_a_document_says_what_the_place_takes(office, text, member, value):
    z = office(f"<Location /place>\nZTAStage 1\n{text}\n</Location>\n",
               credentials="header")
    assert metadata(z, "/place").get(member) == value


@pytest.mark.parametrize("verify, value", [("optional", True), ("require", True), ("none", None)])
def test_a_server_that_asks_for_certificates_says_so(office, pki, verify, value):
    z = office(tls=True, verify_client=verify)
    assert metadata(z).get("tls_client_certificate_bound_access_tokens") is None  # the plain one
    certificate = None if verify == "none" else pki.client_a
    found = metadata(z, tls=True, certificate=certificate)
    assert found.get("tls_client_certificate_bound_access_tokens") == value


@pytest.mark.parametrize("text, expected", [
    (f"<Location /meta>\nSetHandler zta-metadata\n</Location>\nZTAOrigin {ORIGIN}",
     "SetHandler zta-metadata in section /meta, expected it in <Location"),
    (f"<Location />\nSetHandler zta-metadata\n</Location>\nZTAOrigin {ORIGIN}",
     "SetHandler zta-metadata in section /, expected it in <Location"),
    (f"<LocationMatch ^{WELL_KNOWN}>\nSetHandler zta-metadata\n</LocationMatch>",
     "SetHandler zta-metadata in section .*, expected it in <Location"),
    (f"<Location {WELL_KNOWN}*>\nSetHandler zta-metadata\n</Location>",
     "SetHandler zta-metadata in section .*, expected it in <Location"),
    (f"<Location {WELL_KNOWN}x>\nSetHandler zta-metadata\n</Location>",
     "SetHandler zta-metadata in section .*, expected it in <Location"),
    (f"<Directory {WELL_KNOWN}>\nSetHandler zta-metadata\n</Directory>",
     "SetHandler zta-metadata in section .*, expected it in <Location"),
    (f"SetHandler zta-metadata\nZTAOrigin {ORIGIN}", "SetHandler zta-metadata for a whole server"),
    (HANDLER, "'/' has no ZTAOrigin, expected ZTAOrigin"),
    (f"<Location {WELL_KNOWN}>\nSetHandler zta-metadata\nZTAStage 1\n</Location>",
     "is public, expected no ZTAStage or ZTAMonitor above 0"),
    (f"<Location {WELL_KNOWN}>\nSetHandler zta-metadata\nZTAMonitor 2\n</Location>",
     "is public, expected no ZTAStage or ZTAMonitor above 0"),
])
def test_what_would_open_more_than_a_document_is_refused(zta, text, expected):
    z = zta(start=False, stage=1)
    code, output = z.configtest(vhost_text=text)
    assert code != 0 and re.search(expected, output), output


@pytest.mark.parametrize("name", ["zta-metadata", "zta-logout"])
@pytest.mark.parametrize("text, expected", [
    ("SetHandler {0}", "SetHandler {0} for a whole server, expected it in a section"),
    ("<Files *.x>\nSetHandler {0}\n</Files>", "cannot occur within <Files> section"),
    ("<Location {1}>\n<If true>\nSetHandler {0}\n</If>\n</Location>", "cannot occur within <If> section"),
])
def test_a_handler_of_ours_stands_where_a_place_can_be(zta, name, text, expected):
    z = zta(start=False, stage=1)
    code, output = z.configtest(vhost_text=text.format(name, WELL_KNOWN))
    assert code != 0 and expected.format(name) in output, output


def test_the_last_handler_of_a_section_holds_in_any_case(zta):
    place = "<Location {}>\nSetHandler {}\nSetHandler {}\n</Location>\n"
    z = zta(stage=1, vhost_text=f"ZTAOrigin {ORIGIN}\n" + place.format(WELL_KNOWN, "none", "ZTA-Metadata") +
            place.format("/none", "zta-logout", "none") + place.format("/logout", "zta-metadata", "ZTA-Logout"))
    assert metadata(z)["resource"] == ORIGIN
    assert z.get("/none").status == 401
    assert z.get("/logout").status == 405


@pytest.mark.parametrize("inner", [
    "<Location />\nZTAStage 2\n</Location>",
    f"<Location {WELL_KNOWN}/orders>\nZTAStage 2\nSetHandler server-status\n</Location>",
    f"RewriteEngine On\nRewriteRule ^{WELL_KNOWN}/go/(.*) /secret/$1 [PT]",
    f"<Location {WELL_KNOWN}>\nRewriteEngine On\nRewriteRule go/(.*) %{{ENV:BACK}}/secret/$1 [P]\n"
    "</Location>",
    f"Alias {WELL_KNOWN}/go /srv/secret",
])
def test_nothing_else_becomes_public_by_it(office, inner):
    z = office(inner, modules=("rewrite", "alias", "status"))
    assert z.get(WELL_KNOWN).status == 200
    for path in ("/x", "/orders/1", WELL_KNOWN + "x", WELL_KNOWN + "/../../orders/1",
                 WELL_KNOWN + "/go/1", WELL_KNOWN + "/orders", "/.well-known/other",
                 "/.well-known/%6fauth-protected-resource/../../orders", "//orders/1",
                 WELL_KNOWN.upper()):
        assert z.get(path).status in (400, 401, 403, 404), path
    assert z.backend.requests == []
