"""Every house rule is seen red: one fault each in a small repository that keeps them all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.house_rules.__main__ import violations
from scripts.house_rules.python import MAX_FILE, MAX_FUNCTION, MAX_HANDLER, RULES

ROOT = Path(__file__).parents[2]
HANDLERS = "app/posts/handlers.py"
SERVICE = "app/posts/service.py"
CONTRACT: dict[str, Any] = {
    "components": {"securitySchemes": {"bearer": {"flows": {"password": {"scopes": {"posts:write": "Write posts."}}}}}},
}
CLEAN = {
    ".gitignore": "build/\n",
    "openapi/paths/posts/posts.yaml": "parameters: []\npost:\n  tags: [Posts]\n  operationId: createPost\n",
    "openapi/paths/tags/tags.yaml": "get:\n  operationId: listTags\n  tags: [Tags]\n",
    "generated/openapi.json": json.dumps(CONTRACT),
    "app/__init__.py": "",
    "app/db.py": 'BEGIN = "BEGIN"\n\n\nasync def end(connection):\n    await connection.commit()\n',
    "app/posts/__init__.py": "",
    HANDLERS: """
from app.db import transaction
from app.posts import service
from generated.models import Post, PostCreate
from generated.server import HTTPResult


async def create_post(*, principal, body: PostCreate) -> HTTPResult[Post]:
    async with transaction() as connection:
        post = await service.create(connection, principal, body)
    return HTTPResult(201, post, {"Location": f"/api/v1/posts/{post.id}"})
""",
    SERVICE: """
from dataclasses import dataclass

from app.problems import NotFound
from app.tags.tables import Tag

SLUG = "/users/me and /home are paths of the API, and BEGIN is only a word here"


class PostNotFound(NotFound):
    code = "not_found"


class PostGone(PostNotFound):
    code = "gone"


@dataclass(frozen=True)
class Draft:
    title: str


async def create(connection, principal, body):
    '''Needs posts:write, as the contract says.'''
    # A comment may say COMMIT, SELECT and posts:write.
    return Tag
""",
    "app/posts/tables.py": "",
    "app/tags/__init__.py": "",
    "app/tags/handlers.py": "async def list_tags(*, principal):\n    return principal\n",
    "app/tags/service.py": "",
    "app/tags/tables.py": "class Tag: ...\n",
    "scripts/generate.py": "import yaml\n",
    "tests/test_posts.py": "import yaml\nfrom fastapi import FastAPI\n",
    "build/anything.txt": f"{Path.home()}/.cache\n",
}


def lines(count: int) -> str:
    return "".join(f"    step{number} = {number}\n" for number in range(count))


FAULTS = {
    "file-length": [("app/pages.py", "x = 1\n" * (MAX_FILE + 1))],
    "function-length": [("app/pages.py", f"def f():\n{lines(MAX_FUNCTION)}")],
    "handler-length": [(HANDLERS, f"async def create_post():\n{lines(MAX_HANDLER + 1)}")],
    "handler-sql": [
        (HANDLERS, "import sqlalchemy\nasync def create_post(): ...\n"),
        (HANDLERS, "from app.sql import Statement\nasync def create_post(): ...\n"),
        (HANDLERS, "from app.posts import tables\nasync def create_post(): ...\n"),
        (HANDLERS, "async def create_post():\n    return 'SELECT id FROM post'\n"),
        (HANDLERS, "async def create_post(c):\n    return await c.fetchrow(1)\n"),
    ],
    "handler-permission": [
        (
            HANDLERS,
            "async def create_post(principal):\n    if principal.role == 'admin':\n        return 1\n",
        ),
        (HANDLERS, "async def create_post(principal):\n    return 1 if principal else 2\n"),
    ],
    "framework": [
        (SERVICE, "from fastapi import Request\n"),
        (SERVICE, "import starlette.responses\n"),
        (SERVICE, "@router.get('/posts')\ndef f(): ...\n"),
        (SERVICE, "def f():\n    raise HTTPException(404)\n"),
        (SERVICE, "def f():\n    return JSONResponse({})\n"),
    ],
    "scope-literal": [(SERVICE, "def f(p):\n    return 'posts:write' in p.scopes\n")],
    "foreign-handlers": [
        (SERVICE, "from app.tags import handlers\n"),
        (SERVICE, "from app.tags.handlers import list_tags\n"),
        (SERVICE, "from ..tags import handlers\n"),
    ],
    "slice-cycle": [("app/tags/service.py", "from app.posts import service\n")],
    "commit": [
        (SERVICE, "async def f(c):\n    await c.commit()\n"),
        (SERVICE, "async def f(c):\n    await c.run('BEGIN')\n"),
    ],
    "clock-and-ids": [
        (SERVICE, "from datetime import UTC, datetime\nNOW = datetime.now(UTC)\n"),
        (SERVICE, "import datetime\nNOW = datetime.datetime.now()\n"),
        (SERVICE, "from uuid import uuid4\n"),
        (SERVICE, "import secrets\n"),
        (SERVICE, "from sqlalchemy import func\nNOW = func.clock_timestamp()\n"),
        (SERVICE, "from sqlalchemy import func\nID = func.gen_random_uuid()\n"),
    ],
    "yaml-import": [
        ("app/contract.py", "import yaml\n"),
        ("app/contract.py", "from yaml import safe_load\n"),
    ],
    "service-class": [
        (SERVICE, "class PostService:\n    def create(self): ...\n"),
        (SERVICE, "from dataclasses import dataclass\n@dataclass\nclass Draft:\n    title: str\n"),
        (SERVICE, "class Draft(NamedTuple):\n" + "".join(f"    a{n}: int\n" for n in range(25))),
    ],
    "slice-files": [("app/posts/utils.py", ""), ("app/posts/deeper/service.py", "")],
    "handlers": [
        (HANDLERS, "async def make_post(): ...\n"),
        ("app/tags/handlers.py", "async def list_tags(): ...\nasync def create_post(): ...\n"),
        ("app/tags/handlers.py", ""),
    ],
    "machine-path": [
        ("README.md", f"Run {Path.home()}/bin/galley\n"),
        # house: machine-path because it is planted.
        ("README.md", "See /home/ada/galley\n"),
    ],
    "registry": [
        # house: registry because it is planted.
        ("notes.md", "pip install --index-url=https://packages.example\n"),
        # In parts, so that no host is named here.
        ("requirements.lock", "https://files." + "python" + "hosted.org/packages/a.whl\n"),
        # house: registry because it is planted.
        ("package-lock.json", '"resolved": "https://registry.example/a.tgz"\n'),
    ],
    "escape": [(SERVICE, "# house: commit because nothing here needs it.\nx = 1\n")],
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Write a small repository that keeps every rule."""
    for name, text in CLEAN.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_passes_a_repository_that_keeps_the_rules(repository: Path) -> None:
    files, found = violations(repository)
    assert found == []
    # The ignored file is not looked at.
    assert files == len(CLEAN) - 1


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [(rule, file, text) for rule, cases in FAULTS.items() for file, text in cases],
    ids=[f"{rule}-{number}" for rule, cases in FAULTS.items() for number in range(len(cases))],
)
def test_reports_the_fault(repository: Path, rule: str, file: str, text: str) -> None:
    (repository / file).parent.mkdir(exist_ok=True)
    (repository / file).write_text(text)
    _, found = violations(repository)
    assert rule in {violation.rule for violation in found}, found
    # A file that is overwritten loses its handler as well.
    for violation in found:
        assert violation.rule in {rule, "handlers"}, found


