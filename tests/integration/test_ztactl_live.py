# SPDX-License-Identifier: Apache-2.0
"""ztactl beside a running server: what it recorded, why, and revocations that bite."""

import json
import re
import signal

from support.local import wait_for

RULES = """allow read-orders
  when path /orders/**
  when method GET
  need scope orders:read

limit slow
  when path /orders/slow
  key ip
  rate 1/h
"""


def requested(server, target, **options):
    """One request; its answer and its id."""
    answer = server.get(target, **options)
    return answer, answer.header("X-ZTA-Id")


def recorded(server, request_id):
    return wait_for(lambda: server.ctl("explain", request_id, "--json", code=None).returncode == 0
                    and server.json("explain", request_id), what=f"{request_id} is recorded")


def published_rules(server):
    return wait_for(lambda: server.json("rules", "list"), what="the rules are published")


def test_explain_tells_why(zta):
    server = zta(stage=2, rules=RULES)
    good = server.issuer.token(dict(sub="alice", scope="orders:read", client_id="web"))
    poor = server.issuer.token(dict(sub="bob", scope="other", client_id="web"))
    answer, first = requested(server, "/orders/7", token=good)
    assert answer.status == 200
    story = recorded(server, first)
    assert (story["outcome"], story["subject"], story["issuer"]) == ("allow", "alice", "corp")
    answer, second = requested(server, "/orders/7", token=poor)
    assert answer.status == 403
    story = recorded(server, second)
    assert story["reason"] == "insufficient_scope" and story["missing"] == "scope orders:read"
    text = server.ctl("explain", second).stdout
    assert "bob of corp, client web" in text
    assert "read-orders" in text and "scope orders:read" in text
    assert server.json("explain", "--last", "subject=alice@corp")["id"] == first
    server.ctl("explain", "--last", "subject=nobody", code=1)
    server.ctl("explain", "01ARZ3NDEKTSV4RRFFQ69G5FAV", code=1)
    # Nothing that ztactl prints holds a credential.
    for command in (["events", "--json"], ["explain", second], ["sessions", "list", "--json"]):
        assert poor.split(".")[2] not in server.ctl(*command).stdout


def test_a_limit_is_explained_with_file_and_line(zta):
    server = zta(stage=2, rules=RULES.replace("/orders/**", "/orders/** /orders/slow"))
    good = server.issuer.token(dict(sub="alice", scope="orders:read", client_id="web"))
    server.get("/orders/slow", token=good)
    answer, request_id = requested(server, "/orders/slow", token=good)
    assert answer.status == 429
    story = recorded(server, request_id)
    assert story["rule"] == "slow" and story["reason"] == "rate_limited"
    assert story["rule_file"] == server.rules_path and story["rule_line"] == 6


def test_rules_check_warns_of_what_no_place_enforces(zta):
    server = zta(stage=1, rules=RULES + """
deny on-trial
  when path /x
  mode monitor

deny later
  when path /y
  from 2199-01-01T00:00Z

deny ended
  when path /z
  until 2020-01-01T00:00Z
""")

    def idle():
        warnings = server.json("rules", "check", server.rules_path)["warnings"]
        return [w["rule"] for w in warnings if w["warning"] == "enforced_nowhere"]

    wait_for(lambda: server.json("rules", "list"), what="places are published")
    assert idle() == ["read-orders", "later"]
    server.stage = 2
    server.reload()
    wait_for(lambda: idle() == [], what="stage 2 is published")


def test_the_server_reads_past_cases(zta):
    case = "\ncase mistaken\n  given path /orders/1\n  expect allow\n"
    server = zta(stage=2, rules=RULES + case)
    assert [rule["name"] for rule in published_rules(server)] == ["read-orders", "slow"]
    assert server.get("/orders/1").status == 401
    done = server.ctl("rules", "test", server.rules_path, code=1)
    assert "challenge no_credential" in done.stdout


def test_rules_begin_and_end_by_themselves(zta):
    server = zta(stage=2, rules=RULES + """
deny ended
  when path /**
  until 2020-01-01T00:00Z

deny later
  when path /**
  from 2199-01-01T00:00Z

allow while-it-lasts
  when path /now
  need scope orders:read
  from 2020-01-01T00:00Z
  until 2199-01-01T00:00Z

allow not-yet
  when path /later
  need scope orders:read
  from 2199-01-01T00:00Z
""")
    token = server.issuer.token(dict(scope="orders:read"))
    assert [server.get(path, token=token).status for path in ("/orders/1", "/now", "/later")] == \
        [200, 200, 403]
    listed = {rule["name"]: rule for rule in published_rules(server)}
    modes = {name: {place["mode"] for place in rule["in_force"]} for name, rule in listed.items()}
    assert modes["ended"] == modes["later"] == modes["not-yet"] == {"off"}
    assert "enforce" in modes["while-it-lasts"]
    assert listed["ended"]["until"] == "2020-01-01T00:00:00Z"


