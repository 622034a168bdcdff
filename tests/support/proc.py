# SPDX-License-Identifier: Apache-2.0
"""Looking at processes through /proc: who lives, who belongs to whom, who listens."""

import os
import signal

from support.local import wait_for


def stat(pid):
    """(state, parent, session) of a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1]), int(fields[3])


def all_pids():
    return [int(d) for d in os.listdir("/proc") if d.isdigit()]


def is_alive(pid):
    """False for a process that is gone or only waits to be reaped."""
    found = stat(pid)
    return bool(found) and found[0] not in "ZX"


def name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="latin-1") as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children_of(pid):
    found = {p: stat(p) for p in all_pids()}
    return [p for p, s in found.items() if s and s[1] == pid and s[0] not in "ZX"]


def has_environment(pid, setting):
    """True when NAME=VALUE stood in the environment the process was started with."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return setting.encode() in f.read().split(b"\0")
    except OSError:
        return False


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_stopped(pid):
    """Every thread of it: the first one says nothing of the others. True also when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return True
    found = [stat(f"{pid}/task/{t}") for t in threads]
    return all(f is None or f[0] in "TXZ" for f in found)


def stop(pid):
    """SIGSTOP; returns when nothing of the process runs any more."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: is_stopped(pid), 5, f"the stop of {pid}", 0.001)


def _sockets(ports):
    """(state, inode) of every IPv4 socket whose local port is one of these."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        lines = [line.split() for line in list(f)[1:]]
    return [(fields[3], fields[9]) for fields in lines
            if int(fields[1].split(":")[1], 16) in ports]


def listening_inodes(ports):
    """The socket inodes that listen on these IPv4 ports."""
    return {inode for state, inode in _sockets(ports) if state == "0A"}


def has_connections(ports):
    """True while a process holds an accepted connection on one of these ports."""
    return any(state != "0A" and inode != "0" for state, inode in _sockets(ports))


def socket_inodes(pid):
    """The inodes of the sockets a process holds."""
    found = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found
