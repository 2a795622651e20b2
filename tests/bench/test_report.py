import re
from collections import Counter

import pytest

from scripts.bench import images, report
from scripts.bench.community import ATTEND_EVENT, Community
from scripts.bench.community import CREATE_COMMENT as COMMENTS
from scripts.bench.identity import KEY, KNOWN, LOG_IN, NOBODY, REQUEST_RESET, TOKEN, UNKNOWN, Identity
from scripts.bench.images import Run
from scripts.bench.load import Load
from scripts.bench.market import LIST_ITEMS
from scripts.bench.measure import (
    CREATE_COMMENT,
    FULL,
    GET_POST,
    LIST_POSTS,
    NAMES,
    OPERATIONS,
    Result,
)
from scripts.bench.servers import FASTIFY, GALLEY, LIMIT, TUTORIAL
from tests.bench.test_overhead import some as an_overhead
from tests.bench.test_workers import some as some_workers

OURS = 1_000.0
# What the others may reach at most.
THEIRS = {
    (LIMIT, GET_POST): 1_530.0,
    (LIMIT, LIST_POSTS): 1_330.0,
    (LIMIT, CREATE_COMMENT): 3_300.0,
    (LIMIT, LIST_ITEMS): 1_000.0,
    (TUTORIAL, GET_POST): 99.0,
    (TUTORIAL, LIST_POSTS): 90.0,
    (TUTORIAL, CREATE_COMMENT): 166.0,
    (TUTORIAL, LIST_ITEMS): 333.0,
    (FASTIFY, GET_POST): 999.0,
}


def an_identity() -> Identity:
    """Return planted figures that meet every target, narrowly."""
    return Identity(
        cpu={NOBODY: [200.0, 300.0], TOKEN: [259.0, 359.0], KEY: [259.0, 359.0]},
        answers={
            (LOG_IN, KNOWN): [25.0, 26.0],
            (LOG_IN, UNKNOWN): [26.9, 27.9],
            (REQUEST_RESET, KNOWN): [104.9],
            (REQUEST_RESET, UNKNOWN): [100.0],
        },
        alone=[25.0] * 3,
        # One of twenty may take longer.
        crowded=[124.0] * 19 + [900.0],
        quiet_reads=[2.0, 4.0],
        busy_reads=[3.9, 7.9],
        let_in=[49.0, 50.0],
        without_job=[1.0],
        with_job=[1.5],
        statements=1,
    )


def a_community() -> Community:
    """Return planted figures that meet every target, narrowly."""
    rates = {ATTEND_EVENT: [91.0, 1_820.0], COMMENTS: [100.0, 2_000.0]}
    return Community(rates, [501.0, 900.0, 300.0], Counter({"204": 2_700, "event_full": 300}))


def some_images() -> dict[str, list[Run]]:
    """Return planted figures that meet every target, narrowly."""
    return {
        images.GALLEY: [Run(0.24, 0.24, 40, 60), Run(0.29, 0.29, 40, 63)],
        images.PILLOW: [Run(0.5, 0.5, 30, 95), Run(0.6, 0.6, 30, 100)],
        images.PILLOW_EACH: [Run(1.0, 1.0, 30, 95)] * 2,
    }


def a_load(rate: float, p99: float = 79.0) -> Load:
    return Load(requests=int(rate), rate=rate, p50=10.0, p99=p99)


def a_result() -> Result:
    """Return planted figures that meet every target, narrowly."""
    result = Result(
        FULL, first_page=[1.0, 1.0], last_page=[1.29, 1.29], identity=an_identity(), wrk="wrk 4.1.0", node="v20"
    )
    result.community, result.images = a_community(), some_images()
    result.overhead, result.workers = an_overhead(), some_workers()
    for key, rate in {**dict.fromkeys(((GALLEY, operation) for operation in OPERATIONS), OURS), **THEIRS}.items():
        result.loads[key] = [a_load(rate)] * 2
        result.cpu[key] = [1e6 / rate] * 2
    for name in NAMES:
        result.memory[name] = 109.0
        result.starts[name] = [1.4]
    return result


