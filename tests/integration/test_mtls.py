# SPDX-License-Identifier: Apache-2.0
"""Client certificates as credentials: of the connection, and as a trusted terminator names them."""

import base64
import hashlib
import re
import socket
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from support.client import Connection, tls_context
from support.issuer import b64u
from support.local import wait_for
from test_headers import spellings

RULES = """
allow service
  when path    /svc/**
  when issuer  mtls
  when subject client-a
  need binding mtls

allow pinned
  when path    /pinned/**
  when certificate {a}

allow people
  when path    /people/**
  when issuer  corp
"""
ALONE = {"stage": 1, "accept": "corp local mtls", "credentials": "header apikey:X-Api-Key mtls",
         "tls": True, "verify_client": "optional"}
SUBJECT = "ZTAMtlsSubject CN"
TERMINATOR = {"stage": 1, "accept": "mtls corp", "credentials": "header mtls",
              "modules": ("remoteip",), "vhost_text":
              "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n"
              f"{SUBJECT}\nZTAClientCertHeader Client-Cert"}
PEER = {"X-Forwarded-For": "203.0.113.7"}


def der(certificate):
    return certificate.certificate.public_bytes(serialization.Encoding.DER)


def client_cert(data):
    return f":{base64.b64encode(data).decode()}:"


def event_of(z, response):
    """The recorded event of a response."""
    name = response.header("X-ZTA-Id")
    return wait_for(lambda: next((e for e in z.events() if e["id"] == name), None), what="event")


# ---- the certificate of the connection ----

@pytest.mark.mpm
def test_a_certificate_alone_is_a_credential(zta, pki):
    z = zta(vhost_text=SUBJECT, **ALONE)
    r = z.get("/x", tls=True, certificate=pki.client_a)
    assert r.status == 200
    request = z.backend.last
    assert request.header("X-ZTA-Issuer") == "mtls"
    assert request.header("X-ZTA-Subject") == "client-a"
    event = event_of(z, r)
    assert (event["credential"], event["binding"]) == ("certificate", "mtls")
    assert (event["issuer"], event["subject"]) == ("mtls", "client-a")
    r = z.get("/x", tls=True)
    assert r.status == 401
    assert r.all("WWW-Authenticate") == [f'{scheme} realm="localhost"' for scheme in (
        "Bearer", "ApiKey", "ClientCertificate")]
    assert z.get("/x").status == 401


def test_every_stream_of_a_connection_has_its_certificate_read_once(zta, pki):
    z = zta(vhost_text=SUBJECT, log_level="info zta:debug", **ALONE)
    assert z.h2("/x", certificate=pki.client_a).status == 200
    urls = [f"{z.httpd.tls_url}/x?n={n}" for n in range(40)]
    statuses = _many_streams(pki, pki.client_a, urls)
    assert statuses == [200] * 40
    client = z.httpd.client(tls=True, certificate=pki.client_b)
    with client.connect() as connection:
        for _ in range(5):
            assert connection.request("GET", "/x").status == 200
            assert z.backend.last.header("X-ZTA-Subject") == "client-b"
    read = re.findall(r"ZTA0042: client certificate (\S+),", z.httpd.error_text())
    assert read == [pki.client_a.thumbprint()] * 2 + [pki.client_b.thumbprint()]


def _many_streams(pki, certificate, urls):
    """Statuses of requests that curl sends in parallel over one HTTP/2 connection."""
    command = ["curl", "-q", "-sS", "--http2", "--parallel", "--parallel-max", "40", "--noproxy",
               "*", "--cacert", pki.ca.cert, "--cert", certificate.cert, "--key", certificate.key,
               "-w", "%{http_code} %{num_connects}\n"]
    for url in urls:
        command += ["-o", "/dev/null", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [tuple(map(int, line.split())) for line in done.stdout.split("\n") if line]
    assert sum(connects for _, connects in rows) == 1, rows
    return [status for status, _ in rows]


def test_what_else_is_presented_comes_first_and_does_not_fall_back(zta, pki):
    z = zta(vhost_text=SUBJECT, **ALONE)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "k")["key"]
    both = {"tls": True, "certificate": pki.client_a}
    assert z.get("/x", token=token, **both).status == 200
    assert z.backend.last.header("X-ZTA-Issuer") == "corp"
    assert z.backend.last.header("X-ZTA-Subject") == "alice"
    assert z.get("/x", key=key, **both).status == 200
    assert z.backend.last.header("X-ZTA-Issuer") == "local"
    for headers in ({"Authorization": "Bearer a.b.c"}, {"X-Api-Key": "zta_x"},
                    {"Authorization": f"Bearer {z.issuer.token({'exp': 1})}"},
                    {"Authorization": f"DPoP {token}"}):
        assert z.get("/x", headers=headers, **both).status == 401
    assert z.get("/x", headers={"Authorization": "Bearer"}, **both).status == 400
    assert z.get("/x", headers={"Authorization": "Basic eDp5"}, **both).status == 200


