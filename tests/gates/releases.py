"""A folder of releases to plant faults in: the contract as published, and the contract as it is now."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from scripts.releases import gate, records
from scripts.releases.records import Release
from tests.contract.document import contract

ROOT = Path(__file__).parents[2]
TODAY = date(2027, 6, 1)
REASON = "No client sends titles of this length, as the logs of a year show."
TITLE = "#/components/schemas/PostTitle/maxLength"
SHORTER = "`maxLength` of `title` changed from '200' to '150'."
OURS = frozenset({"releases", "approvals.yaml", "CHANGELOG.md"})


class Planted:
    """`now` is what may be spoilt; `folder` stands for `openapi/`, with `published` as its only release."""

    def __init__(self, folder: Path, version: str = "0.1.0", announced: Mapping[str, str] | None = None) -> None:
        """Publish our contract; `announced` maps pointers of what is deprecated to the end of each."""
        self.folder = folder
        for entry in (ROOT / "openapi").iterdir():
            if entry.name not in OURS:
                (folder / entry.name).symlink_to(entry)
        self.published = deepcopy(contract())
        self.published["info"]["version"] = version
        for pointer, sunset in (announced or {}).items():
            dates = {"deprecated": True, "x-deprecated-since": "2027-01-01", "x-sunset": sunset}
            node_at(self.published, pointer).update(dates)
        self.now = deepcopy(self.published)
        self.publish(self.published)

    @property
    def file(self) -> Path:
        """The contract as it is now, as one document."""
        file = self.folder / "now.json"
        file.write_text(json.dumps(self.now))
        return file

    def publish(self, document: Any) -> None:
        """Record a document as the only release."""
        body = json.dumps(document).encode()
        version = document["info"]["version"]
        entry = Release(version=version, date=date(2027, 1, 1), sha256=sha256(body).hexdigest())
        (self.folder / "releases").mkdir(exist_ok=True)
        (self.folder / entry.file).write_bytes(body)
        (self.folder / records.LIST).write_text(records.listed((entry,)))

    def approve(self, change: str, says: str, **other: Any) -> None:
        """Write an approval that is in order, but for what is given."""
        entry = {
            "change": change,
            "says": says,
            "allows": "same-version",
            "reason": REASON,
            "expires": "2027-07-01",
        }
        (self.folder / records.APPROVALS).write_text(yaml.safe_dump([entry | other]))

    def complaints(self, today: date = TODAY) -> list[str]:
        """Return what the gate says."""
        return gate.complaints(gate.standing(self.folder, self.file), today)


def node_at(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer points to."""
    for step in pointer.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        document = document[int(key) if isinstance(document, list) else key]
    return document


def drop(document: Any, pointer: str) -> None:
    """Take away what a JSON pointer points to."""
    holder, _, step = pointer.rpartition("/")
    node = node_at(document, holder)
    del node[int(step) if isinstance(node, list) else step.replace("~1", "/").replace("~0", "~")]


def narrow(planted: Planted) -> None:
    """Take shorter titles only, which breaks whoever sends long ones."""
    node_at(planted.now, "#/components/schemas/PostTitle")["maxLength"] = 150
