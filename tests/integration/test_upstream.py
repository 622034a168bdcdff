# SPDX-License-Identifier: Apache-2.0
"""What the API learns: signed assertions, verified by the sample API with a stock JOSE library,
identity headers, and the trace."""

import json
import os
import random
import re

import pytest

from support import logschema
from support.issuer import Key, b64u_decode
from support.local import wait_for
from test_headers import spellings

ORIGIN = "https://proxy.example.test"
API = "urn:example:orders"
JWKS = "/.well-known/jwks.json"
HANDLER = f"<Location {JWKS}>\nSetHandler zta-jwks\n</Location>"
FORWARD = f"ZTAOrigin {ORIGIN}\nZTAForward assertion identity\nZTAAssertionAudience {API}"
ALL = "allow all\n  when path /**\n"


def b64u_json(part):
    return json.loads(b64u_decode(part))


def said(assertion):
    """Header and claims, unverified."""
    head, claims, _ = assertion.split(".")
    return b64u_json(head), b64u_json(claims)


@pytest.fixture
def signing(zta):
    """Factory: a gateway that forwards assertions by a key of its own, z.signing_key."""
    def make(options="", vhost_text="", stage=2, rules=ALL, global_text="", start=True, **others):
        z = zta(start=False, stage=stage, rules=rules, **others)
        z.signing_key = Key("ES256")
        z.key_path = write_key(z, "new.pem", z.signing_key)
        z.global_text = f"ZTAAssertion key={z.key_path} {options}\n{global_text}"
        z.vhost_text += f"\n{FORWARD}\n{HANDLER}\n{vhost_text}"
        return z.start() if start else z
    return make


def write_key(z, name, key, mode=0o600):
    return z.httpd.write(f"conf/{name}", key.private_pem(), mode)


# ---- the sample API ----

def test_the_sample_api_knows_who_calls_by_a_stock_library(signing, samples):
    z = signing(start=False, proxy=None, stage=4, issuer_text="ZTAClaim device device_id")
    api = samples(f"{z.httpd.url}{JWKS}", ORIGIN, API)
    z.vhost_text += (f"\nProxyPass /api {api.url}\nProxyPass /raw {z.backend.url}\n"
                     "<Location /api/other>\nZTAAssertionAudience urn:example:other\n</Location>\n"
                     "<Location /api/bare>\nZTAForward identity\n</Location>")
    z.start()
    z.ctl("devices", "set", "LT-1", "--managed", "yes", "--compliant", "no")
    hostile = {"sub": "Cem \u00d6z\r\nX-ZTA-Roles: admin\u202e", "client_id": "a,b %2C\t\x01",
               "roles": ["a,b", "c d", "%2C", "\u00e9\n", "admin"], "scope": "read write",
               "device_id": "LT-1", "acr": "urn:mfa", "auth_time": 1700000000}
    answer = z.get("/api/x", token=z.issuer.token(hostile))
    assert answer.status == 200, answer.text
    claims, headers = answer.json()["claims"], answer.json()["headers"]
    assert {n: claims[n] for n in ("iss", "aud", "issuer")} == {
        "iss": ORIGIN, "aud": API, "issuer": "corp"}
    for name in ("sub", "client_id", "roles", "scope", "acr", "auth_time"):
        assert claims[name] == hostile[name], name
    assert claims["device"] == {"id": "LT-1", "compliance": "noncompliant"}
    assert claims["risk"] in ("info", "low", "medium", "high", "critical")
    assert claims["exp"] == claims["iat"] + 60
    # It began here: its jti is the id of the decision.
    assert claims["jti"] == answer.header("X-ZTA-Id") == headers["X-ZTA-Id"]
    assert (headers["X-ZTA-Subject"], headers["X-ZTA-Client"], headers["X-ZTA-Roles"]) == (
        hostile["sub"], hostile["client_id"], hostile["roles"])
    # Roles count as the token has them.
    assert z.get("/api/admin/x", token=z.issuer.token()).status == 403
    assert z.get("/api/admin/x", token=z.issuer.token({"roles": ["admin"]})).status == 200
    # What is for another API, or only said in headers, or is nobody's, opens nothing.
    assert "aud" in z.get("/api/other/x", token=z.issuer.token()).json()["error"].lower()
    assert z.get("/api/bare/x", token=z.issuer.token()).status == 401
    assert z.get("/raw/x", token=z.issuer.token()).status == 200
    good = z.backend.last.header("X-ZTA-Assertion")
    head, claims, signature = good.split(".")
    assert api.direct(good).status == 200
    for bad in ("", "x", f"{head}.{claims}.", f"{head}.{claims[:-2]}AA.{signature}",
                f"{head}.{claims}.{signature[:-8]}AAAAAAAA", z.issuer.token(alg="ES256")):
        assert api.direct(bad).status == 401, bad
    # An API key has no claims of a token, and is somebody all the same.
    key = z.json("keys", "create", "--name", "ci", "--owner", "build bot", "--role", "deploy",
                 "--scope", "run")["key"]
    claims = z.get("/api/x", key=key).json()["claims"]
    assert (claims["sub"], claims["issuer"], claims["roles"], claims["scope"]) == (
        "build bot", "local", ["deploy"], "run")
    # Nobody's own assertion comes through, under no spelling.
    forged = [(name, good) for name in spellings("X-ZTA-Assertion")]
    for pair in forged:
        assert z.get("/api/bare/x", token=z.issuer.token(), headers=[pair]).status == 401
        assert z.get("/raw/x", token=z.issuer.token(), headers=[pair]).status == 200
        assert good not in [v for n, v in z.backend.last.headers if n != "X-ZTA-Assertion"]
        assert len(z.backend.last.all("X-ZTA-Assertion")) == 1


