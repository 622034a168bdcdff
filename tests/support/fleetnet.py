# SPDX-License-Identifier: Apache-2.0
"""Proxies of a fleet, each on a host of its own, with a Redis, its replica and three sentinels, and what breaks."""

import contextlib
import signal
import subprocess
import threading
import time

from support.fleet import Fleet
from support.gateway import Gateway
from support.local import wait_for
from support.netns import Network
from support.redis import Redis

_REASON = ("--reason", "test")
_MASTER = "zta"
_BLOCKS = "198.18."
TARGET = "/x"


class Proxy:
    """One of the fleet, and its host."""

    def __init__(self, host, pki, backend=None):
        self.host = host
        self.z = Gateway(pki, backend, stage=1, proxy=None, children=2)
        self.z.init_store()
        self.z.httpd.write("htdocs/x", "here\n")
        self.node = None
        with host:
            self.z.start()

    def status(self, token):
        with self.host:
            return self.z.get(TARGET, token).status

    def blocked(self):
        """Those that break_and_mend asked for."""
        return {row["target"] for row in self.z.json("blocks", "list") if row["target"].startswith(_BLOCKS)}

    def remove(self):
        with self.host, contextlib.suppress(AssertionError):
            self.z.httpd.stop()
        self.z.httpd.remove()


class FleetNet:
    """`proxies`, `fleet`, `engines` (the first is the master at the start); a context manager."""

    def __init__(self, pki, n_proxies=5):
        self.network = Network()
        self.proxies, self.engines, self.sentinels = [], [], []
        self.fleet = None
        try:
            self._start_engines()
            self.fleet = Fleet([f"sentinel {_MASTER} " +
                                " ".join(f"{s.host.address}:{s.port}" for s in self.sentinels)])
            for i in range(n_proxies):
                self._add_proxy(f"proxy-{i}", pki)
            self.fleet.await_alike()
        except BaseException:
            self.remove()
            raise

    def _start_engines(self):
        hosts = [self.network.host(f"engine-{i}") for i in range(3)]
        self.engines = [Redis(host=hosts[0]).start()]
        self.engines.append(Redis(host=hosts[1], replica_of=self.engines[0]).start())
        watched = f"sentinel monitor {_MASTER} {hosts[0].address} {self.engines[0].port} 2\n"
        self.sentinels = [
            Redis(host=host, sentinel=True, extra=watched + f"sentinel down-after-milliseconds {_MASTER} 700\n"
                  f"sentinel failover-timeout {_MASTER} 3000\n").start() for host in hosts]
        wait_for(self.can_fail_over, what="sentinels that know of each other", timeout=30)

    def _add_proxy(self, name, pki):
        proxy = Proxy(self.network.host(name), pki)
        self.proxies.append(proxy)
        if self.fleet.operator_key is None:
            self.fleet.create(proxy.z.store)
        proxy.node = self.fleet.join(name, proxy.z.store, host=proxy.host).start()

    # ---- the engine ----

    def master(self):
        """The one that says so itself and that sentinels name; None while there is none."""
        for engine in self.engines:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                if engine.is_running() and engine.command("ROLE")[0] == b"master" and \
                        self._named() == (engine.host.address, engine.port):
                    return engine
        return None

    def _named(self):
        host, port = self.sentinels[-1].command("SENTINEL", "get-master-addr-by-name", _MASTER)
        return host.decode(), int(port)

    def can_fail_over(self):
        """The replica follows, and a majority sees that."""
        master = self.master()
        if master is None:
            return False
        role = master.command("ROLE")
        return len(role[2]) == 1 and all(self._sees_all(sentinel) for sentinel in self.sentinels)

    @staticmethod
    def _sees_all(sentinel):
        rows = sentinel.command("SENTINEL", "master", _MASTER)
        fields = dict(zip(rows[::2], rows[1::2]))
        return fields[b"num-other-sentinels"] == b"2" and fields[b"num-slaves"] == b"1" and \
            fields[b"flags"] == b"master"

    def fail_over(self):
        self.sentinels[0].command("SENTINEL", "FAILOVER", _MASTER)

    # ---- the fleet ----

    def await_alike(self, timeout):
        """Seconds until all proxies know the same and nothing waits."""
        began = time.monotonic()
        wait_for(self.fleet.are_alike, what="all nodes alike", timeout=timeout)
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.remove()

    def remove(self):
        for thing in (*filter(None, [self.fleet]), *self.proxies, *self.sentinels, *self.engines,
                      self.network):
            thing.remove()


class Watcher(threading.Thread):
    """Asks a proxy without rest; `changed_at` is when it first answered otherwise than 200."""

    def __init__(self, proxy, token):
        super().__init__(daemon=True)
        self._proxy, self._token = proxy, token
        self.is_ready = threading.Event()
        self.changed_at = None
        self._ends_at = time.monotonic() + 20

    def run(self):
        with self._proxy.host:
            client = self._proxy.z.httpd.client()
            with client.connect() as connection:
                headers = {"Authorization": f"Bearer {self._token}"}
                while time.monotonic() < self._ends_at:
                    status = connection.request("GET", TARGET, headers).status
                    if status != 200:
                        self.changed_at = time.monotonic()
                        assert status == 401, status
                        return
                    self.is_ready.set()
                    time.sleep(0.001)


