# SPDX-License-Identifier: Apache-2.0
"""The device of a request: by certificate, by claim, by posture, and what the inventory says."""

import base64
import hashlib
import json
import os
import time

import pytest
from cryptography.hazmat.primitives import serialization

from support.dpop import Prover
from support.issuer import Issuer, b64u
from support.issuerserver import JWKS, IssuerServer
from support.local import wait_for
from test_faults import GONE
from test_headers import spellings

RULES = """
allow all
  when path /**
  need issuer corp local

require known
  when path /known/**
  need device known
require compliant
  when path /compliant/**
  need device compliant
require managed
  when path /managed/**
  need device managed
require attested
  when path /attested/**
  need device attested
require owned
  when path /owned/**
  need device owner-match
require modern
  when path /modern/**
  need os macos>=14.2
"""
PLACES = ("known", "compliant", "managed", "attested", "owned", "modern")
HEADER = "Device-Posture"
POSTURE_URL = "https://posture.example.com"


class World:
    """A gateway at stage 3 with a posture issuer, over TLS with optional client certificates."""

    def __init__(self, zta, stage=3, rules=RULES, posture=f"header={HEADER}", vhost_text="",
                 keys=None, **options):
        options.setdefault("issuer_text", "ZTAClaim device device_id")
        self.z = zta(start=False, stage=stage, rules=rules, tls=True, verify_client="optional",
                     vhost_text=f"ZTADPoP allowed\n{vhost_text}", **options)
        os.mkdir(self.z.httpd.path("conf", "posture"), 0o755)
        self.poster = Issuer(self.z.httpd.path("conf", "posture"), url=POSTURE_URL)
        keys = keys or self.poster.path
        self.z.global_text = f"ZTATrustedPosture {POSTURE_URL} keys={keys} {posture}"
        self.z.start()
        self.origin = self.z.httpd.tls_url

    def device(self, *arguments):
        self.z.ctl("devices", "set", *arguments)

    def posture(self, token, claims=None, header=None, **options):
        """A good posture of device LT-1, bound to the token; claims of value None are left out."""
        now = int(time.time())
        body = {"iss": POSTURE_URL, "aud": self.z.issuer.audience, "sub": "alice", "iat": now,
                "exp": now + 120, "device": "LT-1", "managed": True, "compliant": True,
                "os": "macOS", "os_version": "14.2", "ath": ath(token), **(claims or {})}
        payload = json.dumps({k: v for k, v in body.items() if v is not None})
        options.setdefault("alg", "ES256")
        return self.poster.token(payload_raw=payload,
                                 header={"typ": "posture+jwt", **(header or {})}, **options)

    def may(self, token=None, certificate=None, headers=(), **options):
        """The places that open, by their first letters."""
        opened = ""
        with self.z.httpd.client(tls=True, certificate=certificate).connect() as connection:
            for place in PLACES:
                fields = list(headers) + [("Authorization", f"Bearer {token}")]
                status = connection.request("GET", f"/{place}/x", fields).status
                assert status in (200, 403), status
                opened += place[0] if status == 200 else "."
        return opened

    def may_with(self, posture, token=None, **options):
        token = token or self.token()
        return self.may(token, headers=[(HEADER, posture)], **options)

    def token(self, **claims):
        return self.z.issuer.token({"sub": "alice", **claims})

    def reason(self, path, token, headers=()):
        """Reason and detail as recorded."""
        response = self.z.get(path, token=token, headers=headers)
        name = response.header("X-ZTA-Id")
        event = wait_for(lambda: next((e for e in self.z.events() if e["id"] == name), None),
                         what="event")
        return event["reason"]


def ath(token):
    return b64u(hashlib.sha256(token.encode()).digest())


@pytest.fixture
def world(zta):
    return lambda **options: World(zta, **options)


