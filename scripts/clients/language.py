"""What the runner asks of a language, and what the languages share."""

import importlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from scripts.samples import samples

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "clients"
BUNDLE = ROOT / "generated/openapi.json"
BUILD = ROOT / "build/clients"
BUILD_SECONDS = 600


class ClientError(Exception):
    """A client cannot be built or started; the message names the place and the remedy."""


@dataclass(frozen=True)
class Scenario:
    """A program that runs the scenario; it finds the API in GALLEY_URL, as `http://127.0.0.1:8000/api/v1`."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


class Language(Protocol):
    """The module `scripts.clients.<language>`."""

    def build(self, bundle: Path, folder: Path, dist: Path) -> None:
        """Make the client and its scenario in an empty folder, compiled strictly; leave the archives in `dist`.

        Raises ClientError when something does not compile.
        """
        ...

    def scenarios(self, folder: Path) -> list[Scenario]:
        """Say how to start what was built in the folder; a client with two ways of calling runs the scenario twice."""
        ...


def languages() -> list[str]:
    """Name every language: a folder of `clients/`."""
    return sorted(path.name for path in SOURCES.iterdir() if path.is_dir())


def module(language: str) -> Language:
    """Load a language."""
    return cast("Language", importlib.import_module(f"scripts.clients.{language}"))


def version(bundle: Path) -> str:
    """Return the version of the contract, which is that of its clients."""
    text: str = json.loads(bundle.read_bytes())["info"]["version"]
    return text


def write_samples(bundle: Path, label: str, folder: Path, suffix: str) -> None:
    """Write the documentation's samples in a language as programs, each named after its operation."""
    folder.mkdir(parents=True)
    for operation, shown in samples(json.loads(bundle.read_bytes())).items():
        for sample in shown:
            if sample["label"] == label:
                (folder / f"{operation}{suffix}").write_text(sample["source"])


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a tool and return what it printed; raise ClientError with all it said when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
        )
    except FileNotFoundError:
        raise ClientError(f"{words[0]} is not there: run `make clients`, which installs it") from None
    except subprocess.TimeoutExpired:
        raise ClientError(f"{words[0]} in {cwd} did not end within {BUILD_SECONDS} s") from None
    if done.returncode:
        raise ClientError(f"{' '.join(words)} failed in {cwd}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout
