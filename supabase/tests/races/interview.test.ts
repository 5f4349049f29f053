// One interview in several sessions: one clock, one submission, whichever call comes
// first.
import assert from "node:assert/strict";
import {
  after,
  answered,
  granted,
  over,
  race,
  refused,
  type Scene,
} from "./harness.ts";
import { until } from "../waiting.ts";

const interview = "i";
const takeover = true;

/** Asserts that the interview is over for this reason. */
function interviewOver(
  answer: Parameters<typeof refused>[0],
  reason: string,
) {
  const { end_reason, interview_id } = refused(answer, "PT410");
  assert.deepEqual({ end_reason, interview_id }, {
    end_reason: reason,
    interview_id: interview,
  });
}

race(
  "C1 R1 two first starts of one interview, the first commits: the second is refused, one clock",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    const first = granted(await a.start("a", { interview }));

    const late = await after(a, "commits", b.start("b", { interview }));

    assert.equal(refused(late, "PT409").session_id, "a");
    await clockIs(scene, first.created_at, first.deadline_at, "a");
    await scene.leaves({ live: "a" });
  },
);

race(
  "C1 R1 two first starts of one interview, the first rolls back: the clock is the second's",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    const first = granted(await a.start("a", { interview }));

    const second = granted(
      await after(a, "rolls back", b.start("b", { interview })),
    );

    assert(second.deadline_at > first.deadline_at);
    assert.equal(second.previous_session_id, null);
    await clockIs(scene, second.created_at, second.deadline_at, "b");
    await scene.leaves({ live: "b" });
  },
);

race(
  "C1 C2 R16 two first starts of one interview with takeover: one clock, the second continues the first",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    await a.begin();
    const first = granted(await a.start("a", { interview, takeover }));

    const second = granted(
      await after(a, "commits", b.start("b", { interview, takeover })),
    );

    assert.equal(second.previous_session_id, "a");
    assert.equal(second.deadline_at, first.deadline_at);
    await clockIs(scene, first.created_at, first.deadline_at, "b");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "C1 C2 R16 twenty tabs take over one interview at once: one clock, a chain without gaps",
  async (scene) => {
    const tabs = await scene.tabs(20);

    const sessions = await Promise.all(
      tabs.map(async (tab, number) =>
        granted(await tab.start(`tab ${number}`, { interview, takeover }))
      ),
    );

    const inOrder = sessions.sort((one, other) => one.fence - other.fence);
    const last = inOrder[inOrder.length - 1];
    const deadlines = new Set(inOrder.map(({ deadline_at }) => deadline_at));
    assert.deepEqual([...deadlines], [inOrder[0].deadline_at]);
    assert.deepEqual(
      inOrder.map(({ previous_session_id }) => previous_session_id),
      [null, ...inOrder.slice(0, -1).map(({ session_id }) => session_id)],
    );
    await clockIs(
      scene,
      inOrder[0].created_at,
      last.deadline_at,
      last.session_id,
    );
  },
);

race(
  "C1 M8 the interviews of two users may have the same id, and do not wait for each other",
  async (scene) => {
    const other = await scene.newUser();
    const [a, b] = [await scene.tab(), await scene.tab(other)];
    await a.begin();
    granted(await a.start("a", { interview }));

    const second = granted(await b.start("b", { interview }).passes(a));

    assert.equal(second.previous_session_id, null);
    await a.commit();
    await scene.leaves({ live: "a" });
    await scene.leaves({ live: "b" }, other);
  },
);

race(
  "C1 submitted while another tab starts the same interview: that start is refused",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await a.begin();
    granted(await a.end("a", "completed"));

    const late = await after(
      a,
      "commits",
      b.start("b", { interview, takeover }),
    );

    interviewOver(late, "completed");
    assert((await scene.interview(interview))?.submitted_at);
    await scene.leaves({ history: { a: "completed" } });
  },
);

race(
  "C1 a submission rolls back while another tab starts the same interview: the session is live",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await a.begin();
    granted(await a.end("a", "completed"));

    const late = await after(a, "rolls back", b.start("b", { interview }));

    assert.equal(refused(late, "PT409").session_id, "a");
    assert.equal((await scene.interview(interview))?.submitted_at, null);
    await scene.leaves({ live: "a" });
  },
);

race(
  "C1 R17 taken over while the old tab submits: not submitted, the new session lives",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await b.begin();
    granted(await b.start("b", { interview, takeover }));

    const ended = granted(await after(b, "commits", a.end("a", "completed")));

    assert.equal(ended.end_reason, "taken_over");
    assert.equal((await scene.interview(interview))?.submitted_at, null);
    granted(await b.heartbeat("b"));
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

race(
  "C1 R17 a takeover rolls back while the old tab submits: submitted",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await b.begin();
    granted(await b.start("b", { interview, takeover }));

    granted(await after(b, "rolls back", a.end("a", "completed")));

    interviewOver(await b.start("b", { interview }), "completed");
    await scene.leaves({ history: { a: "completed" } });
  },
);

