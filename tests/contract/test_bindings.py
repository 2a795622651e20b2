"""Every operation has one handler and one plan, and nothing else is served below the base path."""

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

import app.main as main_module
import app.posts.handlers as posts_handlers
from app.contract import BASE_PATH
from app.runtime.dispatch import Dispatch
from tests.contract.document import BUNDLE, base_path, contract, operations

SLICES = sorted(path.parent.name for path in (BUNDLE.parents[1] / "app").glob("*/handlers.py"))


def snake_case(name: str) -> str:
    """Return the name of a handler: createPost is create_post."""
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def handlers() -> Iterator[tuple[str, str]]:
    """Yield every public function that is defined in a module of handlers, after the module's slice."""
    for name in SLICES:
        module = importlib.import_module(f"app.{name}.handlers")
        for function, _ in inspect.getmembers(module, inspect.iscoroutinefunction):
            if getattr(module, function).__module__ == module.__name__ and not function.startswith("_"):
                yield name, function


def test_every_operation_has_exactly_one_handler_and_every_handler_an_operation() -> None:
    expected = Counter((operation.tag.lower(), snake_case(operation.name)) for operation in operations())
    assert Counter(handlers()) == expected
    assert set(expected.values()) == {1}


def test_every_operation_has_exactly_one_plan() -> None:
    planned = Counter((plan.operation.method, plan.operation.path, plan.operation.name) for plan in main_module.plans())
    expected = {(operation.method, operation.path, operation.name): 1 for operation in operations()}
    assert planned == expected


def layers(app: ASGIApp) -> list[ASGIApp]:
    """Return the application and what it wraps, layer by layer."""
    found: list[ASGIApp] = [app]
    while (inner := getattr(found[-1], "app", None) or getattr(found[-1], "_app", None)) is not None:
        found.append(inner)
    return found


def test_nothing_else_is_served_below_the_base_path(app: ASGIApp) -> None:
    dispatch, framework = layers(app)[-2:]
    assert isinstance(dispatch, Dispatch)
    assert isinstance(framework, FastAPI)
    assert all(isinstance(route, Mount | Route) for route in framework.routes)
    paths = [route.path for route in framework.routes if isinstance(route, Mount | Route)]
    assert paths
    assert not [path for path in paths if f"{path}/".startswith(f"{BASE_PATH}/")]
    assert base_path(contract()) == BASE_PATH


def test_a_missing_handler_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(posts_handlers, "get_post")
    with pytest.raises((AttributeError, RuntimeError), match="get_post"):
        main_module.create_app()


def test_a_surplus_handler_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def publish_everything() -> None: ...

    publish_everything.__module__ = posts_handlers.__name__
    monkeypatch.setattr(posts_handlers, "publish_everything", publish_everything, raising=False)
    with pytest.raises(RuntimeError, match="publish_everything serves no operation"):
        main_module.create_app()


def test_a_handler_that_takes_something_else_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def get_post(*, principal: object, post_id: object) -> None:
        """Answer nothing."""
        del principal, post_id

    get_post.__module__ = posts_handlers.__name__
    monkeypatch.setattr(posts_handlers, "get_post", get_post)
    with pytest.raises(RuntimeError, match="takes post_id, principal; the contract gives if_none_match, include, "):
        main_module.create_app()


async def test_the_contract_that_is_served_is_the_contract_that_was_written(client: AsyncClient) -> None:
    for name in ("openapi.json", "openapi.yaml"):
        answer = await client.get(f"http://localhost/{name}")
        assert answer.status_code == 200
        assert answer.content == Path(BUNDLE).with_name(name).read_bytes()
