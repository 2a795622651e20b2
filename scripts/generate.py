"""Derive everything under `generated/` from `openapi/`, or with `--check` only say whether it is up to date.

All of it is made in a folder of its own first and moved into place at the end, so that a contract that does not
pass leaves what was there untouched.
"""

import argparse
import filecmp
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts import samples, server, strict_types
from scripts.clients.settings import client_settings, reference
from scripts.generator_input import for_the_generator, operations, request_models
from scripts.house_rules.__main__ import in_handlers
from scripts.house_rules.source import Project
from scripts.lint.redocly import LintBroken, lint, reason, redocly
from scripts.samples.values import resolved
from scripts.site.document import SiteError
from scripts.site.folder import samples_of, write_served

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "generated"
CONTRACT = ROOT / "openapi/openapi.yaml"
MODEL_OPTIONS = [
    "--input-file-type=openapi",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--target-pydantic-version=2.14",
    "--use-annotated",
    # Scalars stay plain values; a root model would have to be unwrapped at every use.
    "--use-type-alias",
    # JSON "5" is not an integer.
    *("--strict-types", "str", "int", "float", "bool"),
    # minProperties and its like are rules too.
    "--generate-schema-validators",
    # A merge patch tells an absent member from a null one.
    "--use-missing-sentinel",
    "--strict-refs",
    "--no-allow-remote-refs",
    "--disable-timestamp",
    "--formatters=builtin",
]
# The media types of bodies that are read as they come.
STREAMED = frozenset({"application/x-ndjson", "multipart/form-data"})
# Reading the sources a second time to write them as YAML would take twenty times as long.
TO_YAML = """
const [, source, target] = process.argv;
const { readFileSync, writeFileSync } = require("node:fs");
const { dump } = require("js-yaml");
writeFileSync(target, dump(JSON.parse(readFileSync(source)), { noRefs: true, lineWidth: -1 }));
"""
# How the client is imported; generated/client is the folder of its distribution.
CLIENT_PACKAGE = "galley_client"


class GenerationError(Exception):
    """The contract cannot be turned into code; each line of the message names file, place and remedy."""


def run(*command: str) -> None:
    """Run a generator; raise GenerationError with its reason when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GenerationError(
            f"{CONTRACT.relative_to(ROOT)}: {Path(command[0]).name} cannot read the contract: "
            f"{reason(done.stdout + done.stderr)} Take back or rewrite what you changed last."
        )


def refuse_faults() -> None:
    """Refuse a contract that breaks a rule, before anything is made from it."""
    try:
        found = lint()
    except LintBroken as broken:
        raise GenerationError(str(broken)) from None
    if found:
        raise GenerationError("\n".join(map(str, found)))


def bundle(folder: Path) -> dict[str, Any]:
    """Write the contract as one JSON document and return it."""
    source, file = str(CONTRACT.relative_to(ROOT)), folder / "openapi.json"
    done = redocly("bundle", source, "--ext=json", f"--output={file}")
    if done.returncode or not file.exists():
        raise GenerationError(
            f"{source}: cannot be bundled: {reason(done.stderr + done.stdout)} Correct what it names."
        )
    contract: dict[str, Any] = json.loads(file.read_text())
    return contract


def write_yaml(document: Path) -> None:
    """Write a JSON document as YAML beside it."""
    run("node", "-e", TO_YAML, str(document), str(document.with_suffix(".yaml")))


def parameter_names(contract: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Give header parameters the names that Python code would give them: `If-Match` becomes `if_match`."""
    names: dict[str, dict[str, str]] = {}
    for path, method, operation, item in operations(contract):
        place = reference(path, method)
        for entry in [*item.get("parameters", []), *operation.get("parameters", [])]:
            parameter = resolved(contract, entry)
            if parameter["in"] == "header":
                snake = parameter["name"].lower().replace("-", "_")
                names.setdefault(place, {})[f"header:{parameter['name']}"] = snake
    return names


def body_modes(contract: dict[str, Any]) -> dict[str, str]:
    """Let handlers read for themselves what comes in lines or as files: such a body is as long as they are."""
    return {
        reference(path, method): "request"
        for path, method, operation, _ in operations(contract)
        if STREAMED & resolved(contract, operation.get("requestBody", {})).get("content", {}).keys()
    }


def run_server_generator(contract: dict[str, Any], work: Path, package: str) -> None:
    """Write `models.py`, and `server`, a server for FastAPI that is to be imported as `package`, into a folder."""
    document = work / "openapi.json"
    document.write_text(for_the_generator(contract))
    run(
        f"{sys.executable.rpartition('/')[0]}/datamodel-codegen",
        f"--input={document}",
        f"--output={work / 'models.py'}",
        *MODEL_OPTIONS,
        "--openapi-scopes",
        "schemas",
        "api",
        "--generate-server=fastapi",
        f"--server-output={work / 'server'}",
        f"--server-package={package}",
        "--server-model-package=generated.models",
        "--server-handler-mode=async",
        f"--server-body-modes={json.dumps(body_modes(contract))}",
        f"--server-parameter-names={json.dumps(parameter_names(contract))}",
        f"--type-overrides={json.dumps(strict_types.overrides(contract))}",
        f"--base-class-map={json.dumps(dict.fromkeys(sorted(request_models(contract)), 'app.fields.Request'))}",
    )


