# SPDX-License-Identifier: Apache-2.0
"""Lines and columns of the walk-through, with colours on a terminal that wants them."""

import os
import shutil
import sys
import textwrap

_COLUMNS = (("who", 19), ("request", 23), ("status", 7), ("reason", 19))
_WHY_AT = 2 + sum(width for _, width in _COLUMNS)
_PLAIN_WIDTH = 120


class Show:
    """Prints as things happen; a line that came out otherwise than told is marked."""

    def __init__(self):
        self._is_terminal = sys.stdout.isatty()
        self._has_colours = self._is_terminal and "NO_COLOR" not in os.environ

    @property
    def _width(self):
        if not self._is_terminal:
            return _PLAIN_WIDTH
        return max(shutil.get_terminal_size().columns, _WHY_AT + 30)

    def _put(self, text, colour=None):
        if colour and self._has_colours:
            text = f"\x1b[{colour}m{text}\x1b[0m"
        print(text, flush=True)

    def say(self, text):
        self._put(text)

    def heading(self, title):
        self._put("")
        self._put(title, "1")

    def columns(self):
        self._put("  " + "".join(f"{name:<{width}}" for name, width in _COLUMNS) + "why", "2")

    def row(self, who, request, status, reason, why):
        cells = (who, request, str(status), reason)
        head = "".join(f"{cell:<{width}}" for cell, (_, width) in zip(cells, _COLUMNS))
        first, *rest = textwrap.wrap(why, self._width - _WHY_AT) or [""]
        colour = "32" if status < 300 else "33" if status == 429 else "31"
        self._put(f"  {head}{first}".rstrip(), colour)
        for line in rest:
            self._put(" " * _WHY_AT + line, colour)

    def note(self, text):
        self._put(f"  {text}", "2")

    def wrong(self, text):
        self._put(f"  NOT AS TOLD: {text}", "1;31")
