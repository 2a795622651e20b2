"""The values that the product's own settings may have: who sends its mails, and who is its first administrator."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationError, ValidationInfo

# RFC 8314: TLS from the first byte; the other ports begin in plain text.
SMTPS_PORT = 465
MailSecurity = Literal["starttls", "tls", "none"]
# Known from the documents of this service and of others.
SAMPLE_PASSWORDS = frozenset({"Weaves4lgebra", "Weaves4lgebra!", "Changethis123", "ChangeThis123", "Password1234"})
MIN_ADMIN_PASSWORD, MIN_ADMIN_LETTERS = 12, 6
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


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
    if len(password) < (shortest := int(info.data.get("min_password_length", 0))):
        raise ValueError(f"must have at least {shortest} characters, as MIN_PASSWORD_LENGTH says")
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


def _check_post_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or value.count("{slug}") != 1:
        raise ValueError("must be an http or https address with {slug} in it, such as https://www.example.org/{slug}")
    if not re.fullmatch("[!-~]+", value) or "{slug}" in parts.netloc:
        raise ValueError("must have {slug} in its path, and characters of addresses alone")
    return value


def post_address(data: Mapping[str, Any]) -> str:
    """Return where a post is read when nobody says: at getPostBySlug."""
    from app.contract import BASE_PATH  # noqa: PLC0415 - Only who needs the default waits for the contract.

    return f"{data.get('public_url')}{BASE_PATH}/posts/by-slug/{{slug}}"


def mail_security(data: Mapping[str, Any]) -> MailSecurity:
    """Return how the connection to the mail server is secured where nobody says."""
    return "tls" if data.get("smtp_port") == SMTPS_PORT else "starttls"


def _check_storage(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return value
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be file:///a/directory or s3://bucket/prefix; keys have settings of their own")
    return value


def _check_endpoint(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("http", "https"):
        raise ValueError("must be an http or https address")
    return value


StorageUrl = Annotated[str | None, AfterValidator(_check_storage)]
StorageEndpoint = Annotated[str | None, AfterValidator(_check_endpoint)]
MailServer = Annotated[str | None, Field(max_length=253), AfterValidator(_check_mail_server)]
MailPassword = Annotated[SecretStr | None, AfterValidator(_check_mail_password)]
MemberAddress = Annotated[str | None, AfterValidator(_check_member_address)]
PostAddress = Annotated[str, AfterValidator(_check_post_address)]
AdminPassword = Annotated[SecretStr | None, AfterValidator(_check_admin_password)]
Sender = Annotated[str | None, AfterValidator(_check_sender)]
SenderName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_check_mail_name)]