# ---- keys ----

@pytest.mark.timeout(300)
@pytest.mark.plain
def test_keys_are_rotated_without_a_refused_request(signing, samples):
    z = signing("ttl=1h")
    api = samples(f"{z.httpd.url}{JWKS}", ORIGIN, API)

    def published():
        answer = z.get(JWKS)
        assert answer.status == 200 and answer.header("Content-Type") == "application/jwk-set+json"
        assert re.fullmatch(r"public, max-age=\d+", answer.header("Cache-Control"))
        return answer.json()["keys"]

    def assertion():
        assert z.get("/x", token=z.issuer.token()).status == 200
        return z.backend.last.header("X-ZTA-Assertion")

    old, old_key, old_path = assertion(), z.signing_key, z.key_path
    material = old_key.material()
    assert published() == [{**material, "kid": old_key.thumbprint(), "use": "sig", "alg": "ES256"}]
    assert said(old)[0]["kid"] == old_key.thumbprint()
    assert api.direct(old).status == 200
    # The new one signs from now on, and both are good.
    new_key = Key("ES256")
    new_path = write_key(z, "newer.pem", new_key)
    z.global_text = f"ZTAAssertion key={new_path} key={old_path} ttl=1h"
    z.reload()
    assert [k["kid"] for k in published()] == [new_key.thumbprint(), old_key.thumbprint()]
    new = assertion()
    assert said(new)[0]["kid"] == new_key.thumbprint()
    assert [api.direct(a).status for a in (old, new, old)] == [200] * 3
    # Files that cannot be used at a restart: the last good keys sign on, both are published.
    z.httpd.write("conf/newer.pem", "no key", 0o600)
    z.reload(check=False)
    z.httpd.allow_log("ZTA0181: ")
    wait_for(lambda: "keys_refused" in z.ctl("status", code=None).stdout, what="the alert")
    z.httpd.wait_for_log("ZTA0181: .*no private key.*the last good keys sign on")
    assert [k["kid"] for k in published()] == [new_key.thumbprint(), old_key.thumbprint()]
    assert said(assertion())[0]["kid"] == new_key.thumbprint()
    write_key(z, "newer.pem", new_key)
    # A key that is refused for its mode is not even read.
    open_key = Key("ES256")
    z.global_text = f"ZTAAssertion key={write_key(z, 'open.pem', open_key, 0o644)} key={new_path}"
    z.reload(check=False)
    z.httpd.wait_for_log("ZTA0181: .*everybody can read or write it")
    part = open_key.private_pem().encode().split(b"\n")[2][:40]
    assert part not in memory(z.httpd.pid, lambda line: "rw-p" in line)
    # The end of the overlap.
    z.global_text = f"ZTAAssertion key={new_path} ttl=1h"
    z.reload()
    later = samples(f"{z.httpd.url}{JWKS}", ORIGIN, API)
    assert [later.direct(a).status for a in (old, new)] == [401, 200]
    # The handler is public, reads only, and shows nothing private.
    assert z.request("HEAD", JWKS).status == 200 and z.request("HEAD", JWKS).body == b""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = z.request(method, JWKS)
        assert answer.status == 405 and {"GET", "HEAD"} <= set(
            answer.header("Allow").replace(" ", "").split(","))
    assert all("d" not in key for key in published())
    _check_private_parts_stay_where_they_are(z, [old_key, new_key])


