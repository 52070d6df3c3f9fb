// A tour of the API with openapi-fetch and the types that openapi-typescript generates.
//
//     node tour.js URL STRICT-URL
//
// The second service requires `If-Match` and has a request deadline of one second.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { request } from "node:http";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["Problem"];

const [baseUrl = "", strictUrl = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
const strict = createClient<paths>({ baseUrl: strictUrl });
const mark = randomUUID().slice(0, 8);
const email = (name: string) => `${name}.${mark}@example.org`;

/** Codes and statuses that a single request cannot cause. The tests that block the database, fill the queue or send credentials cover them. */
const NOT_PROVOKED: Problem["code"][] = ["key-in-use", "limit-reached"];
const NOT_PROVOKED_STATUSES = [401, 403, 429, 500, 503];
const provoked = new Set<Problem["code"]>();

/** The result of an operation. */
type Answer<T> = { data?: T; error?: Problem; response: Response };

function ok<T>(answer: Answer<T>, status: number): NonNullable<T> {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert.ok(answer.data !== undefined && answer.data !== null);
  return answer.data;
}

/** Asserts that the answer is this problem, and that the problem has a page. */
async function problem<T>(answer: Answer<T>, status: number, code: Problem["code"]): Promise<Problem> {
  assert.equal(answer.response.status, status);
  assert.ok(answer.error);
  assert.equal(answer.error.code, code);
  provoked.add(code);
  const page = await client.GET("/problems/{code}", { params: { path: { code } }, headers: { Accept: "application/json" } });
  assert.equal(page.response.status, 200);
  return answer.error;
}

/** Sends a request that the client cannot send. */
async function send(path: string, init: RequestInit): Promise<Answer<never>> {
  const response = await fetch(baseUrl + path, init);
  return { error: (await response.json()) as Problem, response };
}

/** Begins a request with a body and never completes it. */
function begin(headers: Record<string, string>, body: string): Promise<Answer<never>> {
  return new Promise((resolve, reject) => {
    const sent = request(`${strictUrl}/users`, { method: "POST", headers: { "Content-Type": "application/json", ...headers } });
    sent.on("error", reject);
    sent.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        sent.removeListener("error", reject);
        sent.on("error", () => {});
        sent.destroy();
        const error = JSON.parse(Buffer.concat(chunks).toString()) as Problem;
        resolve({ error, response: new Response(null, { status: incoming.statusCode ?? 0 }) });
      });
    });
    sent.flushHeaders();
    sent.write(body);
  });
}

function nextCursor(response: Response): string | undefined {
  const next = /<[^>]*[?&]cursor=([^&>]+)[^>]*>; rel="next"/;
  return next.exec(response.headers.get("link") ?? "")?.[1];
}

const service = ok(await client.GET("/"), 200);
assert.ok(typeof service === "object" && service.name === "byline");
assert.equal(ok(await client.GET("/readyz"), 200).status, "ready");

const created = await client.POST("/users", { body: { name: "Ada", email: email("ada") } });
const ada = ok(created, 201);
assert.equal(created.response.headers.get("location"), `/users/${ada.id}`);
const tag = created.response.headers.get("etag") ?? "";
const path = { user_id: ada.id };

// A request sent twice with the same key takes effect once.
const keyed = { params: { header: { "Idempotency-Key": randomUUID() } }, body: { name: "Grace", email: email("grace") } };
const first = await client.POST("/users", keyed);
const replayed = await client.POST("/users", keyed);
assert.deepEqual(ok(replayed, 201), ok(first, 201));
assert.equal(first.response.headers.get("idempotency-replayed"), null);
assert.equal(replayed.response.headers.get("idempotency-replayed"), "true");
await problem(await client.POST("/users", { ...keyed, body: { name: "Grace", email: email("other") } }), 422, "key-reused");

const posts: number[] = [];
for (let n = 0; n < 5; n += 1) {
  const post = await client.POST("/users/{user_id}/posts", { params: { path }, body: { title: `Note ${n}`, content: "" } });
  posts.push(ok(post, 201).id);
}
const walked: number[] = [];
let cursor: string | undefined;
do {
  const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
  const page = await client.GET("/users/{user_id}/posts", { params: { path, query } });
  walked.push(...ok(page, 200).map((post) => post.id));
  cursor = nextCursor(page.response);
} while (cursor !== undefined);
assert.deepEqual(walked, posts);

