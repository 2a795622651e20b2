// The scenario of clients/SCENARIO.md.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/galley"
)

const password = "Weaves4lgebra"

// member is somebody who is logged in.
type member struct {
	client *galley.APIClient
	ctx    context.Context
}

// become registers, logs in, and exchanges the tokens once; those are good from then on.
func become(client *galley.APIClient) (*member, error) {
	ctx := context.Background()
	name := "reader" + strings.ReplaceAll(randomID(), "-", "")[:12]
	registration := galley.NewRegistration(name, name+"@example.org", password)
	user, response, err := client.AuthAPI.RegisterUser(ctx).Registration(*registration).Execute()
	if err := answered(response, err, 201); err != nil {
		return nil, err
	}
	asked := user.Username == name && user.Role == galley.ROLE_USER
	if err := expect(asked, "%s is %s", user.Username, user.Role); err != nil {
		return nil, err
	}
	done("register a member")

	first, response, err := client.AuthAPI.LogIn(ctx).Username(name).Password(password).Execute()
	if err := answered(response, err, 200); err != nil {
		return nil, err
	}
	if err := expect(first.TokenType == galley.TOKENTYPE_BEARER, "the token is sent as %s", first.TokenType); err != nil {
		return nil, err
	}
	done("log in")

	refresh := galley.NewTokenRefresh(first.RefreshToken)
	ctx = context.WithValue(ctx, galley.ContextAccessToken, first.AccessToken)
	tokens, response, err := client.AuthAPI.RefreshTokens(ctx).TokenRefresh(*refresh).Execute()
	if err := answered(response, err, 200); err != nil {
		return nil, err
	}
	if err := expect(tokens.AccessToken != first.AccessToken, "the access token is the old one"); err != nil {
		return nil, err
	}
	done("refresh the tokens")
	return &member{client, context.WithValue(ctx, galley.ContextAccessToken, tokens.AccessToken)}, nil
}

// write writes a post, retries, edits it, is too late with another edit, and publishes it.
func (m *member) write() (*galley.Post, error) {
	draft := galley.NewPostCreate("Notes on the engine", "It weaves **algebraical** patterns.")
	draft.SetTags([]string{"Engines"})
	creation := m.client.PostsAPI.CreatePost(m.ctx).PostCreate(*draft).IdempotencyKey(randomID())
	post, response, err := creation.Execute()
	if err := answered(response, err, 201); err != nil {
		return nil, err
	}
	tag, location := response.Header.Get("ETag"), response.Header.Get("Location")
	if err := expect(post.Status == galley.POSTSTATUS_DRAFT, "the post is %s", post.Status); err != nil {
		return nil, err
	}
	found := tag != "" && strings.HasSuffix(location, "/"+post.Id)
	if err := expect(found, "ETag %q, Location %q", tag, location); err != nil {
		return nil, err
	}
	done("write a post")

	again, response, err := creation.Execute()
	if err := answered(response, err, 201); err != nil {
		return nil, err
	}
	replayed := response.Header.Get("Idempotent-Replayed")
	if err := expect(replayed == "true" && again.Id == post.Id, "replayed %q: %s", replayed, again.Id); err != nil {
		return nil, err
	}
	done("write it again with the same key")
	return m.edit(post.Id, tag)
}

// edit edits a post, once in time and once too late, and publishes it.
func (m *member) edit(post, tag string) (*galley.Post, error) {
	title := "Notes on the analytical engine"
	patch := galley.NewPostUpdate()
	patch.SetTitle(title)
	patch.SetExcerptNil()
	edit := m.client.PostsAPI.UpdatePost(m.ctx, post).PostUpdate(*patch).IfMatch(tag)
	edited, response, err := edit.Execute()
	if err := answered(response, err, 200); err != nil {
		return nil, err
	}
	kept := edited.Title == title && edited.Excerpt.Get() == nil && slices.Equal(edited.Tags, []string{"engines"})
	if err := expect(kept, "the post is %q, tagged %v", edited.Title, edited.Tags); err != nil {
		return nil, err
	}
	if err := expect(response.Header.Get("ETag") != tag, "the entity tag stayed"); err != nil {
		return nil, err
	}
	done("edit the post")

	_, _, err = edit.Execute()
	if _, err := refused(err, 412, galley.PROBLEMCODE_PRECONDITION_FAILED); err != nil {
		return nil, err
	}
	done("edit it with a stale tag")

	published, response, err := m.client.PostsAPI.PublishPost(m.ctx, post).Execute()
	if err := answered(response, err, 200); err != nil {
		return nil, err
	}
	if err := expect(published.Status == galley.POSTSTATUS_PUBLISHED, "the post is %s", published.Status); err != nil {
		return nil, err
	}
	done("publish the post")
	return published, nil
}

// leave likes the post, deletes it, and logs out.
func (m *member) leave(post string) error {
	response, err := m.client.PostsAPI.LikePost(m.ctx, post).Execute()
	if err := answered(response, err, 204); err != nil {
		return err
	}
	liked, response, err := m.client.PostsAPI.GetPost(m.ctx, post).Execute()
	if err := answered(response, err, 200); err != nil {
		return err
	}
	if err := expect(liked.Likes == 1, "the post has %d likes", liked.Likes); err != nil {
		return err
	}
	done("like the post")

	response, err = m.client.PostsAPI.DeletePost(m.ctx, post).IfMatch("*").Execute()
	if err := answered(response, err, 204); err != nil {
		return err
	}
	_, _, err = m.client.PostsAPI.GetPost(m.ctx, post).Execute()
	if _, err := refused(err, 404, galley.PROBLEMCODE_NOT_FOUND); err != nil {
		return err
	}
	done("delete the post")

	response, err = m.client.AuthAPI.LogOut(m.ctx).Execute()
	if err := answered(response, err, 204); err != nil {
		return err
	}
	done("log out")

	_, _, err = m.client.UsersAPI.GetMe(m.ctx).Execute()
	if _, err := refused(err, 401, galley.PROBLEMCODE_INVALID_TOKEN); err != nil {
		return err
	}
	done("be refused after logging out")
	return nil
}

// run does all of it.
func run(address string) error {
	configuration := galley.NewConfiguration()
	configuration.Servers = galley.ServerConfigurations{{URL: address}}
	reader, err := become(galley.NewAPIClient(configuration))
	if err != nil {
		return err
	}
	post, err := reader.write()
	if err != nil {
		return err
	}
	if err := reader.discuss(post.Id); err != nil {
		return err
	}
	if err := reader.goWrong(post.Id); err != nil {
		return err
	}
	return reader.leave(post.Id)
}

func main() {
	if err := run(os.Getenv("GALLEY_URL")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
