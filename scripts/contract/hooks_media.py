"""What a client knows of media: files that are what they say, which images are its own, and ranges that there are."""

from itertools import count, cycle
from typing import Any, cast

from scripts.contract.case import Case, operation_of
from scripts.pictures import picture

# So low that what is made of it is small, however wide it is to be.
PICTURE = picture(64, 2)
NOTES = b"Over two, under one."
# Images of the caller's own, and variants by the medium that they are of.
_images: dict[str, None] = {}
_variants: dict[str, str] = {}
# Items of the caller's own that have room for an image, and images with the items that show them.
_items: dict[str, None] = {}
_shown: list[tuple[str, str]] = []
MOST_IMAGES = 5
_files = cycle((("loom.png", PICTURE), ("notes.txt", NOTES)))
# What is made up is ignored for no range at all; one range and several are answered otherwise.
_ranges = cycle(("bytes=0-3", None, "bytes=0-0,4-5"))
_LOW = 8
_turns = count()


def attach(case: Case, kwargs: dict[str, Any]) -> None:
    """Send pictures and notes for what is made up of them, as many as there are."""
    if not isinstance(case.body, dict):
        return
    if operation_of(case) == "uploadMedia":
        chosen = [next(_files) for _ in cast("dict[str, list[object]]", case.body)["files"]]
        kwargs["files"] = [("files", named) for named in chosen]
    if operation_of(case) == "uploadItemImages":
        # An item has room for five.
        kwargs["files"] = [("files", ("loom.png", PICTURE))]


def known(case: Case) -> None:
    """A variant is one of its medium; an account shows an image of its own, of which alone variants are made."""
    operation = operation_of(case)
    if operation == "downloadVariant" and _variants:
        case.path_parameters["media_id"], case.path_parameters["variant_id"] = list(_variants.items())[-1]
    if operation == "createVariant" and _images:
        # Each in its turn: an image has only so many.
        case.path_parameters["media_id"] = list(_images)[next(_turns) % len(_images)]
    if operation == "removeItemImage" and _shown:
        case.path_parameters["item_id"], case.path_parameters["media_id"] = _shown.pop()
    if operation == "uploadItemImages" and _items:
        case.path_parameters["item_id"] = list(_items)[-1]
    if operation == "setAvatar" and _images and isinstance(case.body, dict):
        case.body["media_id"] = list(_images)[-1]


def size(case: Case) -> None:
    """A variant has a width or a height, and is low: the width that follows has a limit, and all are made."""
    if operation_of(case) != "createVariant" or not isinstance(case.body, dict):
        return
    body = cast("dict[str, Any]", case.body)
    if "height" in body or "width" not in body:
        body["height"] = min(body.get("height", _LOW), _LOW)


def parts(case: Case) -> None:
    """A file has the bytes that are asked for."""
    headers = cast("dict[str, str]", case.headers)  # pyright: ignore[reportUnknownMemberType]
    if operation_of(case) in ("downloadMedia", "downloadVariant") and "Range" in headers:
        headers["Range"] = next(_ranges) or headers["Range"].replace("bytes", "lines")


def featured(case: Case) -> None:
    """A post is shown with an image of its author's."""
    if not isinstance(case.body, dict):
        return
    body = cast("dict[str, Any]", case.body)
    posts = cast("list[object]", body["posts"] if isinstance(body.get("posts"), list) else [body])
    for post in posts:
        if isinstance(post, dict) and cast("dict[str, Any]", post).get("featured_image_id"):
            post["featured_image_id"] = max(_images, default=None)


LESSONS = (known, size, parts, featured)


def note(case: Case, document: dict[str, Any]) -> None:
    """Remember images of one's own, and variants."""
    operation = operation_of(case)
    if operation == "createItem":
        _items[document["id"]] = None
    if operation == "uploadItemImages":
        shown = [(document["id"], image["id"]) for image in document["images"]]
        _shown.extend(pair for pair in shown if pair not in _shown)
        if len(document["images"]) == MOST_IMAGES:
            _items.pop(document["id"], None)
    if operation == "listMyItems":
        shown = [(item["id"], image["id"]) for item in document["items"] for image in item["images"]]
        _shown.extend(pair for pair in shown if pair not in _shown)
    media: list[dict[str, Any]] = document["items"] if operation in ("uploadMedia", "listMyMedia") else []
    _images.update((medium["id"], None) for medium in media if medium["kind"] == "image")
    for medium in [document] if operation == "getMedia" else media:
        if medium["variants"]:
            _variants[medium["id"]] = medium["variants"][0]["id"]


def forget(case: Case) -> None:
    """Forget what has gone."""
    if operation_of(case) == "deleteMedia":
        gone = str(case.path_parameters["media_id"])
        _images.pop(gone, None)
        _variants.pop(gone, None)
        _shown[:] = [pair for pair in _shown if pair[1] != gone]
    if operation_of(case) == "deleteItem":
        gone = str(case.path_parameters["item_id"])
        _items.pop(gone, None)
        _shown[:] = [pair for pair in _shown if pair[0] != gone]