def test_a_certificate_of_the_inventory_is_its_device(world, pki):
    w = world()
    token = w.token()
    assert w.may(token, pki.client_a) == "......"
    w.device("LT-1", "--certificate", pki.client_a.thumbprint(), "--managed", "yes", "--owner",
             "alice@corp", "--os", "macos", "--os-version", "14.3")
    assert w.may(token, pki.client_a) == "k.m.om"
    assert w.may(token, pki.client_b) == "......"
    assert w.may(token) == "......"
    # Each change holds from the next request on.
    w.device("LT-1", "--compliant", "yes")
    assert w.may(token, pki.client_a) == "kcm.om"
    w.device("LT-1", "--compliant", "no", "--os-version", "14.1.9")
    assert w.may(token, pki.client_a) == "k.m.o."
    w.device("LT-1", "--owner", "bob@corp")
    assert w.may(token, pki.client_a) == "k.m..."
    w.device("LT-1", "--owner", "alice@local")
    assert w.may(token, pki.client_a) == "k.m..."
    w.z.ctl("devices", "remove", "LT-1")
    assert w.may(token, pki.client_a) == "......"


def test_a_certificate_that_a_trusted_terminator_passes_on_is_one_too(world, pki):
    w = world(modules=("remoteip",), vhost_text="RemoteIPHeader X-Forwarded-For\n"
              "RemoteIPInternalProxy 127.0.0.1\nZTAClientCertHeader Client-Cert")
    w.device("LT-1", "--certificate", pki.client_a.thumbprint(), "--compliant", "yes")
    der = pki.client_a.certificate.public_bytes(serialization.Encoding.DER)
    passed = ("Client-Cert", f":{base64.b64encode(der).decode()}:")
    token = w.token()
    assert w.may(token, headers=[("X-Forwarded-For", "203.0.113.7"), passed]) == "kc...."
    # Who is not behind the terminator says nothing by it, and its own connection counts for nobody.
    assert w.may(token, headers=[passed]) == "......"
    assert w.may(token, pki.client_a, headers=[("X-Forwarded-For", "203.0.113.7")]) == "......"


def test_a_claim_names_a_device_of_the_inventory(world):
    w = world()
    token = w.token(device_id="LT-2")
    assert w.may(token) == "......"
    w.device("LT-2", "--compliant", "yes", "--owner", "alice@corp")
    assert w.may(token) == "kc..o."
    assert w.may(w.token(device_id="LT-3")) == "......"
    assert w.may(w.token()) == "......"
    assert w.reason("/compliant/x", w.token()) == "device_unknown"
    assert w.reason("/managed/x", token) == "device_noncompliant"


def test_certificate_and_claim_of_different_devices_cancel_each_other(world, pki):
    w = world()
    w.device("LT-1", "--certificate", pki.client_a.thumbprint(), "--compliant", "yes")
    w.device("LT-2", "--compliant", "yes")
    assert w.may(w.token(device_id="LT-1"), pki.client_a) == "kc...."
    assert w.may(w.token(device_id="LT-2"), pki.client_a) == "......"
    assert w.may(w.token(device_id="LT-9"), pki.client_a) == "kc...."


def test_a_posture_bound_to_the_token_attests(world):
    w = world()
    token = w.token()
    posture = w.posture(token)
    assert w.may_with(posture, token) == "kcma.m"
    # Of any algorithm, again from what is kept, and only with its own token.
    assert w.may_with(posture, token) == "kcma.m"
    assert w.may_with(posture, w.token()) == "......"
    assert w.may_with(w.posture(token, alg="EdDSA"), token) == "kcma.m"
    assert w.may_with(w.posture(token, alg="RS256"), token) == "kcma.m"
    # The inventory's word counts beside it, the less favourable of both.
    w.device("LT-1", "--owner", "alice@corp", "--compliant", "no")
    assert w.may_with(posture, token) == "k.maom"
    w.device("LT-1", "--compliant", "yes")
    assert w.may_with(w.posture(token, {"compliant": False}), token) == "k.maom"
    assert w.may_with(w.posture(token, {"compliant": None, "os": None, "os_version": None}),
                      token) == "kcmao."


def test_a_posture_is_bound_to_a_proven_key(world, pki):
    w = world()
    prover = Prover()
    token = prover.bound(w.z.issuer, {"sub": "alice"})
    started = int(time.time())
    wait_for(lambda: int(time.time()) > started, what="the next second")

    def status(jkt, posture_token=token):
        posture = w.posture(posture_token, {"ath": None, "cnf": {"jkt": jkt}})
        headers = prover.headers("GET", f"{w.origin}/attested/x", token)
        return w.z.request("GET", "/attested/x", headers=headers + [(HEADER, posture)],
                           tls=True).status
    assert status(prover.jkt) == 200
    assert status(Prover().jkt) == 403
    # A token that is bound to no key proves none.
    bearer = w.token()
    posture = w.posture(bearer, {"ath": None, "cnf": {"jkt": prover.jkt}})
    assert w.may_with(posture, bearer) == "......"


