# SPDX-License-Identifier: Apache-2.0
"""Shows of every lint rule that it can fail: it gets a clean tree, and that tree with one fault."""
import os
import subprocess
import sys
import tempfile

import rules

C = f"/* {rules.LICENCE} */\n"
PY = f"# {rules.LICENCE}\n"

GOOD = {
    "Makefile": PY + "all:\n\ttrue\n",
    "shared/base/list.def": C + 'ITEM(ONE, "one")\n',
    "shared/base/net.h": C + '#ifndef ZTA_BASE_NET_H\n#define ZTA_BASE_NET_H\nint zta_net(int a);\n'
                             '#include "shared/base/list.def"\n#endif\n',
    "shared/base/net.c": C + '#include "shared/base/net.h"\n\n#include <stdio.h>\n\n'
                             'int zta_net(int a)\n{\n    return a;\n}\n',
    "shared/rules/decide.c": C + '#include "shared/base/net.h"\n',
    "shared/risk/score.c": C,
    "shared/live/ring.h": C + "#ifndef ZTA_RING_H\n#define ZTA_RING_H\n#endif\n",
    "shared/store/env.c": C + "#include <lmdb.h>\n",
    "shared/store/env_priv.h": C + "#ifndef ZTA_ENV_PRIV_H\n#define ZTA_ENV_PRIV_H\n#endif\n",
    "mod_zta/mod_zta.c": C + '#include <httpd.h>\nstatic void say(void)\n{\n'
                             '    ap_log_error(M, 0, 0, s, "ZTA0001: up");\n}\n',
    "mod_zta/access.h": C + "#ifndef ZTA_ACCESS_H\n#define ZTA_ACCESS_H\n#endif\n",
    "mod_zta/identity/signature.c": C + "#include <oauth2/oauth2.h>\n",
    "admin-tui/options.h": C + "#ifndef ZTA_OPTIONS_H\n#define ZTA_OPTIONS_H\n#endif\n",
    "admin-tui/console/term.c": C + "#include <curses.h>\n",
    "docs/gen.c": C,
    "docs/operations.md": "| tag | |\n|---|---|\n| `ZTA0001` | it is up |\n\nSee `ZTA0001`.\n",
    "conf/reference.conf": "# fresh\n",
    "tests/run.sh": "#!/bin/bash\n" + PY + "true\n",
}
GOOD["shared/base/net.h"] = GOOD["shared/base/net.h"].replace(
    '#include "shared/base/list.def"\n',
    '#define ITEM(name, text) ZTA_##name,\nenum zta_item {\n#include "shared/base/list.def"\n};\n'
    '#undef ITEM\n')

OWN = '#include "shared/base/net.h"\n'
LONG_FUNCTION = C + "int zta_f(\n    int a)\n{\n" + "    a++;\n" * 60 + "}\n"


def log(text, name="x.c"):
    return {"mod_zta/" + name: C + f"static void f(void)\n{{\n    {text}\n}}\n"}


