"""What is no picture of ours, whatever it is called: each with the type that it lies about."""

import gzip
from io import BytesIO
from zipfile import ZipFile

from app.images.pictures import GIF, JPEG, PNG, WEBP
from tests.images.forging import MARK, jpeg, painting, saved

SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="alert(1)">'
    + MARK
    + b'<image href="file:///etc/passwd"/><foreignObject><iframe src="javascript:alert(1)"/></foreignObject></svg>'
)
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "hostile"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;&c;</text></svg>'
)
HTML = b"<!doctype html><html><body>" + MARK + b"</body></html>"
PDF = (
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)


def zipped(name: str, content: bytes) -> bytes:
    """Return an archive with one file in it, stored as it is."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def _brand(name: bytes) -> bytes:
    """Return how a file of boxes begins: HEIC, AVIF and films alike."""
    return (24).to_bytes(4) + b"ftyp" + name + bytes(4) + name + b"mif1" + (8).to_bytes(4) + b"mdat"


NOT_PICTURES: dict[str, tuple[str, bytes]] = {
    "empty.png": (PNG, b""),
    "one-byte.jpg": (JPEG, b"\xff"),
    "two-bytes.jpg": (JPEG, b"\xff\xd8"),
    "zeros.png": (PNG, bytes(4096)),
    "script.svg": ("image/svg+xml", SVG),
    "svg.png": (PNG, SVG),
    "svg-behind-blanks.gif": (GIF, b"\xef\xbb\xbf \n\t" + SVG),
    "svg-in-gzip.png": (PNG, gzip.compress(SVG, mtime=0)),
    "xml-entities.jpg": (JPEG, ENTITIES),
    "html.jpg": (JPEG, HTML),
    "html.webp": (WEBP, HTML),
    "script-before-jpeg.jpg": (JPEG, MARK + jpeg()),
    "line-before-jpeg.jpg": (JPEG, b"\n" + jpeg()),
    "pdf.jpg": (JPEG, PDF),
    "pdf-and-html.png": (PNG, PDF + HTML),
    "postscript.jpg": (JPEG, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\nshowpage\n"),
    "eps-in-dos.png": (PNG, b"\xc5\xd0\xd3\xc6" + bytes(28) + b"%!PS-Adobe-3.0 EPSF-3.0\n"),
    "tiff.jpg": (JPEG, saved(painting(), "TIFF")),
    "bigtiff.jpg": (JPEG, b"II\x2b\0\x08\0\0\0" + bytes(64)),
    "bmp.png": (PNG, saved(painting(), "BMP")),
    "ico.png": (PNG, saved(painting(), "ICO")),
    "ppm.png": (PNG, saved(painting(), "PPM")),
    "tga.jpg": (JPEG, saved(painting(), "TGA")),
    "photoshop.jpg": (JPEG, b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\x20\0\0\0\x20\0\x08\0\3" + bytes(64)),
    "heic.jpg": (JPEG, _brand(b"heic")),
    "avif.jpg": (JPEG, saved(painting(), "AVIF")),
    "avif-head.webp": (WEBP, _brand(b"avif")),
    "film.gif": (GIF, _brand(b"isom")),
    "jpeg-xl.jpg": (JPEG, b"\xff\x0a" + bytes(64)),
    "jpeg-xl-boxes.jpg": (JPEG, b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(64)),
    "jpeg-2000.jpg": (JPEG, b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64)),
    "sound.webp": (WEBP, b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)),
    "archive.png": (PNG, zipped("evil.html", HTML)),
    "commands.mvg.png": (PNG, b"push graphic-context\nimage over 0,0 0,0 'https://localhost/x\"|touch \"evil'\n"),
    "php.gif": (GIF, b"GIF<?php system($_GET['hostile']); ?>"),
    "gif-of-another-year.gif": (GIF, b"GIF90a" + saved(painting(), "GIF")[6:]),
    "program.png": (PNG, b"\x7fELF\2\1\1" + bytes(57)),
    "windows-program.jpg": (JPEG, b"MZ\x90\0" + bytes(60) + b"PE\0\0"),
    "web-assembly.png": (PNG, b"\0asm\1\0\0\0"),
    "png-sent-as-text.png": (PNG, b"\x89PNG\n\x1a\n" + bytes(64)),
    "riff-of-nothing.webp": (WEBP, b"RIFF\xff\xff\xff\xffWEBX"),
}
