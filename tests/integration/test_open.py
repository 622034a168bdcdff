# SPDX-License-Identifier: Apache-2.0
"""What is open when its credential ends: cut at once, by every protocol, and nobody else's."""

import time

import pytest

from support.client import request_bytes
from support.gateway import credentials
from support.local import wait_for
from support.streams import TORN, Http1, Http2, await_ends, frame, open_many, websocket

_UPGRADE = "retry=0 upgrade=websocket"
_DEADLINE_S = 15  # a second is promised; the machine of a test may be busy
_ENABLE_CONNECT = 8  # the setting of RFC 8441


def headers_of(z, subject, **claims):
    return credentials(z.issuer.token({"sub": subject, "sid": f"session of {subject}", **claims}))


def await_cut(opens):
    """Returns how long after now the last of them ended, by name."""
    since = time.monotonic()
    wait_for(lambda: all(o.is_over for o in opens.values()), _DEADLINE_S,
             f"end of {[n for n, o in opens.items() if not o.is_over]}")
    return {name: round(o.ended_at - since, 3) for name, o in opens.items()}


def close(opens):
    for each in opens.values():
        if isinstance(each, Http1):
            each.close()


class Everything:
    """One of each kind for a subject, over connections of its own and the given ones of HTTP/2."""

    def __init__(self, z, subject, first, second):
        headers = headers_of(z, subject)
        self.opens = {
            "WebSocket": Http1(z, "/ws", websocket(headers)),
            "WebSocket with TLS": Http1(z, "/ws", websocket(headers), tls=True),
            "events": Http1(z, "/sse?ms=50", headers),
            "idle events": Http1(z, "/sse?ms=60000", headers, tls=True),
            "download": Http1(z, "/big?n=1000000000", headers, slow=True),
            "upload": Http1(z, "/up", headers, upload=True),
            "wait for an answer": Http1(z, "/slow?ms=60000", headers, wait=False),
            "WebSocket by HTTP/2": first.open(
                "/ws", [*headers, ("sec-websocket-version", "13")], protocol="websocket"),
            "events by HTTP/2": first.open("/sse?ms=50", headers),
            "idle upload by HTTP/2": first.open("/up", headers, "POST", has_body=True),
            "idle events by HTTP/2": second.open("/sse?ms=60000", headers),
            "wait by HTTP/2": second.open("/slow?ms=60000", headers),
            "download by HTTP/2": second.open("/big?n=2000000000", headers),
        }

    def cut(self):
        """Without the slow download, whose client has not read all that its kernel has."""
        return {name: o for name, o in self.opens.items() if name != "download"}


@pytest.mark.timeout(120)
def test_all_that_a_revoked_subject_has_open_is_cut_and_nothing_else(zta):
    z = zta(stage=1, proxy=f"{_UPGRADE} timeout=90", vhost_text="H2WebSockets on", tls=True,
            threads=40)
    z.httpd.allow_log(*TORN)
    connections = [Http2(z), Http2(z, tls=True)]
    for connection in connections:
        wait_for(lambda c=connection: c.has_setting(_ENABLE_CONNECT), 10, "settings")
    alice, bob = (Everything(z, name, *connections) for name in ("alice", "bob"))
    for each in (alice, bob):
        for name in ("events", "download", "upload", "events by HTTP/2", "download by HTTP/2"):
            each.opens[name].wait_for_bytes()
        wait_for(lambda e=each: e.opens["WebSocket by HTTP/2"].status == 200, 10, "tunnel")
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test")
    print(await_cut(alice.cut()))
    assert not any(o.is_whole for o in alice.opens.values())
    assert not any(c.is_closed for c in connections), "other streams of the connection live on"
    assert not [name for name, o in bob.opens.items() if o.is_over]
    for name in ("events", "download", "upload", "events by HTTP/2", "download by HTTP/2"):
        bob.opens[name].wait_for_bytes()
    for socket_of_bob in (bob.opens["WebSocket"], bob.opens["WebSocket with TLS"]):
        mark = socket_of_bob.received
        socket_of_bob.send(frame("hello"))
        wait_for(lambda s=socket_of_bob, m=mark: s.received > m, 10, "echo")
    wait_for(lambda: z.json("status")["counters"]["cut"] == len(alice.opens), 10, "counter")
    recorded = wait_for(lambda: z.events("--filter", "reason=revoked"), 10, "events")
    assert {(e["subject"], e["detail"], e["outcome"]) for e in recorded} == {
        ("alice", "cut: revoked by subject", "deny")}
    close(alice.opens)
    close(bob.opens)
    for connection in connections:
        connection.close()


