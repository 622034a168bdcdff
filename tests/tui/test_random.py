# SPDX-License-Identifier: Apache-2.0
"""Any keys in any order, at any size, in a console with sanitizers: it goes on, and ends by q."""

import fcntl
import glob
import os
import random
import struct
import termios
import time

from support.store import Store
from terminal import FIXTURE_NOW_S, program

_KEYS = 20000
_BATCH = 20
_ACTIONS = 10  # in the trail of the fixture
_SIZES = ((80, 24), (120, 35), (200, 60), (40, 10), (20, 5), (5, 3), (2, 2), (1, 1), (300, 4),
          (7, 70), (500, 200))

# What keys send: not q (it ends the console), not ^C, ^\ and ^Z (signals, test_console.py).
_PLAIN = [ord(c) for c in "jkgG[]/nNfstp yveRu?m123456789 :=*.aA-_~"]
_CONTROL = [1, 4, 5, 8, 9, 12, 13, 13, 13, 21, 23, 27, 127]
_SEQUENCES = [b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1bOB", b"\x1b[5~",
              b"\x1b[6~", b"\x1b[1~", b"\x1b[4~", b"\x1b[3~", b"\x1b[Z", b"\x1bOP",
              b"\x1b[200~x\ry\x1b[201~",
              b"\x1b[M !!", b"\x1b[M 6)", b"\x1b[M E2", b"\x1b[M`<(", b"\x1b[Ma0,", b"\x1b[M",
              b"\xc3\xa9", b"\xe6\xbc\xa2", b"\xf0\x9f\x98\x80", b"\xff", b"\x1b[999;999H"]
# Revocations to their end and in parts, with the number or the word that is asked for, or a wrong
# one; Escapes leave what is open, a text that was typed by a word.
_OUT = b"\x1b\x15yes\r\x1b\x1b"
_DANGEROUS = [b"3R", b"3   R", b"4jR", b"Rstolen\r", b"stolen\ryes\r", b"stolen\rno\r", b"u",
              _OUT + b"3Rstolen\ryes\r", _OUT + b"3jjRstolen\rno\r", _OUT + b"3jRstolen\r1\r",
              _OUT + b"3  Rstolen\r2\r", _OUT + b"3   Rstolen\r3\r", _OUT + b"ufound\r",
              _OUT + b"4jRleaked\ryes\r"]
_FILTERS = [b"f\x15subject=alice\r", b"f\x15status>=400\r", b"f\x15user-3\r", b"f\x15\r",
            b"f\x15((\r", b"/deny\r", b"/zzz\r"]


def _next(randomness):
    kind = randomness.random()
    if kind < 0.55:
        return bytes([randomness.choice(_PLAIN)])
    if kind < 0.70:
        return bytes([randomness.choice(_CONTROL)])
    if kind < 0.88:
        return randomness.choice(_SEQUENCES)
    return randomness.choice(_DANGEROUS if kind < 0.95 else _FILTERS)


def _waiting(tty):
    """Bytes that the console has not read yet."""
    file = os.open(tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        return struct.unpack("i", fcntl.ioctl(file, termios.FIONREAD, b"\0" * 4))[0]
    finally:
        os.close(file)


def _drained(screen, tty, seed, within_s=30):
    end = time.monotonic() + within_s
    while _waiting(tty) > 0:
        assert time.monotonic() < end, f"seed {seed}: keys are not read:\n{screen.screen()}"
        time.sleep(0.002)


def _is_alive(directory):
    return not os.path.exists(f"{directory}/code")


def _reports(directory):
    texts = []
    for path in glob.glob(f"{directory}/san.*"):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return "\n".join(texts)


def _start(terminal, directory):
    # No shell reads what comes behind the console's end: keys go to sleep(1), which reads none.
    script = (f"stty -a > {directory}/before; {program('ztactl', 'ZTA_TUI_CTL_SAN')} "
              f"--store {directory}/store; echo $? > {directory}/code; "
              f"stty -a > {directory}/after; echo left with $(cat {directory}/code); "
              "exec sleep 600")
    return terminal(80, 24, command=["sh", "-c", script], ZTA_TEST_CLOCK=f"{FIXTURE_NOW_S}+",
                    ASAN_OPTIONS=f"log_path={directory}/san:exitcode=99",
                    UBSAN_OPTIONS=f"log_path={directory}/san:print_stacktrace=1:halt_on_error=1")


def test_random_keys_and_sizes_do_no_harm(filled_anew, terminal):
    seed = int(os.environ.get("ZTA_SEED") or random.SystemRandom().randrange(1 << 32))
    randomness = random.Random(seed)
    directory = filled_anew
    screen = _start(terminal, directory)
    screen.wait("1 Overview", "Health", within_s=30)
    tty = screen.value("pane_tty")
    sent = resized = 0
    while sent < _KEYS:
        batch = [_next(randomness) for _ in range(_BATCH)]
        screen.send(b"".join(batch))
        sent += len(batch)
        if randomness.random() < 0.4:
            screen.resize(*randomness.choice(_SIZES))
            resized += 1
        _drained(screen, tty, seed)
        assert _is_alive(directory), (f"seed {seed}: ended after {sent} keys:\n{screen.screen()}\n"
                                      f"{_reports(directory)}")
    screen.resize(80, 24)
    screen.wait_for_size(80, 24)  # that of the settings before
    end = time.monotonic() + 30
    while _is_alive(directory):
        assert time.monotonic() < end, f"seed {seed}: q does not end it:\n{screen.screen()}"
        # Out of what is open, one level at a time; Escape alone takes a moment to be known.
        screen.keys("Escape")
        time.sleep(0.1)
        if "lose what was typed?" in screen.screen():
            screen.keys("C-u")
            screen.type("yes")
            screen.keys("Enter")
        if "q quit" in screen.screen():
            screen.keys("q")
            time.sleep(0.1)
    screen.check_restored()
    assert not _reports(directory), f"seed {seed}:\n{_reports(directory)}"
    assert "left with 0" in screen.screen(), f"seed {seed}:\n{screen.screen()}"
    n_actions = len(Store(f"{directory}/store").json("audit", "list"))
    assert n_actions > _ACTIONS, f"seed {seed}: nothing was revoked"
    print(f"seed {seed}: {sent} keys, {resized} sizes, {n_actions - _ACTIONS} changes")
