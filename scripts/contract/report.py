"""The front page of the reports: a line per role, with the way to what schemathesis wrote about it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from scripts.contract.runs import Plan, Result

# As many lines of a run are printed as a few requests have.
MOST_LINES = 60
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Contract tests</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
  table {{ border-collapse: collapse; width: 100% }}
  th, td {{ border-bottom: 1px solid #ccc; padding: .4rem .8rem; text-align: left; vertical-align: top }}
</style>
<h1>Contract tests</h1>
<p>Seed {seed}, {examples} examples per operation.</p>
<table>
<tr><th>Run<th>Result<th>Cases<th>Seconds<th>Found<th>Reports
{rows}
</table>
"""


def _row(result: Result) -> str:
    found = "<br>".join(map(escape, result.complaints)) or "nothing"
    files = ("html/index.html", "junit.xml", "report.json", "output.txt")
    links = " ".join(f'<a href="{result.name}/{file}">{file.partition("/")[0]}</a>' for file in files)
    verdict = "passed" if result.passed else "failed"
    return f"<tr><td>{result.name}<td>{verdict}<td>{result.cases}<td>{result.seconds:.0f}<td>{found}<td>{links}"


def excerpt(output: Path) -> list[str]:
    """Return what schemathesis printed of the first things that it found: the requests, and what was answered."""
    _, _, found = output.read_text().partition("= FAILURES =")
    return found.partition("= SUMMARY =")[0].splitlines()[1:-1][:MOST_LINES]


def write_index(path: Path, results: Sequence[Result], plan: Plan) -> None:
    """Write the page."""
    rows = "\n".join(map(_row, results))
    path.write_text(_PAGE.format(seed=plan.seed, examples=plan.max_examples, rows=rows))
