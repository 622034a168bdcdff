# SPDX-License-Identifier: Apache-2.0
"""What lines of the decision log must be: schemas from its table, held against ECS and OCSF.

check(lines, "ecs") and check(lines, "ocsf") raise for the first line that is not as the table and the
specification say; both return how often each field was seen."""

import collections
import functools
import json
import os
import re

import jsonschema

from support.local import ROOT

KINDS = {"mod_zta.decision": "REQ", "mod_zta.automation": "RSP", "mod_zta.log": "LOSS"}
_TYPES = {
    "KEYWORD": {"type": "string", "minLength": 1}, "LONG": {"type": "integer"},
    "KEYWORDS": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    "DATE": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"},
    "IP": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    "IPS": {"type": "array", "minItems": 1,
            "items": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}},
}
# What a type of the table may be in ECS.
_OF_ECS = {"keyword": "KEYWORD", "wildcard": "KEYWORD", "match_only_text": "KEYWORD", "long": "LONG",
           "float": "LONG", "date": "DATE", "ip": "IP", "keyword[]": "KEYWORDS", "ip[]": "IPS"}
# Members whose values are words of a table.
_WORDS = {"action", "category", "class_name", "dataset", "decision", "kind", "log_name", "module", "outcome",
          "provider", "reason", "type"}
_known_shapes = set()
_ALL = ("REQ", "ACT", "RSP", "LOSS", "HEAD")

Field = collections.namedtuple("Field", "format path type kinds always")


def _kinds(text):
    return _ALL if text == "ALL" else () if text == "NO" else tuple(text.split("|"))


def fields(wanted):
    """The rows of the table of one format, "ECS" or "OCSF"."""
    with open(os.path.join(ROOT, "shared", "log", "fields.def"), encoding="utf-8") as file:
        rows = re.findall(r'^ZTA_LOG_FIELD\((\w+), "([^"]+)", (\w+), ([\w|]+), ([\w|]+), \w+, "',
                          file.read(), re.M)
    found = [Field(row[0], row[1], row[2], _kinds(row[3]), _kinds(row[4])) for row in rows]
    assert len(found) > 100 and {f.type for f in found} <= set(_TYPES)
    return [field for field in found if field.format == wanted]


def _specification(name):
    with open(os.path.join(ROOT, "tests", "schemas", name), encoding="utf-8") as file:
        return json.load(file)


def _node():
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def _step(node, name):
    is_array = name.endswith("[]")
    name = name[:-2] if is_array else name
    inner = node["properties"].setdefault(
        name, {"type": "array", "minItems": 1, "maxItems": 1, "items": _node()} if is_array else _node())
    return name, inner["items"] if is_array else inner


def schema(form, kind):
    """JSON Schema of the lines of one kind: exactly the fields of the table."""
    top = _node()
    for field in fields(form):
        if kind not in field.kinds:
            continue
        *outer, last = field.path.split(".")
        node, trail = top, []
        for name in outer:
            name, inner = _step(node, name)
            trail.append((node, name))
            node = inner
        node["properties"][last] = _TYPES[field.type]
        if kind in field.always:
            for holder, name in [*trail, (node, last)]:
                if name not in holder["required"]:
                    holder["required"].append(name)
    return top


def check_table():
    """The table itself: what is not below zta. is a field of ECS, of a type that fits."""
    specification = _specification("ecs.json")
    for field in fields("ECS"):
        if not field.path.startswith("zta."):
            assert _OF_ECS[specification["fields"][field.path]] == field.type, field


def _kind_of(line, form):
    dataset = line["event"]["dataset"] if form == "ecs" else line["metadata"]["log_name"]
    identity = line["event"].get("id") if form == "ecs" else line["metadata"].get("uid")
    if dataset == "mod_zta.audit":
        return "HEAD" if identity.startswith("head-") else "ACT"
    return KINDS[dataset]


def _check_ecs(line, specification):
    event = line["event"]
    for name, known in specification["values"].items():
        value = event.get(name.split(".")[1], [])
        assert set([value] if isinstance(value, str) else value) <= set(known), line
    allowed = [specification["types_of_category"][c] for c in event.get("category", ())
               if c in specification["types_of_category"]]
    assert not allowed or set(event["type"]) <= {t for types in allowed for t in types}, line


def _paths(value, prefix=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _paths(value[0], prefix + "[]")
    else:
        yield prefix


@functools.lru_cache(maxsize=None)
def _validators(form):
    """The specification, what validates each kind of line, and each class of OCSF."""
    specification = _specification(f"{form}.json")
    formats = jsonschema.FormatChecker()
    made = {kind: jsonschema.Draft7Validator(schema(form.upper(), kind), format_checker=formats)
            for kind in _ALL}
    classes = {name: jsonschema.Draft7Validator({**known, "definitions": specification["definitions"]},
                                                format_checker=formats)
               for name, known in specification.get("classes", {}).items()}
    return specification, made, classes


def _shape(value):
    """What a line is made of: members, kinds of values, words and numbers of tables."""
    if isinstance(value, dict):
        return tuple((name, inner if name in _WORDS or name.endswith(("_id", "_uid")) and isinstance(inner, int)
                      else _shape(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(_shape, value))
    return type(value), value == ""


def check_new(texts, form):
    """As check(), of lines that are made as none before in this run was: for all that a suite writes."""
    new = []
    for text in texts:
        shape = form, repr(_shape(json.loads(text)))
        if shape not in _known_shapes:
            _known_shapes.add(shape)
            new.append(text)
    check(new, form)


def check(texts, form):
    """texts: lines. How often each path was there."""
    seen = collections.Counter()
    specification, made, classes = _validators(form)
    for text in texts:
        line = json.loads(text)
        made[_kind_of(line, form)].validate(line)
        if form == "ecs":
            _check_ecs(line, specification)
        else:
            classes[str(line["class_uid"])].validate(line)
            assert line["type_uid"] == line["class_uid"] * 100 + line["activity_id"]
        seen.update(_paths(line))
    return seen
