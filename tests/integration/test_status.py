# SPDX-License-Identifier: Apache-2.0
"""zta-status, its part of mod_status's page, and what load balancers are told."""

import html
import os
import re
import signal

import pytest

from support import proc
from support.issuer import Key
from support.issuerserver import IssuerServer
from support.local import wait_for
from support.schema import validate_status

PLACES = """
<Location "/zta/status">
  ZTAStage   0
  SetHandler zta-status
  Require    local
</Location>
<Location "/zta/live">
  ZTAStage   0
  SetHandler zta-live
  Require    all granted
</Location>
<Location "/zta/ready">
  ZTAStage   0
  SetHandler zta-ready
  Require    all granted
</Location>
"""
PAGE = """
<Location "/server-status">
  ZTAStage   0
  SetHandler server-status
  Require    local
</Location>
ProxyPass /server-status !
"""
RULES = "allow all\n  when path /**\n  need role admin\n"


def status(z, **options):
    answer = z.get("/zta/status", **options)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert answer.header("Cache-Control") == "no-store"
    document = answer.json()
    validate_status(document)
    assert document["ready"] == (document["faults"] == [])
    return document


def is_ready(z):
    """What zta-ready says, which is what zta-status says; zta-live says what it always says."""
    answer, live = z.get("/zta/ready"), z.get("/zta/live")
    assert (live.status, live.text, live.header("Content-Type")) == (200, "live\n", "text/plain")
    assert (answer.status, answer.text) in ((200, "ready\n"), (503, "not ready\n"))
    assert answer.header("Content-Type") == "text/plain"
    assert answer.header("Retry-After") is None and "WWW-Authenticate" not in str(answer.headers)
    return answer.status == 200


def wait_until_ready(z):
    wait_for(lambda: is_ready(z), 20, "readiness")


def faults(z, *expected):
    """Waits until these are the faults."""
    wait_for(lambda: status(z)["faults"] == list(expected) and is_ready(z) == (not expected), 20,
             f"faults {expected}")


@pytest.mark.mpm
def test_status_tells_what_the_module_knows(zta):
    z = zta(stage=2, rules=RULES, vhost_text=f"{PLACES}ZTAMonitor 3\n<Location /deep>\n  ZTAStage 1\n</Location>\n")
    wait_until_ready(z)
    token = z.issuer.token({"roles": ["admin"]})
    assert [z.get("/x", token=t).status for t in (token, token, z.issuer.token(), None)] == [200, 200, 403, 401]
    z.ctl("mode", "--location", "/deep", "monitor", "--for", "1h", "--reason", 'a "reason"', "--yes")
    z.ctl("revoke", "--subject", "bob@corp", "--reason", "test", "--yes")
    document = wait_for(lambda: (d := status(z))["store"]["sessions"] > 0 and d, what="the session")
    assert document["governed"] and document["ready"] and document["refused"] is None
    places = {(p["server"].split(":")[0], p["path"]): p for p in document["locations"]}
    place = places["localhost", "/deep"]
    assert (place["stage"], place["monitor"], place["features"]["rules"]) == (1, 3, "monitor")
    assert places["localhost", "/"]["features"]["rules"] == "enforce"
    assert places["localhost", "/zta/status"]["stage"] == 0
    (back,) = document["stepped_back"]
    assert back["reason"] == 'a "reason"' and "/deep" in back["location"] and back["until"]
    assert document["rules"]["in_force"] == 1 and document["rules"]["live_version"] > 0
    assert document["store"]["revocations"] == 1 and document["store"]["readable"]
    assert document["helper"]["alive"] and document["helper"]["pid"] in z.httpd.helpers()
    assert document["threat"]["level"] == "normal" and document["children"] == len(z.httpd.workers())
    (issuer,) = document["issuers"]
    assert (issuer["name"], issuer["accepted"], issuer["usable"], issuer["error"]) == ("corp", True, True, None)
    counters = document["counters"]
    assert counters["allowed"] >= 2 and counters["token_cache_hits"] == 1
    # The rules' digest changes with the rules alone.
    before = document["rules"]["sha256"]
    z.reload()
    assert status(z)["rules"]["sha256"] == before
    z.write_rules(RULES + "# other\n")
    z.reload()
    after = status(z)
    assert after["rules"]["sha256"] != before and after["configuration"] == 3
    assert after["since"] == document["since"]


