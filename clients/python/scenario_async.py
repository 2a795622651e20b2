"""The scenario of clients/SCENARIO.md with the client that does not block."""

import asyncio
import os
from uuid import UUID, uuid4

from checks import done, expect, expect_status, header, next_cursor, refused
from galley_client import AsyncClient
from galley_client.models import (
    Comment,
    CommentCreate,
    CommentLayout,
    CommentSort,
    LoginForm,
    Post,
    PostCreate,
    PostStatus,
    PostUpdate,
    ProblemCode,
    Registration,
    Role,
    TokenPair,
    TokenRefresh,
    TokenType,
)

URL = os.environ["GALLEY_URL"]
PASSWORD = "Weaves4lgebra"


async def become_a_member() -> TokenPair:
    """Register, log in, and exchange the tokens once; return those that are good from then on."""
    async with AsyncClient(base_url=URL) as client:
        name = f"reader{uuid4().hex[:12]}"
        registration = Registration(username=name, email=f"{name}@example.org", password=PASSWORD)
        created = await client.auth.with_response.register_user(body=registration)
        expect_status(created.info, 201)
        expect(created.data.username == name, f"the name is {created.data.username}")
        expect(created.data.role == Role.user, f"the role is {created.data.role}")
        done("register a member")

        first = await client.auth.log_in(body=LoginForm(username=name, password=PASSWORD))
        expect(first.token_type == TokenType.bearer, f"the token is sent as {first.token_type}")
        done("log in")

        tokens = await client.auth.refresh_tokens(body=TokenRefresh(refresh_token=first.refresh_token))
        expect(tokens.access_token != first.access_token, "the access token is the old one")
        done("refresh the tokens")
        return tokens


async def write(client: AsyncClient) -> Post:
    """Write a post, retry, edit it, be too late with another edit, and publish it."""
    draft = PostCreate(title="Notes on the engine", content="It weaves **algebraical** patterns.", tags=["Engines"])
    key = str(uuid4())
    created = await client.posts.with_response.create_post(body=draft, idempotency_key=key)
    post, tag = created.data, header(created.info.headers, "ETag")
    expect_status(created.info, 201)
    expect(post.status == PostStatus.draft, f"the post is {post.status}")
    expect(header(created.info.headers, "Location").endswith(f"/{post.id}"), "Location leads elsewhere")
    done("write a post")

    again = await client.posts.with_response.create_post(body=draft, idempotency_key=key)
    expect_status(again.info, 201)
    expect(header(again.info.headers, "Idempotent-Replayed") == "true", "the answer is not marked as a replay")
    expect(again.data.id == post.id, "the retry wrote a second post")
    done("write it again with the same key")

    title = "Notes on the analytical engine"
    edited = await client.posts.with_response.update_post(post_id=post.id, if_match=tag, body=PostUpdate(title=title))
    expect(edited.data.title == title, f"the title is {edited.data.title}")
    expect(header(edited.info.headers, "ETag") != tag, "the entity tag stayed")
    done("edit the post")

    with refused(412, ProblemCode.precondition_failed):
        await client.posts.update_post(post_id=post.id, if_match=tag, body=PostUpdate(title="Too late"))
    done("edit it with a stale tag")

    published = await client.posts.publish_post(post_id=post.id)
    expect(published.status == PostStatus.published, f"the post is {published.status}")
    done("publish the post")
    return published


async def discuss(client: AsyncClient, post_id: UUID) -> None:
    """Comment, and read the comments page by page, once along the cursors and once along the links."""
    written: list[UUID] = []
    for number in range(1, 6):
        created = await client.comments.with_response.create_comment(
            post_id=post_id, body=CommentCreate(content=f"Card {number}.")
        )
        expect_status(created.info, 201)
        written.append(created.data.id)
    done("comment five times")

    first = await client.comments.with_response.list_comments(
        post_id=post_id, limit=2, layout=CommentLayout.flat, sort=CommentSort.created_at
    )
    pages: list[list[Comment]] = [first.data.items]
    cursor = first.data.page.next_cursor
    while cursor is not None:
        page = await client.comments.list_comments(
            post_id=post_id, limit=2, layout=CommentLayout.flat, sort=CommentSort.created_at, cursor=cursor
        )
        pages.append(page.items)
        cursor = page.page.next_cursor
    expect([len(page) for page in pages] == [2, 2, 1], f"pages of {[len(page) for page in pages]}")
    expect([comment.id for page in pages for comment in page] == written, "other comments, or another order")
    done("page by cursor")

    second = await client.comments.list_comments(
        post_id=post_id,
        limit=2,
        layout=CommentLayout.flat,
        sort=CommentSort.created_at,
        cursor=next_cursor(header(first.info.headers, "Link")),
    )
    expect([comment.id for comment in second.items] == written[2:4], "the link leads to another page")
    done("page by link")


async def go_wrong(client: AsyncClient, post_id: UUID) -> None:
    """Be refused, and read why."""
    with refused(422, ProblemCode.validation_failed) as refusal:
        await client.comments.create_comment(post_id=post_id, body=CommentCreate(content="To whom?", parent_id=uuid4()))
    errors = refusal.problem.errors
    expect(isinstance(errors, list) and errors[0].pointer == "/parent_id", f"the errors are {errors}")
    done("be told what is invalid")

    with refused(404, ProblemCode.not_found):
        await client.posts.get_post(post_id=uuid4())
    done("ask for a post that is not there")


async def leave(client: AsyncClient, post_id: UUID) -> None:
    """Like the post, delete it, and log out."""
    liked = await client.posts.with_response.like_post(post_id=post_id)
    expect_status(liked.info, 204)
    expect((await client.posts.get_post(post_id=post_id)).likes == 1, "the like was not counted")
    done("like the post")

    await client.posts.delete_post(post_id=post_id, if_match="*")
    with refused(404, ProblemCode.not_found):
        await client.posts.get_post(post_id=post_id)
    done("delete the post")

    await client.auth.log_out()
    done("log out")

    with refused(401, ProblemCode.invalid_token):
        await client.users.get_me()
    done("be refused after logging out")


async def main() -> None:
    """Do all of it."""
    tokens = await become_a_member()
    async with AsyncClient(base_url=URL, bearer=tokens.access_token) as client:
        post = await write(client)
        await discuss(client, post.id)
        await go_wrong(client, post.id)
        await leave(client, post.id)


if __name__ == "__main__":
    asyncio.run(main())
