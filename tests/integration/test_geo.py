# SPDX-License-Identifier: Apache-2.0
"""Country and autonomous system of a request: files as they are, replaced, spoilt and cut under load."""

import os
import threading

import pytest

from support import mmdb
from support.load import Load
from support.local import ROOT, wait_for

REMOTE_IP = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1"
ALLOW = "allow all\n  when path /**\n  need issuer corp\n"
RULES = ALLOW + """
require swiss
  when path /swiss/**
  need country CH
require system
  when path /system/**
  need network asn:64500
deny germans
  when path /open/**
  when country DE
deny nowhere
  when path /known/**
  when country unknown
"""
PLACES = {"192.0.2.0/24": mmdb.country("CH"), "198.51.100.0/24": mmdb.country("DE"),
          "203.0.113.0/24": {"registered_country": {"iso_code": "CH"}},
          "2001:db8::/32": mmdb.country("CH")}
SYSTEMS = {"192.0.2.0/24": mmdb.asn(64500), "198.51.100.0/24": mmdb.asn(64501),
           "2001:db8::/32": mmdb.asn(64500)}
SWISS, GERMAN, NOWHERE = "192.0.2.7", "198.51.100.7", "192.168.1.1"


class World:
    """A gateway with both databases, asked from any address."""

    def __init__(self, zta, stage=3, rules=RULES, **options):
        self.z = zta(start=False, stage=stage, rules=rules, modules=("remoteip",), **options)
        self.country_path = mmdb.write(self.z.httpd.path("conf", "country.mmdb"), PLACES)
        self.asn_path = mmdb.write(self.z.httpd.path("conf", "asn.mmdb"), SYSTEMS,
                                   database_type="Test-ASN")
        self.z.global_text = (f"{REMOTE_IP}\nZTAGeoDB {self.country_path}\n"
                              f"ZTAAsnDB {self.asn_path}")
        self.z.start()
        self.token = self.z.issuer.token()

    def get(self, target, address, **options):
        headers = [] if address is None else [("X-Forwarded-For", address)]
        return self.z.get(target, token=self.token, headers=headers, **options)

    def status(self, target, address, **options):
        return self.get(target, address, **options).status

    def reason(self, target, address):
        mark = self.z.httpd.log_mark()
        if self.status(target, address) == 200:
            return "ok"
        return self.z.httpd.wait_for_log(r"ZTA0040: refused, (\w+)", mark)[1]

    def alerts(self):
        return {a["name"]: a["text"] for a in self.z.json("status").get("alerts", [])}

    def wait_for_alert(self, name, is_there=True):
        return wait_for(lambda: (name in (found := self.alerts())) == is_there and (found or True),
                        what=f"alert {name} {'shown' if is_there else 'gone'}")

    def replace_country(self, networks, **options):
        mark = self.z.httpd.log_mark()
        mmdb.write(self.country_path, networks, **options)
        self.z.httpd.wait_for_log(rf"ZTA0107: ZTAGeoDB {self.country_path} is taken over", mark)


@pytest.fixture
def world(zta):
    return lambda **options: World(zta, **options)


def test_the_seeds_are_what_the_writer_writes():
    folder = os.path.join(ROOT, "tests", "fuzz", "corpus", "geo")
    for name, octets in mmdb.seeds():
        with open(os.path.join(folder, name), "rb") as file:
            assert file.read() == octets, f"{name}: run tests/support/mmdb.py {folder}"


def test_a_file_that_cannot_be_used_is_an_error_of_the_configuration(zta):
    z = zta(start=False)
    z.configure()
    seeds = {**dict(mmdb.seeds()), "text.mmdb": b"text", "empty.mmdb": b""}
    seeds["cut.mmdb"] = seeds["country-28.mmdb"][:-100]
    for directive, name, says in (
            ("ZTAGeoDB", "absent.mmdb", "No such file"), ("ZTAGeoDB", ".", "expected a regular file"),
            ("ZTAGeoDB", "empty.mmdb", "expected a regular file of at least 1 byte"),
            ("ZTAGeoDB", "text.mmdb", "no MaxMind DB file"),
            ("ZTAGeoDB", "cut.mmdb", "one that is cut or damaged at its end"),
            ("ZTAGeoDB", "version-3.mmdb", "expected version 2"),
            ("ZTAGeoDB", "tree-zeros.mmdb", "a damaged MaxMind DB"),
            ("ZTAAsnDB", "pointer-lost.mmdb", "a damaged MaxMind DB"),
            ("ZTAGeoDB", "asn-24.mmdb", "type 'Test-ASN' without networks with country.iso_code"),
            ("ZTAAsnDB", "country-32.mmdb", "'Test-Country' without networks with autonomous_system")):
        if name in seeds:
            z.httpd.write(f"conf/{name}", seeds[name])
        code, output = z.configtest(global_text=f"{directive} conf/{name}")
        assert code != 0 and says in output and f"ZTA0100: {directive} {z.root}/conf" in output, output


