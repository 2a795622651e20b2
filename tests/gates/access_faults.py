"""Faults in what the contract says of other people's things."""

from tests.gates.contract_faults import DROP, Edit, Fault

OWNED = "house/owned-things"
POST = "paths/posts/post.yaml"
FAULTS: dict[str, Fault] = {
    "owner-unsaid": Fault(OWNED, "Say what others get", (Edit(POST, ("patch", "x-owned"), DROP),), POST),
    "others-get-what-is-not-declared": Fault(
        OWNED, "list it", (Edit(POST, ("patch", "x-owned"), {"others": 418}),), POST
    ),
}
