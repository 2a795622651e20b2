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


def _status(status: str, cells: Iterable[Cell], verdict: Verdict, seen: Mapping[Cell, int]) -> str:
    """Return what was answered with a status; the media types too where there is a choice, or one is missing."""
    own = [cell for cell in cells if (cell.dimension, cell.value) == (STATUS, status)]
    kinds = [cell for cell in cells if (cell.dimension, cell.place) == (ANSWERS, status)]
    shown = kinds if len(kinds) > 1 or any(cell not in verdict.met for cell in kinds) else []
    return "<br>".join(
        [_chip(cell, "✓" if cell in verdict.met else status, verdict, seen) for cell in own]
        + [_chip(cell, cell.value.rpartition("/")[2], verdict, seen) for cell in shown]
    )


def _row(operation: Operation | None, verdict: Verdict, seen: Mapping[Cell, int], statuses: list[str]) -> str:
    name = operation.name if operation else ANY
    cells = [cell for cell in verdict.due if cell.operation == name]

    def of(*dimensions: str) -> str:
        found = [cell for cell in cells if cell.dimension in dimensions]
        return _chips(found, verdict, seen, places=dimensions != (CODE,))

    columns = [
        f'<td class="status{" first" if number == 0 else ""}">{_status(status, cells, verdict, seen)}'
        for number, status in enumerate(statuses)
    ]
    where = f"{operation.method} {operation.path or '(webhook)'}" if operation else "what all of them share"
    return (
        f'<tr><th scope="row">{escape(name)}<small>{escape(where)}</small>{"".join(columns)}'
        f'<td class="first">{of(SECURITY)}<td class="first">{of(SENDS, PARAMETER)}<td>{of(ENUM)}<td>{of(HEADER)}'
        f'<td class="first">{of(CODE)}'
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
