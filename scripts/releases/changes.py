"""What changed between two contracts, as `redocly diff` finds and rates it, told by the place where it stands."""

import json
import os
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import yaml

from scripts.releases.records import ROOT, Node, ReleaseError

REDOCLY = ROOT / "node_modules/.bin/redocly"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_KINDS = {
    "schemas": "schema",
    "parameters": "parameter",
    "headers": "header",
    "responses": "answer",
    "securitySchemes": "security scheme",
}
# Where operations stand, and how they are announced.
_GROUPS = {"paths": "", "webhooks": "webhook "}
# What a step of a pointer and the step after it are called.
_PAIRS = {
    "properties": "member",
    "responses": "answer",
    "headers": "header",
    "content": "media type",
    "links": "link",
    "scopes": "scope",
    "oneOf": "branch",
    "anyOf": "branch",
    "allOf": "branch",
    "security": "way in",
}


# What is asked for more than once, by the checksums of both contracts.
_compared: dict[tuple[bytes, bytes], "Comparison"] = {}


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a change: that it breaks somebody."""

    rule: str
    pointer: str
    message: str


@dataclass(frozen=True)
class Change:
    """One change. `pointer` is its place in the bundle: the new one, or the old one of what is gone."""

    kind: str
    impact: str
    node: str
    pointer: str
    member: str
    verdicts: tuple[Verdict, ...]
    before: Any
    after: Any


@dataclass(frozen=True)
class Comparison:
    """All changes between two contracts, and the line in which redocly refuses the version, if it does."""

    changes: tuple[Change, ...]
    refusal: str


def redocly(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Redocly at the root of the repository, where its settings are."""
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    if not REDOCLY.exists():
        raise ReleaseError("node_modules/.bin/redocly: the tool is not installed: run `make node_modules/.done`")
    return subprocess.run(
        [str(REDOCLY), *arguments], cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True, check=False
    )


def _change(entry: Node) -> Change:
    gone = entry["kind"] == "removed"
    place = entry["base" if gone else "revision"]
    member = entry.get("property") or ""
    pointer = str(place["pointer"])
    if member and not pointer.endswith(f"/{_escaped(member)}"):
        # A member that is gone or new has no place of its own on one of the two sides.
        pointer = f"{pointer}/{_escaped(member)}"
    return Change(
        kind=entry["kind"],
        impact=entry["impact"],
        node=entry["typeName"],
        pointer=pointer,
        member=member,
        verdicts=tuple(
            Verdict(verdict["ruleId"], verdict["location"]["pointer"], verdict["message"])
            for verdict in entry["verdicts"]
            if verdict["impact"] == "major"
        ),
        before=entry.get("base", {}).get("value"),
        after=entry.get("revision", {}).get("value"),
    )


def compare(base: Path, revision: Path) -> Comparison:
    """Compare two contracts. Raises ReleaseError when Redocly cannot read one of them."""
    digests = sha256(base.read_bytes()).digest(), sha256(revision.read_bytes()).digest()
    if digests not in _compared:
        _compared[digests] = _compare(base, revision)
    return _compared[digests]


def _compare(base: Path, revision: Path) -> Comparison:
    done = redocly("diff", str(base), str(revision), "--format=json", "--fail-on=none", "--check-version")
    try:
        report = json.loads(done.stdout)
    except ValueError as failure:
        words = " ".join((done.stderr or done.stdout).split())
        raise ReleaseError(f"{revision.name}: `redocly diff` cannot compare it: {words[-300:]}") from failure
    if "No diff rules are on" in done.stderr:
        raise ReleaseError("redocly.yaml: no rule of `redocly diff` is on: add diff-recommended to `extends`")
    refusals = [line.removeprefix("❌ ") for line in done.stderr.splitlines() if line.startswith("❌ ")]
    refusal = " ".join(refusals) if done.returncode else ""
    return Comparison(tuple(map(_change, report["changes"])), refusal)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def steps(pointer: str) -> list[str]:
    """Split a JSON pointer (RFC 6901) into its steps, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("#/").split("/")]


def pointer(*path: str) -> str:
    """Join steps to a JSON pointer, escaped."""
    return "/".join(map(_escaped, path))


def trail(contract: Node, pointer: str) -> list[Any]:
    """Return what stands along a pointer, outermost first, as far as it leads."""
    found: list[Any] = [contract]
    for step in steps(pointer):
        here = found[-1]
        try:
            found.append(here[int(step)] if isinstance(here, list) else here[step])
        except (KeyError, IndexError, TypeError, ValueError):
            break
    return found


def members(value: Any) -> Node:
    """Return an object as it is, and anything else as an object without members."""
    return cast("Node", value) if isinstance(value, dict) else {}


def resolved(contract: Node, value: Any) -> Node:
    """Return an object, or the one that it refers to."""
    found = members(value)
    while "$ref" in found:
        found = members(trail(contract, str(found["$ref"]))[-1])
    return found


def source_of(openapi: Path, pointer: str) -> str:
    """Name the file under `openapi/` in which a place of the bundle is written."""
    first, second, third = [*steps(pointer), "", ""][:3]
    file = "openapi.yaml"
    if first == "components" and (openapi / second / f"{third}.yaml").exists():
        file = f"{second}/{third}.yaml"
    elif first in _GROUPS:
        root = yaml.safe_load((openapi / file).read_text())
        file = root.get(first, {}).get(second, {}).get("$ref", file)
    return f"openapi/{file}"


def place(contract: Node, pointer: str) -> str:
    """Tell a place of the bundle in words: `GET /posts`, parameter `sort`."""
    left = steps(pointer)
    if left[0] == "components" and len(left) > len(("components", "schemas")):
        words, left = [f"{_KINDS.get(left[1], left[1])} `{left[2]}`"], left[3:]
        here = pointer.split("/")[:4]
    elif left[0] in _GROUPS and len(left) > 1:
        method = left[2] if len(left) > len(("paths", "path")) and left[2] in _METHODS else ""
        words = [f"{_GROUPS[left[0]]}`{method.upper()} {left[1]}`" if method else f"{_GROUPS[left[0]]}`{left[1]}`"]
        here, left = pointer.split("/")[: 4 if method else 3], left[3 if method else 2 :]
    else:
        words, here = [], ["#"]
    nodes = trail(contract, pointer)[len(here) :]
    return ", ".join([*words, *_inner(contract, left, nodes)])


def _inner(contract: Node, left: list[str], nodes: list[Any]) -> list[str]:
    """Tell the steps inside an operation or a component."""
    words: list[str] = []
    at = 0
    while at < len(left):
        step = left[at]
        following = left[at + 1] if at + 1 < len(left) else None
        if step == "parameters" and following is not None:
            node = resolved(contract, nodes[at + 1] if at + 1 < len(nodes) else None)
            words.append(f"parameter `{node['name']}`" if node else "a parameter")
            at += 1
        elif step in _PAIRS and following is not None:
            words.append(f"{_PAIRS[step]} `{following}`")
            at += 1
        elif step == "requestBody":
            words.append("body")
        elif step == "items":
            words.append("each entry")
        elif step != "schema":
            words.append(f"`{step}`")
        at += 1
    return words
