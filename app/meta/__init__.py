"""The endpoints at the root: for people, probes and generators. None is an operation of the contract."""

from collections.abc import Iterable

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.contract import BASE_PATH, BUNDLE, bundle
from app.meta.assets import get_asset
from app.meta.documents import Document, answer, document, quality
from app.meta.health import Check, Endpoint, get_health, readiness
from app.meta.pages import LINKS, REDOC_POLICY, TOOL_POLICY, contract_page, index_page, problem_pages
from app.problems import Problem

A_MINUTE = "public, max-age=60"


def _fixed(prepared: Document) -> Endpoint:
    async def get_document(request: Request) -> Response:
        return answer(request, prepared)

    return get_document


def _index() -> Endpoint:
    info = bundle()["info"]
    links = {name: href for name, href, _, _ in LINKS} | {"api": BASE_PATH}
    content = {
        "name": info["title"],
        "version": info["version"],
        "description": info["summary"],
        "links": links,
    }
    vary = "Accept, Accept-Encoding"
    plain = document(orjson.dumps(content), "application/json", cache="public, no-cache", vary=vary)
    page = index_page(vary)

    async def get_index(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        wants_page = quality(accept, "text/html", "text/*", "*/*") > quality(
            accept, "application/json", "application/*", "*/*"
        )
        return answer(request, page if wants_page else plain)

    return get_index


def _problem_page(problems: Iterable[type[Problem]]) -> Endpoint:
    pages = problem_pages(problems)

    async def get_problem_page(request: Request) -> Response:
        page = pages.get(request.path_params["code"])
        if page is None:
            raise HTTPException(404)
        return answer(request, page)

    return get_problem_page


def routes(*, check_database: Check, problems: Iterable[type[Problem]]) -> list[BaseRoute]:
    """Return the routes.

    `check_database` raises when the database does not answer. `problems` are the kinds that have a page:
    `app.problems.catalogue()`, called when every slice has been imported.
    """
    # Byte for byte what is committed: consumers may compare checksums.
    as_json = document(BUNDLE.read_bytes(), "application/json", cache=A_MINUTE)
    as_yaml = document(BUNDLE.with_suffix(".yaml").read_bytes(), "application/yaml", cache=A_MINUTE)
    swagger = contract_page("Try it", ("swagger-ui.css", "swagger-ui-bundle.js", "docs.js"), TOOL_POLICY, "system")
    redoc = contract_page("Read it", ("redoc.standalone.js", "redoc.js"), REDOC_POLICY, "light")
    return [
        Route("/", _index()),
        Route("/health", get_health),
        Route("/health/ready", readiness({"database": check_database})),
        Route("/openapi.json", _fixed(as_json)),
        Route("/openapi.yaml", _fixed(as_yaml)),
        Route("/docs", _fixed(swagger)),
        Route("/redoc", _fixed(redoc)),
        Route("/problems/{code}", _problem_page(problems)),
        Route("/static/{name}", get_asset),
    ]
