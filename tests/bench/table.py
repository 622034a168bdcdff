# SPDX-License-Identifier: Apache-2.0
"""Medians of rounds with their least and greatest value, as one table of text."""

from statistics import median

_HEAD = ("", "CPU µs/request", "over its base", "budget", "helper µs", "p50 ms", "p99 ms",
         "requests/s")
BEGIN, END = "<!-- make bench WRITE=1 writes from here -->", "<!-- to here -->"


def spread(values):
    """(median, least, greatest) of what is known; None if nothing is."""
    known = [v for v in values if v is not None]
    return (median(known), min(known), max(known)) if known else None


def over(row, rounds):
    """By how much a row exceeds its base, where nothing disturbed the two; None if always."""
    return spread([r[row.name].get("over") for r in rounds if row.name in r])


def _cell(found, digits=1, is_ranged=False):
    if found is None:
        return "-"
    low, high = (f"{v:.{digits}f}" for v in found[1:])
    return f"{found[0]:.{digits}f}" + (f" ({low} to {high})" if is_ranged else "")


def _share(row, rounds):
    """How many of its loads were undisturbed, if not all."""
    tried = [r[row.name].get("over") is not None for r in rounds if row.name in r]
    return "" if not row.base or all(tried) else f", {sum(tried)} of {len(tried)}"


def _verdict(row, found):
    if not row.budget:
        return "-"
    if found is None:
        return f"{row.budget:g} (disturbed)"
    return f"{row.budget:g} {'held' if found[0] <= row.budget else '**missed**'}"


def _line(row, rounds):
    found = {name: spread([r[row.name][name] for r in rounds if row.name in r])
             for name in ("cpu", "helper", "p50_ms", "p99_ms", "rate")}
    beyond = over(row, rounds)
    return (row.title, _cell(found["cpu"], is_ranged=True),
            _cell(beyond, is_ranged=True) + _share(row, rounds), _verdict(row, beyond),
            _cell(found["helper"]), _cell(found["p50_ms"], 2),
            _cell(found["p99_ms"], 2), _cell(found["rate"], 0))


def _lined_up(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [" | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
             for row in rows]
    rule = "-|-".join("-" * w for w in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])


def text(sections, found):
    """sections with, by name, the figures of their rounds."""
    rows = [_HEAD]
    for section in sections:
        rows.append((f"**{section.title}**", *[""] * (len(_HEAD) - 1)))
        rows += [_line(row, found[section.name]) for row in section.rows]
    return _lined_up(rows)


def pairs(rows):
    """A table of what needs only a title and a figure."""
    return _lined_up([("", "figure"), *rows])


def write(path, content):
    """Replaces what stands between the marks."""
    with open(path, encoding="utf-8") as f:
        before, rest = f.read().split(BEGIN)
        after = rest.split(END)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{before}{BEGIN}\n{content}\n{END}{after}")
