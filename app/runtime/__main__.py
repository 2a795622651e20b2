"""`make plan OP=createPost`: print what will happen to a request for an operation, in the order in which it does."""

import sys
from collections.abc import Iterator
from textwrap import indent

from app.contract import BASE_PATH, rate_limit_policies
from app.main import plans
from app.runtime.plans import Plan, arguments
from app.settings import load


def described(plan: Plan) -> str:
    """Return the plan of an operation as text, a step per line."""
    operation = plan.operation
    steps = indent("\n".join(_steps(plan)), "  ")
    return f"{operation.name}: {operation.method} {BASE_PATH}{operation.path}\n\n{steps}\n"


def _steps(plan: Plan) -> Iterator[str]:
    operation, body = plan.operation, plan.body
    per = rate_limit_policies()[operation.limit]["per"]
    yield f"counted    under the rate limit {operation.limit}, per {per}"
    yield "refused    any parameter of the query that is not below, and one that comes twice"
    if body is not None:
        yield f"taken      a body of {' or '.join(body.media_types)}, at most {body.most_bytes:,} bytes"
    yield from _caller(plan)
    for entry in plan.parameters.all:
        presence = "required" if entry.required else f"{entry.default!s} when absent"
        yield f"read       {entry.place} {entry.name}: {entry.demands}; {presence}"
    if body is not None:
        what = "given to the handler as it comes" if body.streamed else f"as {body.model}"
        yield f"read       body: {what}; {'required' if body.required else 'may be absent'}"
    handler = plan.handler
    yield f"called     {handler.__module__}.{getattr(handler, '__name__', '')}({', '.join(arguments(plan))})"
    for status, declared in plan.answers.successes.items():
        content = f" {declared.model or 'bytes'} as {declared.media_type}" if declared.media_type else ""
        headers = f", with {', '.join(declared.headers)}" if declared.headers else ""
        yield f"answered   {status}{content}{headers}"
    refusals = [status for status in operation.document["responses"] if status.startswith(("4", "5"))]
    yield f"refused    {', '.join(refusals)}"


def _caller(plan: Plan) -> Iterator[str]:
    if plan.security is None:
        yield "let in     everybody, whatever credentials they bring"
        return
    for requirement in plan.security.requirements:
        schemes = [f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in requirement]
        yield f"let in     {' + '.join(schemes) or 'nobody in particular'}"


def main() -> int:
    """Print the plan that is asked for, or say which there are."""
    load()
    found = {plan.operation.name: plan for plan in plans()}
    (name,) = sys.argv[1:] or [""]
    if name not in found:
        sys.stderr.write(f"OP: name one of the operations: {', '.join(found)}\n")
        return 1
    sys.stdout.write(described(found[name]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
