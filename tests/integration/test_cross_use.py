# SPDX-License-Identifier: Apache-2.0
"""Every kind of token at every place where it does not belong, signed by the very issuer.

Each is as near to an access token as its kind allows: right issuer, key, times, subject, and an
audience that counts here. What refuses it is its kind alone.
"""

import os
import time
import uuid

import pytest

from support.authserver import claims_of
from support.dpop import Prover, with_proof
from support.introspector import AUDIENCE, Introspector, opaque
from support.issuer import b64u
from support.leaks import allow
from support.local import wait_for

ORIGIN = "https://api.example.test"
SESSIONS = "http://schemas.openid.net/event/backchannel-logout"
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
WITH_CLIENT = {"client_id": "app", "scope": "read write"}

# What the payload is, beside iss, sub, aud, iat, exp, jti, client_id and scope; `None` is left out.
PAYLOADS = {
    "ID token": {"nonce": "n-0S6", "azp": "app", "auth_time": 1, "acr": "1"},
    "ID token of a hybrid flow": {"c_hash": "LDktKdoQak3Pk0cnXxCltA", "azp": "app"},
    "ID token with at_hash": {"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng", "azp": "app"},
    "ID token with s_hash": {"s_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng", "azp": "app"},
    "ID token without hashes": {"client_id": None, "scope": None, "email": "a@b.test"},
    "ID token without hashes, with azp": {"client_id": None, "scope": None, "azp": "app", "email": "a@b.test"},
    "ID token of Keycloak": {"typ": "ID", "azp": "app"},
    "ID token of Cognito": {"token_use": "id", "cognito:username": "alice"},
    "refresh token of Keycloak": {"typ": "Refresh", "azp": "app"},
    "offline token of Keycloak": {"typ": "Offline", "azp": "app"},
    "logout token": {"events": {SESSIONS: {}}, "sid": "s-1"},
    "logout token of Keycloak": {"typ": "Logout", "sid": "s-1", "events": {SESSIONS: {}}},
    "security event": {"events": {REVOKED: {"event_timestamp": 1}}, "txn": "8675309",
                       "sub_id": {"format": "iss_sub", "iss": "x", "sub": "alice"}},
    "security event without events": {"sub_id": {"format": "opaque", "id": "x"}, "toe": 1},
    "DPoP proof": {"htm": "GET", "htu": ORIGIN + "/x", "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy5"},
    "introspection answer": {"token_introspection": {"active": True, **WITH_CLIENT}},
    "authorization request": {"response_type": "code", "redirect_uri": "https://app.test/cb"},
    "authorization response": {"code": "abc", "state": "xyz", "client_id": None, "scope": None},
    "userinfo answer": {"name": "Alice", "email": "a@b.test", "client_id": None, "scope": None},
    "client assertion": {"sub": "app", "client_id": None, "scope": None},
    "verifiable credential": {"vc": {"type": ["VerifiableCredential"]}},
    "key binding": {"sd_hash": "x", "nonce": "1"},
}
# Types that name each kind; with ZTATokenType any also the two that name none.
TYPES = {
    "ID token": ["id+jwt"], "logout token": ["logout+jwt", "application/logout+jwt", "LOGOUT+JWT"],
    "security event": ["secevent+jwt", "application/secevent+jwt"],
    "DPoP proof": ["dpop+jwt", "DPoP+JWT"], "introspection answer": ["token-introspection+jwt"],
    "authorization request": ["oauth-authz-req+jwt"], "verifiable credential": ["vc+jwt", "vc+sd-jwt"],
    "client assertion": ["client-authentication+jwt"], "key binding": ["kb+jwt"],
    "refresh token of Keycloak": ["rt+jwt", "refresh+jwt"],
}
# Kinds that only their type tells from an access token.
TYPED_ONLY = ["oauth-id-jag+jwt", "txntoken+jwt", "rt+jwt", "entity-statement+jwt", "jwt+x",
              "secevent+jwt", "logout+jwt", "dpop+jwt", "application/dpop+jwt", "at+jwt+x",
              "token-introspection+jwt", "jose+json", "x/at+jwt", "at+jwt;v=1", " at+jwt", ""]


