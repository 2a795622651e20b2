"""Reading, writing and publishing posts, and everything that is refused on the way."""

from scripts.examples.stories.media import form, picture
from scripts.examples.teller import Caller, Teller

DRAFT = {
    "title": "Casting a single letter",
    "content": "Six hundred degrees, one steady hand, and a **long** pause.",
    "tags": ["Type", "casting"],
}
MEGABYTE = 1_048_576


def posts(teller: Teller) -> None:
    """Ada writes a post, publishes it and takes it back; Bram likes it meanwhile."""
    _reading(teller)
    ada = teller.member("ada_l")
    key = {"Idempotency-Key": "casting-a-single-letter"}
    created = ada.tells("createPost", "draft", "A draft with two tags.", body=DRAFT, headers=key)
    ada.tells("createPost", "replayed", "The same request again.", body=DRAFT, headers=key, shown=False)
    other = DRAFT | {"title": "Casting two letters"}
    ada.tells("createPost", "idempotency_key_reused", "The same key for another draft.", body=other, headers=key)
    post, slug = {"post_id": created.json()["id"]}, {"slug": created.json()["slug"]}
    # A draft that its author reads; readings of a published post are counted, and each makes another version of it.
    known = {"If-None-Match": created.headers["ETag"]}
    unchanged = "The post is as it was read."
    ada.tells("getPost", "not_modified", unchanged, status=304, path=post, headers=known)
    ada.tells("getPostBySlug", "not_modified", unchanged, status=304, path=slug, headers=known)
    ada.tells(
        "createComment", "post_not_published", "A comment on a draft.", path=post, body={"content": "Is it done?"}
    )
    ada.tells(
        "updatePost",
        "excerpt",
        "An excerpt of one's own.",
        path=post,
        headers={"If-Match": created.headers["ETag"]},
        body={"excerpt": "On heat, and on patience."},
    )
    image = ada.does("uploadMedia", **form(("letter.png", picture(64, 32)))).json()["items"][0]["id"]
    ada.tells(
        "updatePost",
        "featured_image",
        "An image that stands above the text.",
        path=post,
        headers={"If-Match": "*"},
        body={"featured_image_id": image},
    )
    ada.does("updatePost", path=post, headers={"If-Match": "*"}, body={"title": "Casting one letter"})
    ada.tells("getPostBySlug", "moved", "A draft by the name that it had.", status=308, path=slug)
    _looking_back(ada, post)
    _publishing(ada, teller.member("bram"), post)


def _publishing(ada: Caller, bram: Caller, post: dict[str, str]) -> None:
    ada.tells("archivePost", "invalid_transition", "A draft cannot be archived.", path=post)
    new_year = {"publish_at": "2027-01-01T09:00:00Z"}
    ada.tells("publishPost", "scheduled", "A draft becomes public on New Year's morning.", path=post, body=new_year)
    ada.tells("publishPost", "published", "It becomes public at once after all.", path=post)
    marisol = ada.teller.member("marisol_v")
    marisol.tells("featurePost", "featured", "A post is put forward.", path=post)
    marisol.tells("unfeaturePost", "unfeatured", "It is put forward no longer.", path=post)
    bram.tells("likePost", "liked", "A like.", path=post)
    bram.tells("unlikePost", "taken_back", "The like is taken back.", path=post)
    bram.tells(
        "updatePost",
        "permission_denied",
        "An edit of somebody else's post.",
        path=post,
        headers={"If-Match": "*"},
        body={"title": "Casting a single number"},
    )
    ada.tells("withdrawPost", "withdrawn", "A published post becomes a draft again.", path=post)
    ada.does("publishPost", path=post)
    ada.tells("archivePost", "archived", "A published post is put away.", path=post)
    ada.tells("deletePost", "deleted", "The end of a post.", path=post, headers={"If-Match": "*"})


def _looking_back(ada: Caller, post: dict[str, str]) -> None:
    ada.tells("listRevisions", "newest", "The newest two of three.", path=post, query={"limit": 2})
    first, last = post | {"number": "1"}, post | {"number": "3"}
    ada.tells("getRevision", "first", "The post as it was first written.", path=first)
    ada.tells("compareRevisions", "before", "What the last change was.", path=last)
    ada.tells("restoreRevision", "restored", "Back to the beginning.", path=first, headers={"If-Match": "*"})


def _reading(teller: Teller) -> None:
    anybody = teller.anybody()
    first = anybody.tells("listPosts", "newest", "The two newest posts.", query={"limit": 2}).json()
    cursor = first["page"]["next_cursor"]
    anybody.tells("listPosts", "next", "The page after that.", query={"limit": 2, "cursor": cursor}, shown=False)
    anybody.tells(
        "listPosts",
        "counted",
        "A numbered page of one member's posts, with their number.",
        query={"limit": 1, "author": "ada_l", "page": 2},
    )
    anybody.tells("searchPosts", "hits", "The best hit for two words.", query={"q": "paper ink", "limit": 1})
    newest = first["items"][0]
    path = {"post_id": newest["id"]}
    anybody.tells("getPost", "published", "A published post.", path=path)
    slug = {"slug": newest["slug"]}
    anybody.tells("getPostBySlug", "published", "A post by its name.", path=slug)


def refusals(teller: Teller) -> None:
    """Requests that cannot be read or fulfilled."""
    anybody, ada = teller.anybody(), teller.member("ada_l")
    gone = {"post_id": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"}
    anybody.tells("getPost", "not_found", "A post that is not there, or not for everybody.", path=gone)
    anybody.tells(
        "listPosts",
        "validation_failed",
        "Two parameters that the operation does not take so.",
        query={"limit": 1000, "colour": "red"},
    )
    # Whatever the operation, the answer is this one.
    anybody.tells(
        "getPost", "headers_too_large", "Headers of 70,000 bytes.", path=gone, headers={"Cookie": "x" * 70_000}
    )
    ada.tells("createPost", "malformed_request", "JSON that ends in the middle.", content=b'{"title": "Casting')
    ada.tells(
        "createPost",
        "unsupported_media_type",
        "A draft as plain text.",
        content=b"Casting a single letter",
        headers={"Content-Type": "text/plain"},
    )
    ada.tells("createPost", "payload_too_large", "A draft of more than a mebibyte.", content=b" " * (MEGABYTE + 1))
