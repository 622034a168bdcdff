# SPDX-License-Identifier: Apache-2.0
"""`ztactl report` of stores without a server: the three forms, files, and the page in a browser."""

import html.parser
import json
import os
import re
import stat

import pytest

from conftest import fill
from support.chromium import Page
from test_json import run


@pytest.fixture(name="store")
def _store(filled):
    return f"{filled}/store"


@pytest.fixture(name="hostile")
def _hostile(directory):
    fill(directory, "hostile")
    return f"{directory}/store"


def _report(store, *options, code=0, **env):
    done = run(store, "report", *options, **env)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


class _Outline(html.parser.HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


_TAGS = {"html", "head", "meta", "title", "style", "body", "header", "section", "h1", "h2", "h3", "p", "div",
         "span", "b", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "text", "path"}


def test_the_forms_say_the_same(store):
    told = json.loads(_report(store, "--json"))
    text = _report(store)
    assert told["span_s"] == 3600 and told["requests"]["before"] > 0
    assert f'{told["requests"]["now"]:,}' in text
    assert f'{told["refused"]["now"]:,}' not in ("", "0")
    assert sum(each["now"] for each in told["outcomes"]) == told["requests"]["now"]
    assert sum(each["now"] for each in told["reasons"]) == told["requests"]["now"]
    assert sum(each["requests"] for each in told["course"]) == told["requests"]["now"]
    assert len(told["course"]) == 168
    markdown = _report(store, "--format", "markdown")
    page = _report(store, "--format", "html")
    for each in (text, markdown.replace("<!---->@", "@"), page):
        for word in ("api.example.com", "insufficient", "alice@corp", "203.0.113.0/24", "stop-thieves",
                     "login.partner.example"):
            assert word in each
    assert markdown.startswith("# Zero trust report\n") and "\n|---|---:|" in markdown


def test_periods_choose_their_span_and_dates_are_of_the_zone(store):
    spans = {last: json.loads(_report(store, "--json", f"--last={last}"))["span_s"]
             for last in ("2m", "24h", "30d", "365d")}
    assert spans == {"2m": 60, "24h": 3600, "30d": 3600, "365d": 86400}
    assert "15 Jan 2027, 08:00 UTC" in _report(store)
    assert "15 Jan 2027, 09:00 CET" in _report(store, TZ="Europe/Zurich")
    assert json.loads(run(store, "rates", "--json", "--last=10d").stdout)[0]["time"].endswith(":00:00Z")


def test_a_file_is_whole_and_in_nobodys_place(store, tmp_path):
    path = tmp_path / "report.html"
    _report(store, "--format=html", "--output", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert "there already" in _report(store, "--output", str(path), code=4)
    path.write_text("mine", encoding="utf-8")
    _report(store, "--output", str(path), "--force")
    assert path.read_text(encoding="utf-8").startswith("Zero trust report\n")
    os.symlink("/etc/passwd", tmp_path / "link")
    _report(store, "--output", str(tmp_path / "link"), code=4)
    _report(store, "--output", str(tmp_path / "link"), "--force")
    assert not (tmp_path / "link").is_symlink()
    _report("/nonexistent", "--output", str(tmp_path / "none"), code=3)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "report.html"]


@pytest.mark.parametrize("options", [["--format=pdf"], ["--json", "--format=text"], ["--last=0"], ["--force"],
                                     ["--json", "--output=x"], ["--last=40000d"]])
def test_what_is_wrong_is_said(store, options):
    _report(store, *options, code=2)


def test_a_store_without_anything_has_a_report(empty):
    store = f"{empty}/store"
    for each in ("text", "markdown", "html"):
        assert "No request was counted in this period" in _report(store, f"--format={each}")
    assert json.loads(_report(store, "--json"))["requests"] == {"now": 0, "before": 0}


def test_hostile_texts_stay_texts(hostile):
    page = _report(hostile, "--format=html", "--last=1h")
    assert page.count("66613") > 20, "they are there"
    outline = _Outline(page)
    assert outline.tags <= _TAGS, outline.tags - _TAGS
    assert not any(name.startswith("on") or name in ("href", "src", "style") for name in outline.attributes)
    assert "\x1b" not in page and "url(" not in page and "@import" not in page
    markdown = _report(hostile, "--format=markdown", "--last=1h")
    assert "@" not in markdown.replace("<!---->@", "") and not re.search(r"(?i:www)\.", markdown)
    assert not re.search(r"(?<!\\)[<\[]", markdown.replace("<!---->@", "")), "neither HTML nor links"
    for text in (markdown, _report(hostile, "--last=1h")):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("which", ["store", "hostile"])
def test_the_page_opens_without_network_and_script(which, request, tmp_path):
    path = tmp_path / "report.html"
    _report(request.getfixturevalue(which), "--format=html", "--last=7d", "--output", str(path))
    page = Page(tmp_path, path)
    dom, console = page.dom()
    assert console == []
    assert page.asked == []
    assert "<script" not in dom
    charts = re.findall(r'<svg class="chart".*?</svg>', dom, re.DOTALL)
    assert len(charts) == (3 if which == "store" else len(charts))
    if which == "store":
        assert all(len(re.findall('<rect class="over"', chart)) == 168 for chart in charts)
        assert page.pixels().get((0x4c, 0x6e, 0xf5), 0) > 2000, "columns in their colour: the style is in force"
        dark = Page(tmp_path, path, is_dark=True).pixels()
        assert dark.get((0x7c, 0x96, 0xff), 0) > 2000 and dark.get((0x0f, 0x13, 0x1b), 0) > 20000
        assert page.asked == []


def test_the_browser_would_tell(tmp_path):
    """A page that does what ours must not is noticed."""
    path = tmp_path / "bad.html"
    path.write_text("<img src='http://elsewhere.test/a'><style>p{color:red}</style>"
                    "<script>console.log('seen')</script>", encoding="utf-8")
    page = Page(tmp_path, path)
    _, console = page.dom()
    assert any(b"elsewhere.test" in each for each in page.asked) and any("seen" in line for line in console)
