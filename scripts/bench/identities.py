"""Say what credentials, logins and jobs cost, and whether that is as promised."""

from statistics import median

from scripts.bench.figures import difference, percentile_95, ratio, spread
from scripts.bench.identity import (
    CROWD,
    KEY,
    KNOWN,
    LOG_IN,
    LOGINS_PER_SECOND,
    NOBODY,
    READS_PER_SECOND,
    REQUEST_RESET,
    TOKEN,
    UNKNOWN,
    Identity,
)
from scripts.bench.tables import Target, table, thousands, two_digits, with_spread

CREDENTIAL_MICROSECONDS = 60
# Of whichever allows more.
BETRAYING_SHARE, BETRAYING_MILLISECONDS = 0.05, 2.0
CROWD_HASHES = 5


def betrayed(measured: Identity, operation: str) -> tuple[float, float]:
    """Return by how many milliseconds the medians differ, and by how many they may."""
    known, unknown = (median(measured.answers[operation, which]) for which in (KNOWN, UNKNOWN))
    return abs(known - unknown), max(BETRAYING_SHARE * unknown, BETRAYING_MILLISECONDS)


def targets(measured: Identity) -> list[Target]:
    """Compare with what is promised."""
    found: list[Target] = []
    for which in (TOKEN, KEY):
        added = difference(measured.cpu[which], measured.cpu[NOBODY]).median
        found.append(Target(f"CPU that {which} adds to getPost", CREDENTIAL_MICROSECONDS, added, " µs"))
    for operation in (LOG_IN, REQUEST_RESET):
        apart, allowed = betrayed(measured, operation)
        found.append(Target(f"{operation} of a known account against an unknown one", allowed, apart, " ms"))
    in_crowd = percentile_95(measured.crowded) / median(measured.alone)
    reads = ratio(measured.busy_reads, measured.quiet_reads).median
    return [
        *found,
        Target(f"p95 of {CROWD} logins at once against one alone", CROWD_HASHES, in_crowd, " times"),
        Target(f"p95 of reads during {LOGINS_PER_SECOND} logins a second against before", 2, reads, " times"),
        Target("statements that a job adds to its transaction", 1, measured.statements, ""),
    ]


def section(measured: Identity) -> str:
    """Return the tables; empty when the service was not measured."""
    if not measured.cpu:
        return "Not measured."
    return "\n\n".join((_credentials(measured), _answers(measured), _logins(measured), _jobs(measured)))


def _credentials(measured: Identity) -> str:
    rows = [
        [
            f"getPost by {which}",
            with_spread(spread(measured.cpu[which]), thousands),
            "" if which == NOBODY else with_spread(difference(measured.cpu[which], measured.cpu[NOBODY]), thousands),
            with_spread(ratio(measured.cpu[which], measured.cpu[NOBODY]), two_digits),
        ]
        for which in (NOBODY, TOKEN, KEY)
    ]
    return table(["", "CPU µs/request", "added µs", "against nobody"], rows)


def _answers(measured: Identity) -> str:
    rows = [
        [
            operation,
            str(len(measured.answers[operation, KNOWN])),
            *(two_digits(median(measured.answers[operation, which])) for which in (KNOWN, UNKNOWN)),
            two_digits(betrayed(measured, operation)[0]),
        ]
        for operation in (LOG_IN, REQUEST_RESET)
    ]
    heads = ["in turn, wrong password", "samples of each", "known, ms", "unknown, ms", "apart, ms"]
    return table(heads, rows)


def _logins(measured: Identity) -> str:
    rows = [
        ["login alone, ms", with_spread(spread(measured.alone), thousands)],
        [f"p95 of {CROWD} at once, ms", thousands(percentile_95(measured.crowded))],
        ["p95 of reads alone, ms", with_spread(spread(measured.quiet_reads), two_digits)],
        ["p95 of reads beside logins, ms", with_spread(spread(measured.busy_reads), two_digits)],
        ["logins let in a second", with_spread(spread(measured.let_in), thousands)],
        ["logins told to come back", str(measured.turned_away)],
    ]
    told = (
        f"Here the service has all cores, as it has where nobody measures. {READS_PER_SECOND} reads a second,\n"
        f"timed from when each was due, without and with {LOGINS_PER_SECOND} logins a second."
    )
    return f"{told}\n\n{table(['logins', ''], rows)}"


def _jobs(measured: Identity) -> str:
    rows = [
        ["without a job", two_digits(median(measured.without_job)), ""],
        [
            "with a job",
            two_digits(median(measured.with_job)),
            two_digits(median(measured.with_job) / median(measured.without_job)),
        ],
    ]
    return table(["transaction of one UPDATE", "ms", "against without"], rows)
