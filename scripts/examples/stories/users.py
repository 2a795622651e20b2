"""One's own account, and what everybody sees of a member."""

from typing import Any

from scripts.demo_data import PASSWORD
from scripts.examples.teller import Caller, Teller

BIO = {"bio": "Sets metal type by hand, and has begun to cast it.", "phone": "+46 8 5550 1234", "website": None}


def users(teller: Teller) -> None:
    """Ada changes what is said about her."""
    anybody, ada = teller.anybody(), teller.member("ada_l")
    anybody.tells("getMe", "not_authenticated", "A request without a token.")
    read = ada.tells("getMe", "member", "One's own account.").headers["ETag"]
    ada.tells("getMe", "not_modified", "The account is as it was read.", status=304, headers={"If-None-Match": read})
    ada.tells("updateMe", "precondition_required", "An edit that does not say what it has read.", body=BIO)
    ada.tells("updateMe", "profile", "A new biography, a number, and no website.", body=BIO, headers={"If-Match": read})
    ada.tells(
        "updateMe",
        "precondition_failed",
        "An edit of what has been changed since.",
        body={"full_name": "Ada L."},
        headers={"If-Match": read},
    )
    wanted: dict[str, Any] = {"name": "Nightly backup", "scopes": [], "expires_at": "2031-01-01T00:00:00Z"}
    program = Caller(teller, "ada_l", {"X-API-Key": ada.does("createApiKey", body=wanted).json()["key"]})
    program.tells(
        "updateMe",
        "login_required",
        "Another address takes the password, which a key stands for no more than an old session does.",
        body={"email": "lind@galley.example"},
        headers={"If-Match": "*"},
    )
    path = {"username": "ada_l"}
    shown = anybody.tells("getProfile", "member", "What everybody sees of a member.", path=path).headers["ETag"]
    anybody.tells(
        "getProfile",
        "not_modified",
        "The profile is as it was read.",
        status=304,
        path=path,
        headers={"If-None-Match": shown},
    )


INGRID = {
    "username": "ingrid",
    "email": "ingrid@galley.example",
    "password": PASSWORD,
    "full_name": "Ingrid Solberg",
    "website": "solberg.example",
    "role": "moderator",
}


def administration(teller: Teller) -> None:
    """Ottilie looks after everybody's account, and Bram leaves."""
    ottilie = teller.member("ottilie")
    ottilie.tells("listUsers", "first", "The two who came last.", query={"limit": 2})
    ottilie.tells("listUsers", "closed", "Accounts that have been closed.", query={"is_active": "false"})
    made = ottilie.tells("createUser", "moderator", "An account for a new moderator.", body=INGRID)
    ingrid = {"user_id": made.json()["id"]}
    read = ottilie.tells("getUser", "member", "Somebody's account.", path=ingrid).headers["ETag"]
    ottilie.tells(
        "getUser",
        "not_modified",
        "The account is as it was read.",
        status=304,
        path=ingrid,
        headers={"If-None-Match": read},
    )
    promoted = {"role": "manager", "email_verified": True}
    ottilie.tells("updateUser", "promoted", "Another role.", path=ingrid, headers={"If-Match": read}, body=promoted)
    ottilie.tells("deleteUser", "deleted", "The end of an account.", path=ingrid, headers={"If-Match": "*"})
    own: dict[str, Any] = {"path": {"user_id": ottilie.does("getMe").json()["id"]}, "headers": {"If-Match": "*"}}
    ottilie.tells("deleteUser", "own_account", "Administrators do not delete themselves.", **own)
    ottilie.tells("updateUser", "last_admin", "Somebody must be left.", body={"role": "user"}, **own)
    teller.member("bram").tells("deleteMe", "deleted", "The end of one's own account.", headers={"If-Match": "*"})
