# SPDX-License-Identifier: Apache-2.0
"""What code can do that took over one of httpd's children."""

import subprocess

from support.local import USERS


def as_httpd(*command, data=None):
    """As code that runs in one of its children: with its user and group, and nothing else."""
    options = {}
    if USERS.is_separated:
        options = {"user": USERS.httpd, "group": USERS.group, "extra_groups": []}
    return subprocess.run(command, input=data, capture_output=True, text=True, check=False,
                          timeout=60, cwd="/", **options)


def dump(name, rows):
    """A table of the store as mdb_load reads it; rows are sorted by their keys."""
    lines = [f" {part.hex()}\n" for row in rows for part in row]
    return "".join(["VERSION=3\nformat=bytevalue\n", f"database={name}\n", "type=btree\nHEADER=END\n",
                    *lines, "DATA=END\n"])
