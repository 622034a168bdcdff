# SPDX-License-Identifier: Apache-2.0
"""The dashboard and the alerts of conf/: of metrics that there are, and read by a real Prometheus."""

import json
import os
import re

import pytest
import yaml

from support.introspector import Introspector, opaque
from support.issuerserver import IssuerServer
from support.local import ROOT, wait_for
from support.prometheus import Exposition, Prometheus, promtool
from test_metrics import PLACE

pytestmark = pytest.mark.plain

ALERTS = os.path.join(ROOT, "conf", "prometheus", "alerts.yml")
ALERTS_TEST = os.path.join(ROOT, "tests", "support", "alerts_test.yml")
DASHBOARD = os.path.join(ROOT, "conf", "grafana", "mod_zta.json")
NAME = re.compile(r"\b(?:zta|process)_\w+")


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)  # of which JSON is a part


def alerts():
    return {rule["alert"]: rule for group in load(ALERTS)["groups"] for rule in group["rules"]}


def expressions():
    """(title, expression) of all panels, with values for their variables."""
    for panel in load(DASHBOARD)["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")


def test_alerts_are_what_promtool_takes_and_each_is_tried():
    promtool("check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    promtool("test", "rules", ALERTS_TEST)
    assert [test["name"] for test in load(ALERTS_TEST)["tests"]] == list(alerts())
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        assert set(rule["annotations"]) == {"summary", "description"}, name


def test_the_dashboard_is_well_made():
    with open(DASHBOARD, encoding="utf-8") as file:
        board = json.load(file)
    panels = board["panels"]
    assert [p["id"] for p in panels] == list(range(1, len(panels) + 1))
    cells = [(x, y) for g in (p["gridPos"] for p in panels)
             for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    variables = {v["name"] for v in board["templating"]["list"]} | {"__rate_interval", "__all"}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(board))) <= variables
    for panel in panels:
        assert panel["type"] == "row" or panel["targets"] and panel["datasource"]["uid"] == "${datasource}"


@pytest.mark.timeout(180)
def test_both_work_on_what_a_real_prometheus_scraped(zta, directory, fleet):
    z = zta(start=False, stage=1, rules="allow admins\n  when path /**\n  need role admin\n", keys="discover",
            vhost_text=f"ZTAMonitor 2\n{PLACE}")
    server, introspector = IssuerServer(z.issuer), Introspector()
    introspector.default = introspector.good(aud=z.issuer.audience, iss=z.issuer.url)
    z.issuer_text = (f"ZTAIntrospect {introspector.url} client=api secret=file:" +
                     z.httpd.write("conf/secret", "hush\n", 0o640))
    server.start()
    introspector.start()
    try:
        z.start()
        wait_for(lambda: z.get("/x", token=z.issuer.token()).status == 200, 20, "keys")
        statuses = {z.get("/x", token=t).status for t in (z.issuer.token({"roles": ["admin"]}), opaque("one"), "a.b.c")}
        assert statuses == {200, 401}
        z.ctl("threat-level", "set", "high", "--for", "1h", "--reason", "test", "--yes")
        fleet.create(z.store)
        fleet.join("proxy-0", z.store).start()
        wait_for(lambda: "\nzta_fleet_as_of" in z.get("/metrics").text, 20, "its fleet is heard of")
        scraped = Exposition(z.get("/metrics"))
        known = set()
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", scraped.text, re.M):
            known |= {f"{name}{s}" for s in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
        texts = [("dashboard", json.dumps(load(DASHBOARD)))] + [(n, r["expr"]) for n, r in alerts().items()]
        for where, text in texts:
            assert set(NAME.findall(text)) <= known, (where, set(NAME.findall(text)) - known)
        with Prometheus(directory, f"127.0.0.1:{z.httpd.port}", "/metrics", [ALERTS]) as prometheus:
            def missing():
                return [(t, e) for t, e in expressions() if not prometheus.api("query", query=e)["result"]]
            wait_for(lambda: not missing(), 30, "a value of each expression")
            wait_for(lambda: prometheus.query('ALERTS{alertname="ZtaThreatLevel",alertstate="firing"}'), 30, "an alert")
            rules = [r for g in prometheus.api("rules")["groups"] for r in g["rules"]]
            assert {r["name"] for r in rules} == set(alerts())
            assert {(r["health"], r.get("lastError", "")) for r in rules} == {("ok", "")}
            firing = {dict(k)["alertname"] for k in prometheus.query('ALERTS{alertstate="firing"}')}
            assert firing == {"ZtaThreatLevel"}
    finally:
        server.stop()
        introspector.stop()
