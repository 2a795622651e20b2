"""Becoming a member, logging in, staying logged in and logging out."""

from httpx2 import Response

from app.auth.keys import MAX_KEYS
from scripts.demo_data import PASSWORD
from scripts.examples.teller import Caller, Teller
from scripts.sandbox.database import CLOSED

GRACE = {"username": "grace", "email": "grace@galley.example", "password": PASSWORD, "full_name": "Grace Aldous"}
LOCKED = 423
TOO_MANY = 429
NEW = "Spins2Looms"
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
    _stay_and_leave(teller)


def _stay_and_leave(teller: Teller) -> None:
    anybody = teller.anybody()
    old = {"refresh_token": anybody.does("logIn", body=LOGIN).json()["refresh_token"]}
    anybody.tells("refreshTokens", "pair", "A refresh token for a new pair.", body=old)
    anybody.tells("refreshTokens", "invalid_token", "A token that was spent before; its session has ended.", body=old)
    teller.member("grace").tells("logOut", "this_session", "The end of this session.")
    teller.member("grace").tells(
        "logOut", "everywhere", "The end of all sessions of the member.", body={"everywhere": True}
    )
    _in_a_browser(teller)
    _with_a_key(teller)
    _try_too_often(anybody)


def _try_too_often(anybody: Caller) -> None:
    wrong = LOGIN | {"password": "Tr0mbone!"}
    while anybody.asks("logIn", body=wrong).status_code != LOCKED:
        pass
    anybody.tells("logIn", "account_locked", "After too many wrong passwords the right one is refused too.", body=LOGIN)
    form = {"Content-Type": "text/plain"}
    while anybody.asks("logIn", body=LOGIN, headers=form).status_code != TOO_MANY:
        # What cannot be read counts as well, and takes no time.
        pass
    anybody.tells("logIn", "rate_limited", "More requests than are allowed in a minute.", body=LOGIN)


def _in_a_browser(teller: Teller) -> None:
    """Grace uses a page, where cookies hold her session."""
    anybody = teller.anybody()
    opened = anybody.tells("openSession", "member", "A session in cookies.", body=LOGIN)
    page = _page(teller, opened)
    page.tells(
        "closeSession",
        "csrf_failed",
        "The cookies without the token that only pages of ours can read.",
        headers={"X-CSRF-Token": "guessed"},
    )
    page = _page(teller, page.tells("renewSession", "cookies", "The refresh cookie for new cookies."))
    page.tells("closeSession", "this_session", "The end of the session, and of its cookies.")
    mine = teller.member("grace")
    teller.member("grace")
    sessions = mine.tells("listSessions", "mine", "The sessions of the member.", query={"limit": 2}).json()
    mine.tells(
        "revokeSession", "another", "The end of another session.", path={"session_id": sessions["items"][0]["id"]}
    )


def _page(teller: Teller, answer: Response) -> Caller:
    """Return the page in whose browser the answer has set its cookies, which goes to one path alone."""
    cookies = dict(map(_cookie, answer.headers.get_list("set-cookie")))
    together = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Caller(teller, "grace", {"Cookie": together, "X-CSRF-Token": cookies["__Host-csrf_token"]})


def _cookie(line: str) -> tuple[str, str]:
    name, _, value = line.partition(";")[0].partition("=")
    return name, value


def _with_a_key(teller: Teller) -> None:
    """Grace lets a program write for her."""
    grace = teller.member("grace")
    wanted = {"name": "Nightly backup", "scopes": ["posts:write"], "expires_at": "2031-01-01T00:00:00Z"}
    made = grace.tells("createApiKey", "backup", "A key that may write posts, for some years.", body=wanted).json()
    grace.tells(
        "createApiKey",
        "validation_failed",
        "A scope that the member does not hold cannot be handed on.",
        body=wanted | {"scopes": ["posts:write", "taxonomy:write"]},
        shown=False,
    )
    grace.tells("listApiKeys", "mine", "The keys of the member, without their secrets.")
    grace.tells("revokeApiKey", "backup", "The end of a key.", path={"api_key_id": made["id"]})
    for _ in range(MAX_KEYS):
        grace.does("createApiKey", body=wanted)
    grace.tells("createApiKey", "too_many_keys", "One key more than a member may have.", body=wanted)


def recovery(teller: Teller) -> None:
    """Grace proves her address, changes her password, and gets back in without it."""
    anybody, ada = teller.anybody(), teller.member("ada_l")
    anybody.does("registerUser", body=GRACE)
    grace = teller.member("grace")
    grace.tells("requestEmailVerification", "link", "A link goes to the address of the account.")
    ada.tells("requestEmailVerification", "conflict_verified", "The address is verified already.")
    proof = {"token": teller.token_mailed_to(GRACE["email"])}
    anybody.tells("verifyEmail", "token", "The token of the link in the mail.", body=proof)
    anybody.tells("verifyEmail", "token_invalid", "The link was used before.", body=proof)
    wrong = {"current_password": "Tr0mbone!", "new_password": NEW}
    grace.tells("changePassword", "wrong_password", "The current password is another.", body=wrong)
    right = {"current_password": PASSWORD, "new_password": NEW}
    grace.tells("changePassword", "passwords", "A new password for who knows the old one.", body=right)
    anybody.tells("requestPasswordReset", "address", "The password was forgotten.", body={"email": GRACE["email"]})
    reset = {"token": teller.token_mailed_to(GRACE["email"]), "new_password": PASSWORD}
    anybody.tells("resetPassword", "token", "A new password for who reads the mails.", body=reset)
