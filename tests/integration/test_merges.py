# SPDX-License-Identifier: Apache-2.0
"""What holds where places lie within each other: the innermost explicit value, key by key."""

import json
import os

import pytest

from support.httpd import APACHE, sanitizer_environment
from support.issuer import Key
from support.local import wait_for

OTHER = ("<ZTAIssuer other https://other.example.test>\nZTAAudience https://other-api.test\n"
         "ZTAKeys file:conf/other.json\nZTAAlgorithms ES256\n</ZTAIssuer>")


def stages(z, token):
    """What a place enforces, seen from outside: 0, 1 or 2 (no rule allows anything)."""
    def stage(path, **options):
        bare = z.get(path, **options).status
        full = z.get(path, token=token, **options).status
        return {(200, 200): 0, (401, 200): 1, (401, 403): 2}[bare, full]
    return stage


@pytest.mark.mpm
def test_the_innermost_stage_holds(zta):
    z = zta(stage=None, rules="", global_text="ZTAStage 1\nZTAAccept corp", vhost_text=(
        "ZTAStage 0\n<Location /a>\nZTAStage 1\n</Location>\n<Location /a/b>\nZTAStage 0\n"
        "</Location>\n<Location /a/b/c>\nZTAStage 2\n</Location>\n"
        "<Location /a/b/c/d>\nZTARealm x\n</Location>\n"
        "<LocationMatch ^/m/[0-9]+>\nZTAStage 2\n</LocationMatch>"),
        named_vhosts={"plain.test": ""}, start=False)
    z.configure()
    z.httpd.named_vhosts["plain.test"] = f"ProxyPass / {z.backend.url}/"
    z.httpd.start()
    stage = stages(z, z.issuer.token())
    assert [stage(p) for p in ("/", "/a", "/a/x", "/a/b", "/a/b/x", "/a/b/c", "/a/b/c/d/e",
                               "/m/7", "/m/x", "/ab")] == [0, 1, 1, 0, 0, 2, 2, 2, 0, 0]
    assert stage("/", host="plain.test") == 1


@pytest.mark.mpm
def test_what_stands_in_the_main_server_alone_holds_in_every_vhost(zta):
    """A vhost without a directive of ours has no configuration of its own to be merged."""
    z = zta(stage=None, accept=None, credentials=None, rules="", global_text=(
        "ZTAStage 1\nZTAAccept corp"), vhost_text="<Location /two>\nZTAStage 2\n</Location>")
    stage = stages(z, z.issuer.token())
    assert [stage("/"), stage("/two")] == [1, 2]


# A section, and what changes it at its own path alone.
OVERRIDDEN = [
    ("/", '<LocationMatch "^/$">\nZTAStage 0\nZTAAccept local\n</LocationMatch>'),
    ("/api", '<LocationMatch "^/api$">\nZTAStage 0\nZTAAccept local\n</LocationMatch>'),
    ("/api", '<Location "/a?i">\nZTAStage 0\nZTAAccept local\n</Location>'),
    ("/api", '<LocationMatch "^/api$">\nSetHandler zta-jwks\nZTAAccept local\n</LocationMatch>'),
]


@pytest.mark.mpm
@pytest.mark.parametrize("path, inner", OVERRIDDEN)
def test_what_holds_at_the_path_of_a_section_alone_opens_nothing_below_it(zta, path, inner):
    below = f"{path.rstrip('/')}/x"
    z = zta(start=False, stage=None, accept=None, credentials=None, rules="", vhost_text=(
        f'<Location "{path}">\nZTAStage 1\nZTAAccept corp\n</Location>\n{inner}'))
    key = z.httpd.write("conf/sign.pem", Key("ES256").private_pem(), 0o600)
    z.global_text = f"ZTAAssertion key={key}"
    z.start()
    assert [z.get(below).status, z.get(below, token=z.issuer.token()).status] == [401, 200]
    z.vhost_text = z.vhost_text.replace("ZTAAccept corp", "ZTAAccept crop")
    code, output = z.configtest()
    assert code != 0 and "ZTAAccept names 'crop'" in output, output