def test_rules_see_certificates(zta, pki):
    z = zta(vhost_text=SUBJECT, **{**ALONE, "stage": 2},
            rules=RULES.format(a=pki.client_a.thumbprint()))
    token = z.issuer.token()
    a, b = ({"tls": True, "certificate": c} for c in (pki.client_a, pki.client_b))
    assert z.get("/svc/x", **a).status == 200
    assert z.get("/svc/x", **b).status == 403
    # The same name from another authority is somebody else.
    named = z.issuer.token({"sub": "client-a"})
    assert z.get("/svc/x", token=named).status == 403
    assert z.get("/people/x", **a).status == 403
    # Beside a token the certificate is a fact, not an identity.
    assert [z.get("/pinned/x", token=token, **c).status for c in (a, b, {"tls": True})] == [
        200, 403, 403]
    # From the token cache, with another certificate and another connection.
    assert z.get("/pinned/x", token=token, **a).status == 200
    assert z.get("/pinned/x", token=token).status == 403


def test_a_certificate_is_a_session_that_can_be_revoked(zta, pki):
    z = zta(vhost_text=SUBJECT, **ALONE)
    a, b = ({"tls": True, "certificate": c} for c in (pki.client_a, pki.client_b))
    assert z.get("/x", **a).status == 200
    session = event_of(z, z.get("/x", **b))["session"]
    z.ctl("revoke", "--session", session, "--reason", "test", "--yes")
    assert [z.get("/x", **c).status for c in (a, b)] == [200, 401]
    renewed = pki.issue("client-a")
    assert z.get("/x", tls=True, certificate=renewed).status == 200
    z.ctl("revoke", "--subject", "client-a@mtls", "--reason", "test", "--yes")
    assert z.get("/x", **a).status == 401
    assert z.get("/x", tls=True, certificate=renewed).status == 401
    assert z.get("/x", token=z.issuer.token()).status == 200
    z.ctl("block", "client-c@mtls", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/x", tls=True, certificate=pki.issue("client-c")).status == 403


def test_only_one_clean_value_of_the_field_is_a_subject(zta, pki):
    fields = ("CN", "O", "OU", "DN", "UID", "san:dns", "san:email", "san:uri", "serialNumber")
    z = zta(**ALONE, global_text="ZTAVerifyLimit off", vhost_text=SUBJECT + "\n" + "\n".join(
        f"<Location /{f.replace(':', '-')}/>\nZTAMtlsSubject {f}\n</Location>" for f in fields))

    details = []

    def subjects(certificate):
        found = {}
        for field in fields:
            r = z.get(f"/{field.replace(':', '-')}/", tls=True, certificate=certificate)
            found[field] = (z.backend.last.header("X-ZTA-Subject") if r.status == 200
                            else r.status)
            if field == "OU":
                details.append(event_of(z, r)["detail"])
        return found

    none = dict.fromkeys(fields, 401)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                      x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "one"),
                      x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "two"),
                      x509.NameAttribute(NameOID.COMMON_NAME, "Cem \u00d6zdemir")])
    names = [x509.DNSName("svc.test"), x509.RFC822Name("a@b.test"), x509.RFC822Name("c@b.test"),
             x509.UniformResourceIdentifier("spiffe://t/a")]
    assert subjects(pki.make("many", name, names)) == {
        **none, "CN": "Cem%20%C3%96zdemir", "O": "Test", "san:dns": "svc.test",
        "san:uri": "spiffe://t/a",
        "DN": "CN=Cem%20%C3%96zdemir,OU=two,OU=one,O=Test"}
    assert details == ["OU of the client certificate, its subject here, stands several times"]
    two = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n) for n in ("client-a", "admin")])
    assert subjects(pki.make("two", two)) == {**none, "DN": "CN=admin,CN=client-a"}
    long = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a" * 60)
                      for _ in range(5)])
    assert subjects(pki.make("long", long)) == none


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_certificate_that_nobody_verified_is_no_identity(zta, pki, version):
    z = zta(vhost_text=SUBJECT, **{**ALONE, "verify_client": "optional_no_ca"})
    stranger = pki.issue_foreign("client-a")
    context = tls_context(pki, stranger)
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    session = None
    for expected in (False, True, True):
        connection = _resume(z, context, session)
        with connection:
            # A child that has no ticket of another's makes a new session of TLS 1.3.
            assert connection.socket.session_reused == expected or version == "TLSv1_3"
            r = connection.request("GET", "/x")
            assert r.status == 401
            assert event_of(z, r)["detail"] == (
                "the client certificate was not verified by the server")
            assert connection.request("GET", "/x", {
                "Authorization": f"Bearer {z.issuer.token()}"}).status == 200
            session = connection.socket.session
    assert z.get("/x", tls=True, certificate=pki.client_a).status == 200


