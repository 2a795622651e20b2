"""Lint the contract and its journeys, a line per finding: file, place, rule, what is wrong and what to do."""

import sys

from scripts.lint.redocly import LintBroken, documents, lint


def main() -> int:
    """Lint, and say what was found."""
    try:
        found = lint(*documents())
    except LintBroken as broken:
        print(broken)
        return 1
    for finding in found:
        print(finding)
    if not found:
        print("contract: 0 findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
