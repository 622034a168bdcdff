# SPDX-License-Identifier: Apache-2.0
"""One request, one id: what the client, the API and the operator are told is the same."""

import pytest

from support.local import wait_for


@pytest.mark.mpm
def test_client_api_and_event_have_one_id(zta, backend):
    z = zta(stage=1)
    answer = z.get("/x", token=z.issuer.token())
    identifier = answer.header("X-ZTA-Id")
    assert answer.all("X-Request-Id") == [identifier]
    assert backend.last.header("X-ZTA-Id") == backend.last.header("X-Request-Id") == identifier
    wait_for(z.events, what="the event")
    assert [e["id"] for e in z.events()] == [identifier]
    assert identifier in z.ctl("explain", identifier).stdout


@pytest.mark.parametrize("name", ["X-ZTA-Id", "X-Request-Id", "x-zta-id"])
def test_a_back_end_cannot_answer_under_our_names(zta, name):
    z = zta(stage=1)
    answer = z.get(f"/set?{name}=forged", token=z.issuer.token())
    assert answer.status == 200
    assert len(answer.all(name)) == 1
    assert answer.header(name) != "forged"


def test_a_public_place_leaves_the_back_ends_headers_alone(zta):
    z = zta(stage=1, vhost_text="<Location /public>\nZTAStage 0\n</Location>")
    answer = z.get("/public/set?X-Request-Id=mine")
    assert answer.all("X-Request-Id") == ["mine"]
    assert answer.header("X-ZTA-Id") is None
