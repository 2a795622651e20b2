"""Layout: a list of arguments on one line, or one on each where they do not fit."""

from collections.abc import Sequence


def wrapped(before: str, parts: Sequence[str], after: str, *, width: int, step: int = 4) -> str:
    """Write parts between a beginning and an end, on one line of at most `width` characters if they fit.

    Parts on lines of their own are moved to the right by `step`.
    """
    line = f"{before}{', '.join(parts)}{after}"
    if "\n" not in line and len(line) <= width:
        return line
    inner = "".join(f"{' ' * step}{line}\n" for part in parts for line in f"{part},".split("\n"))
    return f"{before}\n{inner}{after}"
