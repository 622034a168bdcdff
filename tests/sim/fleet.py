# SPDX-License-Identifier: Apache-2.0
"""A fleet of a thousand nodes, simulated event by event with costs that are measured here first.

Measured: two real nodes at a real Redis; what a statement, a beat and a comparison cost the engine (CPU time and
bytes) and a node (CPU time). Simulated: the engine as one server that does one thing at a time, each node as
another, half a millisecond between them. docs/fleet.md has the result."""

import argparse
import heapq
import os
import random
import sys
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(_HERE)]

# pylint: disable=wrong-import-position
from support.fleet import Fleet
from support.local import make_dir, remove_dir, wait_for
from support.redis import Redis
from support.store import Store

_BEAT_S, _NODES_OFTEN, _TELL_S, _TURN_S, _NET_S = 2.0, 100, 5.0, 0.030, 0.0005


# ---- measured ----

def _cpu_s(pid):
    """User and system time."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e9


def _info(redis):
    rows = redis.command("INFO", "everything").decode().splitlines()
    return dict(row.split(":", 1) for row in rows if ":" in row)


class _Meter:
    """Between two looks: CPU of the engine beyond what it takes idle, and of an agent, bytes in and out."""

    def __init__(self, redis, agent, idle=0.0):
        self._redis, self._agent, self._idle = redis, agent, idle
        self._before = self._look()

    def _look(self):
        info = _info(self._redis)
        return (_cpu_s(self._redis.pid) - self._idle * time.monotonic(), _cpu_s(self._agent),
                int(info["total_net_input_bytes"]), int(info["total_net_output_bytes"]))

    def per(self, n):
        return [(now - then) / n for now, then in zip(self._look(), self._before)]


def _blocks(node, first, n):
    for i in range(first, first + n):
        node.store.run("block", f"198.18.{i // 250}.{i % 250}", "--for", "1d", "--reason", "measured as usual")


def _idle(redis):
    """Seconds of CPU a second."""
    before, began = _cpu_s(redis.pid), time.monotonic()
    time.sleep(10)
    return (_cpu_s(redis.pid) - before) / (time.monotonic() - began)


def _all_nodes(redis, n, idle):
    """What it costs to tell one of n nodes what all say of themselves."""
    line = "x" * 250
    redis.command("HSET", "sim", *(word for i in range(n) for word in (f"{i:032x}", line)))
    meter = _Meter(redis, redis.pid, idle)
    for _ in range(100):
        redis.command("HGETALL", "sim")
    redis.command("DEL", "sim")
    return meter.per(100)


def measure(n, n_nodes):
    """Seconds and bytes of each kind of work."""
    directory = make_dir("sim")
    redis = Redis().start()
    fleet = Fleet([f"engine 127.0.0.1:{redis.port}"])
    try:
        stores = [Store(os.path.join(directory, f"store-{i}")) for i in range(3)]
        for store in stores:
            store.init()
        rest = _idle(redis)
        all_nodes = _all_nodes(redis, n_nodes, rest)
        fleet.create(stores[0])
        first, second = (fleet.join(f"proxy-{i}", stores[i]).start() for i in range(2))
        fleet.await_alike()
        idle = _Meter(redis, second.agent.pid, rest)
        time.sleep(20)  # what two nodes cost that have nothing to say
        beat = [value / 2 for value in idle.per(20 / _BEAT_S)]
        began = time.monotonic()
        busy = _Meter(redis, second.agent.pid, rest)
        _blocks(first, 0, n)
        fleet.await_alike()
        beats = (time.monotonic() - began) / _BEAT_S
        engine, node, size_in, size_out = busy.per(n)
        one = {"engine": engine - 2 * beats * beat[0] / n, "node": node - beats * beat[1] / n,
               "in": size_in - 2 * beats * beat[2] / n, "out": size_out - 2 * beats * beat[3] / n}
        late = fleet.join("proxy-2", stores[2])
        wait_for(fleet.nodes[0].digest, what="enrolled")
        before = _Meter(redis, second.agent.pid, rest)
        late.start()
        fleet.await_alike()
        compared = before.per(n)
        spent = _cpu_s(late.agent.pid) / n
        record = int(redis.command("MEMORY", "USAGE", "zta:corp:records")) / n
        entry = int(redis.command("MEMORY", "USAGE", "zta:corp:stream")) / n
        return {"beat": beat, "one": one, "all_nodes": all_nodes, "compared": compared, "bootstrap_node": spent,
                "record": record, "entry": entry}
    finally:
        fleet.remove()
        redis.remove()
        remove_dir(directory)


# ---- simulated ----

class Queue:
    """What does one thing at a time: done(at, cost) is when something that comes at a time is done."""

    def __init__(self):
        self.free_at = self.busy = 0.0

    def done(self, at, cost):
        self.free_at = max(at, self.free_at) + cost
        self.busy += cost
        return self.free_at


def _beats(chance, n_nodes, seconds):
    """(time, kind) of every node's beats and looks at all nodes."""
    every = _TELL_S * max(1.0, n_nodes / _NODES_OFTEN)
    for _ in range(n_nodes):
        for kind, period in (("beat", _BEAT_S), ("nodes", every)):
            at = chance.uniform(0, period)
            while at < seconds:
                yield at, kind
                at += period


