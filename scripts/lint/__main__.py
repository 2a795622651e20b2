"""Lint the contract and its journeys, a line per finding: file, place, rule, what is wrong and what to do.

Redocly looks at the sources, with the house's rules; Spectral looks at the bundle, with OWASP's.
"""

import sys

from scripts.lint.redocly import LintBroken, documents, lint
from scripts.lint.spectral import second_opinion


def main() -> int:
    """Lint, and say what was found."""
    try:
        # What is wrong with the sources is wrong with the bundle, too; it is said once.
        found = lint(*documents()) or second_opinion()
    except LintBroken as broken:
        print(broken)
        return 1
    for finding in found:
        print(finding)
    if not found:
        print("contract: 0 findings of Redocly, 0 of Spectral")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
