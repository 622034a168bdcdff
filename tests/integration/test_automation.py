# SPDX-License-Identifier: Apache-2.0
"""Measures that are held for a time: by operators, and by `respond` rules under the governor."""

import time

from support.clock import token as token_at
from support.load import settled
from support.local import wait_for


def _held(z):
    return {(row["what"], row["of"], row["target"]) for row in z.json("automation", "list")}


def _of_reason(z, reason):
    return [event for event in z.events("--limit", "0") if event["reason"] == reason]


def test_operators_hold_sessions_and_the_threat_level_for_a_time(zta):
    z = zta(stage=1)
    claims = {"sub": "alice", "client_id": "app", "auth_time": int(time.time()) - 100}
    one, other = (z.issuer.token({**claims, "sid": sid}) for sid in ("s1", "s2"))
    assert [z.get("/x", token=token).status for token in (one, other)] == [200, 200]
    wait_for(lambda: len(z.json("sessions", "list")) == 2, what="both sessions")
    first = z.json("sessions", "list")[0]["id"]

    # A quarantine bites on the next request, hits that session alone, and is undone in many ways.
    for undo in (["sessions", "release", first], ["automation", "undo"], ["undo"], ["blocks", "remove"]):
        z.ctl("sessions", "quarantine", first, "--reason", "odd", code=2)
        done = z.json("sessions", "quarantine", first, "--for", "1h", "--reason", "odd", "--yes")
        answers = {z.get("/x", token=token).status for token in (one, other)}
        assert answers == {200, 401} and done["undo"].endswith(f"sessions release {first}")
        [row] = z.json("automation", "list")
        assert (row["what"], row["of"], row["target"]) == ("quarantine", "session", first)
        assert row["source"] == "operator" and row["reason"] == "odd" and row["id"].startswith("h")
        z.ctl(*(undo if undo[0] == "sessions" else [*undo, row["id"]]))
        assert [z.get("/x", token=token).status for token in (one, other)] == [200, 200]
        assert z.json("automation", "list") == []
    z.ctl("sessions", "release", first, code=1)
    wait_for(lambda: len(_of_reason(z, "quarantined")) == 4, what="the refusals")
    assert "automation list" in _of_reason(z, "quarantined")[0]["detail"]

    assert z.json("threat-level")[0]["level"] == "normal"
    z.ctl("threat-level", "set", "normal", "--for", "1h", "--reason", "drill", code=2)
    z.ctl("threat-level", "set", "high", "--for", "1h", "--reason", "drill")
    wait_for(lambda: z.json("threat-level", "show")[0]["level"] == "high", what="the level")
    z.ctl("threat-level", "clear")
    wait_for(lambda: z.json("threat-level")[0]["level"] == "normal", what="the level's end")
    actions = {entry["action"] for entry in z.json("audit", "list")}
    assert {"sessions quarantine", "sessions release", "automation undo", "threat-level set",
            "threat-level clear"} <= actions
    z.ctl("store", "check", "--deep")


_RULES = """zta 1
allow   all
  when  path    /**

limit   api
  when  path    /api/**
  key   all
  rate  1000/s

respond stuffing
  when  path    /api/**
  on    auth-failures > 10 in 60s by ip
  do    block ip for 15m

respond broken
  when  path    /broken/**
  on    server-errors > 10 in 60s by all
  do    limit api to 3/d for 15m
  do    threat-level high for 15m
  do    notify ops

respond greedy
  when  path    /files/**
  on    requests > 5 in 60s by session
  do    quarantine session for 15m

respond curious
  when  path    /tried/**
  on    requests > 5 in 60s by session
  do    quarantine session for 15m
  mode  monitor
"""


