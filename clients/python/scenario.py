"""The scenario of clients/SCENARIO.md with the client that blocks."""

import os
from uuid import UUID, uuid4

from checks import done, expect, expect_status, header, next_cursor, refused
from galley_client import Client
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


def become_a_member() -> TokenPair:
    """Register, log in, and exchange the tokens once; return those that are good from then on."""
    with Client(base_url=URL) as client:
        name = f"reader{uuid4().hex[:12]}"
        registration = Registration(username=name, email=f"{name}@example.org", password=PASSWORD)
        created = client.auth.with_response.register_user(body=registration)
        expect_status(created.info, 201)
        expect(created.data.username == name, f"the name is {created.data.username}")
        expect(created.data.role == Role.user, f"the role is {created.data.role}")
        done("register a member")

        first = client.auth.log_in(body=LoginForm(username=name, password=PASSWORD))
        expect(first.token_type == TokenType.bearer, f"the token is sent as {first.token_type}")
        done("log in")

        tokens = client.auth.refresh_tokens(body=TokenRefresh(refresh_token=first.refresh_token))
        expect(tokens.access_token != first.access_token, "the access token is the old one")
        done("refresh the tokens")
        return tokens


def write(client: Client) -> Post:
    """Write a post, retry, edit it, be too late with another edit, and publish it."""
    draft = PostCreate(title="Notes on the engine", content="It weaves **algebraical** patterns.", tags=["Engines"])
    key = str(uuid4())
    created = client.posts.with_response.create_post(body=draft, idempotency_key=key)
    post, tag = created.data, header(created.info.headers, "ETag")
    expect_status(created.info, 201)
    expect(post.status == PostStatus.draft, f"the post is {post.status}")
    expect(header(created.info.headers, "Location").endswith(f"/{post.id}"), "Location leads elsewhere")
    done("write a post")

    again = client.posts.with_response.create_post(body=draft, idempotency_key=key)
    expect_status(again.info, 201)
    expect(header(again.info.headers, "Idempotent-Replayed") == "true", "the answer is not marked as a replay")
    expect(again.data.id == post.id, "the retry wrote a second post")
    done("write it again with the same key")

    title = "Notes on the analytical engine"
    edited = client.posts.with_response.update_post(post_id=post.id, if_match=tag, body=PostUpdate(title=title))
    expect(edited.data.title == title, f"the title is {edited.data.title}")
    expect(header(edited.info.headers, "ETag") != tag, "the entity tag stayed")
    done("edit the post")

    with refused(412, ProblemCode.precondition_failed):
        client.posts.update_post(post_id=post.id, if_match=tag, body=PostUpdate(title="Too late"))
    done("edit it with a stale tag")

    published = client.posts.publish_post(post_id=post.id)
    expect(published.status == PostStatus.published, f"the post is {published.status}")
    done("publish the post")
    return published


def discuss(client: Client, post_id: UUID) -> None:
    """Comment, and read the comments page by page, once along the cursors and once along the links."""
    written: list[UUID] = []
    for number in range(1, 6):
        created = client.comments.with_response.create_comment(
            post_id=post_id, body=CommentCreate(content=f"Card {number}.")
        )
        expect_status(created.info, 201)
        written.append(created.data.id)
    done("comment five times")

    first = client.comments.with_response.list_comments(
        post_id=post_id, limit=2, layout=CommentLayout.flat, sort=CommentSort.created_at
    )
    pages: list[list[Comment]] = [first.data.items]
    cursor = first.data.page.next_cursor
    while cursor is not None:
        page = client.comments.list_comments(
            post_id=post_id, limit=2, layout=CommentLayout.flat, sort=CommentSort.created_at, cursor=cursor
        )
        pages.append(page.items)
        cursor = page.page.next_cursor
    expect([len(page) for page in pages] == [2, 2, 1], f"pages of {[len(page) for page in pages]}")
    expect([comment.id for page in pages for comment in page] == written, "other comments, or another order")
    done("page by cursor")

    second = client.comments.list_comments(
        post_id=post_id,
        limit=2,
        layout=CommentLayout.flat,
        sort=CommentSort.created_at,
        cursor=next_cursor(header(first.info.headers, "Link")),
    )
    expect([comment.id for comment in second.items] == written[2:4], "the link leads to another page")
    done("page by link")


def go_wrong(client: Client, post_id: UUID) -> None:
    """Be refused, and read why."""
    with refused(422, ProblemCode.validation_failed) as refusal:
        client.comments.create_comment(post_id=post_id, body=CommentCreate(content="To whom?", parent_id=uuid4()))
    errors = refusal.problem.errors
    expect(isinstance(errors, list) and errors[0].pointer == "/parent_id", f"the errors are {errors}")
    done("be told what is invalid")

    with refused(404, ProblemCode.not_found):
        client.posts.get_post(post_id=uuid4())
    done("ask for a post that is not there")


def leave(client: Client, post_id: UUID) -> None:
    """Like the post, delete it, and log out."""
    liked = client.posts.with_response.like_post(post_id=post_id)
    expect_status(liked.info, 204)
    expect(client.posts.get_post(post_id=post_id).likes == 1, "the like was not counted")
    done("like the post")

    client.posts.delete_post(post_id=post_id, if_match="*")
    with refused(404, ProblemCode.not_found):
        client.posts.get_post(post_id=post_id)
    done("delete the post")

    client.auth.log_out()
    done("log out")

    with refused(401, ProblemCode.invalid_token):
        client.users.get_me()
    done("be refused after logging out")


def main() -> None:
    """Do all of it."""
    tokens = become_a_member()
    with Client(base_url=URL, bearer=tokens.access_token) as client:
        post = write(client)
        discuss(client, post.id)
        go_wrong(client, post.id)
        leave(client, post.id)


if __name__ == "__main__":
    main()