def test_a_posture_is_bound_to_the_certificate_of_the_connection(world, pki):
    w = world()
    token = w.token()
    posture = w.posture(token, {"ath": None, "cnf": {"x5t#S256": pki.client_a.thumbprint()}})
    assert w.may_with(posture, token, certificate=pki.client_a) == "kcma.m"
    assert w.may_with(posture, token, certificate=pki.client_b) == "......"
    assert w.may_with(posture, token) == "......"
    w.device("LT-9", "--certificate", pki.client_a.thumbprint(), "--compliant", "yes")
    assert w.may_with(posture, token, certificate=pki.client_a) == "......"


def test_an_unbound_posture_makes_at_most_known(world):
    w = world()
    token = w.token()
    posture = w.posture(token, {"ath": None})
    assert w.may_with(posture, token) == "......"
    w.device("LT-1", "--compliant", "yes", "--managed", "yes", "--owner", "alice@corp")
    assert w.may_with(posture, token) == "k....."
    assert w.z.backend.last.header("X-ZTA-Device") is None


DEFECTS = {
    "expired": {"iat": -200, "exp": -1},
    "too long": {"exp": 301},
    "from the future": {"iat": 90, "exp": 200},
    "no exp": {"exp": None},
    "other audience": {"aud": "https://other.example.com"},
    "no audience": {"aud": None},
    "other issuer": {"iss": "https://evil.example.com"},
    "other subject": {"sub": "bob"},
    "no subject": {"sub": None},
    "no device": {"device": None},
    "hostile device": {"device": "a\x1b[2J"},
    "other token": {"ath": ath("another")},
    "other key": {"cnf": {"jkt": ath("k")}},
    "unknown binding": {"cnf": {"kid": "x"}},
    "traits as text": {"compliant": "yes"},
}


def test_a_defective_posture_says_nothing(world):
    w = world(log_level="info zta:info")
    w.device("LT-1", "--compliant", "yes", "--managed", "yes", "--owner", "alice@corp")
    token = w.token()
    now = int(time.time())
    for name, claims in DEFECTS.items():
        timed = {k: now + v if k in ("iat", "exp") and v is not None else v
                 for k, v in claims.items()}
        mark = w.z.httpd.log_mark()
        assert w.may_with(w.posture(token, timed), token) == "......", name
        w.z.httpd.wait_for_log(r"ZTA0093: posture in Device-Posture is not taken", mark)
    for header in ({"typ": "JWT"}, {"typ": "at+jwt"}, {"crit": ["x"]}, {"kid": "nobody"}):
        assert w.may_with(w.posture(token, header=header), token) == "......", header
    assert w.may_with(w.posture(token, alg="none"), token) == "......"
    assert w.may_with(w.posture(token, alg="HS256", key=b"secret"), token) == "......"
    good = w.posture(token)
    for text in ("", "x", "a.b.c", good[:-2], good + "A", f"{good}, {good}", "." * 20, "a" * 8100):
        assert w.may_with(text, token) == "......", text[:40]
    twice = w.may(token, headers=[(HEADER, good), (HEADER, good)])
    assert twice == "......"
    assert w.may_with(good, token) == "kcmaom"
    # An access token is no posture, nor is a posture one.
    assert w.may_with(token, token) == "......"
    assert w.z.get("/x", token=good).status == 401


def test_a_posture_expires_however_it_was_kept(world):
    w = world()
    token = w.token()
    now = int(time.time())
    posture = w.posture(token, {"iat": now - 100, "exp": now + 3})
    assert w.may_with(posture, token) == "kcma.m"
    wait_for(lambda: w.may_with(posture, token) == "......", what="the posture's end")
    assert time.time() >= now + 3