# Rule, what is wrong, files that replace those of the clean tree (None removes one).
FAULTS = (
    ("layers", "shared includes the module", {
        "shared/base/x.c": C + '#include "mod_zta/access.h"\n'}),
    ("layers", "shared includes ztactl", {
        "shared/base/x.c": C + '#include "admin-tui/options.h"\n'}),
    ("layers", "shared includes httpd", {"shared/base/x.c": C + "#include <httpd.h>\n"}),
    ("layers", "shared includes APR", {"shared/base/x.c": C + "#include <apr_pools.h>\n"}),
    ("layers", "shared includes curses", {"shared/base/x.c": C + "#include <curses.h>\n"}),
    ("layers", "shared includes liboauth2", {"shared/base/x.c": C + "#include <oauth2/jose.h>\n"}),
    ("layers", "base above live", {"shared/base/x.c": C + '#include "shared/live/ring.h"\n'}),
    ("layers", "facts above live", {"shared/facts.c": C + '#include "shared/live/ring.h"\n'}),
    ("layers", "a folder without a place", {"shared/odd/x.c": C + OWN}),
    ("layers", "rules and risk include each other", {
        "shared/rules/a.h": C + '#include "shared/risk/b.h"\n', "shared/risk/b.h": C,
        "shared/risk/a.h": C + '#include "shared/rules/b.h"\n', "shared/rules/b.h": C}),
    ("layers", "a cycle of headers", {"shared/base/a.h": C + '#include "shared/base/b.h"\n',
                                      "shared/base/b.h": C + '#include "shared/base/a.h"\n'}),
    ("layers", "lmdb outside env.c", {"shared/store/keys.c": C + "#include <lmdb.h>\n"}),
    ("layers", "a private header elsewhere", {
        "shared/evidence/x.c": C + '#include "shared/store/env_priv.h"\n'}),
    ("layers", "oauth2 outside signature.c", {
        "mod_zta/identity/token.c": C + "#include <oauth2/oauth2.h>\n"}),
    ("layers", "curses outside term.c", {"admin-tui/console/app.c": C + "#include <ncurses.h>\n"}),
    ("layers", "module includes ztactl", {"mod_zta/x.c": C + '#include "admin-tui/options.h"\n'}),
    ("layers", "ztactl includes module", {"admin-tui/x.c": C + '#include "mod_zta/access.h"\n'}),
    ("layers", "ztactl includes identity", {
        "admin-tui/x.c": C + '#include "mod_zta/identity/x.h"\n', "mod_zta/identity/x.h": C}),
    ("layers", "a header of ztactl includes identity", {
        "admin-tui/token_judge.h": C + '#include "mod_zta/identity/x.h"\n',
        "mod_zta/identity/x.h": C}),
    ("layers", "ztactl's judge includes the module", {
        "admin-tui/token_judge.c": C + '#include "mod_zta/access.h"\n'}),
    ("layers", "ztactl's verifier includes liboauth2", {
        "admin-tui/signature.c": C + "#include <oauth2/oauth2.h>\n"}),
    ("layers", "identity includes httpd", {"mod_zta/identity/x.c": C + "#include <http_log.h>\n"}),
    ("layers", "identity includes the module", {
        "mod_zta/identity/x.c": C + '#include "mod_zta/access.h"\n'}),
    ("layers", "an include that is not rooted", {"shared/base/x.c": C + '#include "net.h"\n'}),
    ("layers", "own header not first", {
        "shared/base/net.c": C + "#include <stdio.h>\n" + OWN}),
    ("layers", "nothing there", {p: None for p in GOOD if p.startswith("shared/")}),
    ("headers", "needs another header", {
        "shared/base/x.h": C + "#ifndef ZTA_X_H\n#define ZTA_X_H\nsize_t zta_x(void);\n#endif\n"}),
    ("headers", "no guard", {"shared/base/x.h": C + "int zta_x(void);\n"}),
    ("headers", "two headers, one guard", {"shared/base/x.h": GOOD["shared/base/net.h"]}),
    ("headers", "nothing there", {p: None for p in GOOD if p.endswith(".h")}),
    ("spdx", "C without", {"shared/base/x.c": "int zta_x;\n"}),
    ("spdx", "not in the first line", {"shared/base/x.h": "\n" + C}),
    ("spdx", "Python without", {"tests/x.py": "import os\n"}),
    ("spdx", "shell without", {"tests/x.sh": "#!/bin/bash\ntrue\n"}),
    ("spdx", "table without", {"shared/base/x.def": "ITEM(A)\n"}),
    ("spdx", "Makefile without", {"Makefile": "all:\n"}),
    ("sizes", "long source", {"shared/base/x.c": C + "\n" * 800}),
    ("sizes", "long script", {"tests/x.py": PY + "\n" * 800}),
    ("sizes", "long header", {"shared/base/x.h": C + "\n" * 150}),
    ("sizes", "long function", {"shared/base/x.c": LONG_FUNCTION}),
    ("layout", "long line", {"shared/base/x.c": C + "/" * 101 + "\n"}),
    ("layout", "tab", {"shared/base/x.c": C + "\tint a;\n"}),
    ("layout", "trailing space", {"shared/base/x.c": C + "int a; \n"}),
    ("layout", "no newline at the end", {"shared/base/x.c": C + "int a;"}),
    ("layout", "empty line at the end", {"shared/base/x.c": C + "int a;\n\n"}),
    ("words", "machine path", {"docs/x.md": "see /wor" + "k/main\n"}),
    ("words", "home of root", {"tests/x.py": PY + "A = '/roo" + "t/x'\n"}),
    ("words", "library path", {"README.md": "in .librar" + "y/search\n"}),
    ("words", "outside the checkout", {"README.md": "in ../share" + "d/style.md\n"}),
    ("words", "open end", {"shared/base/x.c": C + "/* TOD" + "O: finish */\n"}),
    ("words", "nothing there", {p: None for p in GOOD}),
    ("calls", "unbounded copy", {"shared/base/x.c": C + "strcpy(a, b);\n"}),
    ("calls", "lax number", {"admin-tui/x.c": C + "int n = atoi(s);\n"}),
    ("calls", "shared prints", {"shared/base/x.c": C + 'printf("x");\n'}),
    ("calls", "shared writes to stderr", {"shared/base/x.c": C + 'fputs("x", stderr);\n'}),
    ("calls", "shared exits", {"shared/base/x.c": C + "exit(1);\n"}),
    ("log_tags", "tag used twice", log('ap_log_rerror(M, 0, 0, r, "ZTA0001: again");')),
    ("log_tags", "no tag", log('ap_log_rerror(M, 0, 0, r,\n        "hello");')),
    ("log_tags", "odd tag", log('ap_log_error(M, 0, 0, s, "ZTA12: hello");')),
    ("log_tags", "nothing there", {p: None for p in GOOD if p.startswith("mod_zta/")}),
    ("tags_page", "tag without a row", log('ap_log_error(M, 0, 0, s, "ZTA0002: new");')),
    ("tags_page", "tag of a table in C", log('static const char *const tag = "ZTA0002";')),
    ("tags_page", "row of a tag that is gone", {
        "docs/operations.md": GOOD["docs/operations.md"] + "| `ZTA0002` | gone |\n"}),
    ("tags_page", "two rows for a tag", {
        "docs/operations.md": GOOD["docs/operations.md"] + "| `ZTA0001` | again |\n"}),
    ("tags_page", "text names a tag that is not", {
        "docs/operations.md": GOOD["docs/operations.md"] + "see ZTA0009\n"}),
    ("tags_page", "tag only in the text", {"docs/operations.md": "`ZTA0001` is there\n"}),
    ("tags_page", "nothing there", {"docs/operations.md": None}),
    ("tables", "table without a user", {"shared/base/x.def": C}),
    ("tables", "nothing there", {"shared/base/list.def": None}),
)

