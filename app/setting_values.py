"""The values that settings may have: what is read from text, and what is refused with a reason."""

import json
import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

import limits
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

# As many as a process could count in a day, and as long as it should remember.
MAX_RATE = 1_000_000
MAX_RATE_SECONDS = 86_400


def parse_list(value: object) -> object:
    # Both habits of writing a list in an environment variable are common, so both work.
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is not a valid JSON list") from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https address")
    return value.rstrip("/")


def _check_origin(value: str) -> str:
    value = _check_address(value)
    if value != "{0.scheme}://{0.netloc}".format(urlsplit(value)):
        raise ValueError("must be an origin such as https://www.example.org, without a path")
    return value


def _check_database_url(value: str) -> str:
    # SQLAlchemy's spelling is what many people have at hand; asyncpg wants the plain one.
    value = value.replace("postgresql+asyncpg://", "postgresql://", 1)
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return value


def _check_redis_url(value: str) -> str:
    from redis.asyncio import ConnectionPool  # noqa: PLC0415 - Who has no Redis need not wait for it.

    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
        fits = fits and re.fullmatch(r"/?|/[0-9]{1,5}", parts.path)
        # Options may follow; what they can be is for the client to say.
        ConnectionPool.from_url(value).make_connection()  # pyright: ignore[reportUnknownMemberType]
    except (ValueError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise ValueError("must be an address such as redis://host:6379/0, or rediss:// for TLS")
    return value


def _check_rate(value: str) -> str:
    try:
        (rate,) = limits.parse_many(value)
    except ValueError:
        raise ValueError("must be a number and a time such as 100/minute") from None
    if not 1 <= rate.amount <= MAX_RATE or not 1 <= rate.get_expiry() <= MAX_RATE_SECONDS:
        raise ValueError(f"must allow 1 to {MAX_RATE} requests in at most a day")
    return value


def _check_network(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError:
        raise ValueError("must be addresses such as 10.0.0.7 or networks such as 10.0.0.0/8") from None
    if not network.prefixlen:
        raise ValueError("must not be everybody: whoever is trusted can claim any address")
    return str(network)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_list)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_check_origin)], ...], NoDecode, BeforeValidator(parse_list)]
Address = Annotated[str, AfterValidator(_check_address)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
Rate = Annotated[str, AfterValidator(_check_rate)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_check_network)], ...], NoDecode, BeforeValidator(parse_list)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(parse_list)]
