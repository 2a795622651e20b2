"""What a client may do to a connection: bounded in size and time, and refused with a problem."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import httpx2
import pytest

from app.wire import HEAD_SECONDS, MAX_HEAD_BYTES
from scripts.coverage.exchange import Exchange, pairs
from tests.contract.seen import note
from tests.operations.service import Service, directory, running

pytestmark = pytest.mark.xdist_group("wire")
HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with directory() as data_dir, running(data_dir) as service:
        yield service


def talk(service: Service, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes; return status, headers and body of all that comes back until the service closes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=HEAD_SECONDS + 5) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    status = int(first.split()[1])
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    # What was sent need not have been a request; the answer is one all the same.
    note(Exchange("GET", "/", (), b"", status, pairs(headers.items()), body))
    return status, headers, body


class TestHead:
    @pytest.mark.parametrize(
        "excess",
        [
            b"X: " + b"a" * MAX_HEAD_BYTES,
            b"X: " + b"a" * (64 << 20),
            b"".join(b"X%d: %s\r\n" % (number, b"a" * 100) for number in range(1_000)),
        ],
        ids=["just over", "64 MiB", "many"],
    )
    def test_too_large_is_431(self, service: Service, excess: bytes) -> None:
        status, headers, body = talk(service, HEAD + excess + b"\r\n\r\n")
        assert status == 431
        assert headers["content-type"] == "application/problem+json"
        assert headers["connection"] == "close"
        assert {"date", "x-request-id", "server-timing", "x-content-type-options"} <= set(headers)
        problem = json.loads(body)
        assert (problem["status"], problem["code"]) == (431, "headers_too_large")
        assert problem["request_id"] == headers["x-request-id"]
        # Longer than what an id has by chance.
        assert b"a" * 33 not in body

    def test_too_long_a_path_is_431(self, service: Service) -> None:
        assert talk(service, b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 431

    def test_large_enough_for_anybody(self, service: Service) -> None:
        assert talk(service, HEAD + b"Connection: close\r\nX: " + b"a" * 60_000 + b"\r\n\r\n")[0] == 200

    def test_a_body_does_not_count(self, service: Service) -> None:
        assert httpx2.post(f"{service.url}/health", content=b"b" * 200_000).status_code == 405

    def test_nonsense_is_400(self, service: Service) -> None:
        status, headers, body = talk(service, b"What is this?\r\n\r\n")
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(body)["code"] == "malformed_request"

    def test_after_an_answer_on_the_same_connection(self, service: Service) -> None:
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(HEAD + b"\r\n")
            first = connection.recv(65_536)
            connection.sendall(HEAD + b"X: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n")
            both = first + b"".join(iter(lambda: connection.recv(65_536), b""))
            assert both.startswith(b"HTTP/1.1 200")
            assert both.count(b"HTTP/1.1 431") == 1


class TestOffer:
    """Of another protocol, which a server may ignore (RFC 9110, section 7.8); Java's HTTP client always makes it."""

    OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    FORM = b"username=nobody&password=Weaves4lgebra"
    LOGIN = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )

    @pytest.mark.parametrize("end", [len(LOGIN) + 40, len(LOGIN) + 130, -1, -len(FORM)])
    def test_keeps_the_body(self, service: Service, end: int) -> None:
        last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(self.FORM)
        request = self.LOGIN + self.OFFER + length + self.FORM
        status, _, body = talk(service, request[:end], request[end:], last)
        answers = body.split(b"HTTP/1.1 ")
        # Not 422: the form was read, and nobody has this name.
        assert status == 401
        assert [answer[:3] for answer in answers[1:]] == [b"200"]

    def test_chunks_are_joined(self, service: Service) -> None:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (self.FORM[:9], self.FORM[9:])) + b"0\r\n\r\n"
        head = self.LOGIN + self.OFFER + b"Transfer-Encoding: chunked\r\n\r\n"
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(head + chunks)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 401")

    def test_tunnel_is_refused(self, service: Service) -> None:
        request = b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n" + self.OFFER + b"\r\n"
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(request)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 4")


