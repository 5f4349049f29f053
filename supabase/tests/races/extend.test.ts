// An operator extends an interview while its time runs out, or while its user is busy
// with it: the extension counts once and for all later calls, and nothing shortens it.
import assert from "node:assert/strict";
import {
  after,
  type Answer,
  answered,
  type Client,
  granted,
  type Interview,
  lockRow,
  over,
  race,
  refused,
  type Scene,
  type Session,
} from "./harness.ts";

const interview = "i";
const takeover = true;
const hour = 3_600_000;

/** A session "a" of the interview, the tab that has it, and an operator. */
async function ongoing(scene: Scene) {
  const [a, operator] = [await scene.tab(), await scene.operator()];
  const session = granted(await a.start("a", { interview }));
  return { a, operator, session };
}

function extendByAnHour(operator: Client, scene: Scene) {
  return operator.extend(scene.user, interview, "1 hour");
}

function assertAnHourAfter(later: string, earlier: string) {
  assert.equal(Date.parse(later) - Date.parse(earlier), hour);
}

/** Asserts that the interview and its live session both end an hour after that. */
async function assertExtended(scene: Scene, before: Session) {
  const [row, clock] = [await scene.row(), await scene.interview(interview)];
  assertAnHourAfter(clock!.deadline_at, before.deadline_at);
  assert.equal(row?.deadline_at, clock?.deadline_at);
}

/** The time of the interview is up this moment. */
async function endTimeNow(client: Client, user: string) {
  const rows = await client.query(
    `with i as (
      update public.interviews
      set deadline_at = clock_timestamp()
      where user_id = $1
      returning *
    )
    update public.active_interview_sessions a
    set deadline_at = i.deadline_at, expires_at = i.deadline_at
    from i
    where a.user_id = i.user_id
    returning a.user_id`,
    user,
  );
  assert.equal(answered(rows).length, 1);
}

/** Asserts that the interview is over because its time is up. */
function timeIsUp(answer: Answer) {
  const { end_reason, interview_id } = refused(answer, "PT410");
  assert.deepEqual([end_reason, interview_id], ["timed_out", interview]);
}

for (const ends of ["commits", "rolls back"] as const) {
  const isExtended = ends === "commits";
  const then = isExtended ? "with the new deadline" : "with the old deadline";

  race(
    `C1 an extension ${ends} before a heartbeat: renewed ${then}`,
    async (scene) => {
      const { a, operator, session } = await ongoing(scene);
      await operator.begin();
      granted(await extendByAnHour(operator, scene));

      const beat = granted(await after(operator, ends, a.heartbeat("a")));

      if (isExtended) await assertExtended(scene, session);
      else assert.equal(beat.deadline_at, session.deadline_at);
    },
  );

  race(
    `C1 an extension ${ends} after the time was up, before a start: ${
      isExtended ? "granted" : "refused"
    }`,
    async (scene) => {
      const { operator } = await ongoing(scene);
      const [b, owner] = [await scene.tab(), await scene.owner()];
      await endTimeNow(owner, scene.user);
      const { deadline_at } = (await scene.interview(interview))!;
      timeIsUp(await b.start("b", { interview }));
      await operator.begin();
      granted(await extendByAnHour(operator, scene));

      const late = await after(operator, ends, b.start("b", { interview }));

      if (isExtended) {
        const session = granted(late);
        assertAnHourAfter(session.deadline_at, deadline_at);
        assert.equal(session.previous_session_id, "a");
        await scene.leaves({ live: "b", history: { a: "timed_out" } });
      } else {
        timeIsUp(late);
        await scene.leaves({ stale: "a" });
      }
    },
  );

  race(
    `C1 an extension ${ends} before complete: ${
      isExtended ? "complete does not shorten it" : "complete gives its grace"
    }`,
    async (scene) => {
      const { a, operator, session } = await ongoing(scene);
      await operator.begin();
      granted(await extendByAnHour(operator, scene));

      const completed = granted(await after(operator, ends, a.complete("a")));

      assert.equal(completed.status, "completing");
      if (isExtended) await assertExtended(scene, session);
      else {
        assert(completed.deadline_at > session.deadline_at);
        assert(
          Date.parse(completed.deadline_at) <
            Date.parse(session.deadline_at) + hour,
        );
      }
    },
  );

  race(
    `C1 complete ${ends} before an extension: the deadline is the same in either order`,
    async (scene) => {
      const { a, operator, session } = await ongoing(scene);
      await a.begin();
      granted(await a.complete("a"));

      granted(await after(a, ends, extendByAnHour(operator, scene)));

      await assertExtended(scene, session);
      assert.equal(
        (await scene.row())?.status,
        ends === "commits" ? "completing" : "active",
      );
    },
  );

  race(
    `C1 an extension ${ends} before a takeover: the new session runs ${then}`,
    async (scene) => {
      const { operator, session } = await ongoing(scene);
      const b = await scene.tab();
      await operator.begin();
      granted(await extendByAnHour(operator, scene));

      const late = granted(
        await after(operator, ends, b.start("b", { interview, takeover })),
      );

      assert.equal(late.previous_session_id, "a");
      if (isExtended) await assertExtended(scene, session);
      else assert.equal(late.deadline_at, session.deadline_at);
    },
  );

  race(
    `C1 a takeover ${ends} before an extension: the live session is extended`,
    async (scene) => {
      const { operator, session } = await ongoing(scene);
      const b = await scene.tab();
      await b.begin();
      granted(await b.start("b", { interview, takeover }));

      granted(await after(b, ends, extendByAnHour(operator, scene)));

      await assertExtended(scene, session);
      await scene.leaves(
        ends === "commits"
          ? { live: "b", history: { a: "taken_over" } }
          : { live: "a" },
      );
    },
  );

  race(
    `C1 the first start ${ends} before an extension: ${
      ends === "commits" ? "extended" : "there is no such interview"
    }`,
    async (scene) => {
      const [a, operator] = [await scene.tab(), await scene.operator()];
      await a.begin();
      const session = granted(await a.start("a", { interview }));

      const late = await after(a, ends, extendByAnHour(operator, scene));

      if (ends === "commits") {
        granted(late);
        await assertExtended(scene, session);
      } else {
        assert.deepEqual(answered(late), []);
        assert.equal(await scene.interview(interview), undefined);
      }
    },
  );

  race(
    `C1 R7 the reaper ${ends} before an extension: the session stays over, the interview goes on`,
    async (scene) => {
      const { a, operator } = await ongoing(scene);
      const [b, owner] = [await scene.tab(), await scene.owner()];
      const reaper = await scene.operator();
      await endTimeNow(owner, scene.user);
      await reaper.begin();
      granted(await reaper.reap());

      granted(await after(reaper, ends, extendByAnHour(operator, scene)));

      over(await a.heartbeat("a"), "timed_out");
      const next = granted(await b.start("b", { interview }));
      assert.equal(next.previous_session_id, "a");
      await scene.leaves({ live: "b", history: { a: "timed_out" } });
    },
  );
}

