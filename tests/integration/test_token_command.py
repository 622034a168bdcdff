# SPDX-License-Identifier: Apache-2.0
"""`ztactl token` says of a token what the proxy answers to it, and leaves no trace."""

import glob
import hashlib
import json
import os
import re
import subprocess
import time
import uuid

import pytest

from support.clock import HOUR, Clock
from support.dpop import Prover
from support.introspector import Introspector, opaque
from support.issuer import Issuer, Key, b64u
from support.issuerserver import IssuerServer
from support.local import wait_for
from support.schema import validate
from support.store import ztactl

ORIGIN = "https://api.example.test"
PARTNER = "https://partner.example.test"
HOSTILE = "a\x1b[2J\x1b]0;x\x07\r\nb\u202e\u009bc\"\\'$(id)`"
CERTIFICATE = b64u(hashlib.sha256(b"no certificate of ours").digest())


class World:
    """A gateway with two issuers and a place for each case that depends on the place:
    / takes corp, /partner both, /other another audience, /strict bound tokens only."""

    vhost_text = "\n".join([
        f"ZTAOrigin {ORIGIN}",
        "<Location /partner>", "ZTAAccept corp partner local", "</Location>",
        "<Location /other>", "ZTAAccept corp local audience=https://other.example.test", "</Location>",
        "<Location /partner/deep>", "ZTADPoP required", "</Location>",
        "<Location /dpop>", "ZTADPoP allowed", "</Location>",
        "<Location /strict>", "ZTADPoP required", "</Location>",
        "<Location /watched>", "ZTAStage 0", "ZTAMonitor 1", "</Location>",
        "<Location /open>", "ZTAStage 0", "</Location>"])

    def __init__(self, zta, **options):
        self.z = zta(start=False, accept="corp local", global_text="ZTAVerifyLimit off",
                     vhost_text=self.vhost_text, **options)
        folder = self.z.httpd.path("conf", "partner")
        os.mkdir(folder)
        self.corp = self.z.issuer
        self.partner = Issuer(folder, url=PARTNER, audience=self.corp.audience, algs=("RS256",))
        self.z.global_text += "\n".join([
            "", f"<ZTAIssuer partner {PARTNER}>", f"ZTAAudience {self.partner.audience}",
            f"ZTAKeys file:{self.partner.path}", "</ZTAIssuer>"])
        self.z.start()
        wait_for(lambda: len(self.z.json("issuers")) == 2, what="the issuers in the store")
        self.n = 0

    def answer(self, token, path="/x", headers=None):
        """(status, reason) as the proxy answers and records it; each from an address of its own,
        so that no denial is one of many."""
        self.n += 1
        headers = headers or [("Authorization", f"Bearer {token}")]
        answer = self.z.httpd.get(path, headers, source=f"127.0.1.{self.n}", fresh=True)
        identifier = answer.header("X-ZTA-Id")
        if answer.status == 200 or identifier is None:
            return answer.status, None
        event = wait_for(lambda: explained(self.z, identifier), what="the event")
        assert event["status"] == answer.status
        return answer.status, event["reason"]

    def judged(self, token, path=None):
        """(status, reason) as ztactl says, of the whole or of one place; None is accepted."""
        said = judge(self.z, token)
        if path is not None:
            said = place(said, path)
        if said["verdict"] == "accepted":
            return 200, None
        return said["status"], said["reason"]


def explained(z, identifier):
    done = z.ctl("explain", identifier, "--json", code=None)
    return json.loads(done.stdout) if done.returncode == 0 else None


def judge(z, token, *arguments):
    """From standard input."""
    done = z.ctl("token", *arguments, "--json", data=token, code={0, 1})
    said = json.loads(done.stdout)
    assert (done.returncode == 0) == (said["verdict"] == "accepted")
    assert not done.stderr
    return said


def place(said, path):
    found = [p for p in said["places"] if p["path"] == path]
    assert len(found) == 1, said["places"]
    return found[0]


@pytest.fixture
def world(zta):
    return World(zta)


