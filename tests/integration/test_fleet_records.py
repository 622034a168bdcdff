# SPDX-License-Identifier: Apache-2.0
"""What operators keep at one proxy of a fleet is kept at all: API keys, devices, measures."""

import pytest

from support.local import wait_for

_REASON = ("--reason", "test")


@pytest.fixture
def pair(zta, fleet):
    """Two proxies of a fleet whose agents run; a third one without httpd may only restrict."""
    def make(**options):
        proxies = [zta(stage=1, **options) for _ in range(2)]
        fleet.create(proxies[0].store)
        for i, proxy in enumerate(proxies):
            fleet.join(f"proxy-{i}", proxy.store).start()
        fleet.await_alike()
        return proxies
    return make


def test_a_key_made_at_one_proxy_opens_all_until_any_revokes_it(pair, fleet):
    first, second = pair()
    key = first.json("keys", "create", "--name", "deploy")["key"]
    wait_for(lambda: second.json("keys", "list"), what="the key at the other proxy")
    assert second.get("/x", key=key).status == 200
    anew = second.json("keys", "rotate", "deploy", *_REASON)["key"]
    wait_for(lambda: first.get("/x", key=key).status == 401, what="the former secret opens nothing")
    assert first.get("/x", key=anew).status == 200
    second.ctl("keys", "revoke", "deploy", *_REASON)
    wait_for(lambda: first.get("/x", key=anew).status == 401, what="the refusal at the other proxy")
    assert second.get("/x", key=anew).status == 401
    fleet.await_alike()
    for proxy in (first, second):
        proxy.ctl("store", "check", "--deep")


def test_a_device_set_at_one_proxy_is_so_at_all(pair, fleet):
    first, second = pair()
    first.ctl("devices", "set", "laptop-1", "--compliant", "yes", "--managed", "yes", *_REASON)

    def answers(proxy):
        return [(row["id"], row["compliant"]) for row in proxy.json("devices", "list")]

    wait_for(lambda: answers(second) == [("laptop-1", True)], what="the device at the other proxy")
    second.ctl("devices", "set", "laptop-1", "--compliant", "no", *_REASON)
    wait_for(lambda: answers(first) == [("laptop-1", False)], what="its change")
    second.ctl("devices", "remove", "laptop-1", *_REASON)
    wait_for(lambda: answers(first) == [], what="its end")
    fleet.await_alike()
