"""The rules for Python files. Each yields the lines that break it, and says what to do there."""

import ast
import re
from collections.abc import Callable, Iterator

from scripts.house_rules.source import Function, Project, Source

SLICE_FILES = frozenset({"__init__.py", "handlers.py", "service.py", "tables.py"})
# app/<slice>/<file>
SLICE_DEPTH = 3
# A further file of a slice must earn its name; the value says how.
EXTRA_FILES = {
    "app/auth/cookies.py": "What a browser keeps of a session; no other caller has cookies.",
    "app/auth/csrf.py": "What ties a cookie to its session is asked by whoever sets cookies and by whoever reads them.",
    "app/auth/keys.py": "Keys are a resource of their own beside sessions.",
    "app/auth/living.py": "What is remembered of sessions and keys, and for how long, is decided in one place.",
    "app/auth/lockout.py": "Whatever asks for a password counts its attempts, and knows no sessions.",
    "app/auth/links.py": "Mailed links: what their tokens are, apart from what they are good for.",
    "app/auth/passwords.py": "Hashing has a thread of its own with a bounded queue, so that reads do not wait for it.",
    "app/auth/recovery.py": "Getting back in and staying safe, which sessions know nothing of.",
    "app/auth/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/auth/sessions.py": "Sessions as their member sees them, beside how they are opened and renewed.",
    "app/auth/tokens.py": "The only module that touches the JWT library, so that it can be left.",
    "app/categories/filing.py": "Putting things into categories is what other slices do; editing the tree is not.",
    "app/comments/moderation.py": "Judging comments is a subject of its own beside writing them.",
    "app/comments/places.py": "What a change of the tree does to the places above is told apart from who may do it.",
    "app/comments/queries.py": "Statements composed from filters and positions in the tree, compiled once per shape.",
    "app/events/attendance.py": "Giving seats away is a subject of its own beside what an event is.",
    "app/events/calendar.py": "The only module that knows the library of calendars.",
    "app/events/queries.py": "Statements composed from filters and sort orders, compiled once per shape.",
    "app/feeds/formats.py": "The only module that knows the library of feeds.",
    "app/items/images.py": "Images of items come as files do, and are media.",
    "app/items/queries.py": "Statements composed from filters and sort orders, compiled once per shape.",
    "app/items/search.py": "Full-text search: ranking is a subject of its own.",
    "app/jobs/__main__.py": "A worker is a program of its own.",
    "app/jobs/attempts.py": "One attempt at one job, which knows nothing of PgQueuer.",
    "app/jobs/cleaning.py": "Every slice that clears something away does it this way.",
    "app/jobs/messages.py": "PgQueuer's tables, without PgQueuer.",
    "app/jobs/queue.py": "The only module that knows how PgQueuer is set.",
    "app/jobs/registry.py": "All that another slice needs in order to do jobs.",
    "app/jobs/requests.py": "What people ask of jobs; service.py is for other slices, on which access depends itself.",
    "app/jobs/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/jobs/worker.py": "The only module that runs PgQueuer.",
    "app/mail/compose.py": "A mail is made of templates and values alone, without a server or the database.",
    "app/mail/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/mail/transport.py": "How a mail leaves the house, which is for the operator to choose.",
    "app/media/avatars.py": "The picture of an account is a use of a medium, and no rule of media.",
    "app/media/downloads.py": "Answering content is HTTP: conditions, ranges and headers.",
    "app/media/files.py": "Objects in the store and their rows, whatever medium they are of.",
    "app/media/forms.py": "The only module that knows how a form of files is written.",
    "app/media/names.py": "What a file is called is harmless by what this module does, and by nothing else.",
    "app/media/queries.py": "Statements composed of filters and of every table that shows media.",
    "app/media/ranges.py": "Ranges as the standard has them, without anything of media.",
    "app/media/sniffing.py": "The only module that decides what a file is.",
    "app/media/spool.py": "Where files are while they arrive, however their process ends.",
    "app/media/store.py": "The only module that knows the library of stores.",
    "app/media/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/media/uploads.py": "Receiving files, which goes on for as long as their sender likes.",
    "app/media/variants.py": "What workers make of images, apart from the requests for it.",
    "app/messages/departure.py": "The end of an account touches every room at once.",
    "app/messages/people.py": "Who is in a room is a subject of its own beside what is said there.",
    "app/messages/rooms.py": "What a room is, and who sees it, is asked by all that happens in it.",
    "app/messages/unread.py": "How far everybody has read is kept beside what is said.",
    "app/notifications/causes.py": "The tables of slices that notify, without those slices, which need this one.",
    "app/notifications/comments.py": "Who hears of a comment is a subject of its own.",
    "app/notifications/departure.py": "What a member leaves behind, for the one who takes everything apart.",
    "app/notifications/likes.py": "Likes are counted together, as nothing else is.",
    "app/notifications/mentions.py": "Whom a text names is told from the text alone, without the database.",
    "app/notifications/posts.py": "Who hears of a post, and of what hangs on it.",
    "app/notifications/requests.py": "What members ask of theirs; the others are for slices that notify.",
    "app/notifications/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/posts/bulk.py": "What is done to many posts is one statement for all, and an error points at one.",
    "app/posts/export.py": "A list as a file: forms and pieces, which a page does not know.",
    "app/posts/history.py": "Keeping what a post was is part of every change; reading it is not.",
    "app/posts/imports.py": "Importing a file is a job, which knows nothing of the request that brought it.",
    "app/posts/lines.py": "The lines of a file are told apart and read without the database.",
    "app/posts/markdown.py": "Rendering is made of text alone, in a thread of its own.",
    "app/posts/queries.py": "Statements composed from filters and sort orders, compiled once per shape.",
    "app/posts/related.py": "What is related is a subject of its own, as what is found is.",
    "app/posts/revisions.py": "What a post was, for who may edit it.",
    "app/posts/search.py": "Full-text search: ranking and highlighting are a subject of their own.",
    "app/posts/steps.py": "The life of a post, with the jobs and counters that follow its state.",
    "app/posts/tasks.py": "Tasks run in workers, which import no handlers.",
    "app/posts/text.py": "Slugs and excerpts are made of text alone, without the database.",
    "app/posts/uploads.py": "Receiving a file is a request, which knows nothing of the job that imports it.",
    "app/statistics/kept.py": "Keeping what is costly to make has nothing to do with what is made.",
    "app/posts/views.py": "Which readings count is asked by whoever answers a post.",
    "app/tags/merging.py": "Making one of two is a subject of its own beside editing one.",
}
# A migration is one long list of statements, runs in its own process and is never changed.
MIGRATIONS = "app/migrations"
MAX_FILE, MAX_FUNCTION, MAX_HANDLER, MAX_VALUE = 300, 40, 12, 20

