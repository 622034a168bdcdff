# SPDX-License-Identifier: Apache-2.0
"""ztactl config check: each dangerous configuration is named, and one that looks like it is not."""

import importlib
import json
import os
import re
import tempfile

import pytest

from support.clock import HOUR, token
from support.httpd import APACHE, joined, sanitizer_environment
from support.load import parallel
from support.local import ROOT, wait_for
from support.schema import validate

_HARMLESS = {"place_public", "place_lower", "rule_enforced_nowhere"}


def check(z, code=None, conf=None, **env):
    """The document of `config check` on the gateway's configuration as its attributes now say."""
    if conf is None:
        z.configure()
        conf = z.httpd.write("conf/checked.conf", z.httpd.config())
    done = z.ctl("config", "check", "--apachectl", APACHE, "--conf", conf, "--json",
                 code={0, 1} if code is None else code, env=joined(sanitizer_environment(), env))
    document = json.loads(done.stdout)
    validate("config check", document)
    assert (done.returncode == 1) == (document["errors"] > 0), document
    return document


def make_cache(z):
    path = z.httpd.path("cache")
    os.mkdir(path)
    os.chmod(path, 0o777)
    return path


def test_a_place_with_a_long_name_is_told_as_any_other(zta):
    z = zta(start=False, stage=1)
    path = f"^/({'a|b' * 6000})$"
    z.vhost_text = f'<LocationMatch "{path}">\nZTARealm x\n</LocationMatch>'
    assert path in [place["path"] for place in check(z)["places"]]


def named(document):
    return {f["finding"] for f in document["findings"]}


def of(document, name):
    return [f for f in document["findings"] if f["finding"] == name]


