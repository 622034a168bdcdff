# SPDX-License-Identifier: Apache-2.0
"""Tokens bound to a key by DPoP (RFC 9449): who has the key enters, each time with a new proof."""

import threading
import time

import pytest

from support.authserver import ALGORITHMS
from support.dpop import Prover, with_proof
from support.issuer import Key, b64u
from support.load import spread
from support.local import wait_for

ORIGIN = "https://api.example.test"
NONE = 'DPoP realm="localhost", algs="'
OTHER_KEYS = Prover()


def governed(zta, vhost_text="", dpop="ZTADPoP required", **options):
    """A gateway that takes bound tokens, past the second in which it was started."""
    options.setdefault("global_text", "ZTAVerifyLimit off")
    z = zta(vhost_text=f"ZTAOrigin {ORIGIN}\nZTARealm localhost\n{dpop}\n{vhost_text}", **options)
    started = int(time.time())
    wait_for(lambda: int(time.time()) > started, what="the next second")
    return z


def send(z, prover, token, method="GET", path="/x", **options):
    """One request with a proof for what is sent, but for options."""
    http = {name: options.pop(name) for name in ("fresh", "source", "body") if name in options}
    headers = prover.headers(method, f"{ORIGIN}{path.split('?')[0]}", token, **options)
    return z.request(method, path, headers=headers, **http)


def error_of(answer, scheme="DPoP"):
    """The error of the challenge of this scheme, None without one."""
    for challenge in answer.all("WWW-Authenticate"):
        if challenge.startswith(f"{scheme} ") and 'error="' in challenge:
            return challenge.split('error="')[1].split('"')[0]
    return None


# ---- who has the key ----

@pytest.mark.mpm
def test_who_has_the_key_enters_and_the_api_sees_neither_token_nor_proof(zta):
    z = governed(zta, stage=2, rules="allow bound\n  when path /**\n  need binding dpop\n")
    prover = Prover()
    token = prover.bound(z.issuer)
    for _ in range(3):
        assert send(z, prover, token).status == 200
        seen = z.backend.last
        assert seen.header("X-ZTA-Subject") == "alice"
        assert seen.header("Authorization") is None and seen.header("DPoP") is None
    session = wait_for(lambda: z.json("sessions", "list"), what="the session")[0]
    assert session["binding"] == "dpop"


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"])
def test_keys_of_every_kind_serve(zta, alg):
    z = governed(zta)
    prover = Prover(alg)
    token = prover.bound(z.issuer)
    assert send(z, prover, token).status == 200
    assert send(z, prover, token).status == 200
    assert error_of(send(z, prover, token, key=Key(alg))) == "invalid_dpop_proof"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
                                    "PROPFIND", "MKCOL", "BREW", "M-SEARCH"])
def test_the_method_is_part_of_the_proof(zta, method):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    assert send(z, prover, token, method).status == 200
    for htm in ("GET" if method != "GET" else "POST", method.lower(), f"{method} ", ""):
        assert error_of(send(z, prover, token, method, claims={"htm": htm})) == "invalid_dpop_proof"


def test_a_new_proof_is_needed_while_the_tokens_identity_is_cached(zta):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    assert send(z, prover, token).status == 200
    assert z.get("/x", headers=[("Authorization", f"DPoP {token}")]).status == 401
    assert send(z, OTHER_KEYS, token).status == 401
    assert send(z, prover, token, claims={"htm": "POST"}).status == 401
    assert send(z, prover, token).status == 200


# ---- the checks of section 4.3, one defect each ----