def _check_private_parts_stay_where_they_are(z, keys):
    """In no log, no store, not in shared memory; the helper has no file of them either."""
    numbers = [k.private.private_numbers().private_value.to_bytes(32, "big") for k in keys]
    files = [k.private_pem().encode().split(b"\n")[2][:40] for k in keys]
    z.ctl("events", "--json")
    held = b""
    for folder, _, names in os.walk(z.root):
        for name in names:
            if not name.endswith(".pem"):
                with open(os.path.join(folder, name), "rb") as file:
                    held += file.read() if os.path.isfile(file.name) else b""
    held += memory(z.httpd.children()[0], lambda line: "rw-s" in line)
    assert len(held) > 16 << 20
    for secret in [*numbers, *(n[::-1] for n in numbers), *files]:
        assert secret not in held
    helper = memory(z.httpd.helpers()[0], lambda line: "rw-p" in line and "stack" not in line)
    assert len(helper) > 1 << 16 and not [f for f in files if f in helper]


def memory(pid, is_wanted):
    """What stands in the mappings of a process that are wanted."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if is_wanted(line) and end - start < 1 << 30:  # a sanitizer's shadow is larger than any memory
                mem.seek(start)
                found += mem.read(end - start)
    return found


def test_keys_and_places_that_cannot_sign_are_errors_of_the_configuration(signing):
    z = signing(start=False)
    good = z.key_path
    files = {
        "everybody.pem": (z.signing_key, 0o644, "everybody can read or write it"),
        "rsa.pem": (Key("RS256"), 0o600, "not P-256"),
        "p384.pem": (Key("ES384"), 0o600, "nor P-256"),
        "ed.pem": (Key("EdDSA"), 0o600, "neither RSA"),
    }
    for name, (key, mode, fault) in files.items():
        write_key(z, name, key, mode)
        for keys in (f"key=conf/{name}", f"key={good} key=conf/{name}"):
            z.global_text = f"ZTAAssertion {keys}"
            code, said_ = z.configtest()
            assert code != 0 and name in said_ and fault in said_, said_
            assert "ZTA0180: ZTAAssertion:" in said_
    z.httpd.write("conf/text.pem", "text", 0o600)
    for keys, fault in (("key=conf/absent.pem", "absent.pem"), ("key=conf/text.pem", "no private key"),
                        ("key=conf", "expected a regular file")):
        z.global_text = f"ZTAAssertion {keys}"
        code, said_ = z.configtest()
        assert code != 0 and fault in said_, said_
    z.global_text = f"ZTAAssertion key={good}"
    code, said_ = z.configtest()
    assert code == 0, said_
    # Nothing else of ours is configured: published is what could not be read all the same.
    code, said_ = z.httpd.configtest("ZTAAssertion key=conf/everybody.pem", HANDLER)
    assert code != 0 and "everybody can read or write it" in said_, said_
    # Assertions for nobody, by nobody, without a key.
    z.vhost_text = f"{HANDLER}\nZTAForward assertion"
    for global_text, vhost_text, fault in (
            (z.global_text, "", "expected ZTAAssertionAudience URI"),
            ("", f"ZTAAssertionAudience {API}", "expected ZTAAssertion key=FILE"),
            ("", "ZTAForward identity", "SetHandler zta-jwks without any key")):
        z.global_text = global_text
        code, said_ = z.configtest(vhost_text=vhost_text)
        assert code != 0 and fault in said_, said_


# ---- whose assertion ----

@pytest.mark.mpm
def test_no_token_ever_gets_what_was_said_of_another(signing):
    z = signing("header=X-Caller", "<Location /b>\nZTAAssertionAudience urn:example:b\n</Location>")
    same = {"sub": "alice", "client_id": "app", "sid": "s1", "jti": "one-for-all"}
    kinds = [{"acr": "urn:pwd"}, {"acr": "urn:mfa"}, {"roles": ["admin"]}, {"roles": ["reader"]},
             {"roles": []}, {"scope": "read"}, {"scope": "read write admin"}, {"auth_time": 1700000000},
             {"auth_time": 1700000001}, {"roles": ["a", "b"]}, {"roles": ["a,b"]}, {"roles": ["b", "a"]}]
    tokens = [(kind, z.issuer.token({**same, **kind})) for kind in kinds]
    order = [(kind, token, place) for kind, token in tokens for place in ("/a", "/b")] * 6
    random.Random(5).shuffle(order)
    seen = {}
    with z.httpd.client().connect() as connection:
        for kind, token, place in order:
            forged = random.choice(list(spellings("X-Caller")))
            assert connection.request("GET", f"{place}/x", {
                "Authorization": f"Bearer {token}", forged: "evil", "X-ZTA-Assertion": "evil",
                "Connection": f"keep-alive, {forged}"}).status == 200
            request = z.backend.last
            assert not [v for _, v in request.headers if v == "evil"]
            (assertion,) = request.all("X-Caller")
            own, got = b64u_json(token.split(".")[1]), said(assertion)[1]
            assert got["aud"] == (API if place == "/a" else "urn:example:b")
            for name in ("acr", "roles", "scope", "auth_time"):
                assert got.get(name) == own.get(name), (name, kind)
            assert got["exp"] <= own["exp"] and "sid" not in got
            seen.setdefault((json.dumps(kind), place), set()).add(assertion)
    # They did come from the cache: each was signed once or twice, not six times.
    assert len(seen) == 2 * len(kinds)
    assert sum(map(len, seen.values())) < len(order) / 2
    # One that is about to end has no assertion that outlives it.
    ending = z.issuer.token({"exp": b64u_json(tokens[0][1].split(".")[1])["iat"] + 20})
    assert z.get("/a/x", token=ending).status == 200
    assert said(z.backend.last.header("X-Caller"))[1]["exp"] == b64u_json(ending.split(".")[1])["exp"]
    # Only behind this request's decision: a revocation is at once the end of the cached one.
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert z.get("/a/x", token=tokens[0][1]).status == 401


def test_the_place_that_answers_says_whom_the_assertion_is_for(signing):
    z = signing(vhost_text=(
        "RewriteEngine On\nRewriteRule ^/in/(.*) /out/$1 [PT]\nRewriteRule ^/bare-in/(.*) /bare/$1 [PT]\n"
        "<Location /out>\nZTAAssertionAudience urn:example:out\n</Location>\n"
        "<Location /bare>\nZTAForward none\n</Location>\n"
        '<Location "/my api">\nZTAAssertionAudience urn:example:spaced\n</Location>\n'
        '<Location "/my bare">\nZTAForward none\n</Location>'), modules=("rewrite",))
    token = z.issuer.token({"roles": ["r"]})
    assert z.get("/in/x", token=token).status == 200
    (assertion,) = z.backend.last.all("X-ZTA-Assertion")
    assert said(assertion)[1]["aud"] == "urn:example:out"
    assert z.get("/bare-in/x", token=token).status == 200
    names = sorted(n for n, _ in z.backend.last.headers if n.lower().startswith("x-zta-"))
    assert names == ["X-ZTA-Id"]
    # Matched by httpd where the name is decoded, after a first look at the path as it was sent.
    for path, audience in (("/my%20api/x", "urn:example:spaced"), ("/my%20bare/x", None)):
        assert z.get(path, token=token).status == 200
        given = z.backend.last.header("X-ZTA-Assertion")
        assert (given and said(given)[1]["aud"]) == audience
    # A preflight is nobody.
    z.request("OPTIONS", "/x", headers={"Origin": "https://a.test",
                                        "Access-Control-Request-Method": "PUT"})
    assert z.backend.last.header("X-ZTA-Assertion") is None
    # What no header would hold goes nowhere.
    z.httpd.allow_log("ZTA0040")
    claims = z.issuer.claims({"roles": ["\u0080" * 60] * 25})
    answer = z.get("/x", token=z.issuer.token(payload_raw=json.dumps(claims, ensure_ascii=False)))
    assert answer.status == 503 and answer.header("Retry-After") is None
    assert wait_for(lambda: [e for e in z.events() if e["reason"] == "store_unavailable"],
                    what="event")[0]["detail"] == "the identity is too large for the API's assertion"


# ---- the trace ----

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"
# headers, whether the trace goes on, with which flags, and whether tracestate does
TRACES = [
    ([], False, "01", None), ([("tracestate", "a=1")], False, "01", None),
    ([("traceparent", GOOD)], True, "01", None),
    ([("traceparent", GOOD), ("tracestate", "a=1"), ("tracestate", "b=2")], True, "01", "a=1, b=2"),
    ([("TraceParent", f"00-{TRACE}-{SPAN}-00"), ("Connection", "traceparent, tracestate"),
      ("tracestate", "a=1")], True, "00", "a=1"),
    ([("traceparent", f"00-{TRACE}-{SPAN}-03")], True, "03", None),
    ([("traceparent", f"cc-{TRACE}-{SPAN}-01-more")], True, "01", None),
    *[([("traceparent", bad), ("tracestate", "a=1")], False, "01", None) for bad in (
        "", "x", GOOD.upper(), f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01", GOOD + "-x", GOOD[:-1], f"{GOOD} {GOOD}")],
    ([("traceparent", GOOD), ("traceparent", GOOD), ("tracestate", "a=1")], False, "01", None),
]


def test_a_trace_goes_on_or_begins_and_the_log_knows_it(zta):
    z = zta(stage=2, rules=ALL + "deny closed\n  when path /closed\n", global_text=(
        "ZTALog logs/ecs.json\nZTALog logs/ocsf.json format=ocsf"))
    token = z.issuer.token()
    expected = {}
    for headers, goes_on, flags, state in TRACES:
        answer = z.get("/x", token=token, headers=headers)
        assert answer.status == 200
        (sent,) = z.backend.last.all("traceparent")
        match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", sent)
        assert match and match[3] == flags, (headers, sent)
        assert (match[1] == TRACE) == goes_on and match[2] != SPAN
        assert ", ".join(z.backend.last.all("tracestate")) == (state or "")
        expected[answer.header("X-ZTA-Id")] = match[1]
    assert len(set(expected.values())) == len(expected) - 5 + 1
    # A refused request belongs to the client's trace, if it named one.
    refused = z.get("/closed", token=token, headers=[("traceparent", GOOD)])
    expected[refused.header("X-ZTA-Id")] = TRACE
    untold = z.get("/closed", token=token).header("X-ZTA-Id")

    def lines(name):
        with open(z.httpd.path("logs", name), encoding="utf-8") as file:
            texts = [t for t in file.read().split("\n") if t]
        return len(texts) > len(expected) and texts
    ecs = wait_for(lambda: lines("ecs.json"), what="ECS lines")
    ocsf = wait_for(lambda: lines("ocsf.json"), what="OCSF lines")
    logschema.check_table()
    assert logschema.check(ecs, "ecs")["trace.id"] == len(expected)
    assert logschema.check(ocsf, "ocsf")["metadata.correlation_uid"] == len(expected)
    for line in map(json.loads, ecs):
        assert line.get("trace", {}).get("id") == expected.get(line["event"]["id"])
    for line in map(json.loads, ocsf):
        assert line["metadata"].get("correlation_uid") == expected.get(line["metadata"]["uid"])
    told = wait_for(lambda: {e["id"]: e["trace"] for e in z.events() if e["id"] in expected
                             or e["id"] == untold}, what="events")
    named = {n for n, t in expected.items() if t == TRACE}
    assert {n for n, t in told.items() if t == TRACE} == named
    assert {t for t in told.values()} == {TRACE, None}
    assert TRACE in z.ctl("explain", refused.header("X-ZTA-Id")).stdout
    assert len(z.json("events", "--filter", TRACE)) == len(named)


def test_monitoring_tells_the_api_nothing(signing):
    z = signing(stage=0, rules="", vhost_text="ZTAMonitor 2")
    headers = [("traceparent", "mine"), ("tracestate", "a=1")]
    assert z.get("/x", token=z.issuer.token(), headers=headers).status == 200
    request = z.backend.last
    assert [n for n, _ in request.headers if n.lower().startswith(("x-zta", "x-request"))] == []
    assert (request.header("traceparent"), request.header("tracestate")) == ("mine", "a=1")
    assert request.header("Authorization") is not None
