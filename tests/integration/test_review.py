# SPDX-License-Identifier: Apache-2.0
"""Corners where two right steps could add up to a wrong one: who is judged where, by what, at whose cost."""

import os

import pytest

from support.local import wait_for

SECRET = "the secret page"

PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}


def pages(zta, vhost_text, stage=1, **options):
    """A gateway with pages of its own: /secret is closed, /public is open."""
    z = zta(start=False, stage=stage, proxy=None, **options)
    z.httpd.write("htdocs/secret/page.html", SECRET)
    z.httpd.write("htdocs/public/page.html", "the public page")
    z.httpd.write("htdocs/dir/index.html", "the index")
    z.vhost_text = (f"DocumentRoot {z.httpd.path('htdocs')}\n"
                    f"<Directory {z.httpd.path('htdocs')}>\nRequire all granted\n</Directory>\n"
                    "<Location /public>\nZTAStage 0\n</Location>\n" + vhost_text)
    return z.start()


def scripted(zta, **options):
    """A gateway with a script that leads to /api/secret, whatever the method was."""
    is_forking = os.environ.get("MPM") == "prefork"
    z = zta(start=False, proxy=None, modules=("cgi" if is_forking else "cgid",), **options)
    script = z.httpd.write("cgi/go", "#!/bin/sh\necho 'Location: /api/secret'\necho\n", 0o755)
    folder = os.path.dirname(script)
    z.global_text = "" if is_forking else f"ScriptSock {z.root}/run/cgisock"
    z.vhost_text = (f"ProxyPass /cgi !\nScriptAlias /cgi {folder}\n"
                    f"<Directory {folder}>\nRequire all granted\n</Directory>\nProxyPass / {z.backend.url}/")
    return z.start()


# ---- who is judged ----

def test_what_a_preflight_leads_to_is_no_preflight(zta):
    z = scripted(zta, stage=1)
    assert z.get("/api/secret").status == 401
    answer = z.request("OPTIONS", "/cgi/go", headers=PREFLIGHT)
    assert not z.backend.requests
    assert answer.status == 401


def test_a_rule_for_one_method_does_not_open_what_a_script_leads_to_with_another(zta):
    z = scripted(zta, stage=2, rules="allow options\n  when method OPTIONS\n  need scope read\n")
    token = z.issuer.token({"scope": "read"})
    assert z.request("OPTIONS", "/api/secret", token=token).status == 200
    assert z.get("/api/secret", token=token).status == 403
    z.backend.clear()
    assert z.request("OPTIONS", "/cgi/go", token=token).status == 403
    assert not z.backend.requests


def test_the_error_page_of_a_preflight_is_judged(zta):
    z = zta(start=False, stage=1, proxy=None)
    z.vhost_text = ("ProxyErrorOverride On\nErrorDocument 404 /private/page\n"
                    f"ProxyPass / {z.backend.url}/ retry=0")
    z.start()
    z.request("OPTIONS", "/status/404", headers=PREFLIGHT)
    assert [r.method for r in z.backend.requests] == ["OPTIONS"]


def test_the_error_page_of_what_httpd_itself_refused_is_judged_as_any_page(zta):
    z = pages(zta, "ErrorDocument 400 /public/page.html\n")
    with z.httpd.client().connect() as connection:
        connection.send("GET /%zz HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n")
        answer = connection.response()
    assert answer.status == 400
    assert answer.text == "the public page"


def test_the_closed_error_page_of_what_httpd_itself_refused_stays_closed(zta):
    z = pages(zta, "ErrorDocument 400 /secret/page.html\n")
    with z.httpd.client().connect() as connection:
        connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n")
        answer = connection.response()
    assert answer.status == 400
    assert SECRET not in answer.text


def test_a_place_hidden_by_a_parameter_asks_for_its_own_audience(zta, tomcat):
    z = zta(stage=1, backend=tomcat, vhost_text=(
        "ZTAPath parameters\n<Location /admin>\nZTAAccept corp local audience=https://admin.example\n</Location>"))
    token = z.issuer.token()
    assert z.get("/api/x;v=1", token=token).status == 200
    assert z.get("/admin/x", token=token).status == 401
    answer = z.get("/admin;x/a", token=token)
    assert not tomcat.reached("/admin")
    assert answer.status == 401
    assert z.get("/admin;x/a", token=z.issuer.token({"aud": "https://admin.example"})).status == 401
    both = z.issuer.token({"aud": ["https://admin.example", z.issuer.audience]})
    assert z.get("/admin;x/a", token=both).status == 200