# Each row: the finding, options of the gateway, a vhost text that has it and one that has not; in both
# B is the back end and ROOT the server's directory. {"other": text} is a further virtual host.
CASES = [
    ("cache_before_access", dict(stage=1, modules=("cache", "cache_disk")),
     "CacheEnable disk /", "CacheEnable disk /\nCacheQuickHandler off\nCacheDisable /"),
    ("quick_handler", dict(stage=1, modules=("lua",)),
     "LuaQuickHandler ROOT/x.lua f", "LuaHookFixups ROOT/x.lua f"),
    ("remoteip_trusts_all", dict(stage=1, modules=("remoteip",)),
     "RemoteIPHeader X-Forwarded-For", "RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 192.0.2.1"),
    ("remoteip_trusts_all", dict(stage=1, modules=("remoteip",)),
     "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 10.0.0.0/8 0.0.0.0/1 128.0.0.0/1",
     "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 10.0.0.0/8"),
    ("cache_keeps_nothing", dict(stage=1, modules=("cache", "cache_disk"), proxy=None),
     "CacheQuickHandler off\nCacheEnable disk /\nProxyPass / B/",
     "CacheQuickHandler off\nCacheEnable disk /open\n<Location /open>\nZTAStage 0\n</Location>\nProxyPass / B/"),
    ("cache_keeps_nothing", dict(stage=0, modules=("cache", "cache_disk")),
     "CacheQuickHandler off\nCacheEnable disk /\n<Location /api>\nZTAStage 1\n</Location>",
     "CacheQuickHandler off\nCacheEnable disk /\nCacheDisable /api\n<Location /api>\nZTAStage 1\n</Location>"),
    ("remoteip_missing", dict(stage=1),
     "ZTAOrigin https://localhost", "ZTAOrigin http://localhost"),
    ("remoteip_missing", dict(stage=1, modules=("remoteip",)),
     "ZTAClientCertHeader Client-Cert",
     "ZTAClientCertHeader Client-Cert\nRemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 192.0.2.1"),
    ("preserve_host_origin", dict(stage=1),
     "ProxyPreserveHost On\nZTAOrigin http://api.example.com",
     "ProxyPreserveHost On\nZTAOrigin http://api.example.com\nServerAlias *.example.com"),
    ("preserve_host_origin", dict(stage=1),
     "<Location /x>\nZTAOrigin http://api.example.com\nProxyPreserveHost on\n</Location>",
     "ProxyPreserveHost Off\nZTAOrigin http://api.example.com"),
    ("certificate_per_location", dict(stage=1, tls=True),
     "<Location /x>\nSSLVerifyClient require\n</Location>", ""),
    ("certificate_per_location", dict(stage=1, tls=True, h2=False),
     "<Location /x>\nSSLVerifyClient optional\n</Location>",
     "<Location /x>\nSSLVerifyClient none\n</Location>"),
    ("certificate_per_location", dict(stage=1, tls=True),
     "<Directory />\nSSLVerifyClient optional\n</Directory>",
     "SSLVerifyClient optional\n<Location /x>\nSSLVerifyClient require\n</Location>"),
    ("server_without_stage", dict(stage=1),
     {"other.test": "ProxyPass / B/"}, {"other.test": "ZTAStage 0\nProxyPass / B/"}),
    ("server_without_stage", dict(stage=1, modules=("rewrite",)),
     {"other.test": "RewriteEngine on\nRewriteRule ^/(.*)$ B/$1 [L,P]"},
     {"other.test": "RewriteEngine on\nRewriteRule ^/(.*)$ https://localhost/$1 [L,R=301]"}),
    ("proxy_not_covered", dict(stage=None),
     "<Location /api>\nZTAStage 1\n</Location>",
     "<Location />\nZTAStage 0\n</Location>\n<Location /api>\nZTAStage 1\n</Location>"),
    ("proxy_not_covered", dict(stage=None, proxy=None),
     "<Location /api>\nZTAStage 1\nProxyPass B/\n</Location>\nProxyPassMatch ^/(img|css)/(.*) B/$1/$2",
     "<Location /api>\nZTAStage 1\nProxyPass B/\n</Location>\nProxyPassMatch ^/api/(img|css)/(.*) B/$1"),
    ("backend_also_open", dict(stage=1, proxy=None),
     "ProxyPass /static B/\n<Location /static>\nZTAStage 0\n</Location>\nProxyPass /api B/api",
     "ProxyPass /static B/static\n<Location /static>\nZTAStage 0\n</Location>\nProxyPass /api B/api"),
    ("backend_also_open", dict(stage=0, proxy=None),
     "ProxyPass /api B/v1\nProxyPass / B/\n<Location /api>\nZTAStage 1\n</Location>",
     "ProxyPass /api B/api\nProxyPass / B/\n<Location /api>\nZTAStage 1\n</Location>"),
    ("alias_not_covered", dict(stage=None, proxy=None),
     "Alias /open ROOT/htdocs\n<Location /secret>\nZTAStage 1\n</Location>",
     "Alias /open ROOT/htdocs/open\n<Location /secret>\nZTAStage 1\n</Location>"),
    ("alias_not_covered", dict(stage=None, proxy=None),
     "Alias /open ROOT/htdocs/secret/a\n<Location /secret>\nZTAStage 1\n</Location>",
     "Alias /open ROOT/htdocs/secret/a\n<Location /secret>\nZTAStage 1\n</Location>\n"
     "<Directory ROOT/htdocs/secret>\nZTAStage 1\n</Directory>"),
    ("section_overridden", dict(stage=0, rules=""),
     "<Location /api/admin>\nZTAStage 2\n</Location>\n<Location /api>\nZTAStage 1\n</Location>",
     "<Location /api>\nZTAStage 1\n</Location>\n<Location /api/admin>\nZTAStage 2\n</Location>"),
    # All of it overridden: what no place has in effect any more is told nevertheless.
    ("section_overridden", dict(stage=None),
     "<Location /api>\nZTAStage 1\n</Location>\n<Location />\nZTAStage 0\n</Location>",
     "<Location />\nZTAStage 0\n</Location>\n<Location /api>\nZTAStage 1\n</Location>"),
    ("place_public", dict(stage=None, proxy=None),
     "<Location /api>\nZTAStage 1\n</Location>\n<Location /api/open>\nZTAStage 0\n</Location>",
     "<Location /api>\nZTAStage 1\n</Location>\n<Location /api/open>\nZTARealm x\n</Location>"),
    ("place_lower", dict(stage=2, rules=""),
     "<Location /a>\nZTAStage 1\n</Location>", "<Location /a>\nZTAStage 2\n</Location>"),
    ("facts_without_source", dict(stage=3, rules="deny x\n  when country known KP\n  when path /x\n"),
     "", None),
    ("rule_never_applies", dict(stage=2, rules="allow x\n  when path /a\n  when path /b\n"), "", None),
    ("rule_never_applies", dict(stage=2, rules="allow x\n  when path /a\n  until 2020-01-01T00:00:00Z\n"), "", None),
    ("rule_shadowed", dict(stage=2, rules="allow x\n  when path /a\nallow y\n  when path /a\n"), "", None),
    ("rule_doubtful", dict(stage=2, rules="deny x\n  when user-agent *bot*\n"), "", None),
    ("rule_enforced_nowhere", dict(stage=1, rules="allow x\n  when path /a\n"),
     "", "ZTAStage 2"),
]
GOOD_RULES = "allow x\n  when path /a\n  need scope a\n"


