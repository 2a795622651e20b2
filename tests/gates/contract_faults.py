"""Faults that a contract can have, each with the rule that must find it."""

import re
from dataclasses import dataclass
from typing import Any

DROP = object()


@dataclass(frozen=True)
class Edit:
    """Set or drop what stands at a path in a file; without a path, write the whole file."""

    file: str
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Fault:
    """Edits that break a rule, what the rule says about it, and the file it must name."""

    rule: str
    says: str
    edits: tuple[Edit, ...]
    place: str


def keys(path: str) -> tuple[str | int, ...]:
    """Split a path at its dots; short numbers are places in a list, long ones are statuses."""
    return tuple(int(key) if re.fullmatch("[0-9]{1,2}", key) else key for key in path.split(".") if path)


def fault(  # noqa: PLR0913 - a table reads best without names.
    rule: str, says: str, file: str, path: str, value: Any, *more: Edit, place: str | None = None
) -> Fault:
    """Describe a fault of one edit, usually."""
    return Fault(rule, says, (Edit(file, keys(path), value), *more), place or file)


POSTS, POST, LIKE = "paths/posts/posts.yaml", "paths/posts/post.yaml", "paths/posts/like.yaml"
JOIN = "workflows/1-join.arazzo.yaml"
PROBLEM = "responses/Conflict.yaml"
TITLE, DETAIL = "schemas/PostTitle.yaml", "properties.detail"
SHORT = {"type": "string", "maxLength": 5, "description": "A short text."}
PAIR: dict[str, Any] = {"type": "object", "description": "A pair.", "properties": {}}
ROOT_FILE = "openapi.yaml"
SEARCHED = "paths/posts/search.yaml"
SEARCH = {"$ref": SEARCHED}
NO_SEARCH = Edit(ROOT_FILE, ("paths", "/posts/search"), DROP)
NAMED = "house/named-schemas"
COMPONENT = "house/files-are-components"
BOUNDED = "house/bounded"
PATTERN = "house/portable-patterns"
OWN = "house/own-failures"
EXAMPLES = "house/true-examples"

