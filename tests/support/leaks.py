# SPDX-License-Identifier: Apache-2.0
"""Every credential that a case makes or sends, and the search for them in all that was written.

What makes a credential (issuer, prover, keys create) and what sends one (client) says so by secret(),
sent() or minted_by(); what takes output of the product (ztactl, screens, answers) hands it to output();
directories are searched by check_files() before they are removed. A credential counts as written where
23 characters in a row of its first or last 48 are. The case that has one written on purpose says where:
allow()."""

import base64
import binascii
import os
import re
import stat

import pytest

# A search looks at every 8th window of 16 characters, so of a credential all windows are known.
_SIZE, _STEP, _END = 16, 8, 48
# Fewer different characters than any random piece has: padding, a test's xxxx.
_LEAST_DISTINCT = 8
_RUN = re.compile(rb"[\w+/=~-]{16,}")
_SECRET_OF_KEY = re.compile(r"\bzta_[0-9A-Za-z]{12}_([0-9A-Za-z]{43})[0-9A-Za-z]*")
# LMDB's readers, and room that is held for a full disk: most of the bytes of a store, and none of its values.
_WITHOUT_VALUES = {"lock.mdb", "ballast"}
_HEADERS = {"authorization", "proxy-authorization", "cookie", "dpop", "x-api-key"}
_IN_QUERY = re.compile(r"[?&]access_token=([^&\s#]+)")
_IN_CONFIGURATION = re.compile(r"(?:\b(?:secret|token)=|ZTAPushAuthorization )file:(\S+)")
_OF_THE_BROWSER = re.compile(r"^(?:OIDCClientSecret|OIDCCryptoPassphrase) (\S+)$", re.M)
# Commands whose purpose it is to print a new secret, once.
_PRINT_ONE = (("keys", "create"), ("keys", "rotate"))


class _Register:
    """What one case made and wrote."""

    def __init__(self):
        self.pieces = {}
        self.outputs = []
        self.own_files = set()
        self.allowed = []


_case = _Register()


def secret(value, what):
    """value (text) is never to be written by the product; returned as it is."""
    text = value.encode("utf-8", "replace")
    for run in _RUN.findall(text):
        for part in (run[:_END], run[_END:][-_END:]):
            for at in range(len(part) - _SIZE + 1):
                piece = part[at:at + _SIZE]
                if len(set(piece)) >= _LEAST_DISTINCT:
                    _case.pieces[piece] = what
    return value


def credential(value, what):
    """As secret(), of what is public in part: of a JWT the signature, of an API key the secret."""
    key = _SECRET_OF_KEY.search(value)
    if key:
        secret(key[1], f"{what}, an API key")
    elif value.count(".") >= 2:
        secret(value.rpartition(".")[2], f"{what}, a signature")
    else:
        secret(value, what)
    return value


def sent(target, headers):
    """What goes out with a request (a list of pairs) is a credential where it stands as one."""
    for token in _IN_QUERY.findall(target):
        credential(token, "access_token of a query")
    for name, value in headers:
        if name.lower() == "cookie":
            for pair in value.split(";"):
                credential(pair.partition("=")[2], "a cookie")
        elif name.lower() in _HEADERS:
            scheme, _, rest = value.rpartition(" ")
            credential(rest, name)
            if scheme.strip().lower() == "basic":
                _basic(rest)


def _basic(text):
    try:
        secret(base64.b64decode(text, validate=True).decode("latin-1").partition(":")[2], "a password")
    except (binascii.Error, ValueError):
        pass


def configured(text, root):
    """The secrets of a configuration, and in files that it names."""
    for value in _OF_THE_BROWSER.findall(text):
        secret(value, "a secret of mod_auth_openidc")
    for path in _IN_CONFIGURATION.findall(text):
        try:
            with open(os.path.join(root, path.strip('"')), encoding="utf-8") as file:
                value = file.read().strip()
        except (OSError, UnicodeDecodeError):
            continue
        secret(value, f"what {path} holds")
        for user in re.findall(r"client=(\S+)", text):
            secret(base64.b64encode(f"{user}:{value}".encode()).decode(), f"Basic with what {path} holds")


def key_file(path, what):
    """A file whose purpose it is to hold a private key."""
    with open(path, "rb") as file:
        data = file.read()
    secret(data.decode("latin-1"), what)
    secret(data.hex(), what)
    secret(base64.urlsafe_b64encode(data).decode(), what)
    own_file(path)


def own_file(path):
    """A file that may hold a credential: the case itself wrote it, or it is there for one."""
    _case.own_files.add(os.path.realpath(path))


def allow(pattern, why):
    """This case has a credential written where `pattern` matches the place (a path, a command)."""
    assert why
    _case.allowed.append(re.compile(pattern))


def output(text, where):
    """Something that the product wrote, searched when the case is over."""
    if text:
        _case.outputs.append((where, text if isinstance(text, bytes) else text.encode("utf-8", "replace")))


def ran(arguments, *texts):
    """What a command line of ztactl printed."""
    words = tuple(word for word in map(str, arguments) if not word.startswith("-"))
    for text in texts:
        if words[:2] in _PRINT_ONE:
            for found in _SECRET_OF_KEY.findall(text or ""):
                secret(found, "an API key that ztactl printed")
        else:
            output(text, f"ztactl {' '.join(words)}")


def _search(data, where):
    """What was found in data, said with some of what stands around it."""
    if any(pattern.search(where) for pattern in _case.allowed):
        return []
    pieces = _case.pieces
    for text in set(_RUN.findall(data)):  # each once: logs say the same things over and over
        for at in range(0, len(text) - _SIZE + 1, _STEP):
            piece = text[at:at + _SIZE]
            if piece in pieces:
                begin = data.index(piece)
                around = data[max(0, begin - 80):begin + _SIZE + 40].decode("utf-8", "replace")
                return [f"{where}: {pieces[piece]}\n    {around!r}"]
    return []


def _regular_files(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if name not in _WITHOUT_VALUES and stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def check_files(directory):
    """Searches all files below a directory but those that the case wrote."""
    found = []
    for path in _regular_files(directory) if _case.pieces else ():
        if os.path.realpath(path) not in _case.own_files:
            with open(path, "rb") as file:
                found += _search(file.read(), path)
    assert not found, "credentials were written:\n" + "\n".join(found)


def check_outputs():
    found = [line for where, data in _case.outputs for line in _search(data, where)]
    assert not found, "credentials were written:\n" + "\n".join(found)


@pytest.fixture(autouse=True)
def nothing_leaks():
    """Set up before all others of a case and so the last to end: all that was made is known."""
    global _case
    yield
    try:
        check_outputs()
    finally:
        _case = _Register()
