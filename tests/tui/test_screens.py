# SPDX-License-Identifier: Apache-2.0
"""Every view as a recorded screen: a store that is always the same, a clock that stands still."""

import pytest

from conftest import fill
from support.local import make_dir, remove_dir
from terminal import compare, recorded

_SIZES = ((80, 24), (120, 35), (160, 50))
_WIDE = (200, 60)
_EMPTY_SIZES = (_SIZES[0], _SIZES[2])

# name: keys one after the other (a list is typed, a tuple waited for), then what is there at last.
_ROWS = ("REQS", "alice")  # of Sessions
_RULES = ("5 rules", "orders-read")
_FILLED = {
    "overview": ([], ("insufficient_scope", "1 Overview", "Health")),
    "overview-all": (["t"], ("Routes by requests",)),
    "traffic": (["2"], ("following", "16/s", "07:59:59")),
    "traffic-why": (["2", ("following", "07:59:59"), "/", ["insufficient"], "Enter", "Enter"],
                    ("Decision", "denied")),
    "traffic-filter": (["2", "f", ["reason=no_rule subject=alice"], "Enter"],
                       ("filter reason=no_rule subject=alice",)),
    "traffic-filter-wrong": (["2", "f", ["reason=nonsense"], "Enter"], ("filter: reason=nonsense",
                                                                       "'nonsense'")),
    "sessions": (["3"], ("60 sessions", "alice")),
    "sessions-sorted": (["3", _ROWS, "s", "s", "s"], ("60 sessions", "dave")),
    "sessions-detail": (["3", _ROWS, "j", "Enter"], ("token id", "new-network")),
    "sessions-risk": (["3", _ROWS, "s", ("71", "mallory"), "Enter"],
                      ("impossible-travel", "quarantine m1")),
    "sessions-release": (["3", _ROWS, "/", ["mallory"], "Enter", "I"], ("sessions release",)),
    "sessions-ended": (["3", _ROWS, "j", "j", "Enter"], ("by signal", "carol")),
    "sessions-revoked": (["3", _ROWS, "/", ["victor"], "Enter", "Enter"],
                         ("by subject", "victor")),
    "sessions-detail-end": (["3", _ROWS, "j", "Enter", "/", ["latest"], "Enter"],
                            ("Latest requests",)),
    "sessions-revoke": (["3", _ROWS, "Space", "Space", "R"], ("reason:", "hits 2 sessions")),
    "sessions-confirm": (["3", _ROWS, "Space", "Space", "R", ["stolen"], "Enter"],
                         ("type 2 to revoke:",)),
    "devices": (["4"], ("4 devices", "laptop-0042", "MANAGED")),
    "devices-detail": (["4", ("4 devices", "laptop-0042"), "j", "Enter"], ("10.0.19045", "Who comes with it")),
    "rules": (["5"], ("5 rules", "orders-read", "enforce")),
    "rules-mode": (["5", _RULES, "M"], ("rules monitor",)),
    "rules-detail": (["5", _RULES, "j", "Enter"], ("allowed   3249",)),
    "rules-edit": (["5", _RULES, "j", "E"], ("good: takes the place of",)),
    "rules-edit-wrong": (["5", _RULES, "j", "E", ("good:",), "Down", "End", "Enter",
                          ["when mehtod GET"]], ("did you mean 'method'?",)),
    "versions": (["5", _RULES, "v"], ("0 versions", "nobody changed a rule")),
    "traffic-deny": (["2", ("following", "07:59:59"), "f", ["subject=alice reason=no_rule"], "Enter",
                      ("filter subject",), "D"], ("New deny rule from the filter", "good: it is new")),
    "rules-trial": (["5", _RULES, "j", "E", ("good:",), "Down", "End", "Enter", ["when method GET"],
                     ("when method GET", "good:"), "C-s"],
                    ("why, Esc goes back:",)),
    "limits": (["6"], ("limit 2", "203.0.113.0/24", "search-burst")),
    "limits-callers": (["6", ("limit 2", "search-burst"), "e"], ("limits show", "done", "alice@corp")),
    "limits-reset": (["6", ("limit 2", "search-burst"), "X"], ("limits reset",)),
    "issuers": (["8"], ("2 issuers", "partner", "no keys")),
    "command": ([":", ["keys list"], "Enter"], ("keys list · done", "billing")),
    "keys": (["7"], ("6 API keys", "partner-acme")),
    "keys-detail": (["7", ("OWNER", "billing"), "j", "j", "Enter"], ("build log",)),
    "keys-revoke": (["7", ("OWNER", "billing"), "R"], ("reason:", "refused for good")),
    "signals": (["9"], ("waits 1", "holds 3", "mallory@corp")),
    "signals-drop": (["9", ("waits 1", "holds 3"), "X"], ("signals drop",)),
    "audit": (["0"], ("consistent, 10 entries",)),
    "audit-detail": (["0", ("chain", "kim"), "Enter"], ("By whom",)),
    "traffic-related": (["2", ("following", "07:59:59"), "/", ["insufficient"], "Enter", "o"],
                        (" Go to ", "requests decided by")),
    "trail": (["2", ("following", "07:59:59"), "/", ["insufficient"], "Enter", "o",
               (" Go to ",), "1", ("Latest requests",), "q", "o", (" Go to ",), "1"],
              ("> requests of session", "filter session=")),
    "complete": ([":", ["rules mon"], "Tab", "Tab", ("Tab chooses",), "Tab"],
                 ("rules monitor search",)),
    "readiness": ([":", ["readiness"], "Enter"], ("payments-scope", "carol@corp")),
    "readiness-detail": ([":", ["readiness"], "Enter", ("payments-scope", "carol@corp"), "Enter"],
                         ("fix first", "Readiness and maturity")),
    "help": (["?"], ("one row down",)),
}
_WIDE_NAMES = ("overview", "traffic-why", "sessions-detail")
_VERSIONS = {
    "versions-filled": (["5", ("6 rules", "no-scrapers"), "v"], ("3 versions", "dana", "1m")),
    "versions-detail": (["5", ("6 rules", "no-scrapers"), "v", ("3 versions",), "Enter"],
                        ("+   when  network 203.0.113.0/24 198.51.100.0/24", "done")),
    "versions-back": (["5", ("6 rules", "no-scrapers"), "v", ("3 versions",), "g", "j", "Z"],
                      ("rules rollback 2 --base=3",)),
}
_FLEET = {
    "fleet": ([":", ["fleet"], "Enter"], ("differs 1", "alike 3", "redis.example.com:6379")),
    "fleet-detail": ([":", ["fleet"], "Enter", ("differs 1", "alike 3"), "Enter"],
                     ("node proxy-ams-2", "means")),
}
_EMPTY = {
    "empty-overview": ([], ("no requests", "no server has run")),
    "empty-traffic": (["2"], ("no request was recorded yet",)),
    "empty-sessions": (["3"], ("no session was seen yet",)),
    "empty-devices": (["4"], ("there is no device",)),
    "empty-limits": (["6"], ("limit 1", "failed-verifications")),
    "empty-keys": (["7"], ("there is no API key",)),
    "empty-signals": (["9"], ("nothing was told",)),
    "empty-fleet": ([":", ["fleet"], "Enter"], ("this store is in no fleet",)),
    "empty-readiness": ([":", ["readiness"], "Enter"], ("no place of a running", "Governance")),
    "empty-audit": (["0"], ("store init",)),
}