def test_rules_hold_for_a_time_what_they_respond_to(zta, tmp_path):
    told = tmp_path / "told"
    z = zta(stage=4, rules=_RULES, global_text=f"""
ZTANotify ops "|/bin/sh -c 'cat >> {told}'"
ZTAGovernor 5%/1h min=3
""")
    z.httpd.allow_log(r"ZTA0114: automation_held_back: rule stuffing: .* never blocked")
    claims = {"client_id": "app", "auth_time": int(time.time()) - 100}
    token = {name: z.issuer.token({**claims, "sub": name, "sid": name}) for name in ("ann", "bob")}
    bad = z.issuer.token({**claims, "sub": "eve", "sid": "eve"}) + "x"
    assert z.get("/api/a", token=token["ann"]).status == 200

    # Loopback is never blocked, whatever comes from there; the rule says so.
    for _ in range(15):
        assert z.get("/api/a", token=bad).status in (401, 429)
    wait_for(lambda: "never" in {row["result"] for row in z.json("automation", "history")},
             what="the rule that is held back")
    wait_for(lambda: "automation_held_back" in z.ctl("status", "--json").stdout, what="the alert")
    assert _held(z) == set()

    # One session goes, another one of the same place stays; a rule that is only tried holds nothing.
    for _ in range(6):
        z.get("/files/x", token=token["bob"])
        z.get("/tried/x", token=token["ann"])
    wait_for(lambda: z.get("/files/x", token=token["bob"]).status == 401, what="the quarantine")
    assert z.get("/files/x", token=token["ann"]).status == 200
    wait_for(lambda: "monitored" in {row["result"] for row in z.json("automation", "history")},
             what="what would have been")
    [row] = z.json("automation", "list")
    assert (row["what"], row["of"], row["by"]) == ("quarantine", "session", "greedy")
    assert "requests > 5" in row["reason"] and row["id"].startswith("m")
    said = wait_for(lambda: {s["subject"]: s["revoked"] for s in z.json("sessions", "list")}, what="sessions")
    assert said == {"ann": None, "bob": f"by quarantine {row['id']}"}
    assert [(block["kind"], block["id"]) for block in z.json("blocks", "list", "--all")] == \
        [("quarantine", row["id"])] and z.json("blocks", "list") == []
    lifted = z.json("undo", row["id"], "--reason", "known")
    assert z.get("/files/x", token=token["bob"]).status == 200
    z.ctl("undo", str(lifted["action"]), "--reason", "not that one")
    assert z.get("/files/x", token=token["bob"]).status == 401
    z.ctl("undo", str(lifted["action"]), code=1)
    z.ctl("undo", row["id"], "--reason", "known")
    assert z.get("/files/x", token=token["bob"]).status == 200
    for _ in range(6):  # and the rule leaves it alone
        assert z.get("/files/x", token=token["bob"]).status == 200
    assert z.json("automation", "list") == []

    # A back end that fails sheds load by rule, and the level says so.
    for _ in range(15):
        z.get("/broken/status/503", token=token["ann"])
    wait_for(lambda: len(z.json("automation", "list")) == 2, what="the measures")
    wait_for(lambda: 429 in {z.get("/api/a", token=token["ann"]).status for _ in range(4)},
             what="the tighter limit")
    wait_for(lambda: z.json("threat-level")[0]["level"] == "high", what="the level")
    wait_for(lambda: told.exists() and "\"rule\":\"broken\"" in told.read_text(),
             what="the notification")
    z.ctl("threat-level", "clear")
    z.ctl("store", "check", "--deep")


_BEHIND = """zta 1
allow   all
  when  path    /**

respond scanners
  on    auth-failures >= 5 in 60s by ip
  do    block ip for 10m
"""


