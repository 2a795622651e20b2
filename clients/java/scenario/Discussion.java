package scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.galley.client.ApiClient;
import org.galley.client.ApiException;
import org.galley.client.ApiResponse;
import org.galley.client.api.CommentsApi;
import org.galley.client.api.CommentsApi.APICreateCommentRequest;
import org.galley.client.api.CommentsApi.APIListCommentsRequest;
import org.galley.client.api.PostsApi;
import org.galley.client.api.PostsApi.APIGetPostRequest;
import org.galley.client.model.Comment;
import org.galley.client.model.CommentCreate;
import org.galley.client.model.CommentLayout;
import org.galley.client.model.CommentPage;
import org.galley.client.model.CommentSort;
import org.galley.client.model.ProblemCode;

/** What readers do with a post, and what they are told when they do it wrong. */
final class Discussion {
    private final ApiClient client;
    private final CommentsApi comments;

    Discussion(ApiClient client) {
        this.client = client;
        this.comments = new CommentsApi(client);
    }

    private ApiResponse<CommentPage> page(UUID post, String cursor) throws ApiException {
        var answer = comments.listCommentsWithHttpInfo(APIListCommentsRequest.newBuilder()
                .postId(post)
                .limit(2)
                .layout(CommentLayout.FLAT)
                .sort(CommentSort.CREATED_AT)
                .cursor(cursor)
                .build());
        Checks.expectStatus(answer, 200);
        return answer;
    }

    private static List<UUID> ids(CommentPage page) {
        return page.getItems().stream().map(Comment::getId).toList();
    }

    private static APICreateCommentRequest answer(UUID post, CommentCreate comment) {
        return APICreateCommentRequest.newBuilder()
                .postId(post)
                .commentCreate(comment)
                .build();
    }

    /** Comments, and reads the comments page by page, once along the cursors and once along the links. */
    void discuss(UUID post) throws ApiException {
        var written = new ArrayList<UUID>();
        for (int number = 1; number <= 5; number++) {
            var created = comments.createCommentWithHttpInfo(
                    answer(post, new CommentCreate().content("Card " + number + ".")));
            Checks.expectStatus(created, 201);
            written.add(created.getData().getId());
        }
        Checks.done("comment five times");

        var first = page(post, null);
        var pages = new ArrayList<List<UUID>>();
        for (var page = first.getData(); page != null; ) {
            pages.add(ids(page));
            String cursor = page.getPage().getNextCursor();
            page = cursor == null ? null : page(post, cursor).getData();
        }
        var wanted = List.of(written.subList(0, 2), written.subList(2, 4), written.subList(4, 5));
        Checks.expect(pages.equals(wanted), "the pages are " + pages + " instead of " + wanted);
        Checks.done("page by cursor");

        var second = page(post, Checks.nextCursor(Checks.header(first, "link"))).getData();
        Checks.expect(ids(second).equals(wanted.get(1)), "the link leads to " + ids(second));
        Checks.done("page by link");
        goWrong(post);
    }

    /** Is refused, and reads why. */
    private void goWrong(UUID post) throws ApiException {
        var toNobody = answer(post, new CommentCreate().content("To whom?").parentId(UUID.randomUUID()));
        var problem = Checks.refused(
                client, 422, ProblemCode.VALIDATION_FAILED, () -> comments.createComment(toNobody));
        var errors = problem.getErrors();
        Checks.expect(
                errors != null && !errors.isEmpty() && "/parent_id".equals(errors.get(0).getPointer()),
                "the errors are " + errors);
        Checks.done("be told what is invalid");

        var nothing = APIGetPostRequest.newBuilder().postId(UUID.randomUUID()).build();
        Checks.refused(client, 404, ProblemCode.NOT_FOUND, () -> new PostsApi(client).getPost(nothing));
        Checks.done("ask for a post that is not there");
    }
}
