"""Faults of rate limits, each with the rule that must find it."""

from tests.gates.contract_faults import DROP, OWN, POSTS, PROBLEM, fault

FAULTS = {
    "success-without-quota": fault(
        "response-contains-header", "RateLimit", POSTS, "get.responses.200.headers.RateLimit", DROP
    ),
    "failure-without-policy": fault(
        "response-contains-header", "RateLimit-Policy", PROBLEM, "headers.RateLimit-Policy", DROP
    ),
    "limit-without-time": fault(
        "response-contains-header", "Retry-After", "responses/TooManyRequests.yaml", "headers.Retry-After", DROP
    ),
    "lock-without-time": fault(
        "response-contains-header", "Retry-After", "responses/Locked.yaml", "headers.Retry-After", DROP
    ),
    "operation-without-limit": fault(OWN, "429", POSTS, "get.responses.429", DROP),
    "unknown-limit": fault("house/known-limits", "default, auth", POSTS, "get.x-rate-limit", "auht"),
}