race(
  "C1 submitted twice at once: the time of the first submission stays",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await a.begin();
    const first = granted(await a.end("a", "completed"));

    granted(await after(a, "commits", b.end("a", "completed")));

    const { submitted_at } = (await scene.interview(interview))!;
    assert.equal(submitted_at, first.ended_at);
  },
);

race(
  "C1 C2 left while another tab starts the same interview: it continues to the same deadline",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    const first = granted(await a.start("a", { interview }));
    await a.begin();
    granted(await a.end("a"));

    const second = granted(
      await after(a, "commits", b.start("b", { interview })),
    );

    assert.equal(second.previous_session_id, "a");
    assert.equal(second.deadline_at, first.deadline_at);
    await scene.leaves({ live: "b", history: { a: "disconnected" } });
  },
);

race(
  "C1 C2 R24 the reaper moves the last session while another tab starts the same interview: it continues",
  async (scene) => {
    const [a, b, reaper] = [...await scene.tabs(2), await scene.operator()];
    granted(await a.start("a", { interview }));
    await scene.letExpire();
    const { deadline_at } = (await scene.interview(interview))!;
    await reaper.begin();
    granted(await reaper.reap());

    const second = granted(
      await after(reaper, "commits", b.start("b", { interview })),
    );

    assert.equal(second.previous_session_id, "a");
    assert.equal(second.deadline_at, deadline_at);
    await scene.leaves({ live: "b", history: { a: "expired" } });
  },
);

race(
  "C1 the time is up while a start waits: judged by when it has the lock",
  async (scene) => {
    const [a, b, owner] = [...await scene.tabs(2), await scene.owner()];
    granted(await a.start("a", { interview }));
    granted(await a.end("a"));
    await owner.begin();
    answered(
      await owner.query(
        "select from public.interviews where user_id = $1 for update",
        scene.user,
      ),
    );
    const late = b.start("b", { interview });
    await late.waitsFor(owner);
    answered(
      await owner.query(
        "update public.interviews set deadline_at = started_at where user_id = $1",
        scene.user,
      ),
    );

    interviewOver(await after(owner, "commits", late), "timed_out");

    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "C1 another interview starts with takeover: each has its own clock",
  async (scene) => {
    const [a, b] = await scene.tabs(2);
    granted(await a.start("a", { interview }));
    await a.begin();
    granted(await a.heartbeat("a"));

    const other = granted(
      await after(a, "commits", b.start("b", { interview: "j", takeover })),
    );

    assert.equal(other.previous_session_id, null);
    const [one, two] = [
      await scene.interview(interview),
      await scene.interview("j"),
    ];
    assert(two!.deadline_at > one!.deadline_at);
    over(await a.heartbeat("a"), "taken_over");
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);

/** Asserts when the interview began, when it ends, and its last session. */
async function clockIs(
  scene: Scene,
  started_at: string,
  deadline_at: string,
  last_session_id: string,
) {
  assert.deepEqual(await scene.interview(interview), {
    user_id: scene.user,
    interview_id: interview,
    started_at,
    deadline_at,
    submitted_at: null,
    last_session_id,
  });
}

race(
  "C1 R8 the interview's time runs out while a start waits for it: refused",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    granted(await a.start("a", { interview }));
    granted(await a.end("a"));
    await owner.begin();
    answered(
      await owner.query("select from public.interviews for no key update"),
    );
    const late = a.start("b", { interview });
    await late.waitsFor(owner);
    answered(
      await owner.query(
        "update public.interviews set deadline_at = clock_timestamp()",
      ),
    );

    answered(await owner.commit());

    interviewOver(await late, "timed_out");
    await scene.leaves({ history: { a: "disconnected" } });
  },
);

race(
  "C1 R8 the session runs out while an extension waits for the interview: it stays over",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    const operator = await scene.operator();
    granted(await a.start("a", { interview }));
    await owner.begin();
    answered(
      await owner.query("select from public.interviews for no key update"),
    );
    await (await scene.owner()).query(
      `update public.active_interview_sessions
      set expires_at = clock_timestamp() + interval '0.3 seconds'`,
    );
    const extension = operator.extend(scene.user, interview, "1 hour");
    await extension.waitsFor(owner);
    await until("the session is over", async () => {
      const rows = await owner.query<{ over: boolean }>(
        "select expires_at < clock_timestamp() as over from public.active_interview_sessions",
      );
      return answered(rows)[0].over;
    });

    answered(await owner.commit());

    granted(await extension);
    over(await a.heartbeat("a"), "expired");
  },
);

race(
  "C1 S10 a row of the app that refers to the interview holds up no start of it",
  async (scene) => {
    const [a, owner] = [await scene.tab(), await scene.owner()];
    granted(await a.start("a", { interview }));
    await owner.begin();
    answered(
      await owner.query("select from public.interviews for key share"),
    );

    granted(await a.start("b", { interview, takeover }).passes(owner));

    answered(await owner.commit());
    await scene.leaves({ live: "b", history: { a: "taken_over" } });
  },
);
