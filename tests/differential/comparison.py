"""The comparison: many requests to both servers, and of those that are answered differently the shortest form."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, cast

from app.contract import Operation, operations
from tests.differential.decided import TABLE, judged
from tests.differential.generated import cases
from tests.differential.mutations import mutated
from tests.differential.raw import Raw, differing
from tests.differential.recorded import recorded
from tests.differential.sides import Pair, Sides

# So many requests are tried for the shortest form of one that is answered differently.
_MOST_TRIES = 400
_MODES = 2
# Of fewer requests, some decisions are met by chance alone.
ENOUGH = 50_000


class Amount(NamedTuple):
    """How many requests, and how many of them from schemathesis: valid and invalid ones of every n-th operation."""

    requests: int
    per_mode: int
    every: int = 1

    @classmethod
    def of(cls, count: int) -> "Amount":
        """Return a number of requests, a tenth of which schemathesis makes."""
        return cls(count, max(count // 10 // (_MODES * len(operations())), 1))


class Difference(NamedTuple):
    """A request that is answered differently, and no decision says why."""

    parts: list[str]
    pair: Pair

    def __str__(self) -> str:
        return (
            f"{', '.join(self.parts)}\n  {self.pair.raw}\n  generated:\n{self.pair.old}\n  compiled:\n{self.pair.new}"
        )


@dataclass(slots=True)
class Tally:
    """What the comparison has seen. Of differences of one kind the first is kept."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    met: Counter[str] = field(default_factory=Counter[str])
    found: Counter[tuple[object, ...]] = field(default_factory=Counter[tuple[object, ...]])
    shown: list[Difference] = field(default_factory=list[Difference])

    def complaints(self) -> list[str]:
        """Say what was found, and which decisions no request has met, so that none outlives its difference."""
        found = [f"{self.found.total():,} answered differently, of {len(self.found)} kinds"] if self.found else []
        if self.requests < ENOUGH:
            return found
        return found + [f"no request met what was decided: {entry.name}" for entry in TABLE if not self.met[entry.name]]


def requests(amount: Amount, seed: int) -> Iterator[Raw]:
    """Yield what was recorded and what schemathesis makes, and then mutations of both, the same for the same seed."""
    random = Random(seed)  # noqa: S311 - It chooses requests of a test.
    known = operations()
    base: list[tuple[Raw, Operation]] = []
    for operation in known.values():
        base += [(raw, operation) for raw in recorded(operation, random)]
    base += cases(known, amount.per_mode, seed, amount.every)
    for at in range(amount.requests):
        raw, operation = base[at] if at < len(base) else random.choice(base)
        yield raw if at < len(base) else mutated(raw, operation, random)


def _shorter(raw: Raw) -> Iterator[Raw]:
    """Yield requests that say less."""
    for at in range(len(raw.headers)):
        yield raw._replace(headers=raw.headers[:at] + raw.headers[at + 1 :])
    pairs = raw.query.split(b"&")
    for at in range(len(pairs) if raw.query else 0):
        yield raw._replace(query=b"&".join(pairs[:at] + pairs[at + 1 :]))
    if raw.body:
        yield raw._replace(body=b"")
    try:
        document: Any = json.loads(raw.body)
    except (ValueError, RecursionError):
        yield raw._replace(body=raw.body[: len(raw.body) // 2])
        return
    members = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    for name in members:
        rest = json.dumps({key: members[key] for key in members if key != name}, ensure_ascii=False)
        yield raw._replace(body=rest.encode("utf-8", "surrogatepass"))


async def _difference(sides: Sides, raw: Raw) -> Difference | None:
    pair = await sides.ask(raw)
    parts, _ = await judged(sides, pair)
    return Difference(parts, pair) if parts else None


async def shortest(sides: Sides, difference: Difference) -> Difference:
    """Return the same difference of the shortest request that is found to have it."""
    tries = 0
    candidates = _shorter(difference.pair.raw)
    while (candidate := next(candidates, None)) is not None and tries < _MOST_TRIES:
        tries += 1
        found = await _difference(sides, candidate) if candidate != difference.pair.raw else None
        if found is not None and _kind(found) == _kind(difference):
            difference, candidates = found, _shorter(candidate)
    return difference


def _kind(difference: Difference) -> tuple[object, ...]:
    """Return what differences have in common that have one reason, most of the time."""
    _, old, new = difference.pair
    return (*difference.parts, old.status, old.code, new.status, new.code)


async def compare(sides: Sides, raws: Iterable[Raw], most_shown: int = 10) -> Tally:
    """Ask both servers the same, and tell what they answered differently; of so many kinds, show it."""
    tally = Tally()
    for raw in raws:
        pair = await sides.ask(raw)
        tally.requests += 1
        tally.statuses[pair.new.status] += 1
        if not differing(pair.old, pair.new):
            continue
        parts, met = await judged(sides, pair)
        tally.met.update(met)
        if not parts:
            continue
        difference = Difference(parts, pair)
        kind = _kind(difference)
        tally.found[kind] += 1
        if tally.found[kind] == 1 and len(tally.shown) < most_shown:
            tally.shown.append(await shortest(sides, difference))
    return tally