def test_a_cache_is_safe_in_each_server_by_itself(zta):
    z = zta(start=False, modules=("cache", "cache_disk"))
    z.httpd.named_vhosts = {"other.test": "CacheQuickHandler off"}
    code, output = z.configtest(vhost_text="CacheEnable disk /")
    assert code != 0
    assert "CacheQuickHandler off" in output
    z.httpd.named_vhosts = {"other.test": "CacheQuickHandler on"}
    code, output = z.configtest(global_text="CacheQuickHandler off", vhost_text="CacheEnable disk /")
    assert code == 0, output


def test_a_cache_made_unsafe_by_a_restart_serves_nothing(zta):
    z = zta(stage=1, modules=("cache", "cache_disk"), start=False)
    cache = z.httpd.path("cache")
    os.mkdir(cache)
    os.chmod(cache, 0o777)
    caching = (f"CacheRoot {cache}\nCacheEnable disk /\nCacheIgnoreNoLastMod On\nCacheStorePrivate On\n"
               "CacheIgnoreCacheControl On\nCacheDefaultExpire 3600\n")
    z.vhost_text = caching + "CacheQuickHandler off"
    z.start()
    token = z.issuer.token()
    for _ in range(3):
        assert z.get("/set?Cache-Control=public,max-age=3600", token=token).status == 200
    z.httpd.allow_log("ZTA0001")
    z.vhost_text = caching
    z.reload(check=False)
    assert z.get("/set?Cache-Control=public,max-age=3600").status == 503
    assert z.get("/set?Cache-Control=public,max-age=3600", token=token).status == 503


def test_the_index_of_an_open_directory_is_served_as_what_it_is(zta):
    z = zta(start=False, stage=0, proxy=None)
    root = os.path.dirname(z.httpd.write("htdocs/page.html", "x"))
    z.httpd.write("htdocs/dir/index.x", "x")
    z.vhost_text = (f"DocumentRoot {root}\n<Directory {root}>\nRequire all granted\n</Directory>\n"
                    "DirectoryIndex index.x\n<Location /dir/index.x>\nZTAStage 1\n"
                    f"SetHandler proxy:{z.backend.url}\n</Location>")
    z.start()
    assert z.get("/dir/").status == 401
    assert z.get("/dir/", token=z.issuer.token()).status == 200
    assert z.backend.last.header("Authorization") is None
    assert z.backend.last.header("X-ZTA-Subject") == "alice"


# ---- by what ----

def replace_store(z, revocations=0):
    """Another store in the place of the one in use."""
    os.rename(z.store.directory, f"{z.store.directory}.former")
    z.store.init()
    for n in range(revocations):
        z.ctl("revoke", "--subject", f"nobody{n}@corp", "--reason", "x")


def test_a_revocation_in_a_new_store_is_none_that_the_old_one_cleared(zta):
    z = zta(stage=1, children=1)
    z.httpd.allow_log(r"\[zta:(warn|error|crit)\] .*ZTA\d+")
    for n in range(2):
        z.ctl("revoke", "--subject", f"nobody{n}@corp", "--reason", "x")
    token = z.issuer.token()
    for _ in range(3):
        assert z.get("/x", token=token).status == 200
    replace_store(z)
    z.reload(check=False)
    for n in range(1, 4):
        z.ctl("revoke", "--subject", "alice@corp" if n == 2 else f"nobody{n}@corp", "--reason", "x")
        if n >= 2:
            assert z.get("/x", token=token).status == 401, f"after {n} revocations"


def test_a_child_notices_by_itself_that_its_store_was_replaced(zta):
    z = zta(stage=1, children=1)
    z.httpd.allow_log(r"\[zta:(warn|error|crit)\] .*ZTA\d+")
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    replace_store(z)
    wait_for(lambda: z.get("/x", token=token).status == 503, what="the loss is noticed")
    helper = z.httpd.helpers()[0]
    os.kill(helper, 9)
    wait_for(lambda: z.httpd.helpers() and helper not in z.httpd.helpers(), what="another helper")
    # The new helper is content with the new store, and says so each second: from its first word on
    # the child has only its own look, which it takes each second too.
    beats = set()

    def is_heard():
        assert z.get("/x", token=token).status == 503
        status = z.json("status")
        if status.get("helper_pid") not in (None, helper):
            beats.add(status["heartbeat"])
        return len(beats) >= 4
    wait_for(is_heard, 20, "heartbeats in the new store", 0.1)