def test_whom_it_answers_and_how(zta):
    z = zta(vhost_text=re.sub("Require .*", "", PLACES))
    for name in ("status", "live", "ready"):
        assert z.get(f"/zta/{name}").status == 403, name
    z.vhost_text = PLACES
    z.reload()
    wait_until_ready(z)
    for name in ("status", "live", "ready"):
        head = z.request("HEAD", f"/zta/{name}")
        assert (head.status, head.text) == (200, ""), name
        assert int(head.header("Content-Length")) > 0, name
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert z.request(method, f"/zta/{name}").status == 405, (name, method)
    assert z.backend.requests == []


def test_without_a_stage_nothing_is_missing(zta):
    z = zta(stage=0, vhost_text=PLACES)
    assert is_ready(z)
    document = status(z)
    assert not document["governed"] and "counters" not in document


@pytest.mark.timeout(120)
def test_not_ready_while_something_is_missing(zta):
    """Store, helper, rules, configuration: each by itself, each until it is back."""
    z = zta(stage=2, rules=RULES, vhost_text=PLACES)
    wait_until_ready(z)
    hidden = z.store.directory + ".away"
    os.rename(z.store.directory, hidden)
    wait_for(lambda: not is_ready(z), 20, "the store's end")
    assert "store" in status(z)["faults"] and not status(z)["store"]["readable"]
    os.rename(hidden, z.store.directory)
    wait_until_ready(z)
    # A helper that hangs; one that dies is replaced at once.
    helper = next(p for p in z.httpd.children() if proc.name(p) == "zta-helper")
    os.kill(helper, signal.SIGSTOP)
    faults(z, "helper")
    os.kill(helper, signal.SIGCONT)
    faults(z)
    # Rules that are wrong at a restart: the last good ones serve, and an operator is told.
    z.write_rules("allow all\n  when path /**\n  need nonsense\n")
    z.httpd.graceful(check=False)
    assert "nonsense" in wait_for(lambda: status(z)["refused"], what="what was wrong")
    faults(z)
    z.write_rules(RULES)
    z.reload()
    # A combination that is unsafe: all of that server answers 503, the health of another says so.
    z.httpd.named_vhosts = {"unsafe.test": "ZTAStage 2\nZTAAccept nobody\n"}
    z.httpd.graceful(check=False)
    faults(z, "configuration")
    z.httpd.named_vhosts = {}
    z.reload()
    faults(z)
    z.httpd.allow_log("ZTA0070", "ZTA0011", "ZTA0001", "ZTA0021")


@pytest.mark.timeout(120)
def test_not_ready_without_keys_of_an_issuer_that_is_accepted(zta):
    z = zta(start=False, keys="discover", vhost_text=PLACES)
    server = IssuerServer(z.issuer)
    server.start()
    server.stop()  # its port and URL stay
    other = '<ZTAIssuer other "http://127.0.0.1:1">\n  ZTAAudience x\n  ZTAKeys discover\n</ZTAIssuer>\n'
    z.global_text = other
    z.start()
    faults(z, "keys")
    document = status(z)
    by_name = {i["name"]: i for i in document["issuers"]}
    assert not by_name["other"]["accepted"] and not by_name["corp"]["usable"]
    wait_for(lambda: {i["name"]: i for i in status(z)["issuers"]}["corp"]["error"], 20, "the attempt's end")
    assert by_name["corp"]["keys"] == "discover" and by_name["corp"]["fetched"] is None
    server.start()
    z.ctl("issuers", "refresh", "corp")
    faults(z)  # what nobody accepts may be away
    corp = {i["name"]: i for i in status(z)["issuers"]}["corp"]
    assert corp["usable"] and corp["fetched"] and corp["failures"] == 0
    server.stop()
    z.httpd.allow_log("ZTA007[78]")


