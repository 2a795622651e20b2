"""From rows to the models of answers."""

from typing import Any, TypeVar, cast

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

# The places where Pydantic keeps what a model consists of. Asking for them by name costs as much again as filling them.
_PLACES = vars(BaseModel)
_SET_MEMBERS, _SET_GIVEN, _SET_EXTRA, _SET_PRIVATE = (
    _PLACES[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


def fill(model: type[Model], members: dict[str, Any]) -> Model:
    """Return the model with exactly these members, which become its own and are answered in their order.

    Nothing is validated: what comes from the database was when it went there, and the tests hold every answer against
    the contract. A list of 20 posts is made in half the time. Enums and nested models must be given as what they are.
    """
    filled = model.__new__(model)
    # What `model_construct` does for a model without aliases, defaults, private attributes and extra members.
    _SET_MEMBERS(filled, members)
    _SET_GIVEN(filled, set(members))
    _SET_EXTRA(filled, None)
    _SET_PRIVATE(filled, None)
    return filled


def unread(model: type[Model], members: dict[str, Any]) -> Model:
    """Return the members where the model would stand, in an answer that is written and never looked into.

    A list is then made of its rows without a model in between. Everything must be as JSON has it: the values of enums,
    UUIDs as texts, members in place of nested models; moments may stay. That it is what the contract declares, and what
    the model would have been, is part of what is checked of answers (app/runtime/answers.py).
    """
    del model
    return cast("Model", members)
