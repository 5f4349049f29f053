// The checker, with histories made by hand: it explains what can have happened,
// and nothing else.
import assert from "node:assert/strict";
import { type Order, orderOf, type Recorded } from "./linearize.ts";
import {
  type Answer,
  type Call,
  newUser,
  outcomeOf,
  type User,
} from "./model.ts";
import { defaultSettings as settings } from "./operations.ts";

const ada = newUser("ada");

Deno.test("calls at the same time are explained in whichever order there is", () => {
  const [a, b] = [start("a"), start("b")];
  const { answers } = inTurn([b, a]);

  const order = explain([
    { call: a, answer: answers[1], from: 0, to: 10 },
    { call: b, answer: answers[0], from: 0, to: 10 },
  ]);

  assert.deepEqual(order?.calls.flatMap(({ calls }) => calls), [b, a]);
});

Deno.test("R1 two starts without a takeover cannot both be granted", () => {
  const { answers: [a] } = inTurn([start("a")]);
  const { answers: [b] } = inTurn([start("b")], { fence: 2, from: 5 });

  assert.equal(
    explain([
      { call: start("a"), answer: a, from: 0, to: 10 },
      { call: start("b"), answer: b, from: 0, to: 10 },
    ]),
    undefined,
  );
});

Deno.test("a call that was over before another began stays in front of it", () => {
  const [end, beat] = [endOf("a"), heartbeat("a")];
  const { answers: [started, ended, refused] } = inTurn([
    start("a"),
    end,
    beat,
  ]);
  const first = { call: start("a"), answer: started, from: 0, to: 0.5 };

  assert(
    explain([
      first,
      { call: end, answer: ended, from: 1, to: 10 },
      { call: beat, answer: refused, from: 1, to: 10 },
    ]),
    "at the same time it is possible",
  );
  assert.equal(
    explain([
      first,
      { call: beat, answer: refused, from: 0.6, to: 0.9 },
      { call: end, answer: ended, from: 0.95, to: 10 },
    ]),
    undefined,
    "the end had not begun when the heartbeat was answered",
  );
});

Deno.test("R13 a heartbeat that is granted after the end was answered is refused", () => {
  const { answers: [started, ended] } = inTurn([start("a"), endOf("a")]);
  const { answers: [, beat] } = inTurn([start("a"), heartbeat("a")], {
    fence: 1,
    step: 3,
  });

  assert.equal(
    explain([
      { call: start("a"), answer: started, from: 0, to: 0.5 },
      { call: endOf("a"), answer: ended, from: 1, to: 2 },
      { call: heartbeat("a"), answer: beat, from: 2.5, to: 10 },
    ]),
    undefined,
  );
});

Deno.test("R16 B4 a fence that does not grow is refused", () => {
  const calls = [start("a"), endOf("a"), start("b")];
  const { answers } = inTurn(calls);
  const withFence = (fence: number) =>
    explain(calls.map((call, i) => ({
      call,
      answer: i === 2
        ? { active: { ...sessionIn(answers[2]), fence } }
        : answers[i],
      from: i,
      to: i + 0.5,
    })));

  assert(withFence(2));
  assert.equal(withFence(1), undefined);
});

Deno.test("a time outside of the call, or before what was written, is refused", () => {
  const { answers: [started] } = inTurn([start("a")], { from: 7 });

  assert(explain([{ call: start("a"), answer: started, from: 6, to: 8 }]));
  for (const [from, to] of [[0, 6], [8, 9]]) {
    assert.equal(
      explain([{ call: start("a"), answer: started, from, to }]),
      undefined,
    );
  }
});

function start(session_id: string): Call {
  return {
    name: "start_session",
    session_id,
    takeover: false,
    device: null,
    interview_id: null,
  };
}

function endOf(session_id: string): Call {
  return { name: "end_session", session_id, reason: null };
}

function heartbeat(session_id: string): Call {
  return { name: "heartbeat_session", session_id };
}

/** What the model answers when one is made after the other, a ms apart. */
function inTurn(
  calls: Call[],
  { fence = 1, from = 0, step = 1 } = {},
): { answers: Answer[] } {
  let user: User = ada;
  const answers = calls.map((call, i) => {
    const now = (from + i * step) * 1000;
    const known = {
      now,
      fence: Math.max(fence, user.fence + 1),
      reached: false,
    };
    const outcome = outcomeOf(call, user, settings, known);
    user = outcome.user;
    return outcome.answer;
  });
  return { answers };
}

function sessionIn(answer: Answer) {
  assert("active" in answer && answer.active);
  return answer.active;
}

/** Calls and when they were under way, in milliseconds. */
function explain(
  calls: { call: Call; answer: Answer; from: number; to: number }[],
): Order | undefined {
  const recorded = calls.map(({ call, answer, from, to }): Recorded => ({
    calls: [call],
    answers: [answer],
    window: { from: from * 1000, to: to * 1000 },
    invoked: from,
    responded: to,
  }));
  return orderOf(recorded, ada, settings);
}
