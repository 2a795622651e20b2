"""What is new, for readers of feeds and for other sites."""

from scripts.examples.teller import Teller


def feeds(teller: Teller) -> None:
    """A reader of feeds comes twice, and another site shows a post."""
    anybody = teller.anybody()
    for operation in ("getAtomFeed", "getRssFeed"):
        first = anybody.tells(operation, "newest", "The newest post.", query={"limit": 1}, shown=False)
        known = {"If-None-Match": first.headers["ETag"]}
        again = "Nothing has happened since."
        anybody.tells(operation, "not_modified", again, status=304, query={"limit": 1}, headers=known, shown=False)
    newest = anybody.does("listPosts", query={"limit": 1, "tag": "beginners"}).json()["items"][0]
    post = {"post_id": newest["id"]}
    anybody.tells("listRelatedPosts", "related", "What is closest to a post.", path=post, query={"limit": 2})
    address = {"url": f"http://localhost:8001/api/v1/posts/by-slug/{newest['slug']}"}
    shown = anybody.tells("getOembed", "post", "A post by its address.", query=address)
    known = {"If-None-Match": shown.headers["ETag"]}
    anybody.tells("getOembed", "not_modified", "It is still the same.", status=304, query=address, headers=known)
