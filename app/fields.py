"""Types of which the generator's own translation is laxer than the contract, and the base of request bodies.

`scripts/generate.py` puts them into the generated models in place of what it would write there.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Strict, model_validator
from pydantic_core import PydanticCustomError

# RFC 9562, section 4: the one form that `format: uuid` has; Pydantic takes braces and URNs as well.
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# RFC 3339, section 5.6; Pydantic takes numbers and dates as well.
TIMESTAMP_TEXT = re.compile(
    r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
# RFC 3339, section 5.6, full-date; Pydantic takes numbers and midnights as well.
DATE_TEXT = re.compile(r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# What the contract's patterns call outer white space.
BLANK = " \t\r\n"
PASSWORD_LENGTHS = (8, 100)


def _uuid(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, str) and UUID_TEXT.fullmatch(value)):
        return value
    raise PydanticCustomError("uuid_format", "Must be a UUID such as 01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11")


def _timestamp(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and TIMESTAMP_TEXT.fullmatch(value)):
        return value
    raise PydanticCustomError("timestamp_format", "Must be an RFC 3339 date and time with an offset")


def representable(value: datetime) -> datetime:
    """Return a moment whose offset does not move it out of the years that Python can hold; raise of any other."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("timestamp_range", "Must be in the years 0001 to 9999 of UTC") from None
    return value


def _date(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and DATE_TEXT.fullmatch(value)):
        return value
    raise PydanticCustomError("date_format", "Must be an RFC 3339 date such as 2027-05-16")


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _password(value: Any) -> Any:
    """Name everything that a password lacks, at once."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Must be a string")
    shortest, longest = PASSWORD_LENGTHS
    rules = {
        f"at least {shortest} characters": len(value) >= shortest,
        f"at most {longest} characters": len(value) <= longest,
        "an upper-case letter": re.search("[A-Z]", value),
        "a lower-case letter": re.search("[a-z]", value),
        "a digit": re.search("[0-9]", value),
    }
    if lacking := [rule for rule, kept in rules.items() if not kept]:
        raise PydanticCustomError("weak_password", "A password needs {lacking}", {"lacking": ", ".join(lacking)})
    return value


Id = Annotated[UUID, BeforeValidator(_uuid)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_timestamp), AfterValidator(representable)]
# JSON Schema (2020-12, section 6.1.1) takes any number without a fraction for an integer, however it is written.
StrictInt = Annotated[int, Strict(), BeforeValidator(_integer)]
Date = Annotated[date, BeforeValidator(_date)]
Password = Annotated[str, BeforeValidator(_password)]
# Members that are taken to the letter.
VERBATIM = frozenset({"password", "current_password", "new_password", "refresh_token"})


class Request(BaseModel):
    """A request body: its text comes without outer white space, secrets excepted."""

    @model_validator(mode="after")
    def trim(self) -> "Request":
        """Trim every text after the contract's own pattern has accepted it, so that trimming cannot make it invalid."""
        for name in self.model_fields_set - VERBATIM:
            value = getattr(self, name)
            # Setting takes longer than looking, and hardly a text needs it.
            if type(value) is str and (trimmed := value.strip(BLANK)) != value:
                setattr(self, name, trimmed)
        return self