@pytest.mark.mpm
def test_country_and_system_decide(world):
    w = world()
    for address, swiss, system, is_open, known in (
            (SWISS, "ok", "ok", "ok", "ok"), (GERMAN, "country_denied", "network_denied", "rule_denied", "ok"),
            (NOWHERE, "country_denied", "network_denied", "ok", "rule_denied"),
            ("203.0.113.1", "country_denied", "network_denied", "ok", "rule_denied"),
            ("10.0.0.1", "country_denied", "network_denied", "ok", "rule_denied"),
            ("2001:db8::1", "ok", "ok", "ok", "ok"), ("::ffff:192.0.2.9", "ok", "ok", "ok", "ok"),
            ("2001:db9::1", "country_denied", "network_denied", "ok", "rule_denied"),
            (None, "country_denied", "network_denied", "ok", "rule_denied")):
        said = [w.reason(f"/{place}/x", address) for place in ("swiss", "system", "open", "known")]
        assert said == [swiss, system, is_open, known], address


def test_events_and_explain_tell_the_place(world):
    w = world()
    for address in (GERMAN, NOWHERE):
        w.get("/swiss/x", address)
    found = wait_for(lambda: len(events := w.z.json("events")) == 2 and events, what="two events")
    known, unknown = sorted(found, key=lambda event: event["address"] != GERMAN)
    assert (known["country"], known["asn"]) == ("DE", 64501)
    assert (unknown["country"], unknown["asn"]) == (None, None)
    assert f", from {GERMAN} in DE, AS64501" in w.z.ctl("explain", known["id"]).stdout
    said = w.z.ctl("explain", unknown["id"]).stdout
    assert f", from {NOWHERE}\n" in said and "country CH (request: unknown" in said, said


def test_the_address_of_each_request_counts_on_one_connection(world):
    w = world()
    with w.z.httpd.client().connect() as connection:
        for address, status in ((SWISS, 200), (GERMAN, 403), (SWISS, 200), (NOWHERE, 403)) * 3:
            response = connection.request("GET", "/swiss/x", headers=[
                ("X-Forwarded-For", address), ("Authorization", f"Bearer {w.token}")])
            assert response.status == status, address


def test_below_stage_3_and_where_it_is_off_nothing_is_asked(world):
    w = world(stage=2, vhost_text="<Location /swiss/on>\nZTAStage 3\n</Location>\n"
                                  "<Location /swiss/off>\nZTAStage 3\nZTAFeature geo=off\n</Location>\n"
                                  "<Location /swiss/monitor>\nZTAMonitor 3\n</Location>")
    assert w.status("/swiss/x", GERMAN) == 200
    assert w.status("/swiss/on", GERMAN) == 403
    assert w.status("/swiss/on", SWISS) == 200
    assert w.status("/swiss/off", GERMAN) == 200
    assert w.status("/swiss/monitor", GERMAN) == 200


def test_without_databases_nothing_is_known(zta):
    z = zta(stage=3, rules=RULES)
    z.httpd.allow_log("ZTA0006")
    z.httpd.wait_for_log("ZTA0006: rules ask for countries, and there is no ZTAGeoDB")
    z.httpd.wait_for_log("ZTA0006: rules ask for autonomous systems, and there is no ZTAAsnDB")
    token = z.issuer.token()
    assert z.get("/swiss/x", token=token).status == 403
    assert z.get("/system/x", token=token).status == 403
    assert z.get("/open/x", token=token).status == 200


def test_streams_of_http2_share_a_connection(world):
    w = world(tls=True)
    for address, status in ((SWISS, 200), (GERMAN, 403), (SWISS, 200)):
        response = w.z.h2("/swiss/x", headers=[("X-Forwarded-For", address),
                                               ("Authorization", f"Bearer {w.token}")])
        assert response.status == status


# ---- replaced ----

@pytest.mark.mpm
def test_a_replaced_file_bites_without_a_restart(world):
    w = world()
    with w.z.httpd.client().connect() as connection:
        def ask():
            return connection.request("GET", "/swiss/x", headers=[
                ("X-Forwarded-For", SWISS), ("Authorization", f"Bearer {w.token}")]).status
        assert ask() == 200
        w.replace_country({"192.0.2.0/24": mmdb.country("DE")}, record_size=32)
        assert ask() == 403
        w.replace_country({"192.0.0.0/8": mmdb.country("CH")}, ip_version=4, record_size=24)
        assert ask() == 200
    assert w.alerts() == {}


@pytest.mark.parametrize("seed, says", [
    ("no-marker.mmdb", "no MaxMind DB file"), ("version-3.mmdb", "expected version 2"),
    ("tree-zeros.mmdb", "a damaged MaxMind DB"), ("asn-28.mmdb", "type 'Test-ASN' without")])