def _resume(z, context, session):
    """A connection that asks for a session to be resumed."""
    connection = Connection.__new__(Connection)
    raw = socket.create_connection(("127.0.0.1", z.httpd.tls_port), 15)
    connection.socket = context.wrap_socket(raw, server_hostname="localhost", session=session)
    connection._buffer = b""
    connection.is_reusable = True
    return connection


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_certificate_that_does_not_verify_ends_the_handshake(zta, pki, version):
    z = zta(vhost_text=SUBJECT, **ALONE)
    # mod_ssl says each time what was wrong with it.
    z.httpd.allow_log("AH02276", "AH02008", "AH02039", "AH02040", "SSL Library Error", "AH01998")
    stranger, expired = pki.issue_foreign("client-a"), pki.issue("client-a", days=(-9, -5))
    early = pki.issue("client-a", days=(5, 9))
    borrowed = pki.issue("client-b")
    borrowed.cert = pki.client_a.cert  # somebody's certificate, without his key
    for name, certificate in (("stranger", stranger), ("expired", expired), ("early", early),
                              ("self-signed", stranger.authority), ("without the key", borrowed)):
        with pytest.raises(OSError):
            context = tls_context(pki, certificate)
            context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
            with _resume(z, context, None) as connection:
                answer = connection.request("GET", "/x")
                pytest.fail(f"{name}: the handshake went on, {answer.status}")
    assert not z.backend.requests
    assert z.get("/x", tls=True, certificate=pki.client_a).status == 200


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_resumed_session_has_the_certificate_it_began_with(zta, pki, version):
    z = zta(vhost_text=SUBJECT, **ALONE)
    for certificate in (pki.client_a, None):
        context = tls_context(pki, certificate)
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
        session = None
        for expected in (False, True):
            with _resume(z, context, session) as connection:
                assert connection.socket.session_reused == expected
                assert connection.request("GET", "/x").status == (200 if certificate else 401)
                session = connection.socket.session


def test_a_connection_of_one_vhost_is_no_identity_in_another(zta, pki):
    """Two vhosts that trust different authorities: the handshake's one decides."""
    z = zta(vhost_text=SUBJECT, **ALONE, start=False)
    z.configure()
    other = z.httpd.vhost_text + f"\nSSLVerifyClient optional\nSSLCACertificateFile {pki.ca.cert}"
    z.httpd.vhost_text += "\nSSLCACertificateFile " + z.httpd.write(
        "conf/none.pem", open(pki.issue_foreign("x").authority.cert, encoding="ascii").read())
    z.httpd.named_vhosts = {"api.example.test": other}
    z.httpd.start()
    context = tls_context(pki, pki.client_a)
    with Connection("127.0.0.1", z.httpd.tls_port, context,
                    server_name="api.example.test") as connection:
        assert connection.request("GET", "/x", host="api.example.test").status == 200
        assert connection.request("GET", "/x", host="localhost").status == 421
    z.httpd.allow_log("AH02032")


def test_expired_and_future_certificates_of_a_terminator_are_refused(zta, pki):
    z = zta(**TERMINATOR)
    for days, reason in (((-10, -5), "expired_credential"), ((5, 10), "bad_credential")):
        certificate = pki.issue("client-a", days=days)
        r = z.get("/x", headers={**PEER, "Client-Cert": client_cert(der(certificate))})
        assert r.status == 401
        assert event_of(z, r)["reason"] == reason