def test_an_address_behind_a_balancer_is_blocked_alone_and_let_in_again(zta):
    z = zta(stage=4, rules=_BEHIND, modules=("remoteip",),
            global_text="RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nZTAGovernor 5%/1h min=3")
    good = z.issuer.token()

    def answer(address, token=good):
        return z.get("/x", token=token, headers=[("X-Forwarded-For", address)]).status

    def held():
        return [row for row in z.json("automation", "list") if row["what"] == "block"]

    scanner, neighbour = "203.0.113.8", "203.0.113.9"
    assert answer(neighbour) == 200
    for number in range(5):
        assert answer(scanner, f"a.b.{number}") == 401
    [row] = wait_for(held, what="the block")
    assert (row["of"], row["target"], row["by"], row["source"]) == ("ip", scanner, "scanners", "rule")
    # The very next one; who names others in front of himself is no other, and they are not hit.
    seen = len(z.backend.requests)
    assert [answer(sent) for sent in (scanner, f"{neighbour}, {scanner}")] == [403, 403]
    assert len(z.backend.requests) == seen
    assert answer(neighbour) == 200 and answer(f"{scanner}, {neighbour}") == 200
    assert z.get("/x", token=good).status == 200, "the balancer itself"
    refused = wait_for(lambda: len(found := _of_reason(z, "blocked")) == 2 and found, what="the refusals")
    assert {(e["address"], e["rule"], e["status"]) for e in refused} == {(scanner, "scanners", 403)}
    assert all("automation list" in e["detail"] for e in refused)

    z.ctl("automation", "undo", row["id"], "--reason", "our own scanner")
    assert answer(scanner) == 200 and held() == []
    assert "automation undo" in {entry["action"] for entry in z.json("audit", "list")}


_SHEDDING = """zta 1
allow   all
  when  path    /**

limit   shed
  when  path    /api/**
  when  threat-level >= high
  key   all
  rate  3/h burst 3

deny    luxury
  when  path    /search/**
  when  threat-level >= high
"""


def test_a_failing_back_end_sheds_load_by_rule_until_it_is_well(clocked):
    z, clock = clocked(stage=4, rules=_SHEDDING)
    alice = token_at(z, clock)
    period = 10 - clock.now() % 10  # the level is judged by periods of 10 s; more than 50 requests say something

    def pass_time(seconds):
        """Behind all that was asked: what the helper reads later counts for the period that it is then."""
        nonlocal period
        settled(z, now=clock.now)
        period += seconds
        clock.set(period)

    def level():
        [row] = z.json("threat-level", env=clock.env)
        return row["level"], row["reason"]

    def ask(place="/api/x", n=8):
        return [z.get(place, token=alice).status for _ in range(n)]

    # The back end goes down. One bad period may be chance, two are not.
    z.backend.failing = 503
    pass_time(0)
    assert set(ask(n=60)) == {503}
    pass_time(10)
    assert set(ask(n=60)) == {503}
    settled(z, now=clock.now)
    assert level()[0] == "normal"
    n_asked = len(z.backend.requests)
    pass_time(10)
    wait_for(lambda: level() == ("critical", "errors of back ends"), what="the level", timeout=30)
    shed = wait_for(lambda: 429 in (found := ask()) and found, what="the limit")
    assert set(shed) <= {503, 429} and set(ask()) == {429} and set(ask("/search/x")) == {403}
    assert len(z.backend.requests) - n_asked <= 3 + 8, "what is shed does not reach it"
    wait_for(lambda: {e["rule"] for e in z.events() if e["reason"] in ("rate_limited", "rule_denied")}
             == {"shed", "luxury"}, what="the refusals")

    # It is well again: step by step the level falls, and what is at "high" is still shed.
    z.backend.failing = None
    assert set(ask("/other/x")) == {200} and set(ask("/search/x")) == {403}
    for step in ("high", "elevated", "normal"):
        pass_time(61)
        wait_for(lambda wanted=step: level()[0] == wanted, what=step)
        expected = {403} if step == "high" else {200}
        wait_for(lambda wanted=expected: set(ask("/search/x")) == wanted, what=f"what is shed at {step}")
        assert set(ask()) == ({429} if step == "high" else {200})
    z.ctl("store", "check", "--deep")
