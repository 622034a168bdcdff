# SPDX-License-Identifier: Apache-2.0
"""Requests counted in time series by a running server, and what `ztactl report` makes of them."""

import os
import signal
import stat

from support.clock import HOUR, token
from support.local import wait_for
from test_kills import KILLED

ALLOWED, REFUSED = 12, 5


def test_each_request_counts_once_through_steps_restarts_and_killed_helpers(clocked, tmp_path):
    z, clock = clocked(stage=1, global_text="ZTAVerifyLimit off")
    z.httpd.allow_log(*KILLED)
    good = token(z, clock)

    def kill_helper():
        wait_for(lambda: len(z.httpd.helpers()) == 1, what="one helper")
        os.kill(z.httpd.helpers()[0], signal.SIGKILL)

    def report(*options):
        return z.json("report", "--last=24h", *options, env=clock.env)

    rounds = 0
    for offset, then in ((0, kill_helper), (-HOUR, z.reload), (HOUR, kill_helper), (60, z.reload), (HOUR, None)):
        clock.set(offset)
        assert [z.get("/orders", token=good).status for _ in range(ALLOWED)] == [200] * ALLOWED
        assert [z.get("/orders").status for _ in range(REFUSED)] == [401] * REFUSED
        rounds += 1
        if then is not None:
            then()
    counted = (rounds * (ALLOWED + REFUSED), rounds * REFUSED)
    wait_for(lambda: report()["requests"]["now"] >= counted[0], what="all that was sent is counted")
    found = report()
    assert (found["requests"]["now"], found["refused"]["now"]) == counted
    assert found["lost"]["now"] == 0 and found["span_s"] == 60
    assert {each["name"]: each["now"] for each in found["outcomes"]} == \
        {"allow": counted[0] - counted[1], "challenge": counted[1]}
    assert sum(each["now"] for each in found["reasons"]) == counted[0]
    assert found["sessions"]["now"] == found["subjects"]["now"] == found["refused_addresses"]["now"] == 1
    assert sum(each["requests"] for each in found["course"]) == counted[0]
    assert 0 < found["latency_us"]["p50"]["now"] <= found["latency_us"]["p99"]["now"]
    for last, span in (("20d", 3600), ("300d", 86400)):
        longer = z.json("report", f"--last={last}", env=clock.env)
        assert longer["requests"]["now"] == counted[0] and longer["span_s"] == span
        assert longer["latency_us"] == found["latency_us"]
    # Hidden repeats count here, though each is no row of its own.
    assert found["rows"]["now"] <= counted[0]
    assert sum(each["requests"] for each in z.json("rates", "--last=24h", env=clock.env)) == counted[0]


def test_a_report_is_written_with_the_callers_rights(zta, tmp_path):
    z = zta(stage=1)
    z.get("/orders")
    tmp_path.chmod(0o700)
    path = tmp_path / "report.html"
    z.ctl("report", "--format=html", "--output", str(path))
    info = path.stat()
    assert (info.st_uid, stat.S_IMODE(info.st_mode)) == (os.geteuid(), 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
