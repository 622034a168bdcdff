# SPDX-License-Identifier: Apache-2.0
"""Forged, doubled and repeated DPoP proofs (RFC 9449 section 11), over HTTP/1.1 and HTTP/2."""

import hashlib
import hmac
import json
import threading

import pytest
from cryptography.hazmat.primitives import serialization

from support.dpop import Prover, with_proof
from support.issuer import Key, b64u, b64u_decode, sign
from support.load import spread
from support.local import wait_for
from test_dpop import ORIGIN, error_of, governed, send
from test_tokens import P256_ORDER, der, es256_signature, high_s, other_last_character

URI = f"{ORIGIN}/x"
PROVERS = {alg: Prover(alg) for alg in ("ES256", "RS256", "EdDSA")}
STRANGER = Prover()
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def claims_of(prover, token, **changes):
    """What a good proof for GET /x says."""
    ath = b64u(hashlib.sha256(token.encode()).digest())
    return {"jti": b64u(hashlib.sha256(repr(changes).encode()).digest()), "htm": "GET", "htu": URI,
            "iat": prover.iat(), "ath": ath, **changes}


def head_of(prover, **changes):
    return {"typ": "dpop+jwt", "alg": prover.key.alg, "jwk": prover.key.material(), **changes}


def proof_of(prover, head, body, signature=None):
    """A proof of exactly these texts (JSON unless they are texts or octets), signed well unless
    signature says what else: octets, or what makes them of the good ones or the signing input."""
    parts = [b64u(part if isinstance(part, (str, bytes)) else json.dumps(part))
             for part in (head, body)]
    data = ".".join(parts).encode()
    octets = signature
    if not isinstance(signature, bytes):
        good = sign(prover.key.alg, prover.key.private, data)
        octets = good if signature is None else signature(good, data)
    return f"{data.decode()}.{b64u(octets)}"


# ---- what signs ----

def signatures(prover, token):
    """Proofs that the token's key did not sign, or not as it shows."""
    key = prover.key
    public = key.private.public_key()
    secrets = {"no secret": b"", "its JWK": json.dumps(key.material()).encode(),
               "its canonical JWK": json.dumps(key.material(), sort_keys=True,
                                               separators=(",", ":")).encode(),
               "its DER": public.public_bytes(*SPKI), "its PEM": key.public_pem(),
               "its thumbprint": prover.jkt.encode(), "the token": token.encode()}

    def forged(signature=None, by=prover, **head):
        return proof_of(by, head_of(prover, **head), claims_of(prover, token), signature)

    for alg in ("none", "None", "NONE", "nOnE", ""):
        for octets in (b"", b"x", b"\0" * 64):
            yield f"alg {alg!r}, {len(octets)} bytes", forged(octets, alg=alg)
    for bits in ("256", "384", "512"):
        for name, secret in secrets.items():
            yield f"HS{bits} by {name}", forged(
                lambda _, data, s=secret, b=bits: hmac.digest(s, data, f"sha{b}"), alg=f"HS{bits}")
        yield f"HS{bits} by a key it shows", forged(
            lambda _, data, b=bits: hmac.digest(b"secret", data, f"sha{b}"), alg=f"HS{bits}",
            jwk={"kty": "oct", "k": b64u("secret")})
    for alg in ("ES256K", "RS1", "A128GCMKW", "PBES2-HS256+A128KW", "RSA-OAEP", "dir", "ECDH-ES"):
        yield f"alg {alg}", forged(alg=alg)
    for alg in PROVERS.keys() - {key.alg}:
        yield f"{key.alg} key as {alg}", forged(alg=alg)
        yield f"{key.alg} key, signed by {alg}", forged(alg=alg, by=PROVERS[alg])
    yield "signed by a stranger", forged(by=Prover(key.alg))
    for name, hint in (("kid", prover.jkt), ("jku", f"{ORIGIN}/jwks"), ("x5u", f"{ORIGIN}/cert"),
                       ("x5c", ["MIIB"]), ("x5t#S256", prover.jkt)):
        head = {k: v for k, v in head_of(prover, **{name: hint}).items() if k != "jwk"}
        yield f"{name} for a key", proof_of(prover, head, claims_of(prover, token))
        yield f"{name} beside a stranger's key", proof_of(
            STRANGER, head_of(STRANGER, **{name: hint}), claims_of(prover, token))
    yield "cut", forged(lambda good, _: good[:-1])
    yield "one byte more", forged(lambda good, _: good + b"\0")
    yield "a bit flipped", forged(lambda good, _: good[:-1] + bytes([good[-1] ^ 1]))
    yield "nought", forged(lambda good, _: bytes(len(good)))
    yield "all ones", forged(lambda good, _: b"\xff" * len(good))
    yield "no signature", forged(b"")
    if key.alg == "ES256":
        n = P256_ORDER
        for r, s in ((0, 0), (0, 1), (1, 0), (n, 1), (1, n), (n, n), (1, 1)):
            yield f"r {r % n}, s {s % n} of {r >= n}{s >= n}", forged(es256_signature(r, s))
        yield "DER", forged(lambda good, _: der(good))
        yield "swapped", forged(lambda good, _: good[32:] + good[:32])
    if key.alg != "EdDSA" or len(b64u(bytes(64))) % 4:
        yield "other bits", other_last_character(forged())


