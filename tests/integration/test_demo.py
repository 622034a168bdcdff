# SPDX-License-Identifier: Apache-2.0
"""The demo: all comes out as told, nothing is left, README shows what it prints, the console opens."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios

import pytest

from support import proc
from support.local import ROOT, wait_for
from support.store import ztactl

pytestmark = pytest.mark.plain

_ENDS_WITHIN_S = 50
_MOST_LINES = 100


def _names(pid, text):
    """True when the command line of a process has the text."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return text.encode() in file.read()
    except OSError:
        return False


class Demo:
    """The demo as a process; whatever it makes lies below `directory`."""

    def __init__(self, directory, **env):
        self._directory = directory
        env = {**os.environ, "TMPDIR": directory, "PYTHONDONTWRITEBYTECODE": "1", **env}
        self._process = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, "tests", "demo", "demo.py")], env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ""

    def read_until(self, text):
        while text not in self.output:
            line = self._process.stdout.readline()
            assert line, f"ended without {text!r}:\n{self.output}"
            self.output += line

    def signal(self, number):
        self._process.send_signal(number)

    def end(self):
        """The exit code, after everything was read."""
        try:
            self.output += self._process.communicate(timeout=_ENDS_WITHIN_S)[0]
        finally:
            self._process.kill()
        return self._process.returncode

    def processes_left(self):
        """The command lines of httpd, of its helper and of ztactl all name the directory."""
        return [pid for pid in proc.all_pids() if proc.is_alive(pid)
                and _names(pid, self._directory)]

    def assert_nothing_is_left(self):
        assert os.listdir(self._directory) == []
        wait_for(lambda: not self.processes_left(), 5, "end of the demo's processes")


_AGE = re.compile(r"of \d+s ago")  # a busy machine takes longer


def _excerpt():
    """README's lines of the demo's output."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```text\n(.*?)^```$", file.read(), re.M | re.S)
    assert len(blocks) == 1
    return [line.rstrip() for line in blocks[0].splitlines() if line.strip() not in ("", "...")]


@pytest.mark.mpm
def test_everything_comes_out_as_told(directory):
    demo = Demo(directory)
    assert demo.end() == 0, demo.output
    assert "NOT AS TOLD" not in demo.output
    assert "\x1b" not in demo.output
    assert len(demo.output.splitlines()) <= _MOST_LINES
    demo.assert_nothing_is_left()
    printed = {_AGE.sub("of Ns ago", line.rstrip()) for line in demo.output.splitlines()}
    missing = [line for line in _excerpt() if _AGE.sub("of Ns ago", line) not in printed]
    assert not missing, f"README shows what the demo does not print: {missing}\n{demo.output}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing(directory, number):
    demo = Demo(directory)
    demo.read_until("Stage 1")
    assert demo.processes_left()
    demo.signal(number)
    assert demo.end() == 128 + number, demo.output
    demo.assert_nothing_is_left()


def test_an_early_interrupt_leaves_nothing(directory):
    demo = Demo(directory)
    wait_for(lambda: os.listdir(directory), 10, "the demo's directory", interval=0.001)
    demo.signal(signal.SIGTERM)
    assert demo.end() == 128 + signal.SIGTERM, demo.output
    demo.assert_nothing_is_left()


def test_what_did_not_come_out_as_told_fails_the_demo(directory, tmp_path):
    """Behind a ztactl that only pretends to revoke, the revoked session still gets in."""
    pretending = tmp_path / "ztactl"
    pretending.write_text(f'#!/bin/sh\nfor word; do [ "$word" = --session ] && exit 0; done\n'
                          f'exec {ztactl()} "$@"\n', encoding="utf-8")
    pretending.chmod(0o755)
    demo = Demo(directory, ZTA_CTL=str(pretending))
    assert demo.end() == 1, demo.output
    assert "NOT AS TOLD: expected 401 revoked" in demo.output
    demo.assert_nothing_is_left()


def test_an_error_leaves_nothing(directory):
    """A ztactl that fails ends the demo before its first step."""
    demo = Demo(directory, ZTA_CTL="/bin/false")
    assert demo.end() == 1, demo.output
    demo.assert_nothing_is_left()


def test_on_a_terminal_the_console_opens_on_living_traffic(directory):
    """Played as a person would: Enter opens the console, q ends it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 35, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TMPDIR": directory}
    demo = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests/demo/demo.py")], stdin=slave,
                            stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    seen = b""

    def saw(text):
        nonlocal seen
        if select.select([master], [], [], 0)[0]:
            seen += os.read(master, 65536)
        return text in seen

    try:
        wait_for(lambda: saw(b"Enter opens it."), 60, "the walk-through")
        os.write(master, b"\n")
        wait_for(lambda: saw(b"Where what is enforced"), 20, "the console")
        os.write(master, b"2")
        wait_for(lambda: saw(b"/orders/"), 20, "traffic in the console")
        os.write(master, b"q")
        wait_for(lambda: saw(b"checks came out as told"), 30, "the end")
        assert demo.wait(20) == 0
    finally:
        demo.kill()
        demo.wait()
        os.close(master)
