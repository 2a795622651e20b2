"""`make second-opinion`: openapi-core holds the recorded traffic against the contract and must come to our verdicts.

It shares nothing with the service and nothing with the judge of the tests. An answer of ours that it refuses, a
request that we served and it refuses, and one that we refused for what the contract says and it accepts: each is a
disagreement.
"""

import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.security.exceptions import SecurityFinderError
from openapi_core.validation.request.exceptions import SecurityValidationError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from scripts.coverage import traffic
from scripts.coverage.contract import BUNDLE, Contract
from scripts.coverage.enums import Node
from scripts.coverage.exchange import Exchange, documents, header
from scripts.coverage.exemptions import FILE, BadExemptions, Disagreement, load
from scripts.coverage.observe import PROBLEM, Observer
from scripts.coverage.reading import FILE as BYTES
from scripts.coverage.reading import characters, form, parsed, text

# Statuses that say something about the request which the contract can express, so that a reader of it alone must say
# the same; of all others but successes, the second opinion is not asked about the request.
REFUSED = frozenset({400, 415, 422, 428})
# Here the request was in order, and what it met was not.
IN_ORDER = frozenset({404, 409, 412})
UNREAD = frozenset({401, 403})
NOT_AUTHENTICATED = "not_authenticated"
MAX_COMPLAINT = 400
_SECURITY = (SecurityFinderError, SecurityValidationError)
ACCEPTS, REFUSES, REFUSES_ANSWER = "accepts", "refuses", "refuses the answer"


@dataclass
class Request:
    """A recorded request in the form that openapi-core reads."""

    method: str
    path: str
    content_type: str
    body: bytes
    parameters: RequestParameters
    host_url: str = "http://localhost"


@dataclass
class WebhookRequest(Request):
    """A recorded call of a webhook."""

    name: str = ""


@dataclass
class Response:
    """A recorded answer in the form that openapi-core reads."""

    status_code: int
    content_type: str
    data: bytes
    headers: Headers


@dataclass(frozen=True)
class Finding:
    """A disagreement about one exchange."""

    verdict: str
    operation: str
    exchange: Exchange
    code: str
    errors: tuple[str, ...]
    complaint: str

    def fits(self, excuse: Disagreement) -> bool:
        """Whether an argued disagreement is of this kind."""
        return (
            (excuse.verdict, excuse.status) == (self.verdict, self.exchange.status)
            and excuse.operation in ("", self.operation)
            and excuse.code in ("", self.code)
            and (not excuse.error or excuse.error in self.errors)
            and re.search(excuse.target, self.exchange.target) is not None
            and any(re.search(excuse.header, f"{name}: {value}") for name, value in (("", ""), *self.exchange.sent))
            and re.search(excuse.content, self.exchange.content.decode("latin-1")) is not None
            and re.search(excuse.body, self.exchange.body.decode("latin-1")) is not None
        )

    def __str__(self) -> str:
        said = "/".join(filter(None, [self.code, *self.errors]))
        return (
            f"{self.operation}: {traffic.described(self.exchange)}{f' ({said})' if said else ''}: openapi-core "
            f"{self.verdict}{f': {self.complaint}' if self.complaint else ''}; mend the contract or the service, "
            f"or argue it in {FILE.name}"
        )


def _readable(document: Node) -> Node:
    """Return the contract with bearer tokens of OAuth 2 named for what they are on the wire, which it can check."""
    copy = deepcopy(document)
    for name, scheme in copy.get("components", {}).get("securitySchemes", {}).items():
        if scheme["type"] in {"oauth2", "openIdConnect"}:
            copy["components"]["securitySchemes"][name] = {"type": "http", "scheme": "bearer"}
    return copy


def validator(contract: Contract) -> OpenAPI:
    """Return openapi-core with our contract.

    It knows no structured suffixes (RFC 6839), so it is told of those of JSON; and what the contract describes as a
    text, lines and feeds, is one to it, too.
    """
    kinds = {
        kind
        for operation in contract.operations
        for kind in chain(operation.sends, *(answer.content for answer in operation.answers.values()), contract.shared)
    }
    structured = {kind: parsed for kind in kinds if kind.endswith("+json")}
    texts = {kind: text for kind in kinds if kind.endswith(("+xml", "ndjson", "csv", "calendar"))}
    files = {kind: characters for kind in kinds if BYTES.match(kind)}
    config = Config(
        extra_media_type_deserializers=structured | texts | files | {"multipart/form-data": form},
        # Our answers have no member that the contract does not name.
        additional_properties_default_policy="forbid",
    )
    return OpenAPI.from_dict(_readable(contract.document), config=config)


def request_of(exchange: Exchange) -> Request:
    """Return the request as openapi-core reads it."""
    query = [(name, value) for name, values in exchange.query.items() for value in values]
    parameters = RequestParameters(
        query=ImmutableMultiDict(query),
        header=Headers(list(exchange.sent)),
        cookie=ImmutableMultiDict(exchange.cookies),
    )
    kind = header(exchange.sent, "content-type") or ""
    path = exchange.target.partition("?")[0]
    given = (exchange.method.lower(), path, kind, exchange.content, parameters)
    return WebhookRequest(*given, name=exchange.webhook) if exchange.webhook else Request(*given)