FAULTS = {
    # Built-in rules.
    "misspelt-member": fault("struct", "sumary", POSTS, "get.sumary", "List posts"),
    "reference-to-nothing": fault(
        "no-unresolved-refs", "There is no", LIKE, "put.responses.404.$ref", "../Nothing.yaml"
    ),
    "no-description": fault("operation-description", "description", POSTS, "get.description", DROP),
    "same-operation-twice": fault("operation-operationId-unique", "unique", POST, "get.operationId", "listPosts"),
    "two-tags": fault("operation-singular-tag", "only one tag", POSTS, "get.tags", ["Posts", "Tags"]),
    "no-tag": fault("operation-tag-defined", "tags should be defined", POSTS, "get.tags", DROP),
    "unknown-tag": fault("operation-tag-defined", "tags should be defined", POSTS, "get.tags", ["Pots"]),
    "unexplained-parameter": fault(
        "parameter-description", "description", "parameters/Limit.yaml", "description", DROP
    ),
    "undeclared-path-parameter": fault("path-parameters-defined", "post_id", LIKE, "parameters", []),
    "verbs-out-of-order": fault("path-http-verbs-order", "order", LIKE, "get", {"summary": "Get a like"}),
    "reference-out-of-place": fault(
        "spec-strict-refs", "$ref", LIKE, "put.externalDocs", {"$ref": "../../schemas/Post.yaml"}
    ),
    "undeclared-scope": fault(
        "security-scopes-defined", "posts:wirte", POSTS, "post.security.0.bearer", ["posts:wirte"]
    ),
    "undeclared-scheme": fault("security-defined", "biscuit", POSTS, "post.security", [{"biscuit": []}]),
    "wrong-example-in-schema": fault("no-invalid-schema-examples", "fewer than 5", TITLE, "examples", ["Hm"]),
    "wrong-example-in-parameter": fault(
        "no-invalid-parameter-examples", "<= 100", "parameters/Limit.yaml", "example", 500
    ),
    "wrong-example-in-body": fault(
        "no-invalid-media-type-examples",
        "title",
        "examples/createPost.draft.request.yaml",
        "value",
        {"content": "Without a title."},
    ),
    "failure-that-is-no-problem": fault(
        "operation-4xx-problem-details-rfc7807",
        "problem+json",
        PROBLEM,
        "content",
        {"application/json": {"schema": {"$ref": "../schemas/Post.yaml"}}},
    ),
    "answer-in-xml": fault(
        "response-mime-type",
        "application/xml",
        POSTS,
        "get.responses.200.content",
        {"application/xml": {"schema": {"$ref": "../../schemas/Post.yaml"}}},
    ),
    "request-in-csv": fault(
        "request-mime-type",
        "text/csv",
        POSTS,
        "post.requestBody.content",
        {"text/csv": {"schema": {"$ref": "../../schemas/PostCreate.yaml"}}},
    ),
    "success-without-id": fault(
        "response-contains-header", "X-Request-ID", POSTS, "get.responses.200.headers.X-Request-ID", DROP
    ),
    "failure-without-timing": fault(
        "response-contains-header", "Server-Timing", PROBLEM, "headers.Server-Timing", DROP
    ),
    "default-without-id": fault(
        "response-contains-header", "X-Request-ID", "responses/Problem.yaml", "headers.X-Request-ID", DROP
    ),
    "creation-without-location": fault(
        "response-contains-header", "Location", POSTS, "post.responses.201.headers.Location", DROP
    ),
    "path-in-snake-case": fault(
        "paths-kebab-case", "kebab", ROOT_FILE, "paths./my_posts", SEARCH, NO_SEARCH, place=SEARCHED
    ),
    "verb-in-path": fault(
        "no-http-verbs-in-paths", "get", ROOT_FILE, "paths./get-posts", SEARCH, NO_SEARCH, place=SEARCHED
    ),
    "same-component-twice": fault("component-name-unique", "", ROOT_FILE, "components.schemas", {"PostTitle": SHORT}),
    # House rules in code.
    "endless-string": fault(BOUNDED, "no maxLength", "schemas/FieldProblem.yaml", "properties.detail.maxLength", DROP),
    "endless-string-or-null": fault(
        BOUNDED,
        "no maxLength",
        "schemas/FieldProblem.yaml",
        DETAIL,
        {"type": ["string", "null"], "description": "Why."},
    ),
    "endless-array": fault(BOUNDED, "no maxItems", "schemas/PostPage.yaml", "properties.items.maxItems", DROP),
    "endless-integer": fault(BOUNDED, "no maximum", "schemas/Count.yaml", "maximum", DROP),
    "integer-without-minimum": fault(BOUNDED, "no minimum", "schemas/Limit.yaml", "minimum", DROP),
    "integer-too-wide": fault(BOUNDED, "is an int64", "schemas/Count.yaml", "format", "int32"),
    "integer-too-narrow": fault(BOUNDED, "is an int32", "schemas/Limit.yaml", "format", "int64"),
    "endless-number": fault(BOUNDED, "no maximum", "schemas/PostHit.yaml", "properties.rank.maximum", DROP),
    "schema-of-anything": fault(BOUNDED, "everything", "schemas/FieldProblem.yaml", DETAIL, {"description": "Why."}),
    "open-request": fault(
        "house/closed-requests", "are closed", "schemas/PostCreate.yaml", "additionalProperties", DROP
    ),
    "open-object-in-request": fault(
        "house/closed-requests",
        "are closed",
        "schemas/PostUpdate.yaml",
        "properties.author",
        {"oneOf": [{"$ref": "Author.yaml"}, {"type": "null"}]},
        place="schemas/Author.yaml",
    ),
    "look-ahead": fault(PATTERN, "look-around", TITLE, "pattern", "^(?!x).*$"),
    "look-behind": fault(PATTERN, "look-around", TITLE, "pattern", "^.*(?<=x)$"),
    "digit-class": fault(PATTERN, "[0-9]", "schemas/RetryAfter.yaml", "pattern", r"^\d{1,6}$"),
    "word-class": fault(PATTERN, "[A-Za-z0-9_]", "schemas/Username.yaml", "pattern", r"^\w+$"),
    "space-class": fault(PATTERN, "name the characters", TITLE, "pattern", r"^[^\s]+$"),
    "back-reference": fault(PATTERN, "back reference", TITLE, "pattern", r"^(a+)\1$"),
    "broken-pattern": fault(PATTERN, "does not compile", TITLE, "pattern", "^(a$"),
    "pattern-without-anchor": fault(PATTERN, "anchored", TITLE, "pattern", "[a-z]+"),
    "nameless-parameter": fault(
        NAMED,
        "a parameter",
        "parameters/Limit.yaml",
        "schema",
        {"type": "integer", "minimum": 1, "maximum": 5},
    ),
    "nameless-header": fault(NAMED, "a header", "headers/Link.yaml", "schema", SHORT),
    "nameless-body": fault(
        NAMED,
        "a body",
        POSTS,
        "post.requestBody.content.application/json.schema",
        {"oneOf": [{"$ref": "../../schemas/PostCreate.yaml"}, {"type": "null"}], "description": "A draft."},
    ),
    "nameless-enum": fault(
        NAMED, "an enum", "schemas/FieldProblem.yaml", DETAIL, {"enum": ["a", "b"], "description": "Why."}
    ),
    "nameless-branch": fault(NAMED, "a branch of oneOf", "schemas/Post.yaml", "properties.excerpt.oneOf.0", SHORT),
    "nameless-entry": fault(NAMED, "an array's entry", "schemas/TagNames.yaml", "items", SHORT),
    "nameless-object": fault(NAMED, "an object inside", "schemas/PostHit.yaml", "properties.post", PAIR),
    "unused-schema": fault(
        COMPONENT, "Nothing refers to schemas/Unused.yaml", "schemas/Unused.yaml", "", SHORT, place=ROOT_FILE
    ),
    "unused-path-file": fault(COMPONENT, "paths/posts/like.yaml", ROOT_FILE, "paths./posts/{post_id}/like", DROP),
    "schema-file-in-lower-case": fault(
        COMPONENT,
        "PascalCase",
        "schemas/FieldProblem.yaml",
        DETAIL,
        {"$ref": "short_text.yaml"},
        Edit("schemas/short_text.yaml", (), SHORT),
    ),
    "schema-file-with-digit": fault(
        COMPONENT,
        "without a digit",
        "schemas/FieldProblem.yaml",
        DETAIL,
        {"$ref": "Text2.yaml"},
        Edit("schemas/Text2.yaml", (), SHORT),
    ),
    "part-of-a-schema": fault(
        COMPONENT,
        "whole schema file",
        "schemas/Page.yaml",
        "properties.total",
        {"$ref": "Problem.yaml#/properties/status"},
    ),
    "no-401": fault(OWN, "list 401", LIKE, "put.responses.401", DROP),
    "no-403": fault(OWN, "list 403", POSTS, "post.responses.403", DROP),
    "no-404": fault(OWN, "list 404", LIKE, "delete.responses.404", DROP),
    "no-409": fault(OWN, "list 409", POSTS, "post.responses.409", DROP),
    "no-412": fault(OWN, "list 412", POST, "patch.responses.412", DROP),
    "no-413": fault(OWN, "list 413", POSTS, "post.responses.413", DROP),
    "no-422": fault(OWN, "list 422", POSTS, "get.responses.422", DROP),
    "no-428": fault(OWN, "list 428", POST, "delete.responses.428", DROP),
    "no-304": fault(OWN, "list 304", POST, "get.responses.304", DROP),
    "read-without-etag": fault(OWN, "the header ETag", POST, "get.responses.200.headers.ETag", DROP),
    "edit-without-precondition": fault(OWN, "parameter If-Match", POST, "patch.parameters", DROP),
    "creation-without-key": fault(OWN, "parameter Idempotency-Key", POSTS, "post.parameters", DROP),
    # The journeys.
    "journey-without-summary": fault("house/told-journeys", "no summary", JOIN, "workflows.0.summary", DROP),
    "step-without-description": fault(
        "house/told-journeys", "no description", JOIN, "workflows.0.steps.0.description", DROP
    ),
    "step-that-takes-any-status": fault(
        "house/told-journeys", "Any answer", JOIN, "workflows.0.steps.0.successCriteria.0.condition", "$statusCode > 1"
    ),
    "step-without-criteria": fault(
        "house/told-journeys", "Any answer", JOIN, "workflows.0.steps.0.successCriteria", DROP
    ),
    "step-twice": fault("stepId-unique", "unique", JOIN, "workflows.0.steps.1.stepId", "register"),
    "misspelt-step": fault("struct", "operationid", JOIN, "workflows.0.steps.0.operationid", "registerUser"),
    "request-without-example": fault(
        EXAMPLES, "no recorded example", POSTS, "post.requestBody.content.application/json.examples", DROP
    ),
    "answer-without-example": fault(
        EXAMPLES, "no recorded example", POST, "get.responses.200.content.application/json.examples", DROP
    ),
    "failure-without-example": fault(
        EXAMPLES, "This failure has no", PROBLEM, "content.application/problem+json.examples", DROP
    ),
    "example-in-place": fault(
        EXAMPLES,
        "no recorded example examples/getPost.mine.response.yaml",
        POST,
        "get.responses.200.content.application/json.examples",
        {"mine": {"value": {}}},
    ),
    "example-of-another": fault(
        EXAMPLES,
        "no recorded example examples/createPost.draft.request.yaml",
        POSTS,
        "post.requestBody.content.application/json.examples",
        {"draft": {"$ref": "../../examples/createTag.tag.request.yaml"}},
    ),
    "unused-example": fault(
        COMPONENT,
        "Nothing refers to examples/getPost.old.response.yaml",
        "examples/getPost.old.response.yaml",
        "",
        {"summary": "It was once so.", "value": {}},
        place=ROOT_FILE,
    ),
    # House rules in redocly.yaml.
    "noun-before-verb": fault("rule/operation-id-is-verb-noun", "createPost", POSTS, "get.operationId", "postsList"),
    "operation-in-snake-case": fault(
        "rule/operation-id-is-verb-noun", "createPost", POSTS, "get.operationId", "list_posts"
    ),
    "unknown-verb": fault("rule/operation-id-is-verb-noun", "createPost", POSTS, "get.operationId", "fetchPosts"),
    "summary-with-full-stop": fault("rule/summary-is-verb-noun", "full stop", POSTS, "get.summary", "List posts."),
    "summary-in-title-case": fault("rule/summary-is-verb-noun", "sentence case", POSTS, "get.summary", "List Posts"),
    "summary-of-six-words": fault(
        "rule/summary-is-verb-noun", "five words", POSTS, "get.summary", "List the posts of a member"
    ),
    "text-without-end": fault("rule/text-is-a-sentence", "sentences", TITLE, "description", "The title"),
    "no-success": fault("rule/operation-says-success", "success", LIKE, "put.responses.204", DROP),
    "no-default": fault("rule/operation-says-default", "default", LIKE, "put.responses.default", DROP),
    "range-of-statuses": fault(
        "rule/operation-says-own-failures",
        "list the statuses",
        LIKE,
        "put.responses.4XX",
        {"$ref": "../../responses/Conflict.yaml"},
    ),
    "failure-in-place": fault(
        "rule/failures-are-shared", "stated once", LIKE, "put.responses.404", {"description": "Gone."}
    ),
    "no-security": fault("rule/operation-says-security", "who may call", POSTS, "get.security", DROP),
    "path-in-root": fault(
        "rule/root-is-an-index", "only an index", ROOT_FILE, "paths./posts/search", {"parameters": []}
    ),
}
