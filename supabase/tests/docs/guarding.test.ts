// The code of docs/guarding.md, run as it stands there.
import assert from "node:assert/strict";
import {
  type Client,
  projectOfThisFile,
} from "../../../scripts/test/api_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/guarding.md");
const project = projectOfThisFile();
Deno.test.beforeAll(async () => {
  await project.sql.unsafe(recipe("guard.sql")).simple();
});

interface Grant {
  session_id: string;
  interview_id: string;
  fence: number;
}

/** What a guarded answer names of the session that writes it. */
async function grant(
  { client }: { client: Client },
  session_id: string,
  interview_id: string,
): Promise<Grant> {
  const { data, error } = await client.rpc("start_session", {
    session_id,
    takeover: true,
    interview_id,
  });
  assert.equal(error, null);
  return { session_id, interview_id, fence: data!.fence };
}

/** What comes of an upsert, which is how an app saves. */
async function answer(
  { client }: { client: Client },
  row: Grant & { answer?: string },
): Promise<"saved" | number> {
  const { status, error } = await client.from("answers" as never)
    .upsert({ question: 1, answer: "42", ...row } as never);
  return error ? status : "saved";
}

Deno.test("B5 C2 the guard: the holder answers, the next session of the interview reads and goes on, a zombie does not", async () => {
  const [user, stranger] = await project.newUsers(2);
  const saved = async () => {
    const { data } = await user.client.from("answers" as never)
      .select("interview_id, question, answer, session_id")
      .order("interview_id");
    return data;
  };

  const old = await grant(user, "old", "attempt-1");
  assert.equal(await answer(user, { ...old, answer: "first" }), "saved");
  const fresh = await grant(user, "fresh", "attempt-1");

  assert.deepEqual(await saved(), [{
    interview_id: "attempt-1",
    question: 1,
    answer: "first",
    session_id: "old",
  }]);
  assert.equal(await answer(user, { ...old, answer: "zombie" }), 403);
  assert.equal(await answer(user, { ...fresh, fence: old.fence }), 403);
  assert.equal(await answer(stranger, fresh), 403);
  assert.equal(await answer(user, { ...fresh, answer: "second" }), "saved");
  const kept = {
    interview_id: "attempt-1",
    question: 1,
    answer: "second",
    session_id: "fresh",
  };
  assert.deepEqual(await saved(), [kept]);

  // a live session of one interview writes no answers of another
  const other = await grant(user, "other", "attempt-2");
  assert.equal(
    await answer(user, { ...other, interview_id: "attempt-1" }),
    403,
  );
  assert.equal(await answer(user, other), "saved");
  assert.deepEqual((await saved())?.slice(0, 1), [kept]);
});

Deno.test("B5 M8 the guard: another user's answers under the same ids are theirs, and in nobody's way", async () => {
  const [a, b] = await project.newUsers(2);
  const ofA = await grant(a, "same session", "same interview");
  const ofB = await grant(b, "same session", "same interview");

  assert.equal(await answer(a, { ...ofA, answer: "of a" }), "saved");
  assert.equal(await answer(b, { ...ofB, answer: "of b" }), "saved");

  const rows = await project.sql`
    select user_id, answer from public.answers
    where user_id in (${a.id}, ${b.id}) order by answer`;
  assert.deepEqual([...rows], [
    { user_id: a.id, answer: "of a" },
    { user_id: b.id, answer: "of b" },
  ]);
});

Deno.test("B5 the backend's question: whether a named user holds the session", async () => {
  const user = await project.newUser();
  const nobody = "00000000-0000-0000-0000-000000000000";
  const statement = recipe("backend.sql");
  assert(statement.includes(nobody));
  const held = async (id: string) => {
    const [row] = await project.sql.unsafe(statement.replace(nobody, id));
    return row.user_holds_session;
  };

  assert.equal(await held(user.id), false);
  await grant(user, "from-psql", "attempt-1");
  assert.equal(await held(user.id), true);
  assert.equal(await held(nobody), false);
});

Deno.test("B5 the trigger: a takeover waits for a write under way, a heartbeat does not, and a zombie is refused", async () => {
  await project.sql.unsafe(recipe("lock.sql")).simple();
  try {
    const user = await project.newUser();
    const old = await grant(user, "old", "attempt-1");
    assert.equal(await answer(user, old), "saved");

    // a write under way, as of a request that has not ended
    await project.superuser.begin(async (sql) => {
      await sql`
        update public.answers set answer = 'under way' where user_id = ${user.id}`;
      const beat = await user.client.rpc("heartbeat_session", {
        session_id: "old",
      });
      assert.equal(beat.error, null);
      const taken = await user.client.rpc("start_session", {
        session_id: "fresh",
        takeover: true,
        interview_id: "attempt-1",
      });
      assert.equal(taken.error?.code, "55P03");
    });
    const fresh = await grant(user, "fresh", "attempt-1");

    assert.equal(await answer(user, old), 403);
    assert.equal(await answer(user, fresh), "saved");
  } finally {
    await project.sql.unsafe("drop function public.hold_session() cascade");
  }
});
