# SPDX-License-Identifier: Apache-2.0
"""How long the console takes: measure.py ZTACTL STORE [ROUNDS]. First screen, and from a key to the
last byte of the screen it brings, in milliseconds; a terminal of 120x35 that answers at once."""

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import termios
import time

_QUIET_S = 0.012  # no more output so long after some: the screen is there
# What it is, the keys, what the output must have.
_KEYS = (("j", b"j", b""), ("Page Down", b"\x1b[6~", b""), ("G", b"G", b""), ("sort", b"s", b""),
         ("detail", b"\r", b""), ("close", b"q", b""), ("filter", b"fuser-77\r", b""),
         ("no filter", b"f\x15\r", b""), ("R, asked", b"R", b"Revoke"),
         ("R, counted", b"", b"reason:"), ("Escape", b"\x1b", b""), ("Overview", b"1", b""),
         ("Traffic", b"2", b""), ("Sessions", b"3", b""))


class Console:
    """One console in a terminal of its own."""

    def __init__(self, ztactl, store):
        self.began = time.monotonic()
        pid, self.file = pty.fork()
        if pid == 0:
            os.environ.update(TERM="screen-256color", LC_ALL="C.UTF-8", TZ="UTC")
            os.execv(ztactl, [ztactl, "--store", store])
        self.pid = pid
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 35, 120, 0, 0))

    def burst(self, began, until=b"", quiet_s=_QUIET_S, within_s=20):
        """Milliseconds until the last byte of an output that has `until`."""
        seen, last = b"", began
        while True:
            wait = quiet_s if seen and until in seen else within_s
            if not select.select([self.file], [], [], wait)[0]:
                return (last - began) * 1000
            try:
                seen += os.read(self.file, 65536)
            except OSError:
                return (last - began) * 1000
            last = time.monotonic()

    def settle(self):
        self.burst(time.monotonic(), within_s=_QUIET_S)

    def end(self):
        os.write(self.file, b"\x1b")
        time.sleep(0.1)
        os.write(self.file, b"q")
        os.waitpid(self.pid, 0)
        os.close(self.file)


def main():
    ztactl, store = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    first, taken = [], {name: [] for name, _, _ in _KEYS}
    for _ in range(rounds):
        console = Console(ztactl, store)
        first.append(console.burst(console.began, b"Health"))
        os.write(console.file, b"3")
        time.sleep(0.5)
        for name, data, until in _KEYS:
            if data:
                console.settle()
                began = time.monotonic()
                os.write(console.file, data)
            taken[name].append(console.burst(began, until, 0 if until else _QUIET_S))
        console.end()
    for name, values in [("first screen", first), *taken.items()]:
        print(f"{name:20} median {statistics.median(values):7.1f} ms   most {max(values):7.1f} ms")


if __name__ == "__main__":
    main()
