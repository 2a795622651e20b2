"""Promises with their verdicts, and tables in Markdown."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.bench.figures import Spread


@dataclass(frozen=True, slots=True)
class Target:
    """A promise about speed or memory, and what was measured."""

    what: str
    limit: float
    value: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> str:
        sign = "at least" if self.at_least else "at most"
        verdict = "met" if self.met else "**missed**"
        return f"| {self.what} | {sign} {self.limit:g}{self.unit} | {self.value:.2f}{self.unit} | {verdict} |"


def with_spread(figures: Spread, form: Callable[[float], str]) -> str:
    return f"{form(figures.median)} ({form(figures.low)} to {form(figures.high)})"


def thousands(value: float) -> str:
    return f"{value:,.0f}"


def two_digits(value: float) -> str:
    return f"{value:.2f}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