def time_revocation(net, i, trial):
    """Revokes a subject at proxy i: seconds until ztactl confirmed it, and until all refused, both from the
    moment that ztactl was started."""
    issuers = [proxy.z.issuer for proxy in net.proxies]
    watchers = [Watcher(proxy, issuer.token({"sub": f"user-{trial}"}))
                for proxy, issuer in zip(net.proxies, issuers)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        assert watcher.is_ready.wait(20), "a proxy lets nobody in"
    began = time.monotonic()
    net.proxies[i].z.ctl("revoke", "--subject", f"user-{trial}@corp", "--yes", *_REASON)
    confirmed = time.monotonic() - began
    for watcher in watchers:
        watcher.join()
        assert watcher.changed_at is not None, "a proxy does not refuse"
    return confirmed, max(watcher.changed_at for watcher in watchers) - began


class Load(threading.Thread):
    """A request every so often at a proxy, from a connection that is kept; what was answered."""

    def __init__(self, proxy, pause=0.02):
        super().__init__(daemon=True)
        self._proxy, self._pause = proxy, pause
        self._token = proxy.z.issuer.token({"sub": "honest", "exp": int(time.time()) + 86400})
        self._stopping = threading.Event()
        self.n = 0
        self.wrong = []
        self.slowest = 0.0

    def run(self):
        with self._proxy.host:
            while not self._stopping.wait(self._pause):
                began = time.monotonic()
                try:
                    status = self._proxy.z.get(TARGET, self._token).status
                except OSError as error:
                    status = repr(error)
                self.n += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                if status != 200:
                    self.wrong.append(status)

    def stop(self):
        self._stopping.set()
        self.join()
        return self


class Breaker:
    """Breaks something, by chance, and mends it; `chance` is a random.Random."""

    KINDS = ("proxies cut off", "engine cut off", "replica cut off", "agent killed", "helper killed",
             "engine killed", "engine emptied", "fail-over", "engine stopped")

    def __init__(self, net, chance):
        self._net, self._chance = net, chance
        self._mend = []

    def breaks(self, kind):
        net, chance = self._net, self._chance
        master = wait_for(net.master, what="a master", timeout=60)
        replica = next(engine for engine in net.engines if engine is not master)
        if kind == "proxies cut off":
            for proxy in chance.sample(net.proxies, chance.randint(1, len(net.proxies) - 1)):
                self._cut(proxy.host)
        elif kind in ("engine cut off", "replica cut off"):
            self._cut((master if kind == "engine cut off" else replica).host)
        elif kind == "agent killed":
            for proxy in chance.sample(net.proxies, chance.randint(1, len(net.proxies))):
                proxy.node.kill()
                self._mend.append(proxy.node.start)
        elif kind == "helper killed":
            for pid in chance.choice(net.proxies).z.httpd.helpers():
                subprocess.run(["kill", "-9", str(pid)], check=False)
        elif kind == "engine killed":
            master.kill()
            self._mend.append(master.start)
        elif kind == "engine emptied":
            master.command("FLUSHALL")
        elif kind == "fail-over":
            with contextlib.suppress(ValueError):
                net.fail_over()
        elif kind == "engine stopped":
            master.signal(signal.SIGSTOP)
            self._mend.append(lambda: master.signal(signal.SIGCONT))

    def _cut(self, host):
        host.cut()
        self._mend.append(host.heal)

    def mends(self):
        for mend in self._mend:
            mend()
        self._mend.clear()


def break_and_mend(net, chance, kinds, seconds=(0.5, 4.0), acts=4, patience=60):
    """Yields for each kind (kind, seconds from mending until all knew the same). While it is broken operators
    go on; at the end of each what they were told to be done holds everywhere, and nothing else."""
    breaker, expected, number = Breaker(net, chance), set(), 0
    for kind in kinds:
        standing = sorted(expected)
        breaker.breaks(kind)
        ends_at = time.monotonic() + chance.uniform(*seconds)
        for _ in range(chance.randint(1, acts)):
            store = chance.choice(net.proxies).z
            if standing and chance.random() < 0.4:
                target = standing.pop(chance.randrange(len(standing)))
                store.ctl("blocks", "remove", target, *_REASON)
                expected.discard(target)
            else:
                number += 1
                target = f"{_BLOCKS}{number // 250}.{number % 250}"
                store.ctl("block", target, "--for", "1d", *_REASON)
                expected.add(target)
        time.sleep(max(0.0, ends_at - time.monotonic()))  # how long it is broken is part of the break
        breaker.mends()
        wait_for(net.master, what="a master", timeout=patience, interval=0.05)
        took = net.await_alike(patience)
        for proxy in net.proxies:
            assert proxy.blocked() == expected, f"{kind}: {proxy.host.name} has something else"
        wait_for(net.can_fail_over, what="an engine that can fail over again", timeout=patience)
        yield kind, took
