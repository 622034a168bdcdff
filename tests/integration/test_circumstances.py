# SPDX-License-Identifier: Apache-2.0
"""Where a request comes from and what it calls itself: addresses and user agents as rules see them."""

import ipaddress

import pytest

from support.local import wait_for

ALLOW = "allow all\n  when path /**\n  need issuer corp\n"
RULES = ALLOW + """
list    offices 192.0.2.0/24 2001:db8:7::/48

require office
  when path /office/**
  need network list:offices

deny    scripts
  when path /portal/**
  when user-agent curl/* "" unknown

require browser
  when path /browser/**
  need user-agent good/*

limit   abroad
  when path /slow/**
  when not network list:offices
  key  subject
  rate 1/h
"""
REMOTE_IP = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy {}"
TRUSTED, UNTRUSTED = REMOTE_IP.format("127.0.0.1"), REMOTE_IP.format("10.9.9.9")


@pytest.fixture
def ask(zta):
    """Asks a gateway at stage 3 and says the status, or of a refusal the reason that was logged."""
    def make(global_text, **options):
        z = zta(stage=3, rules=RULES, modules=("remoteip",), global_text=global_text, **options)
        token = z.issuer.token()

        def get(target, *headers):
            mark = z.httpd.log_mark()
            answer = z.get(target, token=token, headers=list(headers))
            if answer.status != 403:
                return answer.status
            return z.httpd.wait_for_log(r"ZTA0040: refused, (\w+)", mark)[1]
        get.z = z
        return get
    return make


@pytest.mark.mpm
def test_the_address_is_what_a_trusted_proxy_says(ask):
    get = ask(TRUSTED)
    for forwarded, expected in (
            ("192.0.2.7", 200), ("2001:db8:7::1", 200), ("2001:DB8:7:0::1", 200),
            ("198.51.100.7", "network_denied"), ("2001:db8:8::1", "network_denied"),
            # IPv4 written in IPv6 is IPv4.
            ("::ffff:192.0.2.7", 200), ("::ffff:198.51.100.7", "network_denied"),
            # What stands in front was written by the client.
            ("10.0.0.1, 192.0.2.7", 200), ("192.0.2.7, 198.51.100.7", "network_denied"),
            (", ".join(["192.0.2.7"] * 500 + ["198.51.100.7"]), "network_denied"),
            (", ".join(["198.51.100.7"] * 500 + ["192.0.2.7"]), 200),
            # What is no address leaves the proxy's own.
            ("", "network_denied"), ("192.0.2.7, ", "network_denied"), ("unknown", "network_denied"),
            ("192.0.2.7:4711", "network_denied"), ("fe80::1%eth0", "network_denied"),
            ("::ffff:127.0.0.1", "network_denied")):
        assert get("/office/x", ("X-Forwarded-For", forwarded)) == expected, forwarded[:60]
    assert get("/office/x") == "network_denied"


def test_who_is_no_trusted_proxy_cannot_choose_an_address(ask):
    get = ask(UNTRUSTED)
    for forwarded in ("192.0.2.7", "10.9.9.9, 192.0.2.7", "10.0.0.1, 1.2.3.4", "::ffff:192.0.2.7"):
        assert get("/office/x", ("X-Forwarded-For", forwarded)) == "network_denied", forwarded


def test_other_spellings_are_judged_and_recorded_as_one_address(ask):
    """A proxy that writes octal or short forms is read by httpd; rules and records see the same."""
    get = ask(TRUSTED)
    for forwarded in ("0300.0.2.7", "010.0.0.1", "192.0.0x2.7", "192.0.519", "08.8.8.8"):
        answer = get.z.get("/office/x", token=get.z.issuer.token(), headers=[("X-Forwarded-For", forwarded)])
        identifier = answer.header("X-ZTA-Id")
        wait_for(lambda: get.z.ctl("explain", identifier, code=None).returncode == 0, what="the event")
        event = get.z.json("explain", identifier)
        in_office = ipaddress.ip_address(event["address"]) in ipaddress.ip_network("192.0.2.0/24")
        assert (answer.status == 200) == in_office, (forwarded, event)


def test_addresses_that_everybody_may_choose_are_refused_where_rules_ask_for_them(zta):
    z = zta(start=False, stage=3, rules=RULES, modules=("remoteip",))
    code, output = z.configtest(vhost_text="RemoteIPHeader X-Forwarded-For")
    assert code != 0
    assert "ZTA0002" in output and "rules ask for network or country" in output
    code, output = z.configtest(global_text=TRUSTED)
    assert code == 0, output


def test_user_agents_are_compared_as_they_were_sent(ask):
    get = ask(TRUSTED)
    assert get("/portal/x") == "rule_denied"
    for agent, expected in (("curl/8.5", "rule_denied"), ("", "rule_denied"), ("Curl/8.5", 200),
                            ("Mozilla/5.0 curl/8", 200), ("\xff\xfe", 200)):
        assert get("/portal/x", ("User-Agent", agent)) == expected, agent
    assert get("/browser/x", ("User-Agent", "good/1")) == 200
    assert get("/browser/x", ("User-Agent", "Good/1")) == "rule_denied"


def test_limits_may_ask_where_a_request_comes_from(ask):
    get = ask(TRUSTED)
    for forwarded, expected in (("198.51.100.7", [200, 429]), ("192.0.2.7", [200, 200])):
        assert [get("/slow/x", ("X-Forwarded-For", forwarded)) for _ in range(2)] == expected


def test_the_operator_is_told_what_was_there_and_nothing_of_it_moves_a_cursor(ask):
    get = ask(TRUSTED)
    z = get.z
    evil = "evil\u202e\u2028\"\\".encode().decode("latin-1") + "\xff\x9b31m" + "x" * 3000
    token = z.issuer.token()
    answer = z.get("/browser/x", token=token, headers=[("User-Agent", evil)])
    assert answer.status == 403
    assert "good" not in answer.text and "evil" not in answer.text
    identifier = answer.header("X-ZTA-Id")
    wait_for(lambda: z.ctl("explain", identifier, code=None).returncode == 0, what="the event")
    shown = z.ctl("explain", identifier).stdout
    assert "user-agent good/* (request: evil" in shown
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert not set(shown) & {"\u202e", "\u2028", "\x9b", "\ufffd"}
    answer = z.get("/office/x", token=token, headers=[("X-Forwarded-For", "198.51.100.7")])
    identifier = answer.header("X-ZTA-Id")
    wait_for(lambda: z.ctl("explain", identifier, code=None).returncode == 0, what="the event")
    assert z.json("explain", identifier)["missing"] == "network list:offices (request: 198.51.100.7)"
