"""What a client knows of items: which are its own, and that a range of prices begins below its end."""

from decimal import Decimal
from typing import Any, cast

from scripts.contract.case import Case, operation_of

# Items that were made meanwhile, and members who offer something.
_offered: dict[str, None] = {}
_owners: dict[str, None] = {}
_OWNED = ("updateItem", "deleteItem", "uploadItemImages")
_LIMITS = ("min_price", "max_price")


def range_of_prices(case: Case) -> None:
    """What is cheapest is not dearer than what is dearest."""
    query: dict[str, Any] = case.query or {}
    if all(isinstance(query.get(name), str) for name in _LIMITS):
        query["min_price"], query["max_price"] = sorted((query[name] for name in _LIMITS), key=Decimal)


def price(case: Case) -> None:
    """A discount is below the price, and an edit brings both."""
    if operation_of(case) not in ("createItem", "updateItem") or not isinstance(case.body, dict):
        return
    body = cast("dict[str, Any]", case.body)
    if body.get("discount_price"):
        body["discount_price"], body["price"] = "0.01", max("0.02", str(body.get("price", "0.02")), key=Decimal)
    elif "price" in body and operation_of(case) == "updateItem":
        body["discount_price"] = None


def own(case: Case) -> None:
    """Who changes or deletes an item offered it, and whose items are asked for offers some."""
    if operation_of(case) in _OWNED and _offered:
        case.path_parameters["item_id"] = list(_offered)[-1]
    query: dict[str, Any] = case.query or {}
    if operation_of(case) == "listItems" and "owner" in query and _owners:
        query["owner"] = list(_owners)[-1]


LESSONS = (range_of_prices, price, own)


def note(case: Case, document: dict[str, Any]) -> None:
    """Remember what was offered, and by whom."""
    if operation_of(case) == "createItem":
        _offered[document["id"]] = None
        _owners[document["owner"]["username"]] = None


def forget(case: Case) -> None:
    """Forget what has gone."""
    if operation_of(case) == "deleteItem":
        _offered.pop(str(case.path_parameters["item_id"]), None)
