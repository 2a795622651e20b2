"""A contract that is wrong stops `make generate` and `make lint` with one line, and nothing on disk changes.

The line names the file, the place and the remedy. Each fault is planted in a copy of the whole repository, and the
commands of the make targets run there as they are. What the rules say of other faults is in test_lint.py.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import pytest

from scripts.generate import GenerationError, refuse_invented_names
from scripts.generate import run as generator
from tests.pace import slowness

ROOT = Path(__file__).parents[2]
POSTS, POST = "openapi/paths/posts/posts.yaml", "openapi/paths/posts/post.yaml"
GENERATE_SECONDS = 15
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "node_modules", ".data", "build", "dist", "*cache*", ".hypothesis")


@dataclass(frozen=True)
class Case:
    """A text that replaces another, or a whole file, and what is then said about which line."""

    file: str
    old: str
    new: str
    at: str
    says: str
    remedy: str


CASES = {
    "duplicate operationId": Case(
        POST,
        "operationId: getPost",
        "operationId: listPosts",
        at="operationId: listPosts",
        says=f"The operationId `listPosts` stands in {POSTS}:2 as well.",
        remedy="Give this operation a name of its own.",
    ),
    "unknown reference": Case(
        POSTS,
        "$ref: ../../schemas/PostCreate.yaml",
        "$ref: ../../schemas/PostCraete.yaml",
        at="$ref: ../../schemas/PostCraete.yaml",
        says="There is no openapi/schemas/PostCraete.yaml.",
        remedy="Write that file, or correct the reference. Did you mean PostCreate.yaml?",
    ),
    "unbounded string": Case(
        "openapi/schemas/FieldProblem.yaml",
        "type: string\n    maxLength: 100\n",
        "type: 'string'\n",
        at="type: 'string'",
        says="This string has no maxLength:",
        remedy="add it, or an enum, a const or a format of fixed length (uuid, date, date-time).",
    ),
    "undeclared scope": Case(
        POSTS,
        "['posts:write']",
        "['posts:wirte']",
        at="['posts:wirte']",
        says='The "posts:wirte" scope is not defined in the "bearer" security scheme.',
        remedy="Correct it, or declare the scope under `securitySchemes` in openapi/openapi.yaml. "
        "Did you mean `posts:write`?",
    ),
    "undeclared tag": Case(
        "openapi/paths/auth/login.yaml",
        "tags: [Auth]",
        "tags: [Autt]",
        at="tags: [Autt]",
        says="`Autt`: Operation tags should be defined in global tags.",
        remedy="Take a tag of `tags` in openapi/openapi.yaml, or declare this one there.",
    ),
    "broken YAML": Case(
        POSTS,
        "tags: [Posts]",
        "tags: [Posts",
        at="  summary: List posts",
        says="Failed to parse:",
        remedy="Correct the YAML at this place; nothing else was checked.",
    ),
    "unknown rule": Case(
        "redocly.yaml",
        "  operation-description: error",
        "  operation-describtion: error",
        at="  operation-describtion: error",
        says="Property `operation-describtion` is not expected here.",
        remedy="Correct it; nothing was linted.",
    ),
}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the copy, as a make target does."""
    environment = os.environ | {"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file of the copy with what it holds and when it was written, but those that Git ignores."""
    ignored = {"node_modules", "__pycache__"}
    files = [path for path in folder.rglob("*") if path.is_file() and ignored.isdisjoint(path.parts)]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository, with the tools of this one."""
    folder = tmp_path / "galley"
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    for tools in ("node_modules", ".venv"):
        (folder / tools).symlink_to((ROOT / tools).resolve())
    return folder


def plant(folder: Path, case: Case) -> str:
    """Plant the fault; return where it must be reported."""
    file = folder / case.file
    text = file.read_text()
    assert case.old in text, "the contract has moved on; plant the fault elsewhere"
    file.write_text(text.replace(case.old, case.new, 1))
    line = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if case.at.strip("\n") in line)
    return f"{case.file}:{line}"


@pytest.mark.parametrize("name", CASES)
def test_stops_the_generation_with_one_line_and_changes_nothing(copy: Path, name: str) -> None:
    case = CASES[name]
    place = plant(copy, case)
    before = content(copy)
    done = run(copy, "scripts.generate")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines() or [""]
    assert re.match(rf"{re.escape(place)}[: ]", line), line
    assert case.says in line
    assert line.endswith(case.remedy), line
    assert content(copy) == before


def test_a_contract_that_is_not_there_is_one_line(copy: Path) -> None:
    (copy / "openapi/openapi.yaml").unlink()
    before = content(copy)
    done = run(copy, "scripts.generate")
    expected = "openapi/openapi.yaml: does not exist or is invalid. Correct it; nothing was linted.\n"
    assert (done.returncode, done.stderr) == (1, expected)
    assert content(copy) == before


def work_of_children() -> float:
    """Return the seconds of CPU that programs which have ended have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_missing_handler_is_named_after_generating_and_stops_the_lint(copy: Path) -> None:
    handlers = copy / "app/posts/handlers.py"
    handlers.write_text(handlers.read_text().replace("async def get_post(", "async def _get_post("))
    (number,) = [
        number
        for number, line in enumerate((copy / POST).read_text().splitlines(), 1)
        if line == "  operationId: getPost"
    ]
    remedy = "getPost has no handler: write `async def get_post` in app/posts/handlers.py."
    expected = f"{POST}:{number} handlers: {remedy}"
    before, slow = work_of_children(), slowness()
    generated = run(copy, "scripts.generate")
    # Work, not time on the wall, which other tests share; alone, this takes less, as its parts run side by side.
    assert (work_of_children() - before) / mean((slow, slowness())) < GENERATE_SECONDS
    assert (generated.returncode, generated.stdout.splitlines()) == (0, ["generated/ was up to date", expected])
    written = content(copy)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    done = run(copy, "scripts.house_rules", "handlers")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == expected
    assert {name: kept for name, kept in content(copy).items() if not name.startswith(".git/")} == written


def make_lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `make lint` in the copy with the tools that are there."""
    command = ["make", "--no-print-directory", "-o", ".venv/.dev", "-o", "node_modules/.done", "lint"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_make_lint_stops_at_a_breaking_change_without_a_version(copy: Path) -> None:
    shutil.rmtree(copy / "openapi/releases")
    assert run(copy, "scripts.releases", "release").returncode == 0
    title = copy / "openapi/schemas/PostTitle.yaml"
    title.write_text(title.read_text().replace("maxLength: 200", "maxLength: 180"))
    before = content(copy)
    done = make_lint(copy)
    assert done.returncode == 2
    line = done.stderr.splitlines()[0]
    assert line.startswith("openapi/schemas/PostTitle.yaml: #/components/schemas/PostTitle/maxLength: "), done.stderr
    assert "raise info.version from " in line
    assert content(copy) == before


def test_make_lint_says_the_line_and_stops(copy: Path) -> None:
    case = CASES["undeclared scope"]
    place = plant(copy, case)
    done = make_lint(copy)
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{place}:"), line
    assert line.endswith(case.remedy), line


def test_what_no_rule_foresees_is_refused_where_the_generator_would_make_a_name_up(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text('{"components": {"schemas": {"Post": {}, "Tag": {}}}}')
    models = "class Tag(BaseModel):\n    name: str\n\n\nclass Detail1(BaseModel):\n    a: int\n\n\n"
    models += "class Post(BaseModel):\n    id: int\n    detail: Annotated[Detail1 | None, Field()] = None\n"
    (tmp_path / "client_models.py").write_text("")
    (tmp_path / "models.py").write_text(models)
    with pytest.raises(GenerationError) as refused:
        refuse_invented_names(tmp_path)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("openapi/schemas/Post.yaml #/properties/detail: the generator made up the name Detail1")
    assert line.endswith("Move that schema into a file of its own under openapi/schemas/ and refer to it.")


def test_what_a_generator_says_is_one_line() -> None:
    program = "import sys; print('on the way'); raise ValueError('no such\\nthing')"
    with pytest.raises(GenerationError) as failed:
        generator(sys.executable, "-c", program)
    (line,) = str(failed.value).splitlines()
    assert line.startswith("openapi/openapi.yaml: ")
    assert "thing" in line
