# SPDX-License-Identifier: Apache-2.0
"""Limits on a real server: what they count by, exact over processes, cheap to refuse, honest to
the client."""

import re
import subprocess
import time
from collections import Counter

import pytest

from support.local import wait_for
from support.load import counters, parallel, spread

NEVER_AGAIN = "1/h"
REMOTE_IP = "RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 127.0.0.1"


def limit(key, rate=NEVER_AGAIN, burst=None, name="quota", lines=""):
    burst = "" if burst is None else f" burst {burst}"
    return f"limit {name}\n{lines}  key {key}\n  rate {rate}{burst}\n"


def left(answer):
    """What the RateLimit field says is left: (name, r)."""
    found = re.fullmatch(r'"([^"]+)";r=(\d+);t=(\d+)', answer.header("RateLimit"))
    return found.group(1), int(found.group(2))


def statuses(z, *requests):
    return [z.get(r.pop("target", "/x"), **r).status for r in map(dict, requests)]


# ---- what limits count by ----

def from_address(z, address):
    return {"source": address, "token": z.issuer.token()}


def forwarded_for(z, address):
    return {"headers": {"X-Forwarded-For": address}, "token": z.issuer.token()}


def with_claims(z, **claims):
    return {"token": z.issuer.token(claims)}


ADDRESSES = [
    ("ip", from_address, "127.0.5.1", "127.0.5.1", "127.0.5.2"),
    ("ip", forwarded_for, "192.0.2.7", "192.0.2.7", "192.0.2.8"),
    ("ip", forwarded_for, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ("net", from_address, "127.0.5.1", "127.0.5.77", "127.0.6.1"),
    ("net", forwarded_for, "2001:db8:1:2::1", "2001:db8:1:ffff::1", "2001:db8:2:2::1"),
]
IDENTITIES = [
    ("subject", {"sub": "alice"}, {"sub": "alice", "client_id": "web"}, {"sub": "bob"}),
    ("client", {"client_id": "app"}, {"client_id": "app", "sub": "bob"}, {"client_id": "web"}),
    ("session", {"sid": "s1"}, {"sid": "s1", "jti": "j2"}, {"sid": "s2"}),
    ("claim:tenant", {"tenant": "a"}, {"tenant": "a", "sub": "bob"}, {"tenant": "b"}),
    ("claim:tenant", {"tenant": ["a", "b"]}, {"tenant": ["a", "b"]}, {"tenant": ["a"]}),
    ("claim:org.id", {"org": {"id": 7}}, {"org": {"id": 7}}, {"org": {"id": 8}}),
    ("subject client", {"sub": "alice", "client_id": "app"}, {"sub": "alice", "client_id": "app"},
     {"sub": "alice", "client_id": "web"}),
]


@pytest.mark.mpm
@pytest.mark.parametrize("key, make, first, same, other", ADDRESSES)
def test_a_limit_by_address(zta, key, make, first, same, other):
    z = zta(rules=limit(key, burst=2), vhost_text=REMOTE_IP, modules=("remoteip",))
    assert statuses(z, make(z, first), make(z, same), make(z, first)) == [200, 200, 429]
    assert statuses(z, make(z, same), make(z, other)) == [429, 200]


@pytest.mark.mpm
@pytest.mark.parametrize("key, first, same, other", IDENTITIES)
def test_a_limit_by_identity(zta, key, first, same, other):
    z = zta(rules=limit(key, burst=2))
    answers = statuses(z, *(with_claims(z, **c) for c in (first, same, first, same, other)))
    assert answers == [200, 200, 429, 429, 200]


def test_a_limit_by_api_key_leaves_tokens_alone(zta):
    z = zta(rules=limit("apikey", burst=1))
    keys = [z.json("keys", "create", "--name", n)["key"] for n in ("one", "two")]
    assert statuses(z, {"key": keys[0]}, {"key": keys[0]}, {"key": keys[1]}) == [200, 429, 200]
    assert statuses(z, *[with_claims(z)] * 3) == [200] * 3
    # Bearer or header: it is the same key.
    assert z.get("/x", token=keys[1]).status == 429


def test_a_limit_by_issuer(zta):
    z = zta(rules=limit("issuer", burst=1))
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, with_claims(z, sub="alice"), with_claims(z, sub="bob")) == [200, 429]
    assert statuses(z, {"key": key}, {"key": key}) == [200, 429]


