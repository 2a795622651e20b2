"""How bodies are read for openapi-core, which knows JSON alone as the contract means it."""

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import orjson

# What is bytes to whoever reads the contract alone.
FILE = re.compile(r"(image|video)/|application/(pdf|msword|octet-stream)$|text/plain$|multipart/byteranges$")


def parsed(content: bytes, **_: str) -> Any:
    """Return a JSON document. Raises ValueError for what is none."""
    return orjson.loads(content)


def text(content: bytes, **_: str) -> str:
    """Return what is a text to the contract."""
    return content.decode()


def characters(content: bytes, **_: str) -> str:
    """Return bytes as the text that JSON Schema takes them for, a character each."""
    return content.decode("latin-1")


def form(content: bytes, boundary: str = "", **_: str) -> dict[str, list[str]]:
    """Return the files of a form by the names of their fields. Raises ValueError for what is no form."""
    message = BytesParser(policy=HTTP).parsebytes(
        b'Content-Type: multipart/form-data; boundary="' + boundary.encode() + b'"\r\n\r\n' + content
    )
    if message.defects or not message.is_multipart():
        raise ValueError("the body is no form")
    found: dict[str, list[str]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        found.setdefault(str(name), []).append(str(part.get_payload(decode=True)))
    return found
