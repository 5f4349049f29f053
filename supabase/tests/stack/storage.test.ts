// The stand-in for Storage, and the policies of the app's bucket: who may put what
// where. The policies are the app's own, in examples/interview-room/storage.sql.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appSource } from "../../../scripts/stack/app.ts";
import {
  type Project,
  startProject,
  type User,
} from "../../../scripts/test/api_fixture.ts";

let project: Project;
let folder: string;

Deno.test.beforeAll(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "interview-storage-"));
  project = await startProject({ storageFolder: folder });
  const policies = fs.readFileSync(join(appSource, "storage.sql"), "utf8");
  await project.sql.unsafe(policies).simple();
  // as the file says, it may be run again
  await project.sql.unsafe(policies).simple();
});
Deno.test.afterAll(async () => {
  await project.stop();
  fs.rmSync(folder, { recursive: true });
});

const endpoint = "/storage/v1/upload/resumable";

interface Upload {
  token: string;
  name: string;
  bucket?: string;
  type?: string;
  size?: number;
}

/** Begins an upload. */
async function create(
  { token, name, bucket = "recordings", type = "video/webm", size = 5 }: Upload,
) {
  const metadata = Object.entries({
    bucketName: bucket,
    objectName: name,
    contentType: type,
    cacheControl: "3600",
  });
  const answer = await fetch(project.url + endpoint, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "tus-resumable": "1.0.0",
      "upload-length": String(size),
      "upload-metadata": metadata.map(([key, value]) =>
        `${key} ${Buffer.from(value).toString("base64")}`
      ).join(),
    },
  });
  const text = await answer.text();
  const { status, headers } = answer;
  return { status, text, url: headers.get("location") ?? "" };
}

/** Sends bytes from an offset. */
async function send(url: string, token: string, bytes: string, offset = 0) {
  const answer = await fetch(url, {
    method: "PATCH",
    headers: {
      authorization: `Bearer ${token}`,
      "tus-resumable": "1.0.0",
      "upload-offset": String(offset),
      "content-type": "application/offset+octet-stream",
    },
    body: bytes,
  });
  await answer.text();
  return answer.status;
}

async function statusOf(upload: Upload): Promise<number> {
  return (await create(upload)).status;
}

/** A user in an interview. */
async function inAnInterview() {
  const [user] = await project.newUsers(1);
  const session = await startSession(user);
  const named = (session_id: string) => nameOf(user, session_id);
  return { user, token: user.token, session, named };
}

function nameOf(user: User, session: string, interview = "interview") {
  return `${user.id}/${interview}/${session}/${randomUUID()}.webm`;
}

async function startSession({ client }: User): Promise<string> {
  const session_id = randomUUID();
  const { error } = await client.rpc("start_session", {
    session_id,
    takeover: true,
    interview_id: "interview",
  });
  assert.equal(error, null);
  return session_id;
}

async function reap() {
  const { error } = await project.service.rpc("reap_stale_sessions");
  assert.equal(error, null);
}

