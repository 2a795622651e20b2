/** The scenario of clients/SCENARIO.md with openapi-fetch. */

import { randomUUID } from "node:crypto";
import { createClient, type Comment, type Post } from "@galley/client";
import { accepted, done, expect, header, nextCursor, refused } from "./checks.js";

const url = process.env["GALLEY_URL"];
expect(url !== undefined, "GALLEY_URL is not set");
const password = "Weaves4lgebra";

let token: string | undefined;
const client = createClient({ baseUrl: url, token: () => token });

/** Register, log in, and exchange the tokens once. */
async function becomeAMember(): Promise<void> {
  const username = `reader${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const member = accepted(
    await client.POST("/auth/register", { body: { username, email: `${username}@example.org`, password } }),
    201,
  );
  expect(member.username === username, `the name is ${member.username}`);
  expect(member.role === "user", `the role is ${member.role}`);
  done("register a member");

  const first = accepted(await client.POST("/auth/login", { body: { username, password } }), 200);
  expect(first.token_type === "bearer", `the token is sent as ${first.token_type}`);
  token = first.access_token;
  done("log in");

  const second = accepted(
    await client.POST("/auth/refresh", { body: { refresh_token: first.refresh_token } }),
    200,
  );
  expect(second.access_token !== first.access_token, "the access token is the old one");
  token = second.access_token;
  done("refresh the tokens");
}

/** Write a post, retry, edit it, be too late with another edit, and publish it. */
async function write(): Promise<Post> {
  const draft = {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { title: "Notes on the engine", content: "It weaves **algebraical** patterns.", tags: ["Engines"] },
  };
  const created = await client.POST("/posts", draft);
  const post = accepted(created, 201);
  const tag = header(created.response, "ETag");
  expect(post.status === "draft", `the post is ${post.status}`);
  expect(header(created.response, "Location").endsWith(`/${post.id}`), "Location leads elsewhere");
  done("write a post");

  const again = await client.POST("/posts", draft);
  expect(accepted(again, 201).id === post.id, "the retry wrote a second post");
  expect(header(again.response, "Idempotent-Replayed") === "true", "the answer is not marked as a replay");
  done("write it again with the same key");

  const title = "Notes on the analytical engine";
  const params = { path: { post_id: post.id }, header: { "If-Match": tag } };
  const edited = await client.PATCH("/posts/{post_id}", { params, body: { title } });
  expect(accepted(edited, 200).title === title, "the title stayed");
  expect(header(edited.response, "ETag") !== tag, "the entity tag stayed");
  done("edit the post");

  const late = await client.PATCH("/posts/{post_id}", { params, body: { title: "Too late" } });
  refused(late, 412, "precondition_failed");
  done("edit it with a stale tag");

  const published = accepted(
    await client.PUT("/posts/{post_id}/publication", { params: { path: { post_id: post.id } } }),
    200,
  );
  expect(published.status === "published", `the post is ${published.status}`);
  done("publish the post");
  return published;
}

function listComments(post_id: string, cursor?: string) {
  const query = { limit: 2, layout: "flat", sort: "created_at" } as const;
  return client.GET("/posts/{post_id}/comments", {
    params: { path: { post_id }, query: cursor === undefined ? query : { ...query, cursor } },
  });
}

/** Comment, and read the comments page by page, once along the cursors and once along the links. */
async function discuss(post_id: string): Promise<void> {
  const written: string[] = [];
  for (const number of [1, 2, 3, 4, 5]) {
    const comment = await client.POST("/posts/{post_id}/comments", {
      params: { path: { post_id } },
      body: { content: `Card ${number}.` },
    });
    written.push(accepted(comment, 201).id);
  }
  done("comment five times");

  const first = await listComments(post_id);
  const pages: Comment[][] = [accepted(first, 200).items];
  let cursor = accepted(first, 200).page.next_cursor;
  while (cursor !== null) {
    const { items, page } = accepted(await listComments(post_id, cursor), 200);
    pages.push(items);
    cursor = page.next_cursor;
  }
  expect(pages.map((page) => page.length).join() === "2,2,1", `pages of ${pages.map((page) => page.length).join()}`);
  expect(pages.flat().map(({ id }) => id).join() === written.join(), "other comments, or another order");
  done("page by cursor");

  const linked = nextCursor(header(first.response, "Link"), first.response.url);
  const second = accepted(await listComments(post_id, linked), 200);
  expect(second.items.map(({ id }) => id).join() === written.slice(2, 4).join(), "the link leads to another page");
  done("page by link");
}

/** Be refused, and read why. */
async function goWrong(post_id: string): Promise<void> {
  const orphan = await client.POST("/posts/{post_id}/comments", {
    params: { path: { post_id } },
    body: { content: "To whom?", parent_id: randomUUID() },
  });
  const problem = refused(orphan, 422, "validation_failed");
  expect(problem.errors?.[0]?.pointer === "/parent_id", `the errors are ${JSON.stringify(problem.errors)}`);
  done("be told what is invalid");

  refused(await client.GET("/posts/{post_id}", { params: { path: { post_id: randomUUID() } } }), 404, "not_found");
  done("ask for a post that is not there");
}

/** Like the post, delete it, and log out. */
async function leave(post_id: string): Promise<void> {
  const params = { path: { post_id } };
  accepted(await client.PUT("/posts/{post_id}/like", { params }), 204);
  expect(accepted(await client.GET("/posts/{post_id}", { params }), 200).likes === 1, "the like was not counted");
  done("like the post");

  accepted(await client.DELETE("/posts/{post_id}", { params: { ...params, header: { "If-Match": "*" } } }), 204);
  refused(await client.GET("/posts/{post_id}", { params }), 404, "not_found");
  done("delete the post");

  accepted(await client.POST("/auth/logout"), 204);
  done("log out");

  refused(await client.GET("/users/me"), 401, "invalid_token");
  done("be refused after logging out");
}

await becomeAMember();
const post = await write();
await discuss(post.id);
await goWrong(post.id);
await leave(post.id);
