"""Mutants of the service's own rules: its permission table, its statements, its preconditions and its memory."""

import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from app import access, etags, idempotency, pages
from app.access import RULES, Action
from app.contract import role_scopes
from app.sql import Statement
from tests.contract.document import Operation
from tests.mutants.mutant import Mutant, Planted, named

APP = Path(__file__).parents[2] / "app"
_SLOT: Any = Statement.sql


@contextmanager
def everywhere(original: object, other: object) -> Generator[None]:
    """Put something else wherever a module of the service holds the original by name."""
    held = [
        (module, name)
        for path, module in list(sys.modules.items())
        if path.partition(".")[0] == "app"
        for name, value in vars(module).items()
        if value is original
    ]
    for module, name in held:
        setattr(module, name, other)
    Planted.reached = True
    try:
        yield
    finally:
        for module, name in held:
            setattr(module, name, original)


@contextmanager
def rule(action: Action, columns: list[list[Any]]) -> Generator[None]:
    """Put another rule into the permission table."""
    kept = RULES[action]
    RULES[action] = columns
    Planted.reached = True
    try:
        yield
    finally:
        RULES[action] = kept


@contextmanager
def statements(operation: str, change: Callable[[str], str]) -> Generator[None]:
    """Change the SQL that an operation runs."""

    def read(statement: Statement) -> str:
        sql: str = _SLOT.__get__(statement)
        if Planted.serving.get() != operation:
            return sql
        changed = change(sql)
        Planted.reached |= changed != sql
        return changed

    Statement.sql = property(read, _SLOT.__set__)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        Statement.sql = _SLOT


def _nowhere(sql: str) -> str:
    return sql.replace(" WHERE ", " WHERE false AND ", 1) if re.match("UPDATE|DELETE", sql) else sql


def _everything(sql: str) -> str:
    return re.sub(r"AND [a-z_]+\.[a-z_]+ IS NULL|AND [a-z_]+\.is_active", "", sql)


STATEMENTS: dict[str, Callable[[str], str]] = {
    "updates and deletions change nothing": _nowhere,
    "lists are read in the opposite order": lambda sql: re.sub(
        r"\bDESC\b|\bASC\b", lambda match: "ASC" if match[0] == "DESC" else "DESC", sql
    ),
    "edits are not counted": lambda sql: re.sub(r"version \+ \$\d+::INTEGER|version \+ 1", "version", sql),
    "revoked sessions and closed accounts live on": _everything,
    "ties are broken by chance": lambda sql: re.sub(r", [a-z_]+\.id (DESC|ASC)", ", random()", sql),
    "what is said to be now is yesterday": lambda sql: sql.replace(
        "updated_at=now()", "updated_at=now() - interval '1 day'"
    ),
}


async def _never_kept(key: str | None, caller: Any, request: Any, answer: Any, act: Any) -> Any:
    del key
    return await idempotency.once(None, caller, request, answer, act)


def _never_stale(if_match: str, version: int) -> None:
    del if_match, version


def _unsigned(payload: bytes, scope: str) -> bytes:
    del payload, scope
    return b"0" * 12


def _same_for_every_list(payload: bytes, scope: str) -> bytes:
    del scope
    return _SIGNATURE(payload, "")


_SIGNATURE: Callable[[bytes, str], bytes] = pages._signature  # pyright: ignore[reportPrivateUsage]


def _all_roles() -> dict[str, frozenset[str]]:
    every = frozenset[str]().union(*role_scopes().values())
    return dict.fromkeys(role_scopes(), every)


def _planted(original: object, other: object) -> Callable[[], AbstractContextManager[None]]:
    return lambda: everywhere(original, other)


PARTS: dict[str, tuple[Callable[[Operation], Any], Callable[[], AbstractContextManager[None]]]] = {
    "first answers are not kept": (
        lambda operation: "Idempotency-Key" in operation.named("header"),
        _planted(idempotency.once, _never_kept),
    ),
    "cursors are not signed": (lambda operation: "cursor" in operation.named("query"), _planted(_SIGNATURE, _unsigned)),
    "cursors are good for every list": (
        lambda operation: "cursor" in operation.named("query"),
        _planted(_SIGNATURE, _same_for_every_list),
    ),
    "every role holds every scope": (
        lambda operation: any(not operation.scopes <= held for held in role_scopes().values()),
        _planted(access.role_scopes, _all_roles),
    ),
    "no version is asked for": (
        lambda operation: "If-Match" in operation.named("header"),
        _planted(etags.require_match, _never_stale),
    ),
}


def _slice(action: Action) -> str:
    """Return the slice that asks for the action, or, where it has no tests of its own, the one that serves it."""
    asks = next(path.parent.name for path in sorted(APP.glob("*/*.py")) if f"Action.{action.name}" in path.read_text())
    if (APP.parent / "tests" / asks).exists():
        return asks
    return next(path.parent.name for path in sorted(APP.glob("*/handlers.py")) if f"app.{asks} " in path.read_text())


def mutants() -> Iterator[Mutant]:
    """Yield every kind for every operation, and every rule of the permission table both ways."""
    for operation in named(lambda _: True):
        for kind, change in STATEMENTS.items():
            yield Mutant(kind, operation.name, planted=_on(operation.name, change))
        for kind, (fits, planted) in PARTS.items():
            if fits(operation):
                yield Mutant(kind, operation.name, planted=planted)
    for action in Action:
        both: list[tuple[str, list[list[Any]]]] = [("anybody may", [[]]), ("nobody may", [])]
        for name, columns in both:
            yield Mutant(
                f"{name} {action.name.lower()}", "", f"tests/{_slice(action)}/", planted=_ruled(action, columns)
            )


def _on(operation: str, change: Callable[[str], str]) -> Callable[[], AbstractContextManager[None]]:
    return lambda: statements(operation, change)


def _ruled(action: Action, columns: list[list[Any]]) -> Callable[[], AbstractContextManager[None]]:
    return lambda: rule(action, columns)
