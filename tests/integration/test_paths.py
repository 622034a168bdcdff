# SPDX-License-Identifier: Apache-2.0
"""Every ambiguous form of a path through /public, at a back end that reads paths as Tomcat does."""

import itertools

import pytest

PUBLIC = "<Location /public>\nZTAStage 0\n</Location>"

# Spellings of "go up one segment" and of a separator that some server takes for one.
UPS = ("..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "..;", "..;x=y", "%2e%2e;", "..%3b", "..%3Bx", ".;/..",
       "%252e%252e", "%25%32%65%25%32%65", "..%00", "..%0a", "..%20", ".%20.", "...", "%c0%ae%c0%ae",
       "%e0%80%ae%e0%80%ae", "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e", "..%09", "..\t")
SEPARATORS = ("/", "//", "\\", "%5c", "%5C", "%2f", "%2F", "%252f", "%255c", "/./", "/%2e/", ";/", "/;/",
              "/;x=y/", "%c0%af", "%u2215", "%ef%bc%8f", "%00/", "%0d%0a/")


def ambiguous_targets():
    targets = [f"/public{first}{up}{second}admin" for first, up, second in
               itertools.product(SEPARATORS, UPS, SEPARATORS)]
    targets += [f"/public/a{first}{up}{second}{up}{second}admin" for first, up, second in
                itertools.product(("/", ";/", "%2f"), UPS, ("/", "%5c", ";/", "%2f"))]
    targets += ["/public/..", "/public/.", "/public;/../admin", "/public;jsessionid=1/..;/admin",
                "/public/%2e", "/public/../admin?x", "/public/..#/admin", "/public#/../admin",
                "/./public/../admin", "//public/../admin", "/public/x/../../admin", "/public/\x7f",
                "/public/%ff", "/public/%", "/public/%2", "/public/%zz", "/public/%00", "/public/a b"]
    return targets


@pytest.mark.mpm
@pytest.mark.timeout(300)
@pytest.mark.parametrize("extra", ["", "AllowEncodedSlashes NoDecode", "AllowEncodedSlashes On",
                                   "MergeSlashes Off"])
@pytest.mark.parametrize("nocanon", ["", "nocanon"])
def test_no_ambiguous_path_through_public_reaches_admin(zta, tomcat, extra, nocanon):
    z = zta(backend=tomcat, stage=2, rules="allow all\n  when path /public/**\n",
            vhost_text=f"{PUBLIC}\n{extra}", proxy=f"retry=0 {nocanon}".strip())
    # httpd says itself what it refuses before any hook.
    z.httpd.allow_log("AH10244: invalid URI path", "AH00026: found %2f")
    assert z.get("/public/x").status == 200
    assert z.get("/admin").status == 401
    targets = ambiguous_targets()
    statuses = {}
    for target in targets:
        status = z.get(target).status
        statuses[status] = statuses.get(status, 0) + 1
    assert not tomcat.reached("/admin"), [r.target for r in tomcat.reached("/admin")]
    assert set(statuses) <= {200, 400, 401, 403, 404}, statuses
    assert len(targets) > 8000
    assert statuses[400] > len(targets) * 0.9
    # Nothing but plain paths below /public came through at all.
    for request in tomcat.requests:
        assert request.interpreted.startswith("/public"), request.target


def test_a_refused_path_is_answered_by_the_contract(zta, tomcat):
    z = zta(backend=tomcat, stage=1)
    answer = z.get("/public/..;/admin")
    assert answer.status == 400
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.json()["type"] == "urn:zta:problem:bad-request"
    assert answer.json()["status"] == 400
    assert answer.header("X-ZTA-Id") == answer.json()["request_id"]
    assert answer.header("WWW-Authenticate") is None


def test_paths_are_checked_in_a_vhost_with_any_enforced_place_only(zta, tomcat):
    z = zta(backend=tomcat, stage=0)
    assert z.get("/a;x=y/b").status == 200
    z.vhost_text = "<Location /elsewhere>\nZTAStage 1\n</Location>"
    z.reload()
    assert z.get("/a;x=y/b").status == 400
    z.vhost_text = "<Location /elsewhere>\nZTAMonitor 1\n</Location>"
    z.reload()
    assert z.get("/a;x=y/b").status == 200


def test_parameters_are_admitted_where_configured_and_judged_without_them(zta, tomcat):
    rules = "allow admins\n  when path /admin/**\n  need role admin\n\nallow all\n  when path /open/**\n"
    z = zta(backend=tomcat, stage=2, rules=rules,
            vhost_text=f"{PUBLIC}\n<Location />\nZTAPath parameters\n</Location>")
    token = z.issuer.token({"roles": ["user"]})
    assert z.get("/open;jsessionid=7/a;b", token=token).status == 200
    assert z.get("/admin;x=y/secret", token=token).status == 403
    assert z.get("/open/..;/admin", token=token).status == 400
    assert z.get("/open/..;x/admin", token=token).status == 400
    assert not tomcat.reached("/admin")


def test_a_place_that_a_parameter_hides_from_httpd_holds_all_the_same(zta, tomcat):
    """The rest of the vhost is public; httpd does not find /admin in /admin;x, the back end does."""
    z = zta(backend=tomcat, stage=0, rules="",
            vhost_text="ZTAPath parameters\n<Location /admin>\nZTAStage 1\n</Location>")
    assert z.get("/open;a=b").status == 200
    assert z.get("/admin").status == 401
    for target in ("/admin;x", "/admin;x=y/secret", "/admin;", "//admin;x/", "/%61dmin;x", "/admin%3bx/a"):
        assert z.get(target).status in (400, 401), target
    assert not tomcat.reached("/admin")


def test_encoded_slashes_are_admitted_where_configured(zta, backend):
    rules = "allow files\n  when path /files/*\n"
    z = zta(stage=2, rules=rules, proxy="retry=0 nocanon",
            vhost_text="AllowEncodedSlashes NoDecode\nZTAPath encoded-slash")
    token = z.issuer.token()
    assert z.get("/files/a%2Fb", token=token).status == 200
    assert backend.last.target == "/files/a%2Fb"
    assert z.get("/files/a/b", token=token).status == 403
    assert z.get("/files/a%2F..%2Fb", token=token).status == 400


def test_an_absolute_target_is_judged_by_its_path(zta, tomcat):
    z = zta(backend=tomcat, stage=2, rules="", vhost_text=PUBLIC)
    port = z.httpd.port
    assert z.get(f"http://localhost:{port}/public/x").status == 200
    assert z.get(f"http://localhost:{port}/admin").status == 401
    assert z.get(f"http://localhost:{port}/public/..;/admin").status == 400
    assert not tomcat.reached("/admin")


def test_plain_utf8_and_escaped_spaces_pass(zta, backend):
    z = zta(stage=2, rules='allow cafe\n  when path "/caf\u00e9/**"\n')
    token = z.issuer.token()
    assert z.get("/caf%C3%A9/a%20b", token=token).status == 200
    assert z.get("/caf%c3%a9/", token=token).status == 200
    assert z.get("/caf/", token=token).status == 403
