package scenario;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.regex.Pattern;
import org.galley.client.ApiClient;
import org.galley.client.ApiException;
import org.galley.client.ApiResponse;
import org.galley.client.model.Problem;
import org.galley.client.model.ProblemCode;

/** What has to be true, and what is said when it is not. */
final class Checks {
    private static final Pattern NEXT = Pattern.compile("<[^>]*[?&]cursor=([^&>]*)[^>]*>; *rel=\"?next\"?");

    private Checks() {}

    /** A call that the service should refuse. */
    interface Call {
        void send() throws ApiException;
    }

    /** Tells that a step is true in all its parts. */
    static void done(String step) {
        System.out.println("step " + step + " ok");
    }

    static void expect(boolean truth, String seen) {
        if (!truth) {
            throw new IllegalStateException(seen);
        }
    }

    static void expectStatus(ApiResponse<?> response, int status) {
        expect(response.getStatusCode() == status, "the status is " + response.getStatusCode() + ", not " + status);
    }

    /** Returns a header of an answer; its name is in lower case, as Java's client gives it. */
    static String header(ApiResponse<?> response, String name) {
        List<String> values = response.getHeaders().getOrDefault(name, List.of());
        expect(values.size() == 1, name + " is there " + values.size() + " times");
        return values.get(0);
    }

    /** Takes the cursor out of the rel="next" of a Link header (RFC 8288); it is made of letters that need no escape. */
    static String nextCursor(String link) {
        var found = NEXT.matcher(link);
        expect(found.find(), "Link leads to no next page: " + link);
        return found.group(1);
    }

    /** Expects a problem with this status and code, and returns it as the contract declares it. */
    static Problem refused(ApiClient client, int status, ProblemCode code, Call call) {
        try {
            call.send();
        } catch (ApiException refusal) {
            var problem = problem(client, refusal);
            expect(
                    refusal.getCode() == status && problem.getStatus() == status && problem.getCode() == code,
                    "the problem is " + problem.getStatus() + " " + problem.getCode() + ", not " + status + " " + code);
            return problem;
        }
        throw new IllegalStateException("it was done, and not refused with " + status);
    }

    private static Problem problem(ApiClient client, ApiException refusal) {
        try {
            return client.getObjectMapper().readValue(refusal.getResponseBody(), Problem.class);
        } catch (JsonProcessingException error) {
            throw new IllegalStateException("no problem document: " + refusal.getResponseBody(), error);
        }
    }
}
