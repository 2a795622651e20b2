"""Becoming a member, logging in, staying logged in and logging out."""

from scripts.demo_data import PASSWORD
from scripts.examples.teller import Caller, Teller
from scripts.sandbox.database import CLOSED

GRACE = {"username": "grace", "email": "grace@galley.example", "password": PASSWORD, "full_name": "Grace Aldous"}
TOO_MANY = 429
LOGIN = {"username": "grace", "password": PASSWORD}


def auth(teller: Teller) -> None:
    """Grace becomes a member."""
    anybody = teller.anybody()
    key = {"Idempotency-Key": "grace-becomes-a-member"}
    anybody.tells("registerUser", "member", "Somebody becomes a member.", body=GRACE, headers=key)
    anybody.tells(
        "registerUser",
        "username_taken",
        "Somebody else has this name.",
        body=GRACE | {"username": "Grace", "email": "aldous@galley.example"},
    )
    anybody.tells(
        "registerUser",
        "email_taken",
        "Somebody else has this address.",
        body=GRACE | {"username": "g_aldous"},
    )
    anybody.tells("logIn", "member", "A session with all that the role grants.", body=LOGIN)
    anybody.tells(
        "logIn",
        "fewer_scopes",
        "A session that may do less, for a program that needs no more.",
        body=LOGIN | {"scope": "comments:write"},
    )
    anybody.tells(
        "logIn", "invalid_credentials", "The name or the password is wrong.", body=LOGIN | {"password": "Tr0mbone!"}
    )
    anybody.tells(
        "logIn",
        "account_inactive",
        "The account has been closed.",
        body={"username": CLOSED, "password": PASSWORD},
    )
    old = {"refresh_token": anybody.does("logIn", body=LOGIN).json()["refresh_token"]}
    anybody.tells("refreshTokens", "pair", "A refresh token for a new pair.", body=old)
    anybody.tells("refreshTokens", "invalid_token", "A token that was spent before; its session has ended.", body=old)
    teller.member("grace").tells("logOut", "this_session", "The end of this session.")
    teller.member("grace").tells(
        "logOut", "everywhere", "The end of all sessions of the member.", body={"everywhere": True}
    )
    _ask_too_often(anybody)


def _ask_too_often(anybody: Caller) -> None:
    form = {"Content-Type": "text/plain"}
    while anybody.asks("logIn", body=LOGIN, headers=form).status_code != TOO_MANY:
        # What cannot be read counts as well, and takes no time.
        pass
    anybody.tells("logIn", "rate_limited", "More requests than are allowed in a minute.", body=LOGIN)
