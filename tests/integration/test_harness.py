# SPDX-License-Identifier: Apache-2.0
"""The test harness itself: it must start, stop and above all fail when it should."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import threading

import pytest

from support import leaks, proc
from support.authserver import claims_of
from support.backend import tomcat_path
from support.client import Client, Connection, Truncated, request_bytes
from support.dpop import Prover
from support.gateway import Gateway, credentials
from support.httpd import Httpd, HttpdError
from support.issuer import Issuer, Key, b64u_decode
from support.local import ROOT, free_port, wait_for, write
from support.store import CtlError, Store


def proxy(backend):
    return f"ProxyPass / {backend.url}/ retry=0"


@pytest.mark.mpm
def test_httpd_proxies_and_records_what_the_back_end_saw(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    r = server.request("POST", "/a%20b?x=1", [("X-Twice", "1"), ("X-Twice", "2")], body="hello")
    assert r.status == 200
    assert r.json()["target"] == "/a%20b?x=1"
    seen = backend.last
    assert (seen.method, seen.body, seen.path) == ("POST", b"hello", "/a%20b")
    assert ",".join(seen.all("x-twice")).replace(" ", "") == "1,2"


@pytest.mark.mpm
def test_tls_presents_the_test_pki_and_passes_client_certificates(httpd, pki, backend):
    server = httpd(tls=True, verify_client="optional", vhost_text=proxy(backend) + """
        RequestHeader set X-Dn "expr=%{SSL_CLIENT_S_DN}" """)
    assert server.get("/plain").status == 200
    assert server.get("/", tls=True).status == 200
    assert server.get("/", tls=True, certificate=pki.client_a).status == 200
    assert [r.header("X-Dn", "")[:11] for r in backend.requests][-1] == "CN=client-a"
    assert len(pki.client_a.thumbprint()) == 43


def test_http2_works_over_tls_and_in_clear(httpd, backend, pki):
    if os.environ.get("MPM") == "prefork":
        pytest.skip("mod_http2 is not used under prefork")
    server = httpd(tls=True, vhost_text=proxy(backend))
    for is_tls in (True, False):
        r = server.h2("/h2?x", [("X-A", "1")], tls=is_tls, method="POST", body="abc")
        assert (r.version, r.status, r.json()["body"]) == ("HTTP/2", 200, "abc")


def test_http2_can_be_left_out(httpd, backend):
    server = httpd(h2=False, vhost_text=proxy(backend))
    with pytest.raises(ConnectionError):
        server.h2("/", tls=False)


@pytest.mark.mpm
def test_graceful_serves_the_new_configuration_and_finishes_requests(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    old, parent = server.workers(), server.pid
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(server.get, "/slow?ms=700", fresh=True)
        backend.wait_for_requests(1)
        server.vhost_text = "ProxyPass /gone !\n" + proxy(backend)
        server.graceful()
        assert slow.result().status == 200
    assert server.pid == parent and not set(old) & set(server.workers())
    assert server.get("/gone").status == 404


@pytest.mark.mpm
def test_hangup_and_full_restart_come_back(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    parent = server.pid
    server.hangup()
    assert server.pid == parent and server.get("/").status == 200
    server.restart_full()
    assert server.pid != parent and server.get("/").status == 200


def test_graceful_refuses_what_configtest_refuses(httpd):
    server = httpd()
    server.vhost_text = "NoSuchDirective on"
    with pytest.raises(HttpdError, match="NoSuchDirective"):
        server.graceful()
    assert server.get("/").status == 404


@pytest.mark.mpm
def test_the_number_of_children_is_as_ordered(httpd):
    server = httpd(children=3, threads=4, processes=5)
    wanted = 5 if server.mpm == "prefork" else 3
    wait_for(lambda: len(server.workers()) == wanted, what="workers")
    assert server.helpers() == []


def test_a_killed_server_leaves_nothing_and_starts_again(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    pids = [server.pid, *server.children()]
    server.kill9()
    assert not any(map(proc.is_alive, pids))
    server.start()
    assert server.get("/").status == 200


def test_a_killed_parent_leaves_children_that_are_found(httpd):
    server = httpd()
    workers = server.workers()
    server.kill9(is_all=False)
    assert set(workers) <= set(server.processes_left())
    with pytest.raises(HttpdError, match="still there after stop"):
        server.stop(timeout=1)
    assert not any(map(proc.is_alive, workers))


def test_a_detached_process_that_outlives_httpd_is_found(httpd):
    server = httpd(start=False)
    begun = server.path("begun")
    logger = server.write(
        "conf/logger", f"#!/bin/sh\ntrap '' TERM\nsleep 60 &\n: >{begun}\ncat\n", 0o755)
    server.global_text = f'CustomLog "|/usr/bin/setsid {logger}" short'
    server.start()
    wait_for(lambda: os.path.exists(begun), what="the logger")
    with pytest.raises(HttpdError, match="still there after stop: .*'sleep'"):
        server.stop(timeout=1)
    assert server.processes_left() == []


def test_start_fails_with_the_reason(httpd):
    server = httpd(start=False, global_text="NoSuchDirective on")
    with pytest.raises(HttpdError, match="(?s)exited with 1.*NoSuchDirective"):
        server.start()


def test_configtest_tries_other_texts_than_the_running_ones(httpd):
    server = httpd()
    assert server.configtest() == (0, "Syntax OK\n")
    code, output = server.configtest(vhost_text="KeepAliveTimeout never")
    assert code == 1 and "KeepAliveTimeout" in output
    assert server.is_running()


def test_log_check_fails_on_a_planted_error(httpd):
    server = httpd(vhost_text=f"ProxyPass / http://127.0.0.1:{free_port()}/ retry=0")

    def ask(nth):
        assert server.get("/").status == 503
        wait_for(lambda: server.error_text().count("AH01114") == nth, what="its last line")
    ask(1)
    with pytest.raises(AssertionError, match="AH00957"):
        server.check_log_clean()
    server.check_log_clean()
    ask(2)
    server.check_log_clean(allow=["AH00957", "AH01114"])


def test_log_check_fails_on_a_crash_and_on_lines_that_are_none(httpd):
    server = httpd()
    os.kill(server.workers()[0], signal.SIGSEGV)
    server.wait_for_log("exit signal Segmentation")
    with pytest.raises(AssertionError, match="exit signal Segmentation"):
        server.check_log_clean()
    with open(server.path("logs/error.log"), "a", encoding="ascii") as f:
        f.write("==1==ERROR: AddressSanitizer: heap-use-after-free\n")
    with pytest.raises(AssertionError, match="heap-use-after-free"):
        server.check_log_clean()


def test_the_fixture_fails_a_case_whose_log_is_not_clean(directory):
    case = f"{directory}/test_planted.py"
    with open(case, "w", encoding="ascii") as f:
        f.write("def test_loud(httpd):\n"
                f"    s = httpd(vhost_text='ProxyPass / http://127.0.0.1:{free_port()}/')\n"
                "    assert s.get('/').status == 503\n")
    tests = os.path.join(ROOT, "tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", f"{tests}/integration/pytest.ini", "--rootdir",
         directory, "-p", "no:cacheprovider", "-p", "integration.conftest", case],
        env={**os.environ, "PYTHONPATH": tests, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout and "AH00957" in done.stdout


def test_client_sends_exact_bytes_and_sees_every_header(httpd, backend):
    server = httpd(vhost_text=proxy(backend) + "\nHeader always add X-A 1\nHeader add X-A 2")
    with server.client().connect() as connection:
        connection.send(b"GET /a%2e//b;x HTTP/1.1\r\nHost: localhost\r\nx-MiXed: v\r\n\r\n")
        r = connection.response()
        assert sorted(r.all("x-a")) == ["1", "2"]
        assert dict(backend.last.headers)["x-MiXed"] == "v"
        connection.send("NONSENSE\r\n\r\n")
        assert connection.response().status == 400
        wait_for(connection.is_closed_by_peer, what="close")
        with pytest.raises(Truncated):
            connection.response()


def test_client_keeps_connections_and_survives_their_end(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    client = Client(server.port)
    with client.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/").status == 200
        assert connection.is_reusable and not connection.is_closed_by_peer()
    server.hangup()
    assert client.get("/").status == 200
    server.kill9()
    server.start()
    assert client.get("/").status == 200
    client.close()


def test_client_comes_from_the_address_asked_for(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    assert server.get("/", source="127.0.0.77").status == 200
    assert backend.last.header("X-Forwarded-For") == "127.0.0.77"


def test_back_end_answers_its_special_paths(httpd, backend):
    server = httpd(vhost_text=proxy(backend) + " upgrade=ANY")
    assert server.get("/x/status/418").status == 418
    assert len(server.get("/big?n=100000").body) == 100000
    assert server.request("HEAD", "/big?n=100000").body == b""
    assert server.get("/sse?n=3&ms=1").text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert server.get("/set?X-Zta-Id=own").header("X-Zta-Id") == "own"
    with server.client().connect() as connection:
        connection.send(request_bytes("GET", "/ws", {"Upgrade": "echo", "Connection": "Upgrade"}))
        assert connection.response().status == 101
        connection.send(b"ping")
        assert connection.read_exactly(4) == b"ping"


def test_back_end_records_chunks_and_trailers(backend):
    with Connection("127.0.0.1", backend.port) as connection:
        connection.send(b"POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n")
        assert connection.response().status == 200
    assert backend.last.body == b"abc" and backend.last.trailers == [("X-End", "1")]


@pytest.mark.parametrize("target, path", [
    ("/public/..;/admin", "/admin"),
    ("/public/..;a=b/admin/x", "/admin/x"),
    ("/public/%2e%2e/admin", "/admin"),
    ("/public/..%2fadmin", "/admin"),
    ("/public/..%5Cadmin", "/admin"),
    ("/public/x/%2e%2e;y/../admin", "/admin"),
    ("//admin", "/admin"),
    ("/a//b/./c/", "/a/b/c/"),
    ("/public/%252e%252e/admin", "/public/%2e%2e/admin"),
    ("/public/%3b/x", "/public/;/x"),
    ("http://h/public/..;/admin?q=/x", "/admin"),
    ("/public/x%00", None),
    ("/../admin", None),
])
def test_tomcat_reads_paths_its_own_way(target, path):
    assert tomcat_path(target) == path


def test_tomcat_tells_what_was_reached(httpd, tomcat):
    server = httpd(vhost_text=f"ProxyPass / {tomcat.url}/ retry=0")
    assert server.get("/public/x").status == 200
    assert not tomcat.reached("/admin")
    assert server.get("/public/..;/Admin/y").status == 200
    assert [r.path for r in tomcat.reached("/admin")] == ["/public/..;/Admin/y"]
    assert not tomcat.reached("/adm")


@pytest.mark.parametrize("alg", ["RS256", "RS384", "PS256", "ES256", "ES384", "ES512", "EdDSA",
                                 "HS256", "none"])
def test_issuer_signs_with_every_algorithm(issuer, alg):
    key = b"k" * 32 if alg == "HS256" else None
    header, payload, signature = issuer.token(alg=alg, key=key).split(".")
    assert f'"alg": "{alg}"' in b64u_decode(header).decode()
    assert len(b64u_decode(signature)) == {"RS256": 256, "RS384": 256, "PS256": 256, "ES256": 64,
                                           "ES384": 96, "ES512": 132, "EdDSA": 64, "HS256": 32,
                                           "none": 0}[alg]
    assert claims_of(f"{header}.{payload}.")["iss"] == issuer.url


def test_issuer_makes_malformed_tokens(issuer):
    token = issuer.token({"roles": ["a"], "aud": None}, drop=("exp",), header={"typ": "JWT"},
                         drop_header=("kid",), signature=lambda good: good[:-1])
    header, _, signature = token.split(".")
    assert "exp" not in claims_of(token) and claims_of(token)["aud"] is None
    assert b64u_decode(header) == b'{"typ": "JWT", "alg": "RS256"}'
    assert len(b64u_decode(signature)) == 255
    raw = issuer.token(header_raw=b"{\0}", payload_raw=b'{"a":1,"a":2}', signature=b"x")
    assert [b64u_decode(p) for p in raw.split(".")] == [b"{\0}", b'{"a":1,"a":2}', b"x"]


def test_issuer_publishes_weak_and_rotated_keys(issuer, directory):
    weak = Key("RS256", bits=1024, kid="weak")
    issuer.write_jwks(extra=[weak.jwk(e="AQ", use="enc", drop=("alg",))])
    published = issuer.jwks([weak.jwk()])["keys"]
    assert {k["kty"] for k in published} == {"RSA", "EC", "OKP"}
    old = issuer.key("RS256").kid
    issuer.rotate("RS256")
    with open(issuer.path, encoding="ascii") as f:
        text = f.read()
    assert old not in text and issuer.key("RS256").kid in text
    assert Issuer(directory).key("RS256").kid == old


@pytest.mark.timeout(300)
def test_authorization_server_issues_and_refreshes(authserver, directory):
    with open(authserver.write_jwks(f"{directory}/jwks.json"), encoding="ascii") as f:
        published = f.read()
    for alg in ("RS256", "EdDSA"):
        token = authserver.client_token("svc-admin", alg)
        claims = claims_of(token)
        assert claims["iss"] == authserver.issuer
        assert claims["aud"] == authserver.audience(alg)
        assert (claims["scope"], claims["roles"]) == ("read write", ["reader", "admin"])
    assert '"d"' not in published and '"EdDSA"' in published
    tokens = authserver.login("alice", acr="urn:example:mfa", amr=("pwd", "otp"))
    first = claims_of(tokens["access_token"])
    assert (first["sub"], first["acr"]) == ("alice", "urn:example:mfa")
    assert first["sid"] and first["auth_time"]
    again = claims_of(authserver.refresh(tokens)["access_token"])
    assert again["jti"] != first["jti"]
    assert [again[c] for c in ("sid", "auth_time", "acr", "sub")] == [
        first[c] for c in ("sid", "auth_time", "acr", "sub")]
    assert claims_of(authserver.login("alice")["access_token"])["sid"] != first["sid"]


def test_a_credential_that_is_written_anywhere_is_found(directory, issuer, monkeypatch):
    token = issuer.token()
    signature = token.rpartition(".")[2]
    key = f"zta_{'a1B2' * 3}_{'k7Qz9Lm3Xw' * 4}abc_000000"
    request_bytes("GET", f"/x?access_token={issuer.token({'sub': 'query'})}",
                  {"X-Api-Key": key, "Cookie": "a=0123456789abcdef"})
    proof = Prover().proof("GET", "https://api.example.test/x", token)
    kept = os.path.join(directory, "kept")
    for written in (token, signature[:23], signature[-23:], f'"note": "{proof}"', f"\0\1{key.split('_')[2]}\xff",
                    "0123456789abcdef"):
        with open(kept, "w", encoding="latin-1") as file:
            file.write(f"some text before {written} and behind\n")
        with pytest.raises(AssertionError, match=f"credentials were written:\n{kept}: "):
            leaks.check_files(directory)
    # What is public of them, too little of one, and a file that is there for it.
    for written in (token.rpartition(".")[0], signature[100:115], key.rpartition("_")[0][:17], "x" * 400):
        with open(kept, "w", encoding="ascii") as file:
            file.write(written)
        leaks.check_files(directory)
    write(kept, token)
    leaks.check_files(directory)
    printing = write(f"{directory}/ztactl", f"#!/bin/sh\necho refused {token}\n", 0o755)
    monkeypatch.setenv("ZTA_CTL", printing)
    Store(f"{directory}/store").run("keys", "list")
    with pytest.raises(AssertionError, match="ztactl keys list: a token of the issuer, a signature"):
        leaks.check_outputs()
    leaks.allow("^ztactl keys list$", "this is what the case is about")
    leaks.check_outputs()


def test_store_runs_ztactl_and_judges_its_exit_code(directory, monkeypatch):
    program = write(f"{directory}/ztactl", """#!/bin/sh
        test "$3" = fail && { echo broken >&2; exit 3; }
        printf '{"arguments": "%s"}\\n{"input": "%s"}\\n' "$*" "$(cat)"\n""", 0o755)
    monkeypatch.setenv("ZTA_CTL", program)
    made = Store(f"{directory}/store")
    assert made.json("events", data="text") == [
        {"arguments": f"--store {made.directory} events --json"}, {"input": "text"}]
    assert made.run("fail", code=3).stderr == "broken\n"
    assert made.run("fail", code={1, 3}).returncode == made.run("fail", code=None).returncode
    with pytest.raises(CtlError, match="exit 3, expected 0(?s:.*)broken"):
        made.run("fail")


def test_gateway_writes_the_directives_asked_for(pki, backend):
    gateway = Gateway(pki, backend, stage=2, accept=None, rules="deny all\n",
                      global_text="# more", load_zta=False)
    try:
        gateway.configure()
        text = gateway.httpd.config(vhost_text=gateway.httpd.vhost_text + "\nZTARealm x")
        for line in (f"ZTAStore {gateway.store.directory}", f"ZTARules {gateway.rules_path}",
                     f"ZTAKeys file:{gateway.issuer.path}", "ZTAStage 2", "# more", "ZTARealm x",
                     f"ProxyPass / {backend.url}/ retry=0"):
            assert line in text.splitlines()
        assert "ZTAAccept" not in text
        with open(gateway.rules_path, encoding="ascii") as f:
            assert f.read() == "deny all\n"
    finally:
        gateway.httpd.remove()


def test_credentials_stand_before_other_headers():
    assert credentials("t", "k", {"X-A": "1"}) == [
        ("Authorization", "Bearer t"), ("X-Api-Key", "k"), ("X-A", "1")]


def test_many_threads_share_one_client(httpd, backend):
    server = httpd(vhost_text=proxy(backend))
    failed = []

    def work():
        failed.extend(r for r in (server.get("/") for _ in range(20)) if r.status != 200)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed and len(backend.requests) == 160


def test_a_server_needs_no_fixture(pki):
    server = Httpd(pki)
    try:
        server.start()
        assert server.get("/").status == 404
    finally:
        server.stop()
        server.remove()
    assert not os.path.exists(server.root)
