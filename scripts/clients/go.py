"""The Go client: a module that needs nothing but the standard library, packed as Go's module proxies serve it."""

import os
import shutil
from pathlib import Path
from string import Template
from sysconfig import get_path

from scripts.clients.language import ROOT, SOURCES, ClientError, Scenario, run, version
from scripts.clients.openapi_generator import OPTIONS, Correction, archive, corrected, generate

# Whoever publishes the module puts its own address here; a path's first element has to look like a host.
MODULE = "example.com/galley"
_HERE = SOURCES / "go"
_GO = Path(get_path("purelib")) / "go"
_CONFIG = {
    "generatorName": "go",
    # `range` is a word of Go's own.
    "parameterNameMappings": {"Range": "byteRange"},
    "additionalProperties": {**OPTIONS, "packageName": "galley", "enumClassPrefix": True, "withGoMod": False},
    "globalProperties": {"apiTests": "false", "modelTests": "false"},
}
_CORRECTIONS = (
    # A body that was left out was sent as `null`: a nil pointer in an interface is not nil.
    Correction(
        "go/api.mustache",
        "\tlocalVarPostBody = r.{{paramName}}\n",
        "\tif r.{{paramName}} != nil {\n\t\tlocalVarPostBody = r.{{paramName}}\n\t}\n",
    ),
    # Files are kept as they are given, and not by a pointer to their list.
    Correction(
        "go/api.mustache",
        "\tif len({{^isPathParam}}*{{/isPathParam}}r.{{paramName}})",
        "\tif len({{^isPathParam}}{{^isFile}}*{{/isFile}}{{/isPathParam}}r.{{paramName}})",
        times=2,
    ),
)
_LEAVE_OUT = ("README.md", "git_push.sh", ".travis.yml", ".gitignore", "api/")


def _environment(folder: Path) -> dict[str, str]:
    """Let Go take the client from the folder's own proxy and nothing from anywhere else."""
    return os.environ | {
        "GOROOT": str(_GO),
        "GOPATH": str(folder / "gopath"),
        # The standard library is compiled once, not for every build.
        "GOCACHE": str(ROOT / "build/go-cache"),
        "GOPROXY": (folder / "proxy").as_uri(),
        "GONOSUMDB": MODULE,
        "GOSUMDB": "off",
        # What Go unpacks is read-only otherwise, and the next build could not remove it.
        "GOFLAGS": "-mod=mod -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOENV": "off",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _go(*words: str | Path, cwd: Path, folder: Path) -> str:
    return run(_GO / "bin/go", *words, cwd=cwd, environment=_environment(folder))


def _language_version(folder: Path) -> str:
    """Return the version of Go that the module asks for: the one it was compiled with, without the patch."""
    found = _go("env", "GOVERSION", cwd=folder, folder=folder).strip().removeprefix("go")
    return ".".join(found.split(".")[:2])


def _checked(module: Path, folder: Path) -> None:
    _go("build", "./...", cwd=module, folder=folder)
    _go("vet", "./...", cwd=module, folder=folder)
    unformatted = run(_GO / "bin/gofmt", "-l", "-s", ".", cwd=module)
    if unformatted:
        raise ClientError(f"{module} is not formatted, run gofmt -s -w on: {' '.join(unformatted.split())}")


def _module(bundle: Path, folder: Path) -> Path:
    """Generate the module, format it as every Go file is, and compile it."""
    corrected(_CORRECTIONS, folder / "templates")
    config = {**_CONFIG, "templateDir": str(folder / "templates/go")}
    module = generate(bundle, folder, config, leave_out=_LEAVE_OUT)
    (module / "go.mod").write_text(f"module {MODULE}\n\ngo {_language_version(folder)}\n")
    shutil.copy(_HERE / "README.md", module)
    shutil.copy(ROOT / "LICENSE", module)
    run(_GO / "bin/gofmt", "-s", "-w", ".", cwd=module)
    _checked(module, folder)
    return module


def _published(module: Path, folder: Path, dist: Path, tag: str) -> None:
    """Pack the module as the Go modules reference asks (prefix `module@version/`), and lay a proxy out with it."""
    for old in dist.glob("galley-go-*.zip"):
        old.unlink()
    files = [path for path in module.rglob("*") if path.is_file() and ".openapi-generator" not in path.as_posix()]
    packed = archive(dist / f"galley-go-{tag}.zip", module, files, f"{MODULE}@{tag}/")
    versions = folder / "proxy" / MODULE / "@v"
    versions.mkdir(parents=True)
    shutil.copy(packed, versions / f"{tag}.zip")
    shutil.copy(module / "go.mod", versions / f"{tag}.mod")
    (versions / f"{tag}.info").write_text(f'{{"Version": "{tag}"}}\n')
    (versions / "list").write_text(f"{tag}\n")


def build(bundle: Path, folder: Path, dist: Path) -> None:
    """Make the module, vet it, pack it, and compile the scenario against what was packed."""
    module = _module(bundle, folder)
    tag = f"v{version(bundle)}"
    _published(module, folder, dist, tag)
    scenario = folder / "scenario"
    shutil.copytree(_HERE, scenario, ignore=shutil.ignore_patterns("README.md", "*.in"))
    settings = Template((_HERE / "go.mod.in").read_text())
    (scenario / "go.mod").write_text(settings.substitute(module=MODULE, tag=tag, go=_language_version(folder)))
    _checked(scenario, folder)
    _go("build", "-o", folder / "run-scenario", ".", cwd=scenario, folder=folder)


def scenarios(folder: Path) -> list[Scenario]:
    """Run the program that was built; it needs nothing beside it."""
    return [Scenario("go", (str(folder / "run-scenario"),))]