SQL = re.compile(r"\b(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)")
# What queries are made of; a handler that passes a connection on may name its type.
QUERY_PARTS = r"^(sqlalchemy|asyncpg)\b|^app\.sql\b(?!\.Connection$)|\.tables\b"
DRIVER_CALLS = frozenset({"execute", "executemany", "fetch", "fetchrow", "fetchval"})
# What the sandbox could not hold; both modules have a way to ask for the same.
SOURCES = frozenset({"app/clock.py", "app/ids.py"})
CHANCE = ("secrets", "random", "uuid.uuid1", "uuid.uuid4", "uuid_utils")
TIMES = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"})
SQL_TIMES = frozenset({"current_timestamp", "clock_timestamp", "statement_timestamp", "transaction_timestamp"})
SQL_CHANCE = frozenset({"random", "gen_random_uuid", "uuidv7", "uuidv4"})
TRANSACTION = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\b")

Found = Iterator[tuple[int, str]]


def docstring(node: Function) -> ast.stmt | None:
    """Return the statement that is the docstring."""
    return node.body[0] if ast.get_docstring(node) is not None else None


def imported(source: Source, *modules: str) -> Found:
    """Find imports of these modules or of anything in them."""
    for line, name in source.imports:
        if any(name == module or name.startswith(f"{module}.") for module in modules):
            yield line, name


def file_length(source: Source, _: Project) -> Found:
    """Files stay readable in one sitting."""
    if len(source.lines) > MAX_FILE:
        yield 1, f"{len(source.lines)} lines, {MAX_FILE} are allowed: give a part of it a file of its own."


def function_length(source: Source, _: Project) -> Found:
    """So do functions; comments, blank lines and docstrings do not count."""
    if source.path.is_relative_to(MIGRATIONS):
        return
    for node in source.functions:
        length = source.length(node.lineno, node.end_lineno or 0, without=docstring(node))
        if length > MAX_FUNCTION:
            yield (
                node.lineno,
                f"{node.name} has {length} lines, {MAX_FUNCTION} are allowed: take a named step out of it.",
            )


def handler_length(source: Source, _: Project) -> Found:
    """A handler takes typed input, makes one call and returns."""
    for node in source.handlers:
        length = source.length(node.body[0].lineno, node.end_lineno or 0, without=docstring(node))
        if length > MAX_HANDLER:
            message = f"{node.name} does {length} lines of work, {MAX_HANDLER} are allowed: use service.py."
            yield node.lineno, message


def handler_sql(source: Source, _: Project) -> Found:
    """Queries stand in service.py."""
    if not source.handlers:
        return
    for line, name in source.imports:
        if re.search(QUERY_PARTS, name):
            yield line, f"a handler has no use for {name}: put the query into service.py."
    for line, text in source.strings:
        if SQL.search(text):
            yield line, "no SQL in a handler: put the query into service.py."
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in DRIVER_CALLS:
            yield node.lineno, f"no SQL in a handler: put what calls .{node.attr} into service.py."


def handler_permission(source: Source, _: Project) -> Found:
    """Who may do what is decided by the contract's scopes, app/access.py and the service."""
    for handler in source.handlers:
        for node in ast.walk(handler):
            if not isinstance(node, ast.If | ast.IfExp | ast.Assert):
                continue
            if any(isinstance(name, ast.Name) and name.id == "principal" for name in ast.walk(node.test)):
                yield (
                    node.lineno,
                    "no permission check in a handler: state a scope in the contract or ask in service.py.",
                )


