"""The files that name what is there: Makefile, CI, settings and their example; each loses what has gone."""

import json
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

MODULE = re.compile(r"-m (scripts(?:\.\w+)+)")
TESTS = re.compile(r"(?<!--ignore=)\b(tests(?:/\w+)+)")
TARGET = re.compile(r"^\.PHONY: ([a-z-]+)$", re.MULTILINE)
RECORDED = "  house/true-examples: error\n"
OWN = "# The product's own"
# What any service runs; the others are about what Galley publishes, measures and shows.
TARGETS = frozenset(
    [
        "help",
        "run",
        "migrate",
        "settings",
        "check",
        "test",
        "contract-test",
        "lint",
        "types",
        "drift",
        "generate",
        "format",
        "lock",
        "clean",
    ]
)
STUBS = """.PHONY: stubs
stubs: $(VENV)/.dev ## Write a handler for every operation that has none, answering from the contract's examples
\t$(BIN)/python -m scripts.stubs"""


def _is_there(root: Path, line: str) -> bool:
    modules = [match.replace(".", "/") for match in MODULE.findall(line)]
    return all((root / f"{module}.py").exists() or (root / module).is_dir() for module in modules) and all(
        (root / path).exists() for path in TESTS.findall(line)
    )


def _rest(root: Path, paragraph: str) -> str:
    """Return the paragraph of a target without the commands that have gone."""
    return "\n".join(line for line in paragraph.split("\n") if not line.startswith("\t") or _is_there(root, line))


def _target(paragraph: str) -> str:
    """Return the name of the target that a paragraph of the Makefile makes, or nothing."""
    match = TARGET.match(paragraph)
    return match[1] if match else ""


def makefile(root: Path) -> set[str]:
    """Keep the targets that any service has, without the commands that have gone; return their names."""
    file = root / "Makefile"
    texts: list[str] = []
    for text in file.read_text().rstrip("\n").split("\n\n"):
        name = _target(text)
        if not name or name in TARGETS:
            texts.append(_rest(root, text))
        if name == "generate":
            texts.append(STUBS)
    # A heading without a target below it has nothing to say.
    texts = [
        text
        for text, after in zip(texts, [*texts[1:], "##@"], strict=True)
        if not (text.startswith("##@") and after.startswith("##@"))
    ]
    made = "\n\n".join(texts) + "\n"
    file.write_text(re.sub(r"^SOURCES := (.*)$", partial(_folders, root), made, count=1, flags=re.MULTILINE))
    return set(TARGET.findall(file.read_text()))


def _folders(root: Path, line: re.Match[str]) -> str:
    return f"SOURCES := {' '.join(name for name in line[1].split() if (root / name).exists())}"


def ci(root: Path, targets: set[str]) -> None:
    """Take out the steps of targets that have gone."""
    file = root / ".ci/run"

    def left(step: re.Match[str]) -> str:
        names = [name for name in step[2].split() if name in targets]
        return " ".join([step[1], *names]) + "\n" if names else ""

    file.write_text(re.sub(r"^(gates?) ([\w -]+)\n", left, file.read_text(), flags=re.MULTILINE))


def spectral(root: Path) -> None:
    """Take out the excuses for places that are Galley's."""
    file = root / ".spectral.yaml"
    head, colon, rest = file.read_text().partition("\noverrides:\n")

    def there(line: str) -> bool:
        schema = re.search(r"#/components/schemas/(\w+)", line)
        return "#/" not in line or (schema is not None and (root / f"openapi/schemas/{schema[1]}.yaml").exists())

    excuses = [
        "".join(line for line in excuse.splitlines(keepends=True) if there(line))
        for excuse in re.split(r"^(?=  # )", rest, flags=re.MULTILINE)
    ]
    left = "".join(excuse for excuse in excuses if "#/" in excuse)
    file.write_text(f"{head}{colon}{left}" if left else f"{head}\n")


def redocly(root: Path) -> None:
    """Switch off the one rule that a service of stubs cannot keep: examples are recorded from a service that works."""
    file = root / "redocly.yaml"
    reason = f"  # {date.today()}: answers are not real yet; switch it on when there is something to record.\n"  # noqa: DTZ011
    file.write_text(file.read_text().replace(RECORDED, f"{reason}{RECORDED.replace(': error', ': off')}"))


def pyproject(root: Path) -> None:
    """Take out of the type checker's folders what has gone."""
    file = root / "pyproject.toml"
    text = file.read_text()
    line = re.search(r"^include = \[(.*)\]$", text, re.MULTILINE)
    if line is not None:
        folders = [name for name in re.findall(r'"([^"]+)"', line[1]) if (root / name).exists()]
        file.write_text(text.replace(line[0], f"include = {json.dumps(folders)}"))


def replace_own(file: Path, text: str) -> None:
    """Put another service's settings in the place of the paragraph of ours."""
    found = re.search(rf"^ *{re.escape(OWN)}[^\n]*\n(?:[^\n]+\n)+", file.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{file.name} has no paragraph that begins with `{OWN}`")
    file.write_text(file.read_text().replace(found[0], text))


def without(file: Path, line: str) -> None:
    """Take out a line that nothing needs any more. Raises ValueError where there is none."""
    text = file.read_text()
    if f"{line}\n" not in text:
        raise ValueError(f"{file.name} has no line `{line}`")
    file.write_text(text.replace(f"{line}\n", "", 1))


def fill(text: str, values: dict[str, str]) -> str:
    """Put values into a text, where `@@name@@` stands for one."""
    look: Callable[[re.Match[str]], str] = lambda match: values[match[1]]  # noqa: E731 - It is shorter than its name.
    return re.sub(r"@@(\w+)@@", look, text)
