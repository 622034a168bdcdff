# SPDX-License-Identifier: Apache-2.0
"""What one proxy of a fleet finds risky, all judge by; it adds to what they know and takes nothing."""

import os
import time

import pytest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.local import wait_for
from support.schema import validate
from support.statements import RISK, THREAT, Statement, key_of

_RULES = """zta 1
allow all
  when path /**

require calm
  when path /calm/**
  need risk < 40

require fresh
  when path /pay/**
  when risk >= 40
  need auth-age <= 60s
  else step-up max-age=60s

signal honeypot
  when path /wp-admin/**
"""
# Of the value of a statement about a session, behind its key: its one factor.
_WEIGHT_AT = 2 + 17 + 2 + 11 + 1


@pytest.fixture
def pair(zta, fleet):
    """Two proxies of a fleet whose agents run."""
    proxies = [zta(stage=4, rules=_RULES,
                   vhost_text="<Location /calm/off>\nZTAFeature risk=off\n</Location>\n")
               for _ in range(2)]
    fleet.create(proxies[0].store)
    for i, proxy in enumerate(proxies):
        fleet.join(f"proxy-{i}", proxy.store).start()
    fleet.await_alike()
    return proxies


def _login(proxy, subject="alice", **claims):
    return proxy.issuer.token({"sub": subject, "sid": f"of {subject}", "auth_time": int(time.time()) - 900,
                               **claims})


def _session(proxy):
    """Alice's."""
    return wait_for(lambda: [row for row in proxy.json("sessions", "list") if row["subject"] == "alice"],
                    what="her session")[0]


def _risk(proxy, session):
    found = proxy.json("risk", "show", session)
    validate("risk show", found)
    return found


def test_who_walks_into_a_trap_at_one_proxy_is_judged_by_it_at_all(pair, fleet):
    first, second = pair
    here, there = (_login(proxy) for proxy in pair)
    bob = _login(second, "bob")
    for target in ("/calm/x", "/pay/x"):
        assert second.get(target, there).status == 200
    first.get("/wp-admin/setup", here)
    wait_for(lambda: second.get("/calm/x", there).status == 403, what="the refusal at the other proxy")
    challenged = second.get("/pay/x", there)
    assert challenged.status == 401 and 'max_age="60"' in challenged.all("WWW-Authenticate")[0]
    # Nobody else is hit; where risk is off, that of others is, too; a new login answers a step-up.
    assert [second.get(target, bob).status for target in ("/calm/x", "/pay/x")] == [200, 200]
    assert second.get("/calm/off/x", there).status == 200
    assert second.get("/pay/x", _login(second, auth_time=int(time.time()))).status == 200
    session = _session(second)
    assert session["risk"] == 80
    risk = _risk(second, session["id"])
    assert risk["score"] == 80
    [factor] = risk["factors"]
    assert factor["node"] == "proxy-0" and factor["evidence"] == "/wp-admin/setup"
    assert [f["node"] for f in _risk(first, session["id"])["factors"]] == [None]
    explained = second.json("risk", "explain", session["id"])
    validate("risk explain", explained)
    assert explained["live"] == 80 and explained["rebuilt"] == 0 and not explained["equal"]
    assert [f["live"] for f in explained["factors"]] == ["raised at node proxy-0"]
    assert "proxy-0" in second.ctl("risk", "show", session["id"]).stdout
    assert "raised at node proxy-0" in second.ctl("risk", "explain", session["id"]).stdout
    fleet.await_alike()
    for proxy in pair:
        proxy.ctl("store", "check", "--deep")


def test_who_writes_into_the_engine_lowers_no_risk(pair, fleet, engine):
    first, second = pair
    token = _login(first)
    first.get("/wp-admin/setup", token)
    there = _login(second)
    wait_for(lambda: second.get("/calm/x", there).status == 403, what="the refusal at the other proxy")
    fleet.await_alike()
    records = map(Statement.read, engine.command("HVALS", "zta:corp:records"))
    # Of her session; there is one of her address, too.
    [said] = [s for s in records if s.topic == RISK and s.key[16] == 1]
    key, stranger = key_of(first.store.policy_path("fleet.key")), Ed25519PrivateKey.generate()
    assert said.value[_WEIGHT_AT] == 80
    origin = os.urandom(16)
    later = said.but(version_ns=said.version_ns + 1)

    def weighing(weight):
        return later.but(value=said.value[:_WEIGHT_AT] + bytes((weight,)) + said.value[_WEIGHT_AT + 1:])
    attempts = [
        (weighing(30).sealed(stranger), "not signed by who it names"),
        (later.gone().sealed(stranger), "not signed by who it names"),
        (weighing(30).but(origin=origin, key=origin + said.key[16:]).sealed(stranger),
         "of a node that is not enrolled"),
        # By somebody who has a node's key.
        (later.gone().sealed(key), "malformed"),
        (weighing(0).sealed(key), "malformed"),
        (weighing(256 - 40).sealed(key), "malformed"),
        (later.but(key=origin + said.key[16:]).sealed(key), "malformed"),
    ]
    for data, _ in attempts:
        engine.command("XADD", "zta:corp:stream", "*", "s", data)
    expected = {}
    for _, what in attempts:
        expected[what] = expected.get(what, 0) + 1

    def refused():
        found = {row["what"]: row["statements"] for row in fleet.nodes[1].status()["refused"]}
        return all(found.get(what, 0) >= n for what, n in expected.items())
    wait_for(refused, what=f"{expected} refused")
    assert _session(second)["risk"] == 80 and second.get("/calm/x", there).status == 403


def test_a_level_that_one_proxy_measured_holds_at_all(pair, fleet, engine):
    first, second = pair
    token = _login(first)
    first.get("/wp-admin/setup", token)
    wait_for(lambda: first.get("/calm/x", token).status == 403, what="she is refused")

    def level(proxy):
        for _ in range(20):
            assert first.get("/calm/x", token).status == 403
        [row] = proxy.json("threat-level", "show")
        return row["level"] != "normal" and row
    # Two periods of ten seconds in a row in which most of what comes is refused.
    row = wait_for(lambda: level(second), what="the level at the other proxy", timeout=45)
    assert row["reason"] == "measured at another node of the fleet", row
    [row] = first.json("threat-level", "show")
    assert row["level"] != "normal" and row["reason"] == "refused requests", row
    # What holds at the other is not measured there, and not told.
    fleet.await_alike()
    records = [Statement.read(data) for data in engine.command("HVALS", "zta:corp:records")]
    origins = {s.origin for s in records if s.topic == THREAT}
    assert origins == {s.origin for s in records if s.topic == RISK} and len(origins) == 1
