# SPDX-License-Identifier: Apache-2.0
"""A rate that the nodes of a fleet share: real proxies, real requests, a real Redis."""

import struct
import time

import pytest

from support.fleet import Fleet
from support.load import Load
from support.local import wait_for
from support.redis import Redis

pytestmark = pytest.mark.plain

_RATE = 100
_BURST = 20
_RULES = f"limit together\n  key all\n  rate {_RATE}/s burst {_BURST} fleet\n"
_SPAN_S = 8


@pytest.fixture
def engine():
    redis = Redis().start()
    yield redis
    redis.remove()


@pytest.fixture
def proxies(zta, engine):
    """Factory: proxies(n) are so many gateways, their nodes, and the fleet."""
    fleet = Fleet([f"engine 127.0.0.1:{engine.port}"])

    def make(n):
        gateways = [zta(stage=1, rules=_RULES) for _ in range(n)]
        fleet.create(gateways[0].store)
        nodes = [fleet.join(f"proxy-{i}", z.store).start() for i, z in enumerate(gateways)]
        fleet.await_alike()
        return gateways, nodes
    yield make
    fleet.remove()


class Crowd:
    """threads[i] that send to the i-th gateway until the end, each about 25 requests a second."""

    def __init__(self, gateways, threads):
        self._loads = [Load(z, [[_alice(z)]], n_threads=n, pause=0.04) for z, n in zip(gateways, threads)]

    def __enter__(self):
        for load in self._loads:
            load.__enter__()
        return self

    def __exit__(self, *_):
        for load in self._loads:
            load.stop()
        for load in self._loads:
            # Nobody waited for agent, engine or network.
            assert not load.errors, load.errors

    def _passed(self):
        return [load.seen[0, 200] for load in self._loads]

    def rates(self, n_more=1000):
        """What passes at each, a second, while so many further requests are answered; and how
        many more passed at all than the rate and its burst let."""
        before, begun = self._passed(), time.monotonic()
        until = sum(load.total for load in self._loads) + n_more
        wait_for(lambda: sum(load.total for load in self._loads) >= until, what="requests go on",
                 timeout=60)
        after, took = self._passed(), time.monotonic() - begun
        counts = [b - a for a, b in zip(before, after)]
        return [n / took for n in counts], sum(counts) - _RATE * took - _BURST

    def settle(self, expected):
        """Waits until each lets about that share of the whole rate pass."""
        def is_there():
            rates, _ = self.rates(300)
            return all(abs(rate / _RATE - share) < 0.12 for rate, share in zip(rates, expected))
        wait_for(is_there, what=f"shares of about {expected}", timeout=60)


def _alice(z):
    return [("Authorization", f"Bearer {z.issuer.token({'sub': 'alice'})}")]


def _parts(store):
    """What the agent granted the proxy of this store: {bucket: millionths}."""
    with open(store.policy_path("fleet.shares"), "rb") as f:
        data = f.read()
    assert data[:8] == b"ZTASHR1\n"
    _, n = struct.unpack_from(">qI", data, 8)
    return dict(struct.iter_unpack(">QI", data[20:20 + 12 * n]))


@pytest.mark.timeout(300)
def test_the_nodes_share_one_rate_by_their_use(proxies):
    gateways, nodes = proxies(3)
    for threads, shares in (([6, 2, 0], (0.75, 0.25, 0)), ([2, 2, 4], (0.25, 0.25, 0.5))):
        with Crowd(gateways, threads) as crowd:
            crowd.settle(shares)
            rates, too_many = crowd.rates(2000)
            print(f"offered {[25 * n for n in threads]}, passed {[round(r, 1) for r in rates]} a second,"
                  f" {sum(rates):.1f} of {_RATE}")
            assert 0.9 * _RATE <= sum(rates) <= 1.1 * _RATE
            assert too_many <= 0
        parts = [_parts(node.store) for node in nodes]
        assert len({tuple(p) for p in parts}) == 1 and len(parts[0]) == 1
        assert sum(part for p in parts for part in p.values()) <= 1_000_000


@pytest.mark.timeout(300)
def test_cut_off_they_never_let_more_pass_than_their_shares(proxies, engine):
    gateways, nodes = proxies(3)
    with Crowd(gateways, [6, 2, 2]) as crowd:
        crowd.settle((0.6, 0.2, 0.2))
        nodes[1].kill()
        for _ in range(3):
            assert crowd.rates(500)[1] <= 0
        engine.kill()
        begun = time.monotonic()
        while time.monotonic() < begun + 12:
            assert crowd.rates(400)[1] <= 0
        # Who hears nothing has the third part at most.
        rates, _ = crowd.rates(1000)
        print(f"cut off: {[round(r, 1) for r in rates]} a second")
        assert rates[0] <= 1.1 * _RATE / 3 and rates[1] <= 1.1 * _RATE * 0.25
        engine.start()
        nodes[1].start()
        crowd.settle((0.6, 0.2, 0.2))
        assert crowd.rates(1000)[1] <= 0


def test_in_no_fleet_the_rate_is_the_proxys_own(zta):
    z = zta(stage=1, rules="limit together\n  key all\n  rate 3/h fleet\n")
    statuses = [z.get("/", z.issuer.token({"sub": "alice"})).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_who_writes_to_the_engine_changes_no_share(proxies, engine):
    gateways, nodes = proxies(2)
    with Crowd(gateways, [6, 2]) as crowd:
        crowd.settle((0.75, 0.25))
        line = engine.command("HVALS", "zta:corp:limits")[0]
        forged = bytearray(line)
        forged[-70] ^= 0x40  # of the last claim
        engine.command("HSET", "zta:corp:limits", "x" * 16, bytes(forged))
        engine.command("HSET", "zta:corp:limits", "y" * 16, line)
        engine.command("HSET", "zta:corp:limits", "z" * 16, b"nonsense")
        for _ in range(3):
            assert crowd.rates(500)[1] <= 0
        assert all(node.status()["problem"] is None for node in nodes)
