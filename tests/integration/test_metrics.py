# SPDX-License-Identifier: Apache-2.0
"""zta-metrics: both forms, whom it answers, numbers that are right whoever dies, a real Prometheus."""

import os
import signal
from collections import Counter

import pytest

from support.load import BROKEN, Load, parallel, spread
from support.local import wait_for
from support.prometheus import OPENMETRICS, TEXT, Exposition, Prometheus, promtool
from support.streams import Http1

PLACE = """
<Location "/metrics">
  ZTAStage   0
  SetHandler zta-metrics
  Require    local
</Location>
"""


def scrape(z, accept=None, target="/metrics", **options):
    headers = {"Accept": accept} if accept else {}
    return Exposition(z.get(target, headers=headers, **options))


def decisions(found):
    """{(outcome, stage, reason): requests}, of those that were there."""
    return {(d["outcome"], d["stage"], d["reason"]): value
            for (name, pairs), value in found.samples.items()
            if name == "zta_decisions_total" and value > 0 and (d := dict(pairs))}


@pytest.mark.mpm
def test_both_forms_say_the_same_and_are_what_they_claim(zta):
    z = zta(stage=2, rules="allow all\n  when path /api/**\ndeny none\n  when path /x/**\n  mode monitor\n",
            vhost_text=PLACE)
    hostile = z.issuer.token({"sub": 'eve"} 1\nzta_evil_total 7', "client_id": "mallory-client"})
    assert z.get("/api/secret-path/4711", token=hostile, headers={"User-Agent": "evil-agent"}).status == 200
    assert z.get("/other", token=hostile).status == 403
    wait_for(lambda: scrape(z).value("zta_stored_events"), what="the store's part")
    text, still = scrape(z), scrape(z)
    opened = scrape(z, "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5")
    assert (text.type, opened.type) == (TEXT, OPENMETRICS)
    assert not text.text.endswith("# EOF\n") and opened.text.endswith("# EOF\n")
    assert scrape(z, "application/openmetrics-text;q=0.2,text/plain;q=0.5").type == TEXT
    assert scrape(z, "application/openmetrics-text;q=0").type == TEXT
    assert scrape(z, "application/json").type == TEXT
    # The same series in both; what did not happen meanwhile has the same value.
    assert text.samples.keys() == opened.samples.keys()
    for name in ("zta_denied_total", "zta_rules", "process_start_time_seconds", "zta_threat_level"):
        assert text.value(name) == opened.value(name) is not None, name
    assert text.value("zta_rules") == 2
    assert text.value("zta_build_info", version="0.1.0") == 1
    assert decisions(text)["allow", "2", "ok"] == 1
    assert still.value("zta_requests_total") == text.value("zta_requests_total") + 1
    # No person, address or path in it, whatever clients send.
    for word in ('eve"', "evil", "mallory", "4711", "127.0.0", "alice"):
        assert word not in text.text, word
    names = {label for _, pairs in text.samples for label, _ in pairs}
    assert names == {"version", "outcome", "stage", "reason", "le", "environment", "issuer"}
    for each in (text, still):
        promtool("check", "metrics", data=each.text)
    answer = z.get("/metrics")
    assert answer.header("Cache-Control") == "no-store" and answer.header("Vary") == "Accept"
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_methods_and_bodies(zta):
    z = zta(vhost_text=PLACE)
    head = z.request("HEAD", "/metrics")
    assert (head.status, head.text, head.header("Content-Type")) == (200, "", TEXT)
    assert int(head.header("Content-Length")) > 1000
    assert z.request("GET", "/metrics", body=b"x" * 100).status == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"):
        answer = z.request(method, "/metrics")
        assert (answer.status, "GET" in answer.header("Allow")) == (405, True), method
    assert z.backend.requests == []


RULES = """
allow scraper
  when path /by-rule/**
  need subject prometheus
allow later
  when path /monitored/**
  mode monitor
"""
GUARDED = """
<Location "/no-require">
  ZTAStage 0
  SetHandler zta-metrics
</Location>
<Location "/elsewhere">
  ZTAStage 0
  SetHandler zta-metrics
  Require ip 192.0.2.1
</Location>
<Location "/any">
  ZTAStage 0
  <RequireAny>
    Require ip 192.0.2.1
    Require local
  </RequireAny>
  SetHandler zta-metrics
</Location>
<Location "/any/inner">
  ZTARealm inner
</Location>
<Location "/by-rule">
  ZTADefault allow
  SetHandler zta-metrics
</Location>
<Location "/monitored">
  SetHandler zta-metrics
</Location>
<Location "/by-default">
  ZTADefault allow
  SetHandler zta-metrics
</Location>
<Location "/by-token">
  ZTAStage 1
  SetHandler zta-metrics
  Require zta-scope metrics
</Location>
<Location "/open">
  ZTAStage 0
</Location>
RewriteEngine on
RewriteRule ^/open/handler$ - [H=zta-metrics]
RewriteRule ^/open/redirect$ /by-rule [PT]
RewriteRule ^/by-rule/(.*)$ /by-default [PT]
"""