def issued(issuer, payload, typ=None, **options):
    """A token with this payload; typ None leaves the header out."""
    changed = {name: value for name, value in payload.items() if value is not None}
    header, drop_header = ({}, ("typ",)) if typ is None else ({"typ": typ}, ())
    return issuer.token(changed, header=header, drop_header=drop_header,
                        drop=[name for name, value in payload.items() if value is None], **options)


def foreign(issuer, untyped, extra=()):
    """(name, token) of each kind with each type that it can have."""
    for name, payload in PAYLOADS.items():
        for typ in TYPES.get(name, []) + (["JWT", "application/jwt", None] if untyped else ["JWT"]):
            yield f"{name} as {typ}", issued(issuer, {**payload, **dict(extra)}, typ)
    for typ in TYPED_ONLY:
        yield f"an access token as {typ}", issued(issuer, dict(extra), typ)


def settled(z):
    """The gateway past the second in which it was started, before which no proof is taken."""
    started = int(time.time())
    wait_for(lambda: int(time.time()) > started, what="the next second")
    return z


def guard(zta, kind, **options):
    """A gateway with every entry."""
    return settled(zta(
        stage=1, credentials="header query cookie:zta apikey:X-Api-Key",
        issuer_text=f"ZTATokenType {kind}", global_text="ZTAVerifyLimit off",
        vhost_text=f"ZTAOrigin {ORIGIN}\nZTADPoP allowed", **options))


def entries(prover):
    """Each way in that takes tokens: (name, statuses of a refusal, how a token is sent)."""
    def dpop(z, token):
        proof = prover.proof("GET", ORIGIN + "/x", token)
        return z.get("/x", headers=with_proof(token, proof))
    return [
        ("Bearer", {401}, lambda z, token: z.get("/x", token=token)),
        ("DPoP", {401}, dpop),
        ("query", {401}, lambda z, token: z.get(f"/x?access_token={token}")),
        ("cookie", {401}, lambda z, token: z.get("/x", headers=[("Cookie", f"zta={token}")])),
        ("API key", {400, 401}, lambda z, token: z.get("/x", key=token)),
    ]


@pytest.mark.mpm
@pytest.mark.parametrize("kind", ["at+jwt", "any"])
def test_no_other_token_opens_any_entry(zta, kind):
    z = guard(zta, kind)
    prover = Prover()
    bound = {"cnf": {"jkt": prover.jkt}}
    opened, n = [], 0
    for entry, refused, send in entries(prover):
        extra = bound if entry == "DPoP" else {}
        control = z.issuer.token(extra)
        if entry != "API key":
            assert send(z, control).status == 200, f"the control of {entry}"
        else:
            assert send(z, control).status in refused
        n_before = len(z.backend.requests)
        for name, token in foreign(z.issuer, kind == "any", extra):
            status = send(z, token).status
            n += 1
            if status not in refused:
                opened.append((entry, name, status))
        assert opened == [] and len(z.backend.requests) == n_before, opened
    assert n > 200