def test_a_bad_replacement_is_refused_and_the_last_good_one_serves(world, seed, says):
    w = world()
    w.z.httpd.allow_log("ZTA0105")
    with open(w.country_path + ".part", "wb") as file:
        file.write(dict(mmdb.seeds())[seed])
    os.replace(w.country_path + ".part", w.country_path)
    text = w.wait_for_alert("geo_refused")["geo_refused"]
    assert w.country_path in text and says in text and "the last good one serves on" in text
    assert "ZTA0105: geo_refused: ZTAGeoDB" in w.z.httpd.error_text()
    assert w.status("/swiss/x", SWISS) == 200 and w.status("/swiss/x", GERMAN) == 403
    w.replace_country(PLACES)
    w.wait_for_alert("geo_refused", is_there=False)


def test_each_database_has_its_alert(world):
    w = world()
    w.z.httpd.allow_log("ZTA0105", "ZTA0106")
    os.unlink(w.asn_path)
    assert "No such file" in w.wait_for_alert("asn_refused")["asn_refused"]
    assert "geo_refused" not in w.alerts()
    assert w.status("/system/x", SWISS) == 200
    mmdb.write(w.asn_path, SYSTEMS, database_type="Test-ASN")
    w.wait_for_alert("asn_refused", is_there=False)


def test_a_bad_file_at_a_raw_restart_leaves_the_last_good_one(world):
    w = world()
    w.z.httpd.allow_log("ZTA0105")
    with open(w.country_path, "wb") as file:
        file.write(b"no database")
    code, output = w.z.configtest()
    assert code != 0 and "ZTA0100: ZTAGeoDB" in output and "no MaxMind DB file" in output
    w.z.reload(check=False)
    w.wait_for_alert("geo_refused")
    assert w.status("/swiss/x", SWISS) == 200 and w.status("/swiss/x", GERMAN) == 403
    mmdb.write(w.country_path, {"198.51.100.0/24": mmdb.country("CH")})
    w.wait_for_alert("geo_refused", is_there=False)
    assert w.status("/swiss/x", SWISS) == 403 and w.status("/swiss/x", GERMAN) == 200


def test_a_restart_takes_the_file_as_it_is(world):
    w = world()
    mmdb.write(w.country_path, {"198.51.100.0/24": mmdb.country("CH")})
    w.z.reload()
    assert w.status("/swiss/x", SWISS) == 403 and w.status("/swiss/x", GERMAN) == 200
    w.z.httpd.kill9()
    w.z.start()
    assert w.status("/swiss/x", SWISS) == 403 and w.status("/swiss/x", GERMAN) == 200


# ---- under load ----

def spoil_in_place(path, is_over, rounds):
    """As careless hands do: cut, written over by halves, filled with zeros, all in the same file.

    Each state stands for a moment, so that children and the helper's look of each second meet it."""
    good = mmdb.build(PLACES)
    other = mmdb.build({**PLACES, "100.64.0.0/10": mmdb.country("FR")}, record_size=32)
    while not is_over.is_set():
        for octets in (b"", good[:500], bytes(len(good)), other[:1000], other, good):
            with open(path, "r+b") as file:
                file.truncate(0)
                file.write(octets)
            is_over.wait(0.05)
        rounds.release()


@pytest.mark.mpm
def test_a_file_spoilt_in_place_harms_no_child(world):
    w = world(children=4)
    # Under this load a busy machine loses events, and says so.
    w.z.httpd.allow_log("ZTA0105", "ZTA0074: events_dropped")
    children = sorted(w.z.httpd.children())
    is_over = threading.Event()
    rounds = threading.Semaphore(0)
    spoiler = threading.Thread(target=spoil_in_place, args=(w.country_path, is_over, rounds))
    makers = [[[("X-Forwarded-For", a), ("Authorization", f"Bearer {w.token}")]]
              for a in (SWISS, GERMAN, NOWHERE, "2001:db8::1")]
    spoiler.start()
    with Load(w.z, makers, n_threads=4, target="/swiss/x") as load:
        for _ in range(20):
            assert rounds.acquire(timeout=10)
        load.wait_for(1000)
    is_over.set()
    spoiler.join()
    assert not load.errors and not load.broken
    for index, status in enumerate((200, 403, 403, 200)):
        assert set(load.statuses(index)) == {status}
    assert sorted(w.z.httpd.children()) == children
    os.truncate(w.country_path, 0)
    w.wait_for_alert("geo_refused")
    assert w.status("/swiss/x", SWISS) == 200
    w.replace_country({"198.51.100.0/24": mmdb.country("CH")})
    w.wait_for_alert("geo_refused", is_there=False)
    assert w.status("/swiss/x", GERMAN) == 200


def test_a_helper_that_was_killed_takes_over_what_came_meanwhile(world):
    w = world()
    w.z.httpd.allow_log("ZTA0053")
    for turn in range(5):
        for pid in w.z.httpd.helpers():
            os.kill(pid, 9)
        code = ("DE", "CH")[turn % 2]
        mmdb.write(w.country_path, {"192.0.2.0/24": mmdb.country(code)})
        wait_for(lambda c=code: w.status("/swiss/x", SWISS) == (200 if c == "CH" else 403),
                 what=f"{code} in force")
