# SPDX-License-Identifier: Apache-2.0
"""Headers that only we may set, what the API gets, what logs hold, and monitoring unseen."""

import itertools
import re

import pytest

from support.client import request_bytes
from support.leaks import allow
from support.local import wait_for

OWN = ("X-ZTA-Issuer", "X-ZTA-Subject", "X-ZTA-Client", "X-ZTA-Roles", "X-ZTA-Id", "X-ZTA-Risk",
       "X-ZTA-Device", "X-ZTA-Assertion", "X-ZTA-Anything-Else")
STAGES = {"stage 0": {"stage": 0}, "stage 1": {"stage": 1}, "stage 2": {
    "stage": 2, "rules": "allow all\n  when path /**\n"},
    "monitor": {"stage": 0, "rules": "", "vhost_text": "ZTAMonitor 2"},
    "module alone": {"stage": None, "accept": None, "credentials": None}}


def spellings(name):
    """Every mix of '-', '_' and '.' in three kinds of case."""
    parts = name.split("-")
    for separators in itertools.product("-_.", repeat=len(parts) - 1):
        spelt = parts[0] + "".join(s + p for s, p in zip(separators, parts[1:]))
        yield from (spelt, spelt.lower(), spelt.upper())


def folded(name):
    return re.sub(r"[^a-z0-9]", "-", name.lower())


def forged_at(request):
    """What arrived with a name like ours and the value of an attacker."""
    return [(n, v) for n, v in request.headers + request.trailers
            if folded(n).startswith("x-zta-") and "evil" in v]


def forgeries():
    """Lists of headers, each a way to bring one of ours in."""
    for name in OWN:
        yield from ([(spelt, "evil")] for spelt in spellings(name))
    yield [("X-ZTA-Subject", "evil"), ("X-ZTA-Subject", "evil2"), ("x_zta_subject", "evil3")]
    yield [(f"X-ZTA-{n}", "evil") for n in range(60)]
    yield [(f"x_zta_{n}", "evil") for n in range(64)] + [("X-ZTA-Subject", "evil")]
    yield [("X-ZTA-", "evil")]
    yield [("X-ZTA-Subject", "")]
    yield [("X-ZTA-Subject", "\tevil\t")]


@pytest.mark.mpm
@pytest.mark.parametrize("stage", STAGES)
def test_no_copy_of_our_headers_comes_from_a_client(zta, stage):
    z = zta(global_text="LimitRequestFields 400", **STAGES[stage])
    token = z.issuer.token()
    count = 0
    for headers in forgeries():
        assert z.get("/x", token=token, headers=headers).status == 200
        assert not forged_at(z.backend.last), headers
        if STAGES[stage]["stage"]:
            assert z.backend.last.all("X-ZTA-Subject") == ["alice"]
        count += 1
    assert count > 300
    many = [("X-ZTA-Subject", f"evil{n}") for n in range(100)]
    many += [(f"X_ZTA_{n}", "evil") for n in range(100)]
    assert z.get("/x", token=token, headers=many).status == 200
    assert not forged_at(z.backend.last)
    # What only looks like ours passes.
    other = [("X-ZTAX", "evil"), ("X-ZT-A", "evil"), ("ZTA-Subject", "evil")]
    assert z.get("/x", token=token, headers=other).status == 200
    assert [z.backend.last.header(n) for n, _ in other] == ["evil"] * 3


@pytest.mark.mpm
@pytest.mark.parametrize("stage", ["stage 0", "stage 1", "monitor"])
def test_no_trailer_becomes_a_header_of_ours(zta, stage):
    z = zta(**STAGES[stage])
    with z.httpd.client().connect() as connection:
        for name in ("X-ZTA-Subject", "x_zta_subject", "X-Request-Id", "Authorization"):
            connection.send(
                f"POST /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {z.issuer.token()}"
                f"\r\nTransfer-Encoding: chunked\r\nTrailer: {name}\r\n\r\n"
                f"3\r\nabc\r\n0\r\n{name}: evil\r\n\r\n")
            assert connection.response().status == 200
            request = z.backend.last
            assert request.body == b"abc"
            assert not [h for h in request.headers + request.trailers
                        if "evil" in h[1] and h[0] != "Trailer"]


