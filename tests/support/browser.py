# SPDX-License-Identifier: Apache-2.0
"""A browser as far as logins need one: redirects are followed, cookies are kept and sent."""

import http.cookiejar
import ssl
import urllib.error
import urllib.request


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *unused):
        return None


class Page:
    """status, headers, text, url of an answer; `visited` are the addresses on the way to it."""

    def __init__(self, answer, url, visited):
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode("utf-8", "replace")
        self.url = url
        self.visited = visited


class Browser:
    """One visitor: `jar` holds the cookies."""

    def __init__(self, pki):
        self.jar = http.cookiejar.CookieJar()
        context = ssl.create_default_context(cafile=pki.ca.cert)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _NoRedirect(),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(self.jar))

    def send(self, method, url, headers=(), body=None, follow=True):
        """A request and, as GET, what it is redirected to; at most 20 times."""
        visited = []
        while True:
            # mod_auth_openidc redirects what shows pages, and nothing else.
            fields = {"Accept": "text/html", **dict(headers)}
            request = urllib.request.Request(url, body, fields, method=method)
            try:
                answer = self._opener.open(request, timeout=15)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                target = answer.headers.get("Location")
                if not follow or answer.status not in (301, 302, 303) or not target:
                    return Page(answer, url, visited)
            visited.append(url)
            assert len(visited) <= 20, f"redirected in circles: {visited}"
            method, body, url = "GET", None, urllib.request.urljoin(url, target)

    def get(self, url, headers=(), follow=True):
        return self.send("GET", url, headers, follow=follow)
