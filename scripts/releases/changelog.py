"""The contract's changelog, `openapi/CHANGELOG.md`: derived from the releases, so that it cannot forget anything."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.releases import records
from scripts.releases.changes import Change, Comparison, compare, place, pointer, resolved, steps, trail
from scripts.releases.gate import Standing
from scripts.releases.records import Approval, Node, Release

FILE = "CHANGELOG.md"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
HEAD = """\
# Changelog of the contract

Derived from the releases by `make generate`; never edited by hand. Versions follow SemVer: below 1.0.0 a breaking
change raises the middle number, from there on the first. What is deprecated stays until the date that is named.
"""
# What tells people about the contract and means nothing to a program; so do our and the tools' extensions.
_PROSE = frozenset({"description", "summary", "title", "example", "examples", "externalDocs", "tags"})
_NAMED = frozenset({"headers", "links", "parameters", "paths", "properties", "schemas", "scopes", "webhooks"})
_DATES = frozenset({"x-sunset", "x-deprecated-since"})
_SHORT = 40


def _operations(contract: Node, change: Change) -> Iterable[str]:
    """Tell the operations of a path or of one method of it."""
    group, path, *rest = steps(change.pointer)
    item = resolved(contract, contract[group][path])
    for method in rest or METHODS:
        if method in item:
            what = place(contract, f"#/{pointer(group, path, method)}")
            yield f"{what} (`{item[method]['operationId']}`): {item[method]['summary']}."


def _valued(change: Change) -> str:
    """Say how a value changed, if it is short enough to be said."""
    before, after = (
        "unset" if value is None else f"`{value}`" if isinstance(value, str | int | float) else ""
        for value in (change.before, change.after)
    )
    said = before and after and max(len(before), len(after)) <= _SHORT
    return f"changed from {before} to {after}" if said else "changed"


def _is_prose(change: Change) -> bool:
    """Whether a change is among the words and examples of the contract."""
    path = steps(change.pointer)
    # What follows one of these is a name, and a member may be called `title`.
    words = [step for before, step in zip(["", *path], path, strict=False) if before not in _NAMED]
    return any(word in _PROSE or (word.startswith("x-") and word not in _DATES) for word in words)


def _deprecated(contract: Node, change: Change) -> str:
    node = trail(contract, change.pointer.rpartition("/")[0])[-1]
    what = place(contract, change.pointer.rpartition("/")[0])
    return f"{what} is deprecated since {node['x-deprecated-since']}, and stays until {node['x-sunset']}."


class _Section:
    """What is told of one version."""

    def __init__(self, before: Node, after: Node, comparison: Comparison, approvals: Iterable[Approval]) -> None:
        self._before, self._after = before, after
        self._changes = comparison.changes
        self._approvals = tuple(approvals)
        self.told: dict[str, list[str]] = {}

    def _tell(self, heading: str, *lines: str) -> None:
        self.told.setdefault(heading, []).extend(line for line in lines if line not in self.told.get(heading, []))

    def _breaking(self, change: Change) -> None:
        contract = self._before if change.kind == "removed" else self._after
        for verdict in change.verdicts:
            line = f"{place(contract, change.pointer)}: {verdict.message}"
            given = [entry for entry in self._approvals if entry.key[:2] == (verdict.pointer, verdict.message)]
            excused = any(entry.allows == "same-version" for entry in given)
            line += "".join(f" _{' '.join(entry.reason.split())}_" for entry in given)
            self._tell("Breaking in form, approved" if excused else "Breaking", line)

    def _other(self, change: Change) -> None:
        contract = self._before if change.kind == "removed" else self._after
        what = place(contract, change.pointer)
        if change.member == "deprecated" and change.after is True:
            self._tell("Deprecated", _deprecated(self._after, change))
        elif change.kind == "added" and change.node in {"Operation", "PathItem"}:
            self._tell("Added", *_operations(self._after, change))
        elif _is_prose(change):
            self._tell("Documentation", f"{what}.")
        elif change.kind in {"added", "removed"}:
            self._tell("Added" if change.kind == "added" else "Removed", f"{what}.")
        else:
            self._tell("Changed", f"{what}: {_valued(change)}.")

    def lines(self) -> list[str]:
        """Tell all changes, those first that a client must react to."""
        fresh = {change.pointer.rpartition("/")[0] for change in self._changes if change.member == "deprecated"}
        for change in self._changes:
            if change.verdicts:
                self._breaking(change)
            elif change.pointer == "#/info/version" or (
                change.member in _DATES and change.pointer.rpartition("/")[0] in fresh
            ):
                # The one is the section's heading; the others are told with what they are the dates of.
                continue
            else:
                self._other(change)
        if not self.told:
            self._tell("Changed", "Only what neither a program nor a reader notices.")
        headings = [
            "Breaking",
            "Breaking in form, approved",
            "Deprecated",
            "Added",
            "Removed",
            "Changed",
            "Documentation",
        ]
        return [
            line
            for heading in headings
            if heading in self.told
            for line in ["", f"### {heading}", "", *(f"- {entry}" for entry in sorted(self.told[heading]))]
        ]


def _first(contract: Node) -> list[str]:
    """Tell what there is from the beginning."""
    operations = (
        f"- `{method.upper()} {path}` (`{item[method]['operationId']}`): {item[method]['summary']}."
        for path, item in contract["paths"].items()
        for method in METHODS
        if method in item
    )
    return ["", "### Added", "", *operations]


def since_last(now: Standing) -> list[str]:
    """Return the section of what is not published yet; empty when all is."""
    if now.last is not None and not now.differs:
        return []
    heading = ["", f"## {now.contract['info']['version']}, not published yet"]
    if now.last is None:
        return [*heading, *_first(now.contract)]
    return [*heading, *_Section(now.released, now.contract, now.comparison, now.approvals).lines()]


def _published(openapi: Path, entries: tuple[Release, ...]) -> list[str]:
    """Return the sections of the releases, the newest first."""
    files = [openapi / entry.file for entry in entries]
    with ThreadPoolExecutor(max_workers=2) as pool:
        comparisons = [Comparison((), ""), *pool.map(compare, files, files[1:])]
    documents = list(map(records.load, files))
    lines: list[str] = []
    for number in reversed(range(len(entries))):
        entry = entries[number]
        lines += ["", f"## {entry.version}, {entry.date.isoformat()}"]
        if number:
            section = _Section(documents[number - 1], documents[number], comparisons[number], entry.approvals)
            lines += section.lines()
        else:
            lines += _first(documents[0])
    return lines


def changelog(now: Standing) -> str:
    """Return the whole changelog."""
    entries = records.releases(now.openapi)
    return "\n".join([HEAD.rstrip("\n"), *since_last(now), *_published(now.openapi, entries), ""])


def newest(now: Standing) -> str:
    """Return what the present version brings over the one published before it."""
    fresh = since_last(now)
    if not fresh:
        whole = changelog(now).split("\n## ")
        return f"# Changes of the contract\n\n## {whole[1].strip()}\n"
    return "\n".join(["# Changes of the contract", *fresh, ""])