def missed(result: Result) -> list[str]:
    return [target.what for target in report.targets(result) if not target.met]


class TestTargets:
    def test_all_met(self) -> None:
        assert missed(a_result()) == []
        assert len(report.targets(a_result())) == 32

    @pytest.mark.parametrize(
        ("name", "operation", "what"),
        [
            (LIMIT, GET_POST, "getPost against raw ASGI"),
            (LIMIT, LIST_POSTS, "listPosts against raw ASGI"),
            (LIMIT, CREATE_COMMENT, "createComment against raw ASGI"),
            (TUTORIAL, GET_POST, "getPost against the tutorial style"),
            (TUTORIAL, LIST_POSTS, "listPosts against the tutorial style"),
            (TUTORIAL, CREATE_COMMENT, "createComment against the tutorial style"),
            (TUTORIAL, LIST_ITEMS, "listItems against the tutorial style"),
            (FASTIFY, GET_POST, "getPost against Fastify"),
        ],
    )
    def test_a_neighbour_that_is_a_little_faster(self, name: str, operation: str, what: str) -> None:
        result = a_result()
        result.loads[name, operation] = [a_load(THEIRS[name, operation] * 1.02)] * 2
        assert missed(result) == [what]

    def test_a_neighbour_that_was_not_measured_promises_nothing(self) -> None:
        result = a_result()
        del result.loads[FASTIFY, GET_POST]
        assert [target.what for target in report.targets(a_result()) if target not in report.targets(result)] == [
            "getPost against Fastify"
        ]

    def test_a_service_too_slow(self) -> None:
        result = a_result()
        result.loads[GALLEY, CREATE_COMMENT] = [a_load(970.0)] * 2
        assert missed(result) == ["createComment against raw ASGI", "createComment against the tutorial style"]

    def test_a_long_tail(self) -> None:
        result = a_result()
        result.loads[GALLEY, GET_POST] = [a_load(OURS, p99=81.0)] * 2
        assert missed(result) == ["p99 of getPost against its p50"]

    def test_late_pages_cost_more(self) -> None:
        result = a_result()
        result.last_page = [1.31, 1.31]
        assert missed(result) == ["page 5,000 of a list against page 1"]

    def test_too_much_memory(self) -> None:
        result = a_result()
        result.memory[GALLEY] = 110.1
        assert missed(result) == ["resident memory of an idle worker"]

    def test_too_late_a_start(self) -> None:
        result = a_result()
        result.starts[GALLEY] = [1.51]
        assert missed(result) == ["start to first answer"]


class TestTargetsOfIdentity:
    @pytest.mark.parametrize("which", [TOKEN, KEY])
    def test_credentials_cost_too_much(self, which: str) -> None:
        result = a_result()
        result.identity.cpu[which] = [261.0, 361.0]
        assert missed(result) == [f"CPU that {which} adds to getPost"]

    @pytest.mark.parametrize("known", [22.9, 31.0])
    def test_a_login_that_tells_who_is_a_member(self, known: float) -> None:
        result = a_result()
        result.identity.answers[LOG_IN, KNOWN] = [known]
        assert missed(result) == ["logIn of a known account against an unknown one"]

    def test_what_is_slow_may_differ_by_a_share(self) -> None:
        result = a_result()
        result.identity.answers[REQUEST_RESET, KNOWN] = [105.1]
        assert missed(result) == ["requestPasswordReset of a known account against an unknown one"]

    def test_a_crowd_that_waits_too_long(self) -> None:
        result = a_result()
        result.identity.crowded = [124.0] * 18 + [126.0] * 2
        assert missed(result) == ["p95 of 20 logins at once against one alone"]

    def test_reads_that_suffer(self) -> None:
        result = a_result()
        result.identity.busy_reads = [4.1, 8.1]
        assert missed(result) == ["p95 of reads during 50 logins a second against before"]

    def test_a_job_of_two_statements(self) -> None:
        result = a_result()
        result.identity.statements = 2
        assert missed(result) == ["statements that a job adds to its transaction"]


