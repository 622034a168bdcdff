# SPDX-License-Identifier: Apache-2.0
"""Processes that die, stop and are replaced while requests flow: nothing hangs, the books balance,
revocations hold."""

import concurrent.futures
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from support import proc
from support.httpd import joined
from support.load import LOST, Load, counters, settled
from support.local import wait_for
from support.store import ztactl

KILLS = 500
KILLED = ("AH00052.*Killed", "AH00051", "AH10392", "ZTA0053")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def client_ports(pid, port):
    """The client's side of every connection to `port` that a process holds."""
    inodes = proc.socket_inodes(pid)
    with open("/proc/net/tcp", encoding="ascii") as f:
        lines = [line.split() for line in list(f)[1:]]
    return {int(fields[2].split(":")[1], 16) for fields in lines
            if int(fields[1].split(":")[1], 16) == port and fields[9] in inodes
            and fields[3] != "0A"}


def kill_noting(pid, port):
    """SIGKILL wherever it is; the connections that end with it. It is stopped first, so that it
    takes on no other in between."""
    try:
        proc.stop(pid)
        doomed = client_ports(pid, port)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return set()
    return doomed


def assert_balanced(z, load, n_lost, n_others=0):
    """Published = stored + aggregated + dropped, each event once, and every answered request is in
    the books but for what was under way on a connection that died."""
    found = settled(z)
    published = found["events_published"] - n_others
    assert load.answered - n_lost <= published <= load.total
    rows = z.events("--limit", "10000000")
    ids = [e["id"] for e in rows if not e["is_repeat"]]
    assert len(ids) == len(set(ids)) == found["events_stored"]
    assert sum(e["n"] for e in rows) == \
        found["events_stored"] + found["events_aggregated"]
    return found


class Killing:
    """One server under load whose processes are killed at random."""

    def __init__(self, z, seed):
        self.z = z
        self.chance = random.Random(seed)
        tokens = [z.issuer.token({"sub": s}, alg="ES256") for s in ("alice", "mallory")]
        key = z.json("keys", "create", "--name", "one")["key"]
        z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
        self.revoked = [tokens[1]]
        self.load = Load(z, [[bearer(tokens[0])], [{"X-Api-Key": key}], [bearer(tokens[1])]],
                         n_threads=6, pause=0.01)
        self.doomed = set()
        self.n_lost = self.n_helpers = self.n_kills = self.n_asked = 0

    def ask(self, token):
        """The status on a connection of its own; what breaks it is tried again."""
        while True:
            self.n_asked += 1
            try:
                return self.z.get("/x", token=token, fresh=True).status
            except ConnectionError:
                continue

    def kill_child(self, pid):
        ports = kill_noting(pid, self.z.httpd.port)
        self.doomed |= ports
        self.n_lost += len(ports)
        self.n_kills += 1

    def helpers(self):
        return [p for p in self.z.httpd.children() if proc.name(p) == "zta-helper"]

    def round(self):
        """All but four children and the helper, one after another. httpd replaces a child when for
        a second none died, and then twice as many each second; a helper at once."""
        workers = self.z.httpd.workers()
        victims = [(self.kill_child, p) for p in self.chance.sample(workers, len(workers) - 4)]
        victims += [(self.kill_helper, p) for p in self.helpers()]
        self.chance.shuffle(victims)
        for kill, pid in victims:
            kill(pid)
            time.sleep(self.chance.random() * 0.02)  # the next one at any moment
        wait_for(self.is_complete_again, 30, "all children", 0.3)

    def is_complete_again(self):
        if self.chance.random() < 0.3:
            for pid in self.helpers():
                self.kill_helper(pid)
        return len(self.z.httpd.workers()) == 12

    def kill_helper(self, pid):
        proc.kill(pid)
        self.n_kills += 1
        self.n_helpers += 1

    def revoke_another(self):
        user = f"user-{len(self.revoked)}"
        token = self.z.issuer.token({"sub": user}, alg="ES256")
        assert self.ask(token) == 200
        self.z.ctl("revoke", "--subject", f"{user}@corp", "--reason", "test", "--yes")
        self.revoked.append(token)

    def run(self, n_kills):
        with self.load as load:
            for number in range(n_kills):
                if self.n_kills >= n_kills:
                    break
                self.round()
                if number % 5 == 4:
                    self.revoke_another()
                assert {self.ask(t) for t in self.revoked} == {401}
                assert not load.errors, load.errors
            load.wait_for(200)
        return self