def test_a_place_within_another_needs_not_say_again_what_that_says(zta):
    """Two issuers: without the ZTAAccept around it the inner place would be an error."""
    z = zta(start=False, stage=None, accept=None, credentials=None, rules="", global_text=OTHER,
            vhost_text="<Location /a>\nZTAStage 1\nZTAAccept corp\n</Location>\n"
                       "<Location /a/b>\nZTAStage 2\n</Location>\n"
                       '<LocationMatch "^/a/b$">\nZTARealm x\n</LocationMatch>')
    z.httpd.write("conf/other.json", json.dumps({"keys": [Key("ES256", kid="k").jwk()]}))
    code, output = z.configtest()
    assert code == 0, output
    # What is missing below a section alone is an error, too.
    z.vhost_text = ("<Location /a>\nZTAStage 1\n</Location>\n"
                    '<LocationMatch "^/a$">\nZTAAccept corp\n</LocationMatch>')
    code, output = z.configtest()
    assert code != 0 and output.count("2 issuers are configured and no ZTAAccept") == 1, output


def test_a_section_without_a_stage_keeps_the_one_around_it(zta):
    z = zta(stage=2, rules="", vhost_text="<Location /a>\nZTARealm a\n</Location>")
    assert stages(z, z.issuer.token())("/a") == 2


def test_a_pattern_is_told_as_one_with_the_stage_around_it(zta):
    z = zta(stage=None, rules="", vhost_text=(
        '<Location "/">\nZTAStage 2\n</Location>\n<LocationMatch "^/m/[0-9]+">\nZTARealm m\n</LocationMatch>\n'
        '<Location "/w/*">\nZTAMonitor 3\n</Location>'))
    told = wait_for(lambda: {each["path"]: each for each in z.json("status")["locations"]}, what="the places")
    assert {path: (each["stage"], each["monitor"], each["is_pattern"], each["is_lower"])
            for path, each in told.items() if path != "/"} == {
        "^/m/[0-9]+": (2, 2, True, False), "/w/*": (2, 3, True, False)}
    assert not told["/"]["is_pattern"]
    assert " pattern ^/m/[0-9]+: stage 2, monitor 2\n" in z.ctl("status").stdout
    found = z.json("config", "check", "--apachectl", APACHE, "--conf", z.httpd.path("conf/httpd.conf"), code={0, 1},
                   env=sanitizer_environment())["findings"]
    assert not [each for each in found if each["finding"].startswith("place_")], found


def test_directories_hold_too(zta):
    z = zta(start=False, stage=0, proxy=None, rules="")
    for name in ("page", "one/page", "one/two/page", "one/open/page"):
        z.httpd.write(f"htdocs/{name}", "a page")
    root = z.httpd.path("htdocs")
    z.vhost_text = (f"<Directory {root}/one>\nZTAStage 1\n</Directory>\n"
                    f"<Directory {root}/one/two>\nZTAStage 2\n</Directory>\n"
                    f"<Directory {root}/one/open>\nZTAStage 0\n</Directory>")
    z.start()
    stage = stages(z, z.issuer.token())
    assert [stage(p) for p in ("/page", "/one/page", "/one/two/page")] == [0, 1, 2]
    # What stands around a directory is no place of its own: the inner value holds.
    assert stage("/one/open/page") == 0


def recorded(z, count):
    """The events of a gateway by path, once so many are there."""
    events = wait_for(lambda: (lambda found: len(found) >= count and found)(z.events()),
                      what=f"{count} events")
    return {event["path"]: event for event in events}


