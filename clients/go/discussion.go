package main

import (
	"fmt"
	"slices"

	"example.com/galley"
)

// discuss comments, and reads the comments page by page, once along the cursors and once along the links.
func (m *member) discuss(post string) error {
	var written []string
	for number := range 5 {
		comment := galley.NewCommentCreate(fmt.Sprintf("Card %d.", number+1))
		created, response, err := m.client.CommentsAPI.CreateComment(m.ctx, post).CommentCreate(*comment).Execute()
		if err := answered(response, err, 201); err != nil {
			return err
		}
		written = append(written, created.Id)
	}
	done("comment five times")

	list := m.client.CommentsAPI.ListComments(m.ctx, post).
		Limit(2).Layout(galley.COMMENTLAYOUT_FLAT).Sort(galley.COMMENTSORT_CREATED_AT)
	page, response, err := list.Execute()
	if err := answered(response, err, 200); err != nil {
		return err
	}
	link := response.Header.Get("Link")
	pages := [][]string{ids(page)}
	for cursor := page.Page.NextCursor.Get(); cursor != nil; cursor = page.Page.NextCursor.Get() {
		page, response, err = list.Cursor(*cursor).Execute()
		if err := answered(response, err, 200); err != nil {
			return err
		}
		pages = append(pages, ids(page))
	}
	wanted := slices.Collect(slices.Chunk(written, 2))
	complete := slices.EqualFunc(pages, wanted, slices.Equal)
	if err := expect(complete, "the pages are %v instead of %v", pages, wanted); err != nil {
		return err
	}
	done("page by cursor")

	cursor, err := cursorOf(link)
	if err != nil {
		return err
	}
	second, response, err := list.Cursor(cursor).Execute()
	if err := answered(response, err, 200); err != nil {
		return err
	}
	if err := expect(slices.Equal(ids(second), wanted[1]), "the link leads to %v", ids(second)); err != nil {
		return err
	}
	done("page by link")
	return nil
}

func ids(page *galley.CommentPage) []string {
	var found []string
	for _, comment := range page.Items {
		found = append(found, comment.Id)
	}
	return found
}

// goWrong is refused, and reads why.
func (m *member) goWrong(post string) error {
	comment := galley.NewCommentCreate("To whom?")
	comment.SetParentId(randomID())
	_, _, err := m.client.CommentsAPI.CreateComment(m.ctx, post).CommentCreate(*comment).Execute()
	problem, err := refused(err, 422, galley.PROBLEMCODE_VALIDATION_FAILED)
	if err != nil {
		return err
	}
	errors := problem.GetErrors()
	if err := expect(len(errors) > 0 && errors[0].GetPointer() == "/parent_id", "the errors are %v", errors); err != nil {
		return err
	}
	done("be told what is invalid")

	_, _, err = m.client.PostsAPI.GetPost(m.ctx, randomID()).Execute()
	if _, err := refused(err, 404, galley.PROBLEMCODE_NOT_FOUND); err != nil {
		return err
	}
	done("ask for a post that is not there")
	return nil
}