def _name(name, size):
    return f"{name}-{size[0]}x{size[1]}"


def _cases():
    for name, (keys, texts) in _FILLED.items():
        for size in (*_SIZES, _WIDE) if name in _WIDE_NAMES else _SIZES:
            yield pytest.param(_name(name, size), size, keys, texts, id=_name(name, size))


def _show(screen, keys, texts):
    for key in keys:
        # A search or filter is open before it is typed into.
        if isinstance(key, list):
            screen.wait(":")
            screen.type(key[0])
        elif isinstance(key, tuple):
            screen.wait(*key)
        else:
            screen.keys(key)
    return screen.settled(*texts)


@pytest.mark.parametrize("name,size,keys,texts", list(_cases()))
def test_a_filled_store(filled, terminal, name, size, keys, texts):
    screen = terminal(*size)
    screen.fixture(filled)
    screen.wait("1 Overview", "Health")
    compare(_show(screen, keys, texts), name)


@pytest.fixture(scope="module")
def changed():
    """A folder with a store whose live rules were changed three times."""
    path = make_dir("tui-changed")
    fill(path, "versions")
    yield path
    remove_dir(path)


@pytest.mark.parametrize("size", _SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", _VERSIONS)
def test_versions_of_rules(changed, terminal, name, size):
    screen = terminal(*size)
    screen.fixture(changed)
    screen.wait("1 Overview", "Health")
    compare(_show(screen, *_VERSIONS[name]), _name(name, size))


@pytest.fixture(scope="module")
def joined():
    """A folder with a store that is part of a fleet."""
    path = make_dir("tui-fleet")
    fill(path, "fleet")
    yield path
    remove_dir(path)


@pytest.mark.parametrize("size", _SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", _FLEET)
def test_nodes_of_a_fleet(joined, terminal, name, size):
    screen = terminal(*size)
    screen.fixture(joined)
    screen.wait("1 Overview", "Health")
    compare(_show(screen, *_FLEET[name]), _name(name, size))


@pytest.mark.parametrize("size", _EMPTY_SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", _EMPTY)
def test_an_empty_store(empty, terminal, name, size):
    screen = terminal(*size)
    screen.fixture(empty)
    screen.wait("1 Overview", "Health")
    compare(_show(screen, *_EMPTY[name]), _name(name, size))


@pytest.mark.parametrize("name,options", (("overview-ascii", {"LC_ALL": "C"}),
                                          ("overview-mono", {"NO_COLOR": "1"})))
def test_other_terminals(filled, terminal, name, options):
    screen = terminal(**options)
    screen.fixture(filled)
    compare(screen.settled("insufficient_scope", "Health"), _name(name, _SIZES[0]))


def test_no_recorded_screen_is_forgotten():
    known = {case.id for case in _cases()}
    known |= {_name(name, size) for name in _EMPTY for size in _EMPTY_SIZES}
    known |= {_name(name, size) for name in (*_VERSIONS, *_FLEET) for size in _SIZES}
    known |= {_name(name, _SIZES[0]) for name in ("overview-ascii", "overview-mono")}
    assert recorded() == known
