# SPDX-License-Identifier: Apache-2.0
"""Ways around an access check that other modules, other phases and other methods open."""

import pytest

SECRET = "the secret page"


def static(zta, vhost_text, stage=1, **options):
    """A gateway whose content is httpd's own: a document root with pages in it."""
    z = zta(start=False, stage=stage, proxy=None, **options)
    z.httpd.write("htdocs/index.html", SECRET)
    z.httpd.write("htdocs/dir/index.html", SECRET)
    z.httpd.write("htdocs/secret/page.html", SECRET)
    z.httpd.write("htdocs/public/page.html", "the public page")
    z.vhost_text = (f"DocumentRoot {z.httpd.path('htdocs')}\n"
                    f"<Directory {z.httpd.path('htdocs')}>\nRequire all granted\n</Directory>\n"
                    "<Location /public>\nZTAStage 0\n</Location>\n" + vhost_text)
    return z.start()


def assert_closed(answer, statuses=(401,)):
    assert answer.status in statuses
    assert SECRET not in answer.text


@pytest.mark.mpm
@pytest.mark.parametrize("text", [
    "Require all granted",
    "Satisfy Any\nAllow from all",
    "Order allow,deny\nAllow from all\nSatisfy Any\nRequire all granted",
    "<Limit GET>\nRequire all granted\n</Limit>",
    "<LimitExcept POST>\nRequire all granted\n</LimitExcept>",
    "AuthType None\nRequire all granted",
    "<RequireAny>\nRequire all granted\nRequire ip 127.0.0.1\n</RequireAny>",
])
def test_other_grants_do_not_open_what_we_close(zta, text):
    z = static(zta, f"<Location /secret>\n{text}\n</Location>", modules=("access_compat", "authn_core"))
    assert_closed(z.get("/secret/page.html"))
    assert z.get("/secret/page.html", token=z.issuer.token()).text == SECRET


def test_what_httpd_itself_denies_stays_denied(zta):
    z = static(zta, "<Location /secret>\nRequire all denied\n</Location>")
    z.httpd.allow_log("AH01630: client denied")
    assert_closed(z.get("/secret/page.html", token=z.issuer.token()), (403,))


@pytest.mark.mpm
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "MKCOL",
                                    "BREW", "get", "X-Unknown", "PRI", "TRACK", "REPORT"])
def test_every_method_is_judged(zta, method):
    z = zta(stage=1)
    assert z.request(method, "/x").status in (401, 400, 501)
    assert not z.backend.requests
    if z.request(method, "/x", token=z.issuer.token()).status == 200:
        assert len(z.backend.requests) == 1


@pytest.mark.mpm
def test_trace_and_the_asterisk_are_judged_before_httpd_answers_them(zta):
    z = zta(stage=1, vhost_text="TraceEnable on")
    for target in ("/x", "/"):
        answer = z.request("TRACE", target, headers={"X-Probe": "echo"})
        assert answer.status == 401
        assert "echo" not in answer.text
    assert z.request("OPTIONS", "*").status == 401
    assert z.request("OPTIONS", "*", token=z.issuer.token()).status == 200


def test_connect_is_judged(zta):
    z = zta(stage=1, vhost_text="ProxyRequests On\nAllowCONNECT 1-65535", modules=("proxy_connect",))
    target = f"127.0.0.1:{z.backend.port}"
    # httpd itself turns a forward proxy's 401 into 407.
    assert z.request("CONNECT", target, fresh=True).status in (400, 401, 405, 407)
    assert not z.backend.requests


def test_a_forward_proxy_request_is_judged(zta):
    z = zta(stage=1, vhost_text="ProxyRequests On")
    answer = z.get(f"{z.backend.url}/x")
    assert answer.status in (400, 401, 407)
    assert not z.backend.requests


@pytest.mark.mpm
def test_an_upgrade_is_judged_before_the_tunnel_opens(zta):
    z = zta(stage=1, proxy="retry=0 upgrade=websocket")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert z.get("/ws", headers=upgrade, fresh=True).status == 401
    assert not z.backend.requests


