"""What only shows when several callers are at it: made with the client that does not block."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import pytest
from galley_client.errors import APIStatusError
from galley_client.models import CommentCreate, CommentLayout, PostCreate, PostStatus, PostUpdate

from tests.endtoend.conftest import Members, unblocked

pytestmark = pytest.mark.xdist_group("endtoend")
DRAFT = PostCreate(title="Notes on the engine", content="It weaves **algebraical** patterns.", tags=["Engines"])
Result = TypeVar("Result")


async def outcomes(calls: Sequence[Awaitable[Result]]) -> tuple[list[Result], Counter[int]]:
    """Make all calls at once; return what was answered, and how often which status refused."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    answers: list[Result] = []
    refusals: Counter[int] = Counter()
    for entry in done:
        if isinstance(entry, APIStatusError):
            refusals[entry.status_code] += 1
        elif isinstance(entry, BaseException):
            raise entry
        else:
            answers.append(entry)
    return answers, refusals


class TestAtOnce:
    async def test_one_of_many_edits_wins(self, members: Members) -> None:
        async with unblocked(members, members.token(members.register())) as client:
            created = await client.posts.with_response.create_post(body=DRAFT)
            tag, post_id = created.info.headers.get("ETag"), created.data.id
            assert tag is not None
            titles = [f"Edit number {number}" for number in range(6)]
            edits = [
                client.posts.update_post(post_id=post_id, if_match=tag, body=PostUpdate(title=title))
                for title in titles
            ]
            won, refused = await outcomes(edits)
            assert len(won) == 1
            assert refused == {412: 5}
            assert (await client.posts.get_post(post_id=post_id)).title == won[0].title

    async def test_retries_write_one_post(self, members: Members) -> None:
        name = members.register()
        async with unblocked(members, members.token(name)) as client:
            retries = [client.posts.create_post(body=DRAFT, idempotency_key="once") for _ in range(6)]
            posts, refused = await outcomes(retries)
            # A retry that comes while the first is at work is told so; all others get its answer.
            assert set(refused) <= {409}
            assert len({post.id for post in posts}) == 1
            written = await client.posts.list_posts(author=name, status=PostStatus.draft)
            assert [post.id for post in written.items] == [posts[0].id]

    async def test_likes_and_comments_are_all_counted(self, members: Members) -> None:
        names = [members.register() for _ in range(5)]
        async with unblocked(members, members.token(names[0])) as author:
            post = await author.posts.create_post(body=DRAFT)
            await author.posts.publish_post(post_id=post.id)

            async def take_part(name: str) -> None:
                async with unblocked(members, members.token(name)) as client:
                    body = CommentCreate(content=f"So says {name}.")
                    await asyncio.gather(
                        client.posts.like_post(post_id=post.id),
                        client.comments.create_comment(post_id=post.id, body=body),
                    )

            await asyncio.gather(*map(take_part, names))
            counted = await author.posts.get_post(post_id=post.id)
            assert (counted.likes, counted.comment_count) == (5, 5)
            flat = await author.comments.list_comments(post_id=post.id, layout=CommentLayout.flat)
            assert sorted(str(entry.content) for entry in flat.items) == sorted(f"So says {name}." for name in names)
