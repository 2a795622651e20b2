"""The JSON of a model, which an answer and its entity tag share: it is written once."""

from typing import ClassVar, Protocol

from pydantic_core import SchemaSerializer

from app.current import current


class Model(Protocol):
    """A model of Pydantic."""

    __pydantic_serializer__: ClassVar[SchemaSerializer]


def written(resource: Model) -> bytes:
    """Return the JSON that an answer with this body has; the model must not change any more."""
    body = resource.__pydantic_serializer__.to_json(resource, by_alias=True, exclude_unset=True, warnings=False)
    current().written = (resource, body)
    return body


def last_written(resource: object) -> bytes | None:
    """Return the JSON of this very model if it was the last one that the request has written."""
    model, body = current().written
    return body if model is resource else None
