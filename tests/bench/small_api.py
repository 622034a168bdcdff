# SPDX-License-Identifier: Apache-2.0
"""The API that is protected: its paths, and rules for it, ten or any number more."""

PATH = "/api/orders/42"
DENIED_PATH = "/denied/42"  # refused by the bare server itself: the measure for our refusals
RULE_PATH = "/api/admin/42"
LIMITED_PATH = "/api/limited/42"
SCOPED_PATH = "/api/scoped/42"

# Ten rules as a small API has them; for a good request to PATH two allow, one requires, one limits
# and two deny rules look closer.
RULES = """\
list    services        svc-billing svc-reports

allow   read-orders
  when  path    /api/orders/**
  when  method  GET
  need  scope   read

allow   write-orders
  when  path    /api/orders/**
  when  method  POST PUT PATCH DELETE
  need  scope   write
  need  role    orders-admin

allow   clerks
  when  path    /api/**
  need  role    clerk
  need  client  list:services web app

allow   reports
  when  path    /api/reports/**
  need  role    controller

allow   profile
  when  path    /api/users/*/profile
  need  scope   profile

deny    banned
  when  subject mallory trudy

deny    admin-from-here
  when  path    /api/admin/**
  when  not role admin

require strong-login
  when  path    /api/orders/**
  need  acr     silver gold

require certificate-or-mfa
  when  path    /api/orders/export
  need  amr     mfa
  or    binding mtls

limit   per-subject
  when  path    /api/**
  key   subject
  rate  1000000/s burst 1000000
"""

# For what the ten do not refuse.
REFUSING = RULES + """
require more-scope
  when  path    /api/scoped/**
  need  scope   secrets

limit   used-up
  when  path    /api/limited/**
  key   subject
  rate  1/d burst 1
"""

# What sets the further rules apart from a request to PATH, in turn.
_OTHERS = ("  when  path    /api/service%d/**\n  when  method  GET\n",
           "  when  host    h%d.example.com\n  when  path    /api/orders/**\n",
           "  when  path    /api/orders/**\n  when  method  POST PUT PATCH DELETE\n  when  client  c%d\n",
           "  when  path    /api/*/part%d/**\n")


def rules(n):
    """The ten and n - 10 that do not apply."""
    more = (f"\n{'deny ' if i % 3 else 'allow'}   other-{i}\n{_OTHERS[i % len(_OTHERS)] % i}"
            "  when  role    guest visitor\n" for i in range(n - 10))
    return RULES + "".join(more)


# What a request to PATH is asked about where it comes from, when and on what.
_CIRCUMSTANCES = """
list    offices         192.0.2.0/24 198.51.100.0/24 2001:db8:7::/48

require managed-device
  when  path    /api/orders/**
  need  device  managed

require from-here
  when  path    /api/orders/**
  need  network list:offices
  or    country CH DE FR

require at-work
  when  path    /api/orders/**
  need  hours   Mon-Sun 00:00-24:00 Europe/Zurich

require as-usual
  when  path    /api/orders/**
  need  behaviour usual-country

deny    bad-systems
  when  network asn:64666 unknown
"""


def context_rules(n):
    """n rules, five of which ask for the circumstances of a request to PATH."""
    return rules(n - 5) + _CIRCUMSTANCES


def required_claims(directive, n):
    """n lines for who lets httpd decide: as many claims of a good token, and others that it lacks."""
    has = ("acr:gold", "roles:clerk", "client_id:web")
    lines = [f"Require {directive} {claim}" for claim in has]
    lines += [f"Require not {directive} client_id:c{i}" for i in range(n - len(has))]
    return "\n".join(["<RequireAll>", *lines, "</RequireAll>"])


# What stage 4 asks of the same request, and what its observer counts.
_ADAPTIVE = """
require calm
  when  path    /api/**
  need  risk    < 70

require fresh-when-risky
  when  path    /api/orders/**
  need  risk    < 40
  else  step-up max-age=15m

limit   when-threatened
  when  path    /api/**
  when  threat-level >= high
  key   subject
  rate  100/s

signal  honeypot
  when  path    /api/backup/**

signal  enumeration weight 30

respond stuffing
  on    auth-failures > 50 in 60s by ip
  on    distinct-subjects > 10 in 60s by ip
  do    block ip for 15m

respond risky
  on    risk > 90 by session
  do    quarantine session for 1h
"""


def adaptive_rules(n):
    """Those of context_rules with what stage 4 adds; n of them in all but for signals and responds."""
    return context_rules(n - 3) + _ADAPTIVE
