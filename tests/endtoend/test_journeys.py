"""What members do with the product, from the first call to the last."""

import pytest
from galley_client.errors import APIStatusError, NotFoundError
from galley_client.models import (
    CommentCreate,
    CommentUpdate,
    LoginForm,
    PostCreate,
    PostStatus,
    PostUpdate,
    Problem,
    ProblemCode,
    TagCreate,
    TokenRefresh,
    UserUpdate,
)

from tests.endtoend.conftest import PASSWORD, Members

pytestmark = pytest.mark.xdist_group("endtoend")
DRAFT = PostCreate(title="Notes on the engine", content="It weaves **algebraical** patterns.", tags=["Engines"])


def code(failure: pytest.ExceptionInfo[APIStatusError]) -> tuple[int, ProblemCode]:
    """Return what programs read of a refusal."""
    assert isinstance(failure.value.body, Problem)
    return failure.value.status_code, failure.value.body.code


class TestMember:
    def test_joins_introduces_herself_and_leaves(self, members: Members) -> None:
        name = members.register()
        visitor = members.visitor()
        pair = visitor.auth.log_in(body=LoginForm(username=f"{name}@example.org", password=PASSWORD))
        client = members.visitor(token=pair.access_token)

        account = client.users.with_response.get_me()
        tag = account.info.headers.get("ETag")
        assert tag is not None
        with pytest.raises(APIStatusError) as unchanged:
            client.users.get_me(if_none_match=tag)
        assert unchanged.value.status_code == 304
        client.users.update_me(if_match=tag, body=UserUpdate(full_name="Grace Hopper", bio="Writes compilers."))
        profile = visitor.users.get_profile(username=name)
        assert (profile.full_name, profile.bio) == ("Grace Hopper", "Writes compilers.")

        fresh = visitor.auth.refresh_tokens(body=TokenRefresh(refresh_token=pair.refresh_token))
        client = members.visitor(token=fresh.access_token)
        client.auth.log_out()
        with pytest.raises(APIStatusError) as refused:
            client.users.get_me()
        assert code(refused) == (401, ProblemCode.invalid_token)
        assert refused.value.request_id == refused.value.headers.get("X-Request-ID")

    def test_is_told_all_that_is_wrong(self, members: Members) -> None:
        with pytest.raises(APIStatusError) as refused:
            members.member().posts.create_post(body=PostCreate.model_construct(title="No", content="Short"))
        assert code(refused) == (422, ProblemCode.validation_failed)
        assert isinstance(refused.value.body, Problem)
        assert isinstance(refused.value.body.errors, list)
        assert [error.pointer for error in refused.value.body.errors] == ["/title", "/content"]


class TestAuthor:
    def test_writes_publishes_and_is_read(self, members: Members) -> None:
        author, visitor = members.member(), members.visitor()
        draft = author.posts.with_response.create_post(body=DRAFT)
        post, tag = draft.data, draft.info.headers.get("ETag")
        assert tag is not None
        with pytest.raises(NotFoundError):
            visitor.posts.get_post(post_id=post.id)

        edited = author.posts.update_post(post_id=post.id, if_match=tag, body=PostUpdate(title="On looms and engines"))
        assert (edited.slug, edited.version) == ("on-looms-and-engines", post.version + 1)
        assert visitor.posts.list_posts(author=post.author.username).items == []

        assert author.posts.publish_post(post_id=post.id).status == PostStatus.published
        assert visitor.posts.get_post_by_slug(slug=edited.slug).id == post.id
        assert [found.id for found in visitor.posts.list_posts(author=post.author.username, tag="engines").items] == [
            post.id
        ]
        assert visitor.posts.search_posts(q="algebraical looms").items[0].post.id == post.id

        author.posts.archive_post(post_id=post.id)
        with pytest.raises(NotFoundError):
            visitor.posts.get_post(post_id=post.id)
        assert author.posts.withdraw_post(post_id=post.id).status == PostStatus.draft
        author.posts.delete_post(post_id=post.id, if_match="*")
        with pytest.raises(NotFoundError):
            author.posts.get_post(post_id=post.id)

    def test_pages_through_everything_once(self, members: Members) -> None:
        author = members.member()
        name = author.users.get_me().username
        written = [author.posts.create_post(body=DRAFT).id for _ in range(7)]
        page = author.posts.list_posts(author=name, status=PostStatus.draft, limit=3)
        seen = [post.id for post in page.items]
        while page.page.next_cursor is not None:
            page = author.posts.list_posts(author=name, status=PostStatus.draft, limit=3, cursor=page.page.next_cursor)
            seen += [post.id for post in page.items]
        assert sorted(seen) == sorted(written)


class TestReaders:
    def test_discuss_and_are_moderated(self, members: Members) -> None:
        author, reader, moderator = members.member(), members.member(), members.member("moderator")
        post = author.posts.create_post(body=DRAFT)
        author.posts.publish_post(post_id=post.id)

        comment = reader.comments.create_comment(post_id=post.id, body=CommentCreate(content="Who weaves the cards?"))
        answer = author.comments.create_comment(
            post_id=post.id, body=CommentCreate(content="Jacquard did.", parent_id=comment.id)
        )
        reader.comments.update_comment(
            comment_id=comment.id, if_match="*", body=CommentUpdate(content="Who wove the cards?")
        )
        author.comments.like_comment(comment_id=comment.id)
        reader.posts.like_post(post_id=post.id)
        tree = members.visitor().comments.list_comments(post_id=post.id).items
        assert [(entry.content, entry.likes) for entry in tree] == [("Who wove the cards?", 1)]
        assert isinstance(tree[0].replies, list)
        assert [entry.id for entry in tree[0].replies] == [answer.id]

        with pytest.raises(APIStatusError) as refused:
            author.comments.delete_comment(comment_id=comment.id, if_match="*")
        assert code(refused) == (403, ProblemCode.permission_denied)
        moderator.comments.delete_comment(comment_id=comment.id, if_match="*")
        place = members.visitor().comments.get_comment(comment_id=comment.id)
        assert (place.is_deleted, place.content, place.author) == (True, None, None)
        assert author.posts.get_post(post_id=post.id).likes == 1


class TestStaff:
    def test_keeps_the_tags(self, members: Members) -> None:
        manager = members.member("manager")
        tag = manager.tags.create_tag(body=TagCreate(name="endtoend", color="#6b7280"))
        assert members.visitor().tags.get_tag(tag_id=tag.id).name == "endtoend"
        with pytest.raises(APIStatusError) as refused:
            members.member().tags.create_tag(body=TagCreate(name="looms"))
        assert code(refused) == (403, ProblemCode.permission_denied)
        manager.tags.delete_tag(tag_id=tag.id, if_match="*")
        with pytest.raises(NotFoundError):
            members.visitor().tags.get_tag(tag_id=tag.id)
