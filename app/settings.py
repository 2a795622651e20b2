"""Settings come from the environment, then `.env`, then the default; nothing else reads the environment."""

import os
import secrets  # house: clock-and-ids because the key is made once, before anything is served.
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import own_values as own
from app import setting_values as values

DOTENV = ".env"
SAMPLE_SECRET = "sample-secret-for-development-only-replace-it"
MIN_SECRET_BYTES = 32
# Whose comments wait for a moderator: nobody's, those of members without an approved one, everybody's.
Moderation = Literal["none", "first", "all"]


def _is_production(data: Mapping[str, Any]) -> bool:
    return data.get("environment") == "production"


def _is_development(data: Mapping[str, Any]) -> bool:
    return data.get("environment") == "development"


def _default_secret(data: Mapping[str, Any]) -> SecretStr:
    # Production gets an empty secret here, which the check below refuses by name.
    if not _is_development(data) or "data_dir" not in data:
        return SecretStr("")
    return SecretStr(_keep_secret(data["data_dir"] / "secret_key"))


def _keep_secret(path: Path) -> str:
    """Read the secret in `path`, which is made on first use: tokens stay valid when a developer restarts."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # mode 0600 by itself
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A link appears whole or not at all, so two processes that start at once agree on one secret.
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()


class Settings(BaseSettings):
    """Everything that can be set, in the order of `.env.example`. Times are seconds unless named."""

    model_config = SettingsConfigDict(
        env_file=DOTENV, env_ignore_empty=True, extra="ignore", frozen=True, validate_default=True
    )

    environment: Literal["development", "production"] = "development"
    data_dir: Path = Path(".data")
    secret_key: SecretStr = Field(default_factory=_default_secret)

    # A developer's service, with its demo accounts, is nobody else's business: it listens on this machine
    # alone. In production it runs in a container or behind a proxy on another host: all interfaces.
    host: str = Field(
        default_factory=lambda data: "0.0.0.0" if _is_production(data) else "127.0.0.1",  # noqa: S104
        min_length=1,
    )
    port: int = Field(default=8000, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=256)
    job_workers: int = Field(default=1, ge=0, le=64)
    public_url: values.Address = Field(default_factory=lambda data: f"http://localhost:{data.get('port')}")

    database_url: values.DatabaseUrl | None = Field(default=None, repr=False)
    allow_embedded_database: bool = Field(default_factory=_is_development)
    database_pool_size: int = Field(default=10, ge=1, le=1_000)
    database_max_overflow: int = Field(default=20, ge=0, le=1_000)
    database_pool_timeout: values.Seconds = 30.0
    database_pool_recycle: values.Seconds = 1_800.0
    # While the database is away, refusing or frozen, a request is answered with 503 within two seconds.
    database_connect_timeout: values.Seconds = 1.5
    database_command_timeout: values.Seconds = 1.5

    # Counts what several processes must count together. Without it, or while it is away, each counts for itself.
    redis_url: values.RedisUrl | None = Field(default=None, repr=False)

    # The product's own; everything else is of use to any service.
    access_token_expire_minutes: int = Field(default=30, ge=1, le=1_440)
    refresh_token_expire_days: int = Field(default=7, ge=1, le=365)
    min_password_length: int = Field(default=8, ge=8, le=100)
    max_login_attempts: int = Field(default=5, ge=1, le=100)
    account_lockout_minutes: int = Field(default=15, ge=1, le=1_440)
    first_superuser: own.MemberAddress = None
    first_superuser_password: own.AdminPassword = None
    post_url: own.PostAddress = Field(default_factory=own.post_address)
    smtp_host: own.MailServer = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_tls: own.MailSecurity = Field(default_factory=own.mail_security)
    smtp_user: str | None = None
    smtp_password: own.MailPassword = None
    smtp_timeout: values.Seconds = 30.0
    emails_from_email: own.Sender = None
    emails_from_name: own.SenderName = "Galley"
    comment_moderation: Moderation = "none"
    # Files of members: file:///a/directory, or s3://bucket/prefix with what follows; by default below DATA_DIR.
    storage_url: own.StorageUrl = None
    storage_access_key_id: str | None = None
    storage_secret_access_key: SecretStr | None = None
    storage_endpoint: own.StorageEndpoint = None
    storage_region: str | None = None
    cdn_base_url: values.Address | None = None
    media_quota_mb: int = Field(default=1_024, ge=1, le=1_048_576)

    backend_cors_origins: values.Origins = Field(
        default_factory=lambda data: () if _is_production(data) else ("http://localhost:3000", "http://localhost:8080")
    )
    allowed_hosts: values.Names = Field(
        default_factory=lambda data: () if _is_production(data) else ("localhost", "127.0.0.1", "[::1]")
    )
    # Whose X-Forwarded-For and X-Forwarded-Proto are believed.
    trusted_proxies: values.Networks = ()
    https_only: bool = Field(default_factory=_is_production)
    max_body_bytes: int = Field(default=1_048_576, ge=1_024, le=1_073_741_824)
    max_streamed_bytes: int = Field(default=268_435_456, ge=1_024, le=1_099_511_627_776)
    # Per member, or per address for those who are not logged in; the second one always per address.
    rate_limit: values.Rate = "100/minute"
    rate_limit_auth: values.Rate = "10/minute"

    # How long a public read is answered again as it was, until something is written; 0 keeps nothing.
    public_cache_seconds: float = Field(default=1.0, ge=0, le=60)
    # The share of answers that are held against the contract before they are sent; one that breaks it becomes a 500.
    checked_answers: float = Field(default_factory=lambda data: 0.0 if _is_production(data) else 1.0, ge=0, le=1)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "text"] = "json"
    demo_data: bool = Field(default_factory=_is_development)

    @field_validator("data_dir")
    @classmethod
    def _resolve(cls, value: Path) -> Path:
        # Workers and the database must mean the same directory, wherever they are started.
        return value.expanduser().resolve()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _check_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        secret = value.get_secret_value()
        if _is_production(info.data):
            if not secret:
                raise ValueError("must be set in production")
            if secret == SAMPLE_SECRET:
                raise ValueError("is the sample from .env.example; make one of your own")
            if len(secret.encode()) < MIN_SECRET_BYTES:
                raise ValueError(f"must have at least {MIN_SECRET_BYTES} bytes")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if _is_production(info.data) and not value:
            raise ValueError("must name the hosts this service answers for in production")
        if _is_production(info.data) and "*" in value:
            raise ValueError("must name hosts in production; * allows any")
        return value

    @field_validator("allow_embedded_database")
    @classmethod
    def _check_embedded(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - Pydantic's signature.
        # `database_url` is absent from `data` when it is wrong itself; one line about it is then enough.
        if _is_production(info.data) and not value and info.data.get("database_url", "") is None:
            raise ValueError("must be true to run production on the embedded database; DATABASE_URL is not set")
        return value


@cache
def settings() -> Settings:
    """Read the settings once per process. Raises `pydantic.ValidationError`; see `load`."""
    return Settings()


def load() -> Settings:
    """Read the settings, or leave the process with one line on stderr per wrong setting."""
    try:
        return settings()
    except ValidationError as error:
        sys.exit("\n".join(complaints(error)))


def complaints(error: ValidationError) -> list[str]:
    """Name each wrong setting and the reason, never its value: it may be a secret."""
    lines: list[str] = []
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        # A default that depends on another setting is not computed when that one is wrong.
        if item["type"] == "default_factory_not_called":
            continue
        reason = item["msg"].removeprefix("Value error, ")
        lines.append(f"{str(item['loc'][0]).upper()}: {reason[:1].lower()}{reason[1:]}")
    return lines


def origins(current: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield name, printable value and origin of every setting; secrets and passwords are masked."""
    environment = {name.upper() for name, value in os.environ.items() if value}
    dotenv = {name.upper() for name, value in dotenv_values(DOTENV).items() if value}
    for field in Settings.model_fields:
        name = field.upper()
        origin = "environment" if name in environment else DOTENV if name in dotenv else "default"
        if field == "secret_key" and origin == "default":
            origin = "DATA_DIR"
        yield name, _printable(field, getattr(current, field)), origin


def _printable(field: str, value: object) -> str:
    if value is None:
        return "(not set)"
    if field in ("database_url", "redis_url"):
        parts = urlsplit(str(value))
        # The query of a DSN may carry a password as well, so only what names the database is shown.
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> None:
    rows = list(origins(load()))
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, origin in rows:
        sys.stdout.write(f"{name:{name_width}}  {value:{value_width}}  {origin}\n")


if __name__ == "__main__":
    main()