def test_a_missing_handler_is_reported_where_the_contract_names_the_operation(repository: Path) -> None:
    (repository / "app/tags/handlers.py").write_text("")
    (repository / "openapi/paths/tags/broken.yaml").write_text("get: [\n")
    _, (found,) = violations(repository)
    remedy = "write `async def list_tags` in app/tags/handlers.py."
    assert str(found) == f"openapi/paths/tags/tags.yaml:2 handlers: listTags has no handler: {remedy}"


def test_every_rule_has_a_fault() -> None:
    assert RULES.keys() - FAULTS.keys() == set()


def test_every_rule_is_explained_to_contributors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert [rule for rule in FAULTS if f"`{rule}`" not in text] == []


@pytest.mark.parametrize("place", ["same line", "line above"])
def test_an_escape_with_a_reason_excuses_one_line(repository: Path, place: str) -> None:
    escape = "# house: commit because a savepoint needs it."
    excused = f"    {escape}\n    c.commit()\n" if place == "line above" else f"    c.commit()  {escape}\n"
    (repository / SERVICE).write_text(f"def f(c):\n{excused}    c.commit()\n")
    _, found = violations(repository)
    assert [violation.rule for violation in found] == ["commit"]
    assert found[0].line == len((repository / SERVICE).read_text().splitlines())


def test_an_escape_without_a_reason_excuses_nothing(repository: Path) -> None:
    (repository / SERVICE).write_text("def f(c):\n    c.commit()  # house: commit\n")
    _, found = violations(repository)
    assert [violation.rule for violation in found] == ["commit"]


def test_the_command_names_file_line_rule_and_remedy(repository: Path) -> None:
    command = [sys.executable, "-m", "scripts.house_rules"]
    # Its own modules are ours, whatever those of the repository are called.
    environment = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}

    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"house rules: {len(CLEAN) - 1} files, 0 violations\n")

    (repository / SERVICE).write_text("\nimport fastapi\n")
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith(f"{SERVICE}:2 framework: no fastapi in a slice: take what")
    assert done.stdout.splitlines()[1] == f"house rules: {len(CLEAN) - 1} files, 1 violations"
