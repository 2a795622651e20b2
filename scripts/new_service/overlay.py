"""Put a contract in the place of ours, with those files of ours that it refers to and does not bring."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

REFERENCE = re.compile(r"\$ref:\s*['\"]?([^'\"\s}#]+\.yaml)")
CODE = re.compile(r"\bProblemCode\.(\w+)")
METHODS = ("get", "put", "post", "patch", "delete")
# The name of an operation in prose.
OPERATION = re.compile(r"`[a-z]+[A-Z]\w*`")
CODES = Path("schemas/ProblemCode.yaml")


class NotPlaced(Exception):
    """The contract does not fit; the message names the file and what to do."""


def check(contract: Path, shared: Path) -> list[Path]:
    """Return which shared files the contract needs. Raises NotPlaced for a file that neither has."""
    if not (contract / "openapi.yaml").is_file():
        raise NotPlaced(
            f"{contract}/openapi.yaml: there is no such file; CONTRACT is the folder with the root document."
        )
    needed: list[Path] = []
    waiting = [file.relative_to(contract) for file in contract.rglob("*.yaml")]
    while waiting:
        file = waiting.pop()
        folder = contract if (contract / file).exists() else shared
        text = (folder / file).read_text() if folder == contract else shared_text(folder / file)
        for number, line in enumerate(text.splitlines(), 1):
            for name in REFERENCE.findall(line):
                target = (folder / file).parent.joinpath(name).resolve()
                if not target.is_relative_to(folder.resolve()):
                    raise NotPlaced(
                        f"{folder / file}:{number}: {name} leads out of the contract; refer to a file in it."
                    )
                place = target.relative_to(folder.resolve())
                if (contract / place).exists() or place in needed:
                    continue
                if not (shared / place).exists():
                    raise NotPlaced(f"{folder / file}:{number}: there is no {place}, nor among the shared files.")
                needed.append(place)
                waiting.append(place)
    return needed


def shared_text(file: Path) -> str:
    """Return a shared file without its examples, which were recorded from our service and are about our things."""
    text = file.read_text()
    if "examples/" not in text:
        return text
    document: dict[str, Any] = yaml.safe_load(text)
    for media in document.get("content", {}).values():
        media.pop("examples", None)
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)


def frame_codes(root: Path) -> set[str]:
    """Return the names of the failures that the frame itself gives."""
    return {code for file in (root / "app").glob("*.py") for code in CODE.findall(file.read_text())}


def place(contract: Path, root: Path) -> None:
    """Replace `openapi/`. The codes of problems become the frame's, unless the contract brings its own."""
    target = root / "openapi"
    needed = check(contract, target)
    made = root / "openapi.new"
    shutil.copytree(contract, made, ignore=shutil.ignore_patterns("README.md"))
    shutil.copytree(target / "plugins", made / "plugins")
    for name in needed:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(shared_text(target / name))
    if CODES in needed:
        _explain(made, frame_codes(root))
    shutil.rmtree(target)
    made.rename(target)


def _explain(contract: Path, codes: set[str]) -> None:
    """Leave the frame's codes, which any operation may answer with, and name to each operation its own."""
    file = contract / CODES
    schema: dict[str, Any] = yaml.safe_load(file.read_text())
    schema["enum"] = [code for code in schema["enum"] if code in codes]
    entries: dict[str, dict[str, Any]] = {code: schema["x-problems"][code] for code in schema["enum"]}
    for entry in entries.values():
        entry["anywhere"] = True
        if OPERATION.search(entry["remedy"]):
            entry["remedy"] = "Send valid credentials, as the security of the operation says."
    schema["x-problems"] = entries
    file.write_text(yaml.safe_dump(schema, sort_keys=False, width=120, allow_unicode=True))
    for path in sorted((contract / "paths").rglob("*.yaml")):
        text = path.read_text()
        item: dict[str, Any] = yaml.safe_load(text)
        for operation in (item[method] for method in METHODS if method in item):
            text = _with_codes(text, operation, entries)
        path.write_text(text)


def _with_codes(text: str, operation: dict[str, Any], entries: dict[str, dict[str, Any]]) -> str:
    """Return the path file with the codes of an operation below its name, unless it has named them itself."""
    statuses = {int(status) for status in operation.get("responses", {}) if str(status).isdigit()}
    again = "IdempotencyKey" in str(operation.get("parameters"))
    own = [
        code for code, entry in entries.items() if entry["status"] in statuses and (again or "idempotency" not in code)
    ]
    if "x-problem-codes" in operation or not own:
        return text
    line = f"  operationId: {operation['operationId']}\n"
    return text.replace(line, f"{line}  x-problem-codes: [{', '.join(own)}]\n")
