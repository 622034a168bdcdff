# SPDX-License-Identifier: Apache-2.0
"""What a row costs over its base, from loads that met the processors at one speed.

Processors of virtual machines slow down for seconds at a time, to half their speed, when others use
what they share. A row's load stands between two of its base: where those two are not near the least
that the base took in the section, the load says nothing about the row."""

from statistics import mean

_NEAR = 1.15


def mark(rows, rounds):
    """Gives each figure that has its base `around` it "over", CPU µs; None where it was disturbed."""
    base_of = {row.name: row.base for row in rows}
    least = {}
    for figures in rounds:
        for name, figure in figures.items():
            base = base_of[name] or name
            taken = figure.get("around", (figure["cpu"],))
            least[base] = min(least.get(base, taken[0]), *taken)
    for figures in rounds:
        for name, figure in figures.items():
            if "around" in figure:
                is_calm = max(figure["around"]) <= _NEAR * least[base_of[name]]
                figure["over"] = figure["cpu"] - mean(figure["around"]) if is_calm else None


def lacking(rows, rounds, wanted):
    """Rows that can be measured again and have fewer than wanted undisturbed figures."""
    def count(row):
        return sum(r[row.name]["over"] is not None for r in rounds if row.name in r)
    return [row for row in rows if row.base and row.order != "once" and count(row) < wanted]
