# SPDX-License-Identifier: Apache-2.0
"""A flood of denials from one source leaves the evidence of all others whole, what their decisions
rested on included."""

from support.load import parallel
from support.local import wait_for

RULES = """allow readers
  when path /orders/**
  need scope read
"""

N_FLOOD = 4000
N_OTHERS = 12


def _books(z):
    counters = z.json("status")["counters"]
    return counters["events_stored"] + counters["events_aggregated"]


def test_a_flood_of_denials_pushes_nobody_elses_evidence_out(zta):
    z = zta(stage=2, rules=RULES)
    flood = z.issuer.token({"sub": "flooder", "scope": "none", "jti": "f"})
    others = [z.issuer.token({"sub": f"user{i}", "scope": "read" if i % 2 else "write"})
              for i in range(N_OTHERS)]
    n_calm = 3
    for number in range(2):
        assert set(parallel(z, 4, N_FLOOD // 8, "/orders/1",
                            {"Authorization": f"Bearer {flood}"})) == {403}
        for i, token in enumerate(others):
            for _ in range(n_calm):
                assert z.get(f"/orders/{number}", token=token).status == (200 if i % 2 else 403)
    n_all = N_FLOOD + 2 * n_calm * N_OTHERS
    wait_for(lambda: _books(z) == n_all, what="all is accounted for")

    rows = z.events("--limit", "0")
    of = {subject: [row for row in rows if row["subject"] == subject]
          for subject in ["flooder", *(f"user{i}" for i in range(N_OTHERS))]}
    # The flood is some examples and a number; nothing of it is lost.
    assert sum(row["n"] for row in of["flooder"]) == N_FLOOD
    assert len(of["flooder"]) < 40 < N_FLOOD
    for i in range(N_OTHERS):
        mine = of[f"user{i}"]
        assert sum(row["n"] for row in mine) == 2 * n_calm, mine
        # Five denials of one source, reason and route stand by themselves, the sixth is counted.
        assert len([row for row in mine if not row["is_repeat"]]) >= 5, mine
        assert z.json("explain", mine[0]["id"])["subject"] == f"user{i}"
    # What each decision rested on is there, also that of the number, and says the same again.
    again = z.json("whatif", z.rules_path, "--gate")
    assert again["requests"] == n_all and again["judged"] == n_all, again
    assert z.json("status")["counters"]["inputs_missed"] == 0
    wider = f"{z.rules_path}.wider"
    with open(wider, "w", encoding="utf-8") as file:
        file.write(RULES.replace("need scope read", "need scope read write"))
    found = z.json("whatif", wider, "--limit", "0")
    assert found["to_allow"]["subjects"] == N_OTHERS // 2
    assert found["to_allow"]["requests"] == N_OTHERS // 2 * 2 * n_calm
