// The app's own trigger locks the live row `for key share`, as the README advises: a
// takeover waits for the write, and heartbeats do not (S10).
import assert from "node:assert/strict";
import {
  after,
  type Answer,
  answered,
  type Client,
  granted,
  race,
  refused,
  type Scene,
  type Session,
} from "./harness.ts";

const takeover = true;

race(
  "S10 B5 a guarded write is under way: heartbeats and complete of other connections do not wait",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await a.beginInApp();
    answered(await write(a, session, "answer"));

    granted(await b.heartbeat("a").passes(a));
    granted(await b.complete("a").passes(a));

    answered(await a.commit());
    await answersAre(scene, ["answer"]);
  },
);

race(
  "S10 B5 a guarded write is under way: another one of the same session does not wait",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await a.beginInApp();
    answered(await write(a, session, "answer 1"));

    answered(await write(b, session, "answer 2").passes(a));

    answered(await a.commit());
    await answersAre(scene, ["answer 1", "answer 2"]);
  },
);

for (const ends of ["commits", "rolls back"] as const) {
  const kept = ends === "commits" ? ["answer"] : [];

  race(
    `S10 B5 a takeover waits for a guarded write, which ${ends}`,
    async (scene) => {
      const { a, b, session } = await guarded(scene);
      await a.beginInApp();
      answered(await write(a, session, "answer"));

      granted(await after(a, ends, b.start("b", { takeover })));

      await answersAre(scene, kept);
      await scene.leaves({ live: "b", history: { a: "taken_over" } });
    },
  );

  race(
    `S10 B5 an end waits for a guarded write, which ${ends}`,
    async (scene) => {
      const { a, b, session } = await guarded(scene);
      await a.beginInApp();
      answered(await write(a, session, "answer"));

      granted(await after(a, ends, b.end("a")));

      await answersAre(scene, kept);
      await scene.leaves({ history: { a: "disconnected" } });
    },
  );
}

race(
  "S10 B5 a guarded write waits for a takeover that commits: refused",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await b.begin();
    granted(await b.start("b", { takeover }));

    refused(await after(b, "commits", write(a, session, "answer")), "42501");

    await answersAre(scene, []);
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "S10 B5 a guarded write waits for a takeover that rolls back: written",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await b.begin();
    granted(await b.start("b", { takeover }));

    answered(await after(b, "rolls back", write(a, session, "answer")));

    await answersAre(scene, ["answer"]);
    await scene.leaves({ live: "a" });
  },
);

race(
  "S10 S6 two connections each write and then heartbeat in one transaction: no deadlock",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await a.beginInApp();
    await b.beginInApp();
    answered(await write(a, session, "answer 1"));
    answered(await write(b, session, "answer 2"));
    granted(await a.heartbeat("a").passes(b));

    granted(await after(a, "commits", b.heartbeat("a")));

    answered(await b.commit());
    await answersAre(scene, ["answer 1", "answer 2"]);
    await scene.leaves({ live: "a" });
  },
);

for (const name of ["heartbeat", "complete"] as const) {
  race(
    `S10 S6 write, then ${name} in one transaction while another tab takes over: no deadlock`,
    async (scene) => {
      const { a, b, session } = await guarded(scene);
      await a.beginInApp();
      answered(await write(a, session, "answer"));
      const late = b.start("b", { takeover });
      await late.waitsFor(a);

      granted(await a[name]("a").passes(b));

      answered(await a.commit());
      assert.equal(granted(await late).previous_session_id, "a");
      await answersAre(scene, ["answer"]);
      await scene.leaves({ live: "b", history: { a: "taken_over" } });
    },
  );

  race(
    `S10 S6 R23 write, then ${name} in one transaction while the user is deleted: no deadlock`,
    async (scene) => {
      const { a, session } = await guarded(scene);
      const auth = await scene.auth();
      await a.beginInApp();
      answered(await write(a, session, "answer"));
      const late = auth.query(
        "delete from auth.users where id = $1",
        scene.user,
      );
      await late.waitsFor(a);

      granted(await a[name]("a").passes(auth));

      answered(await a.commit());
      answered(await late);
      await scene.leaves({});
    },
  );
}

race(
  "S10 S6 heartbeat, write and end in one transaction while another tab takes over: no deadlock",
  async (scene) => {
    const { a, b, session } = await guarded(scene);
    await a.beginInApp();
    granted(await a.heartbeat("a"));
    const late = b.start("b", { takeover });
    await late.waitsFor(a);

    answered(await write(a, session, "answer").passes(b));
    granted(await a.end("a", "completed").passes(b));

    answered(await a.commit());
    assert.equal(granted(await late).previous_session_id, null);
    await answersAre(scene, ["answer"]);
    await scene.leaves({ live: "b", history: { a: "completed" } });
  },
);

race(
  "S10 S6 heartbeat and write in one transaction while the user is deleted: no deadlock",
  async (scene) => {
    const { a, session } = await guarded(scene);
    const auth = await scene.auth();
    await a.beginInApp();
    granted(await a.heartbeat("a"));
    const late = auth.query("delete from auth.users where id = $1", scene.user);
    await late.waitsFor(a);

    answered(await write(a, session, "answer").passes(auth));

    answered(await a.commit());
    answered(await late);
    await scene.leaves({});
  },
);

/** Two tabs of a user whose live session is "a", and a table that is guarded by it. */
async function guarded(scene: Scene) {
  const owner = await scene.owner();
  for (
    const statement of [
      "drop table if exists public.answers",
      "create table public.answers (session_id text, fence bigint, answer text)",
      "grant insert on public.answers to authenticated",
      `create or replace function public.guard_answers() returns trigger
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
      begin
        perform
        from public.active_interview_sessions a
        where a.user_id = auth.uid()
          and a.session_id = new.session_id
          and a.fence = new.fence
          and a.expires_at > clock_timestamp()
        for key share;
        if not found then
          raise insufficient_privilege using message = 'This session is over.';
        end if;
        return new;
      end
      $$`,
      `create trigger guard before insert on public.answers
      for each row execute function public.guard_answers()`,
    ]
  ) {
    answered(await owner.query(statement));
  }
  const [a, b] = await scene.tabs(2);
  return { a, b, session: granted(await a.start("a")) };
}

function write(client: Client, session: Session, answer: string) {
  return client.query(
    "insert into public.answers values ($1, $2, $3)",
    session.session_id,
    session.fence,
    answer,
  );
}

async function answersAre(scene: Scene, wanted: string[]) {
  const rows: Answer<{ answer: string }> = await (await scene.owner()).query(
    "select answer from public.answers order by answer",
  );
  assert.deepEqual(answered(rows).map(({ answer }) => answer), wanted);
}