# ---- which key is shown ----

def keys(prover, token):
    """Proofs whose jwk is not exactly one public key; the signature is good all the same."""
    material = prover.key.material()

    def shown(jwk, **head):
        return proof_of(prover, head_of(prover, jwk=jwk, **head), claims_of(prover, token))

    for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k"):
        for value in ("AAAA", None, [], ""):
            yield f"{name} {value!r}", shown({**material, name: value})
    for jwk in (None, [], [material], json.dumps(material), 1, True, {}, {"keys": [material]}):
        yield f"jwk {str(jwk)[:20]}", shown(jwk)
    for changes in ({"use": "enc"}, {"use": ""}, {"use": None}, {"key_ops": ["sign"]},
                    {"key_ops": []}, {"key_ops": "verify"}, {"alg": "HS256"}, {"alg": "none"},
                    {"alg": None}, {"alg": "ES384"}, {"kty": "oct"}, {"kty": None},
                    {"kty": material["kty"].lower()}, {"kty": "AKP"}):
        yield f"jwk with {changes}", shown({**material, **changes})
    for name in material:
        yield f"no {name}", shown({k: v for k, v in material.items() if k != name})
    for name in ("x", "y", "n", "e"):
        if name not in material:
            continue
        octets = b64u_decode(material[name])
        for what, value in (("padded", material[name] + "="), ("a zero more", b64u(b"\0" + octets)),
                            ("a byte less", b64u(octets[:-1])), ("spaced", " " + material[name]),
                            ("a list", [material[name]]), ("empty", ""), ("null", None),
                            ("standard alphabet", "+/" + material[name][2:]),
                            ("with NUL", material[name] + "\0"),
                            ("nought", b64u(bytes(len(octets))))):
            yield f"{name} {what}", shown({**material, name: value})
    if "crv" in material:
        for curve in ("P-256K", "secp256k1", "P-384", "p-256", "X25519", "Ed448", "", None):
            yield f"crv {curve}", shown({**material, "crv": curve})
    text = json.dumps(head_of(prover))
    for name, head in {
            "jwk twice": text[:-1] + f',"jwk":{json.dumps(STRANGER.key.material())}}}',
            "kty twice": text.replace('"kty"', '"kty": "oct", "kty"'),
            "typ twice": text[:-1] + ',"typ":"dpop+jwt"}', "behind": text + "{}",
            "BOM": "\ufeff" + text, "UTF-16": text.encode("utf-16"), "list": f"[{text}]",
            "not UTF-8": text.encode()[:-1] + b',"x":"\xff"}', "deep": text[:-1] + ',"x":' +
            "[" * 9 + "]" * 9 + "}", "lone surrogate": text[:-1] + ',"x":"\\ud800"}',
            "NUL": text[:-1] + ',"x":"\\u0000"}', "comment": text[:-1] + "/**/}",
            "crit": text[:-1] + ',"crit":["jwk"]}', "b64": text[:-1] + ',"b64":true}'}.items():
        yield f"header {name}", proof_of(prover, head, claims_of(prover, token))


