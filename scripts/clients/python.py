"""The Python client: a wheel, made from what datamodel-code-generator writes, nothing added to it but its metadata."""

import json
import os
import shutil
import sys
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from scripts.clients.language import SOURCES, Scenario, run, version, write_samples
from scripts.generate import CLIENT_PACKAGE, generate_client

# A wheel of the same contract is the same file, whenever it is built: ZIP knows no time before 1980.
EPOCH = "315532800"
_BIN = Path(sys.executable).parent
_HERE = SOURCES / "python"


def _uv(*words: str | Path, cwd: Path) -> None:
    run(_BIN / "uv", *words, "--offline", "--quiet", cwd=cwd, environment=os.environ | {"SOURCE_DATE_EPOCH": EPOCH})


def _wheel(project: Path, dist: Path) -> Path:
    """Build the wheel with the build backend that uv carries in itself, so that nothing is fetched."""
    for old in dist.glob(f"{CLIENT_PACKAGE}-*.whl"):
        old.unlink()
    made = project / "dist"
    _uv("build", "--wheel", "--out-dir", made, cwd=project)
    return Path(shutil.copy(next(made.glob("*.whl")), dist))


def _project(bundle: Path, folder: Path) -> Path:
    """Lay out a distribution: the generated package, and the metadata that a generator cannot know."""
    project = folder / "project"
    # The generator lays its output out as a pyproject.toml above it says: `make generate` has none above, and so here.
    with TemporaryDirectory() as name:
        generate_client(bundle.resolve(), Path(name))
        shutil.copytree(name, project / "src")
    settings = Template((_HERE / "pyproject.toml.in").read_text())
    (project / "pyproject.toml").write_text(settings.substitute(version=version(bundle), package=CLIENT_PACKAGE))
    shutil.copy(project / "src" / CLIENT_PACKAGE / "README.md", project / "README.md")
    shutil.copy(SOURCES.parent / "LICENSE", project / "LICENSE")
    return project


def build(bundle: Path, folder: Path, dist: Path) -> None:
    """Make the wheel, install it beside nothing of ours, and type-check what uses it."""
    wheel = _wheel(_project(bundle, folder), dist)
    # Its dependencies are those of this environment; only the package itself comes out of the wheel.
    unpacked = ("--no-deps", "--compile-bytecode", "--target", folder / "site")
    _uv("pip", "install", "--python", sys.executable, *unpacked, wheel, cwd=folder)
    shutil.copytree(_HERE, folder / "scenario", ignore=shutil.ignore_patterns("*.in", "__pycache__"))
    write_samples(bundle, "Python", folder / "samples", ".py")
    settings = {"include": ["scenario", "samples"], "extraPaths": ["site"], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings | {"failOnWarnings": True}))
    run(_BIN / "basedpyright", "--pythonpath", sys.executable, "--project", folder, cwd=folder)


def scenarios(folder: Path) -> list[Scenario]:
    """Run it with the client that blocks and with the one that does not."""
    environment = {"PYTHONPATH": str(folder / "site")}
    return [
        Scenario(name, (sys.executable, str(folder / "scenario" / f"{file}.py")), environment)
        for name, file in (("python", "scenario"), ("python-async", "scenario_async"))
    ]


def sample(folder: Path, operation: str) -> Scenario:
    """Say how the sample of an operation is started."""
    environment = {"PYTHONPATH": str(folder / "site")}
    return Scenario("python", (sys.executable, str(folder / f"samples/{operation}.py")), environment)
