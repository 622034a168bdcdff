# SPDX-License-Identifier: Apache-2.0
"""Five proxies of a fleet, each in a network of its own, with Redis, its replica and three sentinels.

1. Revocations: each at another proxy; the time from the start of ztactl until all five refuse.
2. Breaks: partitions, kills, fail-overs, an emptied and a stopped engine, at random, while operators work and
   requests come: what was confirmed holds everywhere afterwards, and the time until all digests are equal.
3. Requests of a proxy in the fleet, while the fleet talks, beside one that is in none, in turn."""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]

# pylint: disable=wrong-import-position
from support.fleetnet import TARGET, Breaker, FleetNet, Load, Proxy, break_and_mend, time_revocation
from support.local import make_dir, remove_dir
from support.netns import NoNetwork
from support.pki import Pki


def _arguments():
    parser = argparse.ArgumentParser(prog="make fleet-proof", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trials", type=int, default=1000, help="revocations, default 1000")
    parser.add_argument("--breaks", type=int, default=100, help="default 100")
    parser.add_argument("--rounds", type=int, default=15, help="of load on each proxy, default 15")
    parser.add_argument("--seed", type=int, default=None, help="of the breaks, default one of the time")
    return parser.parse_args()


def _say(text):
    print(text, flush=True)


def _quantiles(values, unit=1.0, digits=1):
    """p50, p90, p99, greatest."""
    ordered = sorted(values)
    chosen = [ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.9, 0.99)]
    return " | ".join(f"{value * unit:.{digits}f}" for value in (*chosen, ordered[-1]))


def _revocations(net, n):
    found = [time_revocation(net, i % len(net.proxies), i) for i in range(n)]
    _say(f"\n## Revocations: {n} trials, milliseconds from the start of `ztactl revoke`\n\n"
         "| until | p50 | p90 | p99 | greatest |\n|---|---|---|---|---|")
    _say(f"| it is confirmed | {_quantiles([c for c, _ in found], 1000)} |")
    _say(f"| from then on, all {len(net.proxies)} proxies refuse | {_quantiles([a - c for c, a in found], 1000)} |")
    _say(f"| all {len(net.proxies)} proxies refuse | {_quantiles([a for _, a in found], 1000)} |")


def _breaks(net, n, seed):
    chance = random.Random(seed)
    kinds = [chance.choice(Breaker.KINDS) for _ in range(n)]
    loads = [Load(proxy) for proxy in net.proxies]
    took = defaultdict(list)
    for load in loads:
        load.start()
    for i, (kind, seconds) in enumerate(break_and_mend(net, chance, kinds), 1):
        took[kind].append(seconds)
        print(f"{i}/{n} {kind}: {seconds:.1f} s", file=sys.stderr, flush=True)
    for load in loads:
        load.stop()
    every = [seconds for kind in took.values() for seconds in kind]
    _say(f"\n## Breaks: {n}, seed {seed}; seconds from mending until all digests are equal\n\n"
         "| what broke | times | p50 | p90 | p99 | greatest |\n|---|---|---|---|---|---|")
    for kind, values in sorted(took.items()):
        _say(f"| {kind} | {len(values)} | {_quantiles(values)} |")
    _say(f"| all | {n} | {_quantiles(every)} |")
    wrong = [status for load in loads for status in load.wrong]
    _say(f"\nNo confirmed act was lost. {sum(load.n for load in loads)} requests meanwhile, "
         f"{len(wrong)} not answered with 200 {sorted(set(map(str, wrong)))}, the slowest "
         f"{1000 * max(load.slowest for load in loads):.0f} ms.")
    return bool(wrong) or max(every) > 5


def _wrk(proxy, token):
    """(requests a second, p50, p99 in ms) of two seconds."""
    with proxy.host:
        done = subprocess.run(["wrk", "-t1", "-c4", "-d2s", "--latency", "-H", f"Authorization: Bearer {token}",
                               proxy.z.httpd.url + TARGET], capture_output=True, text=True, check=True)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    quantiles = [float(value) * scale[unit] for value, unit in
                 re.findall(r"^ +(?:50|99)%\s+([\d.]+)(us|ms|s)$", done.stdout, re.MULTILINE)]
    if "Non-2xx" in done.stdout or len(quantiles) != 2:
        raise RuntimeError(done.stdout)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), *quantiles


class _Talk(threading.Thread):
    """Another proxy's operators block an address about 20 times a second."""

    def __init__(self, proxy):
        super().__init__(daemon=True)
        self._proxy, self._stopping, self.n = proxy, threading.Event(), 0

    def run(self):
        while not self._stopping.wait(0.05):
            self._proxy.z.ctl("block", f"198.19.{self.n // 250}.{self.n % 250}", "--for", "1h", "--reason", "x")
            self.n += 1

    def stop(self):
        self._stopping.set()
        self.join()


def _beside(net, pki, rounds):
    alone = Proxy(net.network.host("alone"), pki)
    rows = (("in the fleet", net.proxies[0]), ("in none", alone))
    tokens = [proxy.z.issuer.token({"sub": "honest"}) for _, proxy in rows]
    found = defaultdict(list)
    talk = _Talk(net.proxies[1])
    began = time.monotonic()
    talk.start()
    try:
        for number in range(rounds + 1):
            for i in ((0, 1), (1, 0))[number % 2]:
                figures = _wrk(rows[i][1], tokens[i])
                if number:  # the first one warms up
                    found[rows[i][0]].append(figures)
    finally:
        talk.stop()
        alone.remove()
    _say(f"\n## Requests: {rounds} rounds of 2 s, 4 connections, while the fleet hears "
         f"{talk.n / (time.monotonic() - began):.0f} statements a second; median (least to greatest)\n\n"
         "| proxy | requests a second | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, _ in rows:
        columns = [sorted(column) for column in zip(*found[name])]
        _say(f"| {name} | " + " | ".join(f"{c[len(c) // 2]:.2f} ({c[0]:.2f} to {c[-1]:.2f})" for c in columns) + " |")


def main():
    """0: all held; 1: it did not; 2: this machine cannot."""
    options = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended
    seed = int(time.time()) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    directory = make_dir("pki")
    try:
        pki = Pki(directory)
        is_bad = False
        with FleetNet(pki) as net:
            if options.trials:
                _revocations(net, options.trials)
            if options.rounds:
                _beside(net, pki, options.rounds)
            if options.breaks:
                is_bad = _breaks(net, options.breaks, seed)
        return int(is_bad)
    except NoNetwork as error:
        print(f"NOTHING WAS SHOWN: {error}", file=sys.stderr)
        return 2
    finally:
        remove_dir(directory)


if __name__ == "__main__":
    sys.exit(main())