def test_each_way_to_lose_a_credential_ends_what_is_open(zta):
    z = zta(stage=1, proxy=_UPGRADE, issuer_text="ZTALeeway 0", threads=32,
            rules="zta 1\nrespond greedy\n  when path /greedy/**\n  on requests > 2 in 60s by subject\n"
                  "  do quarantine subject for 15m\n",
            vhost_text="ZTAFeature automation=enforce")
    z.httpd.allow_log(*TORN)
    key = z.json("keys", "create", "--name", "deploy")["key"]
    token = z.issuer.token({"sub": "token"})

    def tunnel(subject, source=None, **claims):
        return Http1(z, "/ws", websocket(headers_of(z, subject, **claims)), source=source)

    # A session is known once a request of it has ended.
    for name in ("session", "held"):
        assert z.get("/x", headers=headers_of(z, name)).status == 200
    assert z.get("/x", token=token).status == 200
    opens = {name: tunnel(name) for name in ("session", "held", "greedy", "subject", "blocked")}
    opens["held events"] = Http1(z, "/sse?ms=50", headers_of(z, "held"))
    opens["token"] = Http1(z, "/ws", websocket(credentials(token)))
    opens["client"] = tunnel("u1", client_id="leaving-app")
    opens["address"] = tunnel("u2", source="127.0.0.2")
    opens["expiry"] = tunnel("u3", exp=int(time.time()) + 4)
    opens["key"] = Http1(z, "/ws", websocket([("X-Api-Key", key)]))
    stays = {"same address": tunnel("u4"), "other client": tunnel("u4", client_id="app")}
    sessions = wait_for(lambda: len(found := {s["subject"]: s["id"]
                                              for s in z.json("sessions", "list")}) >= 3 and found,
                        10, "sessions")
    z.ctl("revoke", "--session", sessions["session"], "--reason", "test")
    # Whose a token is says what the helper publishes in its first moments.
    wait_for(lambda: z.ctl("revoke", "--token", "-", "--reason", "test", data=token,
                           code={0, 1}).returncode == 0, 10, "the issuers")
    z.ctl("revoke", "--subject", "subject@corp", "--reason", "test")
    z.ctl("revoke", "--client", "leaving-app@corp", "--reason", "test")
    z.ctl("block", "blocked@corp", "--for", "1h", "--reason", "test")
    z.ctl("block", "127.0.0.2", "--for", "1h", "--reason", "test", "--yes")
    z.ctl("keys", "revoke", "deploy", "--reason", "test")
    z.ctl("sessions", "quarantine", sessions["held"], "--for", "1h", "--reason", "test", "--yes")
    for _ in range(3):  # quarantined by rule
        z.get("/greedy/x", headers=headers_of(z, "greedy"))
    print(await_cut(opens))
    author = next(row["by"] for row in z.json("automation", "list") if row["source"] == "operator")
    assert not any(o.is_over for o in stays.values())
    close(stays)
    details = wait_for(lambda: len(found := {e["detail"] for e in z.events()
                                             if e["path"] == "/ws" and e["detail"]}) == 10 and found,
                       10, "events")
    assert details == {"cut: revoked by session", "cut: revoked by token",
                       "cut: revoked by subject", "cut: revoked by client", "cut: subject blocked",
                       "cut: address blocked", "cut: quarantined by greedy",
                       f"cut: quarantined by {author}", "cut: credential expired", "cut: API key revoked"}
    close(opens)