class TestTime:
    @pytest.mark.parametrize("beginning", [b"", HEAD], ids=["silent", "half a head"])
    def test_head_that_does_not_come_ends_the_connection(self, service: Service, beginning: bytes) -> None:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", service.port), timeout=HEAD_SECONDS + 5) as connection:
            connection.sendall(beginning)
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert HEAD_SECONDS - 1 < time.monotonic() - started < HEAD_SECONDS + 4

    def test_idle_connection_is_kept(self, service: Service) -> None:
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(HEAD + b"\r\n")
            time.sleep(HEAD_SECONDS + 3)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.sendall(HEAD + b"\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_no_server_header_and_one_date(service: Service) -> None:
    _, headers, _ = talk(service, HEAD + b"Connection: close\r\n\r\n")
    assert "server" not in headers
    assert "date" in headers


def test_each_request_is_one_json_line(service: Service) -> None:
    talk(service, HEAD + b"Connection: close\r\nX-Request-ID: seen-in-the-log\r\nAuthorization: Bearer hunter2\r\n\r\n")
    lines = [json.loads(line) for line in service.log.splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "seen-in-the-log"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/health", 200)
    assert "hunter2" not in service.log


class TestWhole:
    """What an operation answers is written in one go; uvicorn writes it where the connection ends with it."""

    # Which answer it is, and when it was made.
    OWN = frozenset({"date", "x-request-id", "server-timing", "ratelimit", "connection"})

    @pytest.mark.parametrize(
        ("line", "lines", "status"),
        [
            (b"GET /api/v1/posts", b"", 200),
            (b"GET /api/v1/tags?limit=1", b"", 200),
            (b"GET /api/v1/feed.rss", b"", 200),
            (b"GET /api/v1/feed.rss", b"If-None-Match: *\r\n", 304),
            (b"HEAD /api/v1/posts", b"", 405),
        ],
    )
    def test_is_what_uvicorn_writes(self, service: Service, line: bytes, lines: bytes, status: int) -> None:
        asked = line + b" HTTP/1.1\r\nHost: localhost\r\n" + lines
        # The second request ends the connection, and its answer is cut off from the first one's by its length.
        with socket.create_connection(("127.0.0.1", service.port), timeout=HEAD_SECONDS) as connection:
            connection.sendall(asked + b"\r\n" + asked + b"Connection: close\r\n\r\n")
            stream = connection.makefile("rb")
            whole, last = self.read(stream, line), self.read(stream, line)
            assert not stream.read()
        assert (whole[0], last[0]) == (status, status)
        assert last[1].pop("connection") == "close"
        assert "connection" not in whole[1]
        assert whole[1].keys() == last[1].keys()
        assert {name: text for name, text in whole[1].items() if name not in self.OWN} == {
            name: text for name, text in last[1].items() if name not in self.OWN
        }
        assert status == 405 or whole[2] == last[2]

    @staticmethod
    def read(stream: BinaryIO, line: bytes) -> tuple[int, dict[str, str], bytes]:
        """Read one answer."""
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while text := stream.readline().decode().rstrip("\r\n"):
            name, value = text.split(": ", 1)
            # Headers of the same name are one list.
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        size = 0 if line.startswith(b"HEAD") else int(headers.get("content-length", 0))
        return status, headers, stream.read(size)

    def test_one_after_the_other_on_one_connection(self, service: Service) -> None:
        """Requests that come at once are answered in their order, each whole."""
        paths = [b"/api/v1/tags?limit=%d" % number for number in range(1, 40)]
        asked = b"".join(
            b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: %s\r\n\r\n" % (path, path.rpartition(b"=")[2])
            for path in paths
        )
        with socket.create_connection(("127.0.0.1", service.port), timeout=HEAD_SECONDS) as connection:
            connection.sendall(asked)
            stream = connection.makefile("rb")
            for path in paths:
                status, headers, body = self.read(stream, b"GET")
                assert (status, headers["x-request-id"]) == (200, path.rpartition(b"=")[2].decode())
                assert json.loads(body)["items"] == []
