"""Every operation has one handler and one route, and nothing else is served below the base path."""

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx2 import AsyncClient
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

import app.main as main_module
import app.posts.handlers as posts_handlers
from app.contract import BASE_PATH
from app.gate import Gate, framework_way
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


def test_every_operation_has_exactly_one_route_and_every_route_an_operation() -> None:
    served = Counter(
        (method, route.path, route.operation_id) for route in main_module.operations() for method in route.methods or ()
    )
    expected = {(operation.method, operation.path, operation.name): 1 for operation in operations()}
    assert served == expected


def layers(app: ASGIApp) -> list[ASGIApp]:
    """Return the application and what it wraps, layer by layer."""
    found: list[ASGIApp] = [app]
    while (inner := getattr(found[-1], "app", None) or getattr(found[-1], "_app", None)) is not None:
        found.append(inner)
    return found


def test_nothing_else_is_served_below_the_base_path(app: ASGIApp) -> None:
    gate, framework = layers(app)[-2:]
    assert isinstance(gate, Gate)
    assert isinstance(framework, FastAPI)
    routes = framework.routes
    below = [route for route in routes if isinstance(route, Mount | Route) and route.path.startswith(BASE_PATH)]
    (mount,) = below
    assert isinstance(mount, Mount)
    # It serves what the gate has found, and nothing by itself.
    assert mount.app is framework_way
    assert all(isinstance(route, Mount | Route) for route in routes)
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


def test_a_missing_route_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [route for route in main_module.operations() if route.operation_id != "getPost"]
    monkeypatch.setattr(main_module, "operations", lambda: routes)
    with pytest.raises(RuntimeError, match="no route serves getPost"):
        main_module.create_app()


@pytest.mark.parametrize(("path", "name"), [("/posts/{post_id}/hidden", "getHidden"), ("/elsewhere", "getPost")])
def test_a_route_that_is_not_in_the_contract_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, path: str, name: str
) -> None:
    async def endpoint() -> None:
        """Answer nothing."""

    routes = [APIRoute(path, endpoint, operation_id=name), *main_module.operations()]
    monkeypatch.setattr(main_module, "operations", lambda: routes)
    with pytest.raises(RuntimeError, match="is no operation of the contract"):
        main_module.create_app()


async def test_the_contract_that_is_served_is_the_contract_that_was_written(client: AsyncClient) -> None:
    for name in ("openapi.json", "openapi.yaml"):
        answer = await client.get(f"http://localhost/{name}")
        assert answer.status_code == 200
        assert answer.content == Path(BUNDLE).with_name(name).read_bytes()
