package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"example.com/galley"
)

var nextLink = regexp.MustCompile(`<([^>]*)>; *rel="?next"?`)

// done tells that a step is true in all its parts.
func done(step string) {
	fmt.Printf("step %s ok\n", step)
}

// expect returns an error that says what was seen when it is not what has to be true.
func expect(truth bool, seen string, values ...any) error {
	if truth {
		return nil
	}
	return fmt.Errorf(seen, values...)
}

// answered expects a success with this status.
func answered(response *http.Response, err error, status int) error {
	if err != nil {
		return describe(err)
	}
	return expect(response.StatusCode == status, "the status is %d instead of %d", response.StatusCode, status)
}

// refused expects a problem with this status and code, and returns it as the contract declares it.
func refused(err error, status int32, code galley.ProblemCode) (galley.Problem, error) {
	var refusal *galley.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		return galley.Problem{}, fmt.Errorf("no refusal with the status %d, but %v", status, err)
	}
	problem, typed := refusal.Model().(galley.Problem)
	if !typed {
		return galley.Problem{}, fmt.Errorf("the refusal holds %T: %s", refusal.Model(), refusal.Body())
	}
	if problem.Status != status || problem.Code != code {
		return problem, fmt.Errorf("the problem is %d %s instead of %d %s", problem.Status, problem.Code, status, code)
	}
	return problem, nil
}

// describe adds what the service said to an error that it caused.
func describe(err error) error {
	var refusal *galley.GenericOpenAPIError
	if errors.As(err, &refusal) {
		return fmt.Errorf("%w: %s", err, refusal.Body())
	}
	return err
}

// cursorOf takes the cursor out of the rel="next" of a Link header (RFC 8288).
func cursorOf(link string) (string, error) {
	found := nextLink.FindStringSubmatch(link)
	if found == nil {
		return "", fmt.Errorf("Link leads to no next page: %q", link)
	}
	target, err := url.Parse(found[1])
	if err != nil {
		return "", err
	}
	return target.Query().Get("cursor"), nil
}

// randomID makes up a UUID of version 4 (RFC 9562, section 5.4).
func randomID() string {
	var id [16]byte
	rand.Read(id[:]) // It never fails.
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
