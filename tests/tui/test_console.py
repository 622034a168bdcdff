# SPDX-License-Identifier: Apache-2.0
"""The console in a real terminal: views, keys, sizes, colours, hostile text, every way out."""

import os
import re
import signal
import subprocess

import pytest

from support.store import ztactl


def test_each_view_by_its_number(live, terminal):
    screen = terminal()
    screen.console(live.store)
    screen.wait("1 Overview", "Refused because of", "insufficient_scope", "stage 2", "Health")
    for number, texts in ((2, ("following", "/orders/5", "deny", "alice")),
                          (3, ("sessions", "alice", "bob", "SEEN")),
                          (4, ("there is no device",)),
                          (5, ("1 rule", "read", "enforce")),
                          (6, ("block 1", "203.0.113.0/24", "stuffing")),
                          (7, ("1 API key", "billing", "living", "in 89d")),
                          (8, ("1 issuer", "corp", "good")),
                          (9, ("threat", "nothing is held")),
                          (0, ("consistent", "keys create", "stuffing"))):
        screen.keys(str(number))
        screen.wait(*texts)
    screen.keys("[", "[")
    screen.wait("1 issuer")
    screen.keys("]")
    screen.wait("threat", "nothing is held")
    screen.keys("q")
    screen.check_restored()


def test_requests_are_shown_as_they_come(live, terminal):
    screen = terminal()
    screen.console(live.store)
    screen.keys("2")
    screen.wait("following", "/orders/5")
    for i in range(5):
        live.get(f"/orders/live{i}", live.alice)
        screen.wait(f"/orders/live{i}")


def test_pause_filter_search_and_why(live, terminal):
    screen = terminal(width=120, height=35)
    screen.console(live.store)
    screen.keys("2")
    screen.wait("/orders/5")
    screen.keys("p")
    screen.wait("paused, 0 new")
    live.get("/orders/held", live.alice)
    screen.wait("paused, 1 new", absent=["held"])
    screen.keys("p")
    screen.wait("held", "following")
    screen.keys("f")
    screen.type("reason=nonsense")
    screen.keys("Enter")
    screen.wait("filter: reason=nonsense", "nonsense")
    screen.keys("C-u")
    screen.type("subject=bob")
    screen.keys("Enter")
    screen.wait("filter subject=bob", absent=["alice"])
    screen.keys("e")
    screen.wait("why       An allow rule covers it, but the token lacks a scope.", "nearest")
    screen.keys("Escape")
    screen.wait("following  filter", absent=["nearest"])


def test_a_session_is_revoked_and_taken_back(live, terminal):
    token = live.token("mallory", "read", "stolen")
    assert live.get("/orders/1", token).status == 200
    screen = terminal()
    screen.console(live.store)
    screen.keys("3")
    screen.wait("mallory")
    screen.keys("f")
    screen.type("mallory")
    screen.keys("Enter")
    screen.wait("1 session matches", absent=["alice"])
    screen.keys("R")
    screen.wait("of mallory", "hits 1 session", "reason:")
    screen.type("stolen phone")
    screen.keys("Enter")
    screen.wait("type yes to revoke:")
    assert live.get("/orders/1", token).status == 200
    screen.type("yes")
    screen.keys("Enter")
    screen.wait("revoked, action", "revoked by session")
    screen.keys("Enter")
    screen.wait("revoked   by session", "stolen", "undo      ztactl unrevoke --session")
    screen.keys("Escape")
    assert live.get("/orders/1", token).status == 401
    screen.keys("u")
    screen.type("found again")
    screen.keys("Enter")
    screen.wait("taken back, action", absent=["by session"])
    assert live.get("/orders/1", token).status == 200


def test_any_size(live, terminal):
    screen = terminal()
    screen.console(live.store)
    screen.wait("Health")
    for width, height, text in ((40, 10, "1 Overview"), (200, 60, "Latest refusals"),
                                (120, 35, "Monitored: would"), (20, 4, "1 Over"),
                                (80, 24, "2Tra")):
        screen.resize(width, height)
        screen.wait_for_size(width, height)
        screen.wait(text)
    screen.keys("q")
    screen.check_restored()


def test_no_color_leaves_attributes_only(live, terminal):
    for value, has_colour in (("1", False), (None, True)):
        screen = terminal(NO_COLOR=value)
        screen.console(live.store)
        screen.wait("Health")
        sequences = re.findall(r"\x1b\[([0-9;]*)m", screen.screen(escapes=True))
        codes = [code for each in sequences for code in each.split(";")]
        assert ("38" in codes) is has_colour, codes
        screen.end()


@pytest.mark.parametrize("term", ["xterm", "vt100", "screen"])
def test_terminals_with_few_colours(live, terminal, term):
    screen = terminal(TERM=term)
    screen.console(live.store)
    screen.wait("1 Overview", "Health")
    screen.keys("2")
    screen.wait("following")
    screen.keys("q")
    screen.wait("left with 0")