# What looks like a fault and is none.
HARMLESS = (
    ("calls", {"shared/base/x.c": C + '/* strcpy(a, b) */ const char *s = "exit(1)";\n'}),
    ("words", {"shared/base/x.c": C + "/* TOD" + "O (#12): finish */\n"}),
    ("log_tags", log('ap_log_error(M, 0, 0, s, "%s: %s", tag, message);')),
    ("tags_page", log('/* As in "ZTA0801: the disk is full". */ f();')),
    ("sizes", {"shared/base/x.c": C + "static const int a[] =\n{\n" + "    1,\n" * 70 + "};\n"}),
    ("layers", {"tests/unit/test_x.c": C + '#include "mod_zta/identity/x.h"\n',
                "mod_zta/identity/x.h": C}),
    ("layers", {"admin-tui/token_judge.c": C + '#include "mod_zta/identity/x.h"\n',
                "admin-tui/signature.c": C + '#include "mod_zta/identity/x.h"\n',
                "mod_zta/identity/x.h": C}),
)

GENERATOR = """#!/bin/bash
mkdir -p "$1/conf" && echo '# fresh' > "$1/conf/reference.conf"
"""


def write_tree(folder, files):
    for path, text in files.items():
        if text is not None:
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)


def findings(name, changes, build=None):
    """What the rule finds in the clean tree with the changes; build(folder) makes products."""
    with tempfile.TemporaryDirectory() as folder:
        write_tree(folder, {**GOOD, **changes})
        os.mkdir(os.path.join(folder, "build"))
        if build:
            build(os.path.join(folder, "build"))
        tree = rules.Tree(folder, "build", os.environ.get("CC", "gcc"), ["-I.", "-Wall", "-Werror"])
        rule = next(r for r in rules.RULES if r.__name__ == name)
        return [f for f in rule(tree) if isinstance(f, rules.Finding)]


