# SPDX-License-Identifier: Apache-2.0
"""Opaque tokens where places, bindings, transports and time meet: what their issuer says counts
for the token and the place it was said of, and no longer than it may."""

import json
import socket
import threading
import time

import pytest

from support.dpop import Prover
from support.introspector import AUDIENCE, Introspector, opaque
from support.issuer import b64u
from support.issuerserver import Answer
from support.local import free_port, wait_for
from test_introspection import ALERT, LIMIT_OFF, TROUBLE, asking, write_secret  # noqa: F401

ORIGIN = "https://api.example.test"


# ---- places ----

PLACES = """
<Location /one>
  ZTAAccept corp audience=https://one.test
</Location>
<Location /two>
  ZTAAccept corp audience=https://two.test
</Location>
<Location /both>
  ZTAAccept corp audience=https://one.test audience=https://two.test
</Location>
<Location /partner>
  ZTAAccept partner
</Location>
<Location /keys>
  ZTAAccept local
</Location>
"""


@pytest.mark.mpm
@pytest.mark.parametrize("is_first_there", [True, False])
def test_a_known_opaque_token_opens_no_other_place(asking, is_first_there):  # noqa: F811
    z, endpoint = asking(start=False, vhost_text=PLACES, accept="corp partner local",
                         credentials="header")
    z.global_text += (f"\n<ZTAIssuer partner https://partner.test>\nZTAAudience {AUDIENCE}\n"
                      f"ZTAKeys file:{z.issuer.path}\nZTAAlgorithms RS256 PS256 ES256 ES384 ES512 EdDSA\n"
                      "</ZTAIssuer>")
    z.start()
    one, two, own = opaque("one"), opaque("two"), opaque("own")
    endpoint.answers = {one: endpoint.good(aud="https://one.test"), own: endpoint.good(),
                        two: endpoint.good(aud=["https://x.test", "https://two.test"])}
    opens = {one: {"/one", "/both"}, two: {"/two", "/both"}, own: {"/"}}
    places = ["/one", "/two", "/both", "/partner", "/keys", "/"]
    if not is_first_there:
        places.reverse()
    for _ in range(3):
        for token, good in opens.items():
            for place in places:
                answer = z.get(place, token=token, fresh=True)
                assert answer.status == (200 if place in good else 401), (token, place)
    # Once for all places that take its issuer's tokens; of the others nobody is asked.
    assert [endpoint.count(t) for t in opens] == [1, 1, 1]
    fresh = opaque("fresh")
    for place in ("/partner", "/keys"):
        assert z.get(place, token=fresh).status == 401
    assert endpoint.count(fresh) == 0


@pytest.mark.mpm
def test_an_opaque_token_comes_by_every_entry_and_protocol(asking):  # noqa: F811
    z, endpoint = asking(tls=True, credentials="header query cookie:zta")
    good, bad = opaque("good"), opaque("bad")
    endpoint.answers[good] = endpoint.good()
    for token, status in ((good, 200), (bad, 401)):
        assert z.get("/x", token=token).status == status
        assert z.get(f"/x?access_token={token}").status == status
        assert z.get("/x", headers={"Cookie": f"zta={token}"}).status == status
        assert z.get("/x", token=token, tls=True).status == status
        if z.httpd.has_h2:
            assert z.h2("/x", token=token).status == status
    assert (endpoint.count(good), endpoint.count(bad)) == (1, 1)
    assert z.get(f"/x?access_token={good}", token=good).status == 400


# ---- the question ----

@pytest.mark.parametrize("token", [
    "a+b/c-d_e.f~g+0123456789==", "AAAA/BBBB+CCCC/DDDD+", "~" * 16, "." * 16, "/" * 16, "+" * 20,
    "0123456789abcdef=", "a&b" * 8, "a%26token%3Dx0123456", "a" * 8160])
def test_a_token_goes_out_letter_by_letter(asking, token):  # noqa: F811
    z, endpoint = asking()
    endpoint.default = endpoint.good()
    is_token68 = "&" not in token and "%" not in token
    assert z.get("/x", token=token).status == (200 if is_token68 else 400)
    assert [form["token"] for _, form in endpoint.questions] == ([[token]] if is_token68 else [])


def test_an_endpoint_that_shows_no_good_certificate_is_not_told_a_token(zta, pki):
    endpoint = Introspector(pki.server).start()
    try:
        z = zta(start=False, global_text=LIMIT_OFF)
        z.httpd.allow_log(TROUBLE, ALERT)
        z.issuer.audience = AUDIENCE
        z.issuer_text = f"ZTAIntrospect {endpoint.url} client=gw secret=file:{write_secret(z)}"
        z.start()
        endpoint.default = endpoint.good()
        answer = z.get("/x", token=opaque("a"))
        assert answer.status == 503 and answer.header("Retry-After")
        assert answer.header("WWW-Authenticate") is None and endpoint.count() == 0
        z.global_text += f"\nZTACAFile {pki.ca.cert}"
        z.restart()
        assert z.get("/x", token=opaque("a")).status == 200
        # The right authority, another name.
        z.issuer_text = z.issuer_text.replace("localhost", "127.0.0.2")
        z.restart()
        assert z.get("/x", token=opaque("b")).status == 503
        assert endpoint.count() == 1
    finally:
        endpoint.stop()


