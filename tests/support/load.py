# SPDX-License-Identifier: Apache-2.0
"""Load on a server from many kept-alive connections, and the books that must balance after it."""

import os
import signal
import threading
import time
from collections import Counter

from support import proc
from support.client import request_bytes
from support.local import wait_for

BROKEN = "broken"
LOST = ("events_dropped_full", "events_dropped_dead", "events_dropped_slow",
        "events_dropped_store")


def spread(z, n_each, headers=(), target="/warm"):
    """Open connections, n_each to every child of event or worker. Each is opened, with a request,
    while the other children are stopped: otherwise one may take them all."""
    connections = []
    workers = z.httpd.workers()
    for taker in workers:
        others = [p for p in workers if p != taker]
        try:
            for pid in others:
                proc.stop(pid)
            for _ in range(n_each):
                connections.append(z.httpd.client().connect())
                connections[-1].request("GET", target, headers)
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
    return connections


def parallel(z, n_connections, n_each, target="/x", headers=(), connections=None):
    """n_each requests on each of n_connections connections at once, new ones or the given; the
    statuses, counted."""
    data = request_bytes("GET", target, headers)
    connections = connections or [z.httpd.client().connect() for _ in range(n_connections)]
    seen = Counter()
    start = threading.Barrier(n_connections)

    def send(connection):
        start.wait()
        statuses = []
        for _ in range(n_each):
            connection.send(data)
            statuses.append(connection.response().status)
        seen.update(statuses)

    threads = [threading.Thread(target=send, args=(c,)) for c in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    return seen


class Load:
    """Threads that send until stop(); `makers` give the headers of a request, one after another.

    seen      Counter of (maker's index, status); BROKEN where the connection ended instead
    broken    the local ports of those connections
    errors    what must not happen: a request without an answer in time, a refused connection"""

    def __init__(self, z, makers, n_threads=8, target="/x", pause=0.0):
        self._client = z.httpd.client()
        self._requests = [[request_bytes("GET", target, h) for h in m] for m in makers]
        self._pause = pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.seen = Counter()
        self.broken = []
        self.errors = []
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(n_threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self):
        with self._lock:
            return sum(self.seen.values())

    @property
    def answered(self):
        return self.total - len(self.broken)

    def statuses(self, index):
        """What the requests of one maker were answered."""
        return {status for i, status in self.seen if i == index} - {BROKEN}

    def wait_for(self, n_more, timeout=30):
        """Until that many further requests are answered: the load goes on."""
        until = self.total + n_more
        wait_for(lambda: self.total >= until or self.errors, timeout,
                 f"{n_more} further requests under load")
        assert not self.errors, self.errors

    def _note(self, index, status):
        with self._lock:
            self.seen[index, status] += 1

    def _run(self, number):
        turn = number
        connection = None
        while not self._stopping.is_set():
            index = turn % len(self._requests)
            choices = self._requests[index]
            data = choices[turn // len(self._requests) % len(choices)]
            turn += 1
            try:
                connection = connection or self._client.connect()
            except OSError as error:
                self.errors.append(f"no connection: {error}")
                return
            try:
                connection.send(data)
                self._note(index, connection.response().status)
            except TimeoutError:
                self.errors.append("a request hangs")
                return
            except ConnectionError:
                with self._lock:
                    self.broken.append(connection.local_port())
                self._note(index, BROKEN)
                connection.is_reusable = False
            if not connection.is_reusable:
                connection.close()
                connection = None
            self._stopping.wait(self._pause)
        if connection is not None:
            connection.close()


def counters(z, timeout=15, **at_least):
    """The counters once a heartbeat shows that many, e.g. counters(z, requests=20)."""
    def look():
        found = z.json("status").get("counters", {})
        return found if all(found.get(n, -1) >= v for n, v in at_least.items()) else None
    return wait_for(look, timeout, f"counters {at_least}")


def balance(found):
    """What the books say: published, and what became of it."""
    return found["events_published"], (found["events_stored"] + found["events_aggregated"]
                                       + sum(found[n] for n in LOST))


def settled(z, timeout=20, now=time.time):
    """The counters of a heartbeat from now on, once nothing waits in the ring and the books
    balance."""
    seen = {}
    after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now()))

    def look():
        status = z.json("status")
        if status.get("heartbeat", "") <= after:
            return False
        seen.update(status["counters"])
        published, accounted = balance(seen)
        return status["ring"]["waiting"] == 0 and published == accounted
    try:
        wait_for(look, timeout, "published = stored + aggregated + dropped")
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen}") from None
    return seen
