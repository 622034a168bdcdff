# SPDX-License-Identifier: Apache-2.0
"""`ztactl readiness`: what enforcing the next stage would have refused, from recorded requests."""

from support.local import wait_for

RULES = """allow readers
  when path /keys/** /watched/**
  when method GET
  need scope read
"""

PLACES = """
<Location /public>
  ZTAStage 0
</Location>
<Location /watched>
  ZTAStage 0
  ZTAMonitor 1
</Location>
<Location /keys>
  ZTAStage 1
</Location>
"""


def _traffic(z, n):
    reader = z.issuer.token({"sub": "reader", "scope": "read"})
    other = z.issuer.token({"sub": "other", "scope": "write"})
    for _ in range(n):
        assert z.get("/keys/1", token=reader).status == 200
        assert z.get("/keys/1", token=other).status == 200
        assert z.get("/watched/1", token=reader).status == 200
        assert z.get("/watched/1").status == 200
        assert z.get("/public/1").status == 200
    wait_for(lambda: sum(row["n"] for row in z.events("--limit", "0")) == 5 * n,
             what="all is recorded")


def test_each_next_stage_tells_whom_it_would_refuse_and_what_to_fix_first(zta):
    z = zta(stage=2, rules=RULES, vhost_text=PLACES)
    wait_for(lambda: z.json("rules", "list"), what="the rules are published")
    _traffic(z, 4)
    first, second = z.json("readiness")[:2]
    # Stage 1 at the places of stage 0: who comes without a credential would be refused.
    assert (first["stage"], first["ready"], first["requests"]) == (1, False, 12)
    assert first["hits"]["requests"] == 4 and first["hits"]["subjects"] == 0
    assert first["by_reason"] == [{"name": "no_credential", "to_deny": 4, "to_allow": 0}]
    assert first["by_route"] == [{"name": "/watched", "to_deny": 4, "to_allow": 0}]
    assert first["not_decidable"]["not_looked_at"] == 4
    assert any("ZTAMonitor 1" in fix for fix in first["fix_first"])
    # Stage 2 at the place of stage 1: who lacks what a rule needs.
    assert (second["stage"], second["ready"], second["requests"]) == (2, False, 8)
    assert second["hits"]["requests"] == 4 and second["hits"]["subjects"] == 1
    assert second["by_reason"][0]["name"] == "insufficient_scope"
    assert second["by_subject"] == [{"name": "other@corp", "to_deny": 4, "to_allow": 0}]
    example = second["hits"]["examples"][0]
    assert example["missing"] == "scope read" and z.json("explain", example["id"])["subject"] == "other"
    assert "readers" in second["fix_first"][0]

    text = z.ctl("readiness", "--stage", "2", "--location", "/keys").stdout
    assert "STAGE 2  not ready" in text and "WOULD BE REFUSED: 4 requests" in text
    z.ctl("readiness", "--stage", "2", "--location", "/keys", "--gate", code=1)
    [good] = z.json("readiness", "--stage", "2", "--location", "/keys", "--gate", "--filter",
                    "subject=reader")
    assert good["ready"] and good["fix_first"] == [] and good["requests"] == 4
    [none] = z.json("readiness", "--stage", "2", "--location", "/nowhere")
    assert not none["ready"] and none["requests"] == 0 and "no request" in none["fix_first"][0]
    z.ctl("readiness", "--stage", "4", code=2)
    z.ctl("readiness", "--stage", "x", code=2)


def test_before_a_server_has_run_there_is_nothing_to_tell(store):
    empty = store()
    assert "below stage" in empty.run("readiness", code=1).stderr