def cases(world):
    """name: (token, expected reason or None)"""
    corp, partner = world.corp, world.partner
    good = corp.token()
    head, payload, signature = good.split(".")
    return {
        "good": (good, None),
        "good ES512": (corp.token(alg="ES512"), None),
        "good PS256": (corp.token(alg="PS256"), None),
        "good EdDSA": (corp.token(alg="EdDSA"), None),
        "within the leeway": (corp.token({"exp": int(time.time()) - 20}), None),
        "expired": (corp.token({"exp": int(time.time()) - 100}), "expired_credential"),
        "not yet": (corp.token({"nbf": int(time.time()) + 500}), "bad_credential"),
        "other audience": (corp.token({"aud": "https://other.example.test"}), "wrong_audience"),
        "unknown issuer": (corp.token({"iss": "https://evil.example.test"}), "unknown_issuer"),
        "issuer of elsewhere": (partner.token(), "unknown_issuer"),
        "unknown kid": (corp.token(header={"kid": "nobody"}), "bad_credential"),
        "key of another": (corp.token(key=Key("RS256", kid=corp.key("RS256").kid)),
                           "bad_credential"),
        "bad signature": (f"{head}.{payload}.{signature[:-4]}AAAA", "bad_credential"),
        "changed payload": (f"{head}.{b64u(json.dumps(corp.claims({'sub': 'root'})))}.{signature}",
                            "bad_credential"),
        "none": (corp.token(alg="none").rstrip(".") + ".AA", "bad_credential"),
        "no signature": (f"{head}.{payload}.", "bad_credential"),
        "HS256 with the public key": (
            corp.token(alg="HS256", key=corp.key("RS256").public_pem(),
                       header={"kid": corp.key("RS256").kid}), "bad_credential"),
        "ID token": (corp.token({"nonce": "n"}, header={"typ": "JWT"}), "bad_credential"),
        "logout token": (corp.token(header={"typ": "logout+jwt"}), "bad_credential"),
        "no subject": (corp.token(drop=("sub",)), "bad_credential"),
        "crit": (corp.token(header={"crit": ["exp"], "exp": 1}), "bad_credential"),
        "bound to a key": (Prover().bound(corp), "binding_failed"),
        "bound to a certificate elsewhere": (
            corp.token({"cnf": {"x5t#S256": "short"}}), "binding_failed"),
        "opaque where nobody is asked": (opaque("one"), "bad_credential"),
        "a dot too many": (good + ".x", "bad_credential"),
        "no token68": (good + "!", "bad_request"),
        "two words": ("one two", "bad_request"),
        "a comma": ("one,two", "bad_request"),
        "equals signs": ("====", "bad_request"),
        "long": (corp.token({"pad": "x" * 6400}), "bad_request"),
        "garbage": ("x" * 5000, "bad_credential"),
    }


@pytest.mark.timeout(180)
def test_the_verdict_is_the_proxys_answer(world):
    wrong = {}
    for name, (token, reason) in cases(world).items():
        proxy, said = world.answer(token), world.judged(token, "/")
        assert proxy[0] in (200, 400, 401), name
        if proxy[1] is None and proxy[0] == 400:
            proxy = (400, "bad_request")  # httpd itself, which records no event
        if not proxy == said == ((200, None) if reason is None else (proxy[0], reason)):
            wrong[name] = (proxy, said, reason)
    assert not wrong


def test_each_place_judges_for_itself(world):
    prover = Prover()
    tokens = {
        "corp": world.corp.token(), "partner": world.partner.token(),
        "other": world.corp.token({"aud": "https://other.example.test"}),
        "bound": prover.bound(world.corp),
    }
    expected = {
        "corp": {"/": None, "/partner": None, "/partner/deep": "binding_failed",
                 "/other": "wrong_audience", "/dpop": None, "/strict": "binding_failed"},
        "partner": {"/": "unknown_issuer", "/partner": None, "/partner/deep": "binding_failed",
                    "/other": "unknown_issuer", "/dpop": "unknown_issuer",
                    "/strict": "unknown_issuer"},
        "other": {"/": "wrong_audience", "/partner": "wrong_audience",
                  "/partner/deep": "wrong_audience", "/other": None, "/dpop": "wrong_audience",
                  "/strict": "wrong_audience"},
        "bound": {"/": "binding_failed", "/partner": "binding_failed", "/partner/deep": None,
                  "/other": "wrong_audience", "/dpop": None, "/strict": None},
    }
    for name, token in tokens.items():
        said = judge(world.z, token)
        reasons = {p["path"]: p["reason"] for p in said["places"]}
        assert reasons.pop("/watched") == expected[name]["/"]  # and a request passes there
        assert world.answer(token, "/watched/x") == (200, None)
        assert reasons == expected[name], name
        assert said["verdict"] == "accepted"  # somewhere
        for path, reason in expected[name].items():
            headers = None
            if name == "bound" and reason is None:
                assert place(said, path)["needs_dpop_proof"] is True
                headers = prover.headers("GET", f"{ORIGIN}{path}/x", token)
                assert world.answer(token, path + "/x") == (401, "binding_failed")
            assert world.answer(token, path + "/x", headers)[1] == reason, (name, path)
    certified = world.corp.token({"cnf": {"x5t#S256": CERTIFICATE}})
    assert place(judge(world.z, certified), "/")["needs_client_certificate"] is True
    assert world.answer(certified) == (401, "binding_failed")
    text = world.z.ctl("token", data=tokens["bound"]).stdout
    assert text.startswith("accepted: alice at issuer corp, with a DPoP proof, at 3 of 7 places\n")


