# SPDX-License-Identifier: Apache-2.0
"""What is usual for a subject, on a real server whose clock is set: days pass, habits form, what is
unusual is refused, and who is new is unknown."""

import pytest

from support.clock import token
from support.local import wait_for
from support.schema import validate

DAY = 86400
RULES = """allow all
  when path /**

require same-agent
  when path /strict/**
  need behaviour usual-agent

require same-agent-once-known
  when path /lenient/**
  need behaviour usual-agent unknown

deny from-elsewhere
  when path /portal/**
  when behaviour unusual-agent unusual-route
"""


def ask(z, clock, target, agent="curl/8.5.0", subject="alice"):
    """The status, or of a refusal its reason."""
    mark = z.httpd.log_mark()
    answer = z.get(target, token=token(z, clock, sub=subject), headers=[("User-Agent", agent)])
    if answer.status != 403:
        return answer.status
    return z.httpd.wait_for_log(r"ZTA0040: refused, (\w+)", mark)[1]


def stored(z, clock):
    return z.json("status", env=clock.env)["counters"]["events_stored"]


def live(z, clock, days, subject="alice", agent="curl/8.5.0", n=15):
    """So many days of work, of which the store knows in the end."""
    before = stored(z, clock)
    for _ in range(days):
        good = token(z, clock, sub=subject)
        for i in range(n):
            answer = z.get("/portal/x", token=good, headers=[("User-Agent", f"{agent}.{i}")])
            assert answer.status == 200
        clock.set(clock.offset + DAY)
    wait_for(lambda: stored(z, clock) >= before + days * n, what="the events of these days")


@pytest.fixture
def judged(clocked):
    def make(**options):
        options.setdefault("stage", 3)
        return clocked(rules=RULES, **options)
    return make


def test_a_subject_that_is_known_may_do_what_is_usual(judged):
    z, clock = judged()
    live(z, clock, 8)
    assert ask(z, clock, "/strict/x") == 200
    assert ask(z, clock, "/portal/x", agent="curl/99.1") == 200, "a version is no other agent"
    for target, refusal in (("/strict/x", "behaviour_unusual"), ("/lenient/x", "behaviour_unusual"),
                            ("/portal/x", "rule_denied")):
        assert ask(z, clock, target, agent="python-requests/2.31") == refusal, target
    events = wait_for(lambda: [e for e in z.json("events", env=clock.env)
                               if e["reason"] == "behaviour_unusual"], what="the refusals")
    said = z.ctl("explain", events[0]["id"], env=clock.env).stdout
    assert "unusual-agent" in said and "baseline of 8d ago" in said, said
    denied = wait_for(lambda: [e for e in z.json("events", env=clock.env)
                               if e["reason"] == "rule_denied"], what="the denial")[0]
    assert denied["missing"].startswith("when behaviour unusual-agent unusual-route "
                                        "(request: unusual-agent")
    assert "\nhit       by when behaviour" in z.ctl("explain", denied["id"], env=clock.env).stdout


def test_ztactl_shows_what_is_usual(judged):
    z, clock = judged()
    live(z, clock, 8)
    rows = z.json("baselines", "show", "alice", env=clock.env)
    validate("baselines show", rows)
    assert {row["habit"] for row in rows} == {"network", "country", "device", "agent", "hours",
                                              "route", "rate"}
    agent = next(row for row in rows if row["habit"] == "agent")
    assert (agent["value"], agent["known"], agent["usual"]) == ("curl", True, True)
    assert agent["days"] in (7, 8), "what changes no answer is written within 30 s"
    network = next(row for row in rows if row["habit"] == "network")
    assert network["value"] == "127.0.0.0/24"
    hours = next(row for row in rows if row["habit"] == "hours")
    assert not hours["known"], "it takes four weeks"
    text = z.ctl("baselines", "show", "alice", "--issuer", "corp", env=clock.env).stdout
    assert "up to 60 a minute" in text
    for arguments in (("bob",), ("alice", "--issuer", "other")):
        said = z.ctl("baselines", "show", *arguments, env=clock.env, code=1)
        assert "nothing is known of" in said.stderr