# ---- what is said ----

def statements(prover, token):
    """Well-signed proofs of the right key that do not say, in one way, that it is this request."""
    digest = hashlib.sha256(token.encode()).digest()
    values = {
        "jti": [None, 1, True, [], ["a"], {}, "", "a\0b", "j" * 257],
        "htm": [None, 1, True, ["GET"], {}, "", "get", "GET\0", " GET", "GET ", "GET,POST", "POST",
                "*"],
        "htu": [None, 1, [URI], {"u": URI}, "", URI + "\0", " " + URI, URI + " ", URI + "%",
                URI + "%zz", URI + "/../x/", "x", "/x", "//api.example.test/x",
                URI.replace("https", "wss"), URI.replace("//", "/"), URI.replace("//", "//a:b@"),
                URI.replace("/x", ":0443443/x"), URI.replace("/x", ":443x/x"),
                URI.replace("/x", "./x"), URI.replace("/x", "\\x"), URI.replace("x", "X"),
                URI.replace(".test", ".test.evil"), URI.replace("example", "exampl\u0435")],
        "iat": [None, True, "1", [1], {}, -1, 0, 1e300, 1 << 63, prover.iat() * 1000,
                prover.iat() - 75, prover.iat() + 10, f"{prover.iat()}"],
        "ath": [None, 1, True, [b64u(digest)], "", b64u(digest) + "=", digest.hex(), token,
                b64u(hashlib.sha1(token.encode()).digest()), b64u(digest).lower(),
                b64u(hashlib.sha512(token.encode()).digest()), b64u(digest[:31]),
                b64u(hashlib.sha256(f"DPoP {token}".encode()).digest()), b64u(digest) + "\0",
                b64u(hashlib.sha256(b"").digest())],
    }
    for claim, wrong in values.items():
        for value in wrong:
            yield f"{claim} {str(value)[:40]!r}", proof_of(
                prover, head_of(prover), claims_of(prover, token, **{claim: value}))
        body = claims_of(prover, token, left_out=claim)
        del body[claim]
        yield f"no {claim}", proof_of(prover, head_of(prover), body)
        good = json.dumps(claims_of(prover, token, twice=claim))
        yield f"{claim} twice", proof_of(prover, head_of(prover), good[:-1] + f',"{claim}":"x"}}')
    text = json.dumps(claims_of(prover, token))
    for name, body in {
            "list": f"[{text}]", "text": '"x"', "nothing": "", "null": "null", "behind": text + "x",
            "BOM": "\ufeff" + text, "UTF-16": text.encode("utf-16"), "cut": text[:-1],
            "deep": text[:-1] + ',"x":' + "[" * 9 + "]" * 9 + "}",
            "1e400": text[:-1] + ',"x":1e400}', "NaN": text[:-1] + ',"x":NaN}',
            "escaped name twice": text[:-1] + ',"\\u006ati":"x"}',
            "100 members": json.dumps({**{f"m{n}": n for n in range(100)},
                                       **claims_of(prover, token)})}.items():
        yield f"claims {name}", proof_of(prover, head_of(prover), body)


