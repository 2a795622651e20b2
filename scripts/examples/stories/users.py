"""One's own account, and what everybody sees of a member."""

from scripts.examples.teller import Teller

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
