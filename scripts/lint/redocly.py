"""What Redocly finds in the contract: a line per cause, with file, place, rule and remedy."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scripts.lint.remedies import REMEDIES, UNKNOWN, UNREADABLE

ROOT = Path(__file__).parents[2]
REFERENCES = "no-unresolved-refs"
UNUSED = "Nothing refers to "
PATTERNS = "house/portable-patterns"
EXAMPLES = ("no-invalid-schema-examples", "no-invalid-parameter-examples", "no-invalid-media-type-examples")
TWICE = "operation-operationId-unique"
UNPARSED = re.compile(r'Failed to parse: (.+?) in "')
NO_FILE = re.compile(r".*no such file or directory '(.+)'.*")
# How the tool names a place when it does not even begin to lint.
PLACES = (
    re.compile(r"\[1\] (?P<place>\S+:\d+:\d+ at \S+) (?P<text>[^|]+?)\.? \d+ \|.*"),
    re.compile(r"(?P<text>.+?) in \"(?P<place>[^\"]+)\" \((?P<line>\d+:\d+)\).*"),
    re.compile(r"(?P<place>\S+) (?P<text>does not exist or is invalid)\..*"),
)
# What the tool says of itself on the way: a box about Node, and the beginnings and ends of its work.
CHATTER = re.compile(r"^(\W*║.*|\W*[╔╚].*|npm warn .*|validating .*|.*: validated in .*|Failed to load .*:|run `.*)$")
ENVIRONMENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Finding:
    """One place that breaks one rule, and what to do about it."""

    file: str
    line: int
    column: int
    pointer: str
    rule: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Write it in one line, as compilers do, so that editors can jump to it."""
        place = " ".join(filter(None, [f"{self.file}:{self.line}:{self.column}", self.pointer, f"({self.rule})"]))
        said = [re.sub(r"(?<![.?])$", ".", text.strip()) for text in (self.message, self.remedy) if text.strip()]
        return " ".join(f"{place}: {' '.join(said)}".split())


class LintBroken(Exception):
    """The linter could not do its work; the message is one line."""


