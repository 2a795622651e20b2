"""Passwords are kept as argon2id hashes, made and checked in a few threads with a short queue.

Hashing is slow and hungry on purpose. There is a thread for each core, and each steps back for those who read; when
more people log in than they can serve, the last ones are told to come back instead of everybody waiting. The figures
stand in docs/decisions/0006-password-hashing.md.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

# libpass, which is installed under passlib's name, has no types.
from passlib.context import CryptContext  # pyright: ignore[reportMissingTypeStubs]

from app.problems import FieldError, ServiceUnavailable, ValidationFailed
from app.settings import settings

log = logging.getLogger(__name__)

# A hash takes about 25 ms, so the last in the queue waits less than two seconds.
MAX_WAITING = 64


class Hasher(Protocol):
    """What is used of libpass."""

    def hash(self, secret: str, /) -> str: ...

    def verify(self, secret: str | bytes, kept: str, /) -> bool: ...

    def needs_update(self, kept: str, /) -> bool: ...


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


# OWASP's smallest setting for argon2id: 19 MiB, two passes, one lane. bcrypt is verified and replaced.
hasher: Hasher = CryptContext(
    schemes=["argon2", "bcrypt"],
    deprecated="auto",
    argon2__type="ID",
    argon2__memory_cost=19_456,
    argon2__time_cost=2,
    argon2__parallelism=1,
)
# What the password of an unknown member is compared with, so that the answer takes as long: a forgotten secret.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$ek8JoRTC2HtPyRnjfG+tlQ$ULh5uwyRtqv4XtcvgSIPVs9xOQJ1j+/pyQ/hDikrNm8"
_BCRYPT = "$2"
_BCRYPT_BYTES = 72
# One more gives one more login at the same time, and takes 19 MiB while it hashes.
THREADS = min(cores(), 4)
# Where both want the same core, a third of what the thread gets that answers requests.
_NICE = 5


def _step_back() -> None:
    """Leave the core to the thread that answers requests, mostly; Linux alone counts that by the thread."""
    if sys.platform == "linux":
        # Above the process's own: whoever was started with less may not ask for more.
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), mine + _NICE)


threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="passwords", initializer=_step_back)
Result = TypeVar("Result")


@dataclass(slots=True)
class Load:
    """How many hashes are asked for and not made yet, and how many were made since the start."""

    waiting: int = 0
    made: int = 0


load = Load()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right, and the hash to keep from now on when the one kept is out of date."""

    right: bool
    renewed: str | None = None


def require_length(password: str, member: str) -> None:
    """Raise ValidationFailed for a new password, of this member of the body, that the settings find too short.

    The contract has the rules that hold everywhere; a service may ask for more characters.
    """
    shortest = settings().min_password_length
    if len(password) < shortest:
        detail = f"A password needs at least {shortest} characters"
        raise ValidationFailed(errors=[FieldError(pointer=f"/{member}", code="weak_password", detail=detail)])


async def make_hash(password: str) -> str:
    """Return the hash to keep. Raises ServiceUnavailable when too many are waiting."""
    return await _queued(_hash, password)


async def check(password: str, kept: str | None) -> Verdict:
    """Compare a password with the hash that is kept; None is the hash of nobody, and takes the same work.

    Raises ServiceUnavailable when too many are waiting.
    """
    return await _queued(_check, password, kept)


async def _queued(work: Callable[..., Result], *values: str | None) -> Result:
    if load.waiting >= MAX_WAITING:
        raise ServiceUnavailable("Too many people are logging in at this moment.")
    load.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(threads, work, *values)
    finally:
        load.waiting -= 1


def _hash(password: str) -> str:
    load.made += 1
    return hasher.hash(password)


def _check(password: str, kept: str | None) -> Verdict:
    load.made += 1
    if kept is None:
        hasher.verify(password, NOBODY)
        return Verdict(right=False)
    # bcrypt reads 72 bytes. Who made such a hash has cut the password there, and the library refuses more.
    secret = password.encode()[:_BCRYPT_BYTES] if kept.startswith(_BCRYPT) else password
    try:
        if not hasher.verify(secret, kept):
            return Verdict(right=False)
    except ValueError:
        log.error("a password hash cannot be read")  # noqa: TRY400 - Its traceback would show the hash.
        return Verdict(right=False)
    return Verdict(right=True, renewed=_hash(password) if hasher.needs_update(kept) else None)
