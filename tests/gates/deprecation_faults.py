"""Faults in what the contract says of its version and of what goes away, each with the rule that must find it."""

from tests.gates.contract_faults import DROP, POSTS, ROOT_FILE, Edit, Fault, fault

DATED = "house/deprecations"
DEPRECATED = Edit(POSTS, ("get", "deprecated"), value=True)
SINCE = Edit(POSTS, ("get", "x-deprecated-since"), "2026-11-21")
SUNSET = Edit(POSTS, ("get", "x-sunset"), "2027-11-21")
MUTE = Edit("responses/Unauthorized.yaml", ("headers", "Sunset"), DROP)
EARLY = Edit(POSTS, ("get", "x-sunset"), "2026-11-20")

FAULTS = {
    "deprecated-without-end": Fault(DATED, "add x-sunset", (DEPRECATED, SINCE), POSTS),
    "deprecated-without-beginning": Fault(DATED, "add x-deprecated-since", (DEPRECATED, SUNSET), POSTS),
    "end-of-nothing": Fault(DATED, "x-sunset dates a deprecation", (SUNSET,), POSTS),
    "end-that-is-no-date": fault(DATED, "x-sunset is no date", POSTS, "get.x-sunset", "soon", SINCE, DEPRECATED),
    "end-on-no-day": fault(DATED, "x-sunset is no date", POSTS, "get.x-sunset", "2027-02-30", SINCE, DEPRECATED),
    "end-before-beginning": Fault(DATED, "ends before", (DEPRECATED, SINCE, EARLY), POSTS),
    "deprecated-in-silence": Fault(DATED, "declare Deprecation, Sunset", (DEPRECATED, SINCE, SUNSET), POSTS),
    "failing-in-silence": Fault(DATED, "declare Sunset", (DEPRECATED, SINCE, SUNSET, MUTE), POSTS),
    "parameter-without-end": fault(DATED, "add x-sunset", "parameters/Limit.yaml", "deprecated", value=True),
    "header-without-end": fault(DATED, "add x-sunset", "headers/ETag.yaml", "deprecated", value=True),
    "member-without-end": fault(
        DATED, "add x-sunset", "schemas/Post.yaml", "properties.excerpt.deprecated", value=True
    ),
    "version-that-is-none": fault("rule/version-is-semver", "SemVer", ROOT_FILE, "info.version", "0.2"),
    "version-before-release": fault("rule/version-is-semver", "final", ROOT_FILE, "info.version", "0.2.0-rc.1"),
}
