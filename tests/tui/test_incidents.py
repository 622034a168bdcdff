# SPDX-License-Identifier: Apache-2.0
"""Five incidents at a live server, found and ended at the console by keys alone; each key counts."""

import shlex
import time

import pytest

from night import BERN, SYDNEY, Night
from support.local import wait_for
from support.store import ztactl


@pytest.fixture(scope="module")
def night():
    made = Night()
    yield made
    made.end()


class Hand:
    """Somebody who sits down at the console: counts what he presses, and for how long he is there."""

    def __init__(self, night, terminal, title):
        night.settle()
        self.n = 0
        self._title = title
        self._terminal = terminal(80, 24)
        words = [f"{name}={value}" for name, value in night.clock.env.items()]
        self._terminal.run("env", *words, ztactl(), "--store", night.gateway.store.directory)
        self._since = time.monotonic()

    def sees(self, *texts, absent=()):
        return self._terminal.wait(*texts, absent=absent)

    def presses(self, *keys):
        self.n += len(keys)
        for key in keys:
            self._terminal.keys(key)

    def types(self, text):
        self.n += len(text)
        self._terminal.type(text)

    def is_done(self, most):
        print(f"{self._title}: {self.n} keys, {time.monotonic() - self._since:.1f} s")
        assert self.n <= most
        self._terminal.keys("C-c")


def test_forty_percent_are_refused_since_a_change(night, terminal):
    """Why, and since which change?"""
    night.business(2, 47, 51)
    night.at(2, 51)
    night.ctl("rules", "add", "-e", "require enrolled", "-e", "when path /orders/**", "-e", "need device managed",
              "--permanent", "--reason", "4711", "--yes")
    night.business(2, 51, 56)
    hand = Hand(night, terminal, "40 % refused since 02:51")
    # The first screen says it all.
    hand.sees("40 % of", "mostly device_unknown on / by enrolled", "02:51", "rules add rule enrolled by root")
    hand.presses("o")
    hand.sees("Go to", "1 rule enrolled")
    hand.presses("1")
    hand.sees("> rule enrolled", "02:51", "root")
    hand.is_done(2)


def test_our_own_rule_did_it_and_traffic_flows_again(night, terminal):
    if 403 not in night.everybody():
        night.ctl("rules", "add", "-e", "require enrolled", "-e", "when path /orders/**", "-e",
                  "need device managed", "--permanent", "--reason", "4711", "--yes")
    night.business(3, 0, 2)
    hand = Hand(night, terminal, "our own rule did it")
    hand.sees("mostly device_unknown", "rule enrolled by root")
    hand.presses("o")
    hand.sees("Go to", "1 rule enrolled")
    hand.presses("1")
    hand.sees("> rule enrolled", "root")
    hand.presses("X")
    hand.sees("rules remove enrolled")
    hand.presses("Enter")
    hand.sees("let in", "4 subjects", "nothing is done yet")
    assert 403 in night.everybody()
    hand.presses("Enter")
    hand.sees("type yes to do it:")
    hand.types("yes")
    hand.presses("Enter")
    wait_for(lambda: set(night.everybody()) == {200}, what="traffic that flows")
    hand.is_done(9)


def test_one_stolen_token_is_taken_away(night, terminal):
    night.business(3, 9, 10)
    night.at(3, 10)
    alice = night.token("alice", device_id="laptop-1", sid="alice-1")
    assert night.get("/orders/1", alice) == 200
    night.settle()
    night.at(3, 12)
    assert [night.get("/orders/1", alice, SYDNEY), night.get("/orders/1", alice)] == [200, 200]
    night.business(3, 12, 13)
    hand = Hand(night, terminal, "one stolen token")
    hand.presses("3")
    hand.sees("11 sessions", "RISK")
    hand.presses("s", "Enter")
    hand.sees("subject   alice", "50 of 100", "impossible-travel", "CH to AU")
    hand.presses("R")
    hand.sees("hits 1 session", "of alice", "reason:")
    hand.types("stolen")
    hand.presses("Enter")
    hand.sees("type yes to revoke:")
    hand.types("yes")
    hand.presses("Enter")
    hand.sees("evoked", absent=("type yes",))
    for address in (SYDNEY, BERN):
        assert night.get("/orders/1", alice, address) == 401
    night.at(3, 13, 30)
    assert night.get("/orders/1", night.token("alice", device_id="laptop-1", sid="alice-2")) == 200
    assert set(night.everybody()) == {200}
    hand.is_done(15)


def test_stuffing_from_a_network_is_shut_out(night, terminal):
    night.business(3, 20, 21)
    stuffed = [night.token(f"victim-{i}", sid=f"stuffed-{i}")[:-8] + "AAAAAAAA" for i in range(240)]
    for i, token in enumerate(stuffed):
        assert night.get("/orders/1", token, f"203.0.{112 + i % 16}.{i + 1}") == 401
    # One of our own has an old token, and comes from elsewhere.
    night.get("/orders/1", stuffed[0], BERN)
    hand = Hand(night, terminal, "stuffing from a /20")
    hand.sees("bad_credential", "203.0.")
    hand.presses("o")
    hand.sees("Go to", "1 requests refused for bad_credential")
    hand.presses("1")
    hand.sees("filter reason=bad_credential", "241 rows")
    hand.presses("k")
    hand.presses("B")
    hand.sees("block 203.0.112.0/20 --for=1h --reason=")
    hand.types("stuffing")
    hand.presses("Enter")
    hand.sees("nothing is done yet")
    hand.presses("Enter")
    wait_for(lambda: night.get("/orders/1", stuffed[7], "203.0.119.8") == 403, what="the block")
    assert night.get("/orders/1", night.staff[0], "203.0.111.255") == 200
    assert set(night.everybody()) == {200}
    hand.is_done(14)


def test_alice_cannot_get_in(night, terminal):
    """She called; nobody has an id."""
    night.business(3, 30, 31)
    assert night.get("/payments/1", night.token("alice", sid="alice-3")) == 403
    night.business(3, 31, 32)
    hand = Hand(night, terminal, "Alice cannot get in")
    hand.presses("2", "f")
    hand.sees("filter:")
    hand.types("alice")
    hand.presses("Enter")
    hand.sees("insufficient_scope alice")
    hand.presses("e")
    hand.sees("denied: insufficient_scope", "scope pay")
    hand.is_done(9)