def test_what_is_usual_is_forgotten_when_an_operator_says_so(judged):
    z, clock = judged()
    live(z, clock, 8)
    live(z, clock, 8, subject="bob")

    def known(subject):
        return z.ctl("baselines", "show", subject, env=clock.env, code=None).returncode == 0

    assert ask(z, clock, "/strict/x") == 200
    plan = z.json("baselines", "forget", "alice", "--dry-run", env=clock.env)
    assert plan["dry_run"] and plan["target"] == "baseline of alice@corp"
    z.ctl("baselines", "forget", env=clock.env, code=2)
    z.ctl("baselines", "forget", "alice", "--all", env=clock.env, code=2)
    said = z.ctl("baselines", "forget", "--all", env=clock.env, code=4).stderr
    assert "every subject" in said and known("alice") and known("bob")
    done = z.json("baselines", "forget", "alice@corp", "--reason", "another job", env=clock.env)
    wait_for(lambda: not known("alice"), what="forgetting")
    assert known("bob") and ask(z, clock, "/strict/x") == "behaviour_unusual"
    entry = z.json("audit", "list", env=clock.env)[0]
    assert (entry["id"], entry["action"], entry["target"], entry["reason"]) == (
        done["action"], "baselines forget", "baseline of alice@corp", "another job")
    z.ctl("baselines", "forget", "--all", "--yes", env=clock.env)
    wait_for(lambda: not known("bob"), what="forgetting all")
    assert "none yet" in z.json("baselines", "forget", "carol", env=clock.env)["target"]


def test_a_subject_that_is_new_is_unknown_and_not_unusual(judged):
    z, clock = judged()
    live(z, clock, 8)
    assert ask(z, clock, "/strict/x", subject="bob") == "behaviour_unusual"
    assert ask(z, clock, "/lenient/x", subject="bob") == 200
    assert ask(z, clock, "/portal/x", subject="bob") == 200


def test_a_week_of_hard_work_in_one_day_makes_nothing_known(judged):
    z, clock = judged()
    live(z, clock, 1, n=120)
    assert ask(z, clock, "/strict/x") == "behaviour_unusual"
    assert ask(z, clock, "/portal/x", agent="python-requests/2.31") == 200


def test_a_thief_who_is_refused_does_not_become_usual(judged):
    z, clock = judged()
    live(z, clock, 8)
    for _ in range(5):
        for _ in range(5):
            assert ask(z, clock, "/portal/x", agent="thief/1") == "rule_denied"
        clock.set(clock.offset + DAY)
        assert ask(z, clock, "/portal/x") == 200


def test_a_new_agent_is_usual_after_three_days(judged):
    z, clock = judged()
    live(z, clock, 8)
    for day in range(3):
        assert ask(z, clock, "/strict/x", agent="new/1") == "behaviour_unusual"
        assert ask(z, clock, "/open", agent="new/1") == 200
        clock.set(clock.offset + DAY)
    wait_for(lambda: ask(z, clock, "/strict/x", agent="new/1") == 200, what="the third day")


@pytest.mark.parametrize("stage, text, monitored", [
    (2, "ZTAMonitor 3", "rule_denied"),
    (3, "ZTAFeature behaviour=monitor", "rule_denied"),
    (3, "ZTAFeature behaviour=off", None)])
def test_where_it_is_monitored_it_is_learned_and_refuses_nobody(judged, stage, text, monitored):
    z, clock = judged(stage=stage, vhost_text=text)
    live(z, clock, 8)
    assert ask(z, clock, "/portal/x", agent="python-requests/2.31") == 200
    event = wait_for(lambda: [e for e in z.json("events", env=clock.env)
                              if "python" in e["agent"]], what="the event")[0]
    assert (event.get("monitor") or {}).get("reason") == monitored


def test_what_no_rule_asked_for_is_not_decidable_later(clocked):
    z, clock = clocked(stage=3, rules="allow all\n  when path /**\n")
    path = z.httpd.write("conf/more.zta", RULES)
    assert ask(z, clock, "/strict/x") == 200
    said = wait_for(lambda: (found := z.json("whatif", path, env=clock.env))["requests"] and found,
                    what="the request")
    assert (said["requests"], said["not_decidable"]["requests"]) == (1, 1)
    z.rules = RULES
    z.reload()
    assert ask(z, clock, "/lenient/x") == 200
    said = wait_for(lambda: (found := z.json("whatif", path, env=clock.env))["requests"] == 2 and
                    found, what="the second request")
    assert said["not_decidable"]["requests"] == 1
