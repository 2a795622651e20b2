"""A sample for a shell with curl."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from app.naming import is_json
from scripts.samples.calls import FORM, Argument, Call
from scripts.samples.values import Given, found

LANG, LABEL = "Shell", "curl"


def _text(value: object) -> str:
    """Write a value as it goes into a URL or a header."""
    if isinstance(value, Given):
        return f"${value.variable}"
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(value: str) -> str:
    """Quote a word; one with a variable in it is quoted so that the shell puts the value in."""
    return f'"{value}"' if "$" in value and '"' not in value else "'" + value.replace("'", "'\\''") + "'"


def _encoded(value: object) -> str:
    return _text(value) if isinstance(value, Given) else quote(_text(value), safe="")


def _address(call: Call) -> str:
    path = call.path
    for argument in call.located("path"):
        path = path.replace(f"{{{argument.name}}}", _encoded(argument.value))
    query = [(argument.name, _text(argument.value)) for argument in call.located("query")]
    query += [(c.scheme["name"], f"${c.variable}") for c in call.credentials if c.scheme.get("in") == "query"]
    return f"$GALLEY_URL{path}" + (f"?{urlencode(query, quote_via=quote, safe='$')}" if query else "")


def _credentials(call: Call) -> list[str]:
    words: list[str] = []
    for credential in call.credentials:
        value, place = f"${credential.variable}", credential.scheme.get("in")
        if credential.is_bearer:
            words.append(f'--header "Authorization: Bearer {value}"')
        elif credential.scheme["type"] == "http":
            words.append(f'--user "{value}"')
        elif place == "header":
            words.append(f'--header "{credential.scheme["name"]}: {value}"')
    if cookies := [f"{entry.cookie}=${entry.variable}" for entry in call.credentials if entry.cookie]:
        words.append(f'--cookie "{"; ".join(cookies)}"')
    return words


def _parameter(argument: Argument) -> str:
    if argument.location == "cookie":
        return f"--cookie {_quoted(f'{argument.name}={_text(argument.value)}')}"
    return f"--header {_quoted(f'{argument.name}: {_text(argument.value)}')}"


def _marked(value: object) -> object:
    """Mark what the service gives, in JSON's own words."""
    return f"@{value.variable}@" if isinstance(value, Given) else value


def _document(body: Any) -> str:
    """Write a body as a here-document: word for word, or with the variables in it that the shell fills in."""
    plain = json.dumps(body, indent=2, ensure_ascii=False, default=_marked)
    variables = {match.variable for match in found(body)}
    if not variables:
        return f"<<'JSON'\n{plain}\nJSON"
    escaped = re.sub(r"([\\$`])", r"\\\1", plain)
    for variable in variables:
        escaped = escaped.replace(f"@{variable}@", f"${variable}")
    return f"<<JSON\n{escaped}\nJSON"


def _body(call: Call) -> list[str]:
    if not call.media_type:
        return []
    if call.media_type == "application/x-www-form-urlencoded":
        return [f"--data-urlencode {_quoted(f'{name}={_text(value)}')}" for name, value in call.body.items()]
    if call.media_type == FORM:
        return [f'--form "{name}=@{_text(file)}"' for name, files in call.body.items() for file in files]
    kind = f"--header 'Content-Type: {call.media_type}'"
    if not is_json(call.media_type):
        # Line by line, as it is: the other option would put all into one.
        text = call.body.removesuffix("\n")
        return [kind, f"--data-binary @- <<'TEXT'\n{text}\nTEXT"]
    return [kind, f"--data @- {_document(call.body)}"]


def render(call: Call) -> str:
    """Write the command."""
    method = [] if call.method == "GET" else [f"--request {call.method}"]
    parameters = [_parameter(argument) for argument in [*call.located("header"), *call.located("cookie")]]
    words = [f'curl --fail-with-body "{_address(call)}"', *method, *_credentials(call), *parameters, *_body(call)]
    return " \\\n  ".join(words) + "\n"