def test_where_it_is_only_monitored_a_refusal_is_no_answer(zta):
    z = zta(stage=0, vhost_text="ZTAMonitor 1")
    wait_for(lambda: z.json("issuers"), what="the issuers in the store")
    expired = z.issuer.token({"exp": 5})
    said = judge(z, expired)
    assert (said["mode"], said["reason"]) == ("monitor", "expired_credential")
    text = z.ctl("token", data=expired, code=1).stdout
    assert text.startswith("refused: expired_credential: ")
    assert re.search("^answer +as without it: ", text, re.M)
    assert z.get("/x", token=expired).status == 200


def test_what_is_revoked_or_blocked_is_said_with_by_what(world):
    z, corp = world.z, world.corp
    login = int(time.time()) - 300
    rows = {
        "session": ({"sid": "s-1", "sub": "u-1"}, None),
        "token": ({"jti": "jti-1", "sub": "u-2"}, None),
        "client": ({"client_id": "bad-app", "auth_time": login}, ["--client", "bad-app@corp"]),
        "subject": ({"sub": "mallory", "auth_time": login}, ["--subject", "mallory@corp"]),
    }
    for kind, (claims, selector) in rows.items():
        token = corp.token(claims)
        before = judge(z, token)
        assert before["verdict"] == "accepted" and before["revoked_by"] is None
        assert world.answer(token) == (200, None)
        if kind == "session":
            session = before["identity"]["session"]
            wait_for(lambda s=session: z.ctl("sessions", "show", s, code=None).returncode == 0,
                     what="the session in the store")
            selector = ["--session", session]
        data = None
        if kind == "token":
            selector, data = ["--token", "-"], token
        z.ctl("revoke", *selector, "--reason", "test", data=data)
        said = judge(z, token)
        assert (said["status"], said["reason"], said["revoked_by"]) == (401, "revoked", kind)
        assert world.answer(token) == (401, "revoked")
        assert re.search(rf"^revoked +{kind}$", z.ctl("token", data=token, code=1).stdout, re.M)
        z.ctl("unrevoke", *selector, "--reason", "test", data=data)
        assert judge(z, token)["verdict"] == "accepted"
    z.ctl("block", "mallory@corp", "--for", "1h", "--reason", "test", "--yes")
    token = corp.token({"sub": "mallory"})
    said = judge(z, token)
    assert (said["status"], said["reason"], said["blocked"]) == (403, "blocked", True)
    assert world.answer(token) == (403, "blocked")
    z.ctl("revoke", "--issuer", "corp", "--reason", "test", "--yes")
    assert judge(z, corp.token({"auth_time": login}))["revoked_by"] == "issuer"


