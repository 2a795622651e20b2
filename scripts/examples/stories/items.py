"""What members offer."""

from scripts.examples.stories.media import form, picture
from scripts.examples.teller import Teller

MALLET = {
    "title": "A mallet of pear wood",
    "description": "Used for one almanac, and gently.",
    "price": "24.90",
    "tax": "19",
    "discount_price": "19.99",
    "tags": ["Tools", "wood"],
}


def items(teller: Teller) -> None:
    """Ada offers a mallet, thinks again about the price, and sells it to nobody."""
    anybody, ada = teller.anybody(), teller.member("ada_l")
    anybody.tells("listItems", "newest", "The two newest items.", query={"limit": 2})
    anybody.tells(
        "listItems",
        "cheapest",
        "The cheapest two that can be had for up to 25.00.",
        query={"sort": "price", "in_stock": "true", "max_price": "25.00", "limit": 2},
    )
    anybody.tells("searchItems", "hits", "A search within a range of prices.", query={"q": "type", "min_price": "5.00"})
    anybody.tells("listPopularItems", "popular", "What was looked at most.")
    key = {"Idempotency-Key": "a-mallet"}
    created = ada.tells("createItem", "item", "An item at a discount.", body=MALLET, headers=key)
    item = {"item_id": created.json()["id"]}
    ada.tells("listMyItems", "mine", "The newest of one's own items.", query={"limit": 1})
    _images(teller, item)
    read = ada.does("getItem", path=item).headers["ETag"]
    ada.tells(
        "updateItem",
        "dearer",
        "Another price, and no discount.",
        path=item,
        headers={"If-Match": read},
        body={"price": "29.00", "discount_price": None},
    )
    hidden = ada.does("updateItem", path=item, headers={"If-Match": "*"}, body={"status": "inactive"})
    # Readings of an active item are counted, and each makes another version of it.
    known = {"If-None-Match": hidden.headers["ETag"]}
    ada.tells("getItem", "item", "An item that only its owner sees any more.", path=item)
    ada.tells("getItem", "not_modified", "The item is as it was read.", status=304, path=item, headers=known)
    ada.tells("deleteItem", "deleted", "The end of an item.", path=item, headers={"If-Match": "*"})


def _images(teller: Teller, item: dict[str, str]) -> None:
    """Ada shows the mallet from three sides, and takes one of them off."""
    ada = teller.member("ada_l")
    front = form(("front.png", picture(64, 48)))
    ada.tells("uploadItemImages", "image", "An image, which becomes the last one.", path=item, **front)
    sides = form(("back.png", picture(64, 48)), ("side.png", picture(32, 48)))
    shown = ada.tells("uploadItemImages", "images", "Two more, of which both are kept or none.", path=item, **sides)
    last = item | {"media_id": shown.json()["images"][-1]["id"]}
    ada.tells("removeItemImage", "removed", "One of them is taken off.", path=last)
    five = form(*(("again.png", picture(8, 8)) for _ in range(5)))
    ada.tells("uploadItemImages", "too_many_images", "Five more than two are too many.", path=item, **five)