def attacks(prover, token):
    """name, error, DPoP headers"""
    uri = f"{ORIGIN}/x"
    now = prover.iat() - 5

    def proof(**options):
        return prover.proof("GET", uri, options.pop("token", token), **options)

    private = prover.key.private.private_numbers().private_value.to_bytes(32, "big")
    bad = "invalid_dpop_proof"
    whole = proof()
    yield "two headers", bad, [proof(), proof()]
    yield "a comma", bad, [f"{proof()},{proof()}"]
    yield "none", bad, []
    yield "empty", bad, [""]
    yield "no JWT", bad, ["x"]
    yield "five parts", bad, [f"{whole}.a.b"]
    yield "two parts", bad, [whole.rsplit(".", 1)[0]]
    yield "an empty signature", bad, [whole.rsplit(".", 1)[0] + "."]
    for typ in ("JWT", "at+jwt", "DPOP+JWT", "application/dpop+jwt", "", None):
        yield f"typ {typ}", bad, [proof(header={"typ": typ})]
    yield "no typ", bad, [proof(drop_header=("typ",))]
    for alg in ("none", "None", "HS256", "RS256", "ES384", "es256", "", None):
        yield f"alg {alg}", bad, [proof(header={"alg": alg})]
    yield "no jwk", bad, [proof(drop_header=("jwk",))]
    yield "a kid alone", bad, [proof(drop_header=("jwk",), header={"kid": "k"})]
    yield "jwk null", bad, [proof(header={"jwk": None})]
    yield "a private key", bad, [proof(jwk={**prover.key.material(), "d": b64u(private)})]
    yield "a symmetric key", bad, [proof(jwk={"kty": "oct", "k": "AAAA"})]
    yield "half a key", bad, [proof(jwk={**prover.key.material(), "y": "AAAA"})]
    yield "a point off the curve", bad, [proof(jwk={**prover.key.material(), "y": "A" * 43})]
    yield "crit", bad, [proof(header={"crit": ["exp"]})]
    yield "b64", bad, [proof(header={"b64": False})]
    yield "another key", "invalid_token", [OTHER_KEYS.proof("GET", uri, token)]
    yield "signed by another", bad, [proof(key=OTHER_KEYS.key)]
    yield "r = s = 0", bad, [proof(signature=b"\0" * 64)]
    yield "a short signature", bad, [proof(signature=b"x" * 63)]
    for claim in ("jti", "htm", "htu", "iat", "ath"):
        yield f"no {claim}", bad, [proof(drop=(claim,))]
        yield f"{claim} null", bad, [proof(claims={claim: None})]
    yield "an empty jti", bad, [proof(claims={"jti": ""})]
    yield "a long jti", bad, [proof(claims={"jti": "j" * 257})]
    for age in (61, 3600):
        yield f"{age} s old", bad, [proof(claims={"iat": now - age})]
    for ahead in (15, 3600):
        yield f"{ahead} s ahead", bad, [proof(claims={"iat": now + ahead})]
    yield "iat in milliseconds", bad, [proof(claims={"iat": now * 1000})]
    yield "iat as a text", bad, [proof(claims={"iat": str(now)})]
    yield "ath of another token", bad, [proof(token=f"{token}x")]
    yield "the token as ath", bad, [proof(claims={"ath": token})]
    yield "a nonce not from here", "use_dpop_nonce", [proof(nonce="eyJ7S_zG.eyJH0-Z.HX4w-7v")]
    yield "a nonce that is no text", "use_dpop_nonce", [proof(claims={"nonce": 7})]


def test_each_defect_of_a_proof_refuses(zta):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    z.backend.clear()
    for name, error, proofs in attacks(prover, token):
        answer = z.get("/x", headers=[("Authorization", f"DPoP {token}"),
                                      *(("DPoP", proof) for proof in proofs)])
        assert (answer.status, error_of(answer)) == (401, error), name
        assert 'algs="ES256 ' in answer.header("WWW-Authenticate"), name
        assert answer.header("Content-Type") == "application/problem+json", name
        assert (answer.header("DPoP-Nonce") is not None) == (error == "use_dpop_nonce"), name
    assert not z.backend.requests
    assert send(z, prover, token).status == 200


# ---- the URI ----