class TestTargetsOfImages:
    @pytest.mark.parametrize(
        ("run", "what"),
        [
            (Run(0.31, 0.24, 40, 60), "time of three thumbnails against Pillow's"),
            (Run(0.24, 0.31, 40, 60), "CPU time of three thumbnails against Pillow's"),
            (Run(0.24, 0.24, 40, 65), "memory that they take against Pillow's"),
        ],
    )
    def test_thumbnails_that_cost_too_much(self, run: Run, what: str) -> None:
        result = a_result()
        result.images[images.GALLEY] = [run] * 2
        assert missed(result) == [what]

    def test_what_was_not_measured_promises_nothing(self) -> None:
        result = a_result()
        result.images = {}
        assert len(report.targets(result)) == 29
        assert "Not measured." in report.document(result, "make bench")


class TestDocument:
    def test_needs_no_tool_to_be_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        lines = report.document(a_result(), "make bench").splitlines()
        assert "- Load: wrk 4.1.0" in lines
        (beside,) = [line for line in lines if line.startswith("- Beside it: ")]
        assert re.fullmatch(r"- Beside it: connexion 3[.0-9]+, fastify 5[.0-9]+, postgres 3[.0-9]+ on Node v20", beside)

    def test_marks_what_is_missed_as_missed(self) -> None:
        result = a_result()
        result.memory[GALLEY] = 150.0
        lines = report.document(result, "make bench").splitlines()
        assert "| resident memory of an idle worker | at most 110 MB | 150.00 MB | **missed** |" in lines
        assert sum("**missed**" in line for line in lines) == 1
        assert sum(line.endswith("| met |") for line in lines) == 31

    def test_shows_median_spread_and_ratio(self) -> None:
        result = a_result()
        rates = (3_000.0, 3_200.0, 3_100.0)
        result.loads[GALLEY, GET_POST] = [Load(requests=1, rate=rate, p50=10.0, p99=99.0) for rate in rates]
        result.loads[TUTORIAL, GET_POST] = [Load(requests=1, rate=1_000.0, p50=1.0, p99=2.0)] * 3
        result.loads[LIMIT, GET_POST] = [Load(requests=1, rate=10_000.0, p50=1.0, p99=2.0)] * 3
        result.loads[FASTIFY, GET_POST] = [Load(requests=1, rate=6_200.0, p50=1.0, p99=2.0)] * 3
        document = report.document(result, "make bench")
        assert "| getPost, Galley | 3,100 (3,000 to 3,200) |" in document
        assert "| getPost, tutorial | 1,000 (1,000 to 1,000) | 3.10 (3.00 to 3.20) |" in document
        assert "| getPost, Fastify | 6,200 (6,200 to 6,200) | 0.50 (0.48 to 0.52) |" in document

    def test_shows_what_is_added(self) -> None:
        document = report.document(a_result(), "make bench")
        assert "| getPost by a token | 309 (259 to 359) | 59 (59 to 59) | 1.25 (1.20 to 1.29) |" in document
        assert "| logIn | 2 | 25.50 | 27.40 | 1.90 |" in document
        assert "| p95 of 20 at once, ms | 124 |" in document
        assert "| with a job | 1.50 | 1.50 |" in document

    def test_has_a_section_for_what_is_around_a_handler_and_for_workers(self) -> None:
        document = report.document(a_result(), "make bench")
        assert "## All around a handler\n\n- **Galley at once**" in document
        assert "## Two workers\n\nNo two cores are free" in document
        assert "| getPost against Fastify | at least 1 times | 1.00 times | met |" in document

    def test_has_no_row_for_what_a_service_does_not_serve(self) -> None:
        document = report.document(a_result(), "make bench")
        assert [line.split(" |")[0] for line in document.splitlines() if ", Fastify |" in line] == [
            "| getPost, Fastify"
        ]