def test_a_place_that_names_the_subject_by_another_field_does_not_take_it(zta, pki):
    z = zta(**ALONE, modules=("rewrite",), vhost_text=SUBJECT + (
        "\nRewriteEngine on\nRewriteRule ^/in/(.*) /o/$1 [PT]\nRewriteRule ^/same/(.*) /cn/$1 [PT]\n"
        "<Location /o>\nZTAMtlsSubject O\n</Location>\n<Location /cn>\nZTARealm x\n</Location>\n"
        "<Location /tokens>\nZTAAccept corp local\nZTACredentials header\n</Location>"))
    a = {"tls": True, "certificate": pki.client_a}
    assert [z.get(f"{p}/x", **a).status for p in ("/in", "/same", "/o", "/cn", "/tokens")] == [
        401, 200, 200, 200, 401]


# ---- behind a terminator ----

@pytest.mark.mpm
def test_a_trusted_terminator_names_the_certificate(zta, pki):
    z = zta(**TERMINATOR)
    chain = f"{client_cert(der(pki.ca))}"
    for certificate in (pki.client_a, pki.client_b):
        r = z.get("/x", headers={**PEER, "Client-Cert": client_cert(der(certificate)),
                                 "Client-Cert-Chain": chain})
        assert r.status == 200
        request = z.backend.last
        assert request.header("X-ZTA-Subject") == certificate.certificate.subject.get_attributes_for_oid(
            NameOID.COMMON_NAME)[0].value
        assert not [n for n, _ in request.headers if "cert" in n.lower()]


def test_nobody_else_names_a_certificate(zta, pki):
    z = zta(**TERMINATOR)
    token = z.issuer.token()
    value = client_cert(der(pki.client_a))
    count = 0
    for name in ("Client-Cert", "Client-Cert-Chain"):
        for spelt in spellings(name):
            # No trusted peer: the address was not replaced.
            assert z.get("/x", headers={spelt: value}).status == 401
            assert z.get("/x", token=token, headers={spelt: value}).status == 200
            assert not [n for n, _ in z.backend.last.headers if "cert" in n.lower()], spelt
            # A trusted one, but under a name that nobody configured.
            if spelt.lower() != "client-cert":
                assert z.get("/x", headers={**PEER, spelt: value}).status == 401
            count += 1
    assert count == 36
    # The sender is the terminator as far as TLS goes: its own certificate is not the client's.
    assert z.get("/x", headers={"X-Forwarded-For": "127.0.0.1", "Client-Cert": value}).status == 401


def test_a_header_that_is_not_exactly_one_certificate_is_none(zta, pki):
    z = zta(**TERMINATOR, global_text="ZTAVerifyLimit off")
    data = der(pki.client_a)
    text = base64.b64encode(data).decode()
    url = base64.urlsafe_b64encode(data).decode()
    pem = open(pki.client_a.cert, encoding="ascii").read()
    values = ["", ":", "::", text, f":{text}", f"{text}:", f'"{text}"', f":{text}:;a=1",
              f":{text}:, :{text}:", f": {text}:", f":{text} :", f":{text[:-4]}:", f":{text}====:",
              f":{text.rstrip('=')}:" if "=" in text else f":{text}=:", f":{text[1:]}:",
              f":{base64.b64encode(data + b'0').decode()}:", f":{base64.b64encode(pem.encode()).decode()}:",
              pem.replace("\n", " "), pem.replace("\n", "%0A"), pki.client_a.thumbprint(), "x" * 8000,
              f":{'A' * 8000}:", "\u00ff"]
    if url != text:
        values.append(f":{url}:")
    for value in values:
        r = z.get("/x", headers={**PEER, "Client-Cert": value})
        assert r.status == 401, value[:60]
    twice = [*PEER.items(), ("Client-Cert", f":{text}:"), ("Client-Cert", f":{text}:")]
    assert z.get("/x", headers=twice).status == 401
    spelt = [*PEER.items(), ("Client_Cert", client_cert(der(pki.client_b))), ("Client-Cert", f":{text}:")]
    assert z.get("/x", headers=spelt).status == 200
    assert z.backend.last.header("X-ZTA-Subject") == "client-a"


