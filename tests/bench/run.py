# SPDX-License-Identifier: Apache-2.0
"""CPU time a request of mod_zta beside bare Apache, mod_oauth2, mod_auth_openidc and HAProxy.

The servers of a section are started together and loaded in turn, round after round in rotated
order: what disturbs the machine disturbs all of them. What counts is user and system time of the
server's processes; the back end, the load and mod_zta's helper are apart. scenarios.py has the
rows, docs/performance.md tells how to read them."""

import argparse
import json
import os
import signal
import sys
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]

# pylint: disable=wrong-import-position
import alone
import machine
import opened
import pace
import servers
import table
from loads import measure, warm_up
from scenarios import SERVERS, chosen, names
from small_api import PATH
from support.issuer import Issuer
from support.local import ROOT, make_dir, remove_dir
from tokens import Tokens

_NEW_A_SECOND = 6000
_MORE = 4  # times the rounds, at most, for rows that were disturbed
_PAGE = os.path.join(ROOT, "docs", "performance.md")


def _arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7, help="default 7")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a load, default 0.5")
    parser.add_argument("--only", nargs="*", choices=[*names(), "open", *alone.PARTS], default=[],
                        metavar="NAME", help="sections or section/row; bases come along")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--json", metavar="FILE", help="also write every round's figures there")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 0.1:
        parser.error("at least one round of 0.1 s")
    if options.write and options.only:
        parser.error("the page shows a whole run: no --only with --write")
    return options


def _tell(text):
    """Where it is: over and over in one line of a terminal."""
    if sys.stderr.isatty():
        print(f"{text:<70}", end="\r", file=sys.stderr, flush=True)


def _check_rows(section, running, tokens, is_reason_asked):
    """What is answered is what the row says, for the reason it says: before the first load only,
    since later the books keep of many alike refusals the number and a few examples."""
    for row in section.rows:
        for _ in range(2 if row.status == 429 else 1):
            fields = tokens.first(row.tokens) if row.tokens else ()
            answer = running[row.server].ask(row.path, fields)
        assert answer.status == row.status, f"{row.name}: {answer.status} instead of {row.status}"
        if is_reason_asked and isinstance(running[row.server], servers.Zta):
            found = running[row.server].reason(answer)
            assert found == row.reason, f"{row.name}: {found} instead of {row.reason}"


def _check_servers(running, tokens):
    """One that does not check would be fast."""
    for name, server in running.items():
        for bad in () if server.is_open else ((), tokens.first("forged")):
            assert server.ask(PATH, bad).status == 401, f"{name} accepts {bad}"


def _round(rows, base_of, load):
    """Each row once; one with a base between two loads of that."""
    figures = {}
    last = None
    for row in rows:
        base = base_of.get(row.name)
        if base is None:
            last = (row, load(row))
            figures[row.name] = last[1]
            continue
        before = last[1] if last and last[0] is base else load(base)
        figures[row.name] = load(row)
        last = (base, load(base))
        figures[row.name]["around"] = (before["cpu"], last[1]["cpu"])
    return figures


def _rounds(options, section, running, tokens):
    """The rounds that were asked for, and more of what was disturbed in half of them."""
    found = []
    rows = list(section.rows)
    by_name = {row.name: row for row in rows}
    base_of = {row.name: by_name[row.base] for row in rows if row.base}
    for number in range(1, _MORE * options.rounds + 1):
        if number > options.rounds:
            rows = pace.lacking(section.rows, found, (options.rounds + 1) // 2)
        turn = number * len(rows) // options.rounds % max(len(rows), 1)

        def load(row, number=number):
            _tell(f"{section.name}: round {number}: {row.name}")
            return measure(row, running[row.server], tokens, options.seconds, number)
        if rows:
            found.append(_round(rows[turn:] + rows[:turn], base_of, load))
            pace.mark(section.rows, found)
    return found


def _section(options, section, back, tokens):
    """The figures of each round, and what the servers leave: events dropped, bytes a session."""
    running = {}
    try:
        for name in dict.fromkeys(row.server for row in section.rows):
            _tell(f"{section.name}: starting {name}")
            running[name] = SERVERS[name](back, tokens.issuer)
            running[name].start()
        _check_rows(section, running, tokens, True)
        _check_servers(running, tokens)
        for row in section.rows:
            _tell(f"{section.name}: warming up {row.name}")
            warm_up(row, running[row.server], tokens, options.seconds)
        found = _rounds(options, section, running, tokens)
        left = {"dropped": sum(server.dropped() for server in running.values()),
                "session_bytes": [server.session_bytes for server in running.values()
                                  if isinstance(server, servers.Zta) and server.session_bytes]}
        _check_rows(section, running, tokens, False)
        _check_servers(running, tokens)
        for server in running.values():
            server.stop()
        return found, left
    finally:
        for server in running.values():
            server.remove()


def _measure(options, sections, directory):
    tokens = Tokens(directory, Issuer(directory), int(_NEW_A_SECOND * options.seconds),
                    options.rounds)
    back = servers.back_end().start()
    measured = {}
    try:
        for section in sections:
            begin = time.monotonic()
            measured[section.name] = _section(options, section, back, tokens)
            print(f"{section.name}: {time.monotonic() - begin:.0f} s{'':<60}", file=sys.stderr)
        return measured
    finally:
        back.remove()


def main():
    options = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended
    sections = list(chosen(options.only))
    load_before = os.getloadavg()[0]
    directory = make_dir("bench")
    cutting = []
    try:
        measured = _measure(options, sections, directory) if sections else {}
        if not options.only or "open" in options.only:
            _tell("open: tunnels are cut")
            cutting = list(opened.rows(directory))
    finally:
        remove_dir(directory)
    found = {name: rounds for name, (rounds, _) in measured.items()}
    parts = [machine.text(options, load_before)]
    if sections:
        parts.append(table.text(sections, found))
    rest = cutting + alone.rows(sections, measured, options.only or alone.PARTS)
    if rest:
        parts.append(table.pairs(rest))
    _tell("")
    content = "\n\n".join(parts)
    print(content)
    if options.write:
        table.write(_PAGE, content)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(measured, f, indent=1)


if __name__ == "__main__":
    main()
