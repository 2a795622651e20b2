/** A client whose calls are checked against the contract while they are written. */

import createFetchClient, { type Client, type ClientOptions, type Middleware } from "openapi-fetch";
import { mediaTypes } from "./media.js";
import type { paths } from "./schema.js";

export * from "./schema.js";

/** Returns the access token of the moment, or nothing while nobody is logged in. */
export type Token = () => string | null | undefined;

/** What openapi-fetch takes, and where the access token is found. */
export interface Options extends ClientOptions {
  baseUrl: string;
  token?: Token;
}

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** openapi-fetch takes every body for JSON, as types are gone when it runs; the contract says what it is. */
const declaredMediaType: Middleware = {
  async onRequest({ request, schemaPath }) {
    const declared = mediaTypes[`${request.method} ${schemaPath}`];
    if (declared === undefined || request.headers.get("Content-Type") !== JSON_TYPE) {
      return undefined;
    }
    if (declared.endsWith("+json")) {
      request.headers.set("Content-Type", declared);
      return request;
    }
    const given: unknown = await request.json();
    const body = declared === FORM_TYPE ? new URLSearchParams(given as Record<string, string>) : String(given);
    const headers = new Headers(request.headers);
    headers.set("Content-Type", declared);
    return new Request(request.url, { method: request.method, headers, body, signal: request.signal });
  },
};

function bearer(token: Token): Middleware {
  return {
    onRequest({ request }) {
      const value = token();
      if (value && !request.headers.has("Authorization")) {
        request.headers.set("Authorization", `Bearer ${value}`);
      }
      return request;
    },
  };
}

/** Makes a client: `client.GET("/posts/{post_id}", { params: { path: { post_id } } })` and so on. */
export function createClient({ token, ...options }: Options): Client<paths> {
  const client = createFetchClient<paths>(options);
  client.use(declaredMediaType, ...(token ? [bearer(token)] : []));
  return client;
}
