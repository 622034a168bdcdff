# SPDX-License-Identifier: Apache-2.0
"""The benchmark keeps working: a short run of a few rows prints its table and leaves nothing."""

import json
import os
import subprocess
import sys

from support.local import ROOT

_RUN = os.path.join(ROOT, "tests", "bench", "run.py")


def _bench(directory, *arguments):
    return subprocess.run(
        [sys.executable, _RUN, "--rounds", "1", "--seconds", "0.2", *arguments], text=True,
        env={**os.environ, "TMPDIR": directory, "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
        capture_output=True, timeout=50)


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
    assert figures["forwarded"][0][0]["stage2"]["cpu"] > 0
    assert os.listdir(directory) == ["figures.json"]


def test_an_unknown_row_is_an_error(directory):
    done = _bench(directory, "--only", "forwarded/nobody")
    assert done.returncode == 2 and "forwarded/nobody" in done.stderr
