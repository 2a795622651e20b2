"""Answering posts and each other."""

from scripts.examples.teller import Caller, Teller


def comments(teller: Teller) -> None:
    """Bram comments on the newest post, Ada answers him."""
    anybody, ada, bram = teller.anybody(), teller.member("ada_l"), teller.member("bram")
    newest = anybody.does("listPosts", query={"limit": 1}).json()["items"][0]
    post = {"post_id": newest["id"]}
    created = bram.tells(
        "createComment",
        "comment",
        "A comment on a post.",
        path=post,
        body={"content": "The Heidelberg would have done it in an hour."},
        headers={"Idempotency-Key": "bram-on-the-newest-post"},
    )
    comment = {"comment_id": created.json()["id"]}
    ada.tells(
        "createComment",
        "answer",
        "An answer to a comment.",
        path=post,
        body={"content": "In an hour, and with none of the dents.", "parent_id": created.json()["id"]},
    )
    anybody.tells("listComments", "tree", "The comments of a post with their answers.", path=post, query={"limit": 2})
    _judged(ada, teller.member("theo_k"), comment)
    _afterwards(anybody, ada, bram, comment, created.headers["ETag"])


def _judged(ada: Caller, moderator: Caller, comment: dict[str, str]) -> None:
    ada.tells(
        "reportComment",
        "spam",
        "A report of a comment.",
        path=comment,
        body={"reason": "spam", "text": "He recommends that machine under every post."},
    )
    queue = moderator.tells(
        "listModerationQueue", "reported", "What members have reported.", query={"reported": "true"}
    )
    read = {"If-Match": next(entry["etag"] for entry in queue.json()["items"] if comment["comment_id"] in str(entry))}
    told = "A comment that was answered leaves its place."
    moderator.tells("rejectComment", "rejected", told, path=comment, headers=read)
    moderator.tells("approveComment", "approved", "Second thoughts.", path=comment, headers=read)


def _afterwards(anybody: Caller, ada: Caller, bram: Caller, comment: dict[str, str], tag: str) -> None:
    read = anybody.tells("getComment", "comment", "A comment.", path=comment).headers["ETag"]
    anybody.tells(
        "getComment",
        "not_modified",
        "The comment is as it was read.",
        status=304,
        path=comment,
        headers={"If-None-Match": read},
    )
    bram.tells(
        "updateComment",
        "content",
        "What was meant.",
        path=comment,
        headers={"If-Match": tag},
        body={"content": "The Heidelberg would have done it in an hour, dents included."},
    )
    ada.tells("likeComment", "liked", "A like.", path=comment)
    ada.tells("unlikeComment", "taken_back", "The like is taken back.", path=comment)
    bram.tells(
        "deleteComment",
        "deleted",
        "A comment with answers leaves its place empty.",
        path=comment,
        headers={"If-Match": "*"},
    )
