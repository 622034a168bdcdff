# SPDX-License-Identifier: Apache-2.0
"""docs/service-to-service.md: its configuration and its rules in front of two APIs, and every call of its
table by the services that it names."""

import os
import re

import pytest
from cryptography import x509

from support.issuer import Key
from support.local import ROOT, wait_for
from test_mtls import event_of
from test_upstream import JWKS, said

PAGE = os.path.join("docs", "service-to-service.md")
RULES = os.path.join(ROOT, "docs", "examples", "service-to-service.zta")
PUBLISHED = "/.well-known/zta-jwks.json"
ORIGIN = "https://mesh.example.com"


def page():
    with open(os.path.join(ROOT, PAGE), encoding="utf-8") as file:
        return file.read()


class Mesh:
    """The page's configuration in a running server, and its services."""

    def __init__(self, zta, pki, samples):
        with open(RULES, encoding="utf-8") as file:
            rules = file.read()
        self.z = z = zta(start=False, stage=None, accept=None, credentials=None, proxy=None, tls=True,
                         verify_client="optional", rules=rules)
        self.orders = samples(f"{z.httpd.url}{PUBLISHED}", ORIGIN, "https://orders.mesh.example.com")
        z.httpd.write("conf/assertion.pem", Key("ES256").private_pem(), 0o600)
        z.global_text, z.vhost_text = self._texts()
        z.start()
        self.pki = pki
        self.certificates = {name: self._certificate(name) for name in ("orders", "billing")}

    def _texts(self):
        """The block's lines for all of httpd and those for the virtual host; hosts and files are ours."""
        (block,) = re.findall(r"```apache\n(.*?)```", page(), re.S)
        block = re.sub(r"<ZTAIssuer.*?</ZTAIssuer>\nZTARules [^\n]*\n", "", block, flags=re.S)
        for name, here in (("/etc/zta/", "conf/"), ("http://orders.internal:8080", self.orders.url),
                           ("http://stock.internal:8080", self.z.backend.url)):
            assert name in block
            block = block.replace(name, here)
        assert not re.search(r"internal:|/etc/", block)
        return block.split("\n", 1)[0], block.split("\n", 1)[1]

    def _certificate(self, name):
        uri = x509.UniformResourceIdentifier(f"spiffe://example.com/{name}")
        return self.pki.make(name, x509.Name([]), [uri])

    def token(self, subject, client, scope, bound_to=None):
        claims = {"sub": subject, "client_id": client, "scope": scope}
        if bound_to:
            claims["cnf"] = {"x5t#S256": self.certificates[bound_to].thumbprint()}
        return self.z.issuer.token(claims)

    def callers(self):
        """(by, with) of the page's table: token and certificate."""
        own, reserve = "orders:own", "stock:reserve"
        bound = self.token("alice", "orders", reserve, "orders")
        orders, billing = self.certificates["orders"], self.certificates["billing"]
        return {
            ("orders", "its certificate"): (None, orders),
            ("billing", "its certificate"): (None, billing),
            ("nobody", "nothing"): (None, None),
            ("orders for alice", "her bound token, its certificate"): (bound, orders),
            ("a thief", "her bound token, billing's certificate"): (bound, billing),
            ("a thief", "her bound token alone"): (bound, None),
            ("orders for alice", "a token that is not bound"): (
                self.token("alice", "orders", reserve), orders),
            ("billing", "its token"): (self.token("billing", "billing", "orders:read"), None),
            ("billing for alice", "her token"): (self.token("alice", "billing", "orders:read"), None),
            ("shop for alice", "her token"): (self.token("alice", "shop", own), None),
            ("shop for a user who is called billing", "his token"): (
                self.token("billing", "shop", own), None),
            ("shop", "its token"): (self.token("shop", "shop", own), None),
            ("a service that nobody knows, for alice", "her token"): (
                self.token("alice", "unknown", f"{own} orders:read"), None),
        }

    def call(self, method, target, token=None, certificate=None):
        return self.z.request(method, target, token, tls=True, certificate=certificate)


@pytest.fixture
def mesh(zta, pki, samples):
    return Mesh(zta, pki, samples)


def test_every_call_of_the_page_ends_as_it_says(mesh):
    rows = re.findall(r"^\| `(\w+) (\S+)` \| (.+?) \| (.+?) \| (\d+) \| `([\w-]+)` \|$", page(), re.M)
    callers = mesh.callers()
    assert len(rows) > 15 and {row[2:4] for row in rows} == set(callers)
    for method, target, by, with_, status, decided in rows:
        answer = mesh.call(method, target, *callers[by, with_])
        # The sample API answers GET alone: what it gets otherwise was let through to it.
        assert str(answer.status) == status, (by, with_, target, answer.text)
        event = event_of(mesh.z, answer)
        assert decided in (event["rule"], event["reason"]), (by, with_, target, event)


def test_each_api_learns_which_service_calls_for_whom(mesh):
    callers = mesh.callers()
    told = {}
    for by, with_ in (("billing", "its token"), ("shop for alice", "her token")):
        answer = mesh.call("GET", "/mesh/orders/7", *callers[by, with_])
        assert answer.status == 200
        told[by] = answer.json()["claims"]
    assert [(c["sub"], c["client_id"], c["issuer"]) for c in told.values()] == [
        ("billing", "billing", "corp"), ("alice", "shop", "corp")]
    for by, with_, subject, client, issuer in (
            ("orders", "its certificate", "spiffe://example.com/orders", None, "mtls"),
            ("orders for alice", "her bound token, its certificate", "alice", "orders", "corp")):
        assert mesh.call("POST", "/mesh/stock/reservations", *callers[by, with_]).status == 200
        request = mesh.z.backend.last
        claims = said(request.header("X-ZTA-Assertion"))[1]
        assert (claims["sub"], claims.get("client_id"), claims["issuer"]) == (subject, client, issuer)
        assert claims["aud"] == "https://stock.mesh.example.com"
        assert request.header("Authorization") is None
        # What is said to one API opens no other.
        assert mesh.orders.direct(request.header("X-ZTA-Assertion")).status == 401
    # What the page says of shutting a service out, whomever it calls for.
    mesh.z.ctl("revoke", "--client", "shop@corp", "--reason", "test", "--yes")
    refused = mesh.call("GET", "/mesh/orders/7", *callers["shop for alice", "her token"])
    assert refused.status == 401
    identifier = refused.header("X-ZTA-Id")
    wait_for(lambda: mesh.z.ctl("explain", identifier, code=None).returncode == 0, what="the event")
    assert "revoked" in mesh.z.ctl("explain", identifier).stdout
    mesh.z.ctl("revoke", "--subject", "spiffe://example.com/orders@mtls", "--reason", "test", "--yes")
    assert mesh.call("POST", "/mesh/stock/reservations",
                     *callers["orders", "its certificate"]).status == 401
    assert mesh.z.get(JWKS).status == 404 and mesh.z.get(PUBLISHED).status == 200


def test_the_rules_decide_what_their_cases_say(mesh):
    for word in ("check", "test"):
        done = mesh.z.ctl("rules", word, RULES)
        assert "warning" not in done.stderr
    assert re.search(r"^(\d+) of \1 cases are as expected\.$", done.stdout + done.stderr, re.M)
