"""The records of what was published: a file per release, and a list of them with date and checksum.

A release is the bundle in JSON, byte for byte what `/openapi.json` served at that version. The list also keeps the
approvals that the release went out with, because the changelog tells them.
"""

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi"
LIST = "releases/releases.yaml"
APPROVALS = "approvals.yaml"

NO_APPROVALS = """\
# Leave for single changes since the last release: to keep the version although a change is rated breaking, or to take
# something away before its date. `make diff` prints what to write; CONTRIBUTING.md tells when.
#
# - change: '#/components/schemas/PostTitle/maxLength'
#   says: "`maxLength` of `title` changed from '200' to '180'."
#   allows: same-version
#   reason: The service never took more than 180 characters; the contract only says so now.
#   expires: 2027-01-31
[]
"""

Node = dict[str, Any]


class ReleaseError(Exception):
    """Something keeps the contract from being compared or published; the message names the place and the remedy."""


@dataclass(frozen=True, order=True)
class Version:
    """A version of the contract (SemVer 2.0.0). A published contract is final, so there are no pre-releases."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read `1.2.3`. Raises ValueError for anything else, such as `1.2`, `v1.2.3` and `01.2.3`."""
        parts = text.split(".")
        canonical = all(part.isascii() and part.isdigit() and str(int(part)) == part for part in parts)
        if len(parts) != len(("major", "minor", "patch")) or not canonical:
            raise ValueError(f"{text!r} is no version: write MAJOR.MINOR.PATCH, such as 0.2.0")
        return cls(*map(int, parts))

    def raised(self, impact: str) -> "Version":
        """Return the least version that may carry a change of this impact.

        Below 1.0.0 nothing is promised to stay (SemVer 2.0.0, clause 4), and a breaking change raises the middle
        number; `redocly diff --check-version` sees it the same way.
        """
        if impact == "major" and self.major:
            return Version(self.major + 1, 0, 0)
        if impact in {"major", "minor"}:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


def _canonical(text: str) -> str:
    return str(Version.parse(text))


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(_Record):
    """Leave for one change, named by its place in the bundle and by the very words in which it is reported."""

    change: Annotated[str, Field(pattern=r"^#/[^*]+$")]
    says: Annotated[str, Field(min_length=1)]
    # Either the change goes out without the version that it would need, or before its time of grace is over.
    allows: Literal["same-version", "early-removal"]
    reason: Annotated[str, Field(min_length=20)]
    expires: date

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes the approval fit a change, and no other."""
        return self.change, self.says, self.allows


class Release(_Record):
    """An entry of the list."""

    version: Annotated[str, AfterValidator(_canonical)]
    date: date
    sha256: str
    approvals: tuple[Approval, ...] = ()

    @property
    def file(self) -> str:
        """The file of the release, below `openapi/`."""
        return f"releases/{self.version}.json"


def _entries(file: Path, adapter: TypeAdapter[Any]) -> Any:
    """Read a list of entries; a file that is not there is an empty list."""
    place = f"openapi/{file.parent.name}/{file.name}" if file.name == Path(LIST).name else f"openapi/{file.name}"
    try:
        return adapter.validate_python(yaml.safe_load(file.read_text()) or () if file.exists() else ())
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        where = "/".join(map(str, first["loc"])) or "the file"
        raise ReleaseError(f"{place}: {where}: {first['msg']}: mend this entry") from failure
    except yaml.YAMLError as failure:
        raise ReleaseError(f"{place}: this is no YAML ({' '.join(str(failure).split())}): mend it") from failure


def releases(openapi: Path = OPENAPI) -> tuple[Release, ...]:
    """Return what was published, the oldest first. Raises ReleaseError when the list and the files disagree."""
    entries: tuple[Release, ...] = _entries(openapi / LIST, TypeAdapter(tuple[Release, ...]))
    versions = [Version.parse(entry.version) for entry in entries]
    if sorted(set(versions)) != versions:
        raise ReleaseError(f"openapi/{LIST}: versions must rise from entry to entry: restore the list from history")
    for entry in entries:
        file = openapi / entry.file
        if not file.exists():
            raise ReleaseError(f"openapi/{entry.file}: this release is listed and its file is gone: restore it")
        if sha256(file.read_bytes()).hexdigest() != entry.sha256:
            raise ReleaseError(f"openapi/{entry.file}: what was published was changed afterwards: restore the file")
    strays = {f"releases/{file.name}" for file in (openapi / "releases").glob("*.json")} - {e.file for e in entries}
    for file in sorted(strays):
        raise ReleaseError(f"openapi/{file}: openapi/{LIST} does not list this release: publish with `make release`")
    return entries


def approvals(openapi: Path = OPENAPI) -> tuple[Approval, ...]:
    """Return the approvals for what is not published yet."""
    found: tuple[Approval, ...] = _entries(openapi / APPROVALS, TypeAdapter(tuple[Approval, ...]))
    keys = [entry.key for entry in found]
    for key in keys:
        if keys.count(key) > 1:
            raise ReleaseError(f"openapi/{APPROVALS}: {key[0]} is approved twice: keep one entry")
    return found


def load(file: Path) -> Node:
    """Return a contract that is one JSON document."""
    return json.loads(file.read_bytes())


def document(openapi: Path, release: Release) -> Node:
    """Return the contract of a release."""
    return load(openapi / release.file)


def version_of(contract: Node) -> Version:
    """Return the contract's version. Raises ReleaseError when it is none."""
    try:
        return Version.parse(str(contract["info"]["version"]))
    except ValueError as failure:
        raise ReleaseError(f"openapi/openapi.yaml: info.version: {failure}") from failure


def listed(entries: tuple[Release, ...]) -> str:
    """Write the list of releases."""
    head = "# What was published, the oldest first. Written by `make release`; never edited by hand.\n"
    return head + _yaml([entry.model_dump(mode="json", exclude_defaults=True) for entry in entries])


def _yaml(entries: list[Node]) -> str:
    return yaml.safe_dump(entries, sort_keys=False, width=120, allow_unicode=True)