def test_a_limit_by_route(zta):
    z = zta(rules=limit("route", burst=1), vhost_text="<Location /a>\nZTAStage 1\n</Location>\n"
            "<Location /b>\nZTAStage 1\n</Location>")
    token = z.issuer.token()
    assert statuses(z, *({"target": t, "token": token} for t in ("/a/1", "/a/2", "/b/1", "/c/1",
                                                                 "/d/1"))) \
        == [200, 429, 200, 200, 429]


def test_a_limit_for_all(zta):
    z = zta(rules=limit("all", burst=2))
    assert statuses(z, from_address(z, "127.0.5.1"), with_claims(z, sub="bob"),
                    from_address(z, "127.0.6.1")) == [200, 200, 429]


def test_an_unknown_key_is_not_limited(zta):
    z = zta(rules=limit("claim:tenant", burst=1))
    assert statuses(z, *[with_claims(z)] * 3) == [200] * 3
    assert statuses(z, *[with_claims(z, tenant=None)] * 3) == [200] * 3
    # Empty is known.
    assert statuses(z, *[with_claims(z, tenant="")] * 2) == [200, 429]


def test_an_address_that_a_stranger_forwards_counts_for_nothing(zta):
    z = zta(rules=limit("ip", burst=1), vhost_text=REMOTE_IP, modules=("remoteip",))
    token = z.issuer.token()
    answers = [z.get("/x", token=token, source="127.0.0.9",
                     headers={"X-Forwarded-For": f"192.0.2.{i}"}).status for i in range(3)]
    assert answers == [200, 429, 429]


# ---- exact ----

@pytest.mark.mpm
@pytest.mark.parametrize("key", ["all", "subject"])
def test_of_three_thousand_parallel_requests_exactly_a_thousand_pass(zta, key):
    z = zta(rules=limit(key, burst=1000, lines="  when path /x\n"), children=3)
    headers = {"Authorization": f"Bearer {z.issuer.token(alg='ES256')}"}
    # prefork gives each connection a process of its own.
    connections = spread(z, 4, headers) if z.httpd.mpm != "prefork" else None
    seen = parallel(z, 12, 250, headers=headers, connections=connections)
    assert seen == {200: 1000, 429: 2000}

    def served():
        """By process; a line is written after the client has its answer."""
        with open(z.httpd.path("logs/access.log"), encoding="utf-8") as log:
            return Counter(line.split()[-1] for line in log if " /x " in line)

    wait_for(lambda: sum(served().values()) == 3000, what="3,000 lines in the log")
    assert len(served()) >= 3
    assert len([r for r in z.backend.requests if r.path == "/x"]) == 1000
    found = counters(z, limited=2000)
    assert (found["limited"], found["limit_overflow"]) == (2000, 0)


def test_streams_of_http2_connections_are_counted_one_by_one(zta):
    z = zta(rules=limit("subject", burst=1000), children=3)
    if not z.httpd.has_h2:
        pytest.skip("HTTP/2 is not offered under prefork")
    token = z.issuer.token(alg="ES256")
    done = subprocess.run(["h2load", "-n", "3000", "-c", "6", "-m", "20", "-H",
                           f"Authorization: Bearer {token}", f"{z.httpd.url}/x"],
                          capture_output=True, text=True, timeout=50, check=True)
    assert "status codes: 1000 2xx, 0 3xx, 2000 4xx, 0 5xx" in done.stdout, done.stdout
    assert len(z.backend.requests) == 1000


@pytest.mark.mpm
def test_a_bucket_stands_through_a_graceful_restart(zta):
    z = zta(rules=limit("subject", burst=3))
    token = z.issuer.token()
    assert statuses(z, *[{"token": token}] * 2) == [200, 200]
    z.reload()
    assert statuses(z, *[{"token": token}] * 2) == [200, 429]
    z.reload()
    assert statuses(z, {"token": token}) == [429]


# ---- before cryptography ----

def test_what_a_limit_on_the_address_refuses_is_not_verified(zta):
    z = zta(rules=limit("ip", burst=2))
    assert statuses(z, with_claims(z, sub="a"), with_claims(z, sub="b")) == [200, 200]
    assert statuses(z, *(with_claims(z, sub=f"u{i}") for i in range(20))) == [429] * 20
    found = counters(z, requests=22)
    assert (found["verified"], found["verify_failed"], found["limited"]) == (2, 0, 20)


