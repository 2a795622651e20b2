"""The JSON of a model, which an answer and its entity tag share: it is written once.

orjson writes what Pydantic would, in less than half the time, wherever JSON has one form for it: texts, numbers, enums,
UUIDs, decimals, moments, and models whose members are called in JSON what they are called here. Everything else
Pydantic writes itself. That both write the same is part of what is checked of answers (app/runtime/answers.py).
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel
from pydantic_core import SchemaSerializer

from app.current import current

Serialize = Callable[..., bytes]

# What is no text, and is written as one. A union would be asked about one after the other as well, but slower.
_TEXTS = (UUID, Decimal)


class Model(Protocol):
    """A model of Pydantic."""

    __pydantic_serializer__: ClassVar[SchemaSerializer]


@cache
def is_plain(model: type[BaseModel]) -> bool:
    """Whether the members of a model are all of its JSON, each under its own name and none in a form of its own."""
    decorators = model.__pydantic_decorators__
    return not (
        model.__pydantic_root_model__
        or model.model_config.get("extra") == "allow"
        or model.model_computed_fields
        or decorators.field_serializers
        or decorators.model_serializers
        or any(
            field.exclude or (field.serialization_alias or name) != name for name, field in model.model_fields.items()
        )
    )


def _members(value: object) -> object:
    """Return what orjson is to write for what it does not know. Raises TypeError for what has no form of its own."""
    if isinstance(value, _TEXTS):
        return str(value)
    if isinstance(value, BaseModel) and is_plain(type(value)):
        members, given = value.__dict__, value.__pydantic_fields_set__
        # What was not given has a default, which is not answered.
        return members if len(members) == len(given) else {name: members[name] for name in members if name in given}
    raise TypeError


def as_json(body: Any, by_pydantic: Serialize) -> bytes:
    """Return a body as JSON, without what was not given."""
    try:
        return orjson.dumps(body, _members, orjson.OPT_UTC_Z)
    except TypeError:
        return pydantic_json(body, by_pydantic)


def pydantic_json(body: Any, by_pydantic: Serialize) -> bytes:
    """Return what Pydantic makes of a body."""
    # Whether it is what was declared is a check of its own; a warning in the log would be half of one.
    return by_pydantic(body, by_alias=True, exclude_unset=True, warnings=False)


def written(resource: Model) -> bytes:
    """Return the JSON that an answer with this body has; the model must not change any more."""
    body = as_json(resource, resource.__pydantic_serializer__.to_json)
    current().written = (resource, body)
    return body


def last_written(resource: object) -> bytes | None:
    """Return the JSON of this very model if it was the last one that the request has written."""
    model, body = current().written
    return body if model is resource else None
