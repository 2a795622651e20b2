package scenario;

import java.util.List;
import java.util.UUID;
import org.galley.client.ApiClient;
import org.galley.client.ApiException;
import org.galley.client.api.AuthApi;
import org.galley.client.api.AuthApi.APILogOutRequest;
import org.galley.client.api.PostsApi;
import org.galley.client.api.PostsApi.APICreatePostRequest;
import org.galley.client.api.PostsApi.APIDeletePostRequest;
import org.galley.client.api.PostsApi.APIGetPostRequest;
import org.galley.client.api.PostsApi.APIPublishPostRequest;
import org.galley.client.api.PostsApi.APIUpdatePostRequest;
import org.galley.client.api.UsersApi;
import org.galley.client.api.UsersApi.APIGetMeRequest;
import org.galley.client.model.Post;
import org.galley.client.model.PostCreate;
import org.galley.client.model.PostStatus;
import org.galley.client.model.PostUpdate;
import org.galley.client.model.ProblemCode;

/** What an author does with a post. */
final class Writing {
    private final ApiClient client;
    private final PostsApi posts;

    Writing(ApiClient client) {
        this.client = client;
        this.posts = new PostsApi(client);
    }

    /** Writes a post, retries, edits it, and publishes it. */
    Post write() throws ApiException {
        var draft = new PostCreate()
                .title("Notes on the engine")
                .content("It weaves **algebraical** patterns: “just as the loom weaves flowers”.")
                .excerpt("Not for long.")
                .addTagsItem("Engines");
        var creation = APICreatePostRequest.newBuilder()
                .postCreate(draft)
                .idempotencyKey(UUID.randomUUID().toString())
                .build();
        var created = posts.createPostWithHttpInfo(creation);
        Checks.expectStatus(created, 201);
        Post post = created.getData();
        Checks.expect(post.getStatus() == PostStatus.DRAFT, "the post is " + post.getStatus());
        Checks.expect(post.getContent().equals(draft.getContent()), "the content is " + post.getContent());
        String tag = Checks.header(created, "etag");
        String location = Checks.header(created, "location");
        Checks.expect(location.endsWith("/" + post.getId()), "Location is " + location);
        Checks.done("write a post");

        var again = posts.createPostWithHttpInfo(creation);
        Checks.expectStatus(again, 201);
        String replayed = Checks.header(again, "idempotent-replayed");
        Checks.expect(replayed.equals("true"), "Idempotent-Replayed is " + replayed);
        Checks.expect(again.getData().getId().equals(post.getId()), "the retry wrote a second post");
        Checks.done("write it again with the same key");
        return edit(post.getId(), tag);
    }

    /** Edits a post, once in time and once too late, and publishes it. */
    private Post edit(UUID post, String tag) throws ApiException {
        // What is set to null is cleared, what is not set stays.
        var patch = new PostUpdate().title("Notes on the analytical engine").excerpt(null);
        var edit = APIUpdatePostRequest.newBuilder()
                .postId(post)
                .postUpdate(patch)
                .ifMatch(tag)
                .build();
        var answer = posts.updatePostWithHttpInfo(edit);
        Checks.expectStatus(answer, 200);
        Post edited = answer.getData();
        Checks.expect(edited.getTitle().equals(patch.getTitle()), "the title is " + edited.getTitle());
        Checks.expect(edited.getExcerpt() == null, "the excerpt is " + edited.getExcerpt());
        Checks.expect(edited.getTags().equals(List.of("engines")), "the tags are " + edited.getTags());
        Checks.expect(!Checks.header(answer, "etag").equals(tag), "the entity tag stayed");
        Checks.done("edit the post");

        Checks.refused(client, 412, ProblemCode.PRECONDITION_FAILED, () -> posts.updatePost(edit));
        Checks.done("edit it with a stale tag");

        var publication = APIPublishPostRequest.newBuilder().postId(post).build();
        var published = posts.publishPostWithHttpInfo(publication);
        Checks.expectStatus(published, 200);
        Checks.expect(
                published.getData().getStatus() == PostStatus.PUBLISHED,
                "the post is " + published.getData().getStatus());
        Checks.done("publish the post");
        return published.getData();
    }

    /** Likes the post, deletes it, and logs out. */
    void leave(UUID post) throws ApiException {
        var get = APIGetPostRequest.newBuilder().postId(post).build();
        Checks.expectStatus(posts.likePostWithHttpInfo(post), 204);
        var liked = posts.getPostWithHttpInfo(get);
        Checks.expectStatus(liked, 200);
        Checks.expect(liked.getData().getLikes() == 1, "the post has " + liked.getData().getLikes() + " likes");
        Checks.done("like the post");

        var deletion = APIDeletePostRequest.newBuilder().postId(post).ifMatch("*").build();
        Checks.expectStatus(posts.deletePostWithHttpInfo(deletion), 204);
        Checks.refused(client, 404, ProblemCode.NOT_FOUND, () -> posts.getPost(get));
        Checks.done("delete the post");

        var end = APILogOutRequest.newBuilder().build();
        Checks.expectStatus(new AuthApi(client).logOutWithHttpInfo(end), 204);
        Checks.done("log out");

        var me = APIGetMeRequest.newBuilder().build();
        Checks.refused(client, 401, ProblemCode.INVALID_TOKEN, () -> new UsersApi(client).getMe(me));
        Checks.done("be refused after logging out");
    }
}