def generate_server(contract: dict[str, Any], folder: Path) -> None:
    """Write the models and what handlers have to fit; the generator's own server is not wanted."""
    work = folder / "work"
    work.mkdir()
    run_server_generator(contract, work, "generated.server")
    (folder / "models.py").write_text(strict_types.with_integers((work / "models.py").read_text()))
    server.write((work / "server/services.py").read_text(), folder / "server")
    shutil.rmtree(work)


def generate_client(document: Path, folder: Path) -> None:
    """Write the Python client as a package with models of its own, so that it is used without this service's code."""
    package = folder / CLIENT_PACKAGE
    contract = json.loads(document.read_bytes())
    with TemporaryDirectory() as name:
        lean = Path(name, document.name)
        lean.write_text(for_the_generator(contract))
        run(
            f"{sys.executable.rpartition('/')[0]}/datamodel-codegen",
            f"--input={lean}",
            f"--output={package / 'models.py'}",
            *MODEL_OPTIONS,
            "--openapi-scopes",
            "schemas",
            "api",
            "--generate-client=httpx2",
            f"--client-output={package}",
            f"--client-package={CLIENT_PACKAGE}",
            f"--client-model-package={CLIENT_PACKAGE}.models",
            f"--client-operations={json.dumps(client_settings(contract, parameter_names(contract)))}",
            "--client-server-base-url=http://localhost:8000",
        )


def refuse_invented_names(folder: Path) -> None:
    """Refuse a class whose name the generator made up, because it changes when the contract is reordered.

    A made-up name ends in a digit or is built from a path; the remedy is a schema file of its own.
    """
    schemas = json.loads((folder / "openapi.json").read_text())["components"]["schemas"]
    for file in ("models.py", f"client/{CLIENT_PACKAGE}/models.py"):
        text = (folder / file).read_text()
        classes = re.findall(r"^class ([A-Za-z]\w*)|^([A-Za-z]\w*) = TypeAliasType", text, re.MULTILINE)
        for name in (a or b for a, b in classes):
            if name not in schemas or name[-1].isdigit():
                raise GenerationError(
                    f"{_user(name, text)}: the generator made up the name {name} for a schema that has none. "
                    "Move that schema into a file of its own under openapi/schemas/ and refer to it."
                )


def _user(name: str, text: str) -> str:
    """Return the schema file, and the member in it, for which the generator made this name up."""
    for block in re.split(r"^(?=class |\w+ = TypeAliasType)", text, flags=re.MULTILINE):
        head = re.match(r"class (\w+)|(\w+) =", block)
        user = head and (head[1] or head[2])
        line = re.search(rf"^(?: +(\w+):)?.*\b{name}\b", block.partition("\n")[2], re.MULTILINE)
        if user and user != name and line:
            return f"openapi/schemas/{user}.yaml" + (f" #/properties/{line[1]}" if line[1] else "")
    return CONTRACT.relative_to(ROOT).as_posix()


def differences(made: Path, kept: Path) -> list[str]:
    """Name the files that differ between two folders."""
    files = {
        path.relative_to(base).as_posix()
        for base in (made, kept)
        for path in base.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(
        file
        for file in files
        if not (
            (made / file).is_file() and (kept / file).is_file() and filecmp.cmp(made / file, kept / file, shallow=False)
        )
    )


def generate(folder: Path) -> None:
    """Make everything in an empty folder, side by side where one does not need the other.

    What is wrong with the contract is said before what that leads to.
    """
    with ThreadPoolExecutor() as pool:
        faults, bundled = pool.submit(refuse_faults), pool.submit(bundle, folder)
        faults.result()
        contract, document = bundled.result(), folder / "openapi.json"
        (folder / "__init__.py").write_text('"""Made by `make generate` from `openapi/`; never edited by hand."""\n')
        parts = [
            pool.submit(generate_server, contract, folder),
            pool.submit(generate_client, document, folder / "client"),
            pool.submit(write_yaml, document),
        ]
        samples.write(contract, folder / "samples.json")
        written = pool.submit(write_served, contract, samples_of(folder), folder / "site")
        for part in parts:
            part.result()
        refuse_invented_names(folder)
        written.result()


def main() -> int:
    """Generate or check, and say what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when generated/ is out of date")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        made = Path(name)
        try:
            generate(made)
        except (GenerationError, SiteError) as error:
            print(error, file=sys.stderr)
            return 1
        changed = differences(made, TARGET)
        if arguments.check:
            if changed:
                print(f"generated/ is out of date, run `make generate`: {', '.join(changed)}", file=sys.stderr)
                return 1
            print("generated/ follows the contract")
            return 0
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made, TARGET)
    print(f"generated/: {len(changed)} files changed" if changed else "generated/ was up to date")
    # What the change asks for next; `make lint` and `make types` refuse it until then.
    for violation in in_handlers(Project.read(ROOT)):
        print(violation)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
