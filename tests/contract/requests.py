"""Requests made from the contract: one that is valid for an operation, to be spoiled in one place by a test."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from httpx2 import AsyncClient, Response

from app.sql import Connection, Table
from tests.contract.credentials import HEADERS, alternatives, headers_of, secrets_of
from tests.contract.document import Node, Operation, resolve
from tests.contract.resources import BODIES, PLACES, RESOURCES, SPOKEN_OF
from tests.factories import Factory, Member

JSON = ("application/json", "application/merge-patch+json")
FORM = "application/x-www-form-urlencoded"
# A body that is a file of lines; what is wrong with a line is not told by the answer to the request.
LINES = "application/x-ndjson"
# A body that is files; it is given as members, and sent as a form of this boundary.
FILES, BOUNDARY = "multipart/form-data", "loom"


def sample(schema: Node) -> Any:
    """Return a small valid value: the schema's example, or the least that its keywords allow."""
    schema = resolve(schema)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "oneOf" in schema:
        return sample(schema["oneOf"][0])
    if schema["type"] == "object":
        properties: Node = schema["properties"]
        # A merge patch requires no member, but at least one.
        names = schema.get("required") or list(properties)[: schema.get("minProperties", 0)]
        return {name: sample(properties[name]) for name in names}
    return _LEAST[schema["type"]](schema)


_LEAST: dict[str, Callable[[Node], Any]] = {
    "array": lambda schema: [sample(schema["items"])] * schema.get("minItems", 0),
    "string": lambda schema: "a" * max(schema.get("minLength", 0), 1),
    "boolean": lambda _: True,
    "integer": lambda schema: schema["minimum"],
    "number": lambda schema: schema["minimum"],
}


def _form(body: dict[str, list[bytes]]) -> bytes:
    """Return a form in which every member is files."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="notes"\r\n\r\n'.encode() + file
        for name, files in body.items()
        for file in files
    ]
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


@dataclass(frozen=True)
class Call:
    """A request on its way to be sent; `spoilt` makes another one that differs in one place."""

    operation: Operation
    path: dict[str, str] = field(default_factory=dict)
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def with_headers(self, **headers: str) -> "Call":
        """Return the call with other headers; underscores stand for hyphens."""
        return replace(self, headers=self.headers | {name.replace("_", "-"): value for name, value in headers.items()})

    def by(self, headers: dict[str, str]) -> "Call":
        """Return the call with these credentials and no others."""
        return replace(self, headers={key: kept for key, kept in self.headers.items() if key not in HEADERS} | headers)

    def without_header(self, name: str) -> "Call":
        """Return the call without a header."""
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})

    def content(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        if self.operation.media_type == FILES:
            return _form(self.body)
        if self.operation.media_type == FORM:
            return urlencode(self.body).encode()
        return orjson.dumps(self.body) if self.operation.media_type else b""

    async def send(self, client: AsyncClient) -> Response:
        """Send the call."""
        path = self.operation.path
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return await client.request(
            self.operation.method, path + self.query, headers=self.headers, content=self.content() or None
        )


# One statement for all tables: most tests of the matrix wait for nothing else.
_FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{name}', count(*) || ' ' || md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), ''))"  # noqa: S608 - Names of ours.
    f" FROM {name} AS row"
    for name in sorted(Table.metadata.tables)
)


async def fingerprint(connection: Connection) -> dict[str, str]:
    """Return the number of every table's rows and a checksum of them."""
    return {row[0]: row[1] for row in await connection.fetch(_FINGERPRINT)}


async def _body(operation: Operation, make: Factory, author: Member) -> Any:
    """Return a body that has nothing wrong with it, or None where the operation takes none."""
    if operation.name in BODIES:
        return await BODIES[operation.name](make, author)
    return sample(operation.content[operation.media_type]["schema"]) if operation.media_type else None


async def valid_call(operation: Operation, make: Factory, author: Member) -> Call:
    """Return a request that has nothing wrong with it, about things of `author`, who sends it."""
    path = await PLACES[operation.name](make, author) if operation.name in PLACES else {}
    path = path or {name: await RESOURCES[name][0](make, author) for name in operation.named("path")}
    if operation.name in SPOKEN_OF:
        await SPOKEN_OF[operation.name](make, author)
    query = {name: sample(node["schema"]) for name, node in operation.named("query").items() if node.get("required")}
    # The first is a bearer token but for what only a browser does.
    first = alternatives(operation)[:1]
    headers = headers_of(first[0], await secrets_of(make, author)) if first else {}
    if operation.media_type:
        end = f"; boundary={BOUNDARY}" if operation.media_type == FILES else ""
        headers = headers | {"Content-Type": operation.media_type + end}
    if "If-Match" in operation.named("header"):
        headers = headers | {"If-Match": "*"}
    body = await _body(operation, make, author)
    return Call(operation, path, f"?{urlencode(query)}" if query else "", headers, body)