def spellings(prover, token):
    """The octets of the header field."""
    good = proof_of(prover, head_of(prover), claims_of(prover, token))
    header, claims, signature = good.split(".")
    serialised = {"protected": header, "payload": claims, "signature": signature}
    rows = {
        "padding": f"{header}=.{claims}=.{signature}=", "padding behind": good + "==",
        "a space": f"{header}. {claims}.{signature}", "a tab": f"{header}.\t{claims}.{signature}",
        "quoted": f'"{good}"', "bytes": f":{good}:", "a scheme": f"DPoP {good}", "a dot": good + ".",
        "a leading dot": "." + good, "four parts": good + ".x", "five parts": good + ".x.y",
        "two parts": f"{header}.{claims}", "detached": f"{header}..{signature}",
        "JSON": json.dumps(serialised), "JSON with a comma less": json.dumps(
            {"payload": claims}), "a comma": good + ",", "a leading comma": "," + good,
        "twice": f"{good}, {good}", "a semicolon": good + ";a=1", "an equals": f"proof={good}",
        "a tilde": good + "~", "long": good + "A" * 7000, "standard alphabet": f"{good[:-2]}+/",
        "header in other bits": f"{header[:-1]}{chr(ord(header[-1]) ^ 1)}.{claims}.{signature}",
        "upper case": good.upper(), "percent": good.replace(".", "%2E"), "one letter": "x",
        "the token": token, "nothing": ""}
    yield from rows.items()


KINDS = {"signatures": signatures, "keys": keys, "statements": statements, "spellings": spellings}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("alg", list(PROVERS))
@pytest.mark.parametrize("kind, least", [("signatures", 55), ("keys", 75), ("statements", 95),
                                         ("spellings", 28)])
def test_no_forged_proof_passes(zta, kind, least, alg):
    z = governed(zta, tls=True)
    prover = PROVERS[alg]
    token = prover.bound(z.issuer)
    forgeries = list(KINDS[kind](prover, token))
    assert len(forgeries) >= least, len(forgeries)
    passed = []
    # At first no key is known, then that of the control is; by HTTP/2 what came in one round.
    for is_known in (False, True):
        if is_known:
            assert send(z, prover, token).status == 200, "the control"
            z.backend.clear()
        for name, proof in forgeries:
            answer = z.get("/x", headers=with_proof(token, proof))
            if (answer.status, error_of(answer)) not in (
                    (401, "invalid_dpop_proof"), (401, "invalid_token")):
                passed.append((name, answer.status, error_of(answer)))
    assert passed == [] and not z.backend.requests
    if z.httpd.has_h2:
        for name, proof in forgeries[::4]:
            # What no HTTP/2 field can hold ends in curl.
            if proof.isascii() and proof.isprintable():
                assert z.h2("/x", headers=with_proof(token, proof)).status == 401, name
        assert not z.backend.requests
    assert send(z, prover, token).status == 200


# ---- more than one ----

def test_two_of_anything_are_refused_over_both_protocols(zta):
    z = governed(zta, tls=True, dpop="ZTADPoP allowed")
    if not z.httpd.has_h2:
        pytest.skip("prefork has no HTTP/2")
    prover = PROVERS["ES256"]
    token, plain = prover.bound(z.issuer), z.issuer.token()

    def proof():
        return ("DPoP", prover.proof("GET", URI, token))

    def dpop(value=token):
        return ("Authorization", f"DPoP {value}")

    bearer, same = ("Authorization", f"Bearer {plain}"), proof()
    rows = [
        ("two proofs", 401, [dpop(), proof(), proof()]), ("one proof twice", 401, [dpop(), same, same]),
        ("a proof and rubbish", 401, [dpop(), proof(), ("DPoP", "x")]),
        ("rubbish and a proof", 401, [dpop(), ("DPoP", "x"), proof()]),
        ("in two cases", 401, [dpop(), proof(), ("dpop", proof()[1])]),
        ("two credentials", 400, [dpop(), dpop(), proof()]),
        ("both schemes", 400, [dpop(), bearer, proof()]), ("the other way", 400, [bearer, dpop(), proof()]),
        ("bearer twice", 400, [bearer, bearer]), ("bearer and basic", 400, [
            bearer, ("Authorization", "Basic YTpi")]),
        ("basic and bearer", 400, [("Authorization", "Basic YTpi"), bearer]),
        ("basic and bound", 400, [("Authorization", "Basic YTpi"), dpop(), proof()]),
        ("in one field", 400, [("Authorization", f"DPoP {token}, Bearer {plain}"), proof()]),
        ("behind another", 400, [("Authorization", f"Digest a=b, DPoP {token}"), proof()]),
        ("a key beside it", 400, [dpop(), proof(), ("X-Api-Key", "zta_x")])]
    for name, status, headers in rows:
        for answer in (z.get("/x", headers=headers), z.h2("/x", headers=headers),
                       z.get("/x", headers=headers, tls=True)):
            assert answer.status == status, (name, answer.version, answer.status)
            expected = "invalid_dpop_proof" if status == 401 else "invalid_request"
            assert error_of(answer) == expected, (name, answer.version)
            assert error_of(answer, "Bearer") == (None if status == 401 else expected), name
    # mod_http2 passes an empty field over, so that one proof remains.
    for fields in ([proof(), ("DPoP", "")], [("DPoP", ""), proof()]):
        assert z.get("/x", headers=[dpop(), *fields]).status == 401
    assert not z.backend.requests
    # A proof where none is needed is nobody's business; the token is what counts.
    for answer in (z.get("/x", headers=[bearer, proof()]), z.h2("/x", headers=[bearer, proof()])):
        assert answer.status == 200


