# SPDX-License-Identifier: Apache-2.0
"""The console on a large store: from its start to the first screen, from a key to the last byte of
the screen that it brings, a filter over all sessions, memory, and CPU time while nobody types. A
terminal of 120x35 that answers at once; nobody else writes to the store."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from statistics import median

from servers import cpu_ns, program
from support.local import make_dir, remove_dir
from support.store import ztactl

_SESSIONS, _EVENTS, _DEVICES = 1_000_000, 1_000_000, 100_000
_QUIET_S = 0.012  # no more output so long after some: the screen is there
_IDLE_S = 5
_PATIENCE_S = 5
_ROUNDS = 3
_LIVE_ROUNDS = 20
_LIVE_MS = 200  # 300 from the end of a request: the helper commits about every 100
_FIRST_MS, _KEY_MS, _FILTER_MS, _MEMORY_MB, _IDLE_SHARE = 100, 30, 1000, 64, 0.01
_ESCAPE, _CLEAR = b"\x1b", b"\x15"

# View: its key, and what it has when all its rows are there.
_VIEWS = (("Overview", b"1", b"Health"), ("Traffic", b"2", b"orders"), ("Sessions", b"3", b"user-"),
          ("Devices", b"4", b"laptop-"), ("Rules", b"5", b""), ("Limits and blocks", b"6", b""),
          ("Keys", b"7", b""), ("Issuers", b"8", b""), ("Signals and automation", b"9", b""),
          ("Audit", b"0", b""))
_KEYS = (("j", b"j"), ("PgDn", b"\x1b[6~"), ("G", b"G"), ("g", b"g"), ("n", b"n"), ("s", b"s"),
         ("Enter", b"\r"))


class Console:
    """One console in a terminal of its own."""

    def __init__(self, store, width=120, height=35):
        began, self.seen = time.monotonic(), b""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="screen-256color", LC_ALL="C.UTF-8", TZ="UTC")
            os.execv(ztactl(), [ztactl(), "--store", store])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.first_ms = self.burst(began, b"Health")

    def burst(self, began, until=b"", quiet_s=_QUIET_S, within_s=_PATIENCE_S):
        """Milliseconds until the last byte of an output that has `until`, or until it is given up."""
        self.seen, last, end = b"", began, time.monotonic() + within_s
        while True:
            is_there = self.seen and until in self.seen
            wait = quiet_s if is_there else max(end - time.monotonic(), 0) if until else within_s
            if not select.select([self.file], [], [], wait)[0]:
                return (last - began) * 1000
            self.seen += os.read(self.file, 65536)
            last = time.monotonic()

    def _settle(self, quiet_s=_QUIET_S):
        self.burst(time.monotonic(), within_s=quiet_s)

    def press(self, data, until=b"", **how):
        """Milliseconds from the key to its screen; 0 when nothing on it changes."""
        self._settle()
        began = time.monotonic()
        os.write(self.file, data)
        return self.burst(began, until, **{"within_s": 0.05 if not until else _PATIENCE_S, **how})

    def status(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith(name)).split()[1])

    def idle_share(self):
        """Of a processor, while nothing is typed; processes that it starts count too."""
        before, began = self._cpu_s(), time.monotonic()
        while (left := began + _IDLE_S - time.monotonic()) > 0:
            self.burst(time.monotonic(), within_s=left)
        return (self._cpu_s() - before) / (time.monotonic() - began)

    def _cpu_s(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            ended = sum(map(int, file.read().rpartition(")")[2].split()[13:15]))
        return cpu_ns(self.pid) / 1e9 + ended / os.sysconf("SC_CLK_TCK")

    def end(self):
        os.write(self.file, _ESCAPE)
        self._settle(0.1)
        os.write(self.file, b"q")
        os.waitpid(self.pid, 0)
        os.close(self.file)


def _live(store):
    """Milliseconds from a commit to the screen that shows what was committed."""
    console = Console(store)
    console.press(b"2")
    taken = []
    with subprocess.Popen([program("fill_console"), store], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as writer:
        for i in range(_LIVE_ROUNDS):
            path = f"/live/{i}x"
            console.burst(time.monotonic(), within_s=0.03 + i % 7 * 0.013)
            writer.stdin.write(f"{path}\n".encode())
            writer.stdin.flush()
            writer.stdout.readline()
            taken.append(console.burst(time.monotonic(), f"live/{i}x".encode(), 0))
        writer.stdin.close()
    console.end()
    return taken


def verdict(value, budget, digits=0):
    return f"(budget {budget:.{digits}f} {'held' if value <= budget else '**missed**'})"


def _measure_view(console, number, until, taken):
    """One round of all keys in a view whose rows are there."""
    began = time.monotonic()
    taken.setdefault("open", []).append(console.press(number))
    if until not in console.seen:
        taken.setdefault("rows", []).append(console.burst(began, until, within_s=_PATIENCE_S))
    console.press(b"/1\r")
    for name, key in _KEYS:
        taken.setdefault(name, []).append(console.press(key))
    console.press(_ESCAPE)


def _views(store):
    """view: key: milliseconds of each round; and the memory at its most, in KB."""
    taken, memory = {name: {} for name, _, _ in _VIEWS}, 0
    for _ in range(_ROUNDS):
        console = Console(store)
        for name, number, until in _VIEWS[1:] + _VIEWS[:1]:
            _measure_view(console, number, until, taken[name])
        memory = max(memory, console.status("VmHWM"))
        console.end()
    return taken, memory


def rows():
    """(title, figure) pairs."""
    directory = make_dir("console")
    try:
        store = os.path.join(directory, "store")
        subprocess.run([program("fill_console"), store, str(_EVENTS), str(_DEVICES)], check=True)
        subprocess.run([program("fill_sessions"), store, str(_SESSIONS)], check=True,
                       stdout=subprocess.DEVNULL)
        yield from _rows(store)
    finally:
        remove_dir(directory)


def _rows(store):
    first, found, taken, idle, large = [], [], [], [], 0
    for _ in range(_ROUNDS):
        console = Console(store)
        first.append(console.first_ms)
        console.press(b"3", b"user-")
        console.press(b"fuser-07777\r", quiet_s=0.15)
        before = cpu_ns(console.pid)
        found.append(console.press(b"f" + _CLEAR + b"user-08888\r", b"user-08888", quiet_s=0.15))
        taken.append((cpu_ns(console.pid) - before) / 1e6)
        large = max(large, console.status("VmHWM"))
        console.end()
    yield ("console: first screen, ms",
           f"{median(first):.0f}, at most {max(first):.0f} {verdict(median(first), _FIRST_MS)}")
    yield (f"console: filter over {_SESSIONS:,} sessions, ms",
           f"{median(found):.0f}, at most {max(found):.0f}, {median(taken):.0f} of them on a processor "
           f"{verdict(median(found), _FILTER_MS)}")
    live = _live(store)
    yield ("console: from the helper's commit to the screen, ms",
           f"{median(live):.0f}, at most {max(live):.0f} {verdict(max(live), _LIVE_MS)}")
    taken, memory = _views(store)
    for name, _, _ in _VIEWS:
        keys = {key: median(values) for key, values in taken[name].items()}
        slowest = max(value for key, value in keys.items() if key != "rows")
        # A key that changes nothing on the screen is not told.
        yield (f"console: {name}, key to screen, ms", ", ".join(
            f"{key} {value:.1f}" for key, value in keys.items() if value) +
               f" {verdict(slowest, _KEY_MS)}")
    large = max(large, memory) / 1024
    yield "console: memory, MB", f"{large:.0f} {verdict(large, _MEMORY_MB)}"
    for name, number, _ in _VIEWS[:4]:
        console = Console(store)
        console.press(number)
        console.idle_share()
        idle.append((console.idle_share(), name))
        console.end()
    yield ("console: CPU without a key, % of a processor",
           ", ".join(f"{name} {share:.1%}" for share, name in idle) +
           f" {verdict(100 * max(idle)[0], 100 * _IDLE_SHARE)}")
