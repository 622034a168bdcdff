# SPDX-License-Identifier: Apache-2.0
"""Every directive: values it takes and refuses, places, merges, combinations that are unsafe."""

import json
import os
import re

import pytest

from support import mmdb
from support.gateway import Gateway
from support.issuer import Key
from support.local import ROOT

NEVER = "http://127.0.0.1:9"  # configtest asks no back end

GLOBAL_GOOD = [
    "ZTAStoreSize 16M", "ZTAStoreSize 1G", "ZTAStoreSize 17179869184", "ZTASharedMemory 8M",
    "ZTASharedMemory 8388608", "ZTASharedMemory 65536k",
    "ZTARetain events=7d", "ZTARetain events=2G sessions=90d", "ZTARetain series=1h,1d,36500d",
    "ZTARetain events=1h\nZTARetain events=512M", "ZTAVerifyLimit 20/10s", "ZTAVerifyLimit 1/1h", "ZTAVerifyLimit off",
    "ZTAGovernor 5%/1h", "ZTAGovernor 0%/1m min=0 never=192.0.2.0/24,2001:db8:7::/48",
    "ZTANotify soc |/bin/cat", "ZTANotify log logs/automation.json",
    "ZTALog logs/decisions.json", "ZTALog logs/ocsf.json format=OCSF sample-allow=50 mandatory",
    "ZTALog |/bin/cat format=ecs", 'ZTALog "|$cat >/dev/null" sample-allow=1', "ZTALog ||/bin/cat",
    "ZTALog syslog:local6", "ZTALog syslog:AUTHPRIV@/run/log.sock sample-allow=1000000",
    "ZTAVerifyLimit OFF", "ZTAWafScore env:waf", "ZTAWafScore note:TX.anomaly_score",
    "ZTARules conf/empty.zta", "ZTARules conf/empt?.zta",
    "ZTARules conf/empty.zta conf/more-[ab].zta", "ZTACAFile conf/ca.pem",
    "ZTAGeoDB conf/country.mmdb", "ZTAAsnDB conf/asn.mmdb",
    "ZTAAssertion key=conf/key.pem key=conf/key.pem header=X-Caller ttl=5s",
    "ZTATrustedPosture https://p.test keys=conf/jwks.json header=Device-Posture",
    "ZTATrustedPosture https://p2.test keys=https://p2.test/jwks header=Device-Posture",
    "ZTATrustedPosture urn:fleet keys=file:conf/jwks.json header=X-P audience=urn:a audience=urn:b",
    '<ZTAIssuer b2 "https://b.example.test/tenant?x=1">\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>',
    "<ztaissuer b.c_d-e http://127.0.0.1:8080/as>\nztakeys file:conf/jwks.json\n</ztaissuer>",
    "<ZTAIssuer b3 http://localhost>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>",
    "<ZTAIssuer b4 http://[::1]:8080>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>",
    f"<ZTAIssuer {'n' * 63} https://b5.test>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>",
    *(f"<ZTAIssuer k{n} {url}>\nZTAKeys {keys}\n</ZTAIssuer>" for n, (url, keys) in enumerate((
        ("https://k0.test/t/", "discover"), ("http://127.0.0.1:8081", "discover"),
        ("https://k2.test", "https://keys.test:8443/k?v=2"),
        ("https://k3.test?x=1", "http://localhost:8080/jwks"),
        ("https://k4.test", "https://k4.test/jwks\nZTAKeysStale 1h"),
        ("https://k5.test", "discover\nZTAKeysStale 90s"),
        ("https://k6.test", "discover\nZTAIntrospect discover client=c secret=file:conf/secret"),
        ("https://k7.test", "file:conf/jwks.json\nZTAIntrospect https://k7.test/i client=c "
                            "secret=file:conf/secret auth=POST"),
        ("https://k8.test", "discover\nZTAIntrospect http://[::1]:1/i client=c "
                            "key=file:conf/key.pem")))),
    "<ZTAIssuer o https://o.test>\nZTAIntrospect https://o.test/i auth=basic client=c "
    "secret=file:conf/secret\n</ZTAIssuer>",
]
ISSUER_GOOD = [
    "ZTAIntrospect https://i.test/i client=c secret=file:conf/secret",
    "ZTAAudience https://a.test https://b.test urn:x", "ZTAAlgorithms RS256",
    "ZTAAlgorithms RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA",
    "ZTATokenType at+jwt", "ZTATokenType any", "ZTATokenType AT+JWT", "ZTALeeway 0",
    "ZTALeeway 300", "ZTAClaim roles realm_access.roles", "ZTAClaim groups groups",
    'ZTAClaim roles "\\"https://app.example/roles\\""', "ZTAClaim scope scp",
    "ZTAClaim subject preferred_username", "ZTAClaim client azp", "ZTAClaim session sid",
    "ZTALogoutAudience site", "ZTALogoutAudience site app urn:x",
    "ZTAClaim device device.id", "ZTAClaim acr acr", "ZTAAcr urn:x:pwd < urn:x:mfa",
    "ZTAAcr 0<1 <2< phr", "ZTAAcr " + " < ".join(str(i) for i in range(16)), "<IfModule zta_module>\nZTALeeway 5\n"
    "</IfModule>",
]
PLACE_GOOD = [
    "ZTACredentials header\nZTAAccept corp",
    "ZTAAccept corp local", "ZTAAccept LOCAL corp", "ZTAAccept corp "
    "audience=https://x.test audience=urn:y local", "ZTAStage 0", "ZTAStage 1", "ZTAStage 2", "ZTAStage 3",
    "ZTAStage 4", "ZTAMonitor 4", "ZTAFeature risk=monitor stepup=enforce signals=off automation=off",
    "ZTAMonitor 0", "ZTAMonitor 1", "ZTAMonitor 2", "ZTAMonitor 3",
    "ZTAFeature ratelimit=off", "ZTAFeature geo=monitor network=off device=enforce time=off "
    "behaviour=monitor",
    "ZTAFeature rules=monitor ratelimit=monitor credential=enforce", "ZTAFeature rules=enforce",
    'ZTARealm "the orders API"', "ZTARealm x", "ZTADefault deny", "ZTADefault Allow",
    "ZTACredentials header", "ZTACredentials apikey:X-Other-Key", "ZTACredentials query",
    "ZTACredentials cookie:zta-token", "ZTACredentials header QUERY cookie:__Host-t.1",
    "ZTACredentials mtls\nZTAAccept corp local mtls\nZTAMtlsSubject CN",
    "ZTACredentials header mtls\nZTAAccept MTLS corp local\nZTAMtlsSubject san:UPN",
    *(f"ZTAMtlsSubject {field}" for field in (
        "DN", "CN", "O", "OU", "UID", "emailAddress", "serialNumber", "san:dns", "san:email",
        "san:uri", "san:upn", "cn", "EMAILADDRESS")),
    "ZTAClientCertHeader Client-Cert", "ZTAClientCertHeader X-SSL-Cert", "ZTAClientCertHeader none",
    "ZTACredentials header "
    "apikey:Ocp-Apim-Subscription-Key", "ZTAForward identity", "ZTAForward authorization",
    "ZTAForward identity authorization", "ZTAForward none", "ZTAPath strict",
    "ZTAPath encoded-slash parameters", "ZTAPreflight judge", "ZTAPreflight answer",
    "ZTAForward Assertion identity\nZTAAssertionAudience urn:a", "ZTAAssertionAudience https://api.test/é",
    "ZTAOrigin https://api.example.com", "ZTAOrigin HTTP://127.0.0.1:8080/",
    "ZTAOrigin https://[2001:db8::1]:8443", "ZTADPoP off", "ZTADPoP allowed", "ZTADPoP required",
    "ZTADPoP Required NONCE", "ZTADPoP allowed nonce",
    "ZTAPreflight pass", "ZTAFailure closed", "ZTAFailure stale=5m", "ZTAFailure stale=30",
    "ZTAFailure fleet=1h", "ZTAFailure stale=5m fleet=60", "ZTAFailure fleet=any closed",
]

