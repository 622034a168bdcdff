# SPDX-License-Identifier: Apache-2.0
"""Private Redis servers and sentinels on loopback, ended by their pid."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess

from support import leaks
from support.local import free_port, make_dir, remove_dir, wait_for, write

# Debian's redis-tools has the server under the name of its checker; redis-server would be a service.
_PROGRAMS = ("redis-server", "redis-check-rdb")
_PATIENCE_S = 30


def _program():
    found = [path for path in map(shutil.which, _PROGRAMS) if path]
    if not found:
        raise FileNotFoundError("no redis-server: the package redis-tools is missing")
    return found[0]


class Redis:
    """A server, or with sentinel=True a sentinel; start() again after stop() or kill() is the same
    one with what it had on disk, which is nothing unless aof=True. `host` is a support.netns.Host
    that it runs on, by default this machine; with `tls` (support.pki) it also listens at tls_port."""

    def __init__(self, replica_of=None, password=None, aof=False, sentinel=False, extra="", host=None,
                 tls=None):
        self.port = free_port()
        self.host = host
        self.address = host.address if host else "127.0.0.1"
        self._on = host or contextlib.nullcontext()
        self.directory = make_dir("redis")
        self._sentinel = sentinel
        self._process = None
        lines = [f"port {self.port}", "bind 127.0.0.1" + (f" {host.address}" if host else ""),
                 f"dir {self.directory}", "daemonize no", f"protected-mode {'no' if host else 'yes'}"]
        if tls:
            self.tls_port = free_port()
            lines += [f"tls-port {self.tls_port}", f"tls-cert-file {tls.server.cert}",
                      f"tls-key-file {tls.server.key}", f"tls-ca-cert-file {tls.ca.cert}",
                      "tls-auth-clients no"]
        if not sentinel:
            lines += ['save ""', f"appendonly {'yes' if aof else 'no'}", "appendfsync always"]
        if replica_of:
            lines.append(f"replicaof {replica_of.address} {replica_of.port}")
        if password:
            lines.append(f'requirepass "{password}"')
            leaks.secret(password, "the password of Redis")
        self.password = password
        self._config = os.path.join(self.directory, "redis.conf")
        write(self._config, "\n".join([*lines, extra, ""]))
        self._link = os.path.join(self.directory, "redis-sentinel" if sentinel else "redis-server")
        os.symlink(_program(), self._link)

    def start(self):
        command = [self._link, self._config] + (["--sentinel"] if self._sentinel else [])
        with open(os.path.join(self.directory, "log"), "ab") as log, self._on:
            self._process = subprocess.Popen(command, stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL)
        wait_for(self._is_up, what=f"redis at port {self.port}", timeout=_PATIENCE_S)
        return self

    def _is_up(self):
        assert self._process.poll() is None, self._log()
        try:
            return self.command("PING") == "PONG"
        except (OSError, ValueError):
            return False

    def _log(self):
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def command(self, *words):
        """What it answers: a string, a number, None, a list; ValueError for an error."""
        with self._on, socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            stream = connection.makefile("rb")
            if self.password:
                _send(connection, ("AUTH", self.password))
                _read(stream)
            _send(connection, words)
            return _read(stream)

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process is not None

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """As a power cut ends it."""
        self.signal(signal.SIGKILL)
        self._process.wait(_PATIENCE_S)
        self._process = None

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            self._process.wait(_PATIENCE_S)
        self._process = None

    def remove(self):
        self.stop()
        leaks.check_files(self.directory)
        remove_dir(self.directory)


def _send(connection, words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    connection.sendall(b"*%d\r\n" % len(parts) +
                       b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))


def _read(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise OSError("the connection ended")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise ValueError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"+":
        return rest.decode()
    size = int(rest)
    if size < 0:
        return None
    if kind == b"*":
        return [_read(stream) for _ in range(size)]
    return stream.read(size + 2)[:-2]
