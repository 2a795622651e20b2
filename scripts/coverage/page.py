"""The matrix: a row per operation, and beside it everything that the contract says of it, met, missing or exempt."""

from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template

from scripts.coverage.contract import (
    ANSWERS,
    ANY,
    CODE,
    ENUM,
    HEADER,
    PARAMETER,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
    Contract,
    Operation,
)
from scripts.coverage.record import Seen, together
from scripts.coverage.verdict import Verdict, named

_PAGE = Template(Path(__file__).with_name("page.html").read_text())


def _chip(cell: Cell, label: str, verdict: Verdict, seen: Mapping[Cell, int]) -> str:
    title = escape(named(cell), quote=True)
    if cell in verdict.met:
        return f'<span class="chip" title="{title}">{escape(label)} <i>{seen[cell]}</i></span>'
    if cell in verdict.exempt:
        reason = escape(verdict.exempt[cell], quote=True)
        return f'<span class="chip exempt" title="{title}: exempt. {reason}">{escape(label)}</span>'
    return f'<span class="chip missing" title="{title}: never seen">✗ {escape(label)}</span>'


def _chips(cells: Iterable[Cell], verdict: Verdict, seen: Mapping[Cell, int], *, places: bool) -> str:
    """Return the chips of some cells, under a line per place where places tell them apart."""
    parts: list[str] = []
    for place, group in groupby(cells, key=lambda cell: cell.place):
        if places and place:
            parts.append(f'<span class="group">{escape(place)}</span>')
        parts += [_chip(cell, cell.value, verdict, seen) for cell in group]
    return f'<div class="chips">{"".join(parts)}</div>' if parts else ""


def _answers(cells: Iterable[Cell], verdict: Verdict, seen: Mapping[Cell, int]) -> str:
    """Return the chips of what was answered: media type by media type, a chip per status."""
    by_kind: dict[str, list[Cell]] = {}
    for cell in cells:
        by_kind.setdefault(cell.value, []).append(cell)
    parts = [
        f'<span class="group">{escape(kind)}</span>' + "".join(_chip(cell, cell.place, verdict, seen) for cell in found)
        for kind, found in by_kind.items()
    ]
    return f'<div class="chips">{"".join(parts)}</div>' if parts else ""


def _row(operation: Operation | None, verdict: Verdict, seen: Mapping[Cell, int], statuses: list[str]) -> str:
    name = operation.name if operation else ANY
    cells = [cell for cell in verdict.due if cell.operation == name]

    def of(dimension: str) -> list[Cell]:
        return [cell for cell in cells if cell.dimension == dimension]

    by_status = {cell.value: cell for cell in of(STATUS)}
    columns = [
        f'<td class="status{" first" if number == 0 else ""}">'
        + (
            _chip(by_status[status], "✓" if by_status[status] in verdict.met else status, verdict, seen)
            if status in by_status
            else ""
        )
        for number, status in enumerate(statuses)
    ]
    where = f"{operation.method} {operation.path or '(webhook)'}" if operation else "what all of them share"
    return (
        f'<tr><th scope="row">{escape(name)}<small>{escape(where)}</small>{"".join(columns)}'
        f'<td class="first">{_answers(of(ANSWERS), verdict, seen)}'
        f"<td>{_chips(of(SENDS), verdict, seen, places=False)}"
        f'<td class="first">{_chips(of(SECURITY), verdict, seen, places=True)}'
        f'<td class="first">{_chips(of(PARAMETER), verdict, seen, places=True)}'
        f"<td>{_chips(of(ENUM), verdict, seen, places=True)}"
        f"<td>{_chips(of(HEADER), verdict, seen, places=True)}"
        f'<td class="first">{_chips(of(CODE), verdict, seen, places=False)}'
    )


def _sums(verdict: Verdict) -> str:
    return "".join(
        f'<div class="sum"><b>{met} of {due}</b>{escape(dimension)}{f", {exempt} exempt" if exempt else ""}'
        f'<meter min="0" max="{max(due, 1)}" value="{met + exempt}" low="{due}" optimum="{due}"></meter></div>'
        for dimension, (met, due, exempt) in verdict.counts().items()
    )


def _faults(verdict: Verdict) -> str:
    faults = verdict.faults()
    lines = "".join(f"<li>{escape(fault)}</li>" for fault in faults)
    return f'<div class="faults"><h2>{len(faults)} to mend</h2><ul>{lines}</ul></div>' if faults else ""


def _origins(runs: Mapping[str, Seen], verdict: Verdict) -> str:
    rows: list[str] = []
    for name, seen in runs.items():
        others = {cell for other, cells in runs.items() if other != name for cell in cells}
        met = [cell for cell in verdict.due if cell in seen]
        alone = sum(cell not in others for cell in met)
        rows.append(f"<tr><td>{escape(name)}<td>{len(met)}<td>{alone}")
    return "".join(rows)


def _exemptions(verdict: Verdict) -> str:
    by_reason: dict[str, list[Cell]] = {}
    for cell, reason in verdict.exempt.items():
        by_reason.setdefault(reason, []).append(cell)
    lines = [
        f"<li>{escape(reason)}<br><span class='soft'>{'; '.join(escape(named(cell)) for cell in cells)}</span></li>"
        for reason, cells in by_reason.items()
    ]
    return f"<ul>{''.join(lines)}</ul>" if lines else "<p>None.</p>"


def render(contract: Contract, verdict: Verdict, runs: Mapping[str, Seen]) -> str:
    """Return the page, complete in itself."""
    seen = together(runs)
    statuses = sorted({cell.value for cell in verdict.due if cell.dimension == STATUS})
    operations: list[Operation | None] = [*contract.operations, None]
    return _PAGE.substitute(
        met=len(verdict.met),
        due=len(verdict.due),
        runs=escape(", ".join(runs)),
        sums=_sums(verdict),
        faults=_faults(verdict),
        statuses="".join(
            f'<th scope="col" class="status{" first" if i == 0 else ""}">{s}' for i, s in enumerate(statuses)
        ),
        rows="\n".join(_row(operation, verdict, seen, statuses) for operation in operations),
        origins=_origins(runs, verdict),
        exemptions=_exemptions(verdict),
    )