def test_status_and_rules_show_the_running_server(zta):
    server = zta(stage=2, rules=RULES)
    status = wait_for(lambda: (s := server.json("status"))["running"] and s, what="a heartbeat")
    assert status["locations"] and status["locations"][0]["stage"] == 2
    assert "requests" in status["counters"] and status["alerts"] == []
    server.ctl("status", "--check")
    rules = server.json("rules", "list")
    assert [(r["name"], r["kind"], r["line"]) for r in rules] == \
        [("read-orders", "allow", 1), ("slow", "limit", 6)]
    assert any(p["mode"] == "enforce" for p in rules[0]["in_force"])
    assert server.rules_path in server.ctl("rules", "list").stdout


def test_revoked_means_the_next_request_fails(zta):
    server = zta(stage=1, accept="corp local")
    token = server.issuer.token(dict(sub="alice", client_id="web", sid="s1"))
    answer, request_id = requested(server, "/a", token=token)
    assert answer.status == 200
    session = recorded(server, request_id)["session"]
    wait_for(lambda: server.ctl("sessions", "show", session, code=None).returncode == 0,
             what="the session is there")
    done = server.json("revoke", "--session", session, "--reason", "test")
    assert done["hits"] == 1
    assert server.get("/a", token=token).status == 401
    server.ctl("unrevoke", "--session", session)
    assert server.get("/a", token=token).status == 200
    # By the token itself, from standard input, and by its id as explain prints it.
    server.ctl("revoke", "--token", "-", "--reason", "test", data=token + "\n")
    answer, request_id = requested(server, "/a", token=token)
    assert answer.status == 401
    server.ctl("unrevoke", "--token", recorded(server, request_id)["token_id"])
    assert server.get("/a", token=token).status == 200
    # A subject, with its issuer left out: there is only one.
    server.ctl("revoke", "--subject", "alice", "--reason", "test", "--yes")
    assert server.get("/a", token=token).status == 401
    assert recorded(server, requested(server, "/a", token=token)[1])["reason"] == "revoked"
    server.ctl("unrevoke", "--subject", "alice")
    server.ctl("block", "alice", "--for", "1h", "--reason", "test", "--yes")
    assert server.get("/a", token=token).status == 403
    server.ctl("blocks", "remove", "alice")
    key = server.json("keys", "create", "--name", "ci")
    assert server.get("/a", key=key["key"]).status == 200
    server.ctl("revoke", "--key", "ci", "--reason", "test")
    assert server.get("/a", key=key["key"]).status == 401
    assert server.json("audit", "verify")["result"] == "consistent"


def test_following_shows_new_requests_soon(zta):
    server = zta(stage=1)
    token = server.issuer.token(dict(sub="alice", client_id="web"))
    _, first = requested(server, "/a", token=token)
    recorded(server, first)
    process = server.store.start("events", "--follow", "--json", "--filter", "subject=alice")
    try:
        # It begins with what is there; from then on it follows.
        assert json.loads(process.stdout.readline())["id"] == first
        for _ in range(3):
            _, request_id = requested(server, "/a", token=token)
            event = json.loads(process.stdout.readline())
            assert event["id"] == request_id and re.match(r"\d{4}-", event["time"])
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        process.stdout.close()
        process.stderr.close()


NEAR_RULES = """allow all
  when path /**
  need scope any

limit burst
  when path /orders/**
  key subject
  rate 10/10m burst 10

limit slow
  when path /slow/**
  key ip
  rate 1/h burst 2
"""


def test_who_is_near_a_limit_before_it_refuses(zta):
    server = zta(stage=2, rules=NEAR_RULES)
    published_rules(server)
    for subject, n in (("alice", 9), ("bob", 3), ("carol", 11)):
        token = server.issuer.token(dict(sub=subject, scope="any", client_id="web"))
        statuses = [server.get(f"/orders/{i}", token=token).status for i in range(n)]
        assert statuses == [200] * min(n, 10) + [429] * (n - 10), statuses
    server.get("/slow/1", token=token)

    def listed():
        return {each["name"]: each for each in server.json("limits", "list")}
    wait_for(lambda: listed()["burst"]["in_use"] == 3 and listed()["slow"]["in_use"] == 1 and
             listed()["burst"]["refused"] == 1, what="what was recorded")
    burst, slow = listed()["burst"], listed()["slow"]
    assert burst["near"] == 2 and 90 < burst["fullest"] <= 100 and burst["whole"], burst
    assert burst["refused_last_minute"] == 1, burst
    assert slow["near"] == 0 and 40 <= slow["fullest"] <= 50 and not slow["whole"], slow
    assert listed()["failed-verifications"]["fullest"] is None
    shown = server.json("limits", "show", "burst")
    assert [each["caller"] for each in shown["buckets"]] == ["carol@corp", "alice@corp", "bob@corp"]
    assert 20 < shown["buckets"][2]["percent"] <= 30, shown
    one = server.json("limits", "show", "burst", "alice@corp")
    assert one["seen"] and 80 < one["percent"] <= 90, one
    assert server.json("limits", "show", "burst", "nobody@corp")["percent"] == 0
    assert re.search(r"^alice@corp: (8\d|90) % full$", server.ctl("limits", "show", "burst", "alice@corp").stdout)
    assert re.search(r"slow .* >= (4\d|50) % ", server.ctl("limits", "list").stdout)
