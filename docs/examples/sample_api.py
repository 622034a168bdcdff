#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An API behind mod_zta that believes the proxy's signed assertion and nothing else.

usage: sample_api.py PORT JWKS_URL ISSUER AUDIENCE

Needs PyJWT and cryptography (Debian: python3-jwt python3-cryptography). JWKS_URL is the proxy's
place of zta-jwks, ISSUER its ZTAOrigin, AUDIENCE the ZTAAssertionAudience of this API. Any path
answers who called; below /admin the role admin is asked for.
"""

import http.server
import json
import sys
import urllib.parse

import jwt

HEADER = "X-ZTA-Assertion"
# Said for convenience beside the assertion: good where nobody but the proxy can reach the API.
IDENTITY = ("X-ZTA-Issuer", "X-ZTA-Subject", "X-ZTA-Client", "X-ZTA-Device", "X-ZTA-Id")


class Assertions:
    """Verifies assertions; keys are fetched when they are unknown, and anew every five minutes."""

    def __init__(self, jwks_url, issuer, audience):
        self._keys = jwt.PyJWKClient(jwks_url, lifespan=300)
        self._issuer = issuer
        self._audience = audience

    def claims(self, assertion):
        """The claims of a good assertion; jwt.PyJWTError for any other."""
        if jwt.get_unverified_header(assertion).get("typ") != "zta-assertion+jwt":
            raise jwt.InvalidTokenError("another kind of token")
        key = self._keys.get_signing_key_from_jwt(assertion)
        return jwt.decode(assertion, key.key, algorithms=["ES256"], issuer=self._issuer,
                          audience=self._audience, leeway=5,
                          options={"require": ["iss", "aud", "iat", "exp"]})


def decoded(value):
    """The text that a header of the proxy's stands for."""
    return urllib.parse.unquote(value)


def decoded_list(value):
    """The same of X-ZTA-Roles: split first, then decode."""
    return [decoded(item) for item in value.split(",")]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            claims = self.server.assertions.claims(self.headers.get(HEADER, ""))
        except jwt.PyJWTError as error:
            self._answer(401, {"error": str(error)})
            return
        if self.path.startswith("/admin") and "admin" not in claims.get("roles", []):
            self._answer(403, {"error": "this takes the role admin"})
            return
        told = {name: decoded(self.headers[name]) for name in IDENTITY if name in self.headers}
        if "X-ZTA-Roles" in self.headers:
            told["X-ZTA-Roles"] = decoded_list(self.headers["X-ZTA-Roles"])
        self._answer(200, {"claims": claims, "headers": told,
                           "traceparent": self.headers.get("traceparent")})

    def _answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Nothing: the proxy's decision log has it all."""


def main():
    port, jwks_url, issuer, audience = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.assertions = Assertions(jwks_url, issuer, audience)
    server.serve_forever()


if __name__ == "__main__":
    main()