def test_it_answers_whom_a_require_or_a_rule_lets_in(zta):
    """The folder of documents says `Require all granted`, as everywhere: that is no grant."""
    z = zta(stage=2, rules=RULES, vhost_text=GUARDED, modules=("rewrite",))
    scraper = z.issuer.token({"sub": "prometheus", "scope": "metrics"})
    other = z.issuer.token()
    rows = [("/no-require", None, 403), ("/elsewhere", None, 403), ("/any", None, 200), ("/any/inner", None, 200),
            ("/by-rule", None, 401), ("/by-rule", other, 403), ("/by-rule", scraper, 200),
            ("/monitored", scraper, 403), ("/by-default", scraper, 403), ("/by-token", None, 401),
            ("/by-token", other, 403), ("/by-token", scraper, 200), ("/open/handler", None, 403),
            # What a rewrite leads to was not what the rule let in.
            ("/open/redirect", scraper, 403), ("/by-rule/x", scraper, 403)]
    for target, token, status in rows:
        answer = z.get(target, token=token)
        assert answer.status == status, (target, token == scraper, answer.status)
        assert ("zta_decisions_total" in answer.text) == (status == 200), target
    z.httpd.wait_for_log("ZTA0150: zta-metrics answers only where SetHandler names it")
    z.httpd.wait_for_log("ZTA0151: zta-metrics refused: no Require")
    z.httpd.allow_log("ZTA0150", "AH01630")
    assert z.backend.requests == []
    for text in ("SetHandler zta-metrics", "<Files x>\nSetHandler zta-metrics\n</Files>",
                 "<If true>\nSetHandler zta-metrics\n</If>"):
        code, output = z.configtest(vhost_text=text)
        assert code and "zta-metrics" in output + z.httpd.error_text() or "SetHandler" in output, text


def test_a_server_without_a_stage_has_nothing_to_measure(zta):
    z = zta(stage=0, vhost_text=PLACE)
    assert z.get("/metrics").status == 503
    z.httpd.wait_for_log("ZTA0153")


@pytest.mark.mpm
@pytest.mark.timeout(120)
def test_decisions_are_the_requests_that_were_sent(zta):
    """Of all children, over graceful restarts and deaths; only a new start begins anew."""
    z = zta(vhost_text=PLACE)
    token = z.issuer.token()
    seen = Counter()
    n_scrapes = 0

    def books():
        nonlocal n_scrapes
        found = scrape(z)
        # This one's own request is counted once it is answered, those before are.
        expected = {("allow", "1", "ok"): seen[200], ("challenge", "1", "no_credential"): seen[401],
                    ("allow", "0", "ok"): n_scrapes}
        n_scrapes += 1
        return found if decisions(found) == {k: v for k, v in expected.items() if v} else None

    def settle():
        found = wait_for(books, 10, f"decisions = {seen}")
        assert found.value("zta_requests_total") == found.sum("zta_decisions_total")
        for name in ("zta_judgement_duration_seconds", "zta_request_duration_seconds"):
            assert found.value(f"{name}_count") == found.sum("zta_decisions_total")
            assert found.value(f"{name}_bucket", le="+Inf") == found.value(f"{name}_count")
        return found

    headers = {"Authorization": f"Bearer {token}"}
    seen += parallel(z, 8, 100, headers=headers)
    seen += parallel(z, 4, 100)
    before = settle()
    assert before.value("zta_allowed_total") >= 800 and before.value("zta_denied_total") == 400
    started = before.value("process_start_time_seconds")
    z.reload()
    seen += parallel(z, 4, 50, headers=headers)
    after = settle()
    assert after.value("process_start_time_seconds") == started
    assert after.value("zta_configuration_generation") == 2
    # What a killed child had counted stays: nothing was under way in it.
    victim = z.httpd.workers()[0]
    z.httpd.close_clients()
    os.kill(victim, signal.SIGKILL)
    z.httpd.allow_log("AH00052.*Killed", "AH00051", "AH10392")
    wait_for(lambda: victim not in z.httpd.workers() and len(z.httpd.workers()) > 1, 20, "another child")
    seen += parallel(z, 4, 50)
    settle()
    z.restart()
    seen.clear()
    n_scrapes = 0
    seen += parallel(z, 2, 5, headers=headers)
    assert settle().value("process_start_time_seconds") > started


