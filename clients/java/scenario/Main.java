package scenario;

import java.util.UUID;
import org.galley.client.ApiClient;
import org.galley.client.ApiException;
import org.galley.client.api.AuthApi;
import org.galley.client.api.AuthApi.APILogInRequest;
import org.galley.client.api.AuthApi.APIRegisterUserRequest;
import org.galley.client.model.Registration;
import org.galley.client.model.Role;
import org.galley.client.model.TokenPair;
import org.galley.client.model.TokenRefresh;
import org.galley.client.model.TokenType;

/** The scenario of clients/SCENARIO.md. */
public final class Main {
    private static final String PASSWORD = "Weaves4lgebra";

    private Main() {}

    /** A client of the service; with a token, it sends it with every request. */
    private static ApiClient client(String token) {
        var client = new ApiClient();
        client.updateBaseUri(System.getenv("GALLEY_URL"));
        if (token != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        }
        return client;
    }

    /** Registers, logs in, and exchanges the tokens once; returns the access token that is good from then on. */
    private static String become(AuthApi auth) throws ApiException {
        var name = "reader" + UUID.randomUUID().toString().replace("-", "").substring(0, 12);
        var registration = new Registration().username(name).email(name + "@example.org").password(PASSWORD);
        var created = auth.registerUserWithHttpInfo(
                APIRegisterUserRequest.newBuilder().registration(registration).build());
        Checks.expectStatus(created, 201);
        var user = created.getData();
        Checks.expect(user.getUsername().equals(name), "the name is " + user.getUsername());
        Checks.expect(user.getRole() == Role.USER, "the role is " + user.getRole());
        Checks.done("register a member");

        var entered = auth.logInWithHttpInfo(
                APILogInRequest.newBuilder().username(name).password(PASSWORD).build());
        Checks.expectStatus(entered, 200);
        TokenPair first = entered.getData();
        Checks.expect(first.getTokenType() == TokenType.BEARER, "the token is sent as " + first.getTokenType());
        Checks.done("log in");

        var refreshed = auth.refreshTokensWithHttpInfo(new TokenRefresh().refreshToken(first.getRefreshToken()));
        Checks.expectStatus(refreshed, 200);
        String token = refreshed.getData().getAccessToken();
        Checks.expect(!token.equals(first.getAccessToken()), "the access token is the old one");
        Checks.done("refresh the tokens");
        return token;
    }

    /**
     * Does all of it.
     *
     * @param arguments none
     * @throws ApiException when the service refuses what it has to do
     */
    public static void main(String[] arguments) throws ApiException {
        var reader = client(become(new AuthApi(client(null))));
        var writing = new Writing(reader);
        var post = writing.write();
        new Discussion(reader).discuss(post.getId());
        writing.leave(post.getId());
    }
}
