# SPDX-License-Identifier: Apache-2.0
"""A store whose every text is an attack: what reaches the terminal is ours alone."""

import os
import re
import unicodedata

import pytest

from conftest import fill
from support.local import ROOT

_MARK = "66613"  # in every sequence of hostile_store.c that a terminal would act on
# What curses and the console send: movements, attributes, modes, characters sets, the clipboard.
_OURS = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1b[()][0AB]|\x1b[=>78M]|\x1b\]52;c;[A-Za-z0-9+/]*=*\x07"
                   r"|[\r\n\b\t\x0e\x0f]")
_PAGES = ("", "Enter", "e", "NPage", "j")
_COMMANDS = ("sessions list", "audit list", "keys list", "blocks list --all", "devices list",
             "issuers --json", "signals list", "automation history", "status --json", "events --json", "changes --json",
             "rules list --nonsense=\u202e", "explain nothing")


def _n_views():
    with open(os.path.join(ROOT, "admin-tui", "console", "views.def"), encoding="utf-8") as file:
        return len(re.findall(r"^TUI_VIEW\(", file.read(), re.M))


def _check(path):
    """Takes our own sequences out; what is left is text to be seen."""
    with open(path, "rb") as file:
        text = file.read().decode("utf-8")
    for sequence in _OURS.findall(text):
        assert _MARK not in sequence, repr(sequence)
        assert not re.match(r"\x1b\[(2J.|\?1049l.)", sequence), repr(sequence)
    left = _OURS.sub("", text)
    for at, character in enumerate(left):
        # Variation selectors apart, nothing invisible, none that turns directions.
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"), \
            repr(left[max(0, at - 40):at + 40])
    assert f"\\x1b[{_MARK}m" in left
    return left


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("hostile"))
    fill(path, "hostile")
    return path


@pytest.mark.parametrize("size, locale, pages", [((200, 60), "C.UTF-8", _PAGES),
                                                 ((80, 24), "C", _PAGES[:2])])
def test_no_view_no_page_and_no_command_lets_hostile_text_through(hostile, terminal, directory,
                                                                  size, locale, pages):
    screen = terminal(*size, LC_ALL=locale)
    title = screen.value("pane_title")
    screen.record(f"{directory}/bytes")
    screen.fixture(hostile)
    screen.settled("1 Overview")
    for _ in range(_n_views()):
        for key in pages:
            if key:
                screen.keys(key)
            screen.settled()
        for key in ("Escape", "Escape", "Tab"):
            screen.keys(key)
            screen.settled()
    for command in _COMMANDS:
        screen.keys(":")
        screen.type(command)
        screen.keys("Enter")
        screen.wait(f"{command[:12]}", "help", absent=["running, Esc"])
        screen.keys("Escape")
        screen.settled()
    screen.keys("q")
    screen.check_restored()
    assert screen.value("pane_title") == title
    left = _check(f"{directory}/bytes")
    assert locale == "C.UTF-8" or left.isascii()