def simulate(costs, n_nodes, rate, seconds, seed):
    """Lags (s) from an act to the last node that took it, and the share of the engine's time."""
    chance = random.Random(seed)
    events = list(_beats(chance, n_nodes, seconds))
    at = chance.expovariate(rate)
    while at < seconds:
        events.append((at, "act"))
        at += chance.expovariate(rate)
    heapq.heapify(events)
    engine, nodes, lags = Queue(), [Queue() for _ in range(n_nodes)], []
    while events:
        at, kind = heapq.heappop(events)
        if kind == "beat":
            engine.done(at, costs["beat"])
        elif kind == "nodes":
            engine.done(at, costs["all_nodes"])
        else:
            said = nodes[chance.randrange(n_nodes)].done(at, costs["node"]) + _NET_S
            engine.done(said, costs["publish"])
            lags.append(max(node.done(engine.done(said, costs["deliver"]) + _NET_S, costs["node"])
                            for node in nodes) - at)
    return sorted(lags), engine.busy / seconds


def recover(costs, n_nodes, n_waiting, n_known, is_empty, seed):
    """Seconds from when the engine is back until the last node has all, and the engine's time in it."""
    chance = random.Random(seed)
    engine, last = Queue(), 0.0
    for at in sorted(chance.uniform(0, 2) for _ in range(n_nodes)):
        last = engine.done(at, costs["connect"])
    if is_empty:
        has_any = False
        for at in sorted(chance.uniform(0, (n_nodes + 1) * _TURN_S) for _ in range(n_nodes)):
            each = costs["compare"] if has_any else costs["publish"]
            last = engine.done(max(at, 2.0), n_known * each)
            has_any = True
    for _ in range(n_waiting):
        last = engine.done(last, costs["publish"] + n_nodes * costs["deliver"])
    return max(last, engine.free_at) + _NET_S + costs["node"] * n_waiting, engine.busy


# ---- told ----

def _costs(found):
    """What the simulation takes, in seconds. A statement went to two nodes, its own and the other: a third of the
    engine's time each, and a third for taking it."""
    one = found["one"]
    return {"publish": one["engine"] / 3, "deliver": one["engine"] / 3, "node": one["node"],
            "beat": found["beat"][0], "all_nodes": found["all_nodes"][0],
            "compare": found["compared"][0], "connect": 2 * found["beat"][0]}


def _tell_measured(found):
    one, beat, compared = found["one"], found["beat"], found["compared"]
    print("## Measured\n\n| | engine CPU µs | node CPU µs | bytes to the engine | bytes from it |\n"
          "|---|---|---|---|---|")
    told = found["all_nodes"]
    rows = (("what all nodes say, told to one", (told[0], 0, told[2], told[3])),
            ("a statement that one node hears", (one["engine"], one["node"], one["in"], one["out"])),
            ("a beat of a node", (beat[0], 2 * beat[1], beat[2], beat[3])),
            ("a record, compared by a newcomer",
             (compared[0], found["bootstrap_node"], compared[2], compared[3])))
    for name, (engine, node, size_in, size_out) in rows:
        print(f"| {name} | {engine * 1e6:.0f} | {node * 1e6:.0f} | {size_in:.0f} | {size_out:.0f} |")
    print(f"\nMemory of the engine: {found['record']:.0f} bytes a record, {found['entry']:.0f} bytes an entry "
          "of the stream.")


def _tell_simulated(costs, options):
    n = options.nodes
    print(f"\n## Simulated: {n} nodes, seed {options.seed}\n\n"
          "| acts a second | lag p50 ms | p99 ms | greatest ms | engine's time |\n|---|---|---|---|---|")
    for rate in (0.1, 1.0, 5.0, 20.0):
        lags, share = simulate(costs, n, rate, max(20.0, 60.0 / max(rate, 1)), options.seed)
        if lags:
            p50, p99 = (lags[min(len(lags) - 1, len(lags) * q // 100)] for q in (50, 99))
            print(f"| {rate:g} | {p50 * 1000:.0f} | {p99 * 1000:.0f} | {lags[-1] * 1000:.0f} | "
                  f"{share * 100:.0f} % |")
    print("\n| the engine was away for an hour, 360 acts wait | seconds until all have all | engine's time s |\n"
          "|---|---|---|")
    for name, is_empty in (("it has what it had", False), ("it came back empty, 10,000 records", True)):
        seconds, busy = recover(costs, n, 360, 10_000, is_empty, options.seed)
        print(f"| {name} | {seconds:.0f} | {busy:.0f} |")


def main():
    parser = argparse.ArgumentParser(prog="make fleet-sim", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--measured", type=int, default=400, help="statements that are measured, default 400")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = measure(options.measured, options.nodes)
    costs = _costs(found)
    _tell_measured(found)
    _tell_simulated(_costs(found), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
