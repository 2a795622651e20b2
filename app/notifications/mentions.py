"""Whom a text names: `@username`, but not in code and not in addresses."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

# After what belongs to an address, a path or another name there is no mention.
_MENTION = re.compile(r"(?<![A-Za-z0-9_@./-])@([A-Za-z0-9_]{3,50})(?![A-Za-z0-9_])")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TICKS = re.compile("`+")


def named(content: str, limit: int) -> list[str]:
    """Return the names that a Markdown text mentions: lower case, each once, in their order, no more than `limit`."""
    if "@" not in content:
        return []
    prose = _without_spans(_without_fences(content)) if "`" in content or "~~~" in content else content
    return list(dict.fromkeys(match[1].lower() for match in _MENTION.finditer(prose)))[:limit]


def _without_fences(content: str) -> str:
    """Return the text without its fenced blocks (CommonMark 0.31, section 4.5); one that does not end goes on."""
    return "\n".join(_outside(content.splitlines()))


def _outside(lines: list[str]) -> Iterator[str]:
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found and not (found[1].startswith("`") and "`" in found[2]):
            fence = found[1]
        else:
            yield line


def _without_spans(content: str) -> str:
    """Return the text without its code spans (section 6.1): from some backticks to the next that are as many."""
    runs = [match.span() for match in _TICKS.finditer(content)]
    begins: defaultdict[int, list[int]] = defaultdict(list)
    for begin, end in runs:
        begins[end - begin].append(begin)
    kept: list[str] = []
    place = 0
    for begin, end in runs:
        if begin < place:
            continue
        alike = begins[end - begin]
        following = bisect_right(alike, begin)
        if following < len(alike):
            # What stands for the span keeps what is around it apart.
            kept += (content[place:begin], "``")
            place = alike[following] + end - begin
    return "".join(kept) + content[place:]
