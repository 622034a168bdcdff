# SPDX-License-Identifier: Apache-2.0
"""What may go away under an open console: the store, the server, the terminal. What it says then,
and that its terminal and its changes are whole."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

from support.local import wait_for
from support.store import ztactl
from terminal import FIXTURE_NOW_S, program


def _remove(store):
    shutil.rmtree(store)


def _replace(store):
    os.rename(store, f"{store}.other")
    shutil.copytree(f"{store}.other", store)


def _cut(store):
    os.truncate(f"{store}/state/data.mdb", 8192)


@pytest.mark.parametrize("harm, text", [
    (_remove, "policy/data.mdb: No such file or directory"),
    (_replace, "was replaced"),
    (_cut, "state/data.mdb was cut from"),
])
def test_a_store_that_goes_away_is_said_and_ends_nothing(filled_anew, terminal, harm, text):
    screen = terminal(160, 40)
    screen.fixture(filled_anew)
    screen.wait("Health", "up 9d")
    harm(f"{filled_anew}/store")
    screen.wait("no store", text)
    # Nothing that a key asks for reads it, and what it would change is refused.
    for view in "2345":
        screen.keys(view)
        for key in ("j", "Enter", "e", "R", "Escape", "Escape", "f", "x", "Enter", "Escape"):
            screen.keys(key)
        screen.wait("no store", text)
    screen.keys(":")
    screen.type("keys list")
    screen.keys("Enter")
    screen.wait("keys list · ", absent=["running, Esc"])
    screen.keys("Escape")
    screen.wait("q quit")
    screen.keys("q")
    screen.check_restored()
    assert "left with 0" in screen.screen()


def test_a_store_that_comes_back_is_shown_again(filled_anew, terminal):
    store = f"{filled_anew}/store"
    screen = terminal(120, 35)
    screen.fixture(filled_anew)
    screen.wait("up 9d")
    os.rename(store, f"{store}.away")
    screen.wait("no store", "No such file or directory")
    os.rename(f"{store}.away", store)
    screen.wait("up 9d", absent=["no store", "No such file"])


def test_a_server_that_stops_writing_or_is_gone_is_said(live, terminal):
    screens = [terminal(120, 35), terminal()]  # several consoles at once
    for screen in screens:
        screen.console(live.store)
        screen.wait("up ", "Health")
    helper = live.gateway.json("status")["helper_pid"]
    os.kill(helper, signal.SIGSTOP)
    try:
        for screen in screens:
            screen.wait("old: nothing was written for", f"the helper (process {helper}) is there",
                        within_s=30)
    finally:
        os.kill(helper, signal.SIGCONT)
    for screen in screens:
        screen.wait("up ", absent=["old: "])
    live.gateway.httpd.stop()
    for screen in screens:
        screen.wait("not running: last heartbeat", within_s=30)
    live.gateway.start()
    for screen in screens:
        screen.wait("up ", absent=["not running"], within_s=30)
        screen.keys("2")
    live.get("/orders/again", live.alice)
    for screen in screens:
        screen.wait("/orders/again")


class _Pty:
    """The console in a terminal whose other end is ours."""

    def __init__(self, store):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="screen-256color", LC_ALL="C.UTF-8",
                              ZTA_TEST_CLOCK=str(FIXTURE_NOW_S))
            os.execv(program("ztactl"), [program("ztactl"), "--store", store])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def wait(self, text):
        seen, end = b"", time.monotonic() + 10
        while text not in seen:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.file], [], [], left)[0], seen
            seen += os.read(self.file, 65536)

    def ended(self):
        return wait_for(lambda: os.waitpid(self.pid, os.WNOHANG)[0] or None, 10, "its end")


def _group_of(pid):
    """Processes that it started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@pytest.mark.parametrize("command", ["events --follow", "status --watch=1h"])
@pytest.mark.parametrize("end", ["closed", signal.SIGHUP, signal.SIGKILL])
def test_without_its_terminal_it_ends_and_leaves_no_process(filled, command, end):
    console = _Pty(f"{filled}/store")
    console.wait(b"Health")
    os.write(console.file, f":{command}\r".encode())
    console.wait(b"running, Esc")
    children = _group_of(console.pid)
    assert children
    if end == "closed":
        os.close(console.file)
    else:
        os.kill(console.pid, end)
    assert console.ended() == console.pid
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 10, "the end of its commands")
    if end != "closed":
        os.close(console.file)


