# SPDX-License-Identifier: Apache-2.0
"""An engine that is full, comes back from an old backup or was trimmed, a day without it, and a clock that is wrong."""

import pytest

from support.clock import Clock
from support.local import wait_for

_REASON = ("--reason", "test")
_DAY_S = 86400


@pytest.fixture
def pair(fleet, store):
    nodes = []
    for i in range(2):
        made = store(f"store-{i}")
        if fleet.operator_key is None:
            fleet.create(made)
        nodes.append(fleet.join(f"proxy-{i}", made).start())
    fleet.await_alike()
    return nodes


def _block(node, last, env=None):
    node.store.run("block", f"203.0.113.{last}", "--for", "7d", *_REASON, env=env)


def _blocked(node, env=None):
    return {int(row["target"].rpartition(".")[2]) for row in node.store.json("blocks", "list", env=env)}


def test_a_full_engine_is_told_and_what_waits_is_sent_when_there_is_room(pair, fleet, engine):
    first, second = pair
    engine.command("CONFIG", "SET", "maxmemory", "1")
    _block(first, 1)
    wait_for(lambda: "OOM" in (first.status()["problem"] or ""), what="the engine is full", timeout=20)
    # The block, and the head of the audit trail that has it.
    assert first.status()["waiting"] == 2 and _blocked(first) == {1} and _blocked(second) == set()
    engine.command("CONFIG", "SET", "maxmemory", "0")
    wait_for(lambda: _blocked(second) == {1}, what="it is sent", timeout=20)
    fleet.await_alike()


def test_an_engine_from_an_old_backup_learns_what_it_lacks(pair, fleet, engine):
    first, second = pair
    _block(first, 1)
    fleet.await_alike()
    engine.command("SAVE")
    first.store.run("blocks", "remove", "203.0.113.1", *_REASON)
    _block(second, 2)
    fleet.await_alike()
    engine.kill()
    engine.start()
    wait_for(lambda: engine.command("HLEN", "zta:corp:records") == first.digest()["statements"], timeout=20,
             what="it has all again")
    fleet.await_alike()
    assert _blocked(first) == _blocked(second) == {2}


def test_who_was_away_until_the_stream_had_nothing_of_it_learns_from_the_records(pair, fleet, engine):
    first, second = pair
    second.kill()
    for last in range(1, 4):
        _block(first, last)
    wait_for(lambda: first.status()["waiting"] == 0, what="it is said")
    engine.command("XTRIM", "zta:corp:stream", "MAXLEN", "0")
    second.start()
    wait_for(lambda: _blocked(second) == {1, 2, 3}, what="it has all", timeout=20)
    fleet.await_alike()


def test_a_day_without_the_engine_and_a_clock_five_minutes_ahead(pair, fleet, engine, directory):
    first, second = pair
    clock = Clock(directory)
    second.kill()
    engine.kill()
    _block(first, 1)
    clock.set(_DAY_S)
    second.start(env=clock.env)
    _block(second, 2, clock.env)
    second.kill()
    clock.set(300)  # what it said a day ahead is not believed; the five minutes are
    second.start(env=clock.env)
    engine.start()
    _block(second, 3, clock.env)
    wait_for(lambda: 1 in _blocked(second, clock.env), what="what was done while it was away", timeout=20)
    wait_for(lambda: any("ahead" in row["what"] for row in first.status()["refused"]), timeout=20,
             what="a clock a day ahead is refused and told")
    assert 2 not in _blocked(first)