def framework(source: Source, _: Project) -> Found:
    """A slice takes what the Protocol gives it, so that the layer underneath can be replaced."""
    if not source.slice:
        return
    for line, name in imported(source, "fastapi", "starlette"):
        yield (
            line,
            f"no {name} in a slice: take what the contract declares, raise a Problem, return an HTTPResult.",
        )
    for node in source.nodes:
        if isinstance(node, ast.Name) and node.id in {"HTTPException", "JSONResponse", "router"}:
            yield node.lineno, f"no {node.id} in a slice: paths stand in the contract, failures are Problems."


def scope_literal(source: Source, project: Project) -> Found:
    """Scopes are stated on the operation and enforced from there."""
    for line, text in source.strings if source.slice else ():
        if scopes := project.scopes & set(re.findall(r"[a-z]+:[a-z-]+", text)):
            yield line, f"{', '.join(sorted(scopes))} belongs into the contract or into app/access.py."


def foreign_handlers(source: Source, _: Project) -> Found:
    """A slice may call another's service and read its tables, never its handlers."""
    for line, name in source.imports if source.slice else ():
        if (match := re.match(r"app\.(\w+)\.handlers\b", name)) and match[1] != source.slice:
            yield line, f"call app/{match[1]}/service.py instead; handlers belong to the HTTP side."


def slice_cycle(source: Source, project: Project) -> Found:
    """Slices depend on each other in one direction."""
    for line, name in source.imports if source.slice else ():
        other = project.slice_of(name)
        if other not in {"", source.slice} and source.slice in project.reachable(other):
            yield line, f"app/{other} needs app/{source.slice} already: move what both need."


def commit(source: Source, _: Project) -> Found:
    """A transaction is opened in the handler and ended by its block."""
    elsewhere = source.file == "app/db.py" or source.path.is_relative_to(MIGRATIONS)
    if elsewhere or not source.path.is_relative_to("app"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}:
            yield (
                node.lineno,
                f"no .{node.attr}() outside app/db.py: let `async with transaction()` in the handler end it.",
            )
    for line, text in source.strings:
        if TRANSACTION.match(text):
            yield line, "transactions are begun and ended by app/db.py alone."


def clock_and_ids(source: Source, _: Project) -> Found:
    """What happens follows from the requests alone where the clock and the ids are given: in the sandbox."""
    if not source.path.is_relative_to("app") or source.file in SOURCES:
        return
    for line, name in imported(source, *CHANCE):
        yield line, f"no {name} outside app/ids.py: take what you need from there, so that the sandbox can repeat it."
    for node in source.nodes:
        if not isinstance(node, ast.Attribute):
            continue
        if (name := ".".join(ast.unparse(node).rsplit(".", 2)[-2:])) in TIMES:
            yield node.lineno, f"no {name} outside app/clock.py: ask clock.now() for the time."
        elif ast.unparse(node.value) == "func" and node.attr in SQL_TIMES | SQL_CHANCE:
            yield node.lineno, f"no func.{node.attr}: in SQL the time is func.now(), and ids come from app/ids.py."


def yaml_import(source: Source, _: Project) -> Found:
    """YAML is parsed when building, never when serving: it costs a hundred times what JSON costs."""
    if source.path.is_relative_to("app"):
        for line, name in imported(source, "yaml"):
            yield line, f"no {name} in the service: read generated/openapi.json, or parse it in scripts/."


def service_class(source: Source, _: Project) -> Found:
    """Services are functions in modules; classes there are errors and small frozen values."""
    if not source.slice or source.path.name != "service.py":
        return
    problems = {name.rpartition(".")[2] for _, name in imported(source, "app.problems")}
    for node in (node for node in source.nodes if isinstance(node, ast.ClassDef)):
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        if bases & problems or any(base.endswith(("Error", "Exception")) for base in bases):
            problems.add(node.name)
            continue
        frozen = any("frozen=True" in ast.unparse(decorator) for decorator in node.decorator_list)
        value = frozen or bases & {"NamedTuple", "TypedDict", "StrEnum", "Enum"}
        if not value or source.length(node.lineno, node.end_lineno or 0) > MAX_VALUE:
            yield (
                node.lineno,
                f"{node.name}: write functions; classes here are errors and small frozen values.",
            )


def slice_files(source: Source, _: Project) -> Found:
    """The same three names in each slice."""
    known = source.path.name in SLICE_FILES and len(source.path.parts) == SLICE_DEPTH
    if source.slice and not known and source.file not in EXTRA_FILES:
        yield 1, "a slice is handlers.py, service.py and tables.py: move it there or list it in EXTRA_FILES."


RULES: dict[str, Callable[[Source, Project], Found]] = {
    rule.__name__.replace("_", "-"): rule
    for rule in (
        file_length,
        function_length,
        handler_length,
        handler_sql,
        handler_permission,
        framework,
        scope_literal,
        foreign_handlers,
        slice_cycle,
        commit,
        clock_and_ids,
        yaml_import,
        service_class,
        slice_files,
    )
}
