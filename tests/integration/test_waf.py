# SPDX-License-Identifier: Apache-2.0
"""A real web application firewall: mod_security2 with the OWASP Core Rule Set."""
import os

import pytest

from support.local import ROOT, wait_for

_CRS = ("/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf")
_SNIPPET = os.path.join(ROOT, "conf", "modsecurity", "zta.conf")
_ATTACK = "/x?q=1%27%20union%20select%20password%20from%20users--"
_RULES = """
allow all
  when path /**
deny guarded
  when path /guarded
  when signal waf
"""


def firewall(engine, directory):
    """Directives of a mod_security2 that only looks (DetectionOnly) or refuses (On)."""
    # 920350 is about a Host that is an address, as it may be in a test.
    return "\n".join([f"SecRuleEngine {engine}", "SecRequestBodyAccess On", "SecAuditEngine Off",
                      f"SecDataDir {directory}", *(f"Include {path}" for path in (*_CRS, _SNIPPET)),
                      "SecRuleRemoveById 920350", "ZTAWafScore env:ZTA_WAF_SCORE",
                      'LogFormat "%U %{ZTA_WAF_SCORE}e" waf', "CustomLog logs/waf.log waf"])


def risk_of(z, path="/harmless", **credential):
    assert z.get(path, **credential).status == 200
    return int(z.backend.last.header("X-ZTA-Risk"))


@pytest.mark.parametrize("engine, status", [("DetectionOnly", 200), ("On", 403)])
def test_the_score_of_the_core_rule_set_is_a_signal_of_session_key_and_address(
        zta, directory, engine, status):
    os.chmod(directory, 0o777)  # for the collections of the rules
    z = zta(stage=4, rules=_RULES, global_text=firewall(engine, directory),
            modules=("unique_id", "security2"))
    z.httpd.allow_log(r"ModSecurity")
    alice, bob = (z.issuer.token({"sub": name, "sid": name}) for name in ("alice", "bob"))
    key, other = (z.json("keys", "create", "--name", n)["key"] for n in ("deploy", "other"))
    assert risk_of(z, token=alice) == risk_of(z, key=key) == 0
    assert z.get("/guarded", token=bob).status == 200, "nobody attacked so far"

    assert z.get(_ATTACK, token=alice).status == status
    assert z.get(_ATTACK, key=key).status == status
    # A score of 20 has the whole weight of the signal, which decays from then on.
    wait_for(lambda: 30 < risk_of(z, token=alice) <= 40, 10, "the session's risk")
    wait_for(lambda: 30 < risk_of(z, key=key) <= 40, 10, "the key's risk")
    wait_for(lambda: z.get("/guarded", token=bob).status == 403, 10, "the address's signal")
    assert risk_of(z, token=bob) == risk_of(z, key=other) == 0, "in nobody else's score"

    with open(z.httpd.path("logs", "waf.log"), encoding="utf-8") as log:
        scores = {tuple(line.split()) for line in log}
    assert ("/harmless", "0") in scores
    assert max(int(score) for path, score in scores if path == "/x") >= 15


def test_without_a_firewall_nothing_is_missing(zta):
    z = zta(stage=4, rules=_RULES, global_text="ZTAWafScore env:ZTA_WAF_SCORE")
    assert risk_of(z, path="/x", token=z.issuer.token()) == 0
    assert z.get("/guarded", token=z.issuer.token()).status == 200
