# SPDX-License-Identifier: Apache-2.0
"""The rules of the code base. Each takes a Tree and yields Finding; a Note is printed, not fatal.

Missing input is a finding: a rule that looked at nothing has shown nothing.
"""
import collections
import concurrent.futures
import os
import re
import subprocess
import tempfile

Finding = collections.namedtuple("Finding", "path line why")
Note = collections.namedtuple("Note", "path line why")

C_SUFFIXES = (".c", ".h")
CODE_SUFFIXES = (".c", ".h", ".def", ".py", ".sh")
TEXT_SUFFIXES = CODE_SUFFIXES + (".md", ".mjs", ".js", ".json", ".zta", ".conf", ".load", ".map",
                                 ".txt", ".lua", ".5", ".7", ".8")
TEXT_NAMES = ("Makefile", "run", ".gitignore", ".clang-format", ".clang-tidy", ".editorconfig")
SKIPPED_FOLDERS = ("build", "node_modules", "__pycache__", "corpus")


class Tree:
    """A checkout and what was built from it."""

    def __init__(self, root, build=None, cc="gcc", flags=(), httpd_flags=()):
        self.root = root
        self.build = build
        self.cc = cc
        self.flags = list(flags)
        self.httpd_flags = list(httpd_flags)
        self.paths = sorted(self._walk())
        self._lines = {}

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS
                          and (not f.startswith(".") or f == ".ci")]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def select(self, suffixes, *folders):
        """The paths that end in one of the suffixes, below one of the folders (or anywhere)."""
        return [p for p in self.paths if p.endswith(suffixes)
                and (not folders or p.startswith(tuple(f + "/" for f in folders)))]

    def texts(self):
        return [p for p in self.paths if p.endswith(TEXT_SUFFIXES)
                or os.path.basename(p) in TEXT_NAMES]

    def lines(self, path):
        if path not in self._lines:
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                self._lines[path] = file.read().split("\n")
        return self._lines[path]

    def numbered(self, path):
        return enumerate(self.lines(path), 1)

    def built(self, name):
        return os.path.join(self.root, self.build or "", name)


