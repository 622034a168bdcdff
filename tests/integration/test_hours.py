# SPDX-License-Identifier: Apache-2.0
"""Hours on a real server whose clock is set: both ends of a window, also after a change of clocks,
enforced and monitored; zones that cannot be had."""

from datetime import datetime

import pytest

from support.clock import token
from support.local import wait_for

RULES = """allow all
  when path /**
require office
  need hours Mon-Fri 07:00-19:00 Europe/Zurich
"""
# In Zurich, where clocks were put forward on 2027-03-28 and back on 2027-10-31.
TIMES = [
    ("2027-03-26T05:59:50Z", 403), ("2027-03-26T06:00:00Z", 200),
    ("2027-03-27T10:00:00Z", 403),
    ("2027-03-29T04:59:50Z", 403), ("2027-03-29T05:00:00Z", 200),
    ("2027-03-29T16:59:40Z", 200), ("2027-03-29T17:00:00Z", 403),
    ("2027-11-01T05:59:50Z", 403), ("2027-11-01T06:00:00Z", 200),
]


def set_time(clock, text):
    time = datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    clock.set(clock.offset + int(time) - clock.now())


def test_a_window_is_open_from_its_start_to_its_end(clocked):
    z, clock = clocked(stage=3, rules=RULES)
    for text, expected in TIMES:
        set_time(clock, text)
        assert z.get("/x", token=token(z, clock)).status == expected, text
    events = wait_for(lambda: len(found := z.json("events", env=clock.env)) == len(TIMES) and found,
                      what="the events")
    refused = [e for e in events if e["outcome"] == "deny"]
    assert {(e["reason"], e["rule"]) for e in refused} == {("hours_denied", "office")}
    assert len(refused) == sum(status == 403 for _, status in TIMES)
    said = z.ctl("explain", refused[0]["id"], env=clock.env).stdout
    assert "hours Mon-Fri 07:00-19:00 Europe/Zurich" in said


def test_the_client_learns_no_more_than_the_class(clocked):
    z, clock = clocked(stage=3, rules=RULES)
    set_time(clock, "2027-03-27T10:00:00Z")
    answer = z.get("/x", token=token(z, clock))
    assert answer.status == 403
    assert answer.json()["title"] == "Access denied here or now"
    assert "hours" not in answer.text


@pytest.mark.parametrize("stage, vhost, monitored", [
    (2, "ZTAMonitor 3", "hours_denied"), (3, "ZTAFeature time=monitor", "hours_denied"),
    (3, "ZTAFeature time=off", None), (2, "", None)])
def test_where_time_is_not_enforced_nobody_is_refused(clocked, stage, vhost, monitored):
    z, clock = clocked(stage=stage, rules=RULES, vhost_text=vhost)
    set_time(clock, "2027-03-27T10:00:00Z")
    assert z.get("/x", token=token(z, clock)).status == 200
    event = wait_for(lambda: z.json("events", env=clock.env), what="the event")[0]
    assert (event.get("monitor") or {}).get("reason") == monitored


def test_hours_slow_down_or_narrow_a_limit(clocked):
    z, clock = clocked(stage=3, rules="""allow all
  when path /**
require office
  when path /slow
  need hours Mon-Fri 07:00-19:00 Europe/Zurich
  else throttle 1/h
limit weekend
  when hours Sat,Sun 00:00-24:00 Europe/Zurich
  when path /limited
  key subject
  rate 1/h
""")
    for text, expected in (("2027-03-26T10:00:00Z", [200, 200]),
                           ("2027-03-27T10:00:00Z", [200, 429])):
        set_time(clock, text)
        good = token(z, clock, sid="one")
        for path in ("/slow", "/limited"):
            assert [z.get(path, token=good).status for _ in range(2)] == expected, (text, path)


@pytest.mark.parametrize("zone, said", [
    ("Europe/Zurih", "expected a time zone of this system (package tzdata) such as Europe/Zurich; "
                     "did you mean 'Europe/Zurich'?"),
    ("../../../etc/passwd", "expected a time zone such as Europe/Zurich"),
])
def test_a_zone_that_cannot_be_had_is_an_error_of_the_rules(zta, zone, said):
    z = zta(start=False, stage=3, rules=RULES.replace("Europe/Zurich", zone))
    code, output = z.configtest()
    assert code != 0
    assert "rules.zta:4:34: found" in output and said in output
