"""A sample for the TypeScript client (`clients/typescript`)."""

import json
import re
from typing import Any, cast

from app.naming import is_json
from scripts.samples.calls import FORM, Call
from scripts.samples.values import Given
from scripts.samples.wrap import wrapped

LANG, LABEL = "TypeScript", "TypeScript"
_WIDTH = 88
# The client sends JSON by itself; files go as a form.
_FORM = """(body) => {
  const form = new FormData();
  for (const path of body.files) {
    form.append("files", new Blob([readFileSync(path)]), basename(path));
  }
  return form;
}"""
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def _value(value: Any) -> str:
    if isinstance(value, Given):
        return f"process.env.{value.variable}!"
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return _object({name: _value(entry) for name, entry in members.items()})
    if isinstance(value, list):
        return wrapped("[", [_value(entry) for entry in cast("list[Any]", value)], "]", width=_WIDTH, step=2)
    return json.dumps(value, ensure_ascii=False)


def _object(members: dict[str, str]) -> str:
    """Write an object of members that are written already."""
    parts = [f"{name if _NAME.fullmatch(name) else json.dumps(name)}: {text}" for name, text in members.items()]
    line = f"{{ {', '.join(parts)} }}"
    # Objects stand within calls; this leaves them the room for what is before and after.
    return line if "\n" not in line and len(line) <= _WIDTH - 20 else wrapped("{", parts, "}", width=0, step=2)


def _options(call: Call) -> str:
    params = {
        location: _object({argument.name: _value(argument.value) for argument in call.located(location)})
        for location in ("path", "query", "header", "cookie")
        if call.located(location)
    }
    headers = {
        entry.scheme["name"]: f"process.env.{entry.variable}!"
        for entry in call.credentials
        if entry.scheme.get("in") == "header"
    }
    if cookies := [f"{entry.cookie}=${{process.env.{entry.variable}!}}" for entry in call.credentials if entry.cookie]:
        # A browser sends its cookies by itself, and lets no script write this header.
        headers["Cookie"] = f"`{'; '.join(cookies)}`"
    options = {"headers": _object(headers)} if headers else {}
    if params:
        options["params"] = _object(params)
    if call.answer and not is_json(call.answer_type):
        options["parseAs"] = '"blob"' if call.answer_type.startswith("image/") else '"text"'
    if call.media_type:
        options["body"] = _value(call.body)
    if call.media_type == FORM:
        options["bodySerializer"] = _FORM
    return _object(options) if options else ""


def render(call: Call) -> str:
    """Write the program."""
    settings = {"baseUrl": "process.env.GALLEY_URL!"}
    if any(entry.is_bearer for entry in call.credentials):
        settings["token"] = "() => process.env.GALLEY_TOKEN"
    options = _options(call)
    answer = "{ data, error }" if call.answer else "{ error }"
    arguments = f'"{call.path}"' + (f", {options}" if options else "")
    files = ['import { readFileSync } from "node:fs";', 'import { basename } from "node:path";', ""]
    lines = [
        *(files if call.media_type == FORM else []),
        'import { createClient } from "@galley/client";',
        "",
        f"const client = createClient({_object(settings)});",
        "",
        f"const {answer} = await client.{call.method}({arguments});",
        "if (error) {",
        "  throw new Error(error.detail);",
        "}",
    ]
    if call.answer:
        lines.append("console.log(data);")
    return "\n".join(lines) + "\n"
