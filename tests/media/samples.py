"""One small file of every type that is kept, made by code, and how it is sent."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from httpx2 import AsyncClient, Response
from PIL import Image

_EXIF_MAKE, _GPS_IFD = 0x010F, 0x8825
SECRET = b"Babbage & Co"


def picture(form: str = "JPEG", size: tuple[int, int] = (40, 30), *, orientation: int = 1, **options: Any) -> bytes:
    """Return an image that says who made it, where its form can."""
    image = Image.new("RGB", size, (200, 30, 60))
    image.paste((20, 120, 220), (0, 0, size[0] // 2, size[1] // 2))
    if form in ("JPEG", "WEBP"):
        exif = Image.Exif()
        exif[0x0112], exif[_EXIF_MAKE] = orientation, SECRET.decode()
        options["exif"] = exif
    target = BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def doc() -> bytes:
    """Return the least of a compound file in which there is a document of Word."""
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + b"\x3e\x00\x03\x00\xfe\xff\x09\x00" + bytes(480)
    return header + "WordDocument".encode("utf-16-le") + bytes(1_000)


def mp4(brand: bytes = b"isom") -> bytes:
    """Return a video of no pictures."""
    kind = b"ftyp" + brand + bytes(4) + brand
    return b"".join(len(box).__add__(4).to_bytes(4) + box for box in (kind, b"moov", b"mdat" + bytes(100)))


def webm(name: bytes = b"webm") -> bytes:
    """Return the beginning of a video."""
    members = (
        b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82" + bytes([0x80 + len(name)]) + name
    )
    return b"\x1aE\xdf\xa3" + bytes([0x80 + len(members)]) + members + b"\x18\x53\x80\x67" + bytes(50)


FILES: dict[str, bytes] = {
    "image/jpeg": picture("JPEG"),
    "image/png": picture("PNG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
    "application/pdf": b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n",
    "text/plain": "Das Ding an sich.\n\tCafé, 織, ЖД.\r\n".encode(),
    "application/msword": doc(),
    "video/mp4": mp4(),
    "video/webm": webm(),
}
PNG = FILES["image/png"]


async def upload(
    client: AsyncClient, *contents: bytes, name: str = "portrait.png", headers: Mapping[str, str] | None = None
) -> Response:
    """Send files as a browser does."""
    files = [("files", (name, content, "application/x-nothing-in-particular")) for content in contents]
    return await client.post("/media", files=files, headers=headers)


async def kept(client: AsyncClient, content: bytes = PNG, name: str = "portrait.png") -> dict[str, Any]:
    """Return the medium that a file has become."""
    answer = await upload(client, content, name=name)
    assert answer.status_code == 201, answer.text
    (medium,) = answer.json()["items"]
    return medium


def form(*parts: tuple[str, bytes], boundary: str = "loom", end: bool = True) -> tuple[bytes, dict[str, str]]:
    """Return a form of parts, each the words of its Content-Disposition and its content, and the header it needs."""
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: {said}\r\n\r\n".encode() + content + b"\r\n" for said, content in parts
    )
    last = f"--{boundary}--\r\n".encode() if end else b""
    return body + last, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