def response_of(exchange: Exchange) -> Response:
    """Return the answer as openapi-core reads it."""
    kind = header(exchange.headers, "content-type") or ""
    return Response(exchange.status, kind, exchange.body, Headers(list(exchange.headers)))


def _said(exchange: Exchange) -> tuple[str, tuple[str, ...]]:
    """Return the code of the problem that the service answered with, and those of its errors."""
    if not (header(exchange.headers, "content-type") or "").startswith(PROBLEM):
        return "", ()
    (problem,) = documents(exchange.body, exchange.headers) or [{}]
    return problem.get("code", ""), tuple(dict.fromkeys(error["code"] for error in problem.get("errors", ())))


def _expected(exchange: Exchange) -> bool | None:
    """Tell whether the request is in order by our verdict; None where the contract has no say."""
    if exchange.succeeded or exchange.status in IN_ORDER:
        return True
    return False if exchange.status in REFUSED else None


def _complaint(error: Exception) -> str:
    # The error itself repeats the value; the errors of the schema say what is wrong with it.
    details = [str(detail.message) for detail in getattr(error.__cause__, "schema_errors", ())]
    said = f"{type(error).__name__}: {'; '.join(details) or error}"
    return said[:MAX_COMPLAINT].replace("\n", " ")


def _complaints(errors: Iterator[Exception], *, security: bool = False) -> list[str]:
    """Return what openapi-core says, or only of credentials.

    What it stumbles over, such as a media type that is none, it refuses as well.
    """
    try:
        return [_complaint(error) for error in errors if not security or isinstance(error, _SECURITY)]
    except (ValueError, RecursionError) as failure:
        return [f"it cannot read it: {failure}"]


def compare(openapi: OpenAPI, operation: str, exchange: Exchange) -> Iterator[Finding]:
    """Yield the disagreements about one exchange."""
    code, errors = _said(exchange)
    request = request_of(exchange)
    found = partial(Finding, operation=operation, exchange=exchange, code=code, errors=errors)
    # Who is nobody, or may not, is told so before the rest is read. Whether there are credentials is in the contract;
    # whether they are good is not.
    unread = exchange.status in UNREAD
    expected = code != NOT_AUTHENTICATED if unread else _expected(exchange)
    complaints = _complaints(openapi.iter_request_errors(request), security=unread)
    if expected is True and complaints:
        yield found(REFUSES, complaint="; ".join(complaints))
    if expected is False and not complaints:
        yield found(ACCEPTS, complaint="")
    complaints = _complaints(openapi.iter_response_errors(request, response_of(exchange)))
    if complaints:
        yield found(REFUSES_ANSWER, complaint="; ".join(complaints))


@dataclass
class Opinion:
    """What the second opinion came to."""

    exchanges: int = 0
    open: list[Finding] = field(default_factory=list[Finding])
    argued: int = 0
    needless: list[Disagreement] = field(default_factory=list[Disagreement])

    def faults(self) -> list[str]:
        """Return a line per disagreement that nobody has argued, and per argument about nothing."""
        return [
            *map(str, self.open),
            *(
                f"{FILE.name}: nobody disagrees ({excuse.verdict}, {excuse.status} {excuse.code} {excuse.error}); "
                "take the entry out"
                for excuse in self.needless
            ),
        ]


def give(contract: Contract, exchanges: Iterable[Exchange], excuses: Iterable[Disagreement]) -> Opinion:
    """Hold every exchange against the contract."""
    openapi, observer, opinion = validator(contract), Observer(contract), Opinion()
    unused = list(excuses)
    used: list[Disagreement] = []
    for exchange in exchanges:
        operation = observer.operation_of(exchange)
        opinion.exchanges += 1
        for finding in compare(openapi, operation.name if operation else "no operation", exchange):
            fitting = [excuse for excuse in (*used, *unused) if finding.fits(excuse)]
            opinion.argued += bool(fitting)
            if not fitting:
                opinion.open.append(finding)
            for excuse in fitting:
                if excuse in unused:
                    unused.remove(excuse)
                    used.append(excuse)
    opinion.needless = unused
    return opinion


def recorded(folder: Path, fingerprint: str) -> Iterator[Exchange]:
    """Yield the traffic that the runs have left; what was recorded with another contract does not count."""
    for path in sorted(folder.glob("*.jsonl")):
        made_with, exchanges = traffic.read(path)
        if made_with == fingerprint:
            yield from exchanges


def main() -> None:
    """Print a line per disagreement; exit with 1 when there is one, or nothing to judge."""
    started = time.monotonic()
    contract = Contract.load()
    try:
        excuses = load().disagreements
    except BadExemptions as failure:
        sys.exit(str(failure))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opinion = give(contract, recorded(traffic.OUTPUT, contract.fingerprint), excuses)
    if not opinion.exchanges:
        sys.exit(f"{BUNDLE.name}: no traffic was recorded with this contract; run `make test` first")
    faults = opinion.faults()
    print(
        *faults,
        f"openapi-core on {opinion.exchanges} recorded exchanges: {len(opinion.open)} disagreements, "
        f"{opinion.argued} argued, {time.monotonic() - started:.0f} s",
        sep="\n",
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
