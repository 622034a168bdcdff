# SPDX-License-Identifier: Apache-2.0
"""CPU time a request of bare Apache, mod_zta, mod_oauth2 and mod_auth_openidc, in one run.

Every server is started once and loaded in turn, round after round in rotated order, over 32
kept-alive connections with 1,000 distinct RS256 tokens. Rounds are short and many, so that what
disturbs the machine disturbs some of them. What counts is user and system time of the proxy's
processes; the back end, wrk and mod_zta's helper are apart. docs/performance.md tells how to read
the table."""

import argparse
import json
import os
import platform
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]

# pylint: disable=wrong-import-position
import servers
import table
from loads import LOADS, Tokens, measure, warm_up
from support.issuer import Issuer
from support.local import make_dir, remove_dir

_NEW_A_ROUND = 4000


def _arguments():
    names = [load.name for load in LOADS]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=15, help="default 15")
    parser.add_argument("--seconds", type=int, default=1, help="of each load in a round, default 1")
    parser.add_argument("--only", nargs="+", choices=names, metavar="LOAD",
                        help=f"and what they are measured by: {' '.join(names)}")
    parser.add_argument("--json", metavar="FILE", help="also write every round's figures there")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("at least one round and one second")
    return options


def _chosen(only):
    wanted = set(only or [load.name for load in LOADS])
    wanted |= {load.base for load in LOADS if load.name in wanted}
    return [load for load in LOADS if load.name in wanted]


def _start(loads, back, issuer):
    started = {}
    try:
        for name in dict.fromkeys(load.server for load in loads):
            started[name] = getattr(servers, name)(back, issuer)
            started[name].start()
    except BaseException:
        _end(started.values())
        raise
    return started


def _end(running):
    for server in running:
        server.remove()


def _tell(text):
    """Where it is, on a terminal only."""
    if sys.stderr.isatty():
        print(f"{text:<60}", end="\r", file=sys.stderr, flush=True)


def _rounds(options, loads, running, tokens):
    found = []
    for number in range(options.rounds):
        turn = number * len(loads) // options.rounds
        found.append({})
        for load in loads[turn:] + loads[:turn]:
            _tell(f"round {number + 1} of {options.rounds}: {load.name}")
            found[-1][load.name] = measure(load, running[load.server], tokens, options.seconds,
                                           number)
    _tell("")
    return found


def _compare(options, loads, directory):
    issuer = Issuer(directory)
    n_new = _NEW_A_ROUND if any(load.tokens == "new" for load in loads) else 0
    tokens = Tokens(directory, issuer, n_new, options.rounds)
    back = servers.back_end().start()
    running = {}
    try:
        running = _start(loads, back, issuer)
        for server in running.values():
            server.check(tokens.good[0], tokens.forged[0])
        for load in loads:
            warm_up(load, running[load.server], tokens)
        found = _rounds(options, loads, running, tokens)
        dropped = sum(server.dropped() for server in running.values())
        for server in running.values():
            server.check(tokens.good[0], tokens.forged[0])
            server.stop()
        return found, dropped
    finally:
        _end(running.values())
        back.remove()


def main():
    options = _arguments()
    loads = _chosen(options.only)
    directory = make_dir("bench")
    try:
        found, dropped = _compare(options, loads, directory)
    finally:
        remove_dir(directory)
    rows = [(load.title, table.figures(load, found)) for load in loads]
    print(table.text(rows))
    print(f"\n{options.rounds} rounds of {options.seconds} s, {os.cpu_count()} CPUs, "
          f"{platform.system()} {platform.release()}; median (least to greatest) of the rounds; "
          f"{dropped} events dropped")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"rounds": found, "events_dropped": dropped}, f, indent=1)


if __name__ == "__main__":
    main()
