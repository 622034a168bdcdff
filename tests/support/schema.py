# SPDX-License-Identifier: Apache-2.0
"""Documents of ztactl held to docs/schema/ztactl.json, where a member that is not there is a fault."""

import copy
import functools
import json
import os

import jsonschema

_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/schema/ztactl.json")


@functools.lru_cache(maxsize=None)
def definitions():
    """$defs as published: readers ignore members that they do not know."""
    with open(_PATH, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema["$defs"]


@functools.lru_cache(maxsize=None)
def _closed():
    closed = copy.deepcopy(definitions())
    for each in closed.values():
        if "properties" in each:
            each["additionalProperties"] = False
    return closed


def validate(name, document):
    """A document of a command ("sessions list") or an object ("event")."""
    document_of = f"ztactl-{name.replace(' ', '-')}"
    schema = {"$defs": _closed(), "$ref": f"#/$defs/{document_of if document_of in _closed() else name}"}
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(document)]
    assert not faults, f"{name}: {faults[:5]} in {json.dumps(document)[:600]}"
