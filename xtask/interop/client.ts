// A client that openapi-typescript generates types for: `node client.js URL`.

import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { argv: string[] };

type Answer<T> = { data?: T; error?: unknown; response: Response };

function expect<T>(answer: Answer<T>, status: number): T {
  if (answer.response.status !== status || answer.data === undefined) {
    throw new Error(`${answer.response.status}, not ${status}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

function expectState(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  }
}

const baseUrl = process.argv[2] ?? "";
const anonymous = createClient<paths>({ baseUrl });
const login = await anonymous.POST("/api/auth/login", {
  body: { email: "demo.counselor@example.com", password: "demo123" },
});
const Authorization = `Bearer ${expect(login, 200).access_token}`;
const owner = createClient<paths>({ baseUrl, headers: { Authorization } });

const room = expect(await owner.POST("/api/rooms", { body: { name: "TypeScript" } }), 201);
const params = { path: { room_id: room.id, gameplay_id: "cards" } };
const path = "/api/rooms/{room_id}/gameplay-states/{gameplay_id}" as const;
const saved = expect(await owner.PUT(path, { params, body: { state: { a: 1 } } }), 200);
expectState(saved.version, 1);

const visitor = await anonymous.POST("/api/visitors/join-room/{share_code}", {
  params: { path: { share_code: room.share_code } },
  body: { name: "Mei", session_id: "typescript" },
});
const joined = expect(visitor, 201);
expectState([joined.room_id, joined.name], [room.id, "Mei"]);

const merged = await owner.PATCH(path, {
  params,
  body: { b: [2] },
  headers: { "Content-Type": "application/merge-patch+json" },
});
expectState(expect(merged, 200).state, { a: 1, b: [2] });
const patched = await owner.PATCH(path, {
  params,
  body: [{ op: "add", path: "/b/-", value: { c: null } }],
  headers: { "Content-Type": "application/json-patch+json" },
});
expectState(expect(patched, 200).version, 3);

const read = expect(await owner.GET(path, { params }), 200);
expectState(read.state, { a: 1, b: [2, { c: null }] });

const refused = await anonymous.GET(path, { params });
expectState([refused.response.status, refused.error?.code], [401, "authorization_required"]);
