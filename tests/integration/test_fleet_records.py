# SPDX-License-Identifier: Apache-2.0
"""What operators keep at one proxy of a fleet is kept at all: API keys, devices, measures."""

import pytest

from support.fleet import held
from support.local import wait_for
from support.schema import validate
from support.store import Store

_REASON = ("--reason", "test")


@pytest.fixture
def pair(zta, fleet):
    """Two proxies of a fleet whose agents run; a third one without httpd may only restrict."""
    def make(**options):
        proxies = [zta(**{"stage": 1, **options}) for _ in range(2)]
        fleet.create(proxies[0].store)
        for i, proxy in enumerate(proxies):
            fleet.join(f"proxy-{i}", proxy.store).start()
        fleet.await_alike()
        return proxies
    return make


def test_a_key_made_at_one_proxy_opens_all_until_any_revokes_it(pair, fleet):
    first, second = pair()
    key = first.json("keys", "create", "--name", "deploy")["key"]
    wait_for(lambda: second.json("keys", "list"), what="the key at the other proxy")
    assert second.get("/x", key=key).status == 200
    anew = second.json("keys", "rotate", "deploy", *_REASON)["key"]
    wait_for(lambda: first.get("/x", key=key).status == 401, what="the former secret opens nothing")
    assert first.get("/x", key=anew).status == 200
    second.ctl("keys", "revoke", "deploy", *_REASON)
    wait_for(lambda: first.get("/x", key=anew).status == 401, what="the refusal at the other proxy")
    assert second.get("/x", key=anew).status == 401
    fleet.await_alike()
    for proxy in (first, second):
        proxy.ctl("store", "check", "--deep")


def test_a_device_set_at_one_proxy_is_so_at_all(pair, fleet):
    first, second = pair()
    first.ctl("devices", "set", "laptop-1", "--compliant", "yes", "--managed", "yes", *_REASON)

    def answers(proxy):
        return [(row["id"], row["compliant"]) for row in proxy.json("devices", "list")]

    wait_for(lambda: answers(second) == [("laptop-1", True)], what="the device at the other proxy")
    second.ctl("devices", "set", "laptop-1", "--compliant", "no", *_REASON)
    wait_for(lambda: answers(first) == [("laptop-1", False)], what="its change")
    second.ctl("devices", "remove", "laptop-1", *_REASON)
    wait_for(lambda: answers(first) == [], what="its end")
    fleet.await_alike()


def test_who_is_quarantined_at_one_proxy_is_refused_at_all(pair, fleet):
    first, second = pair()
    token = second.issuer.token({"sub": "alice"})
    other = first.issuer.token({"sub": "alice"})
    assert second.get("/x", token).status == 200
    wait_for(lambda: second.json("sessions", "list"), what="her session")
    session = second.json("sessions", "list")[0]["id"]
    second.ctl("sessions", "quarantine", session, "--for", "1h", *_REASON)
    assert second.get("/x", token).status == 401
    wait_for(lambda: [row["target"] for row in first.json("automation", "list")] == [session],
             what="the measure at the other proxy")
    [row] = first.json("automation", "list")
    first.ctl("automation", "undo", row["id"])
    wait_for(lambda: second.get("/x", token).status == 200, what="the release where it was held")
    assert first.get("/x", other).status == 200
    fleet.await_alike()


_RULES = """zta 1
allow   all
  when  path    /**

respond greedy
  when  path    /files/**
  on    requests > 5 in 60s by subject
  do    quarantine subject for 15m
"""


def test_what_automation_holds_at_one_proxy_is_held_at_all_until_it_is_undone(pair, fleet):
    first, second = pair(stage=4, rules=_RULES)
    token, other = (proxy.issuer.token({"sub": "alice"}) for proxy in (first, second))
    assert second.get("/x", other).status == 200
    for _ in range(6):
        first.get("/files/x", token)
    wait_for(lambda: first.get("/x", token).status == 401, what="the measure where she was greedy")
    wait_for(lambda: [row["source"] for row in second.json("automation", "list")] == ["rule"],
             what="the measure at the other proxy")
    [row] = second.json("automation", "list")
    assert row["id"].startswith("f") and row["target"].startswith("alice")
    second.ctl("automation", "undo", row["id"])
    wait_for(lambda: first.json("automation", "list") == [], what="it is lifted where it was made")
    assert first.get("/x", token).status == 200
    fleet.await_alike()
    for proxy in (first, second):
        proxy.ctl("store", "check", "--deep")


def test_what_is_above_the_bound_is_held(pair, fleet, directory):
    first, second = pair()
    store = Store(f"{directory}/sensor")
    store.init()
    sensor = fleet.join("sensor", store, role="restrict").start()
    for i in range(8):
        store.run("revoke", "--subject", f"user-{i}@corp", *_REASON)
    store.run("block", "10.0.0.0/8", "--for", "1h", *_REASON)
    fleet.await_alike()
    for proxy in (first, second):
        status = proxy.json("fleet", "status")
        assert status["held"] == 4
        assert proxy.json("blocks", "list") == []
    assert sensor.status()["held"] == 0


