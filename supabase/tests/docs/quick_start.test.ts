// The code of docs/quick-start.md, and of the README, which begins with the same.
// supabase/tests/package/consumers.test.ts type-checks all of it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SessionState } from "../../../client/state.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type Client,
  projectOfThisFile,
  type User,
} from "../../../scripts/test/api_fixture.ts";
import { moduleOf, recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/quick-start.md");
const readme = recipesOf("README.md");
const project = projectOfThisFile();

Deno.test("the README's code is that of the pages", () => {
  for (const name of ["install.sh", "client.sh", "client.ts"]) {
    assert.equal(readme(name), recipe(name), name);
  }
  assert.equal(
    readme("install.sh"),
    recipesOf("docs/install.md")("install.sh"),
  );
  assert.equal(readme("reap.sh"), recipesOf("docs/scheduling.md")("reap.sh"));
  assert.equal(readme("client.sh"), recipesOf("docs/client.md")("client.sh"));
});

/** What the tests use of the client's session. */
interface InterviewSession {
  state(): SessionState;
  dispose(): void;
}

interface ClientModule {
  startInterview(
    show: (state: SessionState) => void,
    confirmTakeover: (device: string | null) => Promise<boolean>,
  ): Promise<InterviewSession>;
  submitInterview(
    session: InterviewSession,
    upload: () => Promise<void>,
  ): Promise<void>;
}

/** The code for the npm package, for a page of this user. */
async function clientModule({ client }: User): Promise<ClientModule> {
  const page = { supabase: client };
  const name = `page_${crypto.randomUUID()}`;
  Object.assign(globalThis, { [name]: page });
  const parts = {
    '"interview-sessions"': pathToFileURL(
      join(repositoryRoot, "client", "index.ts"),
    ).href,
    '"./supabase"':
      `data:text/javascript,export const { supabase } = globalThis["${name}"]`,
  };
  let source = recipe("client.ts");
  for (const [part, place] of Object.entries(parts)) {
    assert(source.includes(part));
    source = source.replace(part, JSON.stringify(place));
  }
  return await moduleOf<ClientModule>(source);
}

const historyOf = async ({ client }: User) => {
  const { data } = await client.from("interview_session_history")
    .select("end_reason").order("fence");
  return data?.map(({ end_reason }) => end_reason);
};

Deno.test("M4 M5 M6 with the client: started, held by the first page, taken over, submitted", async () => {
  const user = await project.newUser();
  const { startInterview, submitInterview } = await clientModule(user);
  const shown: string[] = [];
  const asked: (string | null)[] = [];
  const answering = (agreed: boolean) => (device: string | null) => {
    asked.push(device);
    return Promise.resolve(agreed);
  };

  const first = await startInterview(
    ({ name }) => shown.push(name),
    answering(false),
  );
  const second = await startInterview(() => {}, answering(false));
  assert.deepEqual(shown, ["idle", "starting", "live"]);
  assert.equal(second.state().name, "held");
  const third = await startInterview(() => {}, answering(true));
  assert.equal(third.state().name, "live");
  let uploads = 0;
  await submitInterview(third, () => Promise.resolve(void uploads++));

  assert.equal(uploads, 1);
  assert.deepEqual(asked, ["Chrome", "Chrome"]);
  assert.deepEqual(await historyOf(user), ["taken_over", "completed"]);
  for (const session of [first, second, third]) session.dispose();
});

interface RpcModule {
  startInterview(
    supabase: Client,
    onOver: (message: string) => void,
    takeover?: boolean,
  ): Promise<{
    heldBy?: { session_id: string };
    message?: string;
    session?: { session_id: string; fence: number };
    submit?(upload: () => Promise<void>): Promise<void>;
    leave?(): Promise<void>;
  }>;
}

Deno.test("M3 M4 M6 with plain supabase-js: refused, taken over, submitted, left", async () => {
  const { startInterview } = await moduleOf<RpcModule>(recipe("rpc.ts"));
  const user = await project.newUser();
  const never = (message: string) => assert.fail(message);

  const first = await startInterview(user.client, never);
  const second = await startInterview(user.client, never);
  assert.equal(second.heldBy?.session_id, first.session?.session_id);
  assert.match(second.message ?? "", /already have an interview open/);

  const third = await startInterview(user.client, never, true);
  assert(third.session && first.session);
  assert(third.session.fence > first.session.fence);
  let uploads = 0;
  await third.submit?.(() => Promise.resolve(void uploads++));
  assert.equal(uploads, 1);
  assert.deepEqual(await historyOf(user), ["taken_over", "completed"]);

  const fourth = await startInterview(user.client, never);
  await fourth.leave?.();
  await first.leave?.();
  assert.deepEqual(
    await historyOf(user),
    ["taken_over", "completed", "disconnected"],
  );
});

Deno.test("M5 before the interview: whether the user has a session, and where", async () => {
  const { previousSession } = await moduleOf<{
    previousSession(supabase: Client): Promise<{ device: string } | null>;
  }>(recipe("previous.ts"));
  const user = await project.newUser();

  assert.equal(await previousSession(user.client), null);
  await user.client.rpc("start_session", {
    session_id: "elsewhere",
    device: "Chrome on Windows",
  });
  const found = await previousSession(user.client);

  assert.equal(found?.device, "Chrome on Windows");
});

Deno.test("M4 in SQL: a session from its start to its end", async () => {
  const user = await project.newUser();
  const nobody = "00000000-0000-0000-0000-000000000000";
  const statements = recipe("lifecycle.sql");
  assert(statements.includes(nobody));

  await project.sql.unsafe(statements.replace(nobody, user.id)).simple();

  const { data } = await user.client.from("interview_session_history")
    .select("session_id, interview_id, end_reason");
  assert.deepEqual(data, [{
    session_id: "from-psql",
    interview_id: "attempt-1",
    end_reason: "completed",
  }]);
});
