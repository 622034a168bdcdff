# SPDX-License-Identifier: Apache-2.0
"""Pages as stories: their fenced blocks are followed in order on a Machine, and what commands print
is what the page shows. With ZTA_RECORD in the environment the page is rewritten instead.

    ```zta, apache, conf, yaml   below a paragraph that says `in` and a path of /etc: that file
    ```sh                        commands, one a line, each of which succeeds
    ```console                   the same behind `$ `, with what they print; `...` stands for any lines
    ```json as=ALICE             header and claims of a token (with its times) that $ALICE then holds"""

import json
import os
import re
import time

from support.load import settled
from support.local import ROOT, wait_for

_FENCE = re.compile(r"^( *)```([\w-]*)([^\n]*)\n(.*?)^\1```$", re.M | re.S)
_FILE = re.compile(r"\b[Ii]n (?:the same )?`(/etc/[^`]+)`.*:$")
# What differs between two runs, and how it is written for a comparison.
_VOLATILE = (
    (r"\b0[0-9A-HJKMNP-TV-Z]{25}\b", "<id>"), (r"\bzta_[\w-]{20,}", "<key>"),
    (r"\b[0-9a-f]{64}\b", "<hash>"), (r"\b[0-9a-f]{32}\b", "<hex>"), (r"\b([0-9a-f]{16}|[0-9a-f]{12})\b", "<hex>"),
    (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?)?Z?", "<time>"), (r"\b\d\d:\d\d:\d\d(\.\d+)?", "<time>"),
    (r"\b\d+(\.\d+)? ?(ms|us|µs|[smhd])\b( ago)?", "<age>"), (r"\b\d+(\.\d+)? ?([KMG]i?B?|bytes|B)\b", "<size>"),
    (r"\b(process|pid)\s+\d+", "<pid>"),
    (r"\d+ of 2048 readers", "<n> of 2048 readers"), (r"[ \t]+", " "), (r"-{3,}", "---"),
)
_NAMES = re.compile(r"\b(?:0[0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{32}|[0-9a-f]{12})\b")
_READS = re.compile(r"ztactl (events|explain|status|sessions|readiness|whatif|rules|limits|rates|risk|automation|"
                    r"changes|keys list|revoke|block)\b")
# Logs are written behind the store.
_LATE = re.compile(r"^jq ")


class Block:
    def __init__(self, page, match, before):
        self.page = page
        self.indent, self.language, self.info = match[1], match[2], match[3].strip()
        self.text = re.sub(rf"^{self.indent}", "", match[4], flags=re.M)
        self.span = match.span(4)
        found = _FILE.search(before)
        self.path = found[1] if found and self.language not in ("sh", "console") else None
        self.is_more = "also in" in before


def read(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """The fenced blocks of a page, in order."""
    text, found = read(page), []
    for match in _FENCE.finditer(text):
        paragraph = text[:match.start()].rstrip().rpartition("\n\n")[2]
        found.append(Block(page, match, " ".join(paragraph.split())))
    return found


def plain(text):
    """Text without what differs between two runs."""
    for pattern, word in _VOLATILE:
        text = re.sub(pattern, word, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def is_shown(shown, printed):
    """Whether what was printed is what is shown, where `...` may be any lines."""
    parts = [re.escape(part.strip()) for part in re.split(r"^\.\.\.$", plain(shown), flags=re.M)]
    return re.fullmatch(r"\s*(?:.*\s)?".join(parts) + r"\s*", plain(printed) + "\n", re.S) is not None


def commands(text):
    """[as it stands there, command, what it prints] of each command of a console block."""
    found = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append([line, line[2:].strip(), ""])
        elif found[-1][1].endswith("\\") and not found[-1][2]:
            found[-1][0] += line
            found[-1][1] = f"{found[-1][1][:-1].rstrip()} {line.strip()}"
        else:
            found[-1][2] += line
    return found


class Story:
    """Follows pages on a machine. mint makes a token of a header and claims; before[command] is what
    happens before a command; now is the machine's clock."""

    def __init__(self, machine, mint=None, before=None, env=None, now=time.time):
        self.machine = machine
        self.env = dict(env or {})
        self._mint = mint
        self._now = now
        self._before = before or {}
        self._ids = {}
        self._is_recording = bool(os.environ.get("ZTA_RECORD"))

    def tell(self, page):
        text, shift = read(page), 0
        for block in blocks(page):
            new = self._follow(block)
            if new is not None:
                new = re.sub(r"^(?=.)", block.indent, new, flags=re.M)
                text = text[:block.span[0] + shift] + new + text[block.span[1] + shift:]
                shift += len(new) - (block.span[1] - block.span[0])
        if shift or text != read(page):
            with open(os.path.join(ROOT, page), "w", encoding="utf-8") as file:
                file.write(text)

    def _follow(self, block):
        if block.path:
            self.machine.put(block.path, block.text, block.is_more)
        elif block.language == "sh":
            self.machine.run(block.text, env=self.env)
        elif block.language == "json" and block.info.startswith("as="):
            parts = block.text.replace("}\n{", "},{")
            self.env[block.info[3:]] = self._mint(*json.loads(f"[{parts}]"))
        elif block.language == "console":
            return self._converse(block)
        return None

    def _converse(self, block):
        new = ""
        for raw, command, shown in commands(block.text):
            printed = self._run(command, shown)
            if is_shown(shown, printed):
                self._learn(shown, printed)
            else:
                assert self._is_recording, f"{block.page}: {command}\nshown:\n{shown}\nprinted:\n{printed}"
                shown = re.sub(r"[ \t]+$", "", printed, flags=re.M)
            new += raw + shown
        return new if new != block.text else None

    def _run(self, command, shown):
        self._before.get(command, lambda: None)()
        for name, here in self._ids.items():
            command = command.replace(name, here)
        if _READS.search(command):
            self.settle()
        printed = []

        def look():
            printed.append(self.machine.told(self.machine.command(command, env=self.env, is_good=False)))
            return printed[-1] and is_shown(shown, printed[-1])
        if look() or not _LATE.search(command):
            return printed[-1]
        try:
            wait_for(look, 10, interval=0.2)
        except AssertionError:
            pass  # the caller says what was printed instead
        return printed[-1]

    def _learn(self, shown, printed):
        """The ids that a page shows stand for those that were printed in their place."""
        if "\n..." not in shown:
            self._ids.update(zip(_NAMES.findall(shown), _NAMES.findall(printed)))

    def settle(self):
        """All that was asked so far is in the store."""
        if self.machine.httpd.is_running():
            settled(self.machine, now=self._now)