def test_the_header_never_reaches_the_api(world):
    w = world()
    token = w.token(device_id="LT-2")
    w.device("LT-2", "--compliant", "yes")
    posture = w.posture(token, {"device": "LT-2"})
    for name in [HEADER, *spellings(HEADER)]:
        response = w.z.get("/x", token=token, headers=[(name, posture), ("X-Zta-Device", "forged")])
        assert response.status == 200
        sent = {n.lower().replace("_", "-") for n, _ in w.z.backend.last.headers}
        assert HEADER.lower() not in sent, name
        assert w.z.backend.last.all("X-ZTA-Device") == ["LT-2"]
    assert w.z.get("/x", token=w.token()).status == 200
    assert w.z.backend.last.header("X-ZTA-Device") is None


def test_a_monitored_device_is_recorded_and_changes_nothing(world):
    w = world(stage=2, vhost_text="ZTAMonitor 3")
    token = w.token(device_id="LT-2")
    w.device("LT-2", "--compliant", "no")
    assert w.may(token) == "kcmaom"
    assert w.z.backend.last.header("X-ZTA-Device") is None
    response = w.z.get("/compliant/x", token=token)
    event = wait_for(lambda: next((e for e in w.z.events()
                                   if e["id"] == response.header("X-ZTA-Id")), None), what="event")
    assert event["monitor"]["reason"] == "device_noncompliant"


def test_below_stage_3_nobody_looks_for_a_device(world):
    w = world(stage=2)
    token = w.token(device_id="LT-2")
    w.device("LT-2", "--compliant", "yes")
    assert w.may(token) == "kcmaom"
    assert w.z.backend.last.header("X-ZTA-Device") is None


def test_a_revoked_device_is_refused_whatever_names_it_and_at_any_stage(world, pki):
    w = world(stage=1, issuer_text="ZTAClaim device device_id\nZTALeeway 0")
    now = int(time.time())
    plain, claim, key = (w.token(auth_time=now - 9), w.token(device_id="LT-1", auth_time=now - 9),
                         w.z.json("keys", "create", "--name", "k1")["key"])
    posture = [(HEADER, w.posture(plain))]
    unbound = [(HEADER, w.posture(plain, {"ath": None}))]
    w.device("LT-1", "--certificate", pki.client_a.thumbprint())

    def statuses():
        def ask(headers=(), certificate=None, **options):
            with w.z.httpd.client(tls=True, certificate=certificate).connect() as connection:
                who = ([("Authorization", f"Bearer {options['token']}")] if "token" in options
                       else [("X-Api-Key", options["key"])])
                return connection.request("GET", "/x", list(headers) + who).status
        return [ask(token=plain), ask(token=claim), ask(token=plain, certificate=pki.client_a),
                ask(token=plain, headers=posture), ask(token=plain, headers=unbound),
                ask(key=key, certificate=pki.client_a), ask(key=key),
                ask(token=plain, certificate=pki.client_b)]

    assert statuses() == [200] * 8
    report = w.z.json("revoke", "--device", "LT-1", "--reason", "stolen")
    assert report["target"] == "device LT-1" and "log in again" in report["effect"]
    assert "hits" not in report
    refused = [200, 401, 401, 401, 401, 401, 200, 200]
    assert statuses() == refused
    until = int(time.time())
    wait_for(lambda: int(time.time()) > until, what="a login of a later second")
    assert w.z.get("/x", token=w.token(device_id="LT-1", auth_time=until + 1)).status == 200
    response = w.z.get("/x", token=plain, headers=posture)
    assert 'error="invalid_token"' in response.header("WWW-Authenticate")
    assert w.reason("/x", plain, posture) == "revoked"
    w.z.ctl("revoke", "--device", "LT-9", "--reason", "another")
    assert statuses() == refused
    # Taken back by its number, or by its name.
    w.z.ctl("undo", str(report["action"]), "--yes")
    assert statuses() == [200] * 8
    w.z.ctl("revoke", "--device", "LT-1", "--reason", "stolen")
    assert statuses() == refused
    w.z.ctl("unrevoke", "--device", "LT-1")
    assert statuses() == [200] * 8
    w.z.ctl("unrevoke", "--device", "LT-1", code=1)
    w.z.ctl("revoke", "--device", " x", "--reason", "t", code=1)