def test_the_uri_is_the_origins_in_any_spelling_that_means_the_same(zta):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    rows = [
        ("/a/b", f"{ORIGIN}/a/b", True), ("/a/b?q=1", f"{ORIGIN}/a/b", True),
        ("/a/b", f"{ORIGIN}/a/b?other#x", True), ("/a/b", "HTTPS://API.Example.TEST:443/a/b", True),
        ("/a/b", f"{ORIGIN}/a/./x/../b", True), ("/%7eu", f"{ORIGIN}/~u", True),
        ("/~u", f"{ORIGIN}/%7Eu", True), ("/%C3%BC", f"{ORIGIN}/%c3%bc", True),
        ("/a%20b", f"{ORIGIN}/a%20b", True), ("/", ORIGIN, True), ("//a", f"{ORIGIN}//a", True),
        ("//a", f"{ORIGIN}/a", False), ("/a/b", f"{ORIGIN}/A/b", False),
        ("/a/b", f"{ORIGIN}/a/b/", False), ("/a/b", f"{ORIGIN}/a", False),
        ("/a/b", f"{ORIGIN}:8443/a/b", False), ("/a/b", f"{ORIGIN}:80/a/b", False),
        ("/a/b", "http://api.example.test/a/b", False), ("/a/b", "/a/b", False),
        ("/a/b", "//api.example.test/a/b", False),
        ("/a/b", "https://user@api.example.test/a/b", False),
        ("/a/b", "https://api.example.test.evil.test/a/b", False),
        ("/a/b", "https://api.example.test@evil.test/a/b", False),
        ("/a/b", f"{ORIGIN}/a%2Fb", False), ("/a/b", f"{ORIGIN}\\a\\b", False),
        ("/a/b", f"http://localhost:{z.httpd.port}/a/b", False),
    ]
    for path, htu, is_good in rows:
        answer = send(z, prover, token, path=path, claims={"htu": htu})
        assert answer.status == (200 if is_good else 401), (path, htu)
        assert error_of(answer) == (None if is_good else "invalid_dpop_proof"), (path, htu)


