// What do deliveries cost: as a chapter that is absent, installed but without an
// endpoint, and on?
import { type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import type { Party } from "../party.ts";
import { pgbench } from "../pgbench.ts";
import { nextUser, rpc, userOf, userZero } from "../request.ts";
import { median, ratios } from "../statistics.ts";
import { databaseOf, takeTurn } from "../turns.ts";

const batch = 1000;

const absent: Party = {
  ...ours,
  name: "without the chapters",
  setUp: `${ours.setUp}
    drop trigger record_deliveries on public.interview_session_history;
    drop trigger notify_of_end on public.interview_session_history;
    drop trigger notify_of_extension on sessions.extensions;`,
};

const off: Party = { ...ours, name: "installed, no endpoint" };

const on: Party = {
  ...ours,
  name: "one endpoint",
  setUp: `${ours.setUp}
    insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/');`,
};

/** The question. */
export const deliveries: Question = {
  name: "deliveries",
  title: "Deliveries",
  gives: [
    "end, off / absent",
    "end, on / absent",
    "a batch of the reaper, off / absent",
    "a batch of the reaper, on / absent",
  ],
  async answer(bench) {
    const answer = noAnswer();
    const parties = [absent, off, on].map((party) => ({
      party,
      ends: [] as number[],
      batches: [] as number[],
    }));
    const times = Math.min(bench.effort.users, 2000);
    for (let round = 0; round <= 2 * bench.effort.rounds; round++) {
      bench.say(`round ${round}`);
      for (const { party, ends, batches } of parties) {
        const end = await takeTurn(bench, party, "end", { clients: 1, times });
        const reaped = await reapBatches(bench, party);
        // The first round warms up.
        if (round === 0) continue;
        ends.push(end.cpu);
        batches.push(reaped);
      }
    }
    answer.tables.push({
      title: `An end, and a batch of ${rounded(batch)} of the reaper`,
      note: "1 client. Nothing is sent meanwhile: a delivery is a row that " +
        "waits. Processor time, since waiting for the disk varies more than that.",
      columns: ["", "end: server CPU ms", "batch: server CPU ms"],
      rows: parties.map(({ party, ends, batches }) => [
        party.name,
        milliseconds(median(ends)),
        milliseconds(median(batches)),
      ]),
    });
    const [without, idle, used] = parties;
    answer.facts["end, off / absent"] = ratios(idle.ends, without.ends);
    answer.facts["end, on / absent"] = ratios(used.ends, without.ends);
    answer.facts["a batch of the reaper, off / absent"] = ratios(
      idle.batches,
      without.batches,
    );
    answer.facts["a batch of the reaper, on / absent"] = ratios(
      used.batches,
      without.batches,
    );
    return answer;
  },
};

/** Processor time of a call that moves a batch, on average of some. */
async function reapBatches(bench: Bench, party: Party): Promise<number> {
  const calls = 5;
  const { sql } = await databaseOf(bench, party, calls * batch);
  await sql.unsafe(`
    truncate public.active_interview_sessions;
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
    )
    select
      ${userOf("n")}, gen_random_uuid(), n, now() - interval '1 hour',
      now() - interval '1 hour', now() - interval '1 minute', now() - interval '1 minute'
    from generate_series(1, ${calls * batch}) as n`);
  await sql`vacuum (analyze) public.active_interview_sessions`;
  const { cpu } = await pgbench(bench, await databaseOf(bench, party, 0), {
    script: `${nextUser}\n${
      rpc("reap_stale_sessions", String(batch), {
        role: "service_role",
        columns: "count(*)",
      })
    }`,
    clients: 1,
    times: calls,
    variables: { first: userZero, each: 0, i: 0, e: 1 },
  });
  return cpu;
}
