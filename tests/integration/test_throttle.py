# SPDX-License-Identifier: Apache-2.0
"""`else throttle` of a require on a real server: who lacks its needs is slowed down, by session,
and nobody else; what is monitored changes nothing."""

import re
import time

import pytest

from support.load import counters
from support.local import wait_for

ALLOW = "allow all\n  when path /**\n"


def slow(rate="2/h", lines="", name="slow"):
    return f"require {name}\n  need role boss\n  else throttle {rate}\n{lines}"


def statuses(z, token, n, target="/x"):
    return [z.get(target, token=token).status for _ in range(n)]


def session(z, sid, **claims):
    return z.issuer.token({"sid": sid, **claims})


def test_each_session_that_lacks_the_need_has_a_bucket(zta):
    z = zta(stage=2, rules=ALLOW + slow())
    one, two = session(z, "one"), session(z, "two", sub="bob")
    assert statuses(z, one, 3) == [200, 200, 429]
    # Another token of the same session, from another address; another session.
    assert z.get("/y", token=session(z, "one", jti="again"), source="127.0.5.1").status == 429
    assert statuses(z, two, 3) == [200, 200, 429]
    boss = session(z, "one", roles=["boss"])
    assert statuses(z, boss, 4) == [200] * 4
    assert statuses(z, one, 1) == [429]


def test_the_answer_is_that_of_a_limit(zta):
    z = zta(stage=2, rules=ALLOW + slow("1/h"))
    token = session(z, "one")
    first, refused = z.get("/x", token=token), z.get("/x", token=token)
    assert (first.status, refused.status) == (200, 429)
    assert {a.header("RateLimit-Policy") for a in (first, refused)} == {'"slow";q=1;w=3600'}
    assert re.fullmatch(r'"slow";r=0;t=\d+', refused.header("RateLimit"))
    assert 3590 <= int(refused.header("Retry-After")) <= 3600
    assert refused.json()["status"] == 429
    events = wait_for(lambda: len(found := z.events()) == 2 and found, what="two events")
    throttled = next(e for e in events if e["outcome"] == "throttle")
    assert (throttled["reason"], throttled["rule"]) == ("rate_limited", "slow")
    said = z.ctl("explain", throttled["id"]).stdout
    assert re.search(r"counted +by session or ip", said)


def test_buckets_refill(zta):
    z = zta(stage=2, rules=ALLOW + slow("1/s burst 1"))
    token = session(z, "one")
    assert statuses(z, token, 2) == [200, 429]
    deadline = time.monotonic() + 5
    while z.get("/x", token=token).status == 429 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert time.monotonic() < deadline


def test_what_is_denied_is_not_charged(zta):
    deny = "deny closed\n  when path /closed\n"
    z = zta(stage=2, rules=ALLOW + deny + slow("1/h"))
    token = session(z, "one")
    assert statuses(z, token, 3, "/closed") == [403] * 3
    assert statuses(z, token, 2) == [200, 429]
    # The denial comes first, whatever the bucket holds.
    assert statuses(z, token, 1, "/closed") == [403]


def test_limits_that_are_off_do_not_switch_it_off(zta):
    z = zta(stage=2, rules=ALLOW + slow("1/h"), vhost_text="ZTAFeature ratelimit=off")
    assert statuses(z, session(z, "one"), 2) == [200, 429]


def test_an_api_key_is_a_session(zta):
    z = zta(stage=2, rules=ALLOW + slow("1/h"))
    keys = [z.json("keys", "create", "--name", name)["key"] for name in ("one", "two")]
    assert [z.get("/x", key=keys[i]).status for i in (0, 0, 1, 1)] == [200, 429, 200, 429]


@pytest.mark.parametrize("lines, stage, vhost", [
    ("  mode monitor\n", 2, ""), ("", 1, "ZTAMonitor 2"), ("", 2, "ZTAFeature rules=monitor")])
def test_monitored_it_changes_nothing_and_is_recorded(zta, lines, stage, vhost):
    z = zta(stage=stage, rules=ALLOW + slow("1/h", lines), vhost_text=vhost)
    token = session(z, "one")
    answers = [z.get("/x", token=token) for _ in range(3)]
    assert [a.status for a in answers] == [200] * 3
    assert all(a.header(name) is None for a in answers
               for name in ("RateLimit", "RateLimit-Policy", "Retry-After"))
    found = counters(z, requests=3)
    assert (found["limited"], found["monitor_would_deny"]) == (0, 2)
    events = wait_for(lambda: len(found := z.events()) == 3 and found, what="three events")
    assert sorted((e.get("monitor") or {}).get("reason", "none") for e in events) == [
        "none", "rate_limited", "rate_limited"]


def test_what_is_monitored_keeps_books_of_its_own(zta):
    z = zta(stage=2, rules=ALLOW + slow("1/h", "  mode monitor\n"))
    token = session(z, "one")
    assert statuses(z, token, 3) == [200] * 3
    z.rules = ALLOW + slow("1/h")
    z.reload()
    assert statuses(z, token, 2) == [200, 429]
