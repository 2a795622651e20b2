"""Many posts at once: written, deleted, brought and taken away as a file."""

from app.posts.uploads import MAX_IMPORTS
from scripts.examples.teller import Teller

FIRST = {"title": "Paper for a rainy week", "content": "Damp paper takes **more** ink and less patience."}
SECOND = {"title": "Ink for a dry one", "content": "A drop of oil, *no more*, keeps it moving.", "tags": ["ink"]}
FILE = b"""\
{"external_id": "old:1", "title": "A press of one's own", "content": "It came in parts."}
{"external_id": "old:2", "title": "The first proof", "content": "It was upside down."}
"""


def batches(teller: Teller) -> None:
    """Ada writes two drafts at once, thinks better of it, and keeps a copy of what is published."""
    anybody, ada = teller.anybody(), teller.member("ada_l")
    key = {"Idempotency-Key": "two-texts-on-weather"}
    drafts = ada.tells("createPosts", "two", "Two drafts.", body={"posts": [FIRST, SECOND]}, headers=key).json()
    ada.tells("createPosts", "replayed", "The same again.", body={"posts": [FIRST, SECOND]}, headers=key, shown=False)
    ids = [post["id"] for post in drafts["items"]]
    gone = {"ids": [ids[0], "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"]}
    ada.tells("deletePosts", "not_found_one", "One that is not there keeps the other.", body=gone, shown=False)
    rendered = {"include": "content_html"}
    ada.tells("getPost", "rendered", "A draft with its text as HTML.", path={"post_id": ids[0]}, query=rendered)
    ada.tells("listPosts", "rendered", "A post of a list with its text as HTML.", query=rendered | {"limit": 1})
    ada.tells("deletePosts", "two", "Both go.", body={"ids": ids})
    key = {"Idempotency-Key": "the-old-journal"}
    ada.tells("importPosts", "lines", "Two posts of an older journal.", content=FILE, headers=key)
    ada.tells("importPosts", "replayed", "The same file again.", content=FILE, headers=key, shown=False)
    for _ in range(MAX_IMPORTS - 1):
        ada.does("importPosts", content=FILE)
    ada.tells("importPosts", "too_many_imports", "Five are waiting.", content=FILE)
    (newest,) = anybody.does("listPosts", query={"limit": 1}).json()["items"]
    since = {"author": newest["author"]["username"], "published_after": newest["published_at"]}
    anybody.tells("exportPosts", "lines", "What a member has published since, each a line.", query=since)
    table = {"Accept": "text/csv"}
    anybody.tells("exportPosts", "table", "The same as a table.", query=since, headers=table, shown=False)
    nothing = {"Accept": "application/xml"}
    anybody.tells("exportPosts", "not_acceptable", "As XML it is not to be had.", query=since, headers=nothing)