@pytest.mark.parametrize("what", ["subject", "address"])
def test_who_was_blocked_stays_out_while_the_store_is_away(zta, what):
    z = zta(stage=1, children=1, vhost_text="ZTAFailure stale=10m")
    z.httpd.allow_log(r"\[zta:(warn|error|crit)\] .*ZTA\d+")
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    z.ctl("block", "alice@corp" if what == "subject" else "127.0.0.1", "--for", "1h", "--reason", "x",
          "--yes")
    assert z.get("/x", token=token).status == 403
    assert z.get("/x", token=token).status == 403
    os.rename(z.store.policy_path(""), f"{z.root}/policy-away")
    z.backend.clear()

    def is_noticed():
        status = z.get("/x", token=token).status
        assert status in (403, 503)
        return status == 503
    wait_for(is_noticed, what="the loss is noticed by the child")
    z.httpd.wait_for_log("ZTA0070")  # and by the helper
    for _ in range(20):
        assert z.get("/x", token=token).status == 503
    assert not z.backend.requests


def test_failures_in_a_monitored_place_cost_nothing_elsewhere(zta):
    z = zta(stage=None, global_text="ZTAVerifyLimit 5/1h", vhost_text=(
        "<Location /old>\nZTAMonitor 1\n</Location>\n<Location /api>\nZTAStage 1\n</Location>"))
    for n in range(10):
        assert z.get("/old/x", token=f"bad.{n}.token").status == 200
    assert z.get("/api/x", token=z.issuer.token()).status == 200


def test_the_last_good_keys_outlive_any_number_of_failed_restarts(zta):
    z = zta(stage=1)
    z.httpd.allow_log("ZTA0015")
    token = z.issuer.token()
    with open(z.issuer.path, "w", encoding="ascii") as f:
        f.write("no JSON")
    for _ in range(4):
        z.reload(check=False)
        assert z.get("/x", token=token).status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes into another process")
