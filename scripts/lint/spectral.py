"""A second linter: what Spectral finds in the bundle, with OWASP's rules, said of the file it comes from."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from scripts.lint.redocly import ROOT, Finding, LintBroken, reason

BUNDLE = "generated/openapi.json"
RULESET = ".spectral.yaml"
CONTRACT = "openapi/openapi.yaml"
REMEDY = f"Mend it and run `make generate`, or excuse this place in {RULESET} with a dated reason"


def source(path: list[str], root: Path = ROOT) -> tuple[str, str, int]:
    """Return the file, the JSON Pointer in it and the line of what stands at a path in the bundle."""
    file, inside = CONTRACT, path
    if path[:1] == ["paths"] and len(path) > 1:
        index = yaml.safe_load((root / CONTRACT).read_text())["paths"]
        reference = index.get(path[1], {}).get("$ref")
        if reference:
            file, inside = f"openapi/{reference}", path[2:]
    elif path[:1] == ["components"] and (root / (own := f"openapi/{'/'.join(path[1:3])}.yaml")).exists():
        file, inside = own, path[3:]
    pointer = "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in inside)
    return file, pointer, _line(root / file, inside)


def _line(file: Path, inside: list[str]) -> int:
    """Return the line at which a path begins; what is missing is said of what should hold it."""
    node: yaml.Node | None = yaml.compose(file.read_text(), yaml.CSafeLoader)
    line = 0
    for part in inside:
        if isinstance(node, yaml.MappingNode):
            pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
            found = next(((key, value) for key, value in pairs if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            entry: yaml.Node = node.value[int(part)]
            found = (entry, entry)
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return line + 1


def second_opinion(bundle: str = BUNDLE, ruleset: str = RULESET, root: Path = ROOT) -> list[Finding]:
    """Return every finding, whatever its severity.

    Raises LintBroken when Spectral says nothing that can be read.
    """
    command = [str(root / "node_modules/.bin/spectral"), "lint", bundle, f"--ruleset={ruleset}", "--format=json"]
    command += ["--quiet", "--fail-severity=hint"]
    done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    try:
        problems: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        said = reason(done.stderr + done.stdout).replace(f"{root}/", "")
        raise LintBroken(f"{ruleset}: the second linter says nothing: {said} Correct what it names.") from None
    found: dict[Finding, None] = {}
    for problem in problems:
        file, pointer, line = source([str(part) for part in problem["path"]], root)
        message = problem["message"]
        found[Finding(file, line, 1, pointer, problem["code"], message, REMEDY)] = None
    if bool(done.returncode) != bool(found):
        raise LintBroken(
            f"{ruleset}: Spectral ended with {done.returncode}, with {len(found)} findings. Run it by hand."
        )
    return list(found)