race(
  "C1 the time is up while an extension waits for the session: that stays over, the interview goes on",
  async (scene) => {
    const { a, operator } = await ongoing(scene);
    const [b, owner] = [await scene.tab(), await scene.owner()];
    await owner.begin();
    await lockRow(owner, scene.user);
    const late = extendByAnHour(operator, scene);
    await late.waitsFor(owner);
    await endTimeNow(owner, scene.user);
    const { deadline_at } = answered(
      await owner.query<Interview>(
        "select to_jsonb(deadline_at) as deadline_at from public.interviews",
      ),
    )[0];

    const extended = granted(await after(owner, "commits", late));

    assertAnHourAfter(extended.deadline_at, deadline_at);
    over(await a.heartbeat("a"), "timed_out");
    over(await a.complete("a"), "timed_out");
    granted(await b.start("b", { interview }));
    await scene.leaves({ live: "b", history: { a: "timed_out" } });
  },
);

race(
  "C1 an extension holds a session whose time is up: the reaper skips it, and reaps it later",
  async (scene) => {
    const { operator } = await ongoing(scene);
    const [owner, reaper] = [await scene.owner(), await scene.operator()];
    await endTimeNow(owner, scene.user);
    await operator.begin();
    granted(await extendByAnHour(operator, scene));

    assert.deepEqual(answered(await reaper.reap().passes(operator)), []);

    await operator.commit();
    assert.equal(granted(await reaper.reap()).end_reason, "timed_out");
    await scene.leaves({ history: { a: "timed_out" } });
  },
);

race("C1 two extensions at once: both count", async (scene) => {
  const { operator, session } = await ongoing(scene);
  const other = await scene.operator();
  await operator.begin();
  granted(await operator.extend(scene.user, interview, "40 minutes"));

  granted(
    await after(
      operator,
      "commits",
      other.extend(scene.user, interview, "20 minutes", "the network"),
    ),
  );

  await assertExtended(scene, session);
  const log = answered(
    await (await scene.owner()).query(
      "select extended::text, note from sessions.extensions order by id",
    ),
  );
  assert.deepEqual(log, [
    { extended: "00:40:00", note: null },
    { extended: "00:20:00", note: "the network" },
  ]);
});

race(
  "C1 a submission before an extension: the interview stays submitted",
  async (scene) => {
    const { a, operator } = await ongoing(scene);
    await a.begin();
    granted(await a.end("a", "completed"));

    const late = granted(
      await after(a, "commits", extendByAnHour(operator, scene)),
    );

    assert(late.submitted_at);
    const again = await a.start("b", { interview });
    assert.equal(refused(again, "PT410").end_reason, "completed");
    await scene.leaves({ history: { a: "completed" } });
  },
);

race("C1 an extension before a submission: submitted", async (scene) => {
  const { a, operator } = await ongoing(scene);
  await operator.begin();
  granted(await extendByAnHour(operator, scene));

  granted(await after(operator, "commits", a.end("a", "completed")));

  assert((await scene.interview(interview))?.submitted_at);
  await scene.leaves({ history: { a: "completed" } });
});

race(
  "C1 an extension of one interview while the session is of another: that session keeps its deadline",
  async (scene) => {
    const { a, operator } = await ongoing(scene);
    granted(await a.end("a"));
    const other = granted(await a.start("b", { interview: "j" }));
    await a.begin();
    granted(await a.heartbeat("b"));

    granted(await extendByAnHour(operator, scene).passes(a));

    await a.commit();
    assert.equal((await scene.row())?.deadline_at, other.deadline_at);
  },
);
