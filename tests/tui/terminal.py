# SPDX-License-Identifier: Apache-2.0
"""A shell in a private tmux: keys go in, the screen comes out, nothing is waited for blindly."""

import itertools
import os
import re
import shlex
import subprocess
import time

from support.store import ztactl

_NUMBERS = itertools.count()
_WITHIN_S = 10
_VARYING = ((r"\d\d\d\d-\d\d-\d\dT[0-9:.]+Z", "YYYY-MM-DDTHH:MM:SSZ"),
            (r"\d\d:\d\d:\d\d", "HH:MM:SS"),
            (r"up [0-9smhd ]+?  ", "up          "),
            (r"\b[0-9a-f]{16,64}\b", lambda found: "x" * len(found.group())))


class Terminal:
    """Attributes: width, height. A shell runs in it; end() ends it and all that it started."""

    def __init__(self, directory, width=80, height=24, term="screen-256color", **env):
        self._socket = f"zta-{os.getpid()}-{next(_NUMBERS)}"
        self.directory = directory
        shown = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PS1": "$ ", "HISTFILE": "", **env}
        words = [f"{name}={value}" for name, value in shown.items() if value is not None]
        shell = shlex.join(["env", "-u", "NO_COLOR", *words, "TMUX=", "bash", "--norc",
                            "--noprofile", "-i"])
        self._tmux("-f", "/dev/null", "start-server", ";", "set-option", "-g",
                   "default-terminal", term, ";", "set-option", "-g", "status", "off", ";",
                   "new-session", "-d", "-s", "case", "-x", str(width), "-y", str(height), shell)
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
        self._tmux("send-keys", "-t", "case", "-l", text)

    def run(self, *words):
        """A command line of the shell; `stty -a` of before and after lie in the directory."""
        self.type(f"stty -a > {self.directory}/before; {shlex.join(words)}; "
                  f"echo left with $?; stty -a > {self.directory}/after")
        self.keys("Enter")

    def console(self, store, *options):
        self.run(ztactl(), "--store", store, *options)

    def screen(self, escapes=False):
        text = self._tmux("capture-pane", "-p", "-t", "case", *(["-e"] if escapes else []))
        return "\n".join(line.rstrip() for line in text.split("\n"))

    def wait(self, *texts, absent=(), within_s=_WITHIN_S):
        """The screen as soon as it has all the texts and none of the absent ones."""
        end = time.monotonic() + within_s
        while True:
            screen = self.screen()
            if all(text in screen for text in texts) and not any(t in screen for t in absent):
                return screen
            assert time.monotonic() < end, f"no {texts} without {absent} in:\n{screen}"
            time.sleep(0.02)

    def resize(self, width, height):
        self._tmux("resize-window", "-t", "case", "-x", str(width), "-y", str(height))

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
        assert settings[0] == settings[1]
        assert self.value("alternate_on") == "0"
        assert self.value("cursor_flag") == "1"


def compare(screen, name):
    """With screens/<name>.txt, times and ids apart; ZTA_UPDATE_SCREENS=1 rewrites it."""
    for pattern, instead in _VARYING:
        screen = re.sub(pattern, instead, screen)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens", f"{name}.txt")
    if os.environ.get("ZTA_UPDATE_SCREENS"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(screen.rstrip("\n") + "\n")
    with open(path, encoding="utf-8") as file:
        assert screen.rstrip("\n") + "\n" == file.read(), f"{path}: make screens rewrites it"