@pytest.mark.timeout(400)
@pytest.mark.plain
def test_five_hundred_kills_under_load(zta):
    # A child alone can take all connections: httpd itself closes idle ones when it is short.
    servers = [zta(stage=1, children=12, threads=16, shared_memory="64M") for _ in range(3)]
    for z in servers:
        z.httpd.allow_log(*KILLED)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        killings = list(pool.map(lambda k: k.run(KILLS // 3 + 1),
                                 [Killing(z, seed) for seed, z in enumerate(servers)]))
    assert sum(k.n_kills for k in killings) >= KILLS
    for k in killings:
        assert k.n_helpers > KILLS // 40
        assert [k.load.statuses(i) for i in range(3)] == [{200}, {200}, {401}]
        assert not set(k.load.broken) - k.doomed, (len(k.load.broken), k.n_lost)
        assert {k.ask(t) for t in k.revoked} == {401}
        found = assert_balanced(k.z, k.load, k.n_lost, k.n_asked)
        # One that dies at once is not counted yet.
        assert found["helper_starts"] > k.n_helpers // 2
        assert sum(found[n] for n in LOST) <= k.n_lost
        k.z.httpd.stop()
        k.z.ctl("store", "check", "--deep")
        assert k.z.json("audit", "verify")["result"] == "consistent"


# ---- restarts ----

@pytest.mark.mpm
@pytest.mark.timeout(180)
def test_ten_graceful_restarts_under_load_lose_nothing(zta):
    z = zta(stage=1, rules="limit wide\n  key subject\n  rate 1000000/s\n")
    token = z.issuer.token({"sub": "alice"}, alg="ES256")
    revoked = z.issuer.token({"sub": "mallory"}, alg="ES256")
    key = z.json("keys", "create", "--name", "one")["key"]
    z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
    with Load(z, [[bearer(token)], [{"X-Api-Key": key}], [bearer(revoked)]], n_threads=6,
              pause=0.005) as load:
        for _ in range(10):
            load.wait_for(30)
            z.httpd.graceful(check=False, wait_old=False)
        load.wait_for(100)
    assert not load.errors
    assert [load.statuses(i) for i in range(3)] == [{200}, {200}, {401}]
    # An old child closes a connection that idles: that may meet a request on its way.
    found = assert_balanced(z, load, 0)
    assert sum(found[n] for n in LOST) == 0
    assert found["verified"] <= 4, "the cache stands through restarts"


def test_two_generations_share_limits_tokens_events_and_revocations(zta):
    """A request that is half sent at the restart is judged by a child of the old generation (other
    MPMs cut it off or have no room for two)."""
    z = zta(stage=1, mpm="event", rules="limit few\n  when path /few\n  key subject\n  rate 1/h burst 3\n")
    token = z.issuer.token({"sub": "alice"})
    assert [z.get("/few", token=token).status, z.get("/x", token=token).status] == [200, 200]
    old = set(z.httpd.workers())
    halves = [z.httpd.client().connect() for _ in range(3)]
    for connection, target in zip(halves, ("/few", "/few", "/x")):
        connection.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n")
    wait_for(lambda: sum(len(client_ports(p, z.httpd.port)) for p in old) >= 3, what="accepted")
    z.httpd.graceful(check=False, wait_old=False)
    assert any(map(proc.is_alive, old))
    rest = f"Authorization: Bearer {token}\r\n\r\n"
    seen = [z.get("/few", token=token, fresh=True).status]
    halves[0].send(rest)
    seen.append(halves[0].response().status)
    seen.append(z.get("/few", token=token, fresh=True).status)
    halves[1].send(rest)
    seen.append(halves[1].response().status)
    assert seen == [200, 200, 429, 429]
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    halves[2].send(rest)
    assert halves[2].response().status == 401
    assert z.get("/x", token=token, fresh=True).status == 401
    for connection in halves:
        connection.close()
    found = settled(z)
    assert (found["verified"], found["events_published"]) == (1, 8)
    assert found["events_stored"] + found["events_aggregated"] == 8


@pytest.mark.mpm
def test_a_full_stop_leaves_no_process_and_nothing_unwritten(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    for n in (40, 50):
        while len(z.backend.requests) < n:
            assert z.get("/x", token=token).status == 200
        # A session that the store has is written again much later, or at the end.
        wait_for(lambda: len(z.events()) == len(z.backend.requests), what="the events")
    for _ in range(5):
        assert z.get("/x", token=token).status == 200
    mark = z.httpd.processes_left()
    assert any(proc.name(p) == "zta-helper" for p in mark)
    # No process has to be told twice: httpd would log that, and nothing is allowed here.
    z.httpd.stop()
    assert not [p for p in mark if proc.is_alive(p)]
    # What was in the ring is in the store, and the helper came to its last commit.
    assert len(z.events()) == 55
    assert [s["requests"] for s in z.json("sessions", "list")] == [55]


def test_without_its_parent_the_helper_ends(zta):
    z = zta(stage=1)
    helper = wait_for(lambda: z.json("status").get("helper_pid"), what="the helper")
    z.httpd.kill9(is_all=False)
    # Children that httpd left behind may still write to the ring: it waits for them a while.
    wait_for(lambda: not proc.is_alive(helper), 15, "the helper's end")
    z.httpd.kill9()


@pytest.mark.mpm
def test_after_kill_9_the_store_opens_and_what_was_confirmed_is_there(zta):
    z = zta(stage=1)
    tokens = {s: z.issuer.token({"sub": s}) for s in ("alice", "bob", "carol")}
    key = z.json("keys", "create", "--name", "one")["key"]
    with Load(z, [[bearer(tokens["carol"])], [{"X-Api-Key": key}]], n_threads=4) as load:
        load.wait_for(100)
        for number in range(3):
            z.ctl("revoke", "--subject", "alice@corp", "--reason", f"round {number}", "--yes")
            z.ctl("block", "bob@corp", "--for", "1h", "--reason", "test", "--yes")
        z.httpd.kill9()
        load.stop()
    assert set(load.statuses(0)) == {200}
    z.ctl("store", "check", "--deep")
    assert z.json("audit", "verify")["result"] == "consistent"
    z.start()
    assert [z.get("/x", token=tokens[s]).status for s in tokens] == [401, 403, 200]
    assert z.get("/x", key=key).status == 200
    settled(z)


# ---- ztactl that stops or dies ----

def killed_at(z, signal_name, call, number, *arguments, log="/dev/null"):
    """ztactl to which the kernel sends a signal at its call of that number (strace injects it, and
    writes what came of it to log)."""
    # A sanitizer looks for leaks by ptrace, which strace has taken.
    env = joined(os.environ, {"ASAN_OPTIONS": "detect_leaks=0"})
    return subprocess.Popen(
        ["strace", "-f", "-qq", "-o", log, "-e", f"trace={call}", "-e",
         f"inject={call}:signal={signal_name}:when={number}", ztactl(), "--store",
         z.store.directory, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True, env=env)


NEEDS_STRACE = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@NEEDS_STRACE
@pytest.mark.timeout(180)
def test_ztactl_killed_at_any_call_leaves_all_or_nothing(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    outcomes, n_runs = set(), 0
    with Load(z, [[bearer(token)]], n_threads=2, pause=0.01) as load:
        for call in ("pwrite64", "fdatasync", "fcntl", "mmap", "close", "write"):
            for number in range(1, 40):
                user = f"{call}-{number}"
                process = killed_at(z, "KILL", call, number, "revoke", "--subject",
                                    f"{user}@corp", "--reason", "test", "--yes")
                said = process.communicate(timeout=30)[0]
                is_done = process.returncode == 0
                mine = z.issuer.token({"sub": user}, alg="ES256")
                status = z.get("/x", token=mine, fresh=True).status
                # Confirmed is in force; unconfirmed is one or the other.
                assert status == 401 or (not is_done and status == 200), (user, said)
                outcomes.add((is_done, status))
                n_runs += 1
                if is_done:
                    break  # there is no call of that number
        assert not load.errors
    assert load.statuses(0) == {200} and not load.broken
    assert {(True, 401), (False, 200)} <= outcomes
    assert n_runs > 30
    z.ctl("revoke", "--subject", "last@corp", "--reason", "test", "--yes")
    z.ctl("store", "check", "--deep")
    assert z.json("audit", "verify")["result"] == "consistent"


@NEEDS_STRACE
def test_ztactl_stopped_with_the_writers_lock_disturbs_no_request_and_is_named(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    log = z.httpd.write("strace", "")
    holder = killed_at(z, "STOP", "fdatasync", 1, "revoke", "--subject", "bob@corp", "--reason",
                       "test", "--yes", log=log)

    def stopped():
        """Its pid. /proc calls each of strace's short stops so, too."""
        with open(log, encoding="utf-8") as file:
            found = re.search(r"^(\d+) +--- stopped by SIGSTOP", file.read(), re.M)
        return found and int(found[1])

    try:
        pid = wait_for(stopped, what="the stop")
        with Load(z, [[bearer(token)]], n_threads=4) as load:
            done = z.ctl("revoke", "--subject", "carol@corp", "--reason", "test", "--yes", code=4,
                         timeout=30)
            assert str(pid) in done.stderr and "ztactl" in done.stderr
            # Who only looks is not kept out.
            assert z.json("status")["running"]
            z.ctl("audit", "verify")
            load.wait_for(100)
        assert not load.errors and load.statuses(0) == {200} and not load.broken
    finally:
        for p in proc.children_of(holder.pid) + [holder.pid]:
            proc.kill(p)
        holder.communicate(timeout=20)
    # The lock died with its holder.
    z.ctl("revoke", "--subject", "carol@corp", "--reason", "test", "--yes")
    assert z.get("/x", token=z.issuer.token({"sub": "carol"})).status == 401
    assert z.get("/x", token=token).status == 200
    z.ctl("store", "check", "--deep")
    assert counters(z)["store_errors"] == 0