@pytest.mark.mpm
def test_mod_dir_targets_are_judged(zta):
    z = static(zta, "<Location /dir>\nZTAStage 1\n</Location>\n"
                    "<Location /dir/index.html>\nZTAStage 2\n</Location>\n", rules="")
    token = z.issuer.token()
    assert_closed(z.get("/dir/"))
    # The directory asks for a token only, its index for a rule that nobody wrote.
    assert_closed(z.get("/dir/", token=token), (403, 404))
    assert_closed(z.get("/dir/index.html", token=token), (403,))


def test_a_public_directory_does_not_open_its_protected_index(zta):
    z = static(zta, "<Location />\nZTAStage 0\n</Location>\n"
                    "<Location /dir/index.html>\nZTAStage 1\n</Location>\n")
    assert_closed(z.get("/dir/"), (401, 403, 404))
    assert_closed(z.get("/dir/index.html"))


@pytest.mark.mpm
@pytest.mark.parametrize("rewrite", [
    "RewriteRule ^/public/go$ /secret/page.html [PT]",
    "RewriteRule ^/public/go$ /secret/page.html [PT,L]",
    "RewriteRule ^/public/go$ /secret/page.html [L]",
])
def test_a_rewrite_from_a_public_path_is_judged_on_both_sides(zta, rewrite):
    z = static(zta, f"RewriteEngine On\n{rewrite}", modules=("rewrite",))
    assert z.get("/public/page.html").status == 200
    assert_closed(z.get("/public/go"))
    assert z.get("/public/go", token=z.issuer.token()).text == SECRET


@pytest.mark.mpm
def test_a_rewrite_into_a_public_path_keeps_the_place_it_came_from(zta):
    """Measured: access hooks see the configuration of /public only."""
    z = static(zta, "RewriteEngine On\nRewriteRule ^/adm/(.*) /public/$1 [PT]", modules=("rewrite",))
    answer = z.get("/adm/page.html")
    assert answer.status == 401
    assert "public page" not in answer.text
    assert z.get("/adm/page.html", token=z.issuer.token()).status == 200


def test_a_rewrite_to_the_proxy_is_judged_as_the_external_path(zta, backend):
    z = zta(stage=1, proxy=None, modules=("rewrite",), vhost_text=(
        f"RewriteEngine On\nRewriteRule ^/(.*) {backend.url}/$1 [P]\n"
        "<Location /public>\nZTAStage 0\n</Location>"))
    assert z.get("/public/x").status == 200
    assert z.get("/x").status == 401
    assert len(backend.requests) == 1


def test_a_directory_rewrite_is_judged_on_both_sides(zta):
    z = static(zta, "<Location /public>\nRewriteEngine On\nRewriteOptions AllowNoSlash\n"
                    "RewriteRule go$ /secret/page.html\n</Location>", modules=("rewrite",))
    assert_closed(z.get("/public/go"), (401, 404))


def test_aliases_are_judged_on_both_sides(zta):
    z = zta(start=False, stage=0, proxy=None)
    page = z.httpd.write("htdocs/secret/page.html", SECRET)
    folder = page.rsplit("/", 1)[0]
    z.vhost_text = (f"Alias /open {folder}\n<Directory {folder}>\nRequire all granted\nZTAStage 1\n"
                    "</Directory>")
    z.start()
    assert_closed(z.get("/open/page.html"))
    assert z.get("/open/page.html", token=z.issuer.token()).text == SECRET


def test_includes_and_negotiation_are_judged(zta):
    z = static(zta, "<Location /public>\nOptions +Includes +MultiViews\nAddOutputFilter INCLUDES .shtml\n"
                    "</Location>", global_text="TypesConfig /dev/null", modules=("include", "mime", "negotiation"))
    z.httpd.allow_log("unable to include", "AH01371", "AH00687: Negotiation")
    z.httpd.write("htdocs/public/ssi.shtml",
                  '<!--#include virtual="/secret/page.html" -->\n<!--#include virtual="/public/page.html" -->')
    answer = z.get("/public/ssi.shtml")
    assert answer.status == 200
    assert "public page" in answer.text
    assert SECRET not in answer.text


