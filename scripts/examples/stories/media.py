"""A portrait: uploaded, made smaller, shown to everybody, and taken away again."""

from typing import Any

from scripts.examples.teller import Teller
from scripts.pictures import picture

_BOUNDARY = "----loom"
_PORTRAIT = (320, 240)
NOTE = "Pattern: over two, under one.\n"


def form(*files: tuple[str, bytes]) -> dict[str, Any]:
    """Return what a request sends that uploads files of these names."""
    parts = b"".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    )
    content = parts + f"--{_BOUNDARY}--\r\n".encode()
    return {"content": content, "headers": {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}}


def media(teller: Teller) -> None:
    """Ada uploads a portrait, and notes."""
    ada = teller.member("ada_l")
    portrait = ada.tells("uploadMedia", "image", "A portrait.", **form(("portrait.png", picture(*_PORTRAIT)))).json()
    files = (("looms.txt", NOTE.encode()), ("card.png", picture(64, 32)))
    notes = ada.tells("uploadMedia", "files", "Two files, of which both are kept or none.", **form(*files)).json()
    place = {"media_id": portrait["items"][0]["id"]}
    job = ada.tells("createVariant", "small", "For a small screen.", path=place, body={"width": 64, "quality": 60})
    teller.make_pictures()
    ada.does("getJob", path={"job_id": job.json()["id"]})
    medium = ada.tells("getMedia", "image", "By now, its thumbnails are there.", path=place)
    known = {"If-None-Match": medium.headers["ETag"]}
    ada.tells("getMedia", "current", "Nothing new.", status=304, path=place, headers=known)
    ada.tells("listMyMedia", "mine", "All images.", query={"kind": "image"})
    _downloads(teller, place, {"media_id": notes["items"][0]["id"]}, medium.json()["variants"][0]["id"])
    ada.tells("setAvatar", "portrait", "Everybody may see it.", body=place)
    teller.anybody().tells("getMedia", "public", "And everybody does.", path=place, shown=False)
    ada.tells("removeAvatar", "removed", "No picture any more.")
    ada.tells("deleteMedia", "deleted", "The portrait goes.", path=place, headers={"If-Match": medium.headers["ETag"]})
    ada.tells("getMedia", "not_found_deleted", "It is gone.", path=place)


def _downloads(teller: Teller, portrait: dict[str, str], notes: dict[str, str], variant: str) -> None:
    """Ada downloads what is hers, and nobody else can."""
    ada, small = teller.member("ada_l"), portrait | {"variant_id": variant}
    for operation, place in (("downloadMedia", portrait), ("downloadVariant", small)):
        whole = ada.tells(operation, "whole", "All of it.", path=place)
        part = {"Range": "bytes=0-15"}
        ada.tells(operation, "part", "The first 16 bytes.", status=206, path=place, headers=part)
        known = {"If-None-Match": whole.headers["ETag"]}
        ada.tells(operation, "known", "What one has is not sent again.", status=304, path=place, headers=known)
    ada.tells("downloadMedia", "notes", "A document is offered as a file.", path=notes, shown=False)
    beyond = {"Range": "bytes=1000-"}
    ada.tells("downloadMedia", "range_not_satisfiable", "It is shorter.", path=notes, headers=beyond)
    bram = teller.member("bram")
    bram.tells("downloadMedia", "not_found_elsewhere", "Somebody else's file.", path=portrait)


def refused_media(teller: Teller) -> None:
    """What is not kept, and what is not done."""
    ada = teller.member("ada_l")
    page = form(("portrait.png", b"<!DOCTYPE html><title>No portrait</title>"))
    ada.tells(
        "uploadMedia", "unsupported_media_type_page", "The name says PNG, and the content that it is a page.", **page
    )
    cut = form(("portrait.png", picture(*_PORTRAIT)[:100]))
    ada.tells("uploadMedia", "validation_failed_cut", "The end of it is missing.", **cut)
    notes = ada.does("uploadMedia", **form(("looms.txt", NOTE.encode()))).json()["items"][0]
    place = {"media_id": notes["id"]}
    ada.tells("createVariant", "not_an_image", "Notes are no image.", path=place, body={"width": 64})
