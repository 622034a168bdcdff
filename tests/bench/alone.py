# SPDX-License-Identifier: Apache-2.0
"""Figures beside the table: noise and ratios from its rows, and what is measured without httpd."""

import console
import live
import table
from servers import printed

PARTS = ("alone", "console", "live")

# (title, row, row it is compared with, budget)
_RATIOS = (("10 to 1,000 rules, cost over bare Apache", "rules-1000", "rules-10", 1.3),
           ("1,000 to 1,000,000 sessions, 90 % hot, cost over bare Apache", "sessions-1m-hot",
            "sessions-1k", 1.3),
           ("1,000 to 1,000,000 sessions, uniform, cost over bare Apache", "sessions-1m",
            "sessions-1k", None))
_EVENTS_A_SECOND = 20_000


def _verdict(value, budget):
    return f" (budget {budget:g} {'held' if value <= budget else '**missed**'})" if budget else ""


def _ratio(value, other, budget):
    if min(value, other) <= 0:
        return "lost in the noise"
    return f"{value / other:.2f}x{_verdict(value / other, budget)}"


def _from_table(sections, measured):
    over = {row.name: table.over(row, measured[section.name][0])
            for section in sections for row in section.rows if row.base}
    over = {name: found for name, found in over.items() if found}
    if "bare-again" in over:
        yield ("noise: two identical bare Apaches differ by, µs/request",
               f"{over['bare-again'][0]:.1f} ({over['bare-again'][1]:.1f} to "
               f"{over['bare-again'][2]:.1f})")
    for title, row, other, budget in _RATIOS:
        if row in over and other in over:
            yield title, _ratio(over[row][0], over[other][0], budget)
    for _, left in measured.values():
        if left["session_bytes"]:
            largest = max(left["session_bytes"])
            yield "a session in the store, bytes", f"{largest}{_verdict(largest, 500)}"
    yield "events dropped in the whole run", str(sum(left["dropped"] for _, left in measured.values()))


def _without_httpd():
    for title, cpu_us, size in printed("bench_observer"):
        if cpu_us == "-":
            yield f"observer: {title}", size
            continue
        share = float(cpu_us) * _EVENTS_A_SECOND / 1e6
        yield (f"observer, µs/event: {title}",
               f"{cpu_us} ({_EVENTS_A_SECOND:,}/s take {share:.0%} of a processor)")
        if size != "-":
            yield f"observer, bytes/event in the store: {title}", size
    for title, cpu_us, size in printed("bench_log"):
        yield f"decision log, µs/event: {title}", cpu_us + (f" ({size} bytes)" if size != "-" else "")
    for title, seconds, size in printed("bench_replay"):
        yield f"{title}, s, with two threads", f"{seconds}{_verdict(float(seconds), 5)}"
        yield f"{title}: bytes a request in the store", size
    for title, ns in printed("bench_assertion"):
        budget = 1.0 if "before" in title else None
        yield f"assertion for the API, µs: {title}", f"{int(ns) / 1000:.2f}{_verdict(int(ns) / 1000, budget)}"
    for title, decide_ns, compile_ms in printed("bench_decide"):
        yield f"decision alone, µs: {title}", f"{int(decide_ns) / 1000:.2f} (compiled in {compile_ms} ms)"


def rows(sections, measured, wanted):
    """(title, figure) pairs; wanted of PARTS."""
    found = list(_from_table(sections, measured)) if sections else []
    found += _without_httpd() if "alone" in wanted else []
    found += console.rows() if "console" in wanted else []
    return found + (list(live.rows()) if "live" in wanted else [])
