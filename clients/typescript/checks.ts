/** What the steps share: saying that one is done, and looking at answers, headers and problems. */

import type { Problem, ProblemCode } from "@galley/client";

/** What a call of the client comes to. */
interface Answer<Data> {
  data?: Data;
  error?: Problem;
  response: Response;
}

export function done(step: string): void {
  console.log(`step ${step} ok`);
}

/** Throws unless something is so. */
export function expect(fact: boolean, otherwise: string): asserts fact {
  if (!fact) {
    throw new Error(otherwise);
  }
}

/** Returns the body of an answer that has to have this status. */
export function accepted<Data>({ data, error, response }: Answer<Data>, status: number): Data {
  expect(response.status === status, `${status} was due, not ${response.status}: ${JSON.stringify(error)}`);
  return data as Data;
}

/** Returns the problem of an answer that has to be refused with this status and this code. */
export function refused({ error, response }: Answer<unknown>, status: number, code: ProblemCode): Problem {
  expect(response.status === status, `${status} was due, not ${response.status}`);
  expect(error?.code === code, `the problem is ${JSON.stringify(error)}, not ${code}`);
  return error;
}

/** Returns a header that has to be there. */
export function header(response: Response, name: string): string {
  const value = response.headers.get(name);
  expect(value !== null, `no header ${name}`);
  return value;
}

/** Returns the cursor of the next page from a Link header (RFC 8288). */
export function nextCursor(link: string, base: string): string {
  const address = /<([^>]*)>;\s*rel="next"/.exec(link)?.[1];
  expect(address !== undefined, `no next page in Link: ${link}`);
  const cursor = new URL(address, base).searchParams.get("cursor");
  expect(cursor !== null, `no cursor in ${address}`);
  return cursor;
}