def test_the_header_counts_only_where_it_is_configured(zta, pki):
    z = zta(**{**TERMINATOR, "vhost_text": TERMINATOR["vhost_text"] +
               "\n<Location /direct>\nZTAClientCertHeader none\n</Location>\n"
               "<Location /other>\nZTAClientCertHeader X-SSL-Cert\n</Location>\n"
               "<Location /public>\nZTAStage 0\n</Location>", "tls": True,
               "verify_client": "optional"})
    named = {**PEER, "Client-Cert": client_cert(der(pki.client_a))}
    other = {**PEER, "X-SSL-Cert": client_cert(der(pki.client_a))}
    own = {"tls": True, "certificate": pki.client_b}
    assert [z.get(p, headers=named).status for p in ("/x", "/direct", "/other")] == [200, 401, 401]
    assert [z.get(p, headers=other).status for p in ("/x", "/direct", "/other")] == [401, 401, 200]
    # A certificate of the connection is the terminator's where a header is configured.
    assert [z.get(p, **own).status for p in ("/x", "/direct", "/other")] == [401, 200, 401]
    assert z.get("/public", headers={**named, **other}).status == 200
    assert not [n for n, _ in z.backend.last.headers if "cert" in n.lower()]


def test_without_enforcement_not_a_byte_is_changed(zta, pki):
    z = zta(stage=0, vhost_text="ZTAMonitor 1")
    value = client_cert(der(pki.client_a))
    assert z.get("/x", headers={"Client-Cert": value}).status == 200
    assert z.backend.last.header("Client-Cert") == value


# ---- tokens that are bound to a certificate ----

BOUND = {"stage": 1, "accept": "corp local", "tls": True, "verify_client": "optional"}


def bound(z, certificate, **claims):
    return z.issuer.token({"cnf": {"x5t#S256": certificate.thumbprint()}, **claims})


@pytest.mark.mpm
def test_a_bound_token_comes_with_its_certificate_only(zta, pki):
    z = zta(**{**BOUND, "stage": 2}, rules="allow bound\n  when path /x/**\n  need binding mtls\n")
    token = bound(z, pki.client_a)
    a, b = ({"tls": True, "certificate": c} for c in (pki.client_a, pki.client_b))
    for _ in range(2):  # the second time from the token cache
        r = z.get("/x/y", token=token, **a)
        assert r.status == 200
        assert event_of(z, r)["binding"] == "mtls"
        for options in (b, {"tls": True}, {}):
            r = z.get("/x/y", token=token, **options)
            assert r.status == 401
            assert r.all("WWW-Authenticate")[0] == (
                'Bearer realm="localhost", error="invalid_token"')
            assert event_of(z, r)["reason"] == "binding_failed"
    assert z.get("/x/y", token=z.issuer.token(), **a).status == 403
    assert z.h2("/x/y", token=token, certificate=pki.client_a).status == 200
    assert z.h2("/x/y", token=token, certificate=pki.client_b).status == 401


def test_other_spellings_of_a_thumbprint_bind_to_nothing(zta, pki):
    z = zta(**BOUND, global_text="ZTAVerifyLimit off")
    data = der(pki.client_a)
    good = pki.client_a.thumbprint()
    pem = open(pki.client_a.cert, "rb").read()
    key = pki.client_a.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha256(data)
    values = [b64u(hashlib.sha256(pem).digest()), b64u(hashlib.sha256(key).digest()), good + "=",
              good + "==", digest.hexdigest(), digest.hexdigest().upper(),
              ":".join(f"{n:02X}" for n in digest.digest()), good.lower(), good.upper(), good[:-1],
              good + "A", " " + good, good + " ", good + "\0", "", b64u(hashlib.sha1(data).digest()),
              base64.b64encode(digest.digest()).decode(), [good], [good, good], {"x": good}, None, 1,
              True]
    for value in values:
        token = z.issuer.token({"cnf": {"x5t#S256": value}})
        assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 401, value
    for cnf in ({}, None, [], good, {"x5t": good}, {"x5t#s256": good}, {"X5T#S256": good},
                {"x5t#S512": good}, {"kid": "k"}, {"jwk": {}}, {"jku": "https://evil.test"}):
        token = z.issuer.token({"cnf": cnf})
        assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 401, cnf
    assert z.get("/x", token=bound(z, pki.client_a), tls=True, certificate=pki.client_a).status == 200


def test_a_renewed_certificate_of_the_same_key_is_another(zta, pki):
    z = zta(**BOUND)
    renewed = pki.issue("client-a", key=pki.client_a.private_key)
    token = bound(z, pki.client_a)
    assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 200
    assert z.get("/x", token=token, tls=True, certificate=renewed).status == 401
    assert z.get("/x", token=bound(z, renewed), tls=True, certificate=renewed).status == 200


