"""Whether the contract may be published as it is: `make diff`.

A change that breaks a client needs the version that says so; what is taken away was announced before, with a date that
has passed. Leave from either is given for one change at a time, with a reason and an end
(docs/decisions/0008-releases.md).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from scripts.releases import records
from scripts.releases.changes import Change, Comparison, Verdict, compare, members, place, resolved, source_of, trail
from scripts.releases.records import APPROVALS, Approval, Node, Release, Version

# An approval that never ends is a rule, and a rule stands in the contract.
LONGEST_APPROVAL = timedelta(days=180)
# What OpenAPI lets one mark as deprecated; the rest of a contract goes with the operation that holds it.
ANNOUNCED_FIRST = frozenset(
    {"operation-removed", "path-removed", "parameter-removed", "property-removed", "response-header-removed"}
)
_VERSION = "openapi/openapi.yaml: info.version"
_IMPACTS = ("patch", "minor", "major")


@dataclass(frozen=True)
class Standing:
    """The contract as it is now beside the last release: what the gate and the changelog judge by."""

    openapi: Path
    contract: Node
    # None when nothing was published yet.
    last: Release | None
    released: Node
    comparison: Comparison
    approvals: tuple[Approval, ...]

    @property
    def differs(self) -> bool:
        """Whether anything but the order of members is different from the last release."""
        return self.contract != self.released


@dataclass
class _Ledger:
    """The approvals, and which of them were needed."""

    given: tuple[Approval, ...]
    used: set[Approval] = field(default_factory=set[Approval])

    def allows(self, what: str, verdict: Verdict) -> bool:
        for approval in self.given:
            if approval.key == (verdict.pointer, verdict.message, what):
                self.used.add(approval)
                return True
        return False


def standing(openapi: Path, contract: Path) -> Standing:
    """Compare a contract, given as one JSON document, with the last release that `openapi` keeps."""
    entries = records.releases(openapi)
    approvals = records.approvals(openapi)
    now = records.load(contract)
    records.version_of(now)
    if not entries:
        return Standing(openapi, now, None, {}, Comparison((), ""), approvals)
    last = entries[-1]
    comparison = compare(openapi / last.file, contract)
    return Standing(openapi, now, last, records.document(openapi, last), comparison, approvals)


def complaints(now: Standing, today: date) -> list[str]:
    """Return what keeps the contract from being published, a line each, with file, place and remedy."""
    version = records.version_of(now.contract)
    ledger = _Ledger(now.approvals)
    found: list[str] = []
    if now.last is not None:
        found += _too_early(now, ledger, today)
        found += _version(now, Version.parse(now.last.version), version, ledger)
    found += _approvals(ledger, today)
    if now.comparison.refusal and not found and not ledger.used:
        # We only ever ask for more than `redocly diff --check-version` does.
        found.append(f"{_VERSION}: {now.comparison.refusal}")
    return found


def _says(now: Standing, verdict: Verdict) -> str:
    return f"{source_of(now.openapi, verdict.pointer)}: {verdict.pointer}: {verdict.message}"


def _version(now: Standing, last: Version, version: Version, ledger: _Ledger) -> list[str]:
    """Hold the version against the changes."""
    unapproved = [
        verdict
        for change in now.comparison.changes
        for verdict in change.verdicts
        if not ledger.allows("same-version", verdict)
    ]
    if version < last:
        return [f"{_VERSION}: {version} is behind the last release: take {last} or more"]
    if not now.differs:
        return []
    # What redocly does not rate is no less a change of what was published.
    impacts = {"major"} if unapproved else {"patch"}
    impacts |= {change.impact for change in now.comparison.changes if not change.verdicts}
    impact = max(impacts, key=_IMPACTS.index)
    needed = last.raised(impact)
    if version >= needed:
        return []
    if impact == "major":
        remedy = f"raise info.version from {version} to {needed} or more, or approve it in openapi/{APPROVALS}"
        return [f"{_says(now, verdict)} This breaks clients of {last}: {remedy}" for verdict in unapproved]
    if version == last:
        return [f"{_VERSION}: {last} is published and the contract differs from it: raise it to {needed} or more"]
    return [f"{_VERSION}: {version} is too low for what was added since {last}: raise it to {needed} or more"]


def _too_early(now: Standing, ledger: _Ledger, today: date) -> list[str]:
    """Find what is taken away, or announced to go, before the date that clients were told."""
    found: list[str] = []
    for change in now.comparison.changes:
        for verdict in change.verdicts:
            if verdict.rule in ANNOUNCED_FIRST and not ledger.allows("early-removal", verdict):
                found += _unannounced(now, change, verdict, today)
        if change.member == "x-sunset" and change.before and str(change.after or "9999") < str(change.before):
            file = source_of(now.openapi, change.pointer)
            found.append(
                f"{file}: {change.pointer}: clients were told {change.before}, "
                f"and {change.after} is sooner: keep the date or take a later one"
            )
    return found


def _unannounced(now: Standing, change: Change, verdict: Verdict, today: date) -> list[str]:
    """Return why something may not go yet, or nothing when its time has come."""
    nodes = trail(now.released, change.pointer)
    if change.node == "PathItem":
        gone = [node for node in members(nodes[-1]).values() if "operationId" in members(node)]
    else:
        gone = [nodes[-1]]
    what = place(now.released, change.pointer)
    restore = f"{source_of(now.openapi, change.pointer)}: {change.pointer}: {what}"
    approve = f"or allow its early-removal in openapi/{APPROVALS}: {verdict.message}"
    dates = [_sunset(now.released, [*nodes[:-1], node]) for node in gone]
    if not all(dates):
        dated = "`deprecated: true`, `x-deprecated-since` and `x-sunset`"
        return [f"{restore} was not announced to go: restore it with {dated}, {approve}"]
    latest = max(filter(None, dates))
    return [f"{restore} was promised until {latest}: restore it until then, {approve}"] if today < latest else []


def _sunset(contract: Node, nodes: list[Any]) -> date | None:
    """Return until when the innermost of some nested nodes is promised, or None when no end was announced.

    What holds it may have been announced instead: a parameter may go with its operation.
    """
    for node in reversed(nodes):
        for view in (members(node), resolved(contract, node)):
            if view.get("deprecated") is True and "x-sunset" in view:
                return date.fromisoformat(str(view["x-sunset"]))
    return None


def _approvals(ledger: _Ledger, today: date) -> list[str]:
    found: list[str] = []
    for entry in ledger.given:
        at = f"openapi/{APPROVALS}: {entry.change} ({entry.allows})"
        if entry not in ledger.used:
            found.append(f"{at}: no change of this place says {entry.says!r}: delete the approval, or name one change")
        elif entry.expires < today:
            found.append(f"{at}: expired on {entry.expires}: raise info.version, or argue it again with a new date")
        elif entry.expires - today > LONGEST_APPROVAL:
            found.append(f"{at}: {entry.expires} is too far away: take a date within {LONGEST_APPROVAL.days} days")
    return found