def blank_out(text, keep_strings=False):
    """Comments (and strings) of C replaced by spaces, so that positions and lines stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        if keep_strings and match[0][0] in "\"'":
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(pattern, blank, text, flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


# ---- layers ----

HTTPD = r"<(httpd|http_\w+|ap_\w+|apr\w*|util_\w+|mod_\w+|mpm_common|scoreboard|unixd)\.h>"
# Folders of shared/ from the lowest; "" stands for the files directly in shared/.
SHARED_ORDER = {"base": 0, "fleet": 1, "": 1, "context": 2, "rules": 2, "risk": 2, "live": 3, "store": 4,
                "evidence": 5, "log": 5}
# What may be included where, else nowhere: (include, allowed path, what to do instead).
ONLY_IN = (
    (r"<lmdb\.h>", r"shared/store/(env\.c|\w+_priv\.h)$", "lmdb.h belongs to shared/store/env.c"),
    (r"<maxminddb", r"shared/context/geo\.c$", "maxminddb.h belongs to shared/context/geo.c"),
    (r"<curl/", r"mod_zta/identity/http\.c$", "curl/ belongs to mod_zta/identity/http.c"),
    (r"<hiredis/", r"admin-tui/fleet/engine_priv\.h$", "hiredis.h belongs to admin-tui/fleet/engine_priv.h"),
    (r"<oauth2/", r"mod_zta/identity/signature\.c$",
     "oauth2/ belongs to mod_zta/identity/signature.c"),
    (r"<(n?curses(w)?|ncursesw/\w+|panel|form|menu)\.h>|<ncursesw/", r"admin-tui/console/term\.c$",
     "curses.h belongs to admin-tui/console/term.c"),
    (HTTPD, r"mod_zta/(?!identity/|open/)", "httpd and APR belong to mod_zta outside identity/ and open/"),
    (r'"mod_zta/directives\.def"', r"(mod_zta/|docs/gen\.c$)", "mod_zta/ is the module's"),
    (r'"mod_zta/handlers/status\.def"', r"docs/gen_json\.c$", "it is the generator's"),
    (r'"mod_zta/(?!identity/|open/|helper/(?!main\.h)|(directives|handlers/status)\.def")', r"mod_zta/(?!identity/)",
     "only the module's own files see mod_zta/ (identity/ is free of httpd)"),
    (r'"mod_zta/(helper|open)/', r"(mod_zta/(?!identity/)|tests/)", "they are the module's"),
    (r'"mod_zta/identity/strict_json\.h"', r"((mod_zta|tests)/|admin-tui/(token_\w+|device_json)\.[ch]$)",
     "JSON from outside is read in device_json.c and by token_judge_priv.h"),
    (r'"mod_zta/identity/(?!strict_json\.h)',
     r"((mod_zta|tests)/|admin-tui/(token_judge(_priv\.h|\.c)|(token_place|signature)\.c)$)",
     "mod_zta/ is the module's; ztactl's door to identity/ is token_judge_priv.h"),
    (r'"admin-tui/(\w+|console/\w+)\.def"|"admin-tui/(console/keys|schema)\.h"',
     r"(admin-tui/|tests/|docs/gen(_json)?\.c$)", "admin-tui/ is ztactl's"),
    (r'"admin-tui/(?!(\w+|console/\w+)\.def"|(console/keys|schema)\.h")', r"(admin-tui|tests)/",
     "admin-tui/ is ztactl's"),
    (r'"docs/', r"docs/", "docs/ is for the generator"),
    (r'"tests/', r"tests/", "tests/ is for tests"),
)


def shared_folder(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def check_include(tree, path, target):
    """Why the include `target` (with its quotes) may not stand in `path`, or None."""
    for pattern, allowed, why in ONLY_IN:
        if re.match(pattern, target) and not re.match(allowed, path):
            return why
    if not target.startswith('"'):
        return None
    name = target.strip('"')
    if name not in tree.paths:
        return f"{target} is not a path from the root"
    if name.endswith("_priv.h") and os.path.dirname(name) != os.path.dirname(path) \
            and not path.startswith("tests/"):
        return f"{target} is private to its folder"
    if path.startswith("shared/"):
        if not name.startswith("shared/"):
            return f"shared/ knows no {target}"
        own, other = shared_folder(path), shared_folder(name)
        if own not in SHARED_ORDER:
            return f"shared/{own} has no place in the order of layers"
        if SHARED_ORDER.get(other, 99) > SHARED_ORDER[own]:
            return f"shared/{own} lies below shared/{other}"
    return None


def find_cycle(graph):
    """A cycle of the include graph as a list of paths, or None (iterative depth-first search)."""
    done = set()
    for start in sorted(graph):
        trail, stack = [], [(start, iter(sorted(graph[start])))]
        while stack:
            path, rest = stack[-1]
            if path not in trail:
                trail.append(path)
            following = next((n for n in rest if n not in done), None)
            if following is None:
                done.add(path)
                trail.pop()
                stack.pop()
            elif following in trail:
                return trail[trail.index(following):] + [following]
            else:
                stack.append((following, iter(sorted(graph.get(following, ())))))
    return None


def layers(tree):
    """An include line shows the dependency; only the allowed ones exist."""
    sources = tree.select(CODE_SUFFIXES[:3], "shared", "mod_zta", "admin-tui", "tests", "docs")
    if not tree.select(C_SUFFIXES, "shared"):
        yield Finding("shared", 0, "no sources found")
    graph = collections.defaultdict(set)
    folders = {}
    for path in sources:
        includes = []
        for number, line in tree.numbered(path):
            match = re.match(r'\s*#\s*include\s*(["<][^">]+[">])', line)
            if not match:
                continue
            target = match[1]
            includes.append((number, target))
            why = check_include(tree, path, target)
            if why:
                yield Finding(path, number, why)
            if target.startswith('"'):
                graph[path].add(target.strip('"'))
                if path.startswith("shared/") and target.startswith('"shared/'):
                    edge = shared_folder(path), shared_folder(target.strip('"'))
                    folders.setdefault(edge, (path, number))
        own = path[:-2] + ".h"
        if path.endswith(".c") and own in tree.paths and includes \
                and includes[0][1] != f'"{own}"':
            yield Finding(path, includes[0][0], f'a source includes its own header ("{own}") first')
    for (one, other), (path, number) in sorted(folders.items()):
        if one < other and (other, one) in folders:
            yield Finding(path, number, f"shared/{one} and shared/{other} include each other")
    cycle = find_cycle(graph)
    if cycle:
        yield Finding(cycle[0], 1, "includes itself: " + " -> ".join(cycle))


# ---- what was built ----

def symbols(path, *options):
    done = subprocess.run(["nm", *options, "--defined-only", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return None
    return [line.split()[2] for line in done.stdout.splitlines() if len(line.split()) == 3]


def exports(tree):
    """The module exports zta_module alone; library symbols carry their layer's prefix."""
    expected = (("mod_zta.so", ("-D",), r"zta_module$"),
                ("libzta.a", ("-g",), r"zta_"),
                ("libzta_identity.a", ("-g",), r"(mod_)?zta_"))
    for name, options, pattern in expected:
        path = tree.built(name)
        found = symbols(path, *options)
        if not found:
            yield Finding(path, 0, "missing or without symbols: build it first")
            continue
        for symbol in found:
            if not re.match(pattern, symbol):
                yield Finding(path, 0, f"{symbol} must be static or be named {pattern}")