def test_the_bound_is_that_of_the_servers_governor(pair, fleet, directory):
    first, _ = pair(global_text="ZTAGovernor 5%/1h min=7 never=203.0.113.0/24")
    store = Store(f"{directory}/sensor")
    store.init()
    fleet.join("sensor", store, role="restrict").start()
    for i in range(8):
        store.run("revoke", "--subject", f"user-{i}@corp", *_REASON)
    for address in ("203.0.113.7", "198.51.100.7"):
        store.run("block", address, "--for", "1h", *_REASON)
    fleet.await_alike()
    assert {row["target"] for row in held(first.store, "held")} == {"subject user-7@corp", "203.0.113.7"}
    assert [row["target"] for row in first.json("blocks", "list")] == ["198.51.100.7"]
    first.ctl("store", "check", "--deep")


def _change(proxy, word, *arguments):
    """What `ztactl fleet held word` says it did, which is as its schema says."""
    done = proxy.json("fleet", "held", word, *arguments)
    validate(f"fleet held {word}", done)
    return done


def test_an_operator_decides_about_what_is_held(pair, fleet, directory):
    first, second = pair()
    token, others = (proxy.issuer.token({"sub": "alice"}) for proxy in (first, second))
    assert first.get("/x", token).status == second.get("/x", others).status == 200
    wait_for(lambda: first.json("sessions", "list") and second.json("sessions", "list"), what="her sessions")
    store = Store(f"{directory}/sensor")
    store.init()
    fleet.join("sensor", store, role="restrict").start()
    for name in ("bob", "carol", "dave", "erin", "frank", "alice"):
        store.run("revoke", "--subject", f"{name}@corp", *_REASON)
    store.run("block", "10.0.0.0/8", "--for", "1h", "--yes", *_REASON)
    fleet.await_alike()

    def waiting(proxy, *options):
        rows = held(proxy.store, "held", *options)
        assert len([row for row in rows if row["state"] == "held"]) == proxy.json("fleet", "status")["held"]
        return {row["target"]: row for row in rows}
    rows = waiting(first)
    assert set(rows) == {"subject alice@corp", "10.0.0.0/8"} == set(waiting(second))
    alice, network = rows["subject alice@corp"], rows["10.0.0.0/8"]
    assert (alice["what"], alice["node"], alice["until"], alice["reason"]) == ("revocation", "sensor", None, "test")
    assert network["what"] == "block" and network["until"] is not None and network["by"]

    # An id that nothing has, neither ids nor all, no reason, more than is allowed.
    for code, words in ((1, ["00" * 8, *_REASON]), (2, _REASON), (2, ["--all"]),
                        (4, ["--all", "--max", "0", *_REASON])):
        first.ctl("fleet", "held", "apply", *words, code=code)
    plan = _change(first, "apply", "--all", "--dry-run", *_REASON)
    assert plan["dry_run"] and plan["hits"] == 1 and "alice@corp" in plan["target"]
    assert first.get("/x", token).status == 200 and set(waiting(first)) == set(rows)

    # Dropped at one node: there it waits no more, and does nothing.
    done = _change(first, "drop", network["id"], *_REASON)
    assert f"fleet held apply {network['id']}" in done["undo"]
    assert set(waiting(first)) == {"subject alice@corp"} and set(waiting(second)) == set(rows)
    assert waiting(first, "--all")["10.0.0.0/8"]["state"] == "dropped"

    # Applied at a full node: in force in the fleet, with nobody left to decide about it.
    done = _change(first, "apply", alice["id"], *_REASON)
    assert done["hits"] == 1 and "unrevoke --subject alice@corp" in done["undo"]
    assert first.get("/x", token).status == 401
    wait_for(lambda: second.get("/x", others).status == 401, what="the other proxy refuses, too")
    fleet.await_alike()
    assert waiting(first) == {} and set(waiting(second)) == {"10.0.0.0/8"}
    entries = {row["action"]: row for row in first.json("audit", "list")}
    assert entries["fleet held apply"]["target"] == "revocation of subject alice@corp, said by sensor"
    assert entries["fleet held apply"]["reason"] == "test"
    assert (entries["fleet held drop"]["before"], entries["fleet held drop"]["after"]) == ("held", "dropped")
    first.ctl("unrevoke", "--subject", "alice@corp", *_REASON)
    wait_for(lambda: second.get("/x", others).status == 200, what="and lets her in when it is taken back")
    fleet.await_alike()
    assert waiting(first) == {} and set(waiting(second)) == {"10.0.0.0/8"}
    for proxy in (first, second):
        proxy.ctl("store", "check", "--deep")