def redocly(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the tool, which asks the network for nothing."""
    command = [str(root / "node_modules/.bin/redocly"), *arguments]
    if not Path(command[0]).exists():
        raise LintBroken("node_modules/.bin/redocly: the tool is not installed. Run `make node_modules/.done`.")
    environment = os.environ | ENVIRONMENT
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def reason(text: str) -> str:
    """Return what a tool says on the way out, in one line and without its decoration."""
    lines = [line.strip(" \t-•❌🎉") for line in text.splitlines() if line.strip() and not CHATTER.match(line)]
    # A Python program says why it ended in its last line, a traceback stands above.
    if any(line.startswith("Traceback ") for line in lines):
        lines = lines[-1:]
    return " ".join(" ".join(lines[:4]).split())[:400]


def reports(text: str) -> Iterator[dict[str, Any]]:
    """Read what the lint writes: one JSON document per contract, one after the other."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        report, end = decoder.raw_decode(text)
        text = text[end:]
        yield from report["problems"]


def _quoted(problem: dict[str, Any], root: Path) -> str:
    """Return the text that is wrong, where it is a word or two that the message does not repeat."""
    place = problem["location"][0]
    start, end = place["start"], place.get("end", place["start"])
    if start["line"] != end["line"] or place["reportOnKey"]:
        return ""
    lines = (root / place["source"]["ref"]).read_text().splitlines()
    text = lines[start["line"] - 1][start["col"] - 1 : end["col"] - 1] if start["line"] <= len(lines) else ""
    return f"`{text}`: " if re.fullmatch(r"[\w:.-]{1,60}", text) and text not in problem["message"] else ""


def _remedy(problem: dict[str, Any]) -> str:
    rule: str = problem["ruleId"]
    if rule.startswith(("house/", "rule/")):
        return ""
    suggested = f" Did you mean `{problem['suggest'][0]}`?" if problem["suggest"] else ""
    return REMEDIES.get(rule, UNKNOWN) + "." + suggested


def _reference(finding: Finding, root: Path) -> Finding:
    """Say which file is missing, and which one is meant if there is one of almost that name."""
    missing = NO_FILE.match(finding.message)
    if not missing:
        return finding
    path = Path(missing[1])
    near = get_close_matches(path.stem, [file.stem for file in (root / path).parent.glob("*.yaml")], 1, 0.8)
    hint = f" Did you mean {near[0]}.yaml?" if near else ""
    return replace(finding, message=f"There is no {path}", remedy=finding.remedy + hint)


def _twin(finding: Finding, root: Path) -> Finding:
    """Point at the name itself, and say where its twin stands; the linter points at the whole operation."""
    name = finding.pointer.rpartition("/")[2]
    places = [
        (file.relative_to(root).as_posix(), number, line.index("operationId") + 1)
        for file in sorted((root / finding.file).parents[1].rglob("*.yaml"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.fullmatch(rf"\s+operationId: *['\"]?{re.escape(name)}['\"]?\s*", line)
    ]
    own = next((place for place in places if place[0] == finding.file and place[1] >= finding.line), None)
    if own is None:
        return finding
    others = ", ".join(f"{file}:{line}" for file, line, _ in places if (file, line) != own[:2])
    pointer = finding.pointer.removesuffix(name) + "operationId"
    message = f"The operationId `{name}` stands in {others} as well"
    return replace(finding, line=own[1], column=own[2], pointer=pointer, message=message)


def findings(problems: Iterable[dict[str, Any]], root: Path = ROOT) -> list[Finding]:
    """Read the linter's problems, and leave out what only follows from others.

    A file that cannot be read or found makes references dangle, examples fail and other files look unused; one line
    says so, once.
    """
    found = _read(problems, root)
    unreadable = [finding for finding in found if UNPARSED.match(finding.message)]
    if unreadable:
        return [replace(one, message=one.message.partition(' in "')[0], remedy=UNREADABLE) for one in unreadable]
    dangling: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.rule == REFERENCES:
            dangling.setdefault(finding.message, []).append(finding)
    if dangling:
        return [_counted(_reference(same[0], root), len(same) - 1) for same in dangling.values()]
    # What is wrong with a pattern is wrong with its examples; what else is wrong may have orphaned a file.
    if any(finding.rule == PATTERNS for finding in found):
        found = [finding for finding in found if finding.rule not in EXAMPLES]
    causes = [finding for finding in found if not finding.message.startswith(UNUSED)]
    return [_twin(finding, root) if finding.rule == TWICE else finding for finding in causes or found]


def _read(problems: Iterable[dict[str, Any]], root: Path) -> list[Finding]:
    found: dict[Finding, None] = {}
    for problem in problems:
        place = problem["location"][0]
        message = problem["message"].replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
        finding = Finding(
            file=place["source"]["ref"],
            line=place["start"]["line"],
            column=place["start"]["col"],
            pointer=place.get("pointer", ""),
            rule=problem["ruleId"],
            message=_quoted(problem, root) + message,
            remedy=_remedy(problem),
        )
        found[finding] = None
    return list(found)


def _counted(finding: Finding, others: int) -> Finding:
    places = "place refers" if others == 1 else "places refer"
    return replace(finding, message=f"{finding.message}, to which {others} other {places}") if others else finding


def _broken(said: str) -> str:
    """Say where to look when the linter stops before it has begun."""
    for pattern in PLACES:
        if match := pattern.fullmatch(said):
            place = ":".join(filter(None, [match["place"].replace(" at ", " "), match.groupdict().get("line")]))
            return f"{place}: {match['text']}. Correct it; nothing was linted."
    return f"redocly.yaml: {said.rstrip('.')}. Correct what it names; nothing was linted."


def documents(root: Path = ROOT) -> list[str]:
    """Return what there is to lint: the contract, and the journeys through it."""
    journeys = sorted((root / "openapi/workflows").glob("*.arazzo.yaml"))
    return ["openapi/openapi.yaml", *(file.relative_to(root).as_posix() for file in journeys)]


def lint(*names: str, root: Path = ROOT) -> list[Finding]:
    """Lint the contract, or the documents that are named.

    Raises LintBroken when the linter says nothing that can be read, as with a broken redocly.yaml.
    """
    options = ("--config=redocly.yaml", "--lint-config=error", "--format=json", "--max-problems=100000")
    done = redocly("lint", *names, *options, root=root)
    try:
        problems = list(reports(done.stdout))
    except ValueError:
        problems = []
    if done.returncode and not problems:
        raise LintBroken(_broken(reason(done.stderr + done.stdout).replace(f"{root}/", "")))
    return findings(problems, root)
