# SPDX-License-Identifier: Apache-2.0
"""Hosts of a network of their own: Linux network namespaces at one bridge, each with an address, whose cables
can be pulled. `with host:` is being on it: what the calling thread connects to or starts is there. Needs root
(CAP_SYS_ADMIN and CAP_NET_ADMIN)."""

import ctypes
import os
import subprocess

_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class NoNetwork(RuntimeError):
    """This machine makes no network namespaces; says why."""


def _ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNetwork(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _enter(fd):
    if _LIBC.setns(fd, _NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Host:
    """One machine. A context manager for the calling thread."""

    def __init__(self, network, name, address):
        self.name = name
        self.address = address
        self._network = network
        self._space = f"{network.prefix}-{name}"
        self._before = []
        _ip("netns", "add", self._space)
        self._fd = os.open(f"/run/netns/{self._space}", os.O_RDONLY | os.O_CLOEXEC)

    def plug_in(self):
        """To the bridge, by a cable whose far end is called as the host."""
        _ip("-n", self._space, "link", "add", "eth0", "type", "veth", "peer", "name", self.name,
            "netns", self._network.switch)
        _ip("-n", self._space, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", self._space, "link", "set", device, "up")
        _ip("-n", self._network.switch, "link", "set", self.name, "master", "bridge", "up")

    def cut(self):
        """Nothing comes or goes; who is connected is not told."""
        _ip("-n", self._network.switch, "link", "set", self.name, "nomaster")

    def heal(self):
        _ip("-n", self._network.switch, "link", "set", self.name, "master", "bridge")

    def __enter__(self):
        self._before.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        _enter(self._fd)
        return self

    def __exit__(self, *unused):
        before = self._before.pop()
        _enter(before)
        os.close(before)

    def remove(self):
        os.close(self._fd)
        subprocess.run(["ip", "netns", "del", self._space], check=False, stderr=subprocess.DEVNULL)


class Network:
    """A bridge; host(name) is a machine at it."""

    def __init__(self):
        self.prefix = f"zta{os.getpid()}"
        self.switch = f"{self.prefix}-switch"
        self._hosts = []
        if os.geteuid() != 0:
            raise NoNetwork("network namespaces need root (CAP_SYS_ADMIN, CAP_NET_ADMIN)")
        _ip("netns", "add", self.switch)
        try:
            _ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
            _ip("-n", self.switch, "link", "set", "bridge", "up")
        except NoNetwork:
            self.remove()
            raise

    def host(self, name):
        made = Host(self, name, f"10.77.0.{len(self._hosts) + 1}")
        self._hosts.append(made)
        made.plug_in()
        return made

    def remove(self):
        for host in self._hosts:
            host.remove()
        subprocess.run(["ip", "netns", "del", self.switch], check=False, stderr=subprocess.DEVNULL)