# line, what the error must name, what it must say is expected
GLOBAL_BAD = [
    ("ZTAStore relative/store", "relative/store", "an absolute path"),
    ("ZTAStore", "ZTAStore", "takes one argument"),
    ("ZTAStore /a /b", "ZTAStore", "takes one argument"),
    ("ZTAStore /nonexistent/zta", "/nonexistent/zta", "ztactl store init"),
    ("ZTAStoreSize 8X", "8X", "at least 16M, such as 8G"),
    ("ZTAStoreSize 15M", "15M", "at least 16M"),
    ("ZTAStoreSize -1", "-1", "at least 16M"),
    ("ZTAStoreSize 8.5G", "8.5G", "at least 16M"),
    ("ZTAStoreSize G", "G", "at least 16M"),
    ('ZTAStoreSize ""', "ZTAStoreSize", "takes one argument"),
    ("ZTAStoreSize 99999999999999999999G", "99999999999999999999G", "at least 16M"),
    ("ZTAStoreSize 17592186044416G", "17592186044416G", "at least 16M"),
    ("ZTASharedMemory 7M", "7M", "at least 8M, such as 256M"),
    ("ZTASharedMemory big", "big", "at least 8M"),
    ("ZTASharedMemory 0", "'0'", "at least 8M"),
    ("ZTASharedMemory +256M", "+256M", "at least 8M"),
    ("ZTAGovernor 5/1h", "5/1h", "SHARE%/DURATION"),
    ("ZTAGovernor 101%/1h", "101%/1h", "SHARE%/DURATION"),
    ("ZTAGovernor 5%/10s", "5%/10s", "SHARE%/DURATION"),
    ("ZTAGovernor 5%/1h max=3", "max=3", "SHARE%/DURATION"),
    ("ZTAGovernor 5%/1h never=office", "never=office", "SHARE%/DURATION"),
    *((f"ZTAAssertion {words}", named, "ttl=DURATION from 5s to 1h") for words, named in (
        ("ttl=60s", "ttl=60s"), ("key=", "'key='"), ("conf/key.pem", "conf/key.pem"),
        ("key=conf/key.pem ttl=4s", "ttl=4s"), ("key=conf/key.pem ttl=61m", "ttl=61m"),
        ("key=conf/key.pem ttl=60 ttl=60", "ttl=60"), ("key=conf/key.pem header=", "header="),
        ("key=conf/key.pem header=Authorization", "Authorization"),
        ("key=conf/key.pem header=X-ZTA-Subject", "X-ZTA-Subject"),
        ("key=conf/key.pem header=host", "header=host"),
        ("key=conf/key.pem header=X_A", "header=X_A"),
        ("key=conf/key.pem header=X-A header=X-B", "header=X-B"),
        (" ".join(["key=conf/key.pem"] * 9), "key=conf/key.pem"))),
    ("ZTAAssertion key=conf/key.pem\nZTAAssertion key=conf/key.pem", "ZTAAssertion", "expected it once"),
    ("ZTALog", "ZTALog", "a file in a directory that exists"),
    ("ZTALog logs/none/decisions.json", "logs/none/decisions.json", "a directory that exists"),
    ("ZTALog logs", "'logs'", "a file in a directory that exists"),
    ("ZTALog |", "'|'", "|PROGRAM"), ('ZTALog "|$"', "|$", "|PROGRAM"),
    ("ZTALog syslog:local9", "syslog:local9", "syslog:FACILITY[@SOCKET]"),
    ("ZTALog syslog:", "syslog:", "syslog:FACILITY[@SOCKET]"),
    ("ZTALog syslog:user@run/log", "syslog:user@run/log", "syslog:FACILITY[@SOCKET]"),
    ("ZTALog logs/a.json format=cef", "format=cef", "format=ecs, format=ocsf"),
    ("ZTALog logs/a.json sample-allow=0", "sample-allow=0", "sample-allow=N"),
    ("ZTALog logs/a.json sample-allow=1000001", "sample-allow=1000001", "sample-allow=N"),
    ("ZTALog logs/a.json sometimes", "sometimes", "mandatory"),
    ("ZTALog logs/a.json\nZTALog logs/a.json format=ocsf", "logs/a.json", "each once"),
    ("ZTANotify s/c |/bin/cat", "s/c", "a name of letters"),
    ("ZTANotify soc |", "'|'", "|PROGRAM or a file"),
    ("ZTANotify soc /a\nZTANotify soc /b", "soc", "no other ZTANotify has"),
    ("ZTARetain 7d", "7d", "events=DURATION, events=SIZE, sessions=DURATION or "
     "series=MINUTES,HOURS,DAYS"),
    ("ZTARetain events=", "events=", "events=DURATION"),
    ("ZTARetain events=0", "events=0", "events=DURATION"),
    ("ZTARetain series=48h,90d", "series=48h,90d", "series=MINUTES,HOURS,DAYS"),
    ("ZTARetain series=48h,90d,1825d,1d", "series=48h,90d,1825d,1d", "series=MINUTES"),
    ("ZTARetain series=90d,48h,1825d", "series=90d,48h,1825d", "series=MINUTES"),
    ("ZTARetain series=48h,1101d,1825d", "series=48h,1101d,1825d", "series=MINUTES"),
    ("ZTARetain events=1w", "events=1w", "events=DURATION"),
    ("ZTARetain sessions=2G", "sessions=2G", "sessions=DURATION"),
    ("ZTARetain sessions=-90d", "sessions=-90d", "sessions=DURATION"),
    ("ZTARetain events=7d audit=1y", "audit=1y", "events=DURATION"),
    ("ZTAWafScore score", "score", "env:NAME or note:NAME"), ("ZTAWafScore env:", "env:", "env:NAME or note:NAME"),
    ("ZTAVerifyLimit 20", "'20'", "COUNT/DURATION such as 20/10s, or off"),
    ("ZTAVerifyLimit 0/10s", "0/10s", "COUNT/DURATION"),
    ("ZTAVerifyLimit 20/0s", "20/0s", "COUNT/DURATION"),
    ("ZTAVerifyLimit 20/", "20/", "COUNT/DURATION"),
    ("ZTAVerifyLimit /10s", "/10s", "COUNT/DURATION"),
    ("ZTAVerifyLimit -1/10s", "-1/10s", "COUNT/DURATION"),
    ("ZTAVerifyLimit 20/10x", "20/10x", "COUNT/DURATION"),
    ("ZTAVerifyLimit on", "'on'", "COUNT/DURATION"),
    ("ZTARules conf/absent.zta", "conf/absent.zta", "matches no file"),
    ("ZTARules conf/absent-*.zta", "conf/absent-*.zta", "matches no file"),
    ("ZTARules conf", "/conf", "expected a regular file"),
    ("ZTARules", "ZTARules", "requires at least one argument"),
    ("ZTAGeoDB", "ZTAGeoDB", "takes one argument"),
    ("ZTATrustedPosture p keys=/x", "got 'p'", "keys=FILE|URL and header=NAME"),
    ("ZTAAsnDB /dev/zero", "/dev/zero", "expected a regular file"),
    ("ZTARules conf/bad.zta", "bad.zta:2:3", "expected"),
    ("<ZTAIssuer corp2 https://b.test\n</ZTAIssuer>", "corp2", "closing '>'"),
    ("<ZTAIssuer corp2>\n</ZTAIssuer>", "corp2", "exactly NAME URL>"),
    ("<ZTAIssuer>\n</ZTAIssuer>", "ZTAIssuer", "expected"),
    ("<ZTAIssuer a b c>\n</ZTAIssuer>", "a b c", "exactly NAME URL>"),
    ('<ZTAIssuer "a b" https://b.test>\n</ZTAIssuer>', "a b", "letters, digits"),
    ("<ZTAIssuer -a https://b.test>\n</ZTAIssuer>", "-a", "letters, digits"),
    (f"<ZTAIssuer {'n' * 64} https://b.test>\n</ZTAIssuer>", "n" * 64, "at most 63"),
    ("<ZTAIssuer local https://b.test>\n</ZTAIssuer>", "local", "stands for API keys"),
    ("<ZTAIssuer MTLS https://b.test>\n</ZTAIssuer>", "MTLS", "stands for client certificates"),
    ("<ZTAIssuer Local https://b.test>\n</ZTAIssuer>", "Local", "stands for API keys"),
    ("<ZTAIssuer b idp.test>\n</ZTAIssuer>", "idp.test", "an https URL"),
    ("<ZTAIssuer b http://idp.test>\n</ZTAIssuer>", "http://idp.test", "http on loopback only"),
    ("<ZTAIssuer b http://localhost.evil.test>\n</ZTAIssuer>", "localhost.evil.test",
     "http on loopback only"),
    ("<ZTAIssuer b http://127.0.0.100.evil.test>\n</ZTAIssuer>", "127.0.0.100.evil.test",
     "http on loopback only"),
    ("<ZTAIssuer b http://[::1].evil.test>\n</ZTAIssuer>", "[::1].evil.test",
     "http on loopback only"),
    ("<ZTAIssuer b https://>\n</ZTAIssuer>", "https://", "an https URL"),
    ("<ZTAIssuer corp https://b.test>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>", "corp",
     "stands there already"),
    ('<ZTAIssuer b "https://idp.example.test">\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>',
     "https://idp.example.test", "stands there already"),
    ("<ZTAIssuer b https://b.test>\nZTALeeway 5\n</ZTAIssuer>", "'b'",
     "ZTAKeys discover, an https URL or file:PATH"),
    ('<ZTAIssuer b "https://b.test/?tenant=1">\nZTAKeys discover\n</ZTAIssuer>',
     "https://b.test/?tenant=1", "an issuer without a query"),
    ("<ZTAIssuer b https://user@b.test>\n</ZTAIssuer>", "user@b.test", "an https URL"),
    ("ZTACAFile conf/absent.pem", "conf/absent.pem", "certificates in PEM"),
    ("ZTACAFile conf/text.json", "conf/text.json", "certificates in PEM"),
    ("ZTACAFile conf", "'conf'", "certificates in PEM"),
    ('ZTACAFile ""', "ZTACAFile", "takes one argument"),
    ("<ZTAIssuer b https://b.test>\nZTAKeys file:conf/jwks.json\n", "ZTAIssuer", "not closed"),
]
ISSUER_BAD = [
    ('ZTAAudience ""', "ZTAAudience", "requires at least one argument"),
    ("ZTAAudience", "ZTAAudience", "requires at least one argument"),
    ("ZTAKeys Discover", "Discover", "discover, an https URL of a JWKS"),
    ("ZTAKeys http://idp.test/jwks", "http://idp.test/jwks", "http on loopback only"),
    ("ZTAKeys http://127.0.0.1.idp.test/jwks", "127.0.0.1.idp.test", "http on loopback only"),
    ("ZTAKeys https://u:p@idp.test/jwks", "u:p@idp.test", "an https URL of a JWKS"),
    ("ZTAKeys ftp://idp.test/jwks", "ftp://idp.test/jwks", "an https URL of a JWKS"),
    ("ZTAKeys https://", "https://", "an https URL of a JWKS"),
    ('ZTAKeys ""', "ZTAKeys", "takes one argument"),
    ('ZTALogoutAudience ""', "ZTALogoutAudience", "requires at least one argument"),
    ("ZTAKeysStale 0", "'0'", "a duration such as 24h"),
    ("ZTAKeysStale 1w", "1w", "a duration such as 24h"),
    ("ZTAKeysStale -1h", "-1h", "a duration such as 24h"),
    ('ZTAKeysStale ""', "ZTAKeysStale", "takes one argument"),
    ("ZTAIntrospect", "''", "discover or an https URL"),
    ("ZTAIntrospect http://idp.test/i client=c secret=file:conf/secret", "http://idp.test/i",
     "http on loopback only"),
    ("ZTAIntrospect https://idp.test/i", "ZTAIntrospect", "client=NAME and one of secret="),
    ("ZTAIntrospect https://idp.test/i client=c", "ZTAIntrospect", "one of secret=file:PATH"),
    ("ZTAIntrospect https://idp.test/i client= secret=file:conf/secret", "'client'", "once at most"),
    ("ZTAIntrospect https://idp.test/i secret=file:conf/secret", "ZTAIntrospect", "client=NAME"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/secret key=file:conf/key.pem",
     "ZTAIntrospect", "one of secret=file:PATH and key=file:PATH"),
    ("ZTAIntrospect https://idp.test/i client=c client=d secret=file:conf/secret", "'client'",
     "once at most"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/secret cache=5", "'cache'",
     "once at most"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/secret auth=private_key_jwt",
     "private_key_jwt", "auth=basic or auth=post"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/secret auth=digest", "digest",
     "auth=basic or auth=post"),
    ("ZTAIntrospect https://idp.test/i client=c key=file:conf/key.pem auth=basic", "basic",
     "auth=private_key_jwt"),
    ("ZTAIntrospect https://idp.test/i client=c secret=hunter2", "secret=", "expected file:PATH"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/absent", "conf/absent",
     "No such file"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/text.json", "conf/text.json",
     "everybody can read"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/lines", "conf/lines", "one line"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/blank", "conf/blank", "one line"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/nul", "conf/nul", "a NUL byte"),
    ("ZTAIntrospect https://idp.test/i client=c key=file:conf/secret", "conf/secret",
     "no private key in PEM"),
    ("ZTAIntrospect https://idp.test/i client=c key=file:conf/p384.pem", "conf/p384.pem",
     "neither RSA of 2048 to 8192 bits nor P-256"),
    ("ZTAIntrospect discover client=c secret=file:conf/secret", "'corp'", "ZTAKeys discover"),
    ("ZTAIntrospect https://idp.test/i client=c secret=file:conf/secret\n"
     "ZTAIntrospect https://idp.test/j client=c secret=file:conf/secret", "ZTAIntrospect",
     "expected it once"),
    ("ZTAKeysStale 24h", "ZTAKeysStale", "keys of a file do not age"),
    ("ZTAKeys file:", "'file:'", "file:PATH of a JWKS"),
    ("ZTAKeys /etc/zta/jwks.json", "/etc/zta/jwks.json", "file:PATH of a JWKS"),
    ("ZTAKeys file:conf/absent.json", "conf/absent.json", "No such file"),
    ("ZTAKeys file:conf", "/conf", "expected a regular file"),
    ("ZTAKeys file:conf/text.json", "conf/text.json", "JSON"),
    ("ZTAKeys file:conf/empty.json", "conf/empty.json", "key"),
    ("ZTAKeys file:conf/list.json", "conf/list.json", "object"),
    ("ZTAKeys file:conf/oct.json", "conf/oct.json", "key"),
    ("ZTAKeys file:conf/big.json", "conf/big.json", "expected a regular file of at most"),
    ("ZTAAlgorithms none", "none", "one of RS256"),
    ("ZTAAlgorithms RS256 HS256", "HS256", "never accepted"),
    ("ZTAAlgorithms rs256", "rs256", "one of RS256"),
    ("ZTAAlgorithms RS257", "RS257", "one of RS256"),
    ('ZTAAlgorithms ""', "ZTAAlgorithms", "requires at least one argument"),
    ("ZTATokenType JWT", "JWT", "at+jwt or any"),
    ('ZTATokenType ""', "ZTATokenType", "takes one argument"),
    ("ZTALeeway 301", "301", "seconds from 0 to 300"),
    ("ZTALeeway -1", "-1", "seconds from 0 to 300"),
    ("ZTALeeway 60s", "60s", "seconds from 0 to 300"),
    ("ZTALeeway 1.5", "1.5", "seconds from 0 to 300"),
    ('ZTALeeway ""', "ZTALeeway", "takes one argument"),
    ("ZTAAcr pwd", "'pwd'", "A < B"), ("ZTAAcr pwd mfa", "'pwd mfa'", "A < B"),
    ("ZTAAcr pwd < mfa phr", "'pwd < mfa phr'", "A < B"), ("ZTAAcr pwd < < mfa", "''", "between each '<'"),
    ("ZTAAcr < mfa", "''", "between each '<'"), ("ZTAAcr pwd <", "''", "between each '<'"),
    ("ZTAAcr", "''", "between each '<'"), ('ZTAAcr pwd < "mfa"', '"mfa"', "without space, quote"),
    ("ZTAAcr pwd < mfa<pwd", "'pwd'", "each acr value once"),
    (f"ZTAAcr pwd < {'m' * 128}", "m" * 128, "at most 127"),
    ("ZTAAcr " + " < ".join(str(i) for i in range(17)), "'16'", "at most 16"),
    ("ZTAAcr a < b\nZTAAcr c < d", "'c < d'", "it once"),
    ("ZTAClaim color x", "color", "roles, groups, scope, subject"),
    ('ZTAClaim roles ""', "ZTAClaim", "takes two arguments"),
    ("ZTAClaim roles a..b", "a..b", "segments joined by '.'"),
    ("ZTAClaim roles .a", ".a", "segments joined by '.'"),
    ("ZTAClaim roles a.", "a.", "segments joined by '.'"),
    ("ZTAClaim roles", "ZTAClaim", "takes two arguments"),
    # What belongs elsewhere would change the server around the section.
    ("ZTAStage 0", "ZTAStage", "within <ZTAIssuer>"),
    ("ZTARealm x", "ZTARealm", "within <ZTAIssuer>"),
    ("ZTAStoreSize 1G", "ZTAStoreSize", "within <ZTAIssuer>"),
    ("<ZTAIssuer c https://c.test>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>", "ZTAIssuer",
     "cannot occur within <ZTAIssuer> section"),
]
PLACE_BAD = [
    ("ZTAAccept corp!", "corp!", "names of <ZTAIssuer> sections, local, mtls, or audience=URI"),
    ("ZTAAccept audience=https://x.test", "no name", "names of <ZTAIssuer> sections"),
    ("ZTAAccept corp audience=", "audience=", "audience=URI"),
    ('ZTAAccept ""', "no name", "names of <ZTAIssuer>"),
    ("ZTAAccept", "no name", "names of <ZTAIssuer>"),
    ("ZTAAccept nobody", "nobody", "the name of an <ZTAIssuer> section, local or mtls"),
    ("ZTAAccept corp nobody", "nobody", "the name of an <ZTAIssuer> section, local or mtls"),
    ("ZTAAccept Corp local", "Corp", "the name of an <ZTAIssuer> section, local or mtls"),
    *((f"{name} {value}", value, "0 (off), 1 (basic), 2 (identity), 3 (context) or 4")
      for name in ("ZTAStage", "ZTAMonitor")
      for value in ("5", "-1", "+1", "one", "1.0", "0x1", "99999999999999999999")),
    ('ZTAMonitor ""', "ZTAMonitor", "takes one argument"),
    ("ZTAStage 1 2", "ZTAStage", "takes one argument"),
    ("ZTAFeature rules", "'rules'", "signals or automation, then =enforce"),
    ("ZTAFeature =enforce", "=enforce", "credential, ratelimit, rules"),
    ("ZTAFeature risks=off", "risks=off", "credential, ratelimit, rules"),
    ("ZTAFeature ratelimit=off Rules=off", "Rules=off", "credential, ratelimit, rules"),
    ("ZTAFeature rules=on", "rules=on", "a mode: enforce, monitor or off"),
    ("ZTAFeature rules=", "rules=", "a mode: enforce, monitor or off"),
    ("ZTAFeature credential=off", "credential=off", "neither off nor monitored"),
    ("ZTAFeature credential=monitor", "credential=monitor", "neither off nor monitored"),
    ("ZTAOrigin api.example.com", "api.example.com", "scheme, host and port alone"),
    ("ZTAOrigin ftp://api.example.com", "ftp://api.example.com", "http or https URL"),
    ("ZTAOrigin https://api.example.com/v1", "https://api.example.com/v1", "alone, such as"),
    ("ZTAOrigin https://api.example.com/?x", "https://api.example.com/?x", "alone, such as"),
    ("ZTAOrigin https://u@api.example.com", "https://u@api.example.com", "alone, such as"),
    ("ZTAOrigin https://api.example.com:0", "https://api.example.com:0", "alone, such as"),
    ("ZTAOrigin https://", "https://", "alone, such as"),
    ("ZTAOrigin", "ZTAOrigin", "takes one argument"),
    ("ZTADPoP on", "'on'", "off, allowed or required"),
    ("ZTADPoP nonce", "'nonce'", "off, allowed or required"),
    ("ZTADPoP allowed nonces", "nonces", "nonce behind allowed or required"),
    ("ZTADPoP off nonce", "nonce", "nonce behind allowed or required"),
    ("ZTADPoP", "ZTADPoP", "takes 1-2 arguments"),
    ("ZTARealm 'a\"b'", 'a"b', "printable ASCII without quotes"),
    ("ZTARealm 'a\\b'", "'a", "printable ASCII without quotes"),
    ("ZTARealm caf\u00e9", "caf", "printable ASCII"),
    ("ZTARealm a\tb", "ZTARealm", "takes one argument"),
    ("ZTARealm 'a\tb'", "'a", "printable ASCII"),
    ("ZTADefault maybe", "maybe", "deny or allow"),
    ('ZTADefault ""', "ZTADefault", "takes one argument"),
    ("ZTACredentials body", "body", "header, query, mtls, openidc, one cookie:NAME, or one"),
    ("ZTACredentials header cookie", "'cookie'", "one cookie:NAME"),
    ("ZTACredentials cookie:", "cookie:", "one cookie:NAME"),
    ("ZTACredentials \"cookie:a b\"", "cookie:a b", "one cookie:NAME"),
    ("ZTACredentials cookie:a=b", "cookie:a=b", "one cookie:NAME"),
    ("ZTACredentials cookie:a,b", "cookie:a,b", "one cookie:NAME"),
    ("ZTACredentials cookie:a cookie:b", "cookie:b", "one cookie:NAME"),
    ("ZTAMtlsSubject subject", "'subject'", "one of DN CN O OU UID emailAddress serialNumber"),
    ("ZTAMtlsSubject san", "'san'", "san:dns san:email san:uri san:upn"),
    ("ZTAMtlsSubject CN O", "ZTAMtlsSubject", "takes one argument"),
    ("ZTAClientCertHeader Authorization", "Authorization", "the name of a request header"),
    ("ZTAClientCertHeader X-ZTA-Cert", "X-ZTA-Cert", "the name of a request header"),
    ("ZTAClientCertHeader Client_Cert", "Client_Cert", "the name of a request header"),
    ('ZTAClientCertHeader ""', "ZTAClientCertHeader", "takes one argument"),
    ("ZTACredentials apikey:", "apikey:", "the name of a request header"),
    ("ZTACredentials apikey:Authorization", "apikey:Authorization", "a request header"),
    ("ZTACredentials apikey:X_Key", "apikey:X_Key", "a request header"),
    ('ZTACredentials "apikey:X Key"', "apikey:X Key", "a request header"),
    ("ZTACredentials apikey:X-ZTA-Key", "apikey:X-ZTA-Key", "a request header"),
    ("ZTACredentials apikey:X-A apikey:X-B", "apikey:X-B", "one apikey:HEADER"),
    ("ZTAForward all", "'all'", "identity, assertion, authorization or none"),
    ("ZTAForward identity cookie", "cookie", "identity, assertion, authorization or none"),
    ('ZTAAssertionAudience ""', "ZTAAssertionAudience", "takes one argument"),
    (f"ZTAAssertionAudience urn:{'x' * 252}", "urn:xxx", "at most 255 bytes"),
    ("ZTAAssertionAudience a b", "ZTAAssertionAudience", "takes one argument"),
    ("ZTAPath loose", "loose", "strict, encoded-slash or parameters"),
    ("ZTAPath parameters dots", "dots", "strict, encoded-slash or parameters"),
    ("ZTAPreflight yes", "yes", "judge, answer or pass"),
    ("ZTAFailure open", "open", "closed, stale=DURATION"),
    ("ZTAFailure stale", "'stale'", "closed, stale=DURATION"),
    ("ZTAFailure stale=", "stale=", "closed, stale=DURATION"),
    ("ZTAFailure stale=0", "stale=0", "closed, stale=DURATION"),
    ("ZTAFailure stale=-1s", "stale=-1s", "closed, stale=DURATION"),
    ("ZTAFailure stale=5x", "stale=5x", "closed, stale=DURATION"),
    ("ZTAFailure fleet", "'fleet'", "or fleet=DURATION"),
    ("ZTAFailure closed fleet=0", "fleet=0", "fleet=any, or fleet=DURATION of at least 1m"),
    ("ZTAFailure fleet=59s", "fleet=59s", "fleet=any, or fleet=DURATION of at least 1m"),
]

GLOBAL_LINES = {
    "ZTAStore": "ZTAStore /nonexistent", "ZTAStoreSize": "ZTAStoreSize 1G",
    "ZTARules": "ZTARules conf/empty.zta", "ZTASharedMemory": "ZTASharedMemory 16M",
    "ZTAGovernor": "ZTAGovernor 5%/1h", "ZTANotify": "ZTANotify soc |/bin/cat",
    "ZTALog": "ZTALog logs/decisions.json", "ZTAAssertion": "ZTAAssertion key=conf/key.pem",
    "ZTARetain": "ZTARetain events=7d", "ZTAVerifyLimit": "ZTAVerifyLimit off",
    "ZTACAFile": "ZTACAFile conf/ca.pem", "ZTAGeoDB": "ZTAGeoDB conf/country.mmdb",
    "ZTATrustedPosture": "ZTATrustedPosture p keys=conf/jwks.json header=P",
    "ZTAAsnDB": "ZTAAsnDB conf/asn.mmdb", "ZTAWafScore": "ZTAWafScore env:waf",
    "<ZTAIssuer": "<ZTAIssuer b https://b.test>\nZTAKeys file:conf/jwks.json\n</ZTAIssuer>",
    "<ZTATransmitter": "<ZTATransmitter t https://t.test>\nZTAKeys file:conf/jwks.json\n"
                       "ZTAAudience https://a.test\nZTAMaySpeakFor corp\n</ZTATransmitter>",
}
ISSUER_LINES = {
    "ZTAAudience": "ZTAAudience https://a.test", "ZTAKeys": "ZTAKeys file:conf/jwks.json",
    "ZTAIntrospect": "ZTAIntrospect https://a.test/i client=c secret=file:conf/secret",
    "ZTAAlgorithms": "ZTAAlgorithms RS256", "ZTATokenType": "ZTATokenType any",
    "ZTALeeway": "ZTALeeway 5", "ZTALogoutAudience": "ZTALogoutAudience site",
    "ZTAKeysStale": "ZTAKeysStale 24h", "ZTAClaim": "ZTAClaim roles roles",
    "ZTAAcr": "ZTAAcr pwd < mfa",
}
# Their values are the cases of test_signals.py.
TRANSMITTER_LINES = {
    "ZTAMaySpeakFor": "ZTAMaySpeakFor corp",
    "ZTAPushAuthorization": "ZTAPushAuthorization file:conf/secret",
    "ZTAPoll": "ZTAPoll https://t.test/poll", "ZTACriticalMembers": "ZTACriticalMembers user",
    "ZTAVerify": "ZTAVerify https://t.test/verify stream=s-1",
    "ZTADraftEvents": "ZTADraftEvents on", "ZTAStreamQuiet": "ZTAStreamQuiet 1h",
}
PLACE_LINES = {
    "ZTAAccept": "ZTAAccept corp local", "ZTAStage": "ZTAStage 0", "ZTAMonitor": "ZTAMonitor 1",
    "ZTAFeature": "ZTAFeature ratelimit=off", "ZTARealm": "ZTARealm x",
    "ZTAOrigin": "ZTAOrigin https://x.test", "ZTADPoP": "ZTADPoP allowed nonce",
    "ZTADefault": "ZTADefault deny", "ZTACredentials": "ZTACredentials header",
    "ZTAForward": "ZTAForward identity", "ZTAAssertionAudience": "ZTAAssertionAudience urn:a",
    "ZTAPath": "ZTAPath strict",
    "ZTAPreflight": "ZTAPreflight pass", "ZTAFailure": "ZTAFailure closed",
    "ZTAMtlsSubject": "ZTAMtlsSubject CN", "ZTAClientCertHeader": "ZTAClientCertHeader Client-Cert",
}
NARROW = {
    "<Limit>": ("<Location /x>\n<Limit GET>", "</Limit>\n</Location>"),
    "<LimitExcept>": ("<Location /x>\n<LimitExcept GET>", "</LimitExcept>\n</Location>"),
    "<If>": ("<If \"true\">", "</If>"),
    "<If> in <Location>": ("<Location /x>\n<If \"true\">", "</If>\n</Location>"),
    "<ElseIf>": ("<If \"false\">\n</If>\n<ElseIf \"true\">", "</ElseIf>"),
    "<Else>": ("<If \"false\">\n</If>\n<Else>", "</Else>"),
    "<Files>": ("<Files x>", "</Files>"),
    "<Files> in <Directory>": ("<Directory /x>\n<Files x>", "</Files>\n</Directory>"),
    "<FilesMatch>": ("<FilesMatch x>", "</FilesMatch>"),
    # Its configuration is that of a back end, chosen after the place was judged.
    "<Proxy>": ("<Proxy *>", "</Proxy>"),
    "<ProxyMatch>": ("<ProxyMatch .*>", "</ProxyMatch>"),
}
WIDE = {
    "vhost": ("", ""),
    "<Location>": ("<Location /x>", "</Location>"),
    "<LocationMatch>": ("<LocationMatch ^/x>", "</LocationMatch>"),
    "<Directory>": ("<Directory /x>", "</Directory>"),
    "<DirectoryMatch>": ("<DirectoryMatch ^/x>", "</DirectoryMatch>"),
}


@pytest.fixture(scope="module")
def gateway(pki):
    """A configuration that is good and never started: what is appended to it is what is tested."""
    class NoBackend:
        url = NEVER

    z = Gateway(pki, NoBackend(), rules="")
    z.init_store()
    key = Key("ES256", kid="k")
    z.httpd.write("conf/empty.zta", "")
    z.httpd.write("conf/more-a.zta", "allow a\n  when path /a\n")
    z.httpd.write("conf/more-b.zta", "allow b\n  when path /b\n")
    z.httpd.write("conf/bad.zta", "allow a\n  wehn path /a\n")
    z.httpd.write("conf/text.json", "keys")
    mmdb.write(z.httpd.path("conf/country.mmdb"), {"192.0.2.0/24": mmdb.country("CH")})
    mmdb.write(z.httpd.path("conf/asn.mmdb"), {"192.0.2.0/24": mmdb.asn(64500)})
    with open(pki.ca.cert, encoding="ascii") as f:
        z.httpd.write("conf/ca.pem", f.read())
    z.httpd.write("conf/empty.json", '{"keys": []}')
    z.httpd.write("conf/list.json", "[]")
    z.httpd.write("conf/oct.json", '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "o"}]}')
    z.httpd.write("conf/big.json", '{"keys": [' + " " * (2 << 20) + "]}")
    z.httpd.write("conf/many.json", json.dumps({"keys": [
        k.jwk() for k in z.issuer.keys.values()]}))
    z.issuer.write_jwks({"keys": [key.jwk()]})
    for name, text in (("secret", "s3cret\n"), ("lines", "a\nb\n"), ("blank", "\n"),
                       ("nul", "s3cret\0"), ("key.pem", key.private_pem()),
                       ("p384.pem", Key("ES384").private_pem())):
        z.httpd.write(f"conf/{name}", text, 0o640)
    yield z
    z.httpd.remove()


def check(z, global_text="", vhost_text="", issuer_text=""):
    z.issuer_text = issuer_text
    return z.configtest(global_text, vhost_text)


def refused(answer, named, expectation):
    code, output = answer
    assert code != 0, output
    assert named in output and expectation in output, output


def refused_place(answer, name):
    code, output = answer
    assert code != 0, output
    assert name.lstrip("<") in output, output
    assert re.search(r"cannot occur within|not allowed (here|in)|outside a section", output), output


def test_every_directive_has_its_cases():
    with open(os.path.join(ROOT, "mod_zta", "directives.def"), encoding="utf-8") as f:
        names = set(re.findall(r'^ZTA_DIRECTIVE\(\w+, "([^"]+)"', f.read(), re.M))
    assert names == {*GLOBAL_LINES, *ISSUER_LINES, *TRANSMITTER_LINES, *PLACE_LINES}
    names -= {"<ZTATransmitter", *TRANSMITTER_LINES}
    for lines in (GLOBAL_GOOD + ISSUER_GOOD + PLACE_GOOD + ["ZTAStore ", "ZTAKeys ", "ZTAKeysStale "],
                  [bad[0] for bad in GLOBAL_BAD + ISSUER_BAD + PLACE_BAD]):
        assert not [n for n in names if not any(line.startswith(n) for line in lines)]


def test_good_global_values_pass(gateway):
    code, output = check(gateway, global_text="\n".join(GLOBAL_GOOD))
    assert code == 0, output


def test_good_issuer_values_pass(gateway):
    sections = [f"<ZTAIssuer i{n} https://{n}.test>\nZTAKeys file:conf/many.json\n"
                f"ZTAAlgorithms EdDSA\n{line}\n</ZTAIssuer>"
                for n, line in enumerate(ISSUER_GOOD)]
    code, output = check(gateway, global_text="\n".join(sections))
    assert code == 0, output


def test_good_values_of_places_pass(gateway):
    sections = [f"<Location /{n}>\n{line}\n</Location>" for n, line in enumerate(PLACE_GOOD)]
    for lines in (sections, PLACE_GOOD):
        code, output = check(gateway, "ZTAAssertion key=conf/key.pem", "\n".join(lines))
        assert code == 0, output


@pytest.mark.parametrize("line, named, expectation", GLOBAL_BAD)
def test_a_bad_global_value_names_itself_and_what_was_expected(gateway, line, named, expectation):
    refused(check(gateway, global_text=line), named, expectation)


@pytest.mark.parametrize("line, named, expectation", ISSUER_BAD)
def test_a_bad_issuer_value_names_itself_and_what_was_expected(gateway, line, named, expectation):
    refused(check(gateway, issuer_text=line), named, expectation)


@pytest.mark.parametrize("line, named, expectation", PLACE_BAD)
def test_a_bad_value_of_a_place_names_itself_and_what_was_expected(gateway, line, named,
                                                                   expectation):
    refused(check(gateway, vhost_text=line), named, expectation)


@pytest.mark.parametrize("section", WIDE)
def test_directives_of_places_stand_in_every_kind_of_place(gateway, section):
    begin, end = WIDE[section]
    code, output = check(gateway, vhost_text="\n".join([begin, *PLACE_LINES.values(), end]))
    assert code == 0, output


@pytest.mark.parametrize("section, name", [
    *((section, "ZTAStage") for section in NARROW),
    *((list(NARROW)[(n + k * 4) % len(NARROW)], name) for k in range(3)
      for n, name in enumerate([*PLACE_LINES, "ZTAStoreSize", "ZTALeeway"])
      if name != "ZTAStage")])
def test_no_directive_stands_where_it_would_hold_for_part_of_a_place(gateway, section, name):
    begin, end = NARROW[section]
    line = {**PLACE_LINES, **GLOBAL_LINES, **ISSUER_LINES}[name]
    refused_place(check(gateway, vhost_text=f"{begin}\n{line}\n{end}"), name)


@pytest.mark.parametrize("section, name", [
    *((section, "ZTAStore") for section in WIDE),
    *((section, name) for section in ("vhost", "<Location>") for name in GLOBAL_LINES
      if name != "ZTAStore")])
def test_global_directives_stand_in_the_main_server_alone(gateway, section, name):
    begin, end = WIDE[section]
    refused_place(check(gateway, vhost_text=f"{begin}\n{GLOBAL_LINES[name]}\n{end}"), name)


@pytest.mark.parametrize("section, name, line", [
    *(("<ZTAIssuer NAME URL>", *item) for item in ISSUER_LINES.items()),
    *(("<ZTATransmitter NAME URL>", *item) for item in TRANSMITTER_LINES.items())])
def test_directives_of_a_section_stand_there_alone(gateway, section, name, line):
    refused(check(gateway, global_text=line), name, f"inside {section}")
    refused(check(gateway, vhost_text=line), name, f"inside {section}")
    code, output = check(gateway, vhost_text=f"<Location /x>\n{line}\n</Location>")
    assert code != 0 and f"{name} not allowed in <Location> context" in output, output


def test_no_directive_stands_in_htaccess(zta):
    z = zta(start=False, stage=0, proxy=None)
    lines = {**PLACE_LINES, **GLOBAL_LINES, **ISSUER_LINES, **TRANSMITTER_LINES}
    for name, line in lines.items():
        z.httpd.write(f"htdocs/{name.strip('<')}/.htaccess", f"{line}\n")
        z.httpd.write(f"htdocs/{name.strip('<')}/page.html", "a page")
    z.httpd.write("htdocs/page.html", "a page")
    z.vhost_text = f"<Directory {z.httpd.path('htdocs')}>\nAllowOverride All\n</Directory>"
    z.httpd.allow_log(r"\.htaccess: <?ZTA\w+ not allowed here")
    z.start()
    assert z.get("/page.html").status == 200
    for name in lines:
        mark = z.httpd.log_mark()
        assert z.get(f"/{name.strip('<')}/page.html").status == 500, name
        assert f"{name} not allowed here" in z.httpd.error_text(mark)


OTHER = ("<ZTAIssuer other https://other.example.test>\nZTAAudience https://other-api.test\n"
         "ZTAKeys file:conf/other.json\nZTAAlgorithms ES256\n</ZTAIssuer>")

# What it is, options of the gateway, global text, vhost text, what the error must say.
UNSAFE = [
    ("no store", {"store": None}, "", "", "expected ZTAStore DIR in the main server"),
    ("no store, monitored", {"store": None, "stage": None}, "", "ZTAMonitor 1",
     "expected ZTAStore DIR in the main server"),
    ("several issuers and no choice", {"accept": None, "credentials": None}, OTHER, "",
     "2 issuers are configured and no ZTAAccept is in force"),
    ("several issuers and no choice in one place", {"accept": None, "credentials": None,
     "stage": None}, OTHER, "<Location /x>\nZTAStage 1\n</Location>", "section /x"),
    ("no issuer", {"accept": None, "credentials": None, "issuers": False}, "", "",
     "0 issuers are configured"),
    ("several audiences and no choice", {"accept": None, "credentials": None,
     "issuer_text": "ZTAAudience https://second.test"}, "", "",
     "has not exactly one ZTAAudience"),
    ("no audience", {"accept": "bare", "credentials": None}, OTHER.replace(
        "ZTAAudience https://other-api.test\n", "").replace("other ", "bare "), "",
     "issuer 'bare' has no ZTAAudience and ZTAAccept names none"),
    ("API keys read and not accepted", {"accept": "corp"}, "", "",
     "ZTACredentials has apikey:X-Api-Key, but API keys are not accepted"),
    ("API keys read and not accepted in one place", {}, "",
     "<Location /x>\nZTAAccept corp\n</Location>", "section /x: ZTACredentials has apikey"),
    ("certificates read and not accepted", {}, "",
     "<Location /x>\nZTACredentials mtls\nZTAMtlsSubject CN\n</Location>",
     "section /x: ZTACredentials has mtls, but certificates are not accepted"),
    ("certificates without a subject", {"accept": "corp local mtls", "credentials": "mtls"}, "", "",
     "expected ZTAMtlsSubject with the field"),
    ("tokens in a cookie of no issuer", {"accept": "local", "credentials": "cookie:t"}, "", "",
     "ZTACredentials has cookie, query or openidc, but no issuer is accepted"),
    ("logins without their module", {"credentials": "openidc"}, "", "",
     "expected mod_auth_openidc to be loaded"),
    ("logins without their claims", {"credentials": "openidc", "modules": ("auth_openidc",)}, "", "",
     "expected 'OIDCPassIDTokenAs claims payload'"),
    ("rules without a credential", {"stage": 0}, "", "ZTAMonitor 1\nZTAFeature rules=enforce",
     "rules need a verified credential"),
    ("rules without a credential in one place", {}, "",
     "<Location /x>\nZTAStage 0\nZTAMonitor 2\nZTAFeature rules=enforce\n</Location>",
     "section /x: ZTAFeature rules=enforce"),
    ("a credential enforced where nothing is", {"stage": 0}, "",
     "ZTAMonitor 1\nZTAFeature credential=enforce", "expected ZTAStage 1 or more"),
    ("unknown name where nothing is enforced", {"stage": 0, "accept": "nobody",
     "credentials": None}, "", "", "ZTAAccept names 'nobody'"),
    ("DPoP in a virtual host that httpd guesses a name for", {},
     "<VirtualHost 127.0.0.1:9>\nZTAStage 1\nZTAAccept corp\nZTADPoP required\n</VirtualHost>", "",
     "expected ZTAOrigin URL or a ServerName"),
    ("DPoP where Authorization is not read", {"credentials": "apikey:X-Api-Key"}, "",
     "ZTADPoP allowed", "expected 'header' among the words of ZTACredentials"),
    ("trailers", {}, "", "MergeTrailers on", "expected 'MergeTrailers off'"),
    ("cache", {"modules": ("cache", "cache_disk")}, "", "CacheEnable disk /",
     "expected 'CacheQuickHandler off'"),
]


@pytest.mark.parametrize("options, global_text, vhost_text, expectation",
                         [u[1:] for u in UNSAFE], ids=[u[0] for u in UNSAFE])
def test_an_unsafe_combination_is_a_configuration_error(zta, options, global_text, vhost_text,
                                                        expectation):
    options = dict(options)
    removed = []
    if "store" in options:
        options.pop("store")
        removed.append(r"ZTAStore .*\n")
    if options.pop("issuers", True) is False:
        removed.append(r"<ZTAIssuer[^\0]*</ZTAIssuer>")
    z = zta(start=False, **options)
    z.httpd.write("conf/other.json", '{"keys": [%s]}' % jwk_text())
    z.configure()
    text = f"{z.httpd.global_text}\n{global_text}"
    for pattern in removed:
        text = re.sub(pattern, "", text)
    code, output = z.httpd.configtest(text, f"{z.httpd.vhost_text}\n{vhost_text}")
    assert code != 0, output
    assert expectation in output, output


def jwk_text():
    return json.dumps(Key("ES256", kid="k").jwk())


def test_the_same_combinations_made_safe_pass(gateway):
    gateway.httpd.write("conf/other.json", '{"keys": [%s]}' % jwk_text())
    code, output = check(gateway, OTHER, "<Location /x>\nZTAAccept corp other audience=urn:x\n"
                         "ZTACredentials header\n</Location>\nMergeTrailers off")
    assert code == 0, output


def test_places_lower_than_what_is_around_them_are_named_at_start(zta):
    z = zta(stage=2, rules="", vhost_text="<Location /open>\nZTAStage 0\n</Location>\n"
            "<Location /lower>\nZTAStage 1\n</Location>\n<Location /same>\nZTAStage 2\n</Location>")
    text = z.httpd.error_text()
    assert re.search(r"ZTA0004: \S+, section /open is public", text)
    assert re.search(r"ZTA0003: \S+, section /lower is at stage 1, lower than the stage 2", text)
    assert "section /same" not in text
