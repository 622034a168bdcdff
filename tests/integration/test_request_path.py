# SPDX-License-Identifier: Apache-2.0
"""What request threads ask of the kernel, seen by strace: a request waits for nobody but its client
and its back end, and writes nothing but the log."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from support import leaks
from support.load import parallel
from support.local import wait_for

REQUESTS = 400
# Everything by which one process can wait for another, or change what others see.
TRACED = "network,desc,file,memory,process,futex"
LINE = re.compile(r"^(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)$")
RESUMED = re.compile(r"^(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>")


class Trace:
    """strace of every child from now until stop()."""

    def __init__(self, z):
        self.path = z.httpd.path("strace")
        leaks.own_file(self.path)  # it has what the client sent
        workers = z.httpd.workers()
        pids = [a for p in workers for a in ("-p", str(p))]
        self.process = subprocess.Popen(
            ["strace", "-f", "-yy", "-s", "256", "-e", f"trace={TRACED}", "-o", self.path, *pids],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in workers:
            said = self.process.stderr.readline()
            if "not permitted" in said:
                self.stop()
                pytest.skip(f"strace may not attach here: {said.strip()}")
            assert "attached" in said, said

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        self.process.stderr.close()

    def calls(self):
        """(thread, call, arguments and result) of each call that was begun."""
        found = []
        with open(self.path, encoding="utf-8", errors="replace") as f:
            for line in f:
                match = LINE.match(line)
                if match:
                    found.append((match["thread"], match["call"], match["rest"]))
                else:
                    assert RESUMED.match(line) or "+++" in line or "---" in line, line
        return found


def file_of(rest):
    """What strace -yy shows for the first descriptor: a path, TCP:[from->to], …"""
    match = re.match(r"\d+<(.*?)>(?:[,) ]|$)", rest)
    return match.group(1) if match else ""


def traced(z, mix):
    """The calls of all children while each of mix is asked REQUESTS times over warm connections."""
    for headers in mix:
        parallel(z, 8, 10, headers=headers)
    trace = Trace(z)
    try:
        for headers, status in mix.items():
            assert parallel(z, 4, REQUESTS // 4, headers=dict(headers)) == {status: REQUESTS}
    finally:
        trace.stop()
    return trace.calls()


@pytest.mark.mpm
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_warm_requests_touch_nobody_but_client_and_back_end(zta):
    z = zta(stage=2, rules="allow all\n  when path /**\n  need issuer corp local\n\n"
            "limit many\n  key subject\n  rate 1000000/s\n",
            vhost_text="KeepAlive On", children=2)
    token = z.issuer.token(alg="ES256")
    revoked = z.issuer.token({"sub": "mallory"}, alg="ES256")
    key = z.json("keys", "create", "--name", "one")["key"]
    z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
    calls = traced(z, {(("Authorization", f"Bearer {token}"),): 200, (("X-Api-Key", key),): 200,
                       (("Authorization", f"Bearer {revoked}"),): 401, (): 401})
    served = sum(1 for _, call, rest in calls if call in ("writev", "write", "sendmsg", "sendto")
                 and "HTTP/1.1 " in rest)
    assert served >= 4 * REQUESTS, "strace saw the requests"
    assert_reads_only(z, calls)
    assert_talks_only_to_its_own(z, calls)
    assert_waits_for_no_process(calls)


def assert_reads_only(z, calls):
    """Nothing of the store is opened, locked or written: it lies mapped, read only. Whether its
    files are still there is asked, by name."""
    written = [(c, r) for _, c, r in calls
               if c in ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "splice",
                        "copy_file_range", "fallocate", "ftruncate", "fsync", "fdatasync",
                        "sync_file_range", "msync")
               and not file_of(r).startswith(("socket:", "TCP:", "pipe:", "anon_inode:"))
               and not file_of(r).startswith(z.httpd.path("logs"))]
    assert not written, written[:5]
    touched = [(c, r) for _, c, r in calls if z.store.directory in r
               and c not in ("stat", "lstat", "newfstatat", "statx")]
    assert not touched, touched[:5]
    opened = [(c, r) for _, c, r in calls if c in ("open", "openat", "creat", "rename", "unlink",
                                                   "renameat2", "link", "symlink", "truncate")
              and re.search(r"O_WRONLY|O_RDWR|O_CREAT|rename|unlink|link|truncate", f"{c} {r}")]
    assert not opened, opened[:5]


def assert_talks_only_to_its_own(z, calls):
    """Sockets lead to the server's port or the back end's."""
    own = {z.httpd.port, z.backend.port}
    seen = set()
    for _, call, rest in calls:
        if call == "connect":
            port = re.search(r"sin_port=htons\((\d+)\)", rest)
            assert port and int(port.group(1)) == z.backend.port, rest
        elif call in ("sendto", "sendmsg", "sendmmsg", "writev", "write") and \
                file_of(rest).startswith("TCP:"):
            ports = {int(p) for p in re.findall(r":(\d+)\b", file_of(rest))}
            assert ports & own, rest
            seen |= ports & own
        elif call == "socket":
            assert "AF_INET" in rest and "SOCK_STREAM" in rest, rest
    assert seen == own
    assert not [r for _, c, r in calls if c in ("sendmmsg", "bind", "listen")]


def assert_waits_for_no_process(calls):
    """No lock that another process could hold; no wait on memory that others share."""
    locks = [(c, r) for _, c, r in calls if c == "flock"
             or (c in ("fcntl", "fcntl64") and re.search(r"F_(OFD_)?SETLK|F_GETLK", r))
             or c in ("semop", "semtimedop", "msgrcv", "wait4", "waitid")]
    assert not locks, locks[:5]
    shared = [r for _, c, r in calls
              if c == "futex" and "FUTEX_WAIT" in r and "PRIVATE" not in r]
    assert not shared, shared[:5]
    processes = [(c, r) for _, c, r in calls if c in ("fork", "vfork", "execve")
                 or (c in ("clone", "clone3") and "CLONE_THREAD" not in r)]
    assert not processes, processes[:5]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_stopped_helper_and_a_held_writer_lock_delay_no_request(zta):
    """The same from outside: with everyone else standing still, requests go on."""
    z = zta(stage=1)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    helper = wait_for(lambda: z.json("status").get("helper_pid"), what="the helper")
    os.kill(helper, signal.SIGSTOP)
    try:
        for headers in ({"Authorization": f"Bearer {token}"}, {"X-Api-Key": key}):
            assert parallel(z, 8, 100, headers=headers) == {200: 800}
        fresh = [z.get("/x", token=z.issuer.token({"sub": f"u{i}"})).status for i in range(20)]
        assert fresh == [200] * 20
    finally:
        os.kill(helper, signal.SIGCONT)
