"""getAtomFeed and getRssFeed."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import feedparser  # pyright: ignore[reportMissingTypeStubs]
import pytest
from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
FEEDS = ["/feed.atom", "/feed.rss"]
TYPES = {"/feed.atom": "application/atom+xml", "/feed.rss": "application/rss+xml"}
ATOM = "{http://www.w3.org/2005/Atom}"
NASTY = [
    "Looms & engines <b>bold</b>",
    "]]><script>alert(1)</script>",
    "Quotes \" and ' and &amp; and &#0;",
    "Not \ufffe and \uffff of XML",
    "A bell\x07, an escape\x1b and a form\x0cfeed",
    "Emoji \U0001f600 and \U0010ffff and \u202e turned",
]
each = pytest.mark.parametrize("path", FEEDS)


def parse(content: bytes) -> Any:
    reader: Any = feedparser
    parsed: Any = reader.parse(content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def root_of(content: bytes) -> Any:
    return ET.fromstring(content)  # noqa: S314 - Our own.


@each
class TestFeeds:
    async def test_hold_the_newest_posts(self, client: AsyncClient, make: Factory, path: str) -> None:
        author = await make.member(full_name="Ada Lovelace")
        for number in range(3):
            moment = START + timedelta(days=number)
            await make.post(author, title=f"The engine {number}", slug=f"engine-{number}", published_at=moment)
        await make.post(author, status="draft", title="A draft of one")
        answer = await client.get(path, params={"limit": 2})
        assert answer.headers["content-type"] == TYPES[path]
        feed = parse(answer.content)
        assert [entry.title for entry in feed.entries] == ["The engine 2", "The engine 1"]
        (first, _) = feed.entries
        assert first.link == "http://localhost:8000/api/v1/posts/by-slug/engine-2"
        assert first.id.startswith("urn:uuid:")
        assert (first.author, first.summary) == ("Ada Lovelace", "On engines and looms.")
        assert datetime(*first.published_parsed[:6], tzinfo=UTC) == START + timedelta(days=2)

    async def test_lead_where_the_settings_say(self, client: AsyncClient, make: Factory, path: str) -> None:
        await make.post(slug="looms")
        answer = await client.get(path, headers={"X-Forwarded-Host": "evil.example", "Host": "127.0.0.1"})
        addresses = re.findall(r"https?://[^<\"]+", answer.text)
        own = [address for address in addresses if "w3.org" not in address and "purl.org" not in address]
        assert own
        assert all(address.startswith("http://localhost:8000/") for address in own)

    @pytest.mark.parametrize("text", NASTY)
    async def test_are_xml_whatever_a_title_is(self, client: AsyncClient, make: Factory, path: str, text: str) -> None:
        author = await make.member(full_name=text[:90])
        await make.post(author, title=text, excerpt=text)
        answer = await client.get(path)
        root_of(answer.content)
        (entry,) = parse(answer.content).entries
        assert "<script" not in entry.title.replace("&lt;", "") or "<script" in text
        assert "\x07" not in answer.text
        titles = [node.text for node in root_of(answer.content).iter() if re.search("(^|})title$", str(node.tag))]
        assert titles[1] == re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
        # What is shown as HTML has nothing in it but text.
        shown = [node.text for node in root_of(answer.content).iter() if re.search("(summary|description)$", node.tag)]
        assert "<" not in shown[-1]

    async def test_can_be_of_a_tag_or_an_author(self, client: AsyncClient, make: Factory, path: str) -> None:
        author = await make.member()
        await make.post(author, title="On looms", tags=["looms"])
        await make.post(author, title="On engines", tags=["engines"])
        await make.post(title="Of somebody else", tags=["looms"])
        for query, titles in (
            ({"tag": "engines"}, {"On engines"}),
            ({"author": author.username}, {"On looms", "On engines"}),
            ({"author": author.username, "tag": "looms"}, {"On looms"}),
            ({"tag": "nothing"}, set[str]()),
        ):
            answer = await client.get(path, params=query)
            assert {entry.title for entry in parse(answer.content).entries} == titles
            assert all(f"{name}={value}" in answer.text for name, value in query.items())

    async def test_are_the_same_until_something_happens(
        self, client: AsyncClient, make: Factory, path: str, connection: Connection
    ) -> None:
        empty = [await client.get(path) for _ in range(2)]
        assert empty[0].content == empty[1].content
        post_id = await make.post(updated_at=START)
        first = await client.get(path)
        assert parsedate_to_datetime(first.headers["last-modified"]) == START
        known = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
        for name, value in known.items():
            again = await client.get(path, headers={name: value})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["last-modified"] == first.headers["last-modified"]
        later = {"If-None-Match": '"another"', "If-Modified-Since": first.headers["last-modified"]}
        assert (await client.get(path, headers=later)).status_code == 200
        assert (await client.get(path, headers={"If-Modified-Since": "yesterday"})).status_code == 200
        await connection.execute("UPDATE posts SET title = 'Another title', updated_at = now() WHERE id = $1", post_id)
        changed = {"If-None-Match": first.headers["etag"]}
        assert (await client.get(path, headers=changed)).status_code == 200


class TestAtom:
    async def test_has_what_rfc_4287_demands(self, client: AsyncClient, make: Factory) -> None:
        for _ in range(3):
            await make.post(tags=["looms"])
        feed = root_of((await client.get("/feed.atom")).content)
        assert feed.tag == f"{ATOM}feed"
        for place in [feed, *feed.findall(f"{ATOM}entry")]:
            # Sections 4.1.1 and 4.1.2: exactly one of each of these; an author in the entry or the feed.
            for name in ("id", "title", "updated"):
                assert len(place.findall(f"{ATOM}{name}")) == 1
            assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}([.][0-9]+)?(Z|[+]00:00)", place.find(f"{ATOM}updated").text)
            assert len(place.findall(f"{ATOM}author/{ATOM}name")) == 1
            links = place.findall(f"{ATOM}link")
            assert {link.get("rel") for link in links} <= {"alternate", "self"}
            assert len([link for link in links if link.get("rel") == "alternate"]) == 1
        ids = [node.text for node in feed.iter(f"{ATOM}id")]
        assert len(set(ids)) == len(ids) == 4
        assert all(re.match("[a-z]+:", text) for text in ids)


class TestRss:
    async def test_has_what_rss_demands(self, client: AsyncClient, make: Factory) -> None:
        for _ in range(3):
            await make.post(tags=["looms"])
        root = root_of((await client.get("/feed.rss")).content)
        assert (root.tag, root.get("version"), [node.tag for node in root]) == ("rss", "2.0", ["channel"])
        (channel,) = root
        assert all(len(channel.findall(name)) == 1 for name in ("title", "link", "description"))
        items = channel.findall("item")
        assert len(items) == 3
        for item in items:
            assert {"title", "link", "description", "pubDate", "guid"} <= {node.tag for node in item}
            assert item.find("guid").get("isPermaLink") == "false"
            assert parsedate_to_datetime(item.find("pubDate").text).tzinfo is not None
        assert len({item.find("guid").text for item in items}) == 3