@pytest.mark.mpm
def test_a_good_token_in_the_wrong_entry_stays_outside(zta):
    allow(r"access\.log$", "in a query that nobody reads")
    z = guard(zta, "at+jwt")
    prover = Prover()
    bound, plain = prover.bound(z.issuer), z.issuer.token()
    key = z.json("keys", "create", "--name", "ci")["key"]
    assert z.get("/x", key=key).status == z.get("/x", token=key).status == 200
    n_before = len(z.backend.requests)
    rows = [
        ("bound as Bearer", [("Authorization", f"Bearer {bound}")], ""),
        ("bound in the cookie", [("Cookie", f"zta={bound}")], ""),
        ("bound in the query", [], f"?access_token={bound}"),
        ("bound as API key", [("X-Api-Key", bound)], ""),
        ("plain with a proof", prover.headers("GET", ORIGIN + "/x", plain), ""),
        ("plain as API key", [("X-Api-Key", plain)], ""),
        ("key in the cookie", [("Cookie", f"zta={key}")], ""),
        ("key in the query", [], f"?access_token={key}"),
        ("key as DPoP", with_proof(key, prover.proof("GET", ORIGIN + "/x", key)), ""),
        ("key as Basic", [("Authorization", "Basic " + b64u(f"ci:{key}"))], ""),
        ("token as Basic", [("Authorization", "Basic " + b64u(f"x:{plain}"))], ""),
        ("token in another cookie", [("Cookie", f"other={plain}")], ""),
        ("token in another parameter", [], f"?token={plain}"),
        ("token in the fragment", [], f"?x#access_token={plain}"),
        ("token in a proxy's header", [("Proxy-Authorization", f"Bearer {plain}")], ""),
        ("token in a look-alike", [("Authorisation", f"Bearer {plain}")], ""),
        ("token in X-Forwarded", [("X-Forwarded-Authorization", f"Bearer {plain}")], ""),
        ("subject in our own header", [("X-ZTA-Subject", "alice"), ("X-ZTA-Issuer", "corp")], ""),
    ]
    for name, headers, query in rows:
        answer = z.get("/x" + query, headers=headers)
        assert answer.status in (400, 401), (name, answer.status)
    body = f"access_token={plain}"
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    assert z.request("POST", "/x", headers=form, body=body.encode()).status == 401
    assert len(z.backend.requests) == n_before


@pytest.mark.mpm
def test_nothing_but_a_proof_is_a_proof(zta):
    z = guard(zta, "any")
    prover = Prover()
    token = prover.bound(z.issuer)
    claims = {"htm": "GET", "htu": ORIGIN + "/x", "iat": prover.iat(), "jti": str(uuid.uuid4())}

    def send(proof):
        return z.get("/x", headers=with_proof(token, proof)).status

    def signed(typ, **more):
        """By the key the token is bound to, with all that a proof says."""
        return prover.proof("GET", ORIGIN + "/x", token, header={"typ": typ}, claims=more)

    assert send(signed("dpop+jwt")) == 200
    n_before = len(z.backend.requests)
    wrong = [token, z.issuer.token(), z.issuer.token(claims, header={"typ": "dpop+jwt"}),
             z.issuer.token(claims, alg="ES256", header={"typ": "dpop+jwt", "jwk": z.issuer.key(
                 "ES256").material()}), "zta_x", "x"]
    wrong += [signed(typ) for typ in TYPED_ONLY + ["at+jwt", "JWT", "id+jwt", "application/at+jwt"]
              if typ not in ("dpop+jwt", "application/dpop+jwt")]
    for proof in wrong:
        assert send(proof) == 401, claims_of(proof) if "." in proof else proof
    assert len(z.backend.requests) == n_before


@pytest.mark.mpm
def test_what_an_issuer_calls_active_need_not_be_an_access_token(zta):
    """Issuers answer about refresh and ID tokens as well, some with active: true."""
    endpoint = Introspector().start()
    try:
        z = zta(start=False, stage=1, credentials="header query cookie:zta apikey:X-Api-Key",
                global_text="ZTAVerifyLimit off", vhost_text=f"ZTAOrigin {ORIGIN}\nZTADPoP allowed")
        secret = z.httpd.write("conf/secret", "s3cret")
        os.chmod(secret, 0o600)
        z.issuer.audience = AUDIENCE
        z.issuer_text = f"ZTAIntrospect {endpoint.url} client=gateway secret=file:{secret}"
        z.start()
        good = [{}, {"token_type": None}, {"typ": "Bearer"}, {"token_use": "access"}]
        wrong = [
            {"token_type": "refresh_token"}, {"token_type": "Refresh"}, {"token_type": "id_token"},
            {"token_type": "N_A"}, {"token_type": "mac"}, {"token_type": 1}, {"token_type": ""},
            {"token_type": "DPoP"}, {"typ": "Refresh"}, {"typ": "Offline"}, {"typ": "ID"},
            {"typ": "Logout"}, {"token_use": "id"}, {"token_use": "refresh"}, {"active": False},
            {"iss": "https://other.test"}, {"aud": "webapp"}]
        for changes, status in [(c, 200) for c in good] + [(c, 401) for c in wrong]:
            token = opaque(str(uuid.uuid4()))
            endpoint.answers[token] = endpoint.good(**changes)
            for _ in range(2):
                assert z.get("/x", token=token).status == status, changes
        # Where no opaque token belongs nobody is asked about one.
        asked = endpoint.count()
        token = opaque(str(uuid.uuid4()))
        endpoint.answers[token] = endpoint.good()
        assert z.get("/x", key=token).status == 401
        for name, foreign_token in foreign(z.issuer, False):
            assert z.get("/x", token=foreign_token).status == 401, name
        assert endpoint.count() == asked
    finally:
        endpoint.stop()