@pytest.mark.timeout(120)
def test_counters_never_go_back_under_load(zta):
    """While children are killed and replaced and httpd restarts gracefully, every scrape of every
    child sees each counter at least where the one before saw it."""
    z = zta(vhost_text=PLACE)
    kept = {}

    def look():
        try:
            found = scrape(z, fresh=True)
        except ConnectionError:
            return
        for key, value in found.samples.items():
            if key[0].endswith(("_total", "_bucket", "_count", "_sum")):
                assert value >= kept.get(key, 0), key
                kept[key] = value

    z.httpd.allow_log("AH00052.*Killed", "AH00051", "AH10392")
    with Load(z, [[{}]], n_threads=4, pause=0.005) as load:
        for number in range(4):
            load.wait_for(50)
            os.kill(z.httpd.workers()[0], signal.SIGKILL)
            look()
            if number % 2:
                z.reload(wait_old=False)
            load.wait_for(50)
            look()
        load.stop()
    # A child that is killed may have answered one request a thread of the load without finishing it.
    least = load.answered - 4 * 4
    assert least <= scrape(z).value("zta_decisions_total", outcome="challenge", stage="1",
                                    reason="no_credential") <= load.total
    assert {s for _, s in load.seen} <= {401, BROKEN}


def test_what_waits_and_what_is_open(zta):
    """An open answer is no finished request; its time counts when it ends."""
    z = zta(vhost_text=PLACE)
    stream = Http1(z, "/sse?n=1000&ms=20", [("Authorization", f"Bearer {z.issuer.token()}")])
    stream.wait_for_bytes(1)
    assert scrape(z).value("zta_decisions_total", outcome="allow", stage="1", reason="ok") == 0
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    wait_for(lambda: stream.is_over, what="its end")
    found = wait_for(lambda: (f := scrape(z)).value("zta_cut_total") == 1 and f, what="the cut")
    assert decisions(found)["deny", "1", "revoked"] == 1
    assert found.value("zta_revocations") == 1
    z.httpd.allow_log("AH01110")


def test_the_store_and_operators_show(zta):
    z = zta(stage=2, rules="allow all\n  when path /**\n  need role admin\n", vhost_text=f"{PLACE}ZTAMonitor 3\n")
    wait_for(lambda: z.json("status").get("locations"), what="places that ztactl knows")
    z.ctl("mode", "--location", "/", "monitor", "--for", "1h", "--reason", "test", "--yes")
    z.ctl("block", "192.0.2.7", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/x", token=z.issuer.token()).status == 200
    found = wait_for(lambda: (f := scrape(z)).value("zta_sessions") == 1 and f, what="the session")
    assert found.value("zta_stepped_back_places") == found.value("zta_blocks") == 1
    assert found.value("zta_monitored_decisions_total", outcome="deny", reason="not_entitled") == 1
    assert found.value("zta_store_used_bytes", environment="state") < \
        found.value("zta_store_size_bytes", environment="state") == 8 << 30
    assert found.value("zta_issuer_keys_usable", issuer="corp") == 1
    assert found.value("zta_helper_heartbeat_timestamp_seconds") > found.value("process_start_time_seconds") - 1
    # The store's part goes with it, and comes back.
    hidden = z.store.directory + ".hidden"
    os.rename(z.store.directory, hidden)
    gone = wait_for(lambda: (f := scrape(z)).value("zta_store_readable") == 0 and f, what="no store")
    assert gone.value("zta_sessions") is None and gone.value("zta_requests_total") > 0
    promtool("check", "metrics", data=gone.text)
    os.rename(hidden, z.store.directory)
    wait_for(lambda: scrape(z).value("zta_store_readable") == 1, what="the store again")
    z.httpd.allow_log("ZTA0070")


@pytest.mark.timeout(120)
def test_prometheus_scrapes_it(zta, directory):
    z = zta(vhost_text=PLACE)
    headers = {"Authorization": f"Bearer {z.issuer.token()}"}
    connections = spread(z, 1, headers)
    with Prometheus(directory, f"127.0.0.1:{z.httpd.port}", "/metrics") as prometheus:
        wait_for(lambda: prometheus.one("up") == 1, 20, "a scrape")
        assert parallel(z, len(connections), 50, headers=headers, connections=connections)[200] == \
            50 * len(connections)
        wait_for(lambda: prometheus.one('zta_decisions_total{stage="1",outcome="allow"}') ==
                 51 * len(connections), 20, "its requests")
        assert wait_for(lambda: prometheus.one(
            "histogram_quantile(0.9, rate(zta_judgement_duration_seconds_bucket[1m]))"), 20, "a rate") < 2
        (target,) = prometheus.api("targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        kinds = {name: rows[0]["type"] for name, rows in prometheus.api("metadata").items()}
        assert kinds["zta_judgement_duration_seconds"] == "histogram" and kinds["zta_sessions"] == "gauge"
