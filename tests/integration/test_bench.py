# SPDX-License-Identifier: Apache-2.0
"""The benchmark keeps working: a short run of a few rows prints its table and leaves nothing."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from support.local import ROOT

pytestmark = pytest.mark.plain

_BENCH = os.path.join(ROOT, "tests", "bench")
_RUN = os.path.join(_BENCH, "run.py")
sys.path.append(_BENCH)

import pace  # pylint: disable=wrong-import-position
import table  # pylint: disable=wrong-import-position


def _bench(directory, *arguments):
    return subprocess.run(
        [sys.executable, _RUN, "--rounds", "1", "--seconds", "0.2", *arguments], text=True,
        env={**os.environ, "TMPDIR": directory, "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
        capture_output=True, timeout=200)


@pytest.mark.timeout(240)
def test_rows_are_measured_with_their_bases_and_nothing_is_left(directory):
    file = os.path.join(directory, "figures.json")
    done = _bench(directory, "--only", "forwarded/stage2", "refused/none", "refused/limit",
                  "tokens/stage2-rs256-new", "--json", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| mod_zta, stage 2, 10 rules " in done.stdout
    assert "| mod_zta refuses: limit used up " in done.stdout
    with open(file, encoding="utf-8") as f:
        figures = json.load(f)
    rows = {section: set(rounds[0]) for section, (rounds, _) in figures.items()}
    assert rows == {"forwarded": {"bare", "stage2"}, "tokens": {"bare", "stage2-rs256-new"},
                    "refused": {"denied", "none", "limit"}}
    stage2 = figures["forwarded"][0][0]["stage2"]
    assert stage2["cpu"] > 0 and len(stage2["around"]) == 2 and "over" in stage2
    assert os.listdir(directory) == ["figures.json"]


def test_an_unknown_row_is_an_error(directory):
    done = _bench(directory, "--only", "forwarded/nobody")
    assert done.returncode == 2 and "forwarded/nobody" in done.stderr


def test_a_row_counts_where_its_base_was_near_its_best_before_and_after():
    rows = [SimpleNamespace(name="bare", base="", order="random", budget=0),
            *(SimpleNamespace(name=name, base="bare", order=order, budget=6)
              for name, order in (("ours", "random"), ("slow", "random"), ("new", "once")))]
    rounds = [{"bare": {"cpu": 30.0}, "ours": {"cpu": 31.0, "around": (25.0, 26.0)},
               "slow": {"cpu": 60.0, "around": (50.0, 50.0)}, "new": {"cpu": 60.0, "around": (50.0, 50.0)}},
              {"bare": {"cpu": 50.0}, "ours": {"cpu": 58.0, "around": (26.0, 49.0)},
               "slow": {"cpu": 61.0, "around": (51.0, 27.0)}, "new": {"cpu": 61.0, "around": (51.0, 27.0)}},
              {"ours": {"cpu": 33.5, "around": (25.0, 26.0)}}]
    pace.mark(rows, rounds)
    assert [r["ours"]["over"] for r in rounds] == [5.5, None, 8.0]
    assert [row.name for row in pace.lacking(rows, rounds, 2)] == ["slow"]
    assert table.over(rows[1], rounds) == (6.75, 5.5, 8.0)
    assert table.over(rows[2], rounds) is None