# ---- the answer, octet by octet ----

class Wire:
    """An endpoint that sends exactly these octets to each question, with a pause (s) between parts;
    it ends the connection afterwards unless keeps says not to."""

    def __init__(self, parts=(), pause=0, keeps=False):
        self.parts, self.pause, self.keeps = list(parts), pause, keeps
        self.n_questions = 0
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/introspect"
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            try:
                while self._question(connection):
                    for n, part in enumerate(self.parts):
                        time.sleep(self.pause if n else 0)  # a slow sender: the pause is the case
                        connection.sendall(part)
                    if not self.keeps:
                        return
            except OSError:
                pass  # who asked has enough

    def _question(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        self.n_questions += 1
        return True

    def stop(self):
        self._listener.close()


GOOD = json.dumps({"active": True, "sub": "alice", "client_id": "web", "aud": AUDIENCE,
                   "scope": "read"}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SIZED = OK + b"Content-Length: %d\r\n\r\n" % len(GOOD)
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
INACTIVE = OK + b'Content-Length: 16\r\n\r\n{"active":false}'
JWT = b".".join(b64u(part).encode() for part in (
    b'{"typ":"token-introspection+jwt","alg":"none"}', b'{"token_introspection":%s}' % GOOD, b"x"))

# octets, status of the request
ANSWERS = {
    "as it should be": ([SIZED + GOOD], 200),
    "until the end of the connection": ([OK + b"\r\n" + GOOD], 200),
    "in chunks": ([CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)], 200),
    "behind early hints": ([b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + SIZED + GOOD], 200),
    "a chunk cut off": ([CHUNKED + b"%x\r\n%s" % (len(GOOD) + 9, GOOD)], 503),
    "no last chunk": ([CHUNKED + b"%x\r\n%s\r\n" % (len(GOOD), GOOD)], 503),
    "no chunk at all": ([CHUNKED + GOOD], 503),
    "a chunk of minus one": ([CHUNKED + b"-1\r\n" + GOOD], 503),
    "a chunk of 2^64": ([CHUNKED + b"10000000000000000\r\n" + GOOD], 503),
    "cut off": ([OK + b"Content-Length: 4096\r\n\r\n" + GOOD], 503),
    "a length of minus one": ([OK + b"Content-Length: -1\r\n\r\n" + GOOD], 503),
    "shorter than it is": ([OK + b"Content-Length: 20\r\n\r\n" + GOOD], 503),
    "without a head": ([GOOD], 503),
    "without a status": ([b"HTTP/1.1 OK\r\n\r\n" + GOOD], 503),
    "of status 1000": ([b"HTTP/1.1 1000 OK\r\n\r\n" + GOOD], 503),
    "nothing but hints": ([b"HTTP/1.1 103 Early Hints\r\n\r\n"], 503),
    "an endless head": ([OK + b"X: " + b"y" * 9000 + b"\r\n"] + [b"X: " + b"y" * 9000 + b"\r\n"] * 60, 503),
    "a head that drips": ([bytes([c]) for c in SIZED + GOOD], 503),
    "a body that drips": ([SIZED] + [bytes([c]) for c in GOOD], 503),
    "compressed, as nobody asked": ([OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0" + bytes(40)], 503),
    "a signed one (RFC 9701)": ([
        b"HTTP/1.1 200 OK\r\nContent-Type: application/token-introspection+jwt\r\n\r\n" + JWT], 503),
    "with a BOM": ([OK + b"\r\n\xef\xbb\xbf" + GOOD], 503),
    "as UTF-16": ([OK + b"\r\n" + GOOD.decode().encode("utf-16")], 503),
    "with a comment": ([OK + b"\r\n/**/" + GOOD], 503),
    "as a form": ([OK + b"\r\nactive=true&sub=alice"], 503),
    "twice": ([OK + b"\r\n" + GOOD + GOOD], 503),
    "with an escaped second active": ([OK + b"\r\n" + GOOD[:-1] + b',"\\u0061ctive":false}'], 503),
    "with 1e400": ([OK + b"\r\n" + GOOD[:-1] + b',"exp":1e400}'], 503),
    "with 65 members": ([OK + b"\r\n" + json.dumps({**json.loads(GOOD), **{
        f"m{n}": n for n in range(61)}}).encode()], 503),
    "reset at once": ([], 503),
}


@pytest.mark.timeout(180)
def test_no_octet_of_an_answer_is_read_into_it(zta):
    wires = {name: Wire(parts, pause=0.05 if "drips" in name else 0)
             for name, (parts, _) in ANSWERS.items()}
    # Each row has an issuer of its own, so that no breaker speaks for another.
    z = zta(start=False, accept="corp", credentials="header", global_text=LIMIT_OFF)
    z.httpd.allow_log(r"ZTA0092: issuer ", ALERT)
    secret = write_secret(z)
    for n, wire in enumerate(wires.values()):
        z.global_text += (f"\n<ZTAIssuer i{n} https://i{n}.test>\nZTAAudience {AUDIENCE}\n"
                          f"ZTAIntrospect {wire.url} client=gw secret=file:{secret}\n</ZTAIssuer>")
        z.vhost_text += f"\n<Location /{n}>\nZTAAccept i{n}\n</Location>"
    z.start()
    try:
        for n, (name, (_, status)) in enumerate(ANSWERS.items()):
            began = time.monotonic()
            answer = z.get(f"/{n}/x", token=opaque("wire"), fresh=True)
            assert answer.status == status, (name, answer.status)
            assert time.monotonic() - began < 3, name
            assert wires[name].n_questions == 1, name
            assert (answer.header("Retry-After") is not None) == (status == 503), name
    finally:
        for wire in wires.values():
            wire.stop()


def test_what_comes_behind_an_answer_is_no_answer_to_the_next_question(zta):
    """Whoever keeps connections must not take what was sent ahead for what was asked later."""
    wire = Wire([INACTIVE + SIZED + GOOD], keeps=True)
    try:
        z = zta(start=False, children=1, threads=8, global_text=LIMIT_OFF)
        z.httpd.allow_log(TROUBLE, ALERT)
        z.issuer.audience = AUDIENCE
        z.issuer_text = f"ZTAIntrospect {wire.url} client=gw secret=file:{write_secret(z)}"
        z.start()
        for n in range(20):
            assert z.get("/x", token=opaque(f"behind-{n}")).status == 401, n
        assert wire.n_questions == 20 and not z.backend.requests
    finally:
        wire.stop()


# ---- bindings ----

@pytest.mark.mpm
def test_an_opaque_token_that_is_bound_comes_with_what_it_is_bound_to(asking, pki):  # noqa: F811
    z, endpoint = asking(tls=True, verify_client="optional",
                         vhost_text=f"ZTAOrigin {ORIGIN}\nZTADPoP allowed")
    prover, other = Prover(), Prover()
    certificate, key, both = opaque("certificate"), opaque("key"), opaque("both")
    x5t = {"x5t#S256": pki.client_a.thumbprint()}
    jkt = {"jkt": prover.jkt}
    endpoint.answers = {
        certificate: endpoint.good(cnf=x5t), key: endpoint.good(cnf=jkt, token_type="DPoP"),
        both: endpoint.good(cnf={**jkt, **x5t})}

    def status(token, by=None, shown=None):
        headers = ([("Authorization", f"Bearer {token}")] if by is None
                   else by.headers("GET", ORIGIN + "/x", token))
        return z.get("/x", headers=headers, tls=True, certificate=shown).status

    wait_for(lambda: status(key, prover) == 200, what="proofs are taken")
    rows = [  # token, prover, certificate, status
        (certificate, None, pki.client_a, 200), (certificate, None, pki.client_b, 401),
        (certificate, None, None, 401), (certificate, prover, pki.client_a, 401),
        (key, prover, None, 200), (key, other, None, 401), (key, None, None, 401),
        (key, None, pki.client_a, 401), (both, prover, pki.client_a, 200),
        (both, prover, pki.client_b, 401), (both, prover, None, 401), (both, other, pki.client_a, 401),
        (both, None, pki.client_a, 401)]
    for _ in range(2):
        for token, by, shown, expected in rows:
            assert status(token, by, shown) == expected, (token, by is prover, shown)
    assert z.get("/x", token=certificate).status == 401
    assert endpoint.count() == 3


# ---- time ----

def test_it_is_kept_no_longer_than_it_lives(asking):  # noqa: F811
    z, endpoint = asking(more_issuer_text="ZTALeeway 0")
    token, end = opaque("short"), int(time.time()) + 3
    endpoint.answers[token] = endpoint.good(exp=end)
    assert [z.get("/x", token=token).status for _ in range(3)] == [200] * 3
    # Its issuer forgets it: nobody is asked again before its end, and then the answer is no.
    endpoint.answers[token] = {"active": False}
    wait_for(lambda: z.get("/x", token=token).status == 401, what="its end")
    assert time.time() >= end and endpoint.count(token) <= 2


def test_questions_about_many_tokens_share_no_answer(asking):  # noqa: F811
    """Each is told its own, however many ask at once."""
    z, endpoint = asking(children=2, threads=64)
    names = [f"user-{n}" for n in range(24)]
    for name in names:
        endpoint.answers[opaque(name)] = Answer(endpoint.good(sub=name), delay=0.05)
    seen = []

    def ask(name, source):
        while True:
            answer = z.get("/x", token=opaque(name), fresh=True, source=source)
            if answer.status != 503:
                seen.append((name, answer.status, dict(answer.json()["headers"]).get("X-ZTA-Subject")))
                return
            time.sleep(0.05)  # there was no room to ask: as a client would, it comes again

    threads = [threading.Thread(target=ask, args=(name, f"127.0.2.{n + 1}"))
               for n, name in enumerate(names) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == sorted([(name, 200, name) for name in names] * 2)