def built(z, text):
    text = text if isinstance(text, dict) else {"": text}
    for name, part in text.items():
        part = part.replace("ROOT", z.root)
        part = re.sub(r"\bB/", z.backend.url + "/", part)
        if name:
            z.httpd.named_vhosts = {name: part}
        else:
            z.vhost_text = part
    return check(z)


@pytest.mark.parametrize("row", range(len(CASES)), ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_what_is_dangerous_is_named_and_what_looks_like_it_is_not(zta, row):
    name, options, bad, good = CASES[row]
    z = zta(start=False, **options)
    z.httpd.write("x.lua", "function f(r) return 0 end")
    document = built(z, bad)
    found = of(document, name)
    assert found, document["findings"]
    for each in found:
        if each["line"] is not None:
            with open(each["file"], encoding="utf-8") as file:
                assert len(file.readlines()) >= each["line"] > 0
        assert each["meaning"] and each["remedy"] and each["text"]
    if good is None:
        z.rules = GOOD_RULES
        good = ""
    document = built(z, good)
    assert not of(document, name), document["findings"]
    assert named(document) <= _HARMLESS, document["findings"]
    assert document["starts"]


def test_a_cache_hands_no_callers_answer_to_another(zta):
    """Seen failing without no-cache in the environment: bob got alice's."""
    z = zta(start=False, stage=1, modules=("cache", "cache_disk"))
    z.global_text = f"CacheRoot {make_cache(z)}"
    z.vhost_text = ("CacheQuickHandler off\nCacheEnable disk /\nCacheHeader on\n"
                    "<Location /open>\nZTAStage 0\n</Location>")
    z.start()
    target = "/set?Cache-Control=max-age=60"
    wait_for(lambda: "HIT" in z.get(f"/open{target}").header("X-Cache"), what="a public answer from the cache")
    for name in ("alice", "bob", "alice", "bob"):
        answer = z.get(target, token=z.issuer.token({"sub": name}))
        assert answer.status == 200 and name in answer.text
        assert "HIT" not in answer.header("X-Cache")


def test_places_are_told_as_they_are_in_effect_and_the_file_and_line_of_what_is_found(zta):
    z = zta(start=False, stage=2, rules=GOOD_RULES, vhost_text=(
        "<Location /api>\nZTAStage 1\nZTAMonitor 3\nZTAAccept local\nZTACredentials apikey:X-Api-Key\n</Location>"))
    document = check(z)
    places = {p["path"]: p for p in document["places"]}
    assert places["/"]["stage"] == 2 and places["/"]["accept"] == ["corp", "local"]
    assert places["/api"]["stage"] == 1 and places["/api"]["monitor"] == 3
    assert places["/api"]["features"]["rules"] == "monitor" and places["/api"]["accept"] == ["local"]
    assert document["issuers"] == [{"name": "corp", "url": z.issuer.url}]
    assert [r["file"] for r in document["rules"]] == [z.rules_path]
    [lower] = of(document, "place_lower")
    with open(lower["file"], encoding="utf-8") as file:
        assert file.readlines()[lower["line"] - 1].strip() == "ZTAStage 1"
    # For people, by severity, with what to do; --strict counts warnings, and there is none.
    said = z.ctl("config", "check", "--apachectl", APACHE, "--conf", z.httpd.path("conf/checked.conf"), "--strict",
                 env=sanitizer_environment())
    assert f"{lower['file']}:{lower['line']}: " in said.stdout and "Write: " in said.stdout
    assert "0 errors, 0 warnings, 1 notice." in said.stdout


def test_the_start_says_the_same_once_a_pass(zta):
    text = "ProxyPreserveHost On\nZTAOrigin http://api.example.com\n<Location /a>\nZTAStage 0\n</Location>"
    z = zta(start=False, stage=1, vhost_text=text)
    code, said = z.configtest()
    assert code == 0 and said.count("ZTA0162: ") == 1 and said.count("ZTA0004: ") == 1
    assert re.search(r"ZTA0162: localhost:\d+: ProxyPreserveHost hands on .*\(\S+/test\.conf:\d+\)", said)
    z.start()
    mark = z.httpd.log_mark()
    z.reload()
    assert z.httpd.error_text(mark).count("ZTA0162: ") == 1


def test_faults_are_told_all_at_once_and_refused_by_name(zta):
    z = zta(start=False, stage=1, vhost_text="MergeTrailers on\n<Location /x>\nZTAAccept nobody\n</Location>")
    z.rules = "nonsense\n"
    document = check(z, code=1)
    assert not document["starts"] and named(document) >= {"config_refused"}
    said = " ".join(f["text"] for f in document["findings"])
    assert "MergeTrailers" in said and "'nobody'" in said and "rules.zta:1" in said
    with open(f"{z.store.directory}/policy/data.mdb", "r+b") as file:
        file.truncate(100)
    z.rules, z.vhost_text = GOOD_RULES, ""
    assert named(check(z, code=1)) >= {"store_unusable"}


def test_what_cannot_be_asked_is_said_clearly(zta, directory):
    z = zta(start=False, stage=1)
    z.configure()
    conf = z.httpd.write("conf/checked.conf", z.httpd.config())

    def refused(program, file, code=1):
        return z.ctl("config", "check", "--apachectl", program, "--conf", file, code=code,
                     env=sanitizer_environment()).stderr

    assert "No such file" in refused("/nonexistent/apachectl", conf) and "--apachectl" in refused("/nonexistent", conf)
    assert "cannot read its configuration" in refused(APACHE, "/nonexistent.conf")
    broken = z.httpd.write("conf/broken.conf", z.httpd.config() + "Nonsense on\n")
    assert "Invalid command 'Nonsense'" in refused(APACHE, broken)
    z.httpd.load_zta = False
    bare = z.httpd.write("conf/bare.conf", z.httpd.config(global_text="", vhost_text=""))
    assert "does not load mod_zta" in refused(APACHE, bare)
    # No shell looks at the words, and what another program prints is not taken for the module's.
    mark = f"{directory}/touched"
    assert "cannot read its configuration" in refused(APACHE, f"x; touch {mark} #$(touch {mark})")
    assert not os.path.exists(mark)
    other = z.httpd.write("bin/other", "#!/bin/sh\necho '{\"zta\": 1'\nexit 0\n", 0o755)
    assert "another release" in refused(other, conf)
    half = z.httpd.write("bin/half", "#!/bin/sh\necho '{\"zta\":\"begin\",\"format\":1,\"store\":null}'\n", 0o755)
    assert "not whole" in refused(half, conf)
    newer = z.httpd.write("bin/newer", "#!/bin/sh\necho '{\"zta\":\"begin\",\"format\":99}'\n", 0o755)
    assert "another release" in refused(newer, conf)
    endless = z.httpd.write("bin/endless", "#!/bin/sh\nexec yes\n", 0o755)
    assert "more than can be kept" in refused(endless, conf)


def test_a_configuration_that_is_not_in_force_yet_is_told(zta):
    z = zta(stage=1, rules=GOOD_RULES)
    wait_for(lambda: z.json("status")["locations"], what="published places")
    assert "reload_pending" not in named(check(z))
    z.stage = 2
    z.rules = GOOD_RULES.replace("scope a", "scope b")
    z.issuer_text = "ZTALeeway 30"
    pending = of(check(z), "reload_pending")
    assert len(pending) == 2, pending
    assert any("at stage 1" in f["text"] for f in pending) and any(f["file"] == z.rules_path for f in pending)
    z.reload()
    wait_for(lambda: not of(check(z), "reload_pending"), what="the new configuration to be published")


def test_the_shipped_configuration_and_its_rules_have_no_findings(zta):
    with open(os.path.join(ROOT, "conf/zta.conf"), encoding="utf-8") as file:
        shipped = file.read()
    z = zta(start=False, stage=None, accept=None, credentials=None, proxy=None, global_text=shipped)
    assert check(z)["findings"] == []


def test_the_demo_has_nothing_but_its_public_places(monkeypatch):
    monkeypatch.syspath_prepend(os.path.join(ROOT, "tests/demo"))
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    with importlib.import_module("scene").scene() as z:
        document = check(z, conf=z.httpd.path("conf/httpd.conf"))
        assert named(document) <= {"place_public", "place_lower"}, document["findings"]


_TRIAL = ("allow used\n  when path /used\n  need scope a\nallow idle\n  when path /idle\n  need scope a\n"
          "deny tried\n  when path /used\n  when method DELETE\n  mode monitor\n")
_DAY = 24 * HOUR


def test_rules_that_decide_nothing_and_those_on_trial_for_long_are_named(clocked):
    z, clock = clocked(stage=2, rules=_TRIAL, global_text="ZTARetain events=100d")

    def said(name, **options):
        z.write_rules(z.rules)
        return " ".join(f["text"] for f in of(check(z, conf=z.httpd.path("conf/httpd.conf"), **options), name))

    def use():
        n = len(z.json("events", "--limit", "0", env=clock.env))
        assert z.get("/used", token=token(z, clock, scope="a")).status == 200
        wait_for(lambda: len(z.json("events", "--limit", "0", env=clock.env)) > n, what="the event")

    use()
    assert not said("rule_never_decided", **clock.env) and not said("rule_on_trial", **clock.env)
    clock.set(8 * _DAY)
    use()
    idle = said("rule_never_decided", **clock.env)
    assert "rule idle (" in idle and "rule tried (" in idle and "rule used" not in idle
    assert not said("rule_on_trial", **clock.env)
    # One that was added lately had no time to decide anything yet.
    z.ctl("rules", "add", "-e", "deny fresh", "-e", "when path /fresh", "--permanent", "--reason", "x", "--yes",
          env=clock.env)
    assert "fresh" not in said("rule_never_decided", **clock.env)
    clock.set(31 * _DAY)
    assert "rule tried (" in said("rule_on_trial", **clock.env)
    z.ctl("rules", "monitor", "used", "--permanent", "--reason", "x", "--yes", env=clock.env)
    assert "rule used" not in said("rule_on_trial", **clock.env)
    # A trial that is changed begins anew; a restart alone changes nothing.
    z.reload()
    assert "rule tried (" in said("rule_on_trial", **clock.env)
    z.write_rules(_TRIAL.replace("DELETE", "PATCH"))
    z.reload()
    wait_for(lambda: "rule tried (" not in said("rule_on_trial", **clock.env), what="the new rules")
    clock.set(62 * _DAY)
    trials = said("rule_on_trial", **clock.env)
    assert "rule used (" in trials and "rule tried (" in trials


@pytest.mark.parametrize("lines, is_found", [
    ("", True), ("RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1", False)])
def test_a_proxy_that_nothing_reads_is_seen_in_the_traffic(zta, lines, is_found):
    z = zta(stage=1, modules=("remoteip",), vhost_text=lines)
    good = {"Authorization": f"Bearer {z.issuer.token()}", "X-Forwarded-For": "203.0.113.7"}
    assert parallel(z, 4, 30, "/x", good) == {200: 120}
    wait_for(lambda: z.json("status")["counters"]["requests"] >= 120, what="the counters")
    document = check(z, conf=z.httpd.path("conf/httpd.conf"))
    assert ("remoteip_missing" in named(document)) == is_found, document["findings"]
