"""What members should hear of."""

from scripts.examples.teller import Teller


def notifications(teller: Teller) -> None:
    """Bram answers a post of Ada's and likes it; Ada reads that, and wants to hear less."""
    ada, bram = teller.member("ada_l"), teller.member("bram")
    post_id = bram.does("listPosts", query={"author": "ada_l", "limit": 1}).json()["items"][0]["id"]
    post = {"post_id": post_id}
    bram.does("createComment", path=post, body={"content": "Printed this out and hung it above the sink, @ada_l."})
    bram.does("likePost", path=post)
    found = ada.tells("listNotifications", "mine", "What has happened to Ada.", query={"unread": "true"}).json()["items"]
    ada.tells("getNotificationCounts", "mine", "How much of it she has not read.")
    one = {"notification_id": found[0]["id"]}
    ada.tells("markNotificationRead", "read", "She has read one.", path=one)
    bram.tells("markNotificationRead", "not_found_elsewhere", "Somebody else's notification.", path=one)
    ada.tells("markNotificationUnread", "unread", "She will come back to it.", path=one)
    ada.tells("markNotificationsRead", "all", "She has read all comments.", query={"kind": "comment"})
    read = ada.tells("getNotificationPreferences", "mine", "What she hears of.").headers["ETag"]
    told = {"headers": {"If-None-Match": read}}
    ada.tells("getNotificationPreferences", "not_modified", "It is as it was read.", status=304, **told)
    ada.tells(
        "updateNotificationPreferences",
        "no_likes",
        "Likes are of no interest to her.",
        headers={"If-Match": read},
        body={"like": False},
    )
