"""From rows to the models of answers."""

from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def fill(model: type[Model], members: dict[str, Any]) -> Model:
    """Return the model with exactly these members, which become its own and are answered in their order.

    Nothing is validated: what comes from the database was when it went there, and the tests hold every answer against
    the contract. A list of 20 posts is made in half the time. Enums and nested models must be given as what they are.
    """
    filled = model.__new__(model)
    # What `model_construct` does for a model without aliases, defaults, private attributes and extra members.
    object.__setattr__(filled, "__dict__", members)
    object.__setattr__(filled, "__pydantic_fields_set__", set(members))
    object.__setattr__(filled, "__pydantic_extra__", None)
    object.__setattr__(filled, "__pydantic_private__", None)
    return filled
