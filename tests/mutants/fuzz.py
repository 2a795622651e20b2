"""Mutants of the contract that only requests which nobody thought of can tell apart: schemathesis against each.

One service and one database serve them all; only the document that schemathesis holds differs.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from scripts.contract.accounts import populate
from scripts.contract.runs import BUNDLE, Plan, run, write_settings
from scripts.contract.service import serving
from scripts.databases import create_database, throwaway_server
from tests.mutants.mutant import Mutant

# Who may call every operation; the contract tests know each of them.
ROLE = "manager"
SEED = 20261121
EXAMPLES = 15


class NotSound(Exception):
    """Schemathesis complains of the true contract, so that what it says of a mutant means nothing."""


def _complaint(address: str, settings: Path, folder: Path, operations: Iterable[str], document: Path) -> str:
    plan = Plan(EXAMPLES, SEED, only=tuple(operations), document=document)
    return "; ".join(run(ROLE, address, settings, folder, plan).complaints)


def complaints(mutants: list[Mutant]) -> Iterator[tuple[Mutant, str]]:
    """Yield what schemathesis says of each mutant, or nothing when it says nothing. Raises NotSound."""
    with TemporaryDirectory() as name, throwaway_server() as server:
        folder = Path(name)
        dsn = create_database(server, "mutants")
        with serving(dsn, folder) as address:
            settings = write_settings(ROLE, populate(address, dsn, ROLE), folder)

            def judged(numbered: tuple[int, Mutant]) -> str:
                number, mutant = numbered
                own = folder / str(number)
                own.mkdir()
                document = own / "openapi.json"
                document.write_bytes(orjson.dumps(mutant.document))
                return _complaint(address, settings, own, [mutant.operation], document)

            control = _complaint(address, settings, folder / "control", {item.operation for item in mutants}, BUNDLE)
            if control:
                raise NotSound(control)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                yield from zip(mutants, pool.map(judged, enumerate(mutants)), strict=True)
