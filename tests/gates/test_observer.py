"""The observer of the coverage, on a contract with everything that ours does not have yet."""

import pytest

from scripts.coverage.contract import (
    ACCEPTED,
    ANSWERS,
    ANY,
    ENUM,
    HEADER,
    PARAMETER,
    REFUSED,
    SECURITY,
    SENDS,
    STATUS,
    Cell,
)
from scripts.coverage.observe import Observer
from tests.gates.planted import JSON, PROBLEM, exchange, multipart, planted


class TestObserver:
    """What later operations bring: nothing of it may go by unseen, or be taken for what it is not."""

    def test_knows_what_is_due(self) -> None:
        due = set(planted().due)
        assert {
            Cell("uploadFile", SENDS, "", "multipart/form-data"),
            Cell("uploadFile", SENDS, "", "application/x-ndjson"),
            Cell("uploadFile", ENUM, "body /kind", "line"),
            Cell("uploadFile", STATUS, "", "2XX"),
            Cell("uploadFile", SECURITY, "key", "refused without files:write"),
            Cell("uploadFile", SECURITY, "nobody", REFUSED),
            Cell("getFile", SECURITY, "session + token", ACCEPTED),
            Cell("getFile", ANSWERS, "200", "image/*"),
            Cell("getFile", ENUM, "200 header x-cache", "miss"),
            Cell("fileKept", SENDS, "", JSON),
            Cell("fileKept", STATUS, "", "204"),
            Cell("fileKept", ENUM, "body /kind", "sound"),
            Cell(ANY, ENUM, f"{PROBLEM} /code", "broken"),
        } <= due
        # Of the notices of an end, those are due that the operation has to give.
        assert [cell.value for cell in due if cell.dimension == HEADER and cell.value != "x-cache"] == ["deprecation"]
        # A problem that is narrowed down is an operation's own; what all of them share is due once.
        own = {cell.value for cell in due if (cell.operation, cell.place) == ("uploadFile", "409 /code")}
        assert own == {"taken"}
        assert not [cell for cell in due if cell.operation == "fileKept" and cell.dimension == SECURITY]

    def test_sees_a_multipart_body(self) -> None:
        sent, content = multipart(('name="kind"', b"sound"), ('name="file"; filename="a.bin"', b"\x00\xff image"))
        call = exchange("POST", "/v1/files", 201, sent=sent, content=content)
        found = Observer(planted()).observe(call)
        assert Cell("uploadFile", SENDS, "", "multipart/form-data") in found
        assert [cell.value for cell in found if cell.place == "body /kind"] == ["sound"]

    def test_sees_every_line(self) -> None:
        lines = b'{"kind": "line"}\n{"kind": "other"}\n'
        call = exchange("POST", "/v1/files", 200, sent={"Content-Type": "application/x-ndjson"}, content=lines)
        found = [cell.value for cell in Observer(planted()).observe(call) if cell.place == "body /kind"]
        assert found == ["line", "other"]

    def test_sees_parameters_where_they_are(self) -> None:
        call = exchange(
            "GET",
            "/v1/files/a%20b?size=s&size=l",
            sent={"Cookie": "lang=nb; sid=secret", "x-trace": "1"},
            headers={"Content-Type": "image/png", "X-Cache": "hit"},
            body=b"\x89PNG",
        )
        assert {
            Cell("getFile", PARAMETER, "path", "file_id"),
            Cell("getFile", PARAMETER, "query", "size"),
            Cell("getFile", ENUM, "query size /*", "s"),
            Cell("getFile", ENUM, "query size /*", "l"),
            Cell("getFile", PARAMETER, "cookie", "lang"),
            Cell("getFile", ENUM, "cookie lang", "nb"),
            Cell("getFile", PARAMETER, "header", "X-Trace"),
            Cell("getFile", ANSWERS, "200", "image/*"),
            Cell("getFile", HEADER, "200", "x-cache"),
            Cell("getFile", ENUM, "200 header x-cache", "hit"),
        } <= set(Observer(planted()).observe(call))

    def test_takes_an_encoded_slash_for_a_part_of_a_segment(self) -> None:
        plain = Observer(planted()).observe(exchange("GET", "/v1/files/ab"))
        assert plain
        assert Observer(planted()).observe(exchange("GET", "/v1/files/a%2Fb")) == plain
        assert Observer(planted()).observe(exchange("GET", "/v1/files/a/b")) == []

    def test_sees_nothing_in_what_was_refused(self) -> None:
        call = exchange("GET", "/v1/files/1?size=s", 422, sent={"Cookie": "lang=nb"})
        assert Observer(planted()).observe(call) == []

    @pytest.mark.parametrize(
        ("target", "sent", "status", "expected"),
        [
            ("/v1/files/1", {"Cookie": "sid=s", "Authorization": "Bearer t"}, 200, [("session + token", ACCEPTED)]),
            ("/v1/files/1?key=k", {}, 200, [("query", ACCEPTED)]),
            ("/v1/files/1?key=k", {}, 401, [("query", REFUSED)]),
            ("/v1/files/1", {"Cookie": "sid=s"}, 200, []),
            ("/v1/files/1?key=k", {"Cookie": "sid=s"}, 200, []),
            ("/v1/files/1", {"Authorization": "Basic dDp0"}, 401, [("nobody", REFUSED)]),
            ("/v1/files/1", {}, 401, [("nobody", REFUSED)]),
        ],
        ids=["both", "query", "forged", "half", "too many", "other scheme", "nobody"],
    )
    def test_tells_alternatives_apart(
        self, target: str, sent: dict[str, str], status: int, expected: list[tuple[str, str]]
    ) -> None:
        found = Observer(planted()).observe(exchange("GET", target, status, sent=sent))
        assert [(cell.place, cell.value) for cell in found if cell.dimension == SECURITY] == expected

    def test_believes_a_missing_scope_only_where_the_scopes_are_known(self) -> None:
        observer, cell = Observer(planted()), Cell("uploadFile", SECURITY, "key", "refused without files:write")
        call = exchange("POST", "/v1/files", 403, sent={"X-Api-Key": "k1"})
        assert cell not in observer.observe(call)
        observer.granted["k1"] = frozenset({"files:write"})
        assert cell not in observer.observe(call)
        observer.granted["k1"] = frozenset()
        assert cell in observer.observe(call)

    def test_sees_a_webhook_that_was_received(self) -> None:
        call = exchange(
            "POST",
            "/my/hook",
            204,
            sent={"Content-Type": JSON},
            content=b'{"kind": "image"}',
            webhook="fileKept",
        )
        found = Observer(planted()).observe(call)
        assert found == [
            Cell("fileKept", STATUS, "", "204"),
            Cell("fileKept", SENDS, "", JSON),
            Cell("fileKept", ENUM, "body /kind", "image"),
        ]

    def test_sees_a_shared_problem_wherever_it_comes_from(self) -> None:
        call = exchange("GET", "/elsewhere", 404, headers={"Content-Type": PROBLEM}, body=b'{"code": "broken"}')
        assert Observer(planted()).observe(call) == [Cell(ANY, ENUM, f"{PROBLEM} /code", "broken")]
