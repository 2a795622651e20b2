"""The tree that posts are put into."""

from scripts.examples.teller import Caller, Teller

VISITS = {"name": "Workshop visits", "slug": "visits", "description": "What we saw at other people's benches."}
ANYWAY = {"If-Match": "*"}
DEEPEST = 5


def categories(teller: Teller) -> None:
    """Marisol plants a tree, moves a branch of it and prunes it again."""
    anybody, marisol = teller.anybody(), teller.member("marisol_v")
    places = marisol.does("createCategory", body={"name": "Places"}).json()["id"]
    created = marisol.tells(
        "createCategory", "category", "A category at the top.", body=VISITS, headers={"Idempotency-Key": "visits"}
    )
    marisol.tells("createCategory", "category_taken", "There is one of this slug.", body={"name": "Visits"})
    visits = {"category_id": created.json()["id"]}
    read = anybody.tells("getCategory", "category", "A category.", path=visits).headers["ETag"]
    known = {"If-None-Match": read}
    anybody.tells(
        "getCategory", "not_modified", "The category is as it was read.", status=304, path=visits, headers=known
    )
    below, match = {"parent_id": places}, {"If-Match": read}
    marisol.tells("updateCategory", "moved", "A category moves below another.", path=visits, headers=match, body=below)
    anybody.tells("listCategories", "tree", "A tree, from top to bottom.", query={"limit": 5})
    _refused(marisol, places, visits)
    marisol.tells("deleteCategory", "deleted", "The end of a category.", path=visits, headers=ANYWAY)


def _refused(marisol: Caller, places: str, visits: dict[str, str]) -> None:
    marisol.tells(
        "updateCategory",
        "category_cycle",
        "A category below what stands below it.",
        path={"category_id": places},
        headers=ANYWAY,
        body={"parent_id": visits["category_id"]},
    )
    marisol.tells(
        "deleteCategory",
        "category_not_empty",
        "Another one stands below it.",
        path={"category_id": places},
        headers=ANYWAY,
    )
    lowest, made = visits["category_id"], list[str]()
    for level in range(3, DEEPEST + 1):
        lowest = marisol.does("createCategory", body={"name": f"Level {level}", "parent_id": lowest}).json()["id"]
        made.append(lowest)
    deeper = {"name": "Deeper still", "parent_id": lowest}
    marisol.tells("createCategory", "category_too_deep", "A category on the sixth level.", body=deeper)
    for category in reversed(made):
        marisol.does("deleteCategory", path={"category_id": category}, headers=ANYWAY)
