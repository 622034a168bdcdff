# SPDX-License-Identifier: Apache-2.0
"""Documents of ztactl and zta-status held to docs/schema/, where a member that is not there is a fault."""

import copy
import functools
import json
import os

import jsonschema

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/schema")


@functools.lru_cache(maxsize=None)
def definitions(name="ztactl"):
    """$defs as published: readers ignore members that they do not know."""
    with open(f"{_FOLDER}/{name}.json", encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema["$defs"]


@functools.lru_cache(maxsize=None)
def _closed(name):
    closed = copy.deepcopy(definitions(name))
    for each in closed.values():
        if "properties" in each:
            each["additionalProperties"] = False
    return closed


def _check(name, document, defs, wanted):
    schema = {"$defs": defs, "$ref": f"#/$defs/{wanted}"}
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(document)]
    assert not faults, f"{name}: {faults[:5]} in {json.dumps(document)[:600]}"


def validate(name, document):
    """A document of a command ("sessions list") or an object ("event")."""
    document_of = f"ztactl-{name.replace(' ', '-')}"
    closed = _closed("ztactl")
    _check(name, document, closed, document_of if document_of in closed else name)


def validate_status(document):
    """What zta-status answered."""
    _check("zta-status", document, _closed("status"), "status")
