"""What the members of the demo publication offer each other."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

# How long ago the first of them was offered; the others followed at equal distances.
SINCE = timedelta(days=60)


class Offer(NamedTuple):
    """An item, and who offers it."""

    owner: str
    title: str
    description: str
    price: str
    tax: str = "0"
    discount_price: str | None = None
    in_stock: bool = True
    status: str = "active"
    tags: tuple[str, ...] = ()
    views: int = 0


OFFERS = (
    Offer(
        "bram",
        "Platen press, needs a new belt",
        "It has printed since 1911 and sees no reason to stop. You carry it.",
        "1450.00",
        discount_price="1290.00",
        tags=("presses", "second-hand"),
        views=412,
    ),
    Offer(
        "ada_l",
        "A case of brass type, twelve point",
        "Complete but for one Q, which nobody has ever missed.",
        "185.00",
        tax="19",
        tags=("typography",),
        views=187,
    ),
    Offer(
        "dora_p",
        "Twenty sheets of nettle paper",
        "Deckle edges, a little green. Takes ink as if it had waited for it.",
        "24.50",
        tax="7",
        tags=("paper",),
        views=96,
    ),
    Offer("keiko", "Walnut ink, a small bottle", "Brown in the jar, black by Thursday.", "9.80", tax="19", views=141),
    Offer(
        "fintan",
        "Composing stick with forty years on it",
        "Never dropped. Well, once.",
        "39.00",
        in_stock=False,
        tags=("typography",),
        views=88,
    ),
    Offer("hiroshi", "A set of five gouges", "Sharp. Please believe me.", "112.00", tax="19", discount_price="99.95"),
    Offer("chidi_o", "Endpapers, mixed, by the kilo", "Other people's, and none twice.", "15.75", tax="7.5", views=33),
    Offer("olga", "Poster roller, hardly any opinions left on it", "Rubber, 30 cm.", "27.40", tax="19", views=57),
    Offer("elif", "Marbling tray, large", "With a comb. It washes off.", "34.00", tax="19", tags=("paper",), views=21),
    Offer(
        "jonas_r", "A licence of a quiet typeface", "You will not notice it.", "60.00", tax="25", tags=("typography",)
    ),
    Offer("ada_l", "Proof prints, a dozen", "The ones with the mistakes.", "12.00", status="draft"),
    Offer("bram", "Flywheel", "Sold to a museum that has room for it.", "300.00", status="inactive", views=64),
)


class Rows(Protocol):
    """What is used of the publication."""

    now: datetime
    users: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    items: list[dict[str, Any]]

    def id_at(self, moment: datetime) -> UUID: ...


def offer_items(rows: Rows) -> None:
    """Add the items, and count them with their tags."""
    members = {user["username"]: user["id"] for user in rows.users}
    for number, offer in enumerate(OFFERS):
        offered = rows.now - SINCE + number * SINCE / len(OFFERS)
        amounts: dict[str, Decimal | None] = {"price": Decimal(offer.price), "tax": Decimal(offer.tax)}
        amounts["discount_price"] = Decimal(offer.discount_price) if offer.discount_price else None
        rows.items.append(
            amounts
            | {
                "id": rows.id_at(offered),
                "owner_id": members[offer.owner],
                "title": offer.title,
                "description": offer.description,
                "in_stock": offer.in_stock,
                "status": offer.status,
                "tags": list(offer.tags),
                "views": offer.views,
                "created_at": offered,
                "updated_at": offered,
            }
        )
    counted = Counter(name for offer in OFFERS if offer.status == "active" for name in offer.tags)
    for tag in rows.tags:
        tag["item_count"] = counted[tag["name"]]
