"""`make plan`: a person can read what will happen to a request."""

import subprocess
import sys

from app.main import plans
from app.runtime.__main__ import described
from tests.contract.document import operations


def test_a_plan_says_what_happens_to_a_request() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.runtime", "createPost"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "createPost: POST /api/v1/posts",
        "",
        "  counted    under the rate limit default, per user",
        "  refused    any parameter of the query that is not below, and one that comes twice",
        "  taken      a body of application/json, at most 1,048,576 bytes",
        "  let in     bearer (posts:write)",
        "  let in     cookie (posts:write) + csrf",
        "  let in     apiKey (posts:write)",
        "  read       header Idempotency-Key: string, pattern ^[!-~]{1,255}$, maxLength 255; None when absent",
        "  read       body: as PostCreate; required",
        "  called     app.posts.handlers.create_post(principal, idempotency_key, body)",
        "  answered   201 Post as application/json, with Location, ETag",
        "  refused    400, 401, 403, 409, 413, 415, 422, 429",
    ]


def test_every_operation_has_one_with_all_that_the_contract_says() -> None:
    texts = {plan.operation.name: described(plan) for plan in plans()}
    assert texts.keys() == {operation.name for operation in operations()}
    for operation in operations():
        text = texts[operation.name]
        for status in operation.responses:
            assert status == "default" or status in text
        for parameter in operation.parameters:
            assert f"{parameter['in']} {parameter['name']}:" in text


def test_an_operation_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.runtime", "getNothing"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("OP: name one of the operations: ")
    assert "createPost" in done.stderr