def test_the_monitored_stage_merges_and_is_at_least_the_enforced_one(zta):
    z = zta(stage=0, rules="", vhost_text=(
        "ZTAMonitor 1\n<Location /two>\nZTAMonitor 2\n</Location>\n<Location /none>\n"
        "ZTAMonitor 0\n</Location>\n<Location /enforced>\nZTAStage 2\nZTAMonitor 1\n"
        "</Location>"))
    token = z.issuer.token()
    paths = ("/one", "/two", "/none", "/enforced")
    assert [z.get(p, token=token).status for p in paths] == [200, 200, 200, 403]
    assert [z.get(f"{p}/bare").status for p in paths] == [200, 200, 200, 401]
    seen = recorded(z, 8)
    reasons = {path: (e["reason"], e["monitor"]["reason"] if e.get("monitor") else None)
               for path, e in seen.items()}
    assert reasons["/one"] == ("ok", None)
    assert reasons["/one/bare"] == ("ok", "no_credential")
    assert reasons["/two"] == ("ok", "no_rule")
    assert reasons["/none/bare"] == ("ok", None)
    assert reasons["/enforced"][0] == "no_rule"


LIMIT = "limit few\n  when path /few/**\n  key all\n  rate 1/1h\n"


@pytest.mark.mpm
def test_features_merge_key_by_key(zta):
    z = zta(stage=2, rules=LIMIT, vhost_text=(
        "ZTAFeature ratelimit=off\n<Location /few/free>\nZTAFeature rules=monitor\n</Location>\n"
        "<Location /few/free/none>\nZTAFeature rules=enforce\n</Location>\n"
        "<Location /few/tight>\nZTAFeature rules=monitor ratelimit=enforce\n</Location>\n"
        "<Location /few/tight/in>\nZTAFeature rules=off\n</Location>"))
    token = z.issuer.token()

    def twice(path):
        return [z.get(path, token=token).status for _ in range(2)]

    assert twice("/few/x") == [403, 403]
    assert twice("/few/free") == [200, 200]
    assert twice("/few/free/none") == [403, 403]
    assert twice("/few/tight") == [200, 429]
    assert twice("/few/tight/in") == [429, 429]


@pytest.mark.mpm
def test_accept_credentials_and_realm_of_the_innermost_place_hold(zta):
    z = zta(stage=1, accept="corp", credentials=None, start=False, global_text=OTHER, vhost_text=(
        "ZTARealm outer\n<Location /other>\nZTAAccept other\n</Location>\n<Location /other/both>\n"
        "ZTAAccept corp other\nZTARealm inner\n</Location>\n<Location /keys>\nZTAAccept local\n"
        "ZTACredentials apikey:X-Key\n</Location>\n<Location /keys/any>\nZTAAccept local corp\n"
        "ZTACredentials header apikey:X-Second\n</Location>"))
    key = Key("ES256", kid="o")
    z.httpd.write("conf/other.json", json.dumps({"keys": [key.jwk()]}))
    z.start()
    corp = z.issuer.token()
    other = z.issuer.token({"iss": "https://other.example.test", "aud": "https://other-api.test"},
                           alg="ES256", key=key)
    apikey = z.json("keys", "create", "--name", "k")["key"]

    def statuses(path):
        return [z.get(path, token=corp).status, z.get(path, token=other).status,
                z.get(path, token=apikey).status,
                *(z.get(path, headers={name: apikey}).status for name in ("X-Key", "X-Second"))]

    assert statuses("/x") == [200, 401, 401, 401, 401]
    assert statuses("/other") == [401, 200, 401, 401, 401]
    assert statuses("/other/both") == [200, 200, 401, 401, 401]
    assert statuses("/keys") == [401, 401, 401, 200, 401]
    assert statuses("/keys/any") == [200, 401, 200, 401, 200]
    assert z.get("/other").all("WWW-Authenticate") == ['Bearer realm="outer"']
    assert z.get("/other/both").all("WWW-Authenticate") == ['Bearer realm="inner"']
    assert z.get("/keys").all("WWW-Authenticate") == ['ApiKey realm="outer"']
    assert z.get("/keys/any").all("WWW-Authenticate") == ['Bearer realm="outer"',
                                                          'ApiKey realm="outer"']


