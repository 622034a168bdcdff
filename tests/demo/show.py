# SPDX-License-Identifier: Apache-2.0
"""Lines and columns of the walk-through, with colours on a terminal that wants them."""

import os
import shutil
import sys
import textwrap

_COLUMNS = (("who", 19), ("request", 23), ("status", 7), ("reason", 20))
_WHY_AT = 2 + sum(width for _, width in _COLUMNS)
_PLAIN_WIDTH = 120


def _cells(*texts):
    return [f"{text:<{width}}" for text, (_, width) in zip(texts, _COLUMNS)]


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

    def _in(self, colour, text):
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text

    def _put(self, text):
        print(text, flush=True)

    def say(self, text):
        self._put(text)

    def heading(self, title):
        self._put("\n" + self._in("1", title))

    def columns(self):
        self._put(self._in("2", "  " + "".join(_cells(*(name for name, _ in _COLUMNS))) + "why"))

    def row(self, who, request, status, reason, why):
        who, request, status_cell, reason = _cells(who, request, status, reason)
        first, *rest = textwrap.wrap(why, self._width - _WHY_AT) or [""]
        colour = "32" if status < 300 else "33" if status == 429 else "31"
        self._put(f"  {who}{request}{self._in(colour, status_cell + reason)}{first}".rstrip())
        for line in rest:
            self._put(" " * _WHY_AT + line)

    def note(self, text):
        self._put(self._in("2", f"  {text}"))

    def wrong(self, text):
        self._put(self._in("1;31", f"  NOT AS TOLD: {text}"))