const guarded = { params: { path, header: { "If-Match": tag } }, body: { name: "Ada Lovelace" } };
const changed = await client.PATCH("/users/{user_id}", guarded);
assert.equal(ok(changed, 200).name, "Ada Lovelace");
await problem(await client.PATCH("/users/{user_id}", guarded), 412, "precondition-failed");
const current = changed.response.headers.get("etag") ?? "";
const unchanged = await client.GET("/users/{user_id}", { params: { path, header: { "If-None-Match": current } } });
assert.equal(unchanged.response.status, 304);
// A representation that was read can be changed and sent back.
const whole = { ...ok(changed, 200), email: email("countess") };
ok(await client.PUT("/users/{user_id}", { params: { path }, body: whole }), 200);

await problem(await client.POST("/users", { body: { name: "Another", email: email("COUNTESS") } }), 409, "email-taken");
const orphan = { user_id: Number.MAX_SAFE_INTEGER, title: "Nobody's", content: "" };
await problem(await client.POST("/posts", { body: orphan }), 409, "author-missing");
const broken = await problem(await client.POST("/users", { body: { name: " ", email: "nonsense" } }), 422, "invalid-fields");
assert.deepEqual(broken.errors?.map((fault) => fault.pointer).sort(), ["/email", "/name"]);
await problem(await client.GET("/users", { params: { query: { limit: 101 } } }), 400, "invalid-parameter");
await problem(await client.GET("/users", { params: { query: { cursor: "nonsense" } } }), 400, "invalid-cursor");
const absent = { user_id: Number.MAX_SAFE_INTEGER };
await problem(await client.GET("/users/{user_id}", { params: { path: absent } }), 404, "not-found");
const unquoted = { path, header: { "If-None-Match": "bare" } };
await problem(await client.GET("/users/{user_id}", { params: unquoted }), 400, "invalid-header");
await problem(await client.DELETE("/users/{user_id}", { params: { path } }), 409, "user-has-posts");
await problem(await client.GET("/users", { headers: { Accept: "text/html" } }), 406, "not-acceptable");

const large = { title: "Large", content: "x".repeat(2 ** 20) };
await problem(await client.POST("/users/{user_id}/posts", { params: { path }, body: large }), 413, "body-too-large");
await problem(await client.GET("/users", { params: { query: { email: "x".repeat(2 ** 13) } } }), 414, "uri-too-long");
const user = { name: "Ada", email: email("never") };
await problem(await client.POST("/users", { body: user, headers: { "Content-Type": "text/plain" } }), 415, "unsupported-media-type");
await problem(await client.POST("/users", { body: user, headers: { "Content-Encoding": "gzip" } }), 415, "unsupported-content-encoding");
await problem(await client.POST("/users", { body: user, bodySerializer: () => "{" }), 400, "malformed-json");
await problem(await send("/users", { method: "DELETE" }), 405, "method-not-allowed");
await problem(await send("/nowhere", {}), 404, "unknown-path");
await problem(await begin({ "Content-Length": "9" }, "{"), 408, "request-timeout");
const guardedUser = ok(await strict.POST("/users", { body: { name: "Ada", email: email("strict") } }), 201);
const bare = { path: { user_id: guardedUser.id } };
await problem(await strict.DELETE("/users/{user_id}", { params: bare }), 428, "precondition-required");
const guardedDelete = await strict.DELETE("/users/{user_id}", { params: { ...bare, header: { "If-Match": "*" } } });
assert.equal(guardedDelete.response.status, 204);

const deleted = await client.DELETE("/users/{user_id}", { params: { path, query: { posts: "delete" } } });
assert.equal(deleted.response.status, 204);
await problem(await client.GET("/users/{user_id}", { params: { path } }), 404, "not-found");
// Node cannot send malformed requests: the Python tour meets `bad-request`.
const met: string[] = [...provoked, ...NOT_PROVOKED, "bad-request"];
const document = (await (await fetch(`${baseUrl}/openapi.json`)).json()) as { components: { schemas: { Problem: { properties: { code: { enum: Problem["code"][] } } } } } };
for (const code of document.components.schemas.Problem.properties.code.enum.filter((code) => !met.includes(code))) {
  const { data } = await client.GET("/problems/{code}", { params: { path: { code } }, headers: { Accept: "application/json" } });
  assert.ok(typeof data === "object" && NOT_PROVOKED_STATUSES.includes(data.status), `the tour does not meet ${code}`);
}
console.log("the TypeScript client took the tour");