def test_the_error_page_of_a_refusal_is_the_administrators_and_does_not_loop(zta):
    z = static(zta, "ErrorDocument 401 /errors/page.html\nErrorDocument 403 \"no, says the text\"\n")
    z.httpd.write("htdocs/errors/page.html", "please log in")
    answer = z.get("/secret/page.html")
    assert answer.status == 401
    assert answer.text == "please log in"
    assert answer.header("WWW-Authenticate").startswith("Bearer ")
    assert answer.header("X-ZTA-Id")
    # The page itself is no way in.
    assert z.get("/errors/page.html").status == 401


def test_an_error_document_after_an_allowed_request_is_judged(zta):
    z = static(zta, "ErrorDocument 404 /secret/page.html\n<Location /secret>\nZTAStage 2\n</Location>",
               rules="")
    token = z.issuer.token()
    assert_closed(z.get("/absent", token=token), (404, 403))


@pytest.mark.parametrize("text", ["CacheEnable disk /", "CacheEnable disk /\nCacheQuickHandler on"])
def test_a_cache_that_would_answer_before_us_is_a_configuration_error(zta, text):
    z = zta(start=False, modules=("cache", "cache_disk"))
    code, output = z.configtest(vhost_text=text)
    assert code != 0
    assert "CacheQuickHandler off" in output
    code, output = z.configtest(vhost_text=f"CacheEnable disk /\nCacheQuickHandler off\nCacheRoot {z.root}/run")
    assert code == 0, output


def test_a_cached_answer_is_given_to_the_authenticated_only(zta, backend):
    z = zta(stage=1, modules=("cache", "cache_disk"), start=False)
    cache = z.httpd.path("cache")
    import os
    os.mkdir(cache)
    os.chmod(cache, 0o777)
    z.vhost_text = f"CacheQuickHandler off\nCacheRoot {cache}\nCacheEnable disk /\nCacheIgnoreNoLastMod On\n" \
                   "CacheStorePrivate On\nCacheIgnoreCacheControl On\nCacheDefaultExpire 3600"
    z.start()
    token = z.issuer.token()
    for _ in range(3):
        assert z.get("/set?Cache-Control=public,max-age=3600", token=token).status == 200
    assert z.get("/set?Cache-Control=public,max-age=3600").status == 401


def test_trailers_may_not_become_headers(zta):
    z = zta(start=False)
    code, output = z.configtest(vhost_text="MergeTrailers on")
    assert code != 0
    assert "MergeTrailers off" in output


@pytest.mark.mpm
def test_http2_streams_are_judged_one_by_one(zta):
    z = zta(stage=1, tls=True)
    if not z.httpd.has_h2:
        pytest.skip("prefork has no HTTP/2")
    assert z.h2("/x").status == 401
    assert z.h2("/x", token=z.issuer.token()).status == 200


def test_redirects_of_the_server_are_judged_too(zta):
    z = static(zta, "Redirect /secret/old /public/page.html\nRedirect /public/old /public/page.html")
    assert z.get("/secret/old").status == 401
    assert z.get("/secret/old", token=z.issuer.token()).status == 302
    assert z.get("/public/old").status == 302


def test_a_module_without_a_store_is_inert(httpd):
    server = httpd(load_zta=True)
    server.write("htdocs/page.html", "a page")
    server.vhost_text = (f"DocumentRoot {server.path('htdocs')}\n<Directory {server.path('htdocs')}>\n"
                         "Require all granted\n</Directory>")
    server.restart_full()
    answer = server.get("/page.html")
    assert answer.status == 200
    assert answer.header("X-ZTA-Id") is None


def test_auth_type_zta_lets_httpds_own_require_see_the_subject(zta):
    z = static(zta, "<Location /secret>\nAuthType ZTA\nAuthName x\nRequire user alice\n</Location>",
               modules=("authn_core", "authz_user"))
    z.httpd.allow_log("AH01631", "AH01630")
    assert z.get("/secret/page.html", token=z.issuer.token()).text == SECRET
    assert_closed(z.get("/secret/page.html", token=z.issuer.token({"sub": "mallory"})), (401, 403))
    assert_closed(z.get("/secret/page.html"))
