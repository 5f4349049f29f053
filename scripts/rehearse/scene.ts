// What happens in the story, in its own words: people sign up, open browsers,
// start and end sessions, and wait.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { ActiveSession, Database, EndedSession } from "./database.ts";
import { type Answer, duration, short, type Telling } from "./telling.ts";

/** Where the story plays. */
export interface Stage {
  /** The API, as supabase-js wants it. */
  apiUrl: string;
  /** The key that a browser has. */
  publishableKey: string;
  /** The lease that the story waits for. */
  shortLease: { use(): Promise<void>; putBack(): Promise<void> };
  /** Seconds between two calls of the reaper. */
  reapEvery: number;
  /** Seconds that the reaper may be late before it counts as stopped. */
  reapWithin: number;
  /** Ends the story early. */
  stop: AbortSignal;
}

/** supabase-js, knowing this component. */
export type Client = SupabaseClient<Database>;

/** A user. */
export interface Person {
  name: string;
  email: string;
  id: string;
}

/** What can be made to happen on a stage. */
export interface Scene extends Telling {
  /** Asks for what must be granted, and returns it. */
  granted<T>(
    question: string,
    call: () => PromiseLike<Answer<T>>,
  ): Promise<NonNullable<T>>;
  /** Signs a person up. */
  signUp(name: string): Promise<Person>;
  /** Signs a person in: in another browser than before. */
  openBrowser(person: Person): Promise<Client>;
  /** Starts a session with an id of its own. */
  start(client: Client, device: string): Promise<ActiveSession>;
  /** The caller's live session, as a plain select shows it. */
  ownSession(client: Client): Promise<ActiveSession | undefined>;
  /** Ends a session as a tab does that is closed. */
  end(client: Client, session: ActiveSession): Promise<void>;
  /** Waits until this moment of the machine's clock, telling for how long. */
  waitUntil(moment: number, forWhat: string): Promise<void>;
  /** Waits until the scheduled reaper has moved the session to the history. */
  sweptBySchedule(client: Client, session: ActiveSession): Promise<
    EndedSession
  >;
}

const lookEveryMs = 200;
const password = "only for the rehearsal";

/** A scene on this stage. */
export function sceneOn(stage: Stage, telling: Telling): Scene {
  const newClient = (): Client =>
    createClient<Database>(stage.apiUrl, stage.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });

  const ask: Telling["ask"] = (question, call) => {
    stage.stop.throwIfAborted();
    return telling.ask(question, call);
  };

  const granted: Scene["granted"] = async (question, call) => {
    const { data, error } = await ask(question, call);
    const isGranted = !error && data !== null && data !== undefined;
    if (!isGranted) telling.expect("this is granted", false);
    return data!;
  };

  const wait = async (text: string, ms: number) => {
    stage.stop.throwIfAborted();
    telling.wait(text);
    await delay(ms, undefined, { signal: stage.stop });
  };

  return {
    ...telling,
    ask,
    granted,

    async signUp(name) {
      const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
      const { user } = await granted(
        `sign up  ${email}`,
        () => userOf(newClient().auth.signUp({ email, password })),
      );
      return { name, email, id: user };
    },

    async openBrowser({ name, email }) {
      const client = newClient();
      await granted(
        `${name} signs in`,
        () => userOf(client.auth.signInWithPassword({ email, password })),
      );
      return client;
    },

    async start(client, device) {
      const session_id = randomUUID();
      return await granted(
        `start_session  session ${short(session_id)}, device "${device}"`,
        () => client.rpc("start_session", { session_id, device }),
      );
    },

    async ownSession(client) {
      const rows = await granted(
        "select from active_interview_sessions",
        () => client.from("active_interview_sessions").select(),
      );
      telling.expect("at most one session is seen", rows.length <= 1);
      return rows[0];
    },

    async end(client, { session_id }) {
      const reason = "disconnected";
      const [row] = await granted(
        `end_session  session ${short(session_id)}, reason ${reason}`,
        () => client.rpc("end_session", { session_id, reason }),
      );
      telling.expect(
        "a tab that is closed ends its session",
        row?.session_id === session_id && row.end_reason === reason,
      );
    },

    async waitUntil(moment, forWhat) {
      for (;;) {
        const left = moment - performance.now();
        if (left <= 0) return;
        const seconds = duration(Math.ceil(left / 1000));
        await wait(`waiting for ${forWhat}: ${seconds}`, left % 1000 || 1000);
      }
    },

    async sweptBySchedule(client, { session_id }) {
      const every = duration(stage.reapEvery);
      const history = () =>
        client.from("interview_session_history").select()
          .eq("session_id", session_id);
      const latest = performance.now() +
        (stage.reapEvery + stage.reapWithin) * 1000;
      while (
        performance.now() < latest && (await history()).data?.length === 0
      ) {
        await wait(
          `waiting for the schedule, which calls the reaper every ${every}`,
          lookEveryMs,
        );
      }
      const [row] = await granted(
        "select from interview_session_history",
        history,
      );
      telling.expect(
        `the schedule has called the reaper, as it does every ${every}`,
        row !== undefined,
      );
      return row;
    },
  };
}

interface AuthAnswer {
  data: { user: { id: string } | null };
  error: { message: string; code?: string; status?: number } | null;
}

/** An answer of Auth's in the form of the others. */
async function userOf(
  answering: Promise<AuthAnswer>,
): Promise<Answer<{ user: string } | null>> {
  const { data, error } = await answering;
  return {
    data: data.user && { user: data.user.id },
    error,
    status: error ? error.status ?? 0 : 200,
  };
}