/** As if so much time had passed. */
async function age({ id }: User, time: string) {
  await project.sql`
    update public.interviews
    set
      started_at = started_at - ${time}::interval,
      deadline_at = deadline_at - ${time}::interval,
      submitted_at = submitted_at - ${time}::interval
    where user_id = ${id}`;
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - ${time}::interval,
      updated_at = updated_at - ${time}::interval,
      deadline_at = deadline_at - ${time}::interval,
      expires_at = expires_at - ${time}::interval
    where user_id = ${id}`;
}

Deno.test("an upload arrives in pieces; the server says how far it is", async () => {
  const { user, token, session, named } = await inAnInterview();
  const name = named(session);
  const { status, url } = await create({ token, name });
  assert.equal(status, 201);
  assert.equal(await send(url, token, "abc"), 204);
  const head = await fetch(url, {
    method: "HEAD",
    headers: { authorization: `Bearer ${token}`, "tus-resumable": "1.0.0" },
  });
  assert.equal(head.headers.get("upload-offset"), "3");
  const rows = () =>
    project.sql`
      select owner_id, version from storage.objects where name = ${name}`;
  assert.deepEqual([...await rows()], [], "not before it is complete");

  assert.equal(await send(url, token, "de", 3), 204);
  const [{ owner_id, version }] = await rows();
  assert.equal(owner_id, user.id);
  const file = join(folder, "recordings", name, version);
  assert.equal(fs.readFileSync(file, "utf8"), "abcde");
});

Deno.test("nobody uploads without a valid token", async () => {
  const { token, session, named } = await inAnInterview();
  const name = named(session);
  for (const bad of ["", "x.y.z", project.expiredToken(token)]) {
    const { status, text } = await create({ token: bad, name });
    assert.equal(status, 400);
    assert.equal(JSON.parse(text).statusCode, "403");
  }
  const { url } = await create({ token, name });
  assert.equal(await send(url, project.expiredToken(token), "abcde"), 400);
  assert.equal(await send(url, "", "abcde"), 400);
});

Deno.test("B4 only the user uploads into their folder, also into an upload that has begun", async () => {
  const { user, token, session, named } = await inAnInterview();
  const other = await inAnInterview();
  const { url } = await create({ token, name: named(session) });
  assert.equal(await send(url, other.token, "abcde"), 403);
  assert.equal(
    await statusOf({ token: other.token, name: named(session) }),
    403,
  );
  assert.equal(
    await statusOf({ token: other.token, name: nameOf(other.user, session) }),
    403,
    "in their own folder, but of a session of somebody else",
  );
  const inFolderOfUser = nameOf(user, other.session);
  assert.equal(
    await statusOf({ token: other.token, name: inFolderOfUser }),
    403,
    "of their own session, but in the folder of somebody else",
  );
  assert.equal(await send(url, token, "abcde"), 204);
  assert.equal(
    await statusOf({ token, name: `${user.id}/../${other.user.id}/a/b.webm` }),
    403,
  );
});

Deno.test("only sessions of that interview have a folder in it", async () => {
  const { user, token, session } = await inAnInterview();
  await startSession(user);
  const names = [
    nameOf(user, randomUUID()),
    nameOf(user, session, "another-interview"),
    `${user.id}/interview/${session}.webm`,
    `${user.id}/interview/${session}/deeper/part.webm`,
  ];
  for (const name of names) {
    assert.equal(await statusOf({ token, name }), 403, name);
  }
});

Deno.test("C2 what a crashed session left is uploaded by the session after it", async () => {
  const { user, token, session, named } = await inAnInterview();
  const next = await startSession(user);
  assert.notEqual(next, session);
  assert.equal(await statusOf({ token, name: named(session) }), 201);
  assert.equal(await statusOf({ token, name: named(next) }), 201);
});

for (const isReaped of [false, true]) {
  const when = isReaped ? "after the reaper" : "before the reaper";
  Deno.test(`B1 what a crash left is accepted until a day after the time was up, ${when}`, async () => {
    const { user, token, session, named } = await inAnInterview();
    await age(user, "23 hours");
    if (isReaped) await reap();
    assert.equal(await statusOf({ token, name: named(session) }), 201);
    await age(user, "2 hours");
    if (isReaped) await reap();
    assert.equal(await statusOf({ token, name: named(session) }), 403);
  });
}

Deno.test("nothing is added to an interview a day after it was submitted", async () => {
  const { user, token, session, named } = await inAnInterview();
  const { error } = await user.client.rpc("end_session", {
    session_id: session,
    reason: "completed",
  });
  assert.equal(error, null);
  assert.equal(await statusOf({ token, name: named(session) }), 201);
  await age(user, "25 hours");
  // even if there would have been time left
  await project.sql`
    update public.interviews set deadline_at = now() where user_id = ${user.id}`;
  assert.equal(await statusOf({ token, name: named(session) }), 403);
});

Deno.test("what is there is not replaced", async () => {
  const { token, session, named } = await inAnInterview();
  const name = named(session);
  const [first, second] = [
    await create({ token, name }),
    await create({ token, name }),
  ];
  assert.equal(await send(first.url, token, "first"), 204);
  assert.equal(await send(second.url, token, "other"), 409);
  const { status, text } = await create({ token, name });
  assert.equal(status, 409);
  assert.match(text, /already exists/);
});

Deno.test("the bucket, the type and the size must be right", async () => {
  const { token, session, named } = await inAnInterview();
  const name = named(session);
  assert.equal(await statusOf({ token, name, bucket: "none" }), 403);
  assert.equal(await statusOf({ token, name, type: "text/html" }), 415);
  assert.equal(await statusOf({ token, name, size: 60 * 1024 * 1024 }), 413);
  assert.equal(await statusOf({ token, name: "a%2Fb" }), 400);
  const { status } = await fetch(project.url + endpoint, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(status, 400, "nothing is read through it");
});