def test_spoilt_shared_memory_does_not_end_the_server_at_a_restart(zta):
    z = zta(stage=1, children=1)
    z.httpd.allow_log("ZTA0062")
    child = z.httpd.children()[0]
    with open(f"/proc/{child}/maps", encoding="ascii") as f:
        # Anonymous shared memory of the size that the gateway asks for.
        spans = [[int(end, 16) for end in line.split()[0].split("-")] for line in f if " rw-s " in line]
    start = next(first for first, last in spans if last - first == 16 << 20)
    with open(f"/proc/{child}/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(b"\xff" * 64)
    z.reload()
    assert z.get("/x").status == 401
    assert z.get("/x", token=z.issuer.token()).status == 200


# ---- at whose cost ----

def peak_kib(pids):
    """The most memory that any of these processes ever had."""
    peaks = []
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            peaks += [int(line.split()[1]) for line in f if line.startswith("VmHWM")]
    return max(peaks)


def test_a_connection_header_of_many_names_costs_no_more_than_its_size(zta):
    z = zta(stage=1, children=1)
    many = {"Connection": "zta," + "a," * 4000}
    for _ in range(20):
        assert z.get("/x").status == 401
    before = peak_kib(z.httpd.children())
    for _ in range(5):
        assert z.get("/x", headers=many, fresh=True).status == 401
    assert peak_kib(z.httpd.children()) - before < 4096


# ---- headers ----

def test_an_answer_has_one_id_however_often_it_was_judged(zta):
    z = pages(zta, "")
    answer = z.get("/dir/", token=z.issuer.token())
    assert answer.status == 200
    assert answer.text == "the index"
    assert len(answer.all("X-ZTA-Id")) == 1
    assert len(answer.all("X-Request-Id")) == 1


@pytest.mark.parametrize("name", ["X.ZTA.Subject", "X-ZTA.Subject", "x~zta~subject", "X_ZTA_SUBJECT", "X-Zta_Subject"])
def test_our_headers_are_scrubbed_in_every_spelling_that_some_server_takes_for_them(zta, name):
    z = zta(stage=1)
    assert z.get("/x", token=z.issuer.token(), headers=[(name, "root")]).status == 200
    assert "root" not in [value for _, value in z.backend.last.headers]


def test_the_credential_is_removed_from_where_it_stood(zta):
    z = zta(stage=1, modules=("rewrite",), vhost_text=(
        "RewriteEngine On\nRewriteRule ^/in/(.*) /out/$1 [PT]\nZTAForward authorization\n"
        "<Location /out>\nZTAStage 0\nZTACredentials header\nZTAForward identity\n</Location>"))
    made = z.json("keys", "create", "--name", "robot")
    key = made.get("text") or made.get("key")
    assert z.get("/in/x", key=key).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == "robot"
    assert z.backend.last.header("X-Api-Key") is None


@pytest.mark.parametrize("name", ["X_Request_Id", "X-Request_Id", "X_Request-Id", "x_request-id"])
def test_a_strangers_request_id_reaches_the_api_in_no_spelling(zta, name):
    z = zta(stage=1)
    assert z.get("/x", token=z.issuer.token(), headers=[(name, "forged")]).status == 200
    assert "forged" not in [value for _, value in z.backend.last.headers]


# ---- ways in that other modules open ----

def proxied(zta, vhost_text, **options):
    """A gateway whose vhost text maps by itself; /public is open."""
    z = zta(start=False, stage=1, proxy=None, **options)
    z.vhost_text = "<Location /public>\nZTAStage 0\n</Location>\n" + vhost_text.replace("BACKEND", z.backend.url)
    return z.start()


@pytest.mark.parametrize("text, modules", [
    ("ProxyPass / BACKEND/ mapping=encoded", ()),
    ("ProxyPass / BACKEND/ mapping=servlet", ()),
    ("ProxyPassMatch ^/(.*)$ BACKEND/$1", ()),
    ("ProxyPassMatch ^(/.*)$ BACKEND$1", ()),
    ("<Location />\nProxyPass BACKEND/\n</Location>", ()),
    ("<LocationMatch ^/(?<rest>.*)$>\nProxyPassMatch BACKEND/$1\n</LocationMatch>", ()),
    ("<If \"true\">\nSetHandler proxy:BACKEND/\n</If>", ()),
    ("<Location />\nSetHandler proxy:BACKEND/\n<If \"true\">\nRequire all granted\n</If>\n</Location>", ()),
    ("<Proxy balancer://all>\nBalancerMember BACKEND\n</Proxy>\nProxyPass / balancer://all/",
     ("proxy_balancer", "lbmethod_byrequests", "slotmem_shm")),
    ("RewriteEngine On\nRewriteRule ^/(.*)$ BACKEND/$1 [P]", ("rewrite",)),
    ("RewriteEngine On\nRewriteRule ^/x/(.*)$ /y/$1 [PT]\nProxyPass / BACKEND/", ("rewrite",)),
    ("<Location />\nRewriteEngine On\nRewriteRule (.*) BACKEND/r [P]\n</Location>", ("rewrite",)),
])
def test_every_way_to_the_back_end_is_judged(zta, text, modules):
    z = proxied(zta, text, modules=modules, log_level="info")
    token = z.issuer.token()
    for target in ("/x/y", "/x%20y", "//x", "/x/?q=/public/", "http://localhost/x", "/x/public"):
        for method in ("GET", "OPTIONS", "POST"):
            assert z.request(method, target).status in (400, 401, 403), f"{method} {target}"
    with z.httpd.client().connect() as connection:
        connection.send("GET /public/a HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        "GET /x/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.response()
        assert connection.response().status == 401
    assert len(z.backend.requests) == 1, "only the public one"
    z.backend.clear()
    assert z.get("/x/y", token=token).status == 200
    assert len(z.backend.requests) == 1


def test_a_request_without_a_version_is_judged(zta):
    z = zta(stage=1, vhost_text="HttpProtocolOptions Allow0.9")
    with z.httpd.client().connect() as connection:
        connection.send("GET /x\r\n")
        body = connection.read_to_end()
    assert b"urn:zta:problem:unauthenticated" in body
    assert not z.backend.requests


@pytest.mark.parametrize("text, modules, target", [
    ("FallbackResource /secret/page.html", (), "/public/absent"),
    ("<Location /public>\nFallbackResource /secret/page.html\n</Location>", (), "/public/absent"),
    ("<Location /public>\nDirectoryIndex /secret/page.html\n</Location>", (), "/public/"),
    ("CheckSpelling On", ("speling",), "/public/pag.html"),
    ("<Location /public>\nAction go /secret/page.html virtual\nSetHandler go\n</Location>", ("actions",),
     "/public/page.html"),
    ("<Location /public>\nScript POST /secret/page.html\n</Location>", ("actions",), "/public/page.html"),
    ("<Location /public>\nErrorDocument 404 /secret/page.html\n</Location>", (), "/public/absent"),
    ("AliasMatch ^/public/(.*)\\.x$ ROOT/secret/$1.html", (), "/public/page.x"),
])
def test_no_module_leads_from_an_open_page_to_a_closed_one(zta, text, modules, target):
    z = zta(start=False, stage=0, proxy=None, modules=modules)
    root = os.path.dirname(z.httpd.write("htdocs/open.html", "open"))
    z.httpd.write("htdocs/secret/page.html", SECRET)
    z.httpd.write("htdocs/public/page.html", "the public page")
    z.vhost_text = (f"DocumentRoot {root}\n<Directory {root}>\nRequire all granted\n</Directory>\n"
                    "<Location /secret>\nZTAStage 1\n</Location>\n"
                    f"<Directory {root}/secret>\nZTAStage 1\n</Directory>\n" + text.replace("ROOT", root))
    z.start()
    for method in ("GET", "POST", "OPTIONS"):
        for headers in ((), PREFLIGHT):
            assert SECRET not in z.request(method, target, headers=headers).text, method


def test_addresses_that_everybody_may_choose_are_warned_of(zta):
    z = zta(start=False, stage=1, modules=("remoteip",))
    code, output = z.configtest(vhost_text="RemoteIPHeader X-Forwarded-For")
    assert code == 0
    assert "ZTA0005" in output
    code, output = z.configtest(global_text="RemoteIPInternalProxy 127.0.0.1",
                                vhost_text="RemoteIPHeader X-Forwarded-For")
    assert code == 0
    assert "ZTA0005" not in output


def test_the_realm_is_no_name_that_the_client_chose(zta):
    z = zta(stage=1, vhost_text="HttpProtocolOptions Unsafe")
    for host in ('a"b', "evil.test"):
        assert z.get("/x", host=host).all("WWW-Authenticate")[0] == 'Bearer realm="localhost"'


def test_a_governed_virtual_host_is_not_entered_by_another_ones_name(zta):
    z = zta(stage=1)
    z.httpd.named_vhosts = {"open.test": f"ZTAStage 0\nProxyPass / {z.backend.url}/"}
    z.restart()
    assert z.get("/x", host="open.test").status == 200
    z.backend.clear()
    for host in ("localhost", "unknown.test", "open.test.evil", "OPEN.test.", "open.test:80@localhost"):
        status = z.get("/x", host=host).status
        assert status in (400, 401) or host.lower().startswith("open.test."), host
    z.backend.clear()
    # An absolute target names the server, whatever Host says.
    assert z.get("http://localhost/x", host="open.test").status == 401
    assert not z.backend.requests


@pytest.mark.mpm
def test_a_header_block_above_its_bound_is_refused(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    assert z.get("/x", token=token, headers=[(f"X-A{i}", "a" * 990) for i in range(12)]).status == 200
    refused = z.get("/x", token=token, headers=[(f"X-A{i}", "a" * 990) for i in range(20)])
    assert refused.status == 400
    assert refused.json()["type"] == "urn:zta:problem:bad-request"


def test_a_script_that_would_answer_first_is_a_configuration_error(zta):
    z = zta(start=False, modules=("lua",))
    code, output = z.configtest(vhost_text="LuaQuickHandler /nowhere.lua handle")
    assert code != 0
    assert "LuaQuickHandler" in output and "before any request is judged" in output


def test_a_scheme_with_commas_is_no_malformed_credential(zta):
    z = zta(stage=1)
    answer = z.get("/x", headers={"Authorization": 'Digest username="a", realm="b", nonce="c"'})
    assert answer.status == 401
    assert "error" not in answer.header("WWW-Authenticate")
    assert z.get("/x", headers={"Authorization": 'Digest a="b", Bearer x'}).status == 400
