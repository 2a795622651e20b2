"""The subjects that posts are about."""

from scripts.examples.teller import Teller

CASTING = {"name": "casting", "color": "#b45309", "description": "Metal, heat and moulds."}


def tags(teller: Teller) -> None:
    """Marisol makes a tag, corrects it and deletes it again."""
    anybody, marisol = teller.anybody(), teller.member("marisol_v")
    anybody.tells("listTags", "first", "The first two tags.", query={"limit": 2})
    created = marisol.tells("createTag", "tag", "A new tag.", body=CASTING, headers={"Idempotency-Key": "casting"})
    marisol.tells("createTag", "tag_taken", "There is such a tag already.", body={"name": "casting"})
    tag = {"tag_id": created.json()["id"]}
    read = anybody.tells("getTag", "tag", "A tag.", path=tag).headers["ETag"]
    anybody.tells(
        "getTag", "not_modified", "The tag is as it was read.", status=304, path=tag, headers={"If-None-Match": read}
    )
    marisol.tells(
        "updateTag",
        "color",
        "Another colour, and no description.",
        path=tag,
        headers={"If-Match": read},
        body={"color": "#92400e", "description": None},
    )
    founding = marisol.does("createTag", body={"name": "founding"}).json()["id"]
    marisol.tells(
        "mergeTag",
        "into",
        "Two words for one thing become one.",
        path={"tag_id": founding},
        headers={"If-Match": "*"},
        body={"into": tag["tag_id"]},
    )
    marisol.tells("deleteTag", "deleted", "The end of a tag.", path=tag, headers={"If-Match": "*"})