def build_symbols(module="zta_module", core="zta_a", identity="mod_zta_b"):
    """Products whose only symbols are the given ones."""
    def build(folder):
        for symbol, base in ((module, "m"), (core, "c"), (identity, "i")):
            subprocess.run(["gcc", "-shared" if base == "m" else "-c", "-fPIC", "-nostdlib", "-x",
                            "c", "-", "-o", f"{folder}/{base}"], check=True, text=True,
                           input=f"int {symbol} = 1;\n")
        os.rename(f"{folder}/m", f"{folder}/mod_zta.so")
        for base, name in (("c", "libzta.a"), ("i", "libzta_identity.a")):
            subprocess.run(["ar", "rcs", f"{folder}/{name}", f"{folder}/{base}"], check=True)
    return build


def build_ztactl(library):
    """A program that needs one library of that name."""
    def build(folder):
        subprocess.run(["gcc", "-shared", "-nostdlib", "-x", "c", "-", "-o", f"{folder}/lib",
                        f"-Wl,-soname,{library}"], check=True, text=True, input="int a;\n")
        subprocess.run(["gcc", "-shared", "-nostdlib", "-Wl,--no-as-needed", "-x", "c", "-",
                        "-x", "none", f"{folder}/lib", "-o", f"{folder}/ztactl"], check=True,
                       text=True, input="int b;\n")
    return build


def build_generator(folder):
    os.mkdir(f"{folder}/docs")
    with open(f"{folder}/docs/gen", "w", encoding="utf-8") as file:
        file.write(GENERATOR)
    os.chmod(f"{folder}/docs/gen", 0o755)


BUILT_FAULTS = (
    ("exports", "nothing built", {}, None),
    ("exports", "the module exports more", {}, build_symbols(module="zta_other")),
    ("exports", "a name of libzta", {}, build_symbols(core="decide")),
    ("exports", "a name of libzta_identity", {}, build_symbols(identity="token")),
    ("links", "nothing built", {}, None),
    ("links", "ztactl with liboauth2", {}, build_ztactl("liboauth2.so.0")),
    ("links", "ztactl with libcurl", {}, build_ztactl("libcurl.so.4")),
    ("generated", "not built", {}, None),
    ("generated", "stale", {"conf/reference.conf": "# old\n"}, build_generator),
    ("generated", "not committed", {"conf/reference.conf": None}, build_generator),
)


def main():
    bad = []
    for rule in rules.RULES:
        name = rule.__name__
        build = {"exports": build_symbols(), "generated": build_generator,
                 "links": build_ztactl("libc.so.6")}.get(name)
        bad += [f"{name} finds fault with a clean tree: {f}" for f in findings(name, {}, build)]
        if name not in [fault[0] for fault in FAULTS + BUILT_FAULTS]:
            bad.append(f"{name} has no sample that fails")
    for name, changes in HARMLESS:
        bad += [f"{name} finds fault with what is harmless: {f}" for f in findings(name, changes)]
    for name, what, changes in FAULTS:
        if not findings(name, changes):
            bad.append(f"{name} overlooks: {what}")
    for name, what, changes, build in BUILT_FAULTS:
        if not findings(name, changes, build):
            bad.append(f"{name} overlooks: {what}")
    for line in bad:
        print(f"lint selftest: {line}")
    print(f"lint selftest: {len(FAULTS) + len(BUILT_FAULTS)} faults tried, {len(bad)} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