NOT_IN_ZTACTL = r"lib(oauth2|cjose|curl)\b"


def links(tree):
    """ztactl is linked with no library whose licence or network code it must not take on."""
    path = tree.built("ztactl")
    done = subprocess.run(["readelf", "-d", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", done.stdout)
    if done.returncode != 0 or not needed:
        yield Finding(path, 0, "missing or linked with nothing: build it first")
    for name in needed:
        if re.match(NOT_IN_ZTACTL, name):
            yield Finding(path, 0, f"ztactl must not need {name}")


def header_guard(tree, path):
    for number, line in tree.numbered(path):
        match = re.match(r"#ifndef (\w+)", line)
        if match:
            return number, match[1]
    return 0, None


def headers(tree):
    """Every header compiles alone, twice, and its guard is its own."""
    found = tree.select((".h",), "shared", "mod_zta", "admin-tui", "tests")
    if not found:
        yield Finding("shared", 0, "no headers found")
    guards = {}
    for path in found:
        number, guard = header_guard(tree, path)
        if guard is None or not guard.endswith("_H"):
            yield Finding(path, number or 1, "no include guard ZTA_..._H")
        elif guard in guards:
            yield Finding(path, number, f"guard {guard} is that of {guards[guard]}")
        guards.setdefault(guard, path)

    def compile_alone(path):
        extra = tree.httpd_flags if path.startswith("mod_zta/") else []
        done = subprocess.run(
            [*tree.cc.split(), *tree.flags, *extra, "-fsyntax-only", "-x", "c", "-"],
            input=f'#include "{path}"\n#include "{path}"\n', cwd=tree.root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return path, done.returncode, done.stdout

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, status, output in pool.map(compile_alone, found):
            if status != 0:
                why = next((x for x in output.splitlines() if "error" in x), output.strip())
                yield Finding(path, 1, "does not compile alone: " + why)


# ---- text ----

LICENCE = "SPDX-License-Identifier: Apache-2.0"


def spdx(tree):
    """The licence stands in the first line (the second after a #! line)."""
    scripts = [p for p in tree.paths if os.path.basename(p) in ("Makefile", "run")]
    for path in tree.select(CODE_SUFFIXES + (".mjs", ".js")) + scripts:
        lines = tree.lines(path)
        number = 2 if lines[0].startswith("#!") else 1
        wanted = {"c": f"/* {LICENCE} */", "h": f"/* {LICENCE} */", "def": f"/* {LICENCE} */",
                  "mjs": f"// {LICENCE}", "js": f"// {LICENCE}"}
        if lines[number - 1:number] != [wanted.get(path.rpartition(".")[2], f"# {LICENCE}")]:
            yield Finding(path, number, f"the line must be the one {LICENCE} comment")


SOURCE_MAX, SOURCE_NOTE, HEADER_MAX, FUNCTION_MAX, PARAMETERS_NOTE = 800, 500, 150, 60, 5


def functions(tree, path):
    """(line, name, parameters, lines of the body) of every function, whose brace is at column 0."""
    text = blank_out("\n".join(tree.lines(path)))
    for match in re.finditer(r"^\{$(.*?)^\}", text, re.M | re.S):
        before = text[:match.start()].rstrip()
        # `struct x =` or an enum before the brace is no function.
        if not before.endswith(")"):
            continue
        head = re.split(r"[;}#]", before)[-1]
        name = re.search(r"(\w+)\s*\(", head)
        depth = parameters = 0
        for char in head[name.end() - 1:] if name else "":
            depth += {"(": 1, ")": -1}.get(char, 0)
            parameters += char == "," and depth == 1
            if depth == 0:
                break
        yield (line_of(text, match.start()), name[1] if name else "?", parameters + 1,
               match[0].count("\n") + 1)


def sizes(tree):
    """Files and functions stay readable in one go."""
    for path in tree.select((".c", ".py")):
        n_lines = len(tree.lines(path)) - 1
        if n_lines > SOURCE_MAX:
            yield Finding(path, SOURCE_MAX, f"{n_lines} lines, {SOURCE_MAX} at most")
        elif n_lines > SOURCE_NOTE:
            yield Note(path, SOURCE_NOTE, f"{n_lines} lines: is it still one topic?")
    for path in tree.select((".h",)):
        n_lines = len(tree.lines(path)) - 1
        if n_lines > HEADER_MAX:
            yield Finding(path, HEADER_MAX, f"{n_lines} lines, {HEADER_MAX} at most")
    for path in tree.select((".c",)):
        for line, name, n_parameters, n_lines in functions(tree, path):
            if n_lines > FUNCTION_MAX:
                yield Finding(path, line, f"{name}: {n_lines} lines, {FUNCTION_MAX} at most")
            if n_parameters > PARAMETERS_NOTE:
                yield Note(path, line, f"{name}: {n_parameters} parameters")


WIDTH = 100
WIDTH_PYTHON = 120  # tests hold configurations and targets that read better unbroken


def layout(tree):
    """Lines fit, C has no tabs, nothing trails, files end in one newline."""
    for path in tree.select(CODE_SUFFIXES):
        for number, line in tree.numbered(path):
            # A row of a table is one line, however long its sentence.
            most = WIDTH_PYTHON if path.endswith(".py") else WIDTH
            if len(line) > most and not path.endswith(".def"):
                yield Finding(path, number, f"{len(line)} columns, {most} at most")
            if "\t" in line and not path.endswith((".py", ".sh")):
                yield Finding(path, number, "tab")
            if line != line.rstrip():
                yield Finding(path, number, "space at the end of the line")
        if tree.lines(path)[-1] != "" or tree.lines(path)[-2:] == ["", ""]:
            yield Finding(path, len(tree.lines(path)), "the file must end in exactly one newline")


# Written so that these lines do not match themselves.
FORBIDDEN = (
    (r"(?<![\w.~*-])/(?:wor[k]|roo[t])/", "a path of somebody's machine"),
    (r"\.librar[y]\b", "a path of somebody's machine"),
    (r"\.\./share[d]\b", "a path outside the checkout"),
    (r"\b(?:TOD[O]|FIXM[E]|HAC[K])\b(?!\s*\(?#\d+)", "an open end without an issue number"),
)


def words(tree):
    """No machine paths, no open ends without an issue number."""
    if not tree.texts():
        yield Finding(".", 0, "no files found")
    for path in tree.texts():
        for number, line in tree.numbered(path):
            for pattern, why in FORBIDDEN:
                match = re.search(pattern, line)
                if match:
                    yield Finding(path, number, f"{match[0]}: {why}")


UNBOUNDED = (r"\b(sprintf|vsprintf|strcpy|strcat|strncpy|strncat|stpcpy|strtok|gets|atoi|atol"
             r"|atoll|atof|s?scanf|fscanf|alloca|system|popen|tmpnam|mktemp|longjmp)"
             r"\s*\(")
# A seeded sequence is what a test wants, and nothing that a product may use.
PREDICTABLE = r"\b(rand|srand|random|srandom)\s*\("
SPEAKING = r"\b(v?printf|puts|putchar|perror|exit|_exit|syslog|err|warn)\s*\(|\b(stdout|stderr)\b"


def calls(tree):
    """No unbounded or lax libc function; shared/ reports, it neither prints nor exits."""
    for path in tree.select(C_SUFFIXES):
        text = blank_out("\n".join(tree.lines(path)))
        for match in re.finditer(UNBOUNDED, text):
            yield Finding(path, line_of(text, match.start()),
                          f"{match[1]} is unbounded, lax or not ours to call")
        if not path.startswith("tests/"):
            for match in re.finditer(PREDICTABLE, text):
                yield Finding(path, line_of(text, match.start()), f"{match[1]} is predictable")
        if path.startswith("shared/"):
            for match in re.finditer(SPEAKING, text):
                yield Finding(path, line_of(text, match.start()),
                              f"{match[0].rstrip('( ')}: shared/ never prints or exits")


# ---- tables and tags ----

# Findings of the configuration, which ztactl knows as well, with the tags that httpd's log has for them.
TAGS_TABLE = "shared/hazards.def"


def log_tags(tree):
    """Every message in httpd's log begins with a tag, and a tag stands in one place only."""
    sources = tree.select((".c", ".h", ".def"), "mod_zta")
    if not sources:
        yield Finding("mod_zta", 0, "no sources found")
    sources = sources + [path for path in [TAGS_TABLE] if path in tree.paths]
    places = {}
    for path in sources:
        text = blank_out("\n".join(tree.lines(path)), keep_strings=True)
        for match in re.finditer(r"\bZTA\d+\b", text):
            place = path, line_of(text, match.start())
            if not re.fullmatch(r"ZTA\d{4}", match[0]):
                yield Finding(*place, f"{match[0]}: a tag has four digits")
            if match[0] in places:
                other = ":".join(str(x) for x in places[match[0]])
                yield Finding(*place, f"{match[0]} already stands at {other}")
            places.setdefault(match[0], place)
        for match in re.finditer(r"\bap_log_[rcps]?error\s*\((.*?)\)\s*;", text, re.S):
            literal = re.search(r'"([^"]*)', match[1])
            # "%s" and "%s: " hand on a message or a tag that was made elsewhere.
            if literal and not re.match(r"ZTA\d{4}: |%s$|%s: ", literal[1]):
                yield Finding(path, line_of(text, match.start()),
                              "the message does not begin with its tag ZTAnnnn:")


TAGS_PAGE = "docs/operations.md"


def tags_page(tree):
    """Every tag of the sources has its row in the page for administrators, and no other is named."""
    if TAGS_PAGE not in tree.paths:
        yield Finding(TAGS_PAGE, 0, "missing: it has the table of log tags")
        return
    tables = [path for path in [TAGS_TABLE] if path in tree.paths]
    used = {tag for path in [*tree.select((".c", ".h", ".def"), "mod_zta"), *tables]
            for tag in re.findall(r"\bZTA\d{4}\b", blank_out("\n".join(tree.lines(path)), True))}
    rows = set()
    for number, line in tree.numbered(TAGS_PAGE):
        row = re.match(r"\| `(ZTA\d{4})` \|", line)
        if row and row[1] in rows:
            yield Finding(TAGS_PAGE, number, f"{row[1]} has a row already")
        rows.update([row[1]] if row else [])
        for tag in set(re.findall(r"\bZTA\d{4}\b", line)) - used:
            yield Finding(TAGS_PAGE, number, f"{tag} is logged nowhere")
    for tag in sorted(used - rows):
        yield Finding(TAGS_PAGE, 0, f"{tag} has no row in the table of log tags")


def tables(tree):
    """A .def table that nobody expands is a list that nobody keeps."""
    included = set()
    for path in tree.select(CODE_SUFFIXES[:3]):
        for line in tree.lines(path):
            match = re.match(r'\s*#\s*include\s*"([^"]+\.def)"', line)
            if match:
                included.add(match[1])
    found = tree.select((".def",))
    if not found:
        yield Finding("shared", 0, "no .def tables found")
    for path in found:
        if path not in included:
            yield Finding(path, 1, "the table is included nowhere")


def generated(tree):
    """What docs/gen writes is what is committed."""
    if "docs/gen.c" not in tree.paths:
        return
    program = tree.built("docs/gen")
    if not os.access(program, os.X_OK):
        yield Finding(program, 0, "missing: build it first")
        return
    with tempfile.TemporaryDirectory() as fresh:
        done = subprocess.run([os.path.abspath(program), fresh], cwd=tree.root, check=False)
        written = [os.path.relpath(os.path.join(folder, name), fresh)
                   for folder, _, names in os.walk(fresh) for name in names]
        if done.returncode != 0 or not written:
            yield Finding("docs/gen.c", 0, "wrote nothing or failed")
        for path in sorted(written):
            with open(os.path.join(fresh, path), encoding="utf-8") as file:
                wanted = file.read().split("\n")
            if path not in tree.paths or tree.lines(path) != wanted:
                yield Finding(path, 1, "not fresh: make docs")


RULES = (layers, exports, links, headers, spdx, sizes, layout, words, calls, log_tags, tags_page,
         tables, generated)
