"""Faults in what the contract says of other people's things, and of what is done later."""

from tests.gates.contract_faults import DROP, Edit, Fault

OWNED = "house/owned-things"
POST, MAIL = "paths/posts/post.yaml", "paths/mail/mail.yaml"
FAULTS: dict[str, Fault] = {
    "owner-unsaid": Fault(OWNED, "Say what others get", (Edit(POST, ("patch", "x-owned"), DROP),), POST),
    "accepted-without-place": Fault(
        "rule/accepted-says-where",
        "say where it is",
        (Edit(MAIL, ("post", "responses", "202", "headers", "Location"), DROP),),
        MAIL,
    ),
    "others-get-what-is-not-declared": Fault(
        OWNED, "list it", (Edit(POST, ("patch", "x-owned"), {"others": 418}),), POST
    ),
}