def test_not_ready_when_a_restart_lost_the_store(zta):
    """Nothing is in shared memory then; a server that stands beside the lost one tells."""
    z = zta(stage=2, rules=RULES, modules=("status",), start=False)
    z.httpd.named_vhosts = {"ops.test": PLACES + PAGE}
    z.start()
    ops = {"host": "ops.test"}
    wait_for(lambda: z.get("/zta/ready", **ops).status == 200, 20, "readiness")
    good = z.httpd.global_text
    z.httpd.global_text = good.replace(f"ZTAStore {z.store.directory}\n", "")
    z.httpd.allow_log("ZTA0001", "ZTA0153")
    z.httpd.graceful(check=False)
    wait_for(lambda: z.get("/zta/ready", **ops).status == 503, 20, "not ready")
    document = status(z, **ops)
    assert document["governed"] and "needs a store" in document["refused"]
    assert document["faults"] == ["configuration", "store", "helper"]
    lines = z.get("/server-status?auto", **ops).text
    assert "ZTAReady: no" in lines and "ZTAFaults: configuration" in lines
    assert z.get("/x").status == 503
    z.httpd.global_text = good
    z.httpd.graceful()
    wait_for(lambda: z.get("/zta/ready", **ops).status == 200, 20, "readiness")


def test_not_ready_while_no_key_signs_for_the_apis(zta):
    z = zta(stage=2, rules=RULES, vhost_text=PLACES)
    wait_until_ready(z)
    key = z.httpd.write("conf/sign.pem", "no key", 0o600)
    z.global_text = f"ZTAAssertion key={key}"
    z.httpd.allow_log("ZTA0182", "ZTA0181")
    z.reload(check=False)
    faults(z, "keys")
    assert "ZTAAssertion: " in status(z)["refused"]
    z.httpd.write("conf/sign.pem", Key("ES256").private_pem(), 0o600)
    z.reload()
    faults(z)
    # The last good one signs on: ready, and an operator is told.
    z.httpd.write("conf/sign.pem", "no key", 0o600)
    z.reload(check=False)
    assert "ZTAAssertion: " in wait_for(lambda: status(z)["refused"], what="what was wrong")
    faults(z)


def test_a_part_of_the_page_of_mod_status(zta):
    z = zta(stage=2, rules=RULES, modules=("status",), proxy=None)
    z.vhost_text = f"{PAGE}ProxyPass / {z.backend.url}/ retry=0\n"
    z.reload()
    z.get("/x")
    short = wait_for(lambda: (t := z.get("/server-status?auto").text) and "ZTAReady: yes" in t and t, what="readiness")
    lines = dict(line.split(": ", 1) for line in short.splitlines() if line.startswith("ZTA"))
    assert lines["ZTARequests"].isdigit() and int(lines["ZTADenied"]) == 1
    assert (lines["ZTAFaults"], lines["ZTAThreat"], lines["ZTAIssuers"], lines["ZTARules"]) == \
        ("none", "normal", "corp", "1")
    page = z.get("/server-status")
    assert page.header("Content-Type").startswith("text/html")
    part = page.text[page.text.index("<h2>mod_zta</h2>"):]
    told = dict(html.unescape(t).split(": ", 1) for t in re.findall(r"<dt>(.*?)</dt>", part.split("</dl>")[0]))
    assert told["Ready"] == "yes" and told["Issuers"] == "corp" and int(told["Requests judged"]) > 1
    assert part.count("<dl>") == part.count("</dl>")
