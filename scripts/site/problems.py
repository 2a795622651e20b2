"""The catalogue of problems, as the contract states it: an entry per code, and the operations that answer with it."""

from dataclasses import dataclass
from http import HTTPStatus

from scripts.site.document import Document, Node, Operation, SiteError

FILE = "openapi/schemas/ProblemCode.yaml"
_WORDS = ("title", "meaning", "remedy")


@dataclass(frozen=True)
class Problem:
    """One code and what its page says; `operations` are those whose own failure it is."""

    code: str
    status: int
    title: str
    meaning: str
    remedy: str
    anywhere: bool
    operations: tuple[Operation, ...]

    @property
    def href(self) -> str:
        """The address that the `type` of such a problem leads to."""
        return f"/problems/{self.code}"

    @property
    def words(self) -> str:
        """The code as a heading."""
        return self.code.replace("_", " ").capitalize()

    @property
    def phrase(self) -> str:
        """The name of the status."""
        return HTTPStatus(self.status).phrase


def catalogue(document: Document) -> list[Problem]:
    """Return every code of the contract, in its order; a contract without `ProblemCode` has none.

    Raises SiteError when a code is not explained, an explanation has no code, an operation names a code whose status
    it does not list, a listed failure has no code, or no operation answers with a code at all.
    """
    schema = document.schemas().get("ProblemCode", {})
    codes: list[str] = schema.get("enum", [])
    entries: dict[str, Node] = schema.get("x-problems", {})
    for code in codes:
        missing = {"status", *_WORDS} - entries.get(code, {}).keys()
        if missing:
            raise SiteError(
                f"{FILE}: x-problems.{code} lacks {', '.join(sorted(missing))}; readers of its page need it"
            )
    for code in entries.keys() - set(codes):
        raise SiteError(f"{FILE}: x-problems explains {code}, which is no code; add it to the enum or take it out")
    users = _users(document, {code: entries[code]["status"] for code in codes}) if codes else {}
    for code in codes:
        if not users[code] and not entries[code].get("anywhere"):
            raise SiteError(
                f"{FILE}: no operation names {code} in x-problem-codes; name it there, say `anywhere`, or drop the code"
            )
    return [
        Problem(
            code=code,
            status=entries[code]["status"],
            anywhere=entries[code].get("anywhere", False),
            operations=tuple(users[code]),
            **{word: entries[code][word] for word in _WORDS},
        )
        for code in codes
    ]


def _users(document: Document, statuses: dict[str, int]) -> dict[str, list[Operation]]:
    users: dict[str, list[Operation]] = {code: [] for code in statuses}
    for operation in document.operations.values():
        where = f"{operation.name}: x-problem-codes"
        listed = {int(status) for status in operation.responses if status >= "400" and status.isdigit()}
        for code in operation.codes:
            if statuses.get(code) not in listed:
                raise SiteError(
                    f"{where} names {code}, but the operation lists no answer of its status; drop one of them"
                )
            users[code].append(operation)
        for status in sorted(listed - {statuses[code] for code in operation.codes}):
            raise SiteError(f"{where} has no code for the listed {status}; say which failure that is")
    return users
