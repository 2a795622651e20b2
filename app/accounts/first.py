"""The first administrator: made from the settings where there is none, or by `make admin`.

The settings never promote somebody who is there already: whoever registers the address first would get the service.
"""

import logging
import re
from collections.abc import Callable, Iterator

from pydantic import ValidationError
from sqlalchemy import bindparam, func, select

from app.accounts.service import has_admin
from app.audit.service import record
from app.auth import passwords
from app.ids import new_suffix
from app.problems import ValidationFailed
from app.settings import settings
from app.sql import Connection, Statement
from app.users import service as users
from app.users.service import RESERVED_USERNAMES, UsernameTaken
from app.users.tables import User
from generated import models
from generated.models import AuditAction, Role

log = logging.getLogger(__name__)

_OF_ADDRESS = Statement(select(User.id, User.role).where(User.email == bindparam("email")))
_OF_NAME = Statement(select(User.id).where(func.lower(User.username) == bindparam("username")))
_SHORTEST, _LONGEST = 3, 40


def names_for(address: str) -> Iterator[str]:
    """Yield usernames for the owner of an address, the nicest first; what follows is for names that are taken."""
    name = re.sub("[^a-z0-9]+", "_", address.partition("@")[0].lower())[:_LONGEST].strip("_")
    if len(name) >= _SHORTEST and name not in RESERVED_USERNAMES:
        yield name
    yield f"{name}_admin"
    while True:
        yield f"admin_{new_suffix()}"


async def make_first_admin(connection: Connection) -> None:
    """Make the administrator whom the settings name, unless there is one; of services that start at once one does."""
    current = settings()
    address, password = current.first_superuser, current.first_superuser_password
    if address is None or password is None:
        return
    async with connection.transaction():
        known = await _OF_ADDRESS.first(connection, email=address)
        if await has_admin(connection):
            if known is None or known["role"] != Role.admin:
                log.warning("FIRST_SUPERUSER is passed over, because there is an administrator")
            return
        if known is not None:
            log.warning("FIRST_SUPERUSER is a member already and is not promoted by the settings; use `make admin`")
            return
        password_hash = await passwords.make_hash(password.get_secret_value())
        for name in names_for(address):
            given = {"username": name, "email": address, "password_hash": password_hash}
            if await _made(connection, given, by="settings"):
                log.info("the first administrator was made", extra={"username": name})
                return


async def _made(connection: Connection, given: dict[str, str], *, by: str) -> bool:
    """Write an administrator, and say whether the name was free."""
    try:
        async with connection.transaction():
            admin = await users.write(connection, {**given, "role": Role.admin, "email_verified": True})
    except UsernameTaken:
        return False
    await record(connection, AuditAction.admin_made, actor_id=None, subject_id=admin.id, detail={"by": by})
    return True


async def make_admin(connection: Connection, username: str, email: str, ask_password: Callable[[], str]) -> str:
    """Make a member an administrator, or somebody new, and say which it was. Raises RuntimeError with what is wrong.

    `email` is needed, and the password asked for, only for somebody new.
    """
    async with connection.transaction():
        user_id = await _OF_NAME.value(connection, username=username.lower())
        account = await users.lock(connection, user_id) if user_id else None
        if account is None:
            await _write(connection, username, email, ask_password)
            return f"{username} is a new administrator."
        if email and email.lower() != account["email"]:
            raise RuntimeError(f"EMAIL: {username} has another address.")
        if account["role"] == Role.admin and account["is_active"]:
            return f"{username} is an administrator already."
        await users.change(connection, account, {"role": Role.admin, "is_active": True})
        await record(
            connection, AuditAction.admin_made, actor_id=None, subject_id=account["id"], detail={"by": "command"}
        )
        return f"{username} is an administrator now."


async def _write(connection: Connection, username: str, email: str, ask_password: Callable[[], str]) -> None:
    if not email:
        raise RuntimeError(f"EMAIL: there is no member {username}; give the address of the new one.")
    try:
        # The contract's own rules; its complaints name the value, which may be the password, and so are not passed on.
        draft = models.UserCreate(username=username, email=email, password=ask_password())
        users.check_username(username)
        passwords.require_length(draft.password, "password")
    except ValidationError as failure:
        wrong = [f"{str(error['loc'][0]).upper()}: {error['msg']}" for error in failure.errors(include_input=False)]
        raise RuntimeError("\n".join(wrong)) from None
    except ValidationFailed as problem:
        lines = [f"{error.get('pointer', '').strip('/').upper()}: {error.get('detail')}" for error in problem.errors]
        raise RuntimeError("\n".join(lines)) from None
    password_hash = await passwords.make_hash(draft.password)
    given = {"username": draft.username, "email": draft.email, "password_hash": password_hash}
    try:
        free = await _made(connection, given, by="command")
    except users.EmailTaken:
        raise RuntimeError("EMAIL: another member has this address.") from None
    if not free:
        raise RuntimeError(f"USERNAME: {username} has just been taken.")
