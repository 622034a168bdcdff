# SPDX-License-Identifier: Apache-2.0
"""What a transmitter told one proxy of a fleet, all judge by; nobody is granted anything by it."""

import os
import struct
import time

import pytest

from support.intruder import as_httpd, dump
from support.local import wait_for
from support.schema import validate
from support.statements import ATTESTATION, Statement, parts_digest
from support.transmitter import CAEP, Transmitter, iss_sub, opaque, section

_RULES = """zta 1
allow all
  when path /**

require compliant
  when path /in/**
  need device compliant

require calm
  when path /calm/**
  need risk < 60
"""
_COMPLIANT, _NOT_COMPLIANT = 1, 2


@pytest.fixture(name="transmitter")
def transmitter_fixture():
    return Transmitter()


@pytest.fixture
def pair(zta, fleet, transmitter):
    """Two proxies of a fleet with one transmitter, which pushes to whichever it likes."""
    proxies = [zta(stage=4, start=False, rules=_RULES, issuer_text="ZTAClaim device dev",
                   vhost_text="<Location /zta/signals>\nSetHandler zta-signals\n</Location>") for _ in range(2)]
    for proxy in proxies:
        proxy.global_text = section(proxy, transmitter) + "\nZTAVerifyLimit off"
        proxy.start()
    fleet.create(proxies[0].store)
    for i, proxy in enumerate(proxies):
        fleet.join(f"proxy-{i}", proxy.store).start()
    for device in ("laptop", "phone"):
        proxies[0].ctl("devices", "set", device, "--compliant", "yes", "--reason", "test")
    fleet.await_alike()
    return proxies


def _ask(proxy, device="laptop"):
    """How what asks for a device that complies is answered there."""
    claims = {"sub": "alice", "sid": f"of {device}", "auth_time": int(time.time()) - 600, "dev": device}
    token = proxy.issuer.token(claims)
    return lambda path="/in/x": proxy.get(path, token).status


def _tell(transmitter, proxy, current, when, device="laptop"):
    subject = {"format": "complex", "device": opaque(device), "tenant": opaque("t")}
    members = {"previous_status": "compliant", "current_status": current, "event_timestamp": when}
    event = transmitter.event(CAEP + "device-compliance-change", members, subject)
    assert transmitter.push(proxy.httpd, event).status == 202


def test_a_device_that_one_proxy_is_told_of_is_refused_at_all(pair, fleet, transmitter):
    first, second = pair
    here, there = _ask(first), _ask(second)
    other = _ask(second, "phone")
    now = int(time.time())
    assert here() == there() == other() == 200
    _tell(transmitter, first, "not-compliant", now - 60)
    assert here() == 403
    wait_for(lambda: there() == 403, what="the refusal at the other proxy")
    assert there("/x") == 200 and other() == 200
    # Who was told takes it back; that the other is told all is well takes nothing back.
    _tell(transmitter, second, "compliant", now - 30)
    fleet.await_alike()
    assert here() == there() == 403
    _tell(transmitter, first, "compliant", now - 20)
    wait_for(lambda: there() == 200, what="it is taken back")
    # An operator lifts it where it was told.
    _tell(transmitter, first, "not-compliant", now - 10)
    wait_for(lambda: there() == 403, what="the refusal at the other proxy")
    validate("signals lift", first.json("signals", "lift", first.json("signals", "list")[0]["id"]))
    wait_for(lambda: there() == 200, what="it is lifted")
    assert here() == 200
    assert [node.status()["refused"] for node in fleet.nodes] == [[]] * len(fleet.nodes)
    for proxy in pair:
        proxy.ctl("store", "check", "--deep")


def test_a_risk_that_one_proxy_is_told_of_counts_at_all(pair, fleet, transmitter):
    first, second = pair
    there = _ask(second)
    subject = {"format": "complex", "user": iss_sub(first.issuer, "alice")}
    members = {"current_level": "HIGH", "principal": "USER", "event_timestamp": int(time.time())}
    assert there("/calm/x") == 200
    assert transmitter.push(first.httpd, transmitter.event(CAEP + "risk-level-change", members,
                                                           subject)).status == 202
    wait_for(lambda: there("/calm/x") == 403, what="the refusal at the other proxy")
    assert there("/x") == 200
    fleet.await_alike()


def _record(level, device):
    """An attestation of a device's compliance as it stands in state/, with its key."""
    now = int(time.time())
    return (b"\x41" + parts_digest(None, device),
            struct.pack(">BBBQQQ", 1, 1, level, now * 10 ** 9, now, 0) +
            b"\0\2tx\xff\xff" + struct.pack(">H", len(device)) + device)


@pytest.mark.skipif(os.geteuid() != 0, reason="users that differ need root")
def test_who_broke_into_httpd_makes_no_device_comply_elsewhere(pair, fleet, engine, transmitter):
    first, second = pair
    there, other = _ask(second), _ask(second, "phone")
    first.ctl("devices", "set", "tablet", "--compliant", "no", "--reason", "test")
    tablet = _ask(second, "tablet")
    _tell(transmitter, second, "not-compliant", int(time.time()) - 60)
    wait_for(lambda: there() == 403 and tablet() == 403, what="what holds before")
    state = os.path.join(first.store.directory, "state")
    written = sorted([_record(_COMPLIANT, b"laptop"), _record(_COMPLIANT, b"tablet"),
                      _record(_NOT_COMPLIANT, b"phone")])
    notes = [((2 ** 62 + i).to_bytes(8, "big"), bytes((ATTESTATION, is_gone)) + key)
             for i, (is_gone, key) in enumerate((gone, key) for gone in (1, 0) for key, _ in written)]
    for name, rows in (("attestations", written), ("fleet_notes", notes)):
        assert as_httpd("mdb_load", "-s", name, state, data=dump(name, rows)).returncode == 0
    first.ctl("block", "203.0.113.8", "--for", "1h", "--reason", "test")
    # What restricts is told: he can refuse somebody, and let nobody in.
    wait_for(lambda: other() == 403, what="his restriction at the other proxy")
    fleet.await_alike()
    assert there() == tablet() == 403
    records = map(Statement.read, engine.command("HVALS", "zta:corp:records"))
    said = {s.key[16:]: s.value[2] for s in records if s.topic == ATTESTATION}
    assert {level for key, level in said.items()} == {_NOT_COMPLIANT}
    assert [node.status()["refused"] for node in fleet.nodes] == [[]] * len(fleet.nodes)