def test_a_limit_on_who_comes_after_verification_of_who_it_is(zta):
    z = zta(rules=limit("subject", burst=2))
    forged = z.issuer.token({"sub": "alice"}, signature=lambda good: bytes(len(good)))
    assert statuses(z, *[{"token": forged}] * 5) == [401] * 5
    # Whoever forges a name does not use up its quota.
    assert statuses(z, *[with_claims(z, sub="alice")] * 3) == [200, 200, 429]


@pytest.mark.mpm
def test_failed_verifications_of_an_address_end_in_429(zta):
    z = zta(stage=1)

    def forged(i):
        return z.issuer.token({"sub": f"u{i}"}, signature=lambda good: bytes(len(good)))

    attack = [z.get("/x", token=forged(i), source="127.0.0.5") for i in range(40)]
    refused = [a for a in attack if a.status == 429]
    # The first 20 are tried; while they were, time gave a few more.
    assert {a.status for a in attack[:20]} == {401}
    assert refused and {a.status for a in attack} == {401, 429}
    assert refused[0].header("RateLimit-Policy") == '"failed-verifications";q=20;w=10'
    assert 1 <= int(refused[0].header("Retry-After")) <= 10
    assert refused[0].json()["type"] != "about:blank"
    found = counters(z, requests=40)
    assert found["verify_failed"] == 40 - len(refused)
    # Other addresses go on, good tokens and bad ones.
    assert z.get("/x", token=z.issuer.token(), source="127.0.0.6").status == 200
    assert z.get("/x", token=forged(99), source="127.0.0.6").status == 401
    # A good token of that address waits too, verified before or not: nothing is looked at. One
    # more is tried each half second.
    good = z.issuer.token()
    while z.get("/x", token=forged(time.monotonic_ns()), source="127.0.0.5").status != 429:
        pass
    answer = z.get("/x", token=good, source="127.0.0.5")
    assert answer.status in (200, 429)
    wait_for(lambda: z.get("/x", token=good, source="127.0.0.5").status == 200, 5,
             "the good token's turn")


def test_the_limit_on_failed_verifications_counts_keys_and_can_be_set(zta):
    z = zta(stage=1, global_text="ZTAVerifyLimit 3/1h")
    key = z.json("keys", "create", "--name", "one")["key"]
    wrong = key[:5] + ("A" if key[5] != "A" else "B") + key[6:]
    # Nothing presented and nothing but expired is no attack.
    assert statuses(z, *[{}] * 5, *[with_claims(z, exp=1)] * 5) == [401] * 10
    assert statuses(z, {"key": wrong}, {"token": "junk"}, {"token": "a.b.c"}) == [401] * 3
    assert statuses(z, {"key": wrong}, {"key": key}, with_claims(z)) == [429] * 3
    assert z.get("/x", key=key, source="127.0.0.6").status == 200


def test_the_limit_on_failed_verifications_can_be_off(zta):
    z = zta(stage=1, global_text="ZTAVerifyLimit off")
    assert statuses(z, *({"token": f"a.b.{i}"} for i in range(40))) == [401] * 40
    assert statuses(z, with_claims(z)) == [200]


# ---- what the client is told ----

@pytest.mark.mpm
def test_the_fields_say_what_is_left_and_when_to_come_back(zta):
    z = zta(rules=limit("subject", rate="2/10s", burst=3))
    token = z.issuer.token()
    answers = [z.get("/x", token=token) for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, 429]
    assert [left(a) for a in answers] == [("quota", 2), ("quota", 1), ("quota", 0), ("quota", 0)]
    assert {a.header("RateLimit-Policy") for a in answers} == {'"quota";q=2;w=10'}
    assert [a.header("Retry-After") for a in answers[:3]] == [None] * 3
    refused = answers[3]
    retry, reset = int(refused.header("Retry-After")), int(refused.header("RateLimit").split("=")[-1])
    assert 1 <= retry <= 5 and retry >= reset
    assert refused.header("Cache-Control") == "no-store"
    assert refused.header("Content-Type") == "application/problem+json"
    assert refused.json()["status"] == 429


def test_who_comes_back_when_told_is_let_in(zta):
    z = zta(rules=limit("subject", rate="1/2s", burst=1))
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    refused = z.get("/x", token=token)
    assert refused.status == 429
    time.sleep(int(refused.header("Retry-After")))  # what a client is asked to do
    assert z.get("/x", token=token).status == 200


