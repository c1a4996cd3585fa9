"""Writes into python.json what Python's jinja2 renders for its templates."""

import datetime
import json
import pathlib

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.TemplateError(message)


def environment():
    e = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    e.filters["tojson"] = tojson
    e.globals["raise_exception"] = raise_exception
    e.globals["strftime_now"] = datetime.datetime(2026, 11, 23, 9, 5, 7).strftime
    return e


path = pathlib.Path(__file__).with_name("python.json")
data = json.loads(path.read_text())
cases = []
for case in data["cases"]:
    result = {"template": case["template"]}
    try:
        variables = json.loads(json.dumps(data["variables"]))
        result["text"] = environment().from_string(case["template"]).render(**variables)
    except Exception as e:
        result["error"] = f"{type(e).__name__}: {e}"
    cases.append(result)
path.write_text(json.dumps({"variables": data["variables"], "cases": cases}, ensure_ascii=False, indent=1) + "\n")