# ---- once, whatever it looks like ----

def lookalikes(prover, token, jti):
    """Other octets, each well signed, of what is the same proof: its key, its jti, its URI."""
    body = claims_of(prover, token, jti=jti)
    text = json.dumps(body)
    yield proof_of(prover, head_of(prover), body)
    yield proof_of(prover, head_of(prover), body)  # ECDSA signs anew each time
    yield proof_of(prover, head_of(prover), body, lambda good, _: high_s(good))
    yield proof_of(prover, head_of(prover, kid="other"), body)
    yield proof_of(prover, json.dumps(head_of(prover), separators=(",", ":")), body)
    yield proof_of(prover, dict(reversed(head_of(prover).items())), dict(reversed(body.items())))
    yield proof_of(prover, head_of(prover), "  " + text + "\n")
    yield proof_of(prover, head_of(prover), text.replace("j", "\\u006a"))
    yield proof_of(prover, head_of(prover), {**body, "iat": body["iat"] - 1})
    yield proof_of(prover, head_of(prover), {**body, "iat": body["iat"] - 0.5})
    yield proof_of(prover, head_of(prover), {**body, "exp": body["iat"] + 100, "more": {"a": [1]}})
    for htu in (URI + "?a=b", URI + "#top", "HTTPS://API.example.test:443/x", f"{ORIGIN}/./x",
                f"{ORIGIN}/%78", f"{ORIGIN}/y/../x"):
        yield proof_of(prover, head_of(prover), {**body, "htu": htu})


def test_a_proof_in_other_clothes_is_the_same_proof(zta):
    z = governed(zta)
    prover = PROVERS["ES256"]
    token = prover.bound(z.issuer)
    n = len(list(lookalikes(prover, token, "count")))
    assert n == 17
    # In its first seconds a server takes the latest proofs alone.
    wait_for(lambda: send(z, prover, token, claims={"iat": prover.iat() - 3}).status == 200,
             what="earlier proofs are taken")
    for first in range(n):  # each of them may be the one that comes first
        proofs = list(lookalikes(prover, token, f"jti-{first}"))
        assert z.get("/x", headers=with_proof(token, proofs.pop(first))).status == 200, first
        for i, proof in enumerate(proofs):
            answer = z.get("/x", headers=with_proof(token, proof), fresh=i % 4 == 0)
            assert (answer.status, error_of(answer)) == (401, "invalid_dpop_proof"), (first, i)
    # Another key's proof of the same name is another; so is that of another token of the key.
    other = PROVERS["RS256"]
    theirs = other.bound(z.issuer)
    assert send(z, other, theirs, claims={"jti": "jti-0"}).status == 200
    again = prover.bound(z.issuer, {"sub": "bob"})
    assert send(z, prover, again, claims={"jti": "jti-0"}).status == 401


