// A tab that slept through a takeover: whatever it sends is refused, and its
// successor is not touched.
import assert from "node:assert/strict";
import {
  after,
  answered,
  type Client,
  granted,
  over,
  race,
  refused,
  type Scene,
  type Session,
} from "./harness.ts";

race(
  "R10 a zombie beats, completes and ends: refused, its successor untouched",
  async (scene) => {
    const [zombie, b] = await scene.tabs(2);
    granted(await zombie.start("zombie"));
    const successor = granted(await b.start("b", { takeover: true }));

    over(await zombie.heartbeat("zombie"), "taken_over");
    over(await zombie.complete("zombie"), "taken_over");
    over(await zombie.start("zombie"), "taken_over");
    const ended = granted(await zombie.end("zombie", "completed"));

    assert.equal(ended.end_reason, "taken_over");
    assert.deepEqual(await scene.row(), successor);
    await scene.leaves({ live: "b", history: { zombie: "taken_over" } });
  },
);

race(
  "R10 a zombie's heartbeat is in flight during the takeover: refused",
  async (scene) => {
    const [zombie, b] = await scene.tabs(2);
    granted(await zombie.start("zombie"));
    await b.begin();
    const successor = granted(await b.start("b", { takeover: true }));

    over(await after(b, "commits", zombie.heartbeat("zombie")), "taken_over");

    assert.deepEqual(await scene.row(), successor);
    await scene.leaves({ live: "b", history: { zombie: "taken_over" } });
  },
);

race(
  "R10 the takeover rolls back: the heartbeat in flight is no zombie's",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await b.begin();
    granted(await b.start("b", { takeover: true }));

    const row = granted(await after(b, "rolls back", a.heartbeat("a")));

    assert.deepEqual(await scene.row(), row);
    await scene.leaves({ live: "a" });
  },
);

race(
  "R10 the takeover waits for a heartbeat in flight, and takes over what it renewed",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a"));
    await a.begin();
    const beat = granted(await a.heartbeat("a"));

    granted(await after(a, "commits", b.start("b", { takeover: true })));

    assert.equal((await scene.history())[0].last_seen_at, beat.updated_at);
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "R10 B5 a zombie writes to a table guarded by holds_session: refused",
  async (scene) => {
    const [zombie, b] = await scene.tabs(2);
    await guardATable(scene);
    const old = granted(await zombie.start("zombie"));
    answered(await writeAs(zombie, old, "while it lived"));
    const successor = granted(await b.start("b", { takeover: true }));

    refused(await writeAs(zombie, old, "as a zombie"), "42501");
    const stolen = { session_id: "b", fence: old.fence };
    refused(await writeAs(zombie, stolen, "under another's id"), "42501");
    answered(await writeAs(b, successor, "as the successor"));

    await guardedHolds(scene, ["while it lived", "as the successor"]);
  },
);

race(
  "R10 B5 the lease has run out, nobody has reaped: a write is refused",
  async (scene) => {
    const zombie = await scene.tab();
    await guardATable(scene);
    const session = granted(await zombie.start("zombie"));
    answered(await writeAs(zombie, session, "while it lived"));
    await scene.letExpire();

    refused(await writeAs(zombie, session, "as a zombie"), "42501");

    await guardedHolds(scene, ["while it lived"]);
  },
);

/** The app's own table, which only the live session may write. */
async function guardATable(scene: Scene) {
  const owner = await scene.owner();
  for (
    const statement of [
      "drop table if exists public.answers",
      "create table public.answers (session_id text, fence bigint, answer text)",
      "alter table public.answers enable row level security",
      "grant insert on public.answers to authenticated",
      `create policy "the live session writes" on public.answers
      for insert to authenticated
      with check (public.holds_session(session_id, fence))`,
    ]
  ) {
    answered(await owner.query(statement));
  }
}

function writeAs(
  client: Client,
  session: Pick<Session, "session_id" | "fence">,
  answer: string,
) {
  return client.query(
    "insert into public.answers values ($1, $2, $3)",
    session.session_id,
    session.fence,
    answer,
  );
}

async function guardedHolds(scene: Scene, wanted: string[]) {
  const owner = await scene.owner();
  const rows = answered(
    await owner.query<{ answer: string }>(
      "select answer from public.answers order by fence",
    ),
  );
  assert.deepEqual(rows.map(({ answer }) => answer), wanted);
}
