# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the code base (rules.py). Run by `make lint`, which sets BUILD and flags."""
import os
import shlex
import sys

import rules


def tree_of_environment():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return rules.Tree(root, build=os.environ.get("BUILD", "build/gcc"),
                      cc=os.environ.get("CC", "gcc"),
                      flags=shlex.split(os.environ.get("LINT_FLAGS", "-I. -std=gnu11")),
                      httpd_flags=shlex.split(os.environ.get("LINT_HTTPD_FLAGS", "")))


def main(names):
    """Runs the rules named, or all; returns the exit status."""
    tree = tree_of_environment()
    wanted = [rule for rule in rules.RULES if not names or rule.__name__ in names]
    if len(wanted) != len(names or rules.RULES):
        known = " ".join(rule.__name__ for rule in rules.RULES)
        print(f"lint: unknown rule; there are: {known}", file=sys.stderr)
        return 2
    n_findings = 0
    for rule in wanted:
        for found in rule(tree):
            is_finding = isinstance(found, rules.Finding)
            n_findings += is_finding
            print(f"{found.path}:{found.line}: {'' if is_finding else 'note: '}"
                  f"{rule.__name__}: {found.why}")
    print(f"lint: {len(wanted)} rules, {len(tree.paths)} files, {n_findings} findings")
    return 1 if n_findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
