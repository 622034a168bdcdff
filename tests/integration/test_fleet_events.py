# SPDX-License-Identifier: Apache-2.0
"""What all nodes of a fleet know: refusals of the last minutes, sessions of a subject."""

import os
import signal

import pytest

from support.fleet import Fleet
from support.local import wait_for
from support.redis import Redis
from support.schema import validate


@pytest.fixture
def engine():
    redis = Redis().start()
    yield redis
    redis.remove()


@pytest.fixture
def proxies(zta, engine):
    """Three gateways whose stores are nodes of a fleet, and the nodes."""
    fleet = Fleet([f"engine 127.0.0.1:{engine.port}"])
    gateways = [zta(stage=1) for _ in range(3)]
    fleet.create(gateways[0].store)
    nodes = [fleet.join(f"proxy-{i}", z.store).start() for i, z in enumerate(gateways)]
    fleet.await_alike()
    yield gateways, nodes
    fleet.remove()


def _asked(node, *words):
    """{node: rows} of an answer, which is as its schema says; None: it did not answer."""
    found = node.store.json(*words, "--fleet")
    validate(" ".join(words[:2]) if words[0] == "sessions" else words[0], found)
    return {a["node"]: a["rows"] if a["answered"] else None for a in found}


def _wait_asked(node, *words, until):
    """Until what all nodes recorded is as it should be."""
    def is_there():
        answers = _asked(node, *words)
        return until(answers) and answers
    return wait_for(is_there, what=f"{words} of all nodes", timeout=30)


def test_refusals_of_all_nodes_are_told_by_each(proxies):
    gateways, nodes = proxies
    for i, z in enumerate(gateways):
        for _ in range(i + 1):
            assert z.get(f"/at-{i}?secret=1").status == 401
        assert z.get("/fine", z.issuer.token({"sub": "alice"})).status == 200
    answers = _wait_asked(nodes[0], "events", until=lambda a: all(a.values()) and len(a) == 3)
    for i in range(3):
        rows = answers[f"proxy-{i}"]
        assert {row["path"] for row in rows} == {f"/at-{i}"}
        assert {row["reason"] for row in rows} == {"no_credential"}
        assert sum(row["n"] for row in rows) <= i + 1
    assert "secret" not in str(answers)
    only = _asked(nodes[1], "events", "--filter", "path=/at-2", "--limit", "1", "--last", "10m")
    assert only["proxy-0"] == [] == only["proxy-1"] and len(only["proxy-2"]) == 1
    text = nodes[1].store.run("events", "--fleet").stdout
    assert text.startswith("NODE") and "proxy-2" in text and "/at-2" in text
    nodes[0].store.run("events", "--fleet", "--follow", code=2)
    nodes[0].store.run("events", "--fleet", "--limit", "51", code=2)


def test_sessions_of_a_subject_are_found_at_every_node(proxies, engine):
    gateways, nodes = proxies
    claims = {"sub": "alice", "sid": "one"}
    for z in gateways[:2]:
        assert z.get("/", z.issuer.token(claims)).status == 200
    assert gateways[2].get("/", gateways[2].issuer.token({"sub": "it's; \"bob\" $(x) -- %"})).status == 200
    words = ("sessions", "list", "--subject", "alice@corp")
    answers = _wait_asked(nodes[2], *words, until=lambda a: a["proxy-0"] and a["proxy-1"])
    assert answers["proxy-2"] == []
    session = answers["proxy-0"][0]
    assert session["subject"] == "alice" and session["id"] == answers["proxy-1"][0]["id"]
    shown = _asked(nodes[2], "sessions", "show", session["id"])
    assert [len(shown[f"proxy-{i}"]) for i in range(3)] == [1, 1, 0]
    assert shown["proxy-0"][0]["subject"] == "alice"
    # Whatever a subject is called, it is asked for and nothing else.
    _wait_asked(nodes[0], "sessions", "list", "--subject", "it's; \"bob\" $(x) -- %@corp",
                until=lambda a: [len(a[f"proxy-{i}"] or []) for i in range(3)] == [0, 0, 1])
    nodes[0].store.run("sessions", "list", "--fleet", code=2)

    # Who does not answer is named, and nobody waits for him without end.
    os.kill(nodes[1].agent.pid, signal.SIGSTOP)
    done = nodes[0].store.run(*words, "--fleet")
    assert "proxy-1 did not answer" in done.stderr
    assert _asked(nodes[0], *words)["proxy-1"] is None
    os.kill(nodes[1].agent.pid, signal.SIGCONT)

    # A question that no node signed is not answered; nor is one asked twice.
    engine.command("DEL", "zta:corp:asked")
    forged = bytes([1, 1]) + bytes(32) + (1 << 60).to_bytes(8, "big") + \
        b'{"what": "sessions", "about": "alice@corp"}' + bytes(64)
    engine.command("HSET", "zta:corp:asked", "q" * 16, forged)
    assert _asked(nodes[0], *words)["proxy-0"]
    assert f"zta:corp:answers:{bytes(16).hex()}" not in str(engine.command("KEYS", "*"))
    assert all(node.status()["problem"] is None for node in nodes)


def test_without_agent_or_fleet_it_says_so(zta, proxies):
    _, nodes = proxies
    nodes[0].stop()
    wait_for(lambda: not nodes[0].status()["agent_runs"], what="the agent is seen to be gone", timeout=40)
    assert "agent of this node does not run" in nodes[0].store.run("events", "--fleet", code=None).stderr
    assert "in no fleet" in zta(stage=1).store.run("events", "--fleet", code=None).stderr