@pytest.fixture
def judged_by_issuer(zta):
    """A gateway that has no keys: JWTs are worth what the endpoint says, and it says yes to all."""
    endpoint = Introspector().start()
    z = guard(zta, "any", start=False)
    z.issuer.audience = AUDIENCE
    z.keys = False
    secret = z.httpd.write("conf/secret", "s3cret")
    os.chmod(secret, 0o600)
    z.issuer_text += f"\nZTAIntrospect {endpoint.url} client=gateway secret=file:{secret}"
    endpoint.default = endpoint.good()
    settled(z.start())
    yield z, endpoint
    endpoint.stop()


@pytest.mark.mpm
def test_a_token_of_another_kind_is_none_though_its_issuer_calls_it_active(judged_by_issuer):
    z, _ = judged_by_issuer
    typed, untyped = z.issuer.token(), z.issuer.token(header={"typ": "JWT"})
    assert z.get("/x", token=typed).status == z.get("/x", token=untyped).status == 200
    n_before = len(z.backend.requests)
    opened = []
    for name, token in foreign(z.issuer, True):
        # Without hashes and nonce it says nothing of its kind: the issuer alone knows.
        if name.startswith(("ID token without hashes", "authorization response", "userinfo answer",
                            "client assertion")) and name.split()[-1] in ("JWT", "application/jwt", "None"):
            continue
        for _ in range(2):
            if z.get("/x", token=token).status != 401:
                opened.append(name)
    assert opened == [] and len(z.backend.requests) == n_before


def test_what_a_token_says_it_is_bound_to_holds_whatever_its_issuer_answers(judged_by_issuer):
    z, endpoint = judged_by_issuer
    prover, other = Prover(), Prover()
    own = {"jkt": prover.jkt}
    rows = [  # cnf of the token, of the answer, does it open with a proof of the token's key?
        (own, None, True), (own, own, True), (None, own, True), (own, {"jkt": other.jkt}, False),
        (own, {"x5t#S256": prover.jkt}, False), (own, {}, False), ({}, None, False),
        ({"new": 1}, own, False), ({"x5t#S256": prover.jkt}, None, False), ("x", None, False)]
    for mine, told, opens in rows:
        token = z.issuer.token({} if mine is None else {"cnf": mine})
        endpoint.answers[token] = endpoint.good(cnf=told)
        for _ in range(2):
            assert z.get("/x", token=token).status == 401, (mine, told)
            headers = prover.headers("GET", ORIGIN + "/x", token)
            assert z.get("/x", headers=headers).status == (200 if opens else 401), (mine, told)
            stolen = other.headers("GET", ORIGIN + "/x", token)
            assert z.get("/x", headers=stolen).status == 401, (mine, told)


@pytest.mark.parametrize("kind", ["at+jwt", "any"])
def test_real_tokens_of_a_real_server(zta, authserver, kind):
    """What a login really hands out: the access token opens, the ID and refresh tokens do not."""
    z = zta(start=False, stage=1, global_text="ZTAVerifyLimit off")
    z.issuer.url, z.issuer.audience = authserver.issuer, authserver.audience()
    z.issuer_text = f"ZTATokenType {kind}\nZTAAudience {authserver.audience()} webapp"
    authserver.write_jwks(z.issuer.path)
    z.start()
    tokens = authserver.login()
    assert claims_of(tokens["id_token"])["iss"] == authserver.issuer
    assert claims_of(tokens["id_token"])["aud"] == "webapp"
    for name, status in (("access_token", 200), ("id_token", 401), ("refresh_token", 401)):
        assert z.get("/x", token=tokens[name]).status == status, name