def smuggles():
    for name in ("X-ZTA-Subject", "x-zta-subject", "X-ZTA-ISSUER", "X-ZTA-Id", "x-request-id"):
        yield from ([("Connection", value.format(name))] for value in (
            "{0}", "close, {0}", "{0}, close", "{0},{0},{0}", " ,, {0} ,", "keep-alive,\t{0}\t",
            "{0} ", "close {0}", "close\t{0}", "close;{0}", "close; {0}", ";{0}", "{0};q=1",
            "{0} {0}", "x{0}, {0}", "keep-alive ; {0} , x", "a b c {0} d"))
        yield [("Connection", "keep-alive"), ("Connection", name)]
        yield [("Connection", name), ("Connection", "keep-alive"), ("connection", name)]
        yield [("Proxy-Connection", name)]
        yield [("Connection", ", ".join(f"X-H{n}" for n in range(200)) + f", {name}")]


@pytest.mark.mpm
def test_connection_does_not_take_our_headers_away(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    count = 0
    for headers in smuggles():
        answer = z.get("/x", token=token, headers=headers, fresh=True)
        assert answer.status == 200
        request = z.backend.last
        assert request.header("X-ZTA-Subject") == "alice", headers
        assert request.header("X-ZTA-Issuer") == "corp", headers
        assert request.header("X-ZTA-Id") == answer.header("X-ZTA-Id"), headers
        assert request.header("X-Request-Id") == answer.header("X-ZTA-Id"), headers
        count += 1
    assert count > 100
    # Names of others are honoured still.
    z.get("/x", token=token, headers=[("X-Other", "1"), ("Connection", "X-Other, X-ZTA-Id")],
          fresh=True)
    assert z.backend.last.header("X-Other") is None


# ---- X-Request-Id ----

ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
REMOTEIP = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1"


def test_a_request_id_of_a_client_is_replaced(zta):
    z = zta(stage=1)
    for name in ("X-Request-Id", "x-request-id", "X_Request_Id", "X-Request_Id", "x_request-id"):
        answer = z.get("/x", token=z.issuer.token(), headers={name: "evil"})
        arrived = [v for n, v in z.backend.last.headers if folded(n) == "x-request-id"]
        assert arrived == answer.all("X-Request-Id") == answer.all("X-ZTA-Id")
        assert re.fullmatch(ULID, arrived[0])


@pytest.mark.mpm
def test_a_request_id_of_a_trusted_peer_is_kept_when_well_formed(zta):
    z = zta(stage=1, global_text=REMOTEIP, modules=("remoteip",))
    forwarded = ("X-Forwarded-For", "192.0.2.7")

    def ids(headers, source="127.0.0.1"):
        answer = z.get("/x", token=z.issuer.token(), headers=headers, source=source)
        assert re.fullmatch(ULID, answer.header("X-ZTA-Id"))
        assert z.backend.last.header("X-ZTA-Id") == answer.header("X-ZTA-Id")
        assert z.backend.last.all("X-Request-Id") == answer.all("X-Request-Id")
        return answer.all("X-Request-Id"), answer.all("X-ZTA-Id")

    for good in ("a", "5f3e-41.x_Y", "9" * 128):
        sent, own = ids([forwarded, ("X-Request-Id", good)])
        assert sent == [good] and own != sent
    for bad in ("", "a b", "a,b", "a/b", "9" * 129, "caf\xe9", "a\tb", '"a"', "a;b", "%0a"):
        sent, own = ids([forwarded, ("X-Request-Id", bad)])
        assert sent == own, bad
    sent, own = ids([forwarded, ("X-Request-Id", "one"), ("X-Request-Id", "two")])
    assert sent == own
    # Nobody was replaced by mod_remoteip: not trusted.
    sent, own = ids([("X-Request-Id", "good")])
    assert sent == own
    sent, own = ids([forwarded, ("X-Request-Id", "good")], source="127.0.0.2")
    assert sent == own
    # A refusal tells it too, and the event keeps it.
    answer = z.get("/x", headers=[forwarded, ("X-Request-Id", "from-the-edge")])
    assert answer.status == 401 and answer.header("X-Request-Id") == "from-the-edge"
    wait_for(lambda: "from-the-edge" in str(z.events()), what="the parent in the events")


# ---- identity for the API ----

def identity_at(z, **claims):
    assert z.get("/x", token=z.issuer.token(claims)).status == 200
    request = z.backend.last
    return {n: request.header(f"X-ZTA-{n}") for n in ("Issuer", "Subject", "Client", "Roles")}


@pytest.mark.mpm
def test_the_api_gets_the_identity_percent_encoded(zta):
    z = zta(stage=1)
    assert identity_at(z) == {"Issuer": "corp", "Subject": "alice", "Client": "app", "Roles": None}
    cases = [
        ("Cem \u00d6zdemir", "Cem%20%C3%96zdemir"),
        ("a\r\nX-ZTA-Roles: admin", "a%0D%0AX-ZTA-Roles:%20admin"),
        ("100%", "100%25"), ("%41", "%2541"), ("a,b", "a,b"), ("a\tb", "a%09b"),
        ("\u202eabc", "%E2%80%AEabc"), ("\x7f", "%7F"), ("a;b=\"c\"", "a;b=\"c\""),
        (" alice ", "%20alice%20"), ("\U0001f600", "%F0%9F%98%80"),
    ]
    for subject, header in cases:
        got = identity_at(z, sub=subject, client_id=subject)
        assert (got["Subject"], got["Client"]) == (header, header)
        assert got["Roles"] is None
    for roles, header in ((["a", "b"], "a,b"), (["a,b", "c"], "a%2Cb,c"), (["a b"], "a%20b"),
                          (["\u00e9", "%2C"], "%C3%A9,%252C"), (["x\r\ny"], "x%0D%0Ay"),
                          ([], None), (["only"], "only")):
        assert identity_at(z, roles=roles)["Roles"] == header


FORWARD = {"": (True, False), "identity": (True, False), "none": (False, False),
           "authorization": (False, True), "identity authorization": (True, True),
           "authorization identity": (True, True)}


@pytest.mark.mpm
def test_the_credential_goes_on_only_where_asked(zta):
    places = [f"<Location /{n}>\nZTAForward {words}\n</Location>" if words else ""
              for n, words in enumerate(FORWARD)]
    z = zta(stage=1, vhost_text="\n".join(places))
    token = z.issuer.token({"roles": ["r"]})
    key = z.json("keys", "create", "--name", "ci", "--owner", "build bot", "--role",
                 "deploy")["key"]
    for n, (has_identity, has_credential) in enumerate(FORWARD.values()):
        for name, value in (("Authorization", f"Bearer {token}"),
                            ("Authorization", f"Bearer {key}"), ("X-Api-Key", key)):
            assert z.get(f"/{n}/x", headers={name: value}).status == 200
            request = z.backend.last
            assert request.all(name) == ([value] if has_credential else [])
            for own in ("Issuer", "Subject", "Roles"):
                assert (request.header(f"X-ZTA-{own}") is not None) == has_identity
            assert request.header("X-ZTA-Id")
    # Another scheme beside an API key is the API's own affair.
    assert z.get("/x", headers=[("Authorization", "Basic YTpi"), ("X-Api-Key", key)]).status == 200
    request = z.backend.last
    assert request.header("Authorization") == "Basic YTpi"
    assert request.header("X-Api-Key") is None
    assert request.header("X-ZTA-Issuer") == "local"
    assert request.header("X-ZTA-Subject") == "build%20bot"
    assert request.header("X-ZTA-Roles") == "deploy"


# ---- logs ----

VARIABLES = ("DECISION", "REASON", "RULE", "ISSUER", "SUBJECT", "CLIENT", "STAGE", "ID", "SESSION")
FORMAT = ('LogFormat "%U %>s ' + " ".join(f"%{{ZTA_{v}}}e" for v in VARIABLES) +
          '" zta\nCustomLog logs/zta.log zta')
MIXED = """
allow reader
  when path /api/**
  need scope read

deny closed
  when path /api/closed

limit few
  when path /api/few
  key all
  rate 1/1h
"""


def zta_log(z, lines):
    def read():
        with open(z.httpd.path("logs/zta.log"), encoding="utf-8") as f:
            found = f.read().splitlines()
        return len(found) >= lines and found
    return [dict(zip(("path", "status", *VARIABLES), line.split(" ")))
            for line in wait_for(read, what="the log")]


@pytest.mark.mpm
def test_the_environment_says_what_was_decided(zta):
    z = zta(start=False, stage=2, rules=MIXED, proxy=None)
    z.httpd.write("htdocs/errors/page.html", "the error page")
    z.vhost_text = (
        f"{FORMAT}\nErrorDocument 403 /errors/page.html\nProxyPass /errors !\n"
        f"ProxyPass / {z.backend.url}/\n<Location /public>\nZTAStage 0\n</Location>\n"
        "<Location /basic>\nZTAStage 1\n</Location>")
    z.start()
    token = z.issuer.token({"sid": "s1"})
    for path in ("/api/x", "/api/closed", "/elsewhere", "/public", "/basic", "/api/few",
                 "/api/few"):
        z.get(path, token=token)
    z.get("/api/x")
    z.get("/api/x", token="bad")
    z.get("/api/x", token=z.issuer.token(drop=("scope",)))
    got = [(e["path"], e["status"], e["DECISION"], e["REASON"], e["RULE"], e["STAGE"], e["SUBJECT"])
           for e in zta_log(z, 10)]
    assert got == [
        ("/api/x", "200", "allow", "ok", "reader", "2", "alice"),
        ("/api/closed", "403", "deny", "rule_denied", "closed", "2", "alice"),
        ("/elsewhere", "403", "deny", "no_rule", "-", "2", "alice"),
        ("/public", "200", "allow", "ok", "-", "0", "-"),
        ("/basic", "200", "allow", "ok", "-", "1", "alice"),
        ("/api/few", "200", "allow", "ok", "reader", "2", "alice"),
        ("/api/few", "429", "throttle", "rate_limited", "few", "2", "-"),
        ("/api/x", "401", "challenge", "no_credential", "-", "2", "-"),
        ("/api/x", "401", "challenge", "bad_credential", "-", "2", "-"),
        ("/api/x", "403", "deny", "insufficient_scope", "-", "2", "alice"),
    ]
    entries = zta_log(z, 10)
    assert {e["SESSION"] for e in entries if e["SUBJECT"] == "alice"} - {"-"}
    assert len({e["SESSION"] for e in entries[:3]}) == 1
    assert all(re.fullmatch(ULID, e["ID"]) for e in entries)
    assert (entries[0]["ISSUER"], entries[0]["CLIENT"]) == ("corp", "app")


@pytest.mark.mpm
def test_no_log_holds_a_token_or_a_key(zta):
    z = zta(stage=2, rules=MIXED, vhost_text=FORMAT, log_level="info zta:trace8", tls=True,
            global_text="ZTAVerifyLimit off")
    key = z.json("keys", "create", "--name", "ci", "--scope", "read")["key"]
    wrong = key[:-8] + "abcdefgh"
    make = z.issuer.token
    secrets = [make(), make({"exp": 1}), make({"aud": "x"}), make({"iss": "https://x.test"}),
               make(alg="ES256"), make(header={"kid": "other"}), make(alg="HS256", key=b"x" * 64),
               make({"cnf": {"jkt": "x"}}), make(signature=b"x" * 256), key, wrong,
               "zta_" + "a" * 64, "opaque-token-0123456789", "x" * 8000, make()[:-1],
               make({"sub": "a\r\nb"}), make(payload_raw="{}"), make(header_raw="[]")]
    for n, secret in enumerate(secrets):
        for path in ("/api/x", "/api/closed", "/elsewhere", "/%2e%2e/x", "/api/few"):
            z.get(path, token=secret)
        z.get("/api/x", headers={"X-Api-Key": secret})
        z.get("/api/x", headers={"Authorization": f"DPoP {secret}"})
        z.get("/api/x", headers={"Authorization": f"Bearer {secret} {secret}"})
        z.get("/api/x", headers=[("Authorization", f"Bearer {secret}"), ("X-Api-Key", secret)])
        if n < 2 and z.httpd.has_h2:
            z.h2("/api/x", token=secret)
    z.httpd.allow_log("AH10244: invalid URI path", "AH00026: found %2f")
    zta_log(z, 50)
    logs = z.httpd.error_text()
    for name in ("access.log", "zta.log", "stderr.log"):
        with open(z.httpd.path("logs", name), encoding="utf-8", errors="replace") as f:
            logs += f.read()
    # Ended, the server has written what it recorded.
    z.httpd.stop()
    recorded = z.ctl("events", "--json", "--limit", "0").stdout
    assert "bad_credential" in recorded
    for secret in secrets:
        parts = {secret, secret[-20:]} | {p for p in re.split(r"[._]", secret) if len(p) > 25}
        for part in parts:
            assert part not in logs
            assert part not in recorded
    assert re.search(r"ZTA0040: refused, bad_credential", logs)
    # A stable tag stands in each line of ours.
    ours = [line for line in z.httpd.error_lines() if re.match(r"^\[[^]]+\] \[zta:", line)]
    assert ours and not [line for line in ours if not re.search(r"\] ZTA\d{4}: ", line)]


def test_hostile_bytes_do_not_break_a_log_line(zta):
    z = zta(stage=1, vhost_text=FORMAT)
    for subject in ("a\nb", "a\x1b[2Jb", "a\" b", "a\r\n127.0.0.1 forged"):
        assert z.get("/x", token=z.issuer.token({"sub": subject})).status == 200
    z.get("/x", token=z.issuer.token(header={"kid": "a\nb\x1b[2J"}))
    z.get("/x", token=z.issuer.token({"iss": "https://x\n[forged]"}))
    entries = zta_log(z, 6)
    assert len(entries) == 6 and all(e["path"] == "/x" for e in entries)
    for text in (z.httpd.error_text(), str(entries)):
        assert "\x1b" not in text and "\n[forged]" not in text


# ---- monitoring ----

def exchanges(z):
    """Raw requests whose answers and whose forwarded form are compared."""
    good = z.issuer.token()
    bearer = ("Authorization", f"Bearer {good}")
    preflight = [("Origin", "https://a.test"), ("Access-Control-Request-Method", "PUT")]
    cases = [
        ("GET", "/x", []), ("GET", "/x", [bearer]), ("HEAD", "/x", [bearer]),
        ("GET", "/x", [("Authorization", "Bearer bad")]),
        ("GET", "/x", [("Authorization", "Basic YTpi")]), ("GET", "/x", [bearer, bearer]),
        ("GET", "/x", [("Authorization", f"Bearer {z.issuer.token({'exp': 1})}")]),
        ("GET", "/x", [("X-Api-Key", "zta_nothing")]), ("GET", "/x", [("X-Request-Id", "mine")]),
        ("GET", "/x", [("X_Request_Id", "mine"), ("Connection", "X-Foo, x-request-id")]),
        ("GET", "/x", [("Origin", "https://a.test")]), ("OPTIONS", "/x", preflight),
        ("OPTIONS", "/answer", preflight), ("POST", "/x", [bearer]), ("PUT", "/x", []),
        ("BREW", "/x", []), ("TRACE", "/x", []), ("GET", "/a;b=c/d", [bearer]),
        ("GET", "/a/..;/b", []), ("GET", "/a/%2e%2e/b", []), ("GET", "/a//b/./c", []),
        ("GET", "/%ff", []), ("GET", "/status/401", []), ("GET", "/status/500", [bearer]),
        ("GET", "/set?X-ZTA-Id=own&X-Request-Id=own&WWW-Authenticate=Basic", []),
        ("GET", "/set?RateLimit=own&Cache-Control=public", [bearer]),
        ("GET", "/file/page.html", []),
        ("GET", "/file/absent", []), ("GET", "/limited", []), ("GET", "/limited", [bearer]),
        ("GET", "/limited", []), ("GET", "/big?n=100000", [bearer]),
        ("GET", "/x", [("User-Agent", '"}\x1b')]), ("GET", "/x?access_token=" + good, []),
    ]
    return [request_bytes(method, target, [*headers, ("Connection", "close")],
                          b"a body" if method in ("POST", "PUT") else None)
            for method, target, headers in cases]


def seen_raw(z, requests):
    """What client and API saw of each, but for dates and what TRACE echoes of neither."""
    answers = []
    for octets in requests:
        before = len(z.backend.requests)
        with z.httpd.client().connect() as connection:
            connection.send(octets)
            answer = re.sub(rb"Date: [^\r]+", b"Date: -", connection.read_to_end())
        arrived = [(r.method, r.target, r.version, r.headers, r.body, r.trailers)
                   for r in z.backend.requests[before:]]
        answers.append((answer, arrived))
    return answers


@pytest.mark.mpm
def test_monitoring_changes_not_a_byte(zta):
    allow(r"access\.log$", "a query that is only monitored stays as it came")
    rules = "deny all\n  when path /**\nlimit few\n  when path /limited\n  key all\n  rate 1/1h\n"
    text = ("TraceEnable on\nAllowEncodedSlashes NoDecode\nErrorDocument 404 /x\n"
            "<Location /answer>\nZTAPreflight answer\n</Location>\nZTAForward none\n")

    def started(**options):
        z = zta(start=False, rules=rules, proxy=None, **options)
        z.httpd.write("htdocs/file/page.html", "a page")
        z.vhost_text += f"\nProxyPass /file !\nProxyPass / {z.backend.url}/ retry=0 nocanon"
        z.httpd.allow_log("AH10244: invalid URI path", "AH00026: found %2f")
        return z.start()

    off = started(stage=0, vhost_text=text)
    requests = exchanges(off)
    monitored = started(stage=0, vhost_text=f"{text}ZTAMonitor 2")
    plain = [(re.sub(rb"Last-Modified: [^\r]+|ETag: [^\r]+", b"", a), b)
             for a, b in seen_raw(off, requests)]
    watched = [(re.sub(rb"Last-Modified: [^\r]+|ETag: [^\r]+", b"", a), b)
               for a, b in seen_raw(monitored, requests)]
    for octets, one, other in zip(requests, plain, watched):
        assert one == other, octets
    # It did look: the same requests are on record with what enforcing would have done.
    events = wait_for(lambda: (lambda e: len(e) >= len(requests) - 1 and e)(monitored.events()),
                      what="events")
    assert {"no_credential", "rule_denied"} <= {
        e["monitor"]["reason"] for e in events if e.get("monitor")}


@pytest.mark.mpm
def test_monitoring_changes_nothing_over_http2(zta):
    off = zta(stage=0, tls=True)
    if not off.httpd.has_h2:
        pytest.skip("prefork has no HTTP/2")
    watched = zta(stage=0, rules="", vhost_text="ZTAMonitor 2", tls=True)
    for token in (None, "bad", off.issuer.token()):
        one, other = (z.h2("/x", token=token, headers={"Host": "localhost"})
                      for z in (off, watched))
        assert [h for h in one.headers if h[0] != "date"] == [
            h for h in other.headers if h[0] != "date"]
        assert one.body == other.body
