"""The process that opens images: it waits with the library loaded, and forks a process for each picture.

So a picture meets a process that has seen no other, has as much time and memory as one picture gets, and costs a few
milliseconds. Whatever becomes of it, the next one begins as it did.
"""

import os
import resource
import signal
import socket
import sys
from typing import Any

import pyvips

from app.images import vips, work
from app.images.frames import MAX_BYTES, Broken, pack, receive, send, unpack
from app.images.pictures import ImageError, ImageTooLarge, Picture

# What one picture gets. The address space holds the library and the stacks of its threads besides pixels.
# Its caller waits no longer than 30 seconds, and may have died itself.
CPU_SECONDS, SECONDS = 20, 29
ADDRESS_SPACE = 1_000_000_000
FILE_BYTES = 512_000_000
FILES = 32


def _limit() -> None:
    signal.alarm(SECONDS)
    # A second more, or it would be killed without a signal that says why.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    for what, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _said(picture: Picture) -> dict[str, Any]:
    return {
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "frames": picture.frames,
    }


def _do(order: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Do what is asked, and return what is to be answered."""
    try:
        pictures = work.DEEDS[order["do"]](files, order)
    except ImageError as refusal:
        return {"error": type(refusal).__name__, "reason": str(refusal)}
    except pyvips.Error as failure:
        refusal = vips.refusal(failure)
        return {"error": type(refusal).__name__, "reason": str(refusal)}
    except MemoryError:
        return {"error": ImageTooLarge.__name__, "reason": "Opening the image takes too much memory."}
    return {"pictures": [_said(picture) for picture in pictures]}


def _child(connection: socket.socket, answer: int, order: dict[str, Any], files: list[int]) -> None:
    """Open one picture, as a process that ends with it."""
    connection.close()
    _limit()
    os.write(answer, pack(_do(order, files)))


def _one(connection: socket.socket, order: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Let a process open a picture, and return what it says, or what it died of, and what it took."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            _child(connection, writing, order, files)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read(MAX_BYTES)
    _, status, used = os.wait4(pid, 0)
    try:
        answer = {"died": os.WTERMSIG(status)} if status else unpack(said)
    except Broken:
        answer = {"died": 0}
    return {**answer, "seconds": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}


def serve(connection: socket.socket) -> None:
    """Say that it has begun, and open pictures until nobody asks any more."""
    send(connection, pack({}))
    while True:
        try:
            body, files = receive(connection)
        except Broken:
            return
        send(connection, pack(_one(connection, unpack(body), files)))
        for file in files:
            os.close(file)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    vips.prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
