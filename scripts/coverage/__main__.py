"""`make coverage`: add up what the runs have seen of the contract, write the matrix, and fail below all of it."""

import sys

from scripts.coverage.contract import Contract
from scripts.coverage.exemptions import BadExemptions, load
from scripts.coverage.record import OUTPUT, ROOT
from scripts.coverage.summary import MATRIX, summarise


def main() -> None:
    """Print a line per fault and per dimension; exit with 1 when there is a fault."""
    try:
        verdict, notes = summarise(OUTPUT, Contract.load(), load().cells)
    except BadExemptions as failure:
        sys.exit(str(failure))
    faults = verdict.faults()
    print(*faults, *notes, *verdict.lines(), f"the matrix: {(OUTPUT / MATRIX).relative_to(ROOT)}", sep="\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
