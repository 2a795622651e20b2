"""The endpoints at the root: for people, probes and generators. None is an operation of the contract."""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.contract import BASE_PATH, BUNDLE, bundle
from app.meta.assets import get_asset
from app.meta.documents import Document, answer, document, quality
from app.meta.health import Check, Endpoint, get_health, readiness
from app.meta.pages import addresses, page

A_MINUTE = "public, max-age=60"
LINKS = {
    "docs": "/docs",
    "redoc": "/redoc",
    "openapi_json": "/openapi.json",
    "openapi_yaml": "/openapi.yaml",
    "health": "/health",
    "ready": "/health/ready",
    "api": BASE_PATH,
}


def _fixed(prepared: Document) -> Endpoint:
    async def get_document(request: Request) -> Response:
        return answer(request, prepared)

    return get_document


def _index() -> Endpoint:
    info = bundle()["info"]
    content = {
        "name": info["title"],
        "version": info["version"],
        "description": info["summary"],
        "links": LINKS,
    }
    vary = "Accept, Accept-Encoding"
    plain = document(orjson.dumps(content), "application/json", cache="public, no-cache", vary=vary)

    async def get_index(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        wants_page = quality(accept, "text/html", "text/*", "*/*") > quality(
            accept, "application/json", "application/*", "*/*"
        )
        return answer(request, page("/", vary) if wants_page else plain)

    return get_index


def _page(address: str) -> Endpoint:
    async def get_page(request: Request) -> Response:
        return answer(request, page(address))

    return get_page


def routes(*, check_database: Check, spared: dict[str, Check] | None = None) -> list[BaseRoute]:
    """Return the routes; a check raises when what it asks does not answer. Those `spared` are not missed much."""
    # Byte for byte what is committed: consumers may compare checksums.
    as_json = document(BUNDLE.read_bytes(), "application/json", cache=A_MINUTE)
    as_yaml = document(BUNDLE.with_suffix(".yaml").read_bytes(), "application/yaml", cache=A_MINUTE)
    return [
        Route("/", _index()),
        Route("/health", get_health),
        Route("/health/ready", readiness({"database": check_database}, spared or {})),
        Route("/openapi.json", _fixed(as_json)),
        Route("/openapi.yaml", _fixed(as_yaml)),
        Route("/static/{name}", get_asset),
        *(Route(address, _page(address)) for address in sorted(addresses() - {"/"})),
    ]
