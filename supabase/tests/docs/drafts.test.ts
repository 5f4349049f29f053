// The SQL of docs/drafts.md, run as it stands there.
import assert from "node:assert/strict";
import {
  type Client,
  projectOfThisFile,
} from "../../../scripts/test/api_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/drafts.md");
const project = projectOfThisFile();
Deno.test.beforeAll(async () => {
  await project.sql.unsafe(recipe("answers.sql")).simple();
});

interface Grant {
  session_id: string;
  interview_id: string;
  fence: number;
}

interface Row {
  key: string;
  text: string;
  revision: number;
}

async function grant(
  { client }: { client: Client },
  session_id: string,
): Promise<Grant> {
  const interview_id = "attempt-1";
  const { data, error } = await client.rpc("start_session", {
    session_id,
    takeover: true,
    interview_id,
  });
  assert.equal(error, null);
  return { session_id, interview_id, fence: data!.fence };
}

/** What an upsert as in the recipe answers. */
async function save({ client }: { client: Client }, held: Grant, rows: Row[]) {
  const { data, status } = await client.from("answers" as never)
    .upsert(rows.map((row) => ({ ...held, ...row })) as never, {
      onConflict: "user_id,interview_id,key",
    })
    .select("key, text, fence, revision, saved_at");
  return {
    status,
    rows: data as (Row & { fence: number; saved_at: string })[],
  };
}

Deno.test("W4 the answers table: a save that arrives late changes nothing, and is told what is there", async () => {
  const user = await project.newUser();
  const held = await grant(user, "held");
  const first = { key: "one", text: "first", revision: 1 };
  const second = { key: "one", text: "second", revision: 2 };
  const other = { key: "two", text: "other", revision: 3 };

  const saved = await save(user, held, [second]);
  assert.equal(saved.rows[0].text, "second");
  const late = await save(user, held, [first, other]);

  assert(late.status < 300);
  const texts = late.rows.map((
    { key, text, revision },
  ) => [key, text, revision]);
  assert.deepEqual(texts.sort(), [["one", "second", 2], ["two", "other", 3]]);
  const before = late.rows.find(({ key }) => key === "one");
  assert.equal(before?.saved_at, saved.rows[0].saved_at);
});

Deno.test("B6 W4 the answers table: a save that is sent twice is saved once", async () => {
  const user = await project.newUser();
  const held = await grant(user, "held");
  const row = { key: "one", text: "first", revision: 1 };

  const first = await save(user, held, [row]);
  const again = await save(user, held, [row]);

  assert.deepEqual(again.rows, first.rows);
});

Deno.test("B4 W4 the answers table: a later grant wins with a lower revision, and the zombie's save is refused", async () => {
  const [user, stranger] = await project.newUsers(2);
  const old = await grant(user, "old");
  await save(user, old, [{ key: "one", text: "of the old", revision: 7 }]);
  const fresh = await grant(user, "fresh");

  const zombie = await save(user, old, [
    { key: "one", text: "of a zombie", revision: 8 },
  ]);
  assert.equal(zombie.status, 403);
  const saved = await save(user, fresh, [
    { key: "one", text: "of the new", revision: 1 },
  ]);
  assert.equal(saved.rows[0].text, "of the new");
  assert.equal(
    (await save(user, old, [
      { key: "one", text: "of a zombie", revision: 9 },
    ])).status,
    403,
  );
  assert.equal(
    (await save(stranger, fresh, [
      { key: "one", text: "of a stranger", revision: 9 },
    ])).status,
    403,
  );

  const { data } = await user.client.from("answers" as never).select("text");
  assert.deepEqual(data, [{ text: "of the new" }]);
  const { data: ofOthers } = await stranger.client.from("answers" as never)
    .select("text");
  assert.deepEqual(ofOthers, []);
});

Deno.test("C9 the answers table: the time of a save is the server's", async () => {
  const user = await project.newUser();
  const held = await grant(user, "held");

  const { rows } = await save(user, held, [
    { key: "one", text: "first", revision: 1, saved_at: "2001-01-01" } as Row,
  ]);

  assert.notEqual(new Date(rows[0].saved_at).getUTCFullYear(), 2001);
});
