# SPDX-License-Identifier: Apache-2.0
"""Medians of rounds with their least and greatest value, as one table of text."""

from statistics import median

_HEAD = ("", "CPU µs/request", "over its base", "helper µs", "p50 ms", "p99 ms", "requests/s")


def figures(load, rounds):
    """What the rounds of a load come to: name to (median, least, greatest), None if unknown."""
    own = [r[load.name] for r in rounds if load.name in r]
    found = {name: _spread([o[name] for o in own])
             for name in ("cpu", "helper", "p50_ms", "p99_ms", "rate")}
    # The base of the same round: both met the same neighbours on the machine.
    over = [r[load.name]["cpu"] - r[load.base]["cpu"] for r in rounds
            if load.name in r and load.base in r]
    return {"over": _spread(over), **found}


def _spread(values):
    known = [v for v in values if v is not None]
    return (median(known), min(known), max(known)) if known else None


def _cell(spread, digits, is_ranged):
    if spread is None:
        return "-"
    low, high = (f"{v:.{digits}f}" for v in spread[1:])
    return f"{spread[0]:.{digits}f}" + (f" ({low} to {high})" if is_ranged else "")


def text(rows):
    """rows: (title, figures) pairs."""
    cells = [_HEAD]
    for title, found in rows:
        cells.append((title, _cell(found["cpu"], 1, True), _cell(found["over"], 1, True),
                      _cell(found["helper"], 1, False), _cell(found["p50_ms"], 2, False),
                      _cell(found["p99_ms"], 2, False), _cell(found["rate"], 0, False)))
    widths = [max(len(row[i]) for row in cells) for i in range(len(_HEAD))]
    lines = [" | ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in
                                                     zip(row[1:], widths[1:]))]) for row in cells]
    rule = "-|-".join("-" * w for w in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])
