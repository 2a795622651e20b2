"""How the service and its image processes talk: a length, a JSON object, and the files it is about as descriptors.

Names never cross: whoever opens strangers' files knows none, and is given what it may read and write already open.
"""

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct(">I")
MAX_BYTES = 16_384
MAX_FILES = 8


class Broken(ConnectionError):
    """The other side has gone, or says what nobody should say."""


def send(connection: socket.socket, body: bytes, files: Sequence[int] = ()) -> None:
    """Send a message; the descriptors go with its first bytes."""
    data = _LENGTH.pack(len(body)) + body
    sent = socket.send_fds(connection, [data], files) if files else 0
    connection.sendall(data[sent:])


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Return the next message and the descriptors that came with it, which are the caller's to close."""
    head, files, _, _ = socket.recv_fds(connection, _LENGTH.size, MAX_FILES)
    if not head:
        raise Broken("the other side has gone")
    head += _exactly(connection, _LENGTH.size - len(head))
    size = int(_LENGTH.unpack(head)[0])
    if size > MAX_BYTES:
        raise Broken("a message is too long")
    return _exactly(connection, size), files


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise Broken("the other side has gone")
        data += more
    return data


def pack(message: dict[str, Any]) -> bytes:
    """Return a message as it is sent."""
    return json.dumps(message).encode()


def unpack(body: bytes) -> dict[str, Any]:
    """Return what a message says, which may be anything: it may come from whom a picture has taken over."""
    try:
        message: Any = json.loads(body)
    except ValueError as failure:
        raise Broken("a message is no JSON") from failure
    match message:
        case {**said}:
            return said
        case _:
            raise Broken("a message is no object")
