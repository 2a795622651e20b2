"""Bodies: how much of one is taken, in which form, and what becomes of it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope

from app.contract import Operation, resolve
from app.naming import is_json
from app.problems import MISSING, FieldError, MalformedRequest, UnsupportedMediaType, errors_of
from app.runtime.arrived import Arrived
from app.strict import check_form, limited, parse_json, read_body
from generated import models

FORM = "application/x-www-form-urlencoded"
_NO_BODY: FieldError = {"pointer": "", "code": MISSING, "detail": "Field required"}
_TRIPLET = re.compile(rb"%[0-9A-Fa-f]{2}")


def _members(body: bytes) -> dict[str, str]:
    """Return the members of a form, which says nothing twice. Raises MalformedRequest for what cannot be decoded."""
    check_form(body)
    if body.count(b"%") != len(_TRIPLET.findall(body)):
        raise MalformedRequest("The form cannot be decoded.")
    return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))


class Body:
    """The body of one operation. `model` is the name of its schema."""

    def __init__(self, operation: Operation, described: Mapping[str, Any], *, most_bytes: int) -> None:
        """Compile what the contract says of a request's body. Raises RuntimeError for what nothing here reads."""
        self.media_types = sorted(operation.media_types)
        self.required = bool(described.get("required", False))
        self.streamed = operation.streamed
        self.most_bytes = most_bytes
        schemas = {str(media["schema"].get("$ref", "")).rpartition("/")[2] for media in described["content"].values()}
        if len(schemas) != 1 or "" in schemas:
            raise RuntimeError(f"{operation.name}: a body has one schema, which has a name")
        (self.model,) = schemas
        unread = [name for name in self.media_types if name != FORM and not is_json(name)]
        if unread and not self.streamed:
            raise RuntimeError(f"{operation.name}: a body of {', '.join(unread)} is not read")
        if self.streamed:
            return
        if FORM in self.media_types:
            _only_texts(self.model, operation.name)
        self._validate = TypeAdapter[Any](getattr(models, self.model)).validator.validate_python

    async def accept(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> tuple[Any, Receive]:
        """Return what the body is, if it is in order as what it says to be, and how to receive one that is streamed.

        Raises PayloadTooLarge (413), UnsupportedMediaType (415), MalformedRequest (400) and ValidationFailed (422).
        """
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        receive = limited(receive, headers.get(b"content-length"), self.most_bytes)
        body = b"" if self.streamed else await read_body(receive)
        if content_type not in self.media_types and not (not body and not content_type):
            raise UnsupportedMediaType(f"Send {' or '.join(self.media_types)}.")
        if sum(name == b"content-type" for name, _ in scope["headers"]) > 1:
            # Two readers could each believe another one.
            raise UnsupportedMediaType("Send one Content-Type.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if self.streamed or not content_type:
            return None, receive
        if content_type == FORM:
            return _members(body), receive
        return (parse_json(body) if body else None), receive

    def read(self, arrived: Arrived) -> tuple[Any, list[FieldError]]:
        """Return the model that the body is, and what is wrong with it; where anything is, there is no model."""
        if arrived.document is None:
            return None, [_NO_BODY] if self.required else []
        try:
            # What is no object is told to be none without the name of a class of ours.
            return self._validate(arrived.document, from_attributes=True), []
        except ValidationError as failure:
            return None, errors_of(failure)


def _only_texts(model: str, operation: str) -> None:
    """Raise RuntimeError unless every member of a form is a text: a form has nothing else."""
    members: Mapping[str, Any] = resolve({"$ref": f"#/components/schemas/{model}"}).get("properties", {})
    if others := sorted(name for name, schema in members.items() if resolve(schema).get("type") != "string"):
        raise RuntimeError(f"{operation}: of a form only texts are read; {', '.join(others)} are none")