def test_forward_merges(zta):
    z = zta(stage=1, vhost_text=(
        "ZTAForward none\n<Location /id>\nZTAForward identity\n</Location>\n<Location /id/both>\n"
        "ZTAForward identity authorization\n</Location>\n<Location /id/both/in>\nZTARealm x\n"
        "</Location>"))
    token = z.issuer.token()

    def arrives(path):
        assert z.get(path, token=token).status == 200
        request = z.backend.last
        return (request.header("X-ZTA-Subject") is not None,
                request.header("Authorization") is not None)

    assert [arrives(p) for p in ("/", "/id", "/id/both", "/id/both/in")] == [
        (False, False), (True, False), (True, True), (True, True)]


def test_default_merges(zta):
    z = zta(stage=2, rules="deny secret\n  when path /**/secret\n", vhost_text=(
        "<Location /open>\nZTADefault allow\n</Location>\n<Location /open/shut>\n"
        "ZTADefault deny\n</Location>\n<Location /open/in>\nZTARealm x\n</Location>"))
    token = z.issuer.token()
    paths = ("/x", "/open", "/open/shut", "/open/in", "/open/secret")
    assert [z.get(p, token=token).status for p in paths] == [403, 200, 403, 200, 403]


def test_path_forms_merge(zta, tomcat):
    z = zta(backend=tomcat, stage=1, proxy="retry=0 nocanon", vhost_text=(
        "AllowEncodedSlashes NoDecode\n<Location /par>\nZTAPath parameters\n</Location>\n"
        "<Location /par/strict>\nZTAPath strict\n</Location>\n<Location /par/both>\n"
        "ZTAPath parameters encoded-slash\n</Location>"))
    token = z.issuer.token()

    def statuses(place):
        return [z.get(f"{place}/{form}", token=token).status for form in ("a", "a;b", "a%2Fb")]

    assert statuses("/x") == [200, 400, 400]
    assert statuses("/par") == [200, 200, 400]
    assert statuses("/par/strict") == [200, 400, 400]
    assert statuses("/par/both") == [200, 200, 200]


def test_preflight_merges(zta):
    z = zta(stage=1, vhost_text=(
        "ZTAPreflight judge\n<Location /answer>\nZTAPreflight answer\n</Location>\n"
        "<Location /answer/pass>\nZTAPreflight pass\n</Location>"))
    preflight = {"Origin": "https://app.test", "Access-Control-Request-Method": "POST"}
    paths = ("/x", "/answer", "/answer/pass")
    assert [z.request("OPTIONS", p, headers=preflight).status for p in paths] == [401, 204, 200]
    assert [r.path for r in z.backend.requests] == ["/answer/pass"]


def test_failure_merges(zta):
    z = zta(stage=1, vhost_text=(
        "<Location /stale>\nZTAFailure stale=1h\n</Location>\n<Location /stale/shut>\n"
        "ZTAFailure closed\n</Location>"), children=1)
    z.httpd.allow_log("ZTA\\d+: .*store", r"\[zta:error\]", r"\[zta:warn\]", r"\[zta:crit\]")
    token = z.issuer.token()
    paths = ("/x", "/stale", "/stale/shut")
    assert [z.get(p, token=token).status for p in paths] == [200, 200, 200]
    os.rename(z.store.policy_path(""), f"{z.root}/policy-away")
    wait_for(lambda: z.get("/x", token=token).status == 503, what="the loss is noticed")
    assert [z.get(p, token=token).status for p in paths] == [503, 200, 503]
    os.rename(f"{z.root}/policy-away", z.store.policy_path("").rstrip("/"))
    wait_for(lambda: z.get("/x", token=token).status == 200, what="the store is back")
