# SPDX-License-Identifier: Apache-2.0
"""ZTALog on a real httpd: every line as the schemas say, each once, never a credential, whatever
happens to the files, programs and sockets that take the lines."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import logschema
from support.dpop import Prover
from support.issuer import Issuer
from support.local import USERS, wait_for

_ORIGIN = "https://api.example.test"
_RULES = """
allow reader
  when path /api/**
  need scope read

deny closed
  when path /closed/**

respond greedy
  when path    /files/**
  on    requests > 5 in 60s by session
  do    quarantine session for 15m

allow files
  when path /files/**
"""


def _texts(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        whole, _, _ = file.read().rpartition("\n")  # what is behind the last end is being written
    return [line for line in whole.split("\n") if line]


def _lines(path):
    return [json.loads(text) for text in _texts(path)]


def _ids(path, dataset="mod_zta.decision"):
    return [line["event"]["id"] for line in _lines(path) if line["event"]["dataset"] == dataset]


def _actions(path):
    return [line["event"]["action"] for line in _lines(path) if line["event"]["dataset"] == "mod_zta.audit"
            and line["event"]["kind"] == "event"]


class _Syslog:
    """A socket as /dev/log is one."""

    def __init__(self, path):
        self.datagrams = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self):
        while True:
            try:
                self.datagrams.append(self._socket.recv(65536).decode())
            except OSError:
                return

    def texts(self):
        return [datagram.split(": ", 1)[1] for datagram in list(self.datagrams)]

    def close(self):
        self._socket.close()


@pytest.fixture
def syslog(directory):
    server = _Syslog(os.path.join(directory, "log.sock"))
    server.path = os.path.join(directory, "log.sock")
    yield server
    server.close()


def _log_directory(z):
    """Where httpd's user may open files anew."""
    path = z.httpd.path("declog")
    os.mkdir(path, 0o755)
    if USERS.is_separated:
        import pwd
        user = pwd.getpwnam(USERS.httpd)
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def _use_every_credential(z):
    """Requests of all kinds; the secrets that were sent."""
    secrets = []

    def token(claims=None, **options):
        secrets.append(z.issuer.token({"scope": "read", **(claims or {})}, **options))
        return secrets[-1]
    good = token()
    assert z.get("/api/x", token=good).status == 200
    assert z.h2("/api/two", token=token({"sub": "bob"})).status == 200
    assert z.get("/closed/x", token=good).status == 403
    assert z.get("/api/x", token=token({"scope": "write"})).status == 403
    assert z.get("/api/x", token=token({"exp": int(time.time()) - 900})).status == 401
    assert z.get("/api/x", token=good + "x").status == 401
    assert z.get("/api/x", token=token({"aud": "urn:else"})).status == 401
    stranger = Issuer(z.httpd.path("conf", "stranger"))
    secrets.append(stranger.token({"iss": "https://stranger.test"}))
    assert z.get("/api/x", token=secrets[-1]).status == 401
    assert z.get(f"/api/q?access_token={token({'sub': 'query'})}&x=1").status == 200
    assert z.get("/api/c", headers=[("Cookie", f"zta-token={token({'sub': 'cook'})}; other=1")]).status == 200
    assert z.get(f"/api/%2e%2e/x?access_token={token()}").status == 400
    key = z.json("keys", "create", "--name", "robot", "--scope", "read")["key"]
    secrets.append(key)
    assert z.get("/api/k", key=key).status == 200
    wrong = key[:-12] + "A" * 12
    secrets.append(wrong)
    assert z.get("/api/k", key=wrong).status == 401
    prover = Prover()
    secrets.append(prover.bound(z.issuer, {"scope": "read"}))

    def proven():
        headers = prover.headers("GET", f"{_ORIGIN}/api/d", secrets[-1])
        return headers if z.get("/api/d", headers=headers).status == 200 else None
    headers = wait_for(proven, what="proofs are taken")  # none that are older than the server
    assert z.get("/api/d", headers=headers).status == 401  # a proof is good once
    secrets.append(dict(headers)["DPoP"])
    assert z.request("POST", "/api/b", token=good, body=b"password=hunter2-body",
                     headers=[("Content-Type", "text/plain; x=1"), ("X-Other", "header-nobody-asked-for")]
                     ).status == 200
    z.get("/api/" + "%22%7d%0a%0d%1b%5b2J", token=good)
    z.get("/api/h", token=good, headers=[("User-Agent", '"},{"event":"\xff\xfe\xe2\x80\xa8 \x9b2J')])
    secrets += ["hunter2-body", "header-nobody-asked-for"]
    return [*secrets, key.split("_")[2], "zta-token="]


def _pieces(secret, size=24):
    """Parts of it that would give it away, or be half of the way: texts are cut in a line."""
    return {secret[i:i + size] for i in range(0, max(len(secret) - size, 0) + 1, size // 2)}


def test_every_line_is_as_the_schemas_say_and_none_holds_a_credential(zta, syslog):
    logschema.check_table()
    z = zta(stage=4, rules=_RULES, start=False, credentials="header query cookie:zta-token apikey:X-Api-Key",
            vhost_text=f"ZTADPoP allowed\nZTAOrigin {_ORIGIN}")
    ecs, ocsf, piped = (z.httpd.path("logs", name) for name in ("ecs.json", "ocsf.json", "piped.json"))
    z.global_text = f"""ZTALog {ecs}
ZTALog {ocsf} format=ocsf
ZTALog "|$cat >> {piped}" sample-allow=3
ZTALog syslog:local6@{syslog.path}
ZTAGovernor 100%/1h"""
    z.httpd.write("conf/stranger/.keep", "")
    z.start()
    secrets = _use_every_credential(z)
    for _ in range(8):
        z.get("/files/x", token=z.issuer.token({"sid": "s1", "sub": "greedy"}))
    z.ctl("revoke", "--subject", "alice", "--reason", 'left "the"\nhouse', "--yes")
    n = z.json("status")["counters"]["events_published"]
    wait_for(lambda: z.json("status")["counters"]["events_published"] > 20, what="the books")
    n = z.json("status")["counters"]["events_published"]
    wait_for(lambda: len(_ids(ecs)) >= n and "revoke" in _actions(ecs), what="all lines")
    wait_for(lambda: _ids(ecs, "mod_zta.automation"), what="automation")
    assert len(set(_ids(ecs))) == len(_ids(ecs))
    wait_for(lambda: len(_texts(ocsf)) == len(_texts(ecs)) == len(syslog.texts()), what="the other targets")
    assert syslog.texts() == _texts(ecs)
    assert {d.split(">")[0] for d in syslog.datagrams} == {"<182", "<180", "<181"}

    seen = logschema.check(_texts(ecs), "ecs") + logschema.check(_texts(ocsf), "ocsf")
    logschema.check(_texts(piped), "ecs")
    never = {f.path for f in (*logschema.fields("ECS"), *logschema.fields("OCSF"))} - set(seen)
    assert not {p for p in never if not p.endswith((
        "lost", "country_iso_code", "country", "number", "as.number", "waf", "parent", "nearest", "os", "device",
        "device.id", "before", "after", "sudo_user", "tty", "terminal", "decision", "reason", "rule", "evidence",
        "signals", "src_endpoint.name"))}, never

    # Everything refused is there in the sampled target, and what is sampled says for how many.
    by_id = {line["event"]["id"]: line for line in _lines(ecs) if line["event"]["dataset"] == "mod_zta.decision"}
    sampled = {line["event"]["id"]: line["zta"]["weight"] for line in _lines(piped)
               if line["event"]["dataset"] == "mod_zta.decision"}
    assert {i for i, line in by_id.items() if line["zta"]["decision"] != "allow"} <= set(sampled)
    assert {w for i, w in sampled.items() if by_id[i]["zta"]["decision"] != "allow"} == {1}
    assert set(sampled.values()) <= {1, 3}

    # The line is what `explain` says, and what the client was told.
    answer = z.get("/closed/x", token=z.issuer.token({"scope": "read", "sub": "late"}))
    line = wait_for(lambda: next((one for one in _lines(ecs) if one["event"].get("id") == answer.header("X-ZTA-Id")),
                                 None), what="its line")
    assert (line["rule"]["name"], line["event"]["reason"], line["user"]["id"]) == ("closed", "rule_denied", "late")

    z.httpd.stop()
    written = [*syslog.datagrams]
    for path in (ecs, ocsf, piped, z.httpd.path("logs", "error.log")):
        with open(path, encoding="utf-8", errors="replace") as file:
            written.append(file.read())
    for text in written:
        found = [piece for secret in secrets for piece in _pieces(secret) if piece in text]
        assert not found, found


@pytest.mark.skipif(not os.path.exists("/usr/sbin/logrotate"), reason="no logrotate")
@pytest.mark.timeout(90)
def test_logrotate_restarts_and_kills_lose_no_line(zta):
    z = zta(stage=1, start=False)
    directory = _log_directory(z)
    log = os.path.join(directory, "decisions.json")
    z.global_text = f"ZTALog {log}"
    z.start()
    owner = USERS.httpd if USERS.is_separated else USERS.owner
    conf = z.httpd.write("conf/rotate", f"{directory}/*.json {{\n  rotate 20\n  create 0640 {owner} root\n"
                         f"  su root root\n}}\n", 0o644)
    stop = threading.Event()
    sent = []

    def send():
        connection = None
        while not stop.is_set():
            try:
                connection = connection or z.httpd.client().connect()
                sent.append(connection.request("GET", "/x").header("X-ZTA-Id"))
                time.sleep(0.001)  # the two processors are for httpd and its helpers
            except (OSError, EOFError, ValueError):
                connection = None
    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    try:
        for round_ in range(4):
            count = len(sent)
            wait_for(lambda: len(sent) > count + 100, what="traffic")
            subprocess.run(["/usr/sbin/logrotate", "--force", "--state", z.httpd.path("conf", "state"), conf],
                           check=True, timeout=20)
            wait_for(lambda: os.path.getsize(log) > 0, what="the new file")
            z.ctl("block", f"192.0.2.{round_}", "--for", "1h", "--reason", "test")
            if round_ % 2 == 0:
                z.httpd.graceful(wait_old=False)
            else:
                [helper] = z.httpd.helpers()
                os.kill(helper, signal.SIGKILL)
                wait_for(lambda: z.httpd.helpers() not in ([], [helper]), what="another helper")
                z.httpd.allow_log(r"ZTA0053")
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    z.httpd.stop()
    z.ctl("block", "192.0.2.99", "--for", "1h", "--reason", "while it is stopped")
    z.httpd.start()

    def written():
        return [line for name in sorted(os.listdir(directory)) for line in _lines(os.path.join(directory, name))]
    wait_for(lambda: len([a for line in written() if (a := line["event"]["action"]) == "block"]) == 5,
             what="the actions")
    lines = written()
    ids = [line["event"]["id"] for line in lines if line["event"]["dataset"] == "mod_zta.decision"]
    known = [i for i in sent if i]
    assert len(known) > 400 and set(known) <= set(ids)
    assert len(ids) - len(set(ids)) <= 200  # of one write at each of two kills
    assert len([name for name in os.listdir(directory) if name.endswith(".json")]) == 1 < len(os.listdir(directory))
    counters = z.json("status")["counters"]
    assert counters["log_dropped"] == 0


def test_a_program_that_dies_is_started_again_and_loses_nothing(zta):
    z = zta(stage=1, start=False)
    out = z.httpd.path("logs", "piped.json")
    script = z.httpd.write("conf/taker", f"#!/bin/sh\necho $$ > {z.httpd.path('run', 'taker')}\ntrap '' TERM\n"
                           f"exec cat >> {out}\n", 0o755)
    z.global_text = f"ZTALog |{script}"
    z.start()
    seen = []
    for _ in range(3):
        seen += [z.get("/x").header("X-ZTA-Id") for _ in range(20)]
        wait_for(lambda: set(seen) <= set(_ids(out)), what="its lines")
        with open(z.httpd.path("run", "taker"), encoding="ascii") as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGKILL)
        z.httpd.allow_log(r"AH00106|piped log program")
        seen += [z.get("/x").header("X-ZTA-Id") for _ in range(20)]
    wait_for(lambda: set(seen) <= set(_ids(out)), what="the lines that waited for it")
    seen += [z.get("/x").header("X-ZTA-Id") for _ in range(20)]
    z.httpd.stop()
    wait_for(lambda: set(seen) <= set(_ids(out)), what="all lines")
    assert sorted(_ids(out)) == sorted(seen)


@pytest.mark.timeout(120)
def test_a_mandatory_log_that_takes_nothing_is_503(zta):
    z = zta(stage=1, shared_memory="8M", start=False, vhost_text="<Location /open>\nZTAStage 0\n</Location>")
    out, start = z.httpd.path("logs", "piped.json"), z.httpd.path("run", "start")
    os.mkfifo(start)
    os.chmod(start, 0o644)
    script = z.httpd.write("conf/taker", f"#!/bin/sh\nread -r _ < {start}\nexec cat >> {out}\n", 0o755)
    z.global_text = f"ZTALog |{script} mandatory"
    z.start()
    z.httpd.allow_log(r"ZTA0140: log_failing: ZTALog \|\S+taker: it reads nothing", r"ZTA0074")
    deadline = time.monotonic() + 60
    while z.get("/x").status != 503:
        assert time.monotonic() < deadline
        for _ in range(100):
            z.get("/x")
    refused = z.get("/x")
    assert refused.status == 503 and "decision log" not in refused.text
    assert z.get("/open/x").status == 200
    alerts = wait_for(lambda: z.json("status")["alerts"], what="the alert")
    assert "log_failing" in {alert["name"] for alert in alerts}
    counters = z.json("status")["counters"]
    assert counters["log_dropped"] == counters["events_dropped_full"] == 0

    with open(start, "w", encoding="ascii"):
        pass
    wait_for(lambda: z.get("/x").status == 401, what="the door opens again")
    published = wait_for(lambda: (c := z.json("status")["counters"])["log_refused"] > 0 and c["events_published"],
                         what="the books")
    wait_for(lambda: len(_ids(out)) >= published, what="every line", timeout=30)
    sequences = [line["event"]["sequence"] for line in _lines(out)
                 if line["event"]["dataset"] == "mod_zta.decision"]
    assert sequences == list(range(len(sequences)))


@pytest.mark.timeout(120)
def test_a_log_that_takes_nothing_holds_no_request_and_its_losses_are_counted(zta):
    z = zta(stage=1, shared_memory="8M", start=False)
    out, start = z.httpd.path("logs", "piped.json"), z.httpd.path("run", "start")
    os.mkfifo(start)
    os.chmod(start, 0o644)
    script = z.httpd.write("conf/taker", f"#!/bin/sh\nread -r _ < {start}\nexec cat >> {out}\n", 0o755)
    z.global_text = f"ZTALog |{script}"
    z.start()
    z.httpd.allow_log(r"ZTA0140: ", r"ZTA0074")

    def dropped():
        for _ in range(500):
            assert z.get("/x").status == 401
        return z.json("status")["counters"]["log_dropped"]
    wait_for(dropped, 90, "lines that nobody takes")
    with open(start, "w", encoding="ascii"):
        pass

    def told():
        counters = z.json("status")["counters"]
        lost = sum(line["zta"]["lost"] for line in _lines(out) if line["event"]["dataset"] == "mod_zta.log")
        return lost == counters["log_dropped"] and len(_ids(out)) + lost == counters["events_published"]
    wait_for(told, 30, "each event is there, or counted as lost")


def test_a_file_that_cannot_be_opened_is_told_and_tried_again(zta):
    z = zta(stage=1, start=False)
    directory = _log_directory(z)
    log = os.path.join(directory, "decisions.json")
    z.global_text = f"ZTALog {log}"
    z.configure()
    os.symlink(directory, log)  # a directory where the file should be, behind what configtest sees
    os.unlink(log)
    z.start()
    answer = z.get("/x").header("X-ZTA-Id")
    wait_for(lambda: answer in _ids(log), what="the line")
    os.rename(log, log + ".1")
    os.mkdir(log)
    z.httpd.allow_log(r"ZTA0140: log_failing: ZTALog \S+ it was moved")
    wait_for(lambda: "log_failing" in {alert["name"] for alert in z.json("status")["alerts"]}, what="the alert")
    answer = z.get("/x").header("X-ZTA-Id")
    wait_for(lambda: answer in _ids(log + ".1"), what="the line in the moved file")
    os.rmdir(log)
    wait_for(lambda: os.path.isfile(log), what="another file")
    answer = z.get("/x").header("X-ZTA-Id")
    wait_for(lambda: answer in _ids(log), what="the line in the new one")