def test_the_facts_are_those_of_the_token(world):
    now = int(time.time())
    claims = {"sid": "s-9", "auth_time": now - 50, "acr": "gold", "roles": ["staff", "ops"],
              "groups": ["g"], "amr": ["otp"], "nbf": now - 5}
    token = world.corp.token(claims)
    said = judge(world.z, token)
    assert said["signature"] == "good" and said["issuer"] == "corp"
    assert said["says"]["alg"] == "RS256" and said["says"]["kid"] == world.corp.key("RS256").kid
    assert said["says"]["aud"] == [world.corp.audience] and said["says"]["iss"] == world.corp.url
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 50))
    assert said["says"]["login"] == stamp
    identity = said["identity"]
    assert (identity["subject"], identity["client"], identity["acr"]) == ("alice", "app", "gold")
    assert identity["roles"] == ["staff", "ops"] and identity["scopes"] == ["read", "write"]
    assert identity["groups"] == ["g"] and identity["amr"] == ["otp"]
    assert (identity["binding"], identity["session_kind"]) == ("none", "sid")
    assert said["keys"]["from"] == f"file:{world.corp.path}"
    assert said["keys"]["file_differs"] is False
    # The same session and token id as the proxy's.
    answer = world.z.get("/x", token=token)
    event = wait_for(lambda: explained(world.z, answer.header("X-ZTA-Id")), what="the event")
    assert (event["session"], event["token_id"]) == (identity["session"], identity["token_id"])
    text = world.z.ctl("token", data=token).stdout
    assert text.startswith("accepted: alice at issuer corp, at 4 of 7 places\n")
    assert re.search(r"^expires +\S+Z, in \d+m$", text, re.M), text
    assert re.search(r"^login +\S+Z, 5\ds ago$", text, re.M), text
    assert re.search(rf"^session +{identity['session']}, by sid$", text, re.M), text
    # Whose an expired token is can be told as well; of a forged one only what it says.
    expired = judge(world.z, world.corp.token({**claims, "iat": now - 900, "nbf": now - 900,
                                                    "auth_time": now - 950, "exp": now - 500}))
    assert expired["reason"] == "expired_credential" and "expired 50" in expired["detail"]
    assert expired["identity"]["session"] == identity["session"]
    forged = judge(world.z, token[:-4] + "AAAA")
    assert forged["signature"] == "bad" and forged["identity"] is None
    assert forged["says"]["sub"] == "alice"
    text = world.z.ctl("token", data=token[:-4] + "AAAA", code=1).stdout
    assert text.startswith("refused: bad_credential: the signature is bad\n")
    assert re.search(r"^answer +401 bad_credential$", text, re.M)


def test_json_is_what_the_schema_says(world):
    token = world.corp.token()
    for said in (token, token[:-4] + "AAAA", "no.such.token", world.corp.token({"sub": HOSTILE})):
        validate("token", judge(world.z, said))


def test_a_file_of_keys_that_was_changed_is_said(world):
    old = world.corp.token()
    world.corp.rotate("RS256")
    said = judge(world.z, old)
    assert said["verdict"] == "accepted" and said["keys"]["file_differs"] is True
    assert "was changed" in world.z.ctl("token", data=old).stdout
    new = world.corp.token()
    assert world.judged(new, "/") == (401, "bad_credential") == world.answer(new)
    world.z.reload()
    wait_for(lambda: judge(world.z, new)["verdict"] == "accepted", what="the new keys")
    assert judge(world.z, new)["keys"]["file_differs"] is False
    assert world.judged(old, "/") == (401, "bad_credential") == world.answer(old)


def test_hostile_text_in_claims_is_harmless(world):
    token = world.corp.token({"sub": HOSTILE, "acr": HOSTILE, "roles": [HOSTILE],
                              "client_id": HOSTILE, "sid": HOSTILE, "scope": [HOSTILE]})
    done = world.z.ctl("token", data=token)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout + done.stderr)
    assert judge(world.z, token)["identity"]["subject"] == HOSTILE
    for claims in ({"iss": HOSTILE}, {"aud": HOSTILE}):
        done = world.z.ctl("token", data=world.corp.token(claims, header={"kid": HOSTILE}), code=1)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout + done.stderr)


def test_input_that_is_no_single_token(world):
    z, token = world.z, world.corp.token()
    for data in ("", "\n", " \t\r\n", f"{token}\n{token}\n", "a\nb"):
        done = z.ctl("token", data=data, code=1)
        assert done.stderr.startswith("ztactl: ") and not done.stdout
        assert token not in done.stderr
    z.ctl("token", "", code=2)
    z.ctl("token", token, token, code=2)
    # White space around it is that of the pipe it came through.
    assert judge(z, f"  {token}\r\n\n")["verdict"] == "accepted"
    assert judge(z, token, "-")["verdict"] == "accepted"
    assert json.loads(z.ctl("token", token, "--json").stdout)["verdict"] == "accepted"
    for data in (f"{token[:20]}\0{token[20:]}", "\0", "x" * 1_000_000, f"{token}\0"):
        said = judge(z, data)
        assert (said["status"], said["reason"]) == (400, "bad_request"), said["detail"]
    assert "no token" in z.ctl("token", data="x" * (4 << 20), code=1).stderr
    key = z.json("keys", "create", "--name", "ci")["key"]
    done = z.ctl("token", data=key, code=1)
    assert "an API key" in done.stderr and key.split("_")[2] not in done.stdout + done.stderr