def test_without_the_store_a_device_that_might_be_revoked_is_not_let_in(world, pki):
    w = world(stage=1, vhost_text="ZTAFailure stale=1h", children=1)
    w.z.httpd.allow_log(*GONE)
    token = w.token()
    w.device("LT-1", "--certificate", pki.client_a.thumbprint())

    def status(certificate=None):
        with w.z.httpd.client(tls=True, certificate=certificate).connect() as connection:
            return connection.request("GET", "/x", [("Authorization", f"Bearer {token}")]).status

    w.z.ctl("revoke", "--device", "LT-1", "--reason", "stolen")
    assert [status(), status(pki.client_a), status(pki.client_b)] == [200, 401, 200]
    os.rename(w.z.store.directory, w.z.store.directory + ".away")
    wait_for(lambda: status(pki.client_a) == 503, what="the store being missed")
    assert [status(), status(pki.client_a), status(pki.client_b)] == [200, 503, 503]
    os.rename(w.z.store.directory + ".away", w.z.store.directory)
    wait_for(lambda: status(pki.client_b) == 200, what="200 again")


def test_audiences_of_the_line_replace_those_of_tokens(world):
    w = world(posture=f"header={HEADER} audience=https://fleet.example.com")
    token = w.token()
    assert w.may_with(w.posture(token), token) == "......"
    assert w.may_with(w.posture(token, {"aud": ["x", "https://fleet.example.com"]}),
                      token) == "kcma.m"


def test_bad_posture_keys_end_a_start_and_serve_on_at_a_restart(world):
    w = world()
    token = w.token()
    w.poster.write_jwks("{")
    code, output = w.z.configtest()
    assert code != 0 and "ZTA0014" in output
    w.z.httpd.allow_log("ZTA0015", "ZTA0013")
    w.z.reload(check=False)
    assert w.may_with(w.posture(token), token) == "kcma.m"
    wait_for(lambda: any(a["name"] == "keys_refused" and w.poster.path in a["text"]
                         for a in w.z.json("status")["alerts"]), what="the alert")
    w.poster.write_jwks()
    w.z.reload()
    assert w.may_with(w.posture(token), token) == "kcma.m"


def test_posture_keys_of_a_url_are_fetched_and_renewed(zta, directory):
    server = IssuerServer(Issuer(directory)).start()
    try:
        w = World(zta, keys=f"{server.origin}{JWKS}")
        token = w.token()
        wait_for(lambda: w.may_with(w.posture(token), token) == "kcma.m", what="the keys")
        named = {issuer["name"]: issuer for issuer in w.z.json("issuers")}
        assert named["posture-1"]["url"] == POSTURE_URL
        # It issues no tokens, so nobody is named by it.
        plan = w.z.ctl("block", "a@posture-1", "--for", "1h", "--reason", "x", "--dry-run").stdout
        assert plan.startswith("a@posture-1@corp\n")
        server.issuer.rotate("ES256")
        w.poster.keys = server.issuer.keys
        assert w.may_with(w.posture(token), token) == "......"
        w.z.ctl("issuers", "refresh")
        wait_for(lambda: w.may_with(w.posture(token), token) == "kcma.m", what="the new key")
    finally:
        server.stop()


def test_the_directive_names_what_is_wrong(zta):
    z = zta(start=False)
    for line, expected in (
            ("ZTATrustedPosture", "exactly the iss"),
            ("ZTATrustedPosture https://p.example", "keys=FILE|URL and header=NAME"),
            ("ZTATrustedPosture https://p.example keys=/x", "keys=FILE|URL and header=NAME"),
            ("ZTATrustedPosture https://p.example keys= header=A", "keys=FILE or an https URL"),
            ("ZTATrustedPosture https://p.example keys=/x header=Authorization", "header=NAME"),
            ("ZTATrustedPosture https://p.example keys=/x header=X-ZTA-Posture", "header=NAME"),
            ("ZTATrustedPosture https://p.example keys=/x header=A header=B", "each once"),
            ("ZTATrustedPosture p keys=http://p.example/jwks header=A", "an https URL"),
            ("ZTATrustedPosture https://p.example keys=/x header=A ttl=5", "got 'ttl=5'"),
            ("ZTATrustedPosture keys=/x header=A", "exactly the iss")):
        code, output = z.configtest(global_text=line)
        assert code != 0 and expected in output, (line, output)
    assert z.configtest(vhost_text="ZTATrustedPosture p keys=/x header=A")[0] != 0
    twice = "ZTATrustedPosture p keys=/x header=A\n" * 2
    assert "each ISSUER once" in z.configtest(global_text=twice)[1]
