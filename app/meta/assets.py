"""What the pages load: our own style and scripts, and Swagger UI of the wheel `fastapi-offline`.

An address contains a checksum of the bytes behind it, so that a browser may keep an asset for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.meta.documents import Document, answer, document

FOR_EVER = "public, max-age=31536000, immutable"
MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
OUR_OWN = ("galley.css", "site.js", "icon.svg", "docs.css", "docs.js", "account.js")
FROM_WHEEL = ("swagger-ui.css", "swagger-ui-bundle.js")


@dataclass(frozen=True, slots=True)
class Assets:
    """The assets by the name in their address, and that address by the name of their file."""

    documents: Mapping[str, Document]
    addresses: Mapping[str, str]


def _bytes() -> dict[str, bytes]:
    ours, theirs = files("app") / "static", files("fastapi_offline") / "static"
    found = {name: (ours / name).read_bytes() for name in OUR_OWN}
    return found | {name: (theirs / name).read_bytes() for name in FROM_WHEEL}


@cache
def assets() -> Assets:
    """Read and compress all of them; about 0.1 s and 2.5 MB, once per process."""
    documents: dict[str, Document] = {}
    addresses: dict[str, str] = {}
    for name, body in _bytes().items():
        stem, _, kind = name.rpartition(".")
        fingerprinted = f"{stem}.{sha256(body).hexdigest()[:12]}.{kind}"
        documents[fingerprinted] = document(body, MEDIA_TYPES[kind], cache=FOR_EVER)
        addresses[name] = f"/static/{fingerprinted}"
    return Assets(MappingProxyType(documents), MappingProxyType(addresses))


async def get_asset(request: Request) -> Response:
    """Answer `/static/{name}`; the name is looked up, never used as a path."""
    found = assets().documents.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return answer(request, found)
