"""Whether what is kept is what the service says."""

from collections.abc import Iterable, Mapping
from difflib import unified_diff

from app.contract import bundle
from scripts.examples.stories import UNTOLD
from scripts.examples.teller import Exchange, declared

FIRST_FAILURE = 400


def stale(operation: str, kept: Mapping[str, str], recorded: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the files of an operation, with the differences, or that it has none."""
    names = sorted(name for name in kept.keys() | recorded.keys() if name.split("/")[1].split(".")[0] == operation)
    if not any(name in recorded for name in names):
        return [f"{operation} has no examples: tell it in scripts/examples/stories and run `make examples`."]
    found: list[str] = []
    for name in names:
        if kept.get(name) != recorded.get(name):
            before, after = kept.get(name, "").splitlines(), recorded.get(name, "").splitlines()
            found.append(
                f"openapi/{name} is not what the service says: run `make examples` and look at the difference."
            )
            found += unified_diff(before, after, "kept", "recorded", lineterm="")
    return found


def untold(operation: str, exchanges: Iterable[Exchange]) -> list[str]:
    """Return the declared statuses of successes, 304 included, that no exchange shows."""
    shown = {str(item.response.status_code) for item in exchanges if item.operation == operation}
    responses = (status for status in declared(operation)["responses"] if status.isdigit())
    return [
        f"{operation} {status} is in no story: tell it in scripts/examples/stories."
        for status in responses
        if int(status) < FIRST_FAILURE and status not in shown
    ]


def untold_problems(recorded: Iterable[str]) -> list[str]:
    """Return the kinds of problems without an example and without a reason, and the reasons that excuse nothing."""
    codes: list[str] = bundle()["components"]["schemas"]["ProblemCode"]["enum"]
    shown = {name.split(".")[1] for name in recorded if name.startswith("examples/")} & set(codes)
    lacking = [f"{code} is in no story: tell it, or say in UNTOLD why it cannot be." for code in codes]
    return [line for code, line in zip(codes, lacking, strict=True) if code not in shown | UNTOLD.keys()] + [
        f"{code} is in UNTOLD and needs no excuse: delete it." for code in UNTOLD if code in shown or code not in codes
    ]
