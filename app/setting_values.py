"""The values that settings may have: what is read from text, and what is refused with a reason."""

import json
import re
import unicodedata
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import limits
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import NoDecode

# RFC 8314: TLS from the first byte; the other ports begin in plain text.
SMTPS_PORT = 465
MailSecurity = Literal["starttls", "tls", "none"]
# As many as a process could count in a day, and as long as it should remember.
MAX_RATE = 1_000_000
MAX_RATE_SECONDS = 86_400
# Known from the documents of this service and of others.
SAMPLE_PASSWORDS = frozenset({"Weaves4lgebra", "Weaves4lgebra!", "Changethis123", "ChangeThis123", "Password1234"})
MIN_ADMIN_PASSWORD, MIN_ADMIN_LETTERS = 12, 6
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


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


def check_mail_address(value: str) -> str:
    # The contract says which addresses members have; here it is enough that nothing else is smuggled in.
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}", value):
        raise ValueError("must be a plain e-mail address such as galley@example.org")
    return value


def _check_mail_name(value: str) -> str:
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise ValueError("must be one line of text")
    return value


def _check_mail_server(value: str | None, info: ValidationInfo) -> str | None:
    # Links in mails lead to PUBLIC_URL and nowhere else, above all not to the host that a request names.
    reached = urlsplit(str(info.data.get("public_url", ""))).hostname
    if value and info.data.get("environment") == "production" and reached in THIS_MACHINE:
        raise ValueError("needs a PUBLIC_URL that people can reach, because links in mails lead there")
    return value


def _check_mail_password(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if value and info.data.get("environment") == "production" and info.data.get("smtp_tls") == "none":
        raise ValueError("is not sent in plain text in production; set SMTP_TLS to starttls or tls")
    return value


def _check_sender(value: str | None, info: ValidationInfo) -> str | None:
    if value is None and info.data.get("smtp_host"):
        raise ValueError("must be set where SMTP_HOST is")
    return None if value is None else check_mail_address(value)


def _check_member_address(value: str | None) -> str | None:
    from generated.models import Email  # noqa: PLC0415 - Only who names the first administrator waits for the models.

    if value is None:
        return None
    try:
        address: str = TypeAdapter[str](Email).validate_python(value)
    except ValidationError:
        raise ValueError("must be an e-mail address such as ada@example.org") from None
    return address.lower()


def _check_admin_password(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    from app.fields import Password  # noqa: PLC0415 - As above.

    if value is None:
        if info.data.get("first_superuser"):
            raise ValueError("must be set where FIRST_SUPERUSER is")
        return None
    password = value.get_secret_value()
    try:
        TypeAdapter[str](Password).validate_python(password)
    except ValidationError as failure:
        # What it lacks, and nothing of what it is.
        raise ValueError(failure.errors(include_input=False)[0]["msg"]) from None
    if info.data.get("environment") == "production":
        _check_strength(password, str(info.data.get("first_superuser") or ""))
    return value


def _check_strength(password: str, address: str) -> None:
    if password in SAMPLE_PASSWORDS:
        raise ValueError("is a sample that everybody knows; make one of your own")
    if len(password) < MIN_ADMIN_PASSWORD:
        raise ValueError(f"must have at least {MIN_ADMIN_PASSWORD} characters in production")
    if len(set(password)) < MIN_ADMIN_LETTERS or (address and address.partition("@")[0] in password.lower()):
        raise ValueError("is too easy to guess: it repeats itself or the address")


def mail_security(data: Mapping[str, Any]) -> MailSecurity:
    """Return how the connection to the mail server is secured where nobody says."""
    return "tls" if data.get("smtp_port") == SMTPS_PORT else "starttls"


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_list)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_check_origin)], ...], NoDecode, BeforeValidator(parse_list)]
Address = Annotated[str, AfterValidator(_check_address)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
Rate = Annotated[str, AfterValidator(_check_rate)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_check_network)], ...], NoDecode, BeforeValidator(parse_list)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(parse_list)]
MailServer = Annotated[str | None, Field(max_length=253), AfterValidator(_check_mail_server)]
MailPassword = Annotated[SecretStr | None, AfterValidator(_check_mail_password)]
MemberAddress = Annotated[str | None, AfterValidator(_check_member_address)]
AdminPassword = Annotated[SecretStr | None, AfterValidator(_check_admin_password)]
Sender = Annotated[str | None, AfterValidator(_check_sender)]
SenderName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_check_mail_name)]