@pytest.mark.timeout(120)
def test_of_many_lookalikes_at_once_one_passes(zta):
    n_rounds = 20
    z = governed(zta, children=4, threads=8, mpm="event")
    prover = PROVERS["ES256"]
    token = prover.bound(z.issuer)
    connections = spread(z, 4)
    z.backend.clear()
    n = len(connections)
    for number in range(n_rounds):
        proofs = list(lookalikes(prover, token, f"race-{number}"))
        start, statuses = threading.Barrier(n), []

        def race(i, connection, start=start, proofs=proofs, statuses=statuses):
            start.wait(10)
            statuses.append(connection.request("GET", "/x", with_proof(
                token, proofs[i % len(proofs)])).status)

        racers = [threading.Thread(target=race, args=pair) for pair in enumerate(connections)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(20)
        assert sorted(statuses) == [200] + [401] * (n - 1), number
    for connection in connections:
        connection.close()
    assert len(z.backend.requests) == n_rounds


# ---- elsewhere ----

def test_a_proof_for_one_site_is_none_for_another(zta):
    z = zta(start=False, stage=1, global_text="ZTAVerifyLimit off",
            vhost_text=f"ZTAOrigin {ORIGIN}\nZTADPoP required")
    z.configure()
    sites = {"localhost": ORIGIN, "two.test": "https://two.test", "three.test": "https://two.test:8443",
             "four.test": "http://two.test"}
    for name, origin in sites.items():
        z.httpd.named_vhosts[name] = z.httpd.vhost_text.replace(ORIGIN, origin)
    del z.httpd.named_vhosts["localhost"]
    z.httpd.allow_log("AH01909: [a-z]+.test")
    z.httpd.start()
    prover = PROVERS["ES256"]
    token = prover.bound(z.issuer)

    def status(host, origin):
        headers = prover.headers("GET", f"{origin}/x", token)
        return z.get("/x", headers=headers, host=host).status

    wait_for(lambda: status("localhost", ORIGIN) == 200, what="proofs are taken")
    for host, own in sites.items():
        for origin in sites.values():
            assert status(host, origin) == (200 if origin == own else 401), (host, origin)
    # The same name at two sites: two URIs, two proofs.
    for host, own in sites.items():
        headers = prover.headers("GET", f"{own}/x", token, claims={"jti": "everywhere"})
        assert [z.get("/x", headers=headers, host=host).status for _ in range(2)] == [200, 401]


def test_a_key_that_is_weak_proves_nothing(zta):
    """A client may bind its token to any key; one that others can forge with is not taken."""
    z = governed(zta)
    weak = Prover("RS256")
    for key in (Key("RS256", bits=1024), Key("RS256", bits=2048, exponent=3)):
        weak.key = key
        token = weak.bound(z.issuer)
        answer = send(z, weak, token)
        is_good = key.private.key_size == 2048  # e = 3 is legal, with proper padding checks
        assert answer.status == (200 if is_good else 401)
    # e = 1: the padded digest is its own signature.
    weak.key = Key("RS256")
    jwk = {**weak.key.material(), "e": "AQ"}
    jkt = b64u(hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())
    token = z.issuer.token({"cnf": {"jkt": jkt}})

    def itself(_, data):
        prefix = bytes.fromhex("3031300d060960864801650304020105000420")
        tail = b"\0" + prefix + hashlib.sha256(data).digest()
        return b"\0\1" + b"\xff" * (256 - 2 - len(tail)) + tail

    forged = proof_of(weak, head_of(weak, jwk=jwk), claims_of(weak, token), itself)
    answer = z.get("/x", headers=with_proof(token, forged))
    assert (answer.status, error_of(answer)) == (401, "invalid_dpop_proof")
    # Points of small order: one signature for every text.
    for point in (b"\1" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"):
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64u(point)}
        text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
        token = z.issuer.token({"cnf": {"jkt": b64u(hashlib.sha256(text.encode()).digest())}})
        forged = proof_of(weak, head_of(weak, alg="EdDSA", jwk=jwk), claims_of(weak, token),
                          b"\1" + bytes(63))
        assert z.get("/x", headers=with_proof(token, forged)).status == 401
    assert len(z.backend.requests) == 1
