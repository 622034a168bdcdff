# SPDX-License-Identifier: Apache-2.0
"""A shell in a private tmux: keys go in, the screen comes out, nothing is waited for blindly."""

import difflib
import itertools
import os
import re
import shlex
import subprocess
import time

from support import leaks
from support.local import built
from support.store import ztactl

FIXTURE_NOW_S = 1800000000  # as in fill_store.c
_NUMBERS = itertools.count()
_WITHIN_S = 10
_REFRESH_S = 0.1  # between two commits of the helper; the console looks twice as often
# The audit trail's hashes are over who made the store; sizes depend on the page size.
_VARYING = ((r"\b[0-9a-f]{64}\b|(?<=head )[0-9a-f]{16}", lambda found: "x" * len(found.group())),)
_SCREENS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens")


def program(name, env=None):
    """A program of tests/tui as it was built."""
    env = env or {"fill_store": "ZTA_TUI_FILL", "ztactl": "ZTA_TUI_CTL"}[name]
    path = built(env, f"tests/tui/{name}")
    if not path:
        raise FileNotFoundError(f"no build/*/tests/tui/{name}: run make check-tui")
    return path


class Terminal:
    """A shell runs in it, or the command; end() ends it and all that it started."""

    def __init__(self, directory, width=80, height=24, term="screen-256color", command=None,
                 **env):
        self._socket = f"zta-{os.getpid()}-{next(_NUMBERS)}"
        self.directory = directory
        self._seen = ""
        shown = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PS1": "$ ", "HISTFILE": "",
                 "HOME": str(directory), **env}
        words = [f"{name}={value}" for name, value in shown.items() if value is not None]
        shell = shlex.join(["env", "-u", "NO_COLOR", *words, "TMUX=",
                            *(command or ["bash", "--norc", "--noprofile", "-i"])])
        self._tmux("-f", "/dev/null", "start-server", ";", "set-option", "-g",
                   "default-terminal", term, ";", "set-option", "-g", "status", "off", ";",
                   "new-session", "-d", "-s", "case", "-x", str(width), "-y", str(height), shell)
        if not command:
            self.wait("$")

    def _tmux(self, *arguments):
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], check=True, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode()

    def end(self):
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, timeout=30,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def keys(self, *names):
        """Names as tmux has them (Enter, C-c, Escape) or single characters."""
        self._tmux("send-keys", "-t", "case", *names)

    def type(self, text):
        self._tmux("send-keys", "-t", "case", "-l", "--", text)

    def send(self, data):
        """Bytes as they are."""
        self._tmux("send-keys", "-t", "case", "-H", *(f"{byte:02x}" for byte in data))

    def run(self, *words):
        """A command line of the shell; `stty -a` of before and after lie in the directory."""
        self.type(f"stty -a > {self.directory}/before; {shlex.join(words)}; "
                  f"echo left with $?; stty -a > {self.directory}/after")
        self.keys("Enter")

    def console(self, store, *options):
        self.run(ztactl(), "--store", store, *options)

    def fixture(self, directory, *options):
        """The console on a store of fill_store.c, at its time."""
        self.run("env", f"ZTA_TEST_CLOCK={FIXTURE_NOW_S}", program("ztactl"), "--store",
                 f"{directory}/store", *options)

    def screen(self, escapes=False):
        text = self._tmux("capture-pane", "-p", "-t", "case", *(["-e"] if escapes else []))
        text = "\n".join(line.rstrip() for line in text.split("\n"))
        if text != self._seen:
            self._seen = text
            leaks.output(text, "the screen")
        return text

    def wait(self, *texts, absent=(), within_s=_WITHIN_S):
        """The screen as soon as it has all the texts and none of the absent ones."""
        end = time.monotonic() + within_s
        while True:
            screen = self.screen()
            if all(text in screen for text in texts) and not any(t in screen for t in absent):
                return screen
            assert time.monotonic() < end, f"no {texts} without {absent} in:\n{screen}"
            time.sleep(0.02)

    def settled(self, *texts):
        """The screen that has all the texts and stays as it is for two refreshes."""
        screen, since = self.wait(*texts), time.monotonic()
        while time.monotonic() - since < 2 * _REFRESH_S:
            time.sleep(0.02)
            former, screen = screen, self.wait(*texts)
            since = since if screen == former else time.monotonic()
        return screen

    def resize(self, width, height):
        """tmux gives the last of several sizes to the terminal, 250 ms after the first."""
        self._tmux("resize-window", "-t", "case", "-x", str(width), "-y", str(height))

    def wait_for_size(self, width, height):
        """Until the terminal itself has the size of the last resize()."""
        end = time.monotonic() + _WITHIN_S
        while (size := self._size()) != (width, height):
            assert time.monotonic() < end, f"the terminal has {size}, not {(width, height)}"
            time.sleep(0.01)

    def _size(self):
        file = os.open(self.value("pane_tty"), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return os.get_terminal_size(file)
        finally:
            os.close(file)

    def record(self, path):
        """From now on every byte that the terminal gets goes to the file, too."""
        self._tmux("pipe-pane", "-t", "case", "-O", f"cat > {shlex.quote(path)}")

    def value(self, name):
        return self._tmux("display-message", "-p", "-t", "case", f"#{{{name}}}").strip()

    def child(self):
        """The process that the shell runs."""
        shell = self.value("pane_pid")
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            children = file.read().split()
        assert len(children) == 1, children
        return int(children[0])

    def check_restored(self):
        self.wait("left with")
        settings = []
        for name in ("before", "after"):
            path = f"{self.directory}/{name}"
            end = time.monotonic() + _WITHIN_S
            while not os.path.exists(path) or not os.path.getsize(path):
                assert time.monotonic() < end, f"no {path}"
                time.sleep(0.02)
            with open(path, encoding="ascii") as file:
                settings.append(file.read())
        assert settings[0] == settings[1], "\n".join(difflib.unified_diff(
            *(text.split("\n") for text in settings), "before", "after", lineterm=""))
        assert self.value("alternate_on") == "0"
        assert self.value("cursor_flag") == "1"
        assert self.value("mouse_any_flag") == "0"


def compare(screen, name):
    """With screens/<name>.txt, hashes apart; ZTA_UPDATE_SCREENS=1 writes it."""
    for pattern, instead in _VARYING:
        screen = re.sub(pattern, instead, screen)
    screen = screen.rstrip("\n") + "\n"
    path = os.path.join(_SCREENS, f"{name}.txt")
    if os.environ.get("ZTA_UPDATE_SCREENS"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(screen)
    with open(path, encoding="utf-8") as file:
        recorded = file.read()
    if screen != recorded:
        lines = difflib.unified_diff(recorded.splitlines(), screen.splitlines(),
                                     f"screens/{name}.txt", "the screen", lineterm="", n=1)
        raise AssertionError("\n".join([*lines, "when that is meant: make screens"]))


def recorded():
    """Names of all recorded screens."""
    return {name.removesuffix(".txt") for name in os.listdir(_SCREENS)}
