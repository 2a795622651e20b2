"""Call an operation's endpoint directly when everything about the request is in order.

FastAPI finds out anew on every request what an endpoint takes, which costs more than most operations do. What can be
known of a route is found out here once, from FastAPI's own description of it, and with its own validators. A request
that does not pass in every part goes FastAPI's way, which then words the problem: so there is one wording, and this
module never has to refuse anything (docs/decisions/0007-direct-calls.md has the figures).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fastapi.dependencies.models import Dependant
from fastapi.params import Body
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from pydantic import ValidationError
from starlette.responses import Response

from generated.server._runtime.model_codecs.media import typed
from generated.server._runtime.server.requests import ParameterAdapter
from generated.server._runtime.server.security import (
    ASCIIAPIKeyCookie,
    ASCIIAPIKeyHeader,
    OAuth2Bearer,
    bearer_token,
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came with a request, after the gate has accepted its form. `document` is its JSON body, parsed."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    cookies: Mapping[str, str]
    document: Any = None


class NotPlain(Exception):
    """The request does not pass in every part."""


Values = dict[str, Any]
Reader = Callable[[Arrived, Values], None]
Call = Callable[[Arrived], Awaitable[Response | None]]
Validate = Callable[..., tuple[Any, Any]]
Credential = Callable[[Arrived], str | None]


def _checked(validate: Validate, value: Any) -> Any:
    result, errors = validate(value)
    if errors:
        raise NotPlain
    return result


def _path_reader(dependant: Dependant) -> Reader:
    fields = [(field.name, field.alias, field.validate) for field in dependant.path_params]

    def read(arrived: Arrived, values: Values) -> None:
        for name, alias, validate in fields:
            values[name] = _checked(validate, arrived.path[alias])

    return read


def _query_reader(dependant: Dependant) -> Reader:
    fields = [
        (field.name, field.alias, field.validate, field.field_info.is_required(), field.get_default())
        for field in dependant.query_params
    ]

    def read(arrived: Arrived, values: Values) -> None:
        for name, alias, validate, required, default in fields:
            if alias in arrived.query:
                values[name] = _checked(validate, arrived.query[alias])
            elif required:
                raise NotPlain
            else:
                values[name] = default

    return read


def _header_reader(dependant: Dependant) -> Reader:
    fields = [
        (field.name, field.alias.lower().encode(), field.validate, field.field_info.is_required(), field.get_default())
        for field in dependant.header_params
    ]

    def read(arrived: Arrived, values: Values) -> None:
        for name, alias, validate, required, default in fields:
            given = arrived.headers.get(alias)
            if given is None:
                if required:
                    raise NotPlain
                values[name] = default
            elif given.isascii():
                values[name] = _checked(validate, given.decode())
            else:
                raise NotPlain

    return read


def _body_reader(dependant: Dependant) -> Reader:
    (field,) = dependant.body_params

    def read(arrived: Arrived, values: Values) -> None:
        if arrived.document is None:
            raise NotPlain
        values[field.name] = _checked(field.validate, arrived.document)

    return read


def _record_reader(name: str, adapter: ParameterAdapter) -> Reader:
    """Return a reader of the numbers and booleans of the query, which the generated layer reads as one record."""

    def read(arrived: Arrived, values: Values) -> None:
        record: Values = {}
        for argument in adapter.arguments:
            text = arrived.query.get(argument.plan.name)
            if text is None:
                record[argument.name] = argument.default
            elif argument.adapter is not None:
                record[argument.name] = argument.adapter.validate_python(typed(text, argument.plan.kind))
        values[name] = adapter.record(**record)

    return read


def _is_plain(adapter: ParameterAdapter) -> bool:
    """Whether each parameter is one optional value of the query, and not a list or an object."""
    return adapter.path is None and all(
        argument.plan.location == "query"
        and argument.plan.shape == "scalar"
        and not argument.plan.required
        and argument.plan.content_media_type is None
        and argument.adapter is not None
        for argument in adapter.arguments
    )


def _bearer(arrived: Arrived) -> str | None:
    given = arrived.headers.get(b"authorization")
    return bearer_token(given.decode("latin-1")) if given is not None else None


def _credential(scheme: object) -> Credential | None:
    """Return what reads the credential of a security scheme, or None for a kind that is not known here."""
    if isinstance(scheme, OAuth2Bearer):
        return _bearer
    if not isinstance(scheme, ASCIIAPIKeyCookie | ASCIIAPIKeyHeader):
        return None
    name = scheme.model.name
    header = name.lower().encode()

    def from_cookie(arrived: Arrived) -> str | None:
        given = arrived.cookies.get(name)
        return given if given and given.isascii() else None

    def from_header(arrived: Arrived) -> str | None:
        given = arrived.headers.get(header)
        return given.decode() if given and given.isascii() else None

    return from_cookie if isinstance(scheme, ASCIIAPIKeyCookie) else from_header


def _credentials(dependency: Dependant) -> dict[str, Credential] | None:
    """Return what reads the credentials that the principal is made of, or None when this is not known here."""
    if dependency.name != "principal" or not all(isinstance(it.call, SecurityBase) for it in dependency.dependencies):
        return None
    readers = {str(scheme.name): _credential(scheme.call) for scheme in dependency.dependencies}
    known = {name: read for name, read in readers.items() if read is not None}
    return known if len(known) == len(readers) else None


def _readers(dependant: Dependant) -> list[Reader] | None:
    """Return what reads each kind of argument, or None when there is a kind that is not known here."""
    readers = [_path_reader(dependant), _query_reader(dependant), _header_reader(dependant)]
    if dependant.cookie_params or len(dependant.body_params) > 1 or dependant.request_param_name:
        return None
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, ParameterAdapter) and dependency.name and _is_plain(dependency.call):
            readers.append(_record_reader(dependency.name, dependency.call))
        elif _credentials(dependency) is None:
            return None
    for field in dependant.body_params:
        if type(field.field_info) is not Body:
            return None
        readers.append(_body_reader(dependant))
    return readers


def compiled(route: APIRoute) -> Call | None:
    """Return a direct call of the route's endpoint, or None when it takes something that is not known here.

    The call returns None, and has done nothing, when the request must go FastAPI's way.
    """
    readers = _readers(route.dependant)
    if readers is None:
        return None
    endpoint = cast("Callable[..., Awaitable[object]]", route.dependant.call)
    secured = [(it.call, known) for it in route.dependant.dependencies if (known := _credentials(it)) is not None]
    authenticate, credentials = cast(
        "tuple[Callable[..., Awaitable[object]] | None, dict[str, Credential]]", secured[0] if secured else (None, {})
    )

    async def call(arrived: Arrived) -> Response | None:
        values: Values = {}
        try:
            for read in readers:
                read(arrived, values)
        except (NotPlain, ValidationError):
            return None
        if authenticate is not None:
            values["principal"] = await authenticate(**{name: read(arrived) for name, read in credentials.items()})
        response = await endpoint(**values)
        if not isinstance(response, Response):
            raise TypeError(f"{route.operation_id} returned no HTTPResult")
        return response

    return call