def test_ascii_where_the_locale_has_no_more(live, terminal):
    screen = terminal(LC_ALL="C")
    screen.console(live.store)
    screen.wait("- Requests -", "Health")
    assert screen.screen().isascii()


def test_hostile_text_stays_text(live, terminal):
    live.get("/orders/evil", live.token("\x1b]2;owned\x07", "read", "evil"),
             headers=[("User-Agent", "\xe2\x80\xaeevil\xc2\x9b2J")])
    screen = terminal(width=200, height=40)
    title = screen.value("pane_title")
    screen.console(live.store)
    screen.keys("2")
    screen.wait("\\x1b]2;owned\\x07")
    screen.keys("k", "e")
    screen.wait("Why")
    screen.keys("q", "3")
    screen.wait("\\x1b]2;owned\\x07", "SEEN")
    assert screen.value("pane_title") == title


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT,
                                    signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS])
def test_signals_leave_the_terminal_as_it_was(live, terminal, number):
    screen = terminal()
    screen.console(live.store)
    screen.wait("Health")
    os.kill(screen.child(), number)
    screen.check_restored()


def _click(x, y):
    """The left button pressed and released, as a terminal of this kind reports it."""
    return b"".join(bytes([27, *b"[M", 32 + button, 33 + x, 33 + y]) for button in (0, 3))


def test_the_mouse_chooses_and_opens_until_it_is_switched_off(filled, terminal):
    screen = terminal()
    screen.fixture(filled)
    screen.wait("Health")
    assert screen.value("mouse_standard_flag") == "1"
    header = screen.screen().split("\n")[0]
    screen.send(_click(header.index("3Ses"), 0))
    lines = screen.wait("SEEN", "carol").split("\n")
    row = next(y for y, line in enumerate(lines) if " carol " in line)
    screen.send(_click(5, row) * 2)
    screen.wait("subject   carol", "client")
    screen.keys("Escape")
    screen.wait("SUBJECT")
    screen.keys("m")
    screen.wait("mouse off")
    assert screen.value("mouse_standard_flag") == "0"
    screen.keys("m", "q")
    screen.check_restored()


def test_suspended_and_continued(live, terminal):
    screen = terminal()
    screen.console(live.store)
    screen.wait("Health")
    screen.keys("C-z")
    screen.wait("Stopped", absent=["Health"])
    assert screen.value("cursor_flag") == "1"
    screen.type("fg")
    screen.keys("Enter")
    screen.wait("Health")
    screen.keys("2")
    screen.wait("following")
    screen.keys("q")
    screen.wait("fg", absent=["following"])


def test_a_dumb_terminal_is_told(live, terminal):
    screen = terminal(TERM="dumb")
    screen.console(live.store)
    screen.wait("cannot place a cursor", "left with 1")