def test_what_is_open_ends_with_its_token_by_every_protocol(zta):
    z = zta(stage=1, proxy=_UPGRADE, issuer_text="ZTALeeway 0", vhost_text="H2WebSockets on",
            tls=True, threads=32)
    z.httpd.allow_log(*TORN)
    plain, secure = connections = [Http2(z), Http2(z, tls=True)]
    for connection in connections:
        wait_for(lambda c=connection: c.has_setting(_ENABLE_CONNECT), 10, "settings")

    def all_of(subject, **claims):
        headers = headers_of(z, subject, **claims)
        opens = {"WebSocket": Http1(z, "/ws", websocket(headers)),
                 "WebSocket with TLS": Http1(z, "/ws", websocket(headers), tls=True),
                 "events": Http1(z, "/sse?ms=50", headers),
                 "idle events": Http1(z, "/sse?ms=60000", headers, tls=True)}
        for name, connection in (("HTTP/2", plain), ("HTTP/2 with TLS", secure)):
            opens[f"WebSocket by {name}"] = connection.open(
                "/ws", [*headers, ("sec-websocket-version", "13")], protocol="websocket")
            opens[f"events by {name}"] = connection.open("/sse?ms=50", headers)
            opens[f"idle events by {name}"] = connection.open("/sse?ms=60000", headers)
        for each in opens.values():
            wait_for(lambda o=each: o.status in (101, 200) or o.is_over, _DEADLINE_S, "an answer")
        return opens

    stays = all_of("bob")
    exp = int(time.time()) + 4
    goes = all_of("alice", exp=exp)
    wait_for(lambda: all(o.is_over for o in goes.values()), 4 + _DEADLINE_S,
             f"end of {[n for n, o in goes.items() if not o.is_over]}")
    since = exp + time.monotonic() - time.time()
    late = {name: round(o.ended_at - since, 3) for name, o in goes.items()}
    print(f"{max(late.values())} s behind exp at most: {late}")
    assert all(o.status in (101, 200) and not o.is_whole for o in goes.values())
    assert min(late.values()) >= 0 and max(late.values()) < _DEADLINE_S
    assert not any(c.is_closed for c in connections), "other streams of the connection live on"
    assert not [name for name, o in stays.items() if o.is_over]
    close({**goes, **stays})
    for connection in connections:
        connection.close()


def test_what_is_only_monitored_is_never_cut(zta):
    z = zta(stage=0, proxy=_UPGRADE, vhost_text="ZTAMonitor 3")
    z.httpd.allow_log(*TORN)
    opens = {"tunnel": Http1(z, "/ws", websocket(headers_of(z, "alice"))),
             "events": Http1(z, "/sse?ms=50", headers_of(z, "alice"))}
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test")
    z.ctl("block", "127.0.0.1", "--for", "1h", "--reason", "test", "--yes")
    opens["events"].wait_for_bytes(400)  # more than a second of them
    assert not any(o.is_over for o in opens.values())
    close(opens)


@pytest.mark.mpm
def test_children_of_a_former_generation_cut_what_they_have_open(zta):
    z = zta(stage=1, proxy=_UPGRADE)
    z.httpd.allow_log(*TORN)
    opens = {"tunnel": Http1(z, "/ws", websocket(headers_of(z, "alice"))),
             "events": Http1(z, "/sse?ms=50", headers_of(z, "alice"))}
    bob = Http1(z, "/ws", websocket(headers_of(z, "bob")))
    z.reload(wait_old=False)
    opens["newer tunnel"] = Http1(z, "/ws", websocket(headers_of(z, "alice")))
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test")
    await_cut(opens)
    assert not bob.is_over
    bob.close()
    close(opens)


@pytest.mark.timeout(180)
def test_a_thousand_open_at_once_are_cut_and_their_workers_free_again(zta):
    """Idle tunnels of one subject, over children with 1,200 workers; nobody reads their sockets."""
    n, others = 1000, 20
    z = zta(stage=1, proxy=_UPGRADE, children=6, threads=200)
    z.httpd.allow_log(*TORN)
    request = {name: request_bytes("GET", "/ws", websocket(headers_of(z, name)))
               for name in ("alice", "bob")}
    sockets = {name: open_many(z.httpd.port, request[name], count)
               for name, count in (("alice", n), ("bob", others))}
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test")
    left, took = await_ends(sockets["alice"], 4 * _DEADLINE_S)
    print(f"{n} tunnels, the last cut {took:.3f} s after the revocation")
    assert left == 0
    wait_for(lambda: z.json("status")["counters"]["cut"] == n, 2 * _DEADLINE_S, "ends of all")
    for each in sockets["bob"]:
        each.sendall(frame("hello"))
        assert each.recv(100)
    for each in (*sockets["alice"], *sockets["bob"]):
        each.close()
