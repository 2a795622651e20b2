"""The TypeScript client: types by openapi-typescript, calls by openapi-fetch, packed as npm packs."""

import json
import shutil
from pathlib import Path
from string import Template

from scripts.clients.language import ROOT, SOURCES, Scenario, run, version, write_samples
from scripts.generator_input import operations
from scripts.samples.values import resolved

_HERE = SOURCES / "typescript"
_MODULES = ROOT / "node_modules"
_TYPES_OPTIONS = (
    # Every schema by its own name, as in the contract.
    "--root-types",
    "--root-types-no-schema-prefix",
    "--root-types-keep-casing",
    "--enum-values",
    # A default belongs to the service: what has one need not be sent.
    "--default-non-nullable=false",
)


def media_types(bundle: Path) -> str:
    """Write which operations take a body that is no JSON document; types are gone when a request is made."""
    contract = json.loads(bundle.read_bytes())
    declared: dict[str, str] = {}
    for path, method, operation, _ in operations(contract):
        kinds = list(resolved(contract, operation.get("requestBody", {})).get("content", {}))
        if kinds and kinds[0] != "application/json":
            declared[f"{method.upper()} {path}"] = kinds[0]
    text = json.dumps(declared, indent=2, sort_keys=True)
    return f"/** Made from the contract. */\nexport const mediaTypes: Readonly<Record<string, string>> = {text};\n"


def _package(bundle: Path, folder: Path) -> Path:
    package = folder / "package"
    shutil.copytree(_HERE / "src", package / "src")
    shutil.copy(_HERE / "README.md", package)
    shutil.copy(ROOT / "LICENSE", package)
    library = json.loads((_MODULES / "openapi-fetch/package.json").read_bytes())["version"]
    metadata = Template((_HERE / "package.json.in").read_text())
    (package / "package.json").write_text(metadata.substitute(version=version(bundle), openapi_fetch=f"^{library}"))
    (package / "src/media.ts").write_text(media_types(bundle))
    # In a folder of its own, because it would take its orders from redocly.yaml otherwise.
    generator = _MODULES / ".bin/openapi-typescript"
    run(generator, bundle.resolve(), "--output", package / "src/schema.ts", *_TYPES_OPTIONS, cwd=folder)
    return package


def _compile(project: Path, *, declarations: bool) -> None:
    """Compile `src` of a project strictly into `dist`, with the libraries that it declares and no others."""
    modules = project / "node_modules"
    modules.mkdir(exist_ok=True)
    (modules / "openapi-fetch").symlink_to(_MODULES / "openapi-fetch")
    extends = {"extends": str(_HERE / "tsconfig.json"), "include": ["src"]}
    options: dict[str, object] = {"rootDir": "src", "outDir": "dist", "declaration": declarations}
    if not declarations:
        (modules / "@types").mkdir()
        (modules / "@types/node").symlink_to(_MODULES / "@types/node")
        options["types"] = ["node"]
    (project / "tsconfig.json").write_text(json.dumps(extends | {"compilerOptions": options}, indent=2))
    run(_MODULES / ".bin/tsc", "--project", project, cwd=project)


def _pack(package: Path, dist: Path) -> Path:
    """Make the archive that npm would publish; npm gives every file the same time, whenever it packs."""
    for old in dist.glob("galley-client-*.tgz"):
        old.unlink()
    run("npm", "pack", "--offline", "--ignore-scripts", "--pack-destination", dist, cwd=package)
    return next(dist.glob("galley-client-*.tgz"))


def build(bundle: Path, folder: Path, dist: Path) -> None:
    """Make the package, compile it, pack it, unpack it as a consumer has it, and compile what uses it."""
    package = _package(bundle, folder)
    _compile(package, declarations=True)
    archive = _pack(package, dist)
    scenario = folder / "scenario"
    installed = scenario / "node_modules/@galley"
    installed.mkdir(parents=True)
    shutil.unpack_archive(archive, installed, filter="data")
    (installed / "package").rename(installed / "client")
    (scenario / "package.json").write_text('{"type": "module", "private": true}\n')
    write_samples(bundle, "TypeScript", scenario / "src/samples", ".ts")
    for file in _HERE.glob("*.ts"):
        shutil.copy(file, scenario / "src")
    _compile(scenario, declarations=False)


def scenarios(folder: Path) -> list[Scenario]:
    """Run it with the Node that is there."""
    return [Scenario("typescript", ("node", str(folder / "scenario/dist/scenario.js")))]


def sample(folder: Path, operation: str) -> Scenario:
    """Say how the sample of an operation is started."""
    return Scenario("typescript", ("node", str(folder / f"scenario/dist/samples/{operation}.js")))