def test_without_a_terminal_there_is_the_help(live):
    done = subprocess.run([ztactl(), "--store", live.store], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 2 and b"usage: ztactl" in done.stdout


def test_no_store_is_said(directory, terminal):
    screen = terminal()
    screen.console(f"{directory}/nothing")
    screen.wait("no store in", "left with 3")


def test_every_command_runs_on_the_command_line(live, terminal):
    screen = terminal(width=120, height=30)
    screen.console(live.store)
    screen.wait("1 Overview")
    screen.keys(":")
    screen.type("keys li")
    screen.keys("Tab")
    screen.wait(":keys list".replace(":", ": "))
    screen.keys("Enter")
    screen.wait("keys list · done", "NAME", "billing")
    screen.keys("Escape")
    screen.wait("Refused because of", absent=["done"])
    # Options are completed too; what a guard asks is asked here, and Escape changes nothing.
    screen.keys(":")
    screen.type("block 192.0.0.0/7 --fo")
    screen.keys("Tab")
    screen.type("1h --reason='a test'")
    screen.keys("Enter")
    screen.wait("exit code 4", "type yes to do it:")
    screen.keys("Escape")
    screen.wait("nothing was changed")
    # The line comes back with Up, and a mistake in it is no line.
    screen.keys(":", "Up")
    screen.wait("block 192.0.0.0/7 --for=1h --reason='a test'")
    screen.keys("C-u")
    screen.type("explain 'open")
    screen.keys("Enter")
    screen.wait("a quote is not closed")
    screen.keys("Escape", "Escape")
    # What runs on is stopped by closing it.
    screen.keys(":")
    screen.type("events --follow")
    screen.keys("Enter")
    screen.wait("events --follow · running")
    live.get("/orders/followed", live.alice)
    screen.wait("/orders/followed")
    screen.keys("Escape")
    screen.wait("Refused because of", absent=["--follow"])
    screen.keys("q")
    screen.check_restored()


def test_what_the_command_line_changes_is_its_operators(live, terminal):
    screen = terminal(width=120, height=30)
    screen.console(live.store)
    screen.wait("1 Overview")
    screen.keys(":")
    screen.type("block 198.51.100.7 --for 1h --reason typed")
    screen.keys("Enter")
    screen.wait("block 198.51.100.7 --for 1h --reason typed · done")
    entry = live.gateway.json("audit", "list")[0]
    assert (entry["action"], entry["uid"]) == ("block", os.getuid()), entry
    assert entry["tty"].startswith("/dev/pts/"), entry
    live.gateway.ctl("blocks", "remove", "198.51.100.7", "--reason", "tidy")


def test_a_key_prepares_a_command_that_is_tried_before_it_runs(live, terminal):
    screen = terminal(width=120, height=30)
    screen.console(live.store)
    screen.wait("1 Overview")
    screen.keys("5")
    screen.wait("1 rule", "allow    enforce")
    screen.keys("M")
    screen.wait(": rules monitor read --for=1h --reason=")
    screen.type("'too strict'")
    screen.keys("Enter")
    # Nothing has changed yet; what would is on the page.
    screen.wait("nothing is done yet; Enter does it", "--dry-run · done", "read")
    assert live.gateway.json("rules", "list")[0]["mode"] == "enforce"
    screen.keys("Enter")
    screen.wait("exit code 4", "type yes to do it:")
    screen.type("yes")
    screen.keys("Enter")
    asked = screen.wait("requests that were allowed in the last hour", " to do it:", absent=["type yes"])
    screen.type(re.search(r"type (\d+) to do it:", asked)[1])
    screen.keys("Enter")
    screen.wait(" · done", absent=["exit code 4"])
    screen.keys("Escape")
    screen.wait("1 rule", "allow    monitor", absent=[" · done"])
    assert live.gateway.json("rules", "list")[0]["mode"] == "monitor"
    screen.keys("M")
    screen.wait(": rules enforce read")
    screen.keys("Escape")
    # A filter leaves what has all its words.
    screen.keys("f")
    screen.type("nothing-like-this")
    screen.keys("Enter")
    screen.wait("0 rules of 1, filter nothing-like-this")
    live.gateway.ctl("undo", "--yes")
    screen.keys("f", "C-u", "Enter")
    screen.wait("1 rule", "allow    enforce")


def test_a_rule_is_written_mended_tried_and_in_force(live, terminal):
    gateway = live.gateway
    screen = terminal(width=120, height=35)
    screen.console(live.store)
    screen.keys("5")
    screen.wait("1 rule", "allow    enforce")
    screen.keys("E")
    screen.wait("allow read", "need scope read", "good: takes the place of rule read")
    screen.keys("Down", "End", "Enter")
    screen.type("when mehtod GET")
    screen.wait("line 3", "found 'mehtod', expected an attribute; did you mean 'method'?")
    screen.keys("C-w", "C-w")
    screen.type("method GET")
    screen.wait("good: takes the place of", absent=["mehtod"])
    assert gateway.json("rules", "show", "read")["live"] is None
    screen.keys("C-s")
    screen.wait("+   when  method GET", "why, Esc goes back:")
    screen.type("reads only")
    screen.keys("Enter", "Enter", "Enter")
    screen.wait("added, action", "in force on the next request", "live:read")
    shown = gateway.json("rules", "show", "read")
    assert "method GET" in shown["text"] and shown["live"]["reason"] == "reads only"
    version = gateway.json("rules", "history")[0]["version"]
    # One that would refuse everybody takes the number of those, and is kept as it is until then.
    for i in range(10):
        live.get(f"/orders/{i}", live.alice)
    screen.keys("A")
    screen.wait("good: it is new")
    screen.keys("Home", "C-k", "C-k", "C-k", "C-k")
    screen.send(b"\x1b[200~deny closed\r  when path /orders/**\r\x1b[201~")
    screen.wait("deny closed", "  2   when path /orders/**", "good: it is new")
    screen.keys("C-s")
    screen.wait("ALLOWED -> REFUSED", "why, Esc goes back:")
    screen.type("closed for today")
    screen.keys("Enter", "Enter", "Enter")
    number = re.search(r"Type (\d+) to go on:", screen.wait("to go on:"))[1]
    screen.type("7")
    screen.keys("Enter")
    screen.wait(f"not that. Type {number} to go on:")
    assert len(gateway.json("rules", "list")) == 1
    screen.type(number)
    screen.keys("Enter")
    screen.wait("added, action", "2 rules")
    assert live.get("/orders/1", live.alice).status == 403
    screen.keys(":")
    screen.type(f"rules rollback {version} --yes --reason=enough")
    screen.keys("Enter")
    screen.wait("rolled back, action")
    assert live.get("/orders/1", live.alice).status == 200
    screen.keys("q")
    screen.wait("1 rule", absent=["rolled back"])
    gateway.ctl("rules", "rollback", "0", "--yes")
    screen.keys("q")
    screen.check_restored()