def test_of_several_limits_the_tightest_speaks(zta):
    z = zta(rules=limit("subject", rate="100/h", name="wide")
            + limit("client", rate="5/h", name="narrow"))
    token = z.issuer.token()
    answers = [z.get("/x", token=token) for _ in range(6)]
    assert [a.status for a in answers] == [200] * 5 + [429]
    assert {left(a)[0] for a in answers} == {"narrow"}
    # What narrow refused was charged to wide: it does not itself refuse it.
    wide = z.get("/x", token=z.issuer.token({"client_id": "other"}))
    assert left(wide) == ("narrow", 4)


def test_a_rate_limited_request_is_recorded_with_its_rule(zta):
    z = zta(rules=limit("ip", burst=1, name="slow-down"))
    token = z.issuer.token()
    assert statuses(z, *[{"token": token}] * 2) == [200, 429]
    events = wait_for(lambda: len(found := z.events()) == 2 and found, what="two events")
    assert {(e["outcome"], e["reason"]) for e in events} == {("allow", "ok"),
                                                            ("throttle", "rate_limited")}
    assert [e["rule"] for e in events if e["outcome"] == "throttle"] == ["slow-down"]


# ---- monitor ----

@pytest.mark.mpm
@pytest.mark.parametrize("lines, vhost", [("  mode monitor\n", ""),
                                          ("", "ZTAFeature ratelimit=monitor")])
def test_a_monitored_limit_refuses_nobody_and_says_so_to_nobody(zta, lines, vhost):
    z = zta(rules=limit("subject", burst=2, lines=lines), vhost_text=vhost)
    token = z.issuer.token()
    answers = [z.get("/x", token=token) for _ in range(6)]
    assert [a.status for a in answers] == [200] * 6
    assert [a.header("RateLimit") for a in answers] == [None] * 6
    assert [a.header("RateLimit-Policy") for a in answers] == [None] * 6
    found = counters(z, requests=6)
    assert (found["limited"], found["monitor_would_deny"]) == (0, 4)


def test_operators_see_limits_and_reset_them(zta):
    z = zta(stage=1, rules=limit("subject", lines="  note \"n\"\n") +
            "require known\n  when path /slow/**\n  need network 192.0.2.0/24\n"
            "  else throttle 1/h burst 1\n", global_text="ZTAVerifyLimit 2/1h")
    alice, bob = z.issuer.token({"sub": "alice"}), z.issuer.token({"sub": "bob"})
    bad = {"headers": [("Authorization", "Bearer a.b.c")], "source": "127.0.0.5"}

    def statuses_now():
        return [z.get("/x", token=alice).status, z.get("/x", token=bob).status]

    assert statuses_now() + statuses_now() == [200, 200, 429, 429]
    assert [z.get("/x", **bad).status for _ in range(3)] == [401, 401, 429]
    limits = wait_for(lambda: next((rows for rows in [{r["name"]: r for r in z.json("limits", "list")}]
                                    if rows["quota"]["refused"] == 2
                                    and rows["failed-verifications"]["refused"] == 1), None),
                      what="the refusals")
    assert {n: (r["kind"], r["keys"], r["rate"]) for n, r in limits.items()} == {
        "quota": ("limit", "subject", "1/h"),
        "known": ("else throttle", "session or ip", "1/h burst 1"),
        "failed-verifications": ("ZTAVerifyLimit", "ip", None)}
    shown = z.json("limits", "show", "quota")
    assert "key   subject" in shown["rule"] and shown["callers"] == [
        {"caller": "alice@corp", "requests": 1}, {"caller": "bob@corp", "requests": 1}]
    assert "alice@corp" in z.ctl("limits", "show", "quota").stdout
    for arguments, code in ((("show", "nothing"), 1), (("reset", "nothing"), 1), (("reset",), 2),
                            (("reset", "--all"), 4), (("reset", "quota", "--dry-run"), 0)):
        z.ctl("limits", *arguments, code=code)
    assert statuses_now() == [429, 429]
    done = z.json("limits", "reset", "quota", "--reason", "was too tight")
    assert done["target"] == "limit quota"
    wait_for(lambda: z.get("/x", token=alice).status == 200, what="the reset")
    assert statuses_now() == [429, 200]
    assert z.get("/x", **bad).status == 429, "another limit"
    assert z.json("audit", "list")[0]["target"] == "limit quota"
    z.ctl("limits", "reset", "--all", "--yes")
    wait_for(lambda: z.get("/x", **bad).status == 401, what="the reset of all")
    assert statuses_now() + statuses_now() == [200, 200, 429, 429]