def test_a_change_that_the_disk_has_no_room_for_is_said_and_changes_nothing(filled_anew, directory, terminal):
    def listed(*words):
        return json.loads(subprocess.run([program("ztactl"), "--store", f"{filled_anew}/store", *words, "--json"],
                                         capture_output=True, check=True, timeout=30).stdout)

    with open(f"{directory}/many.csv", "w", encoding="ascii") as file:
        file.write("id,os\n" + "".join(f"full-{i:05d},linux\n" for i in range(3000)))
    before = listed("audit", "list"), listed("devices", "list")
    screen = terminal(120, 35)
    screen.type("trap - XFSZ; ulimit -f 200")
    screen.keys("Enter")
    screen.fixture(filled_anew)
    screen.wait("Health")
    screen.keys(":")
    screen.type(f"devices import {directory}/many.csv --reason x --yes")
    screen.keys("Enter")
    screen.wait("exit code 3", "ztactl: policy: ")
    screen.keys("Escape", "4")
    screen.wait("4 devices", absent=["full-"])
    screen.keys("0", "v")
    screen.wait("consistent")
    screen.keys("q")
    screen.check_restored()
    assert (listed("audit", "list"), listed("devices", "list")) == before
    # With room again the same change is made.
    done = listed("devices", "import", f"{directory}/many.csv", "--reason", "x", "--yes")
    assert not done["dry_run"] and len(listed("devices", "list", "--limit", "0")) == 3004
    assert listed("audit", "verify")["result"] == "consistent"


def test_who_did_it_stands_on_every_action(live, terminal):
    screen = terminal(120, 35, SUDO_USER="eve")
    live.get("/orders/1", live.token("oscar", "read", "s-oscar"))
    screen.console(live.store)
    screen.wait("Health")
    screen.keys("3", "f")
    screen.type("oscar")
    screen.keys("Enter")
    screen.wait("1 session matches")
    screen.keys("R")
    screen.wait("reason:")
    screen.type("by dialog")
    screen.keys("Enter")
    screen.wait("type yes")
    screen.type("yes")
    screen.keys("Enter")
    screen.wait("revoked, action")
    screen.keys(":")
    screen.type("block 198.51.100.9 --for 1h --reason 'by line'")
    screen.keys("Enter")
    screen.wait("· done")
    entries = live.gateway.json("audit", "list")[:2]
    assert [entry["reason"] for entry in entries] == ["by line", "by dialog"]
    for entry in entries:
        assert entry["uid"] == os.getuid(), entry
        assert entry["sudo_user"] == "eve", entry
        assert entry["tty"].startswith("/dev/pts/"), entry
    screen.keys("Escape")
    screen.keys("0" if "0Audi" in screen.screen() or "0 Audit" in screen.screen() else "9")
    screen.wait("by dialog", "by line", "consistent")
    assert "consistent" in live.gateway.ctl("audit", "verify").stdout
    for undone in ("blocks remove 198.51.100.9", "unrevoke --subject oscar@corp"):
        live.gateway.ctl(*undone.split(), "--reason", "tidy", code=None)


def test_a_console_that_was_suspended_gives_all_of_the_terminal_back(live, terminal, directory):
    screen = terminal()
    screen.run(ztactl(), "--store", live.store)
    screen.wait("Health")
    assert screen.value("mouse_any_flag") == "1"
    screen.keys("C-z")
    screen.wait("Stopped")
    assert screen.value("mouse_any_flag") == "0"
    assert screen.value("alternate_on") == "0"
    screen.type(f"stty -a > {directory}/stopped; echo asked")
    screen.keys("Enter")
    screen.wait("asked\n")
    with open(f"{directory}/before", encoding="ascii") as before, \
            open(f"{directory}/stopped", encoding="ascii") as stopped:
        assert before.read() == stopped.read()
    screen.type("fg")
    screen.keys("Enter")
    screen.wait("Health")
    wait_for(lambda: screen.value("mouse_any_flag") == "1", 10, "the mouse")
    screen.keys("q")
    screen.wait("fg", absent=["Health"])
    assert screen.value("mouse_any_flag") == "0"
