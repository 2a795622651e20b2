"""What members should hear of."""

from scripts.examples.teller import Teller


def notifications(teller: Teller) -> None:
    """Bram answers the newest post and likes it; its author reads that, and wants to hear less."""
    bram = teller.member("bram")
    newest = bram.does("listPosts", query={"limit": 1}).json()["items"][0]
    author = teller.member(newest["author"]["username"])
    post = {"post_id": newest["id"]}
    bram.does("createComment", path=post, body={"content": "Printed this out and hung it above the sink."})
    bram.does("likePost", path=post)
    found = author.tells(
        "listNotifications", "mine", "What the author should hear of.", query={"unread": "true"}
    ).json()["items"]
    author.tells("getNotificationCounts", "mine", "How much of it has not been read.")
    one = {"notification_id": found[0]["id"]}
    author.tells("markNotificationRead", "read", "One of them is read.", path=one)
    bram.tells("markNotificationRead", "not_found_elsewhere", "Somebody else's notification.", path=one)
    author.tells("markNotificationUnread", "unread", "It is to be read once more.", path=one)
    author.tells("markNotificationsRead", "all", "All comments are read.", query={"kind": "comment"})
    read = author.tells("getNotificationPreferences", "mine", "What the author hears of.").headers["ETag"]
    author.tells(
        "getNotificationPreferences",
        "not_modified",
        "It is as it was read.",
        status=304,
        headers={"If-None-Match": read},
    )
    author.tells(
        "updateNotificationPreferences",
        "no_likes",
        "Likes are of no interest.",
        headers={"If-Match": read},
        body={"like": False},
    )
