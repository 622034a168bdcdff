# SPDX-License-Identifier: Apache-2.0
"""What terminals get and pipes do not: colours, --watch."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from support.local import wait_for
from support.schema import validate
from terminal import FIXTURE_NOW_S, program


def environment(**env):
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**kept, "ZTA_TEST_CLOCK": str(FIXTURE_NOW_S), "TERM": "xterm-256color", **env}


def on_terminal(words, **env):
    """All that a command writes to a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen([program("ztactl"), *words], stdout=follower, stderr=follower,
                          stdin=subprocess.DEVNULL, env=environment(**env)) as process:
        os.close(follower)
        data = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            data += part
        process.wait(timeout=30)
    os.close(leader)
    return data


@pytest.mark.parametrize("words,env,has_colours", [
    ([], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True),
    ([], {"TERM": "dumb"}, False), (["--color=never"], {}, False),
    (["--color=always"], {"NO_COLOR": "1"}, True), (["--json", "--color=always"], {}, False),
])
def test_a_terminal_has_colours_unless_told_otherwise(filled, words, env, has_colours):
    shown = on_terminal(["--store", f"{filled}/store", "events", "--limit", "40", *words], **env)
    assert (b"\x1b[" in shown) == has_colours
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", shown)
    assert b"\x1b" not in plain and b"10.0.0." in plain


def test_a_pipe_has_none_and_the_same_columns(filled):
    words = [program("ztactl"), "--store", f"{filled}/store", "events", "--limit", "40"]
    plain, coloured = (subprocess.run([*words, *more], capture_output=True, check=True, timeout=30,
                                      env=environment()).stdout for more in ([], ["--color=always"]))
    assert b"\x1b" not in plain and b"\x1b[31mdeny\x1b[m" in coloured
    assert re.sub(rb"\x1b\[[0-9;]*m", b"", coloured) == plain
    bad = subprocess.run([*words, "--color=red"], capture_output=True, check=False, timeout=30)
    assert bad.returncode == 2 and b"auto, always or never" in bad.stderr


def test_what_comes_and_goes_has_its_colour(filled_anew):
    words = [program("ztactl"), "--store", f"{filled_anew}/store", "rules"]
    rule = ["add", "-e", "limit mine", "-e", "when path /x\x1b[2J", "-e", "key ip", "-e", "rate 5/m", "--for", "1h",
            "--reason", "x", "--dry-run", "--color=always"]
    said = subprocess.run([*words, *rule], capture_output=True, check=False, timeout=30, env=environment())
    assert b"\x1b[2J" not in said.stdout + said.stderr
    rule[4] = "when path /x"
    said = subprocess.run([*words, *rule], capture_output=True, check=True, timeout=30, env=environment()).stdout
    assert b"\x1b[32m+ limit   mine\x1b[m\n" in said
    assert b"What limits would refuse is not among that" in said
    said = subprocess.run([*words, *rule[:-1], "--json"], capture_output=True, check=True, timeout=30,
                          env=environment()).stdout
    assert json.loads(said)["lacks_limits"] is True


def test_watching_prints_a_document_a_line_and_ends_by_a_signal(filled_anew):
    store = ["--store", f"{filled_anew}/store"]
    with subprocess.Popen([program("ztactl"), *store, "blocks", "list", "--json", "--watch=1"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        first = json.loads(process.stdout.readline())
        validate("blocks list", first)
        subprocess.run([program("ztactl"), *store, "block", "192.0.2.1", "--for", "1h", "--reason", "x"],
                       check=True, capture_output=True, timeout=30, env=environment())
        wait_for(lambda: len(json.loads(process.stdout.readline())) == len(first) + 1, what="the block")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")


def test_watching_notices_at_once_that_its_reader_is_gone(filled):
    with subprocess.Popen([program("ztactl"), "--store", f"{filled}/store", "status", "--watch=1h"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 1
        assert process.stderr.read() == b""


def test_watching_what_is_not_there_fails_at_once(filled, directory):
    for store, words, code in ((f"{filled}/store", ["sessions", "show", "f" * 32], 1),
                               (f"{directory}/nowhere", ["status"], 3),
                               (f"{filled}/store", ["status", "--watch=0"], 2),
                               (f"{filled}/store", ["events", "--follow"], 2),
                               (f"{filled}/store", ["audit", "verify"], 2)):
        done = subprocess.run([program("ztactl"), "--store", store, *words, *(
            [] if "--watch=0" in words else ["--watch"])], capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stdout) == (code, b""), words
        assert done.stderr


def test_watching_draws_a_terminal_anew(filled_anew, terminal):
    window = terminal(70, 12)
    store = f"{filled_anew}/store"
    window.run("env", f"ZTA_TEST_CLOCK={FIXTURE_NOW_S}", program("ztactl"), "--store", store, "keys",
               "list", "--watch", "1")
    screen = window.wait("every 1 s", "billing")
    assert screen.startswith("ztactl keys list, every 1 s")
    subprocess.run([program("ztactl"), "--store", store, "keys", "create", "--name", "fresh-one"],
                   check=True, capture_output=True, timeout=30, env=environment())
    window.wait("fresh-one")
    window.resize(60, 8)
    end = time.monotonic() + 10
    while len(window.screen().rstrip("\n").split("\n")) > 8:
        assert time.monotonic() < end
    window.keys("C-c")
    window.wait("left with 0")


def test_requests_are_counted_by_what_they_have_in_common(filled):
    def events(*words, code=0):
        done = subprocess.run([program("ztactl"), "--store", f"{filled}/store", "events", *words],
                              capture_output=True, text=True, check=False, timeout=30, env=environment())
        assert done.returncode == code, (words, done.stderr)
        return done.stdout if "--json" not in words else json.loads(done.stdout)

    every = events("--limit", "0", "--json")
    counted = {}
    for event in every:
        key = (event["outcome"], event["rule"] or "unknown", event["status"])
        counted[key] = counted.get(key, 0) + event["n"]
    groups = events("--by", "outcome,rule,status", "--limit", "0", "--json")
    validate("events", groups)
    assert counted == {(g["by"]["outcome"], g["by"]["rule"], int(g["by"]["status"])): g["requests"]
                       for g in groups}
    numbers = [group["requests"] for group in groups]
    assert numbers == sorted(numbers, reverse=True)
    assert events("--by", "outcome,rule,status", "--limit", "2", "--json") == groups[:2]
    denied = events("--by", "subject", "--filter", "outcome=deny", "--json", "--limit", "0")
    assert sum(g["requests"] for g in denied) == sum(n for key, n in counted.items() if key[0] == "deny")
    assert {"requests": denied[0]["requests"], "by": {"subject": "alice@corp"}} == denied[0]
    latest = events("--last", "5s", "--limit", "0", "--json")
    assert latest == [e for e in every if e["time"] >= "2027-01-15T07:59:55"]
    assert sum(g["requests"] for g in events("--last", "5s", "--by", "method", "--json")) == len(latest)
    assert re.match(r"REQUESTS +OUTCOME\n +\d+ +allow\n", events("--by", "outcome"))
    for words in (["--by", "latency"], ["--by", ""], ["--by", "rule,"], ["--by", "a,b"],
                  ["--by", "rule", "--follow"], ["--by", "rule,host,path,route,status"]):
        events(*words, code=2)
