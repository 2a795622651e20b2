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

    Raises SiteError when a code is not explained, when an operation names a code whose status it does not list, or when
    one that names codes has none for a failure that it lists.
    """
    schema = document.schemas().get("ProblemCode", {})
    codes: list[str] = schema.get("enum", [])
    entries: dict[str, Node] = schema.get("x-problems", {})
    for code in codes:
        missing = {"status", *_WORDS} - entries.get(code, {}).keys()
        if missing:
            raise SiteError(f"{FILE}: x-problems.{code} lacks {', '.join(sorted(missing))}; its page needs that")
    users = _users(document, {code: entries[code]["status"] for code in codes}) if codes else {}
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
                raise SiteError(f"{where} names {code}, but no answer of its status is listed; add or drop one")
        for status in sorted(listed - {statuses[code] for code in operation.codes}) if operation.codes else ():
            raise SiteError(f"{where} has no code for the listed {status}; say which failure that is")
        # An operation that does not say which may answer with any code of its statuses.
        for code in operation.codes or [code for code, status in statuses.items() if status in listed]:
            users[code].append(operation)
    return users