def test_a_kept_connection_is_asked_for_each_token(zta, pki):
    z = zta(**BOUND)
    a, b, plain = bound(z, pki.client_a), bound(z, pki.client_b), z.issuer.token()
    with z.httpd.client(tls=True, certificate=pki.client_a).connect() as connection:
        statuses = [connection.request("GET", "/x", {"Authorization": f"Bearer {t}"}).status
                    for t in (a, b, plain, b, a)]
    assert statuses == [200, 401, 200, 401, 200]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_resumed_session_proves_possession(zta, pki, version):
    z = zta(**BOUND)
    context = tls_context(pki, pki.client_a)
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    session = None
    for expected in (False, True):
        with _resume(z, context, session) as connection:
            assert connection.socket.session_reused == expected or version == "TLSv1_3"
            for certificate, status in ((pki.client_a, 200), (pki.client_b, 401)):
                assert connection.request("GET", "/x", {
                    "Authorization": f"Bearer {bound(z, certificate)}"}).status == status
            session = connection.socket.session


def test_possession_needs_no_authority(zta, pki):
    """With optional_no_ca a certificate proves its key, and that is all a token asks for."""
    z = zta(**{**BOUND, "verify_client": "optional_no_ca"})
    stranger, other = pki.issue_foreign("client-a"), pki.issue_foreign("client-a")
    token = bound(z, stranger)
    assert z.get("/x", token=token, tls=True, certificate=stranger).status == 200
    assert z.get("/x", token=token, tls=True, certificate=other).status == 401


def test_behind_a_terminator_tokens_are_bound_to_what_it_names(zta, pki):
    z = zta(**TERMINATOR)
    token = bound(z, pki.client_a)
    named = {**PEER, "Client-Cert": client_cert(der(pki.client_a))}
    assert z.get("/x", token=token, headers=named).status == 200
    other = {**PEER, "Client-Cert": client_cert(der(pki.client_b))}
    spoofed = {"Client-Cert": client_cert(der(pki.client_a))}
    for headers in (other, PEER, spoofed, {}, {**PEER, "Client_Cert": named["Client-Cert"]},
                    {**PEER, "Client-Cert": named["Client-Cert"][1:]}):
        assert z.get("/x", token=token, headers=headers).status == 401


def test_another_place_asks_for_the_certificate_again(zta, pki):
    z = zta(**BOUND, modules=("rewrite", "remoteip"), vhost_text=(
        "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nRewriteEngine on\n"
        "RewriteRule ^/in/(.*) /named/$1 [PT]\nRewriteRule ^/same/(.*) /other/$1 [PT]\n"
        "<Location /named>\nZTAClientCertHeader Client-Cert\n</Location>\n"
        "<Location /other>\nZTARealm other\n</Location>"))
    token = bound(z, pki.client_a)
    a = {"tls": True, "certificate": pki.client_a}
    value = client_cert(der(pki.client_b))
    assert z.get("/same/x", token=token, **a).status == 200
    assert z.get("/in/x", token=token, **a).status == 401
    assert z.get("/in/x", token=token, headers={**PEER, "Client-Cert": value}, **a).status == 401
    named = {**PEER, "Client-Cert": client_cert(der(pki.client_a))}
    assert z.get("/in/x", token=token, headers=named, **a).status == 200
    assert z.get("/in/x", token=token, headers=named).status == 401


def test_tokens_of_the_authorization_server_are_bound(zta, pki, authserver):
    z = zta(start=False, **{**BOUND, "accept": "as"})
    z.global_text = (f"<ZTAIssuer as {authserver.issuer}>\nZTAAudience {authserver.audience()}\n"
                     f"ZTAKeys file:{authserver.write_jwks(z.httpd.path('conf', 'as.json'))}\n"
                     "ZTAAlgorithms RS256 PS256 ES256 ES384 EdDSA\n</ZTAIssuer>")
    z.credentials = "header"
    z.start()
    token = authserver.certificate_token(pki.client_a)
    assert z.get("/x", token=token, tls=True, certificate=pki.client_a).status == 200
    assert z.backend.last.header("X-ZTA-Client") == "svc-mtls"
    assert z.get("/x", token=token, tls=True, certificate=pki.client_b).status == 401
    assert z.get("/x", token=token, tls=True).status == 401
    assert z.get("/x", token=token).status == 401
    assert z.get("/x", token=authserver.client_token(), tls=True).status == 200
