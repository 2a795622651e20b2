"""Every mutant there is, and the order in which the operations of a kind take their turn."""

from collections.abc import Iterator, Sequence
from random import Random

from tests.mutants import answers, documents, headers, lists, requests, service
from tests.mutants.mutant import Mutant


def mutants() -> Iterator[Mutant]:
    """Yield every mutant of every kind."""
    for part in (answers, headers, lists, requests, service, documents):
        yield from part.mutants()


def spread(kind: str, candidates: Sequence[Mutant]) -> list[Mutant]:
    """Return the candidates of a kind in an order that differs from kind to kind and is the same in every run."""
    return Random(kind).sample(candidates, len(candidates))  # noqa: S311 - An order that repeats is what is wanted.