def files_of(directory):
    """Digests of everything in the store but the lock files, which readers enter and leave."""
    found = {}
    for path in glob.glob(f"{directory}/**", recursive=True):
        if os.path.isfile(path) and not path.endswith("lock.mdb"):
            with open(path, "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


def test_nothing_is_written_and_the_token_stands_nowhere(world):
    z = world.z
    marker = uuid.uuid4().hex
    tokens = [world.corp.token({"jti": marker}), world.partner.token({"jti": marker}),
              world.corp.token({"jti": marker, "exp": 5}), opaque(marker)]
    z.httpd.stop()  # the helper writes each second
    log = z.httpd.error_text()
    before = files_of(z.store.directory)
    printed = ""
    for token in tokens:
        for arguments, data in ((["-"], token), ([token], None), (["--json"], token)):
            done = z.ctl("token", *arguments, data=data, code={0, 1})
            printed += done.stdout + done.stderr
    assert files_of(z.store.directory) == before and z.httpd.error_text() == log
    assert not z.json("events") and [e["action"] for e in z.json("audit", "list")] == ["store init"]
    for token in tokens:
        for part in [token, *[p for p in token.split(".") if len(p) > 40]]:
            assert part not in printed
    assert marker not in printed  # nor what its parts decode to


def test_a_server_that_never_ran_has_said_nothing(store):
    made = store()
    done = made.run("token", data="x", code=1)
    assert "no server has said" in done.stderr


def test_an_opaque_token_is_not_sent(zta):
    endpoint = Introspector().start()
    try:
        z = zta(start=False)
        secret = z.httpd.write("conf/secret", "secret\n")
        os.chmod(secret, 0o600)
        z.issuer_text = f"ZTAIntrospect {endpoint.url} client=gateway secret=file:{secret}"
        z.start()
        wait_for(lambda: z.json("issuers"), what="the issuers in the store")
        said = judge(z, opaque("one"))
        assert (said["verdict"], said["issuer"], said["reason"]) == ("undecided", "corp", None)
        text = z.ctl("token", data=opaque("one"), code=1).stdout
        assert text.startswith("undecided: issuer corp would be asked about it; ztactl does not")
        assert judge(z, z.issuer.token())["verdict"] == "accepted"
        assert not endpoint.questions
    finally:
        endpoint.stop()


def test_fetched_keys_their_age_and_what_is_not_among_them(zta):
    z = zta(start=False, keys="discover", issuer_text="ZTAKeysStale 1h")
    server = IssuerServer(z.issuer).start()
    try:
        z.start()
        wait_for(lambda: [i["state"] for i in z.json("issuers")] == ["good"], what="keys")
        said = judge(z, z.issuer.token())
        assert said["verdict"] == "accepted" and said["keys"]["from"] == "discover"
        assert 0 <= said["keys"]["age_s"] < 3600 and said["keys"]["stale_after_s"] == 3600
        unknown = judge(z, z.issuer.token(header={"kid": "nobody"}))
        assert unknown["asks_for_keys"] is True and unknown["status"] == 401
        assert "503" in z.ctl("token", data=z.issuer.token(header={"kid": "x"}), code=1).stdout
        assert server.count() == 1  # ztactl asked for none
    finally:
        server.stop()


def test_keys_that_are_too_old_are_unavailable(zta, directory):
    clock = Clock(directory)
    z = zta(start=False, keys="discover", issuer_text="ZTAKeysStale 1h", env=clock.env)
    server = IssuerServer(z.issuer).start()
    try:
        z.httpd.allow_log(r"ZTA007[78]: ")
        z.start()
        wait_for(lambda: [i["state"] for i in z.json("issuers")] == ["good"], what="keys")
    finally:
        server.stop()
    token = z.issuer.token({"exp": int(time.time()) + 10 * HOUR})
    clock.set(2 * HOUR)
    done = z.ctl("token", "--json", data=token, code=1, env=clock.env)
    said = json.loads(done.stdout)
    assert (said["status"], said["reason"]) == (503, "issuer_unavailable")
    assert z.get("/x", token=token).status == 503
    assert said["signature"] == "not_checked" and said["identity"] is None


def test_ztactl_is_linked_without_the_modules_libraries():
    text = subprocess.run(["readelf", "-d", ztactl()], capture_output=True, text=True,
                          check=True).stdout
    assert "NEEDED" in text and not re.search("oauth2|cjose|curl", text)
