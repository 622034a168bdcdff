# SPDX-License-Identifier: Apache-2.0
"""Proxies on hosts of their own (network namespaces) with Redis and sentinels: what `make fleet-proof` does
at length, in short. Without root nothing of it can be shown, and these cases are skipped with that reason."""

import os
import random

import pytest

from support.fleetnet import FleetNet, Load, break_and_mend, time_revocation

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT SHOWN: network namespaces need root"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def net(pki):
    with FleetNet(pki) as made:
        yield made


def test_a_revocation_at_any_proxy_is_a_refusal_at_all(net):
    for i in range(len(net.proxies)):
        confirmed, refused = time_revocation(net, i, i)
        assert confirmed > 0 and refused > 0


def test_cut_killed_and_emptied_they_end_up_alike_and_requests_go_on(net):
    loads = [Load(proxy) for proxy in net.proxies]
    for load in loads:
        load.start()
    kinds = ["proxies cut off", "agent killed", "engine emptied", "helper killed", "engine cut off"]
    done = [kind for kind, _ in break_and_mend(net, random.Random(9), kinds, seconds=(0.3, 1.5), acts=3)]
    for load in loads:
        load.stop()
        assert load.wrong == [] and load.n > 10
    assert done == kinds