def test_a_monitored_limit_keeps_books_of_its_own(zta):
    z = zta(rules=limit("subject", burst=2, lines="  mode monitor\n"))
    token = z.issuer.token()
    assert statuses(z, *[{"token": token}] * 4) == [200] * 4
    z.write_rules(limit("subject", burst=2))
    z.reload()
    assert statuses(z, *[{"token": token}] * 3) == [200, 200, 429]


def test_failed_verifications_are_only_noted_where_limits_are_monitored(zta):
    z = zta(stage=1, vhost_text="ZTAFeature ratelimit=monitor", global_text="ZTAVerifyLimit 3/1h")
    assert statuses(z, *({"token": f"a.b.{i}"} for i in range(6)), with_claims(z)) \
        == [401] * 6 + [200]


# ---- charged once ----

def charged(z, target, token):
    """How much one request to target costs."""
    before = left(z.get("/probe.html", token=token))[1]
    z.get(target, token=token)
    return before - left(z.get("/probe.html", token=token))[1] - 1


@pytest.mark.mpm
@pytest.mark.parametrize("key", ["ip", "subject"])
def test_a_request_is_charged_once_however_often_it_is_judged(zta, key):
    z = zta(start=False, rules=limit(key, burst=50), proxy=None,
            modules=("rewrite", "include"))
    for name in ("probe.html", "plain.html", "err.html", "dir/index.html"):
        z.httpd.write(f"htdocs/{name}", "here")
    z.httpd.write("htdocs/page.shtml", '<!--#include virtual="/plain.html" -->'
                                       '<!--#include virtual="/dir/index.html" -->')
    z.vhost_text = ("RewriteEngine On\nRewriteRule ^/from$ /plain.html [PT]\n"
                    "RewriteRule ^/twice$ /from2 [PT]\nAlias /from2 "
                    f"{z.httpd.path('htdocs/plain.html')}\nErrorDocument 404 /err.html\n"
                    f"<Directory {z.httpd.path('htdocs')}>\nOptions +Includes\n</Directory>\n"
                    "<Location /page.shtml>\nSetOutputFilter INCLUDES\n</Location>")
    z.start()
    token = z.issuer.token()
    page = z.get("/page.shtml", token=token)
    assert page.text == "herehere"
    assert z.get("/from", token=token).text == "here"
    for target in ("/plain.html", "/from", "/twice", "/page.shtml", "/dir/", "/missing"):
        assert charged(z, target, token) == 1, target


def test_a_limit_of_the_other_side_is_charged_too(zta):
    """A rewritten request is judged on both sides: each side's own limit counts, once."""
    z = zta(start=False, rules=limit("all", name="outer", burst=3, lines="  when path /from\n")
            + limit("all", name="inner", burst=2, lines="  when path /plain.html\n"),
            proxy=None, modules=("rewrite",))
    z.httpd.write("htdocs/plain.html", "here")
    z.vhost_text = "RewriteEngine On\nRewriteRule ^/from$ /plain.html [PT]"
    z.start()
    token = z.issuer.token()
    assert statuses(z, *[{"target": "/from", "token": token}] * 3) == [200, 200, 429]
    assert statuses(z, {"target": "/plain.html", "token": token}) == [429]


@pytest.mark.mpm
def test_a_public_place_may_be_limited_by_address(zta):
    limit = "limit visitors\n  when path /public/**\n  key ip\n  rate 3/h\n"
    z = zta(stage=1, rules=limit, vhost_text="<Location /public>\nZTAStage 0\n</Location>\n"
            "<Location /public/kept>\nZTAFeature ratelimit=enforce\n</Location>")
    assert [z.get("/public/x").status for _ in range(5)] == [200] * 5
    assert [z.get("/public/kept/x").status for _ in range(5)] == [200] * 3 + [429] * 2
    assert z.get("/public/kept/x", source="127.0.0.7").status == 200
    assert z.get("/public/kept/x").header("RateLimit-Policy") == '"visitors";q=3;w=3600'


def test_a_server_of_public_places_alone_may_be_limited(zta):
    z = zta(stage=None, rules="limit visitors\n  key ip\n  rate 3/h\n", vhost_text="ZTAFeature ratelimit=enforce")
    assert [z.get("/x").status for _ in range(4)] == [200] * 3 + [429]
    code, output = z.httpd.configtest(global_text="", vhost_text="ZTAFeature ratelimit=enforce")
    assert code != 0
    assert "needs a store" in output