def test_nothing_that_a_request_says_of_its_host_changes_the_uri(zta):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    spoofs = [("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "http"),
              ("X-Forwarded-Port", "8443"), ("Forwarded", "host=evil.test;proto=http"),
              ("X-Original-URL", "/y"), ("X-Rewrite-URL", "/y"),
              ("X-HTTP-Method-Override", "POST")]
    for spoof in spoofs:
        good = prover.headers("GET", f"{ORIGIN}/x", token)
        assert z.get("/x", headers=[*good, spoof]).status == 200, spoof
        for htu in ("https://evil.test/x", "http://api.example.test/x", f"{ORIGIN}:8443/x",
                    f"{ORIGIN}/y"):
            bad = prover.headers("GET", htu, token)
            assert z.get("/x", headers=[*bad, spoof]).status == 401, (spoof, htu)
    for host in ("evil.test", "evil.test:443"):
        assert z.get("/x", headers=prover.headers("GET", f"{ORIGIN}/x", token),
                     host=host).status == 200
        assert z.get("/x", headers=prover.headers("GET", f"https://{host}/x", token),
                     host=host).status == 401
        # A target in absolute form names a host as well.
        headers = prover.headers("GET", f"https://{host}/x", token)
        assert z.get(f"http://{host}/x", headers=headers, host=host).status == 401


def test_a_rewritten_path_is_proved_as_it_was_sent(zta):
    z = governed(zta, proxy=None, modules=("rewrite",), vhost_text=(
        "RewriteEngine on\nRewriteRule ^/old/(.*)$ /new/$1 [PT]\n<Location /new>\nZTAMonitor 2\n"
        "</Location>\nProxyPass / ${BACKEND}/"), start=False)
    z.vhost_text = z.vhost_text.replace("${BACKEND}", z.backend.url)
    z.start()
    prover = Prover()
    token = prover.bound(z.issuer)
    wait_for(lambda: send(z, prover, token, path="/old/a").status == 200, what="proofs are taken")
    assert z.backend.last.path == "/new/a"
    assert send(z, prover, token, path="/old/a",
                claims={"htu": f"{ORIGIN}/new/a"}).status == 401


def test_without_an_origin_the_servers_own_name_counts(zta):
    z = zta(vhost_text="ZTADPoP required", global_text="ZTAVerifyLimit off")
    prover = Prover()
    token = prover.bound(z.issuer)
    base = f"http://localhost:{z.httpd.port}"

    def status(htu, host):
        return z.get("/x", headers=prover.headers("GET", htu, token), host=host).status

    wait_for(lambda: status(f"{base}/x", "localhost") == 200, what="proofs are taken")
    assert status(f"{base}/x", "evil.test") == 200
    assert status("http://evil.test/x", "evil.test") == 401
    assert status(f"http://evil.test:{z.httpd.port}/x", "evil.test") == 401
    assert status("http://localhost/x", "localhost") == 401
    assert status(f"https://localhost:{z.httpd.port}/x", "localhost") == 401


def test_over_tls_and_http2_the_uri_is_https(zta):
    z = zta(vhost_text="ZTADPoP required", global_text="ZTAVerifyLimit off", tls=True)
    prover = Prover()
    token = prover.bound(z.issuer)
    uri = f"localhost:{z.httpd.tls_port}/x"

    def status(scheme, method="GET"):
        headers = prover.headers(method, f"{scheme}://{uri}", token)
        return z.h2("/x", headers=headers, method=method).status

    wait_for(lambda: status("https") == 200, what="proofs are taken")
    assert status("https", "PATCH") == 200
    assert status("http") == 401
    headers = prover.headers("GET", f"https://{uri}", token)
    assert [z.h2("/x", headers=headers).status, z.get("/x", headers=headers, tls=True).status,
            z.get("/x", headers=headers).status] == [200, 401, 401]


# ---- once ----

def test_a_proof_passes_once_whichever_child_it_reaches(zta):
    z = governed(zta, children=4)
    prover = Prover()
    token = prover.bound(z.issuer)
    headers = prover.headers("GET", f"{ORIGIN}/x", token)
    assert z.get("/x", headers=headers, fresh=True).status == 200
    for _ in range(20):
        answer = z.get("/x", headers=headers, fresh=True)
        assert (answer.status, error_of(answer)) == (401, "invalid_dpop_proof")
    # Not under another spelling, nor with other words beside it; under another path it is another.
    jti = "one-name"
    assert send(z, prover, token, claims={"jti": jti}).status == 200
    assert send(z, prover, token, claims={"jti": jti, "htu": f"{ORIGIN}/./x?y"}).status == 401
    assert send(z, prover, token, claims={"jti": jti, "more": 1}).status == 401
    assert send(z, prover, token, path="/y", claims={"jti": jti}).status == 200
    z.reload()
    assert z.get("/x", headers=headers).status == 401


@pytest.mark.timeout(240)
def test_of_32_connections_with_one_proof_one_passes(zta):
    n_connections, n_rounds = 32, 100
    z = governed(zta, children=4, threads=16, mpm="event")
    prover = Prover()
    token = prover.bound(z.issuer)
    connections = spread(z, n_connections // 4)
    z.backend.clear()
    headers = [None]
    statuses = [[] for _ in range(n_rounds)]
    start = threading.Barrier(n_connections + 1)
    done = threading.Barrier(n_connections + 1)

    def race(connection):
        for seen in statuses:
            start.wait()
            try:
                seen.append(connection.request("GET", "/x", headers[0]).status)
            finally:
                done.wait()

    racers = [threading.Thread(target=race, args=(c,), daemon=True) for c in connections]
    for racer in racers:
        racer.start()
    for seen in statuses:
        headers[0] = prover.headers("GET", f"{ORIGIN}/x", token)
        start.wait(30)
        done.wait(30)
        assert sorted(seen) == [200] + [401] * (n_connections - 1)
    for racer in racers:
        racer.join(10)
    for connection in connections:
        connection.close()
    assert len(z.backend.requests) == n_rounds


def test_one_request_uses_its_proof_once_whatever_it_leads_to(zta):
    """Places that differ, an internal redirect, an error page: all one request of a client."""
    z = governed(zta, stage=2, rules="allow all\n  when path /**\n", proxy=None,
                 modules=("rewrite", "dir", "include", "alias"), start=False)
    z.vhost_text += (
        f"RewriteEngine on\nRewriteRule ^/a/(.*)$ /b/$1 [PT]\n<Location /b>\nZTARealm b\n"
        "ZTAMonitor 2\nZTADefault allow\n</Location>\n"
        f"ErrorDocument 404 /error\nProxyPass /files !\nProxyPass / {z.backend.url}/\n"
        f"Alias /files {z.httpd.path('files')}\n<Directory {z.httpd.path('files')}>\n"
        "Require all granted\nOptions +Includes\nDirectoryIndex index.html\n"
        "ForceType text/html\n<FilesMatch html$>\nSetOutputFilter INCLUDES\n</FilesMatch>\n"
        "</Directory>\n")
    z.httpd.write("files/index.html", '1<!--#include virtual="one.txt" -->'
                                      '2<!--#include virtual="two.txt" -->')
    z.httpd.write("files/one.txt", "one")
    z.httpd.write("files/two.txt", "two")
    z.start()
    prover = Prover()
    token = prover.bound(z.issuer)
    wait_for(lambda: send(z, prover, token).status == 200, what="proofs are taken")
    assert send(z, prover, token, path="/a/x").status == 200
    answer = send(z, prover, token, path="/files/")
    assert (answer.status, answer.text.split()) == (200, ["1one2two"])
    # Its error page is the back end's.
    assert send(z, prover, token, path="/files/none").status == 200
    assert z.backend.last.path == "/error"
    headers = prover.headers("GET", f"{ORIGIN}/files/", token)
    assert [z.get("/files/", headers=headers).status for _ in range(2)] == [200, 401]
    # A public page whose parts are not public: it is the parts that ask for proof.
    z.httpd.allow_log("unable to include")
    z.vhost_text += ("<Location /files>\nZTAStage 0\n</Location>\n"
                     "<LocationMatch txt$>\nZTAStage 2\n</LocationMatch>\n")
    z.reload()
    assert send(z, prover, token, path="/files/").text.split() == ["1one2two"]
    headers = prover.headers("GET", f"{ORIGIN}/files/", token)
    assert [z.get("/files/", headers=headers).text.count("one") for _ in range(2)] == [1, 0]


def test_after_a_restart_no_proof_from_before_is_taken(zta):
    z = governed(zta)
    prover = Prover()
    token = prover.bound(z.issuer)
    headers = prover.headers("GET", f"{ORIGIN}/x", token)
    assert z.get("/x", headers=headers).status == 200
    unused = prover.headers("GET", f"{ORIGIN}/x", token)
    z.restart()
    for old in (headers, unused):
        answer = z.get("/x", headers=old)
        assert (answer.status, error_of(answer)) == (401, "use_dpop_nonce")
    nonce = answer.header("DPoP-Nonce")
    headers = prover.headers("GET", f"{ORIGIN}/x", token, nonce=nonce)
    assert [z.get("/x", headers=headers).status for _ in range(2)] == [200, 401]


# ---- nonces ----

def test_nonces_are_asked_for_given_out_and_renewed(zta):
    z = governed(zta, dpop="ZTADPoP allowed nonce")
    prover = Prover()
    token = prover.bound(z.issuer)
    origin = [("Origin", "https://app.test")]
    first = z.get("/x", headers=prover.headers("GET", f"{ORIGIN}/x", token) + origin)
    assert (first.status, error_of(first)) == (401, "use_dpop_nonce")
    assert "no-store" in first.header("Cache-Control")
    exposed = first.header("Access-Control-Expose-Headers")
    assert "DPoP-Nonce" in exposed and "WWW-Authenticate" in exposed
    nonce = first.header("DPoP-Nonce")
    answer = z.get("/x", headers=prover.headers("GET", f"{ORIGIN}/x", token, nonce=nonce) + origin)
    assert answer.status == 200 and "no-store" in answer.header("Cache-Control")
    assert "DPoP-Nonce" in answer.header("Access-Control-Expose-Headers")
    nonce = answer.header("DPoP-Nonce")
    assert send(z, prover, token, nonce=nonce).status == 200
    # Without one, once they are wanted, nobody passes; no foreign or altered one does.
    for other in ("", "x", nonce[:-1], nonce + "A", nonce.swapcase(), nonce[::-1]):
        answer = send(z, prover, token, nonce=other)
        assert (answer.status, error_of(answer)) == (401, "use_dpop_nonce"), other
    assert error_of(send(z, prover, token)) == "use_dpop_nonce"
    # A good nonce mends nothing else; a client's clock may be wrong by years.
    assert error_of(send(z, prover, token, nonce=nonce, key=OTHER_KEYS.key)) == "invalid_dpop_proof"
    assert send(z, prover, token, nonce=nonce, claims={"iat": 1000000000}).status == 200
    headers = prover.headers("GET", f"{ORIGIN}/x", token, nonce=nonce)
    assert [z.get("/x", headers=headers).status for _ in range(2)] == [200, 401]
    # Who comes without a bound token is not asked.
    assert z.get("/x", token=z.issuer.token()).header("DPoP-Nonce") is None


def test_being_asked_for_a_nonce_does_not_count_as_a_failure(zta):
    z = governed(zta, dpop="ZTADPoP required nonce", global_text="ZTAVerifyLimit 3/1h")
    prover = Prover()
    token = prover.bound(z.issuer)
    for _ in range(20):
        answer = send(z, prover, token)
        assert answer.status == 401
    assert send(z, prover, token, nonce=answer.header("DPoP-Nonce")).status == 200
    for _ in range(3):
        assert send(z, prover, token, nonce=answer.header("DPoP-Nonce"),
                    key=OTHER_KEYS.key).status == 401
    assert send(z, prover, token, nonce=answer.header("DPoP-Nonce")).status == 429


# ---- schemes ----

def test_a_bound_token_is_no_bearer_token_anywhere(zta):
    z = governed(zta, vhost_text="<Location /allowed>\nZTADPoP allowed\n</Location>\n"
                                 "<Location /off>\nZTADPoP off\n</Location>")
    prover = Prover()
    token = prover.bound(z.issuer)
    for path in ("/x", "/allowed", "/off"):
        assert z.get(path, token=token).status == 401, path
        proof = prover.proof("GET", f"{ORIGIN}{path}", token)
        answer = z.get(path, headers=with_proof(token, proof, "Bearer"))
        scheme = "Bearer" if path == "/off" else "DPoP"
        assert (answer.status, error_of(answer, scheme)) == (401, "invalid_token"), path
    assert send(z, prover, token, path="/allowed").status == 200
    answer = send(z, prover, token, path="/off")
    assert (answer.status, error_of(answer, "Bearer")) == (401, "invalid_token")
    assert not [c for c in answer.all("WWW-Authenticate") if c.startswith("DPoP")]


def test_a_token_without_a_key_is_no_dpop_token(zta):
    z = governed(zta, vhost_text="<Location /allowed>\nZTADPoP allowed\n</Location>")
    prover = Prover()
    token = z.issuer.token()
    for path in ("/x", "/allowed"):
        answer = send(z, prover, token, path=path)
        assert (answer.status, error_of(answer)) == (401, "invalid_token"), path
    answer = z.get("/x", token=token)
    assert (answer.status, error_of(answer)) == (401, "invalid_token")
    assert z.get("/allowed", token=token).status == 200


def test_a_token_bound_to_a_certificate_too_needs_both(zta):
    z = governed(zta)
    prover = Prover()
    thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
    for cnf in ({"jkt": prover.jkt, "x5t#S256": thumbprint}, {"x5t#S256": thumbprint}):
        token = z.issuer.token({"cnf": cnf})
        assert send(z, prover, token).status == 401
        assert z.get("/x", token=token).status == 401


def test_challenges_name_the_schemes_that_open(zta):
    z = governed(zta, credentials="header", accept="corp", vhost_text=(
        "<Location /allowed>\nZTADPoP allowed\n</Location>\n"
        "<Location /off>\nZTADPoP off\n</Location>"))
    rows = [("/x", ["DPoP"]), ("/allowed", ["Bearer", "DPoP"]), ("/off", ["Bearer"])]
    for path, schemes in rows:
        for headers in ([], [("Authorization", "Basic YTpi")]):
            answer = z.get(path, headers=headers)
            challenges = answer.all("WWW-Authenticate")
            assert [c.split()[0] for c in challenges] == schemes, path
            assert not [c for c in challenges if "error" in c], path
        answer = z.get(path, headers=[("Authorization", "DPoP")])
        assert answer.status == 400
        assert [error_of(answer, s) for s in schemes] == ["invalid_request"] * len(schemes), path
    answer = z.get("/allowed", token="a.b.c")
    assert (error_of(answer, "Bearer"), error_of(answer)) == ("invalid_token", None)
    answer = z.get("/allowed", headers=[("Authorization", "DPoP a.b.c")])
    assert (error_of(answer, "Bearer"), error_of(answer)) == (None, "invalid_token")


def test_api_keys_and_proxy_credentials_are_no_bound_tokens(zta):
    z = governed(zta, dpop="ZTADPoP allowed")
    key = z.json("keys", "create", "--name", "k")["key"]
    prover = Prover()
    assert z.get("/x", key=key).status == 200
    assert send(z, prover, key).status == 401
    token = prover.bound(z.issuer)
    proof = prover.proof("GET", f"{ORIGIN}/x", token)
    assert z.get("/x", headers=[("Proxy-Authorization", f"DPoP {token}"),
                                ("DPoP", proof)]).status == 401


def test_monitoring_uses_no_proof_up(zta):
    z = governed(zta, stage=0, vhost_text="<Location /enforced>\nZTAStage 1\n</Location>\n"
                                          "<Location /monitored>\nZTAMonitor 1\n</Location>")
    prover = Prover()
    token = prover.bound(z.issuer)
    headers = prover.headers("GET", f"{ORIGIN}/monitored", token)
    for _ in range(3):
        answer = z.get("/monitored", headers=headers)
        assert answer.status == 200 and answer.header("DPoP-Nonce") is None
        assert z.backend.last.header("Authorization") == f"DPoP {token}"
        assert z.backend.last.header("DPoP") is not None
    headers = prover.headers("GET", f"{ORIGIN}/enforced", token)
    assert [z.get("/enforced", headers=headers).status for _ in range(2)] == [200, 401]
    # The very proof that a monitoring server has seen is good where it counts, once.
    z.httpd.named_vhosts["strict.test"] = (
        f"ZTAOrigin {ORIGIN}\nZTAStage 1\nZTAAccept corp\nZTADPoP required\n"
        f"ProxyPass / {z.backend.url}/")
    z.reload()
    headers = prover.headers("GET", f"{ORIGIN}/monitored", token)
    assert [z.get("/monitored", headers=headers, host=host).status
            for host in ("localhost", "localhost", "strict.test", "strict.test")] == [
                200, 200, 200, 401]


def test_a_forwarded_token_keeps_its_proof(zta):
    z = governed(zta, vhost_text="ZTAForward authorization")
    prover = Prover()
    token = prover.bound(z.issuer)
    assert send(z, prover, token).status == 200
    assert z.backend.last.header("Authorization") == f"DPoP {token}"
    assert z.backend.last.header("DPoP") is not None


def test_a_revoked_session_of_a_key_stays_revoked(zta):
    z = governed(zta)
    prover = Prover()
    assert send(z, prover, prover.bound(z.issuer)).status == 200
    session = wait_for(lambda: z.json("sessions", "list"), what="the session")[0]
    assert session["kind"] == "cnf"
    z.ctl("revoke", "--session", session["id"], "--reason", "stolen")
    assert send(z, prover, prover.bound(z.issuer, {"auth_time": 1})).status == 401


# ---- a real authorization server ----

@pytest.mark.mpm
def test_bound_tokens_of_a_real_authorization_server(zta, authserver):
    audiences = " ".join(authserver.audience(a) for a in ALGORITHMS)
    z = governed(zta, accept="as", credentials="header", start=False)
    z.global_text += (f"\n<ZTAIssuer as {authserver.issuer}>\nZTAAudience {audiences}\n"
                      f"ZTAKeys file:conf/as.json\nZTAAlgorithms {' '.join(ALGORITHMS)}\n"
                      "</ZTAIssuer>")
    authserver.write_jwks(z.httpd.path("conf/as.json"))
    z.httpd.allow_log("ZTA0013: issuer as")
    z.start()
    prover = Prover()
    uri = f"{authserver.issuer}/token"
    token = authserver.client_token("svc-dpop", "ES256", proof=prover.proof(
        "POST", uri, claims={"iat": int(time.time())}))
    wait_for(lambda: send(z, prover, token).status == 200, what="proofs are taken")
    assert z.backend.last.header("X-ZTA-Client") == "svc-dpop"
    assert send(z, OTHER_KEYS, token).status == 401
    assert z.get("/x", token=token).status == 401
    headers = prover.headers("GET", f"{ORIGIN}/x", token)
    assert [z.get("/x", headers=headers).status for _ in range(2)] == [200, 401]
    assert z.get("/x", token=authserver.client_token("svc", "ES256")).status == 401
