"""The mutants themselves: one that no test can see is listed as a survivor, one that changes nothing proves nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.mutants import catalogue
from tests.mutants.__main__ import report

ROOT = Path(__file__).parents[2]
PLANT = """
from tests.mutants import catalogue
from tests.mutants.mutant import Mutant

def drowsy(_, answer): return answer.with_header("date", "Mon, 01 Jan 2029 00:00:00 GMT")
def halved(_, answer): return answer.with_body(answer.body[:20])

catalogue.mutants = lambda: [
    Mutant("survives", "getTag", say=drowsy),
    Mutant("dies", "getTag", say=halved),
    Mutant("idles", "getTag"),
]
"""


def planted(folder: Path) -> list[dict[str, Any]]:
    """Run the loop over these mutants alone, and return what became of them."""
    (folder / "planted.py").write_text(PLANT)
    output = folder / "outcomes.json"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{folder}", "MUTANTS_OUTPUT": str(output)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "planted", "-p", "tests.mutants.loop"]
    command += ["-p", "no:cacheprovider", "tests/tags/test_tags.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert output.exists(), done.stdout + done.stderr
    return json.loads(output.read_bytes())


def test_tell_what_became_of_them(tmp_path: Path) -> None:
    survivor, dead, idle = planted(tmp_path)
    assert survivor["by"] == ""
    assert "::TestGetTag::" in dead["by"]
    assert "ContractBroken" in dead["reason"]
    assert (idle["by"], idle["reason"]) == ("", "never planted")


def test_survivors_stand_first_in_the_report() -> None:
    caught = {"kind": "a", "operation": "getTag", "place": "", "by": "tests/x.py", "reason": "one | two"}
    rows = report([caught, caught | {"kind": "z", "by": ""}]).splitlines()
    assert rows[2:] == ["| z | getTag | **nothing** | one \\| two |", "| a | getTag | tests/x.py | one \\| two |"]


def test_there_are_kinds_enough() -> None:
    assert len({mutant.kind for mutant in catalogue.mutants()}) >= 100
