// A world for drafts: a clock that the test moves, the app's table as docs/drafts.md
// has it, a network that loses and delays what it is told to, devices whose storage
// survives a crash, and pages with a session each.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type {
  Draft,
  Drafts,
  DraftsOptions,
  DraftsState,
  DraftStore,
  KeptDraft,
  SavedDraft,
} from "../../../client/drafts/types.ts";
import type { ActiveInterviewSession } from "../../../client/rows.ts";
import type { SessionState } from "../../../client/state.ts";

// not by its name: the compiler is to check it with a browser's types
const module = "../../../client/drafts.ts";
const { createDrafts } = await import(module) as {
  createDrafts(session: unknown, options: DraftsOptions): Drafts;
};

/** What happens to a call of `load` or `save`. */
export type Fate =
  | "answered"
  /** It never arrives, and fails. */
  | "lost"
  /** It arrives, and fails. */
  | "unheard"
  /** It never arrives, and nobody says so. */
  | "hangs"
  /** It arrives now, and is answered after twenty seconds. */
  | "answered late"
  /** It arrives after twenty seconds. */
  | "arrives late";

export const lateSeconds = 20;

/** Seconds that a device needs to commit. */
export const commitSeconds = 0.05;

/** A call of `save`. */
export interface Save {
  at: number;
  page: Page;
  drafts: readonly Draft[];
}

/** A device: what is on its disk. */
export interface Device {
  rows: Map<string, KeptDraft>;
  /** Writes fail. */
  isFull: boolean;
  /** They did, at some time. */
  wasFull: boolean;
  /** Reads are answered after so many seconds. */
  readSeconds: number;
  /** How many transactions wrote to it. */
  writes: number;
}

/** A page of the app. */
export interface Page {
  drafts: Drafts;
  device: Device;
  states: DraftsState[];
  session(): SessionState;
  become(state: SessionState): void;
  /** The next grant of the interview is this page's. */
  grant(): void;
  /** The process is gone, with all that was not committed. */
  crash(): void;
  /** The page is hidden. */
  hide(): void;
  text(key?: string): string | undefined;
  status(key?: string): string | undefined;
  earlier(key?: string): string[];
  checks: number;
  loads: number;
  /** Creates drafts for the session once more, as a component that is remounted. */
  remount(): void;
}

export type World = ReturnType<typeof makeWorld>;

/** Nothing is written yet. */
export function makeWorld() {
  let time = 0;
  let timers: { at: number; id: number; work: () => void }[] = [];
  let count = 0;
  const rows = new Map<string, SavedDraft>();
  const saves: Save[] = [];
  let holder: ActiveInterviewSession | undefined;

  const world = {
    rows,
    /** All versions that the table had. */
    history: [] as SavedDraft[],
    saves,
    fate: (_call: "load" | "save", _page: Page): Fate => "answered",
    holder: () => holder,
    now: () => time,
    after,
    settle,
    async advance(seconds: number) {
      const end = time + seconds;
      await settle();
      for (;;) {
        timers.sort((a, b) => a.at - b.at || a.id - b.id);
        const next = timers[0];
        if (!next || next.at > end) break;
        timers.shift();
        time = Math.max(time, next.at);
        next.work();
        await settle();
      }
      time = end;
    },
    device: (): Device => ({
      rows: new Map(),
      isFull: false,
      wasFull: false,
      readSeconds: 0,
      writes: 0,
    }),
    page,
    /** What a save does when it arrives. */
    save(drafts: readonly Draft[], session: ActiveInterviewSession) {
      if (session.fence !== holder?.fence) {
        throw Object.assign(new Error("row-level security"), { code: "42501" });
      }
      return drafts.map((draft) => {
        const row = rows.get(draft.key);
        const isNewer = !row || draft.fence > row.fence ||
          draft.fence === row.fence && draft.revision > row.revision;
        if (!isNewer) return row;
        const { key, text, fence, revision } = draft;
        const saved = {
          ...{ key, text, fence, revision },
          savedAt: new Date(Date.UTC(2026, 0, 1) + time * 1000).toISOString(),
        };
        rows.set(key, saved);
        world.history.push(saved);
        return saved;
      });
    },
  };

  function after(seconds: number, work: () => void): () => void {
    const timer = { at: time + seconds, id: ++count, work };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  }

  async function settle() {
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const later = (seconds: number) =>
    new Promise<void>((resolve) => void after(seconds, resolve));

  async function call<T>(fate: Fate, arrive: () => T): Promise<T> {
    switch (fate) {
      case "hangs":
        return await new Promise<never>(() => {});
      case "lost":
        throw new Error("lost");
      case "arrives late":
        await later(lateSeconds);
        return arrive();
      case "answered late": {
        const answer = arrive();
        await later(lateSeconds);
        return answer;
      }
      case "unheard":
        arrive();
        throw new Error("unheard");
      default:
        return arrive();
    }
  }

  function page(
    device: Device,
    options: Partial<DraftsOptions> = {},
  ): Page {
    let state: SessionState = { name: "idle" };
    let isAlive = true;
    let hide = () => {};
    const listeners = new Set<(state: SessionState) => void>();
    const session = {
      state: () => state,
      subscribe(listener: (state: SessionState) => void) {
        listeners.add(listener);
        listener(state);
        return () => listeners.delete(listener);
      },
      check() {
        made.checks++;
      },
    };
    const store = storeOf(device);
    const create = () =>
      createDrafts(session, {
        interviewId: "interview",
        userId: "user",
        load() {
          made.loads++;
          return call(world.fate("load", made), () => [...rows.values()]);
        },
        save(drafts, session) {
          saves.push({ at: time, page: made, drafts });
          return call(
            world.fate("save", made),
            () => world.save(drafts, session),
          );
        },
        store,
        environment: {
          now: () => time,
          after: (seconds, work) => after(seconds, () => isAlive && work()),
          newId: () => `id ${++count}`,
          onHide(listener) {
            hide = listener;
            return () => hide = () => {};
          },
        },
        ...options,
      });

    function storeOf(device: Device): DraftStore {
      const keyOf = ({ key, writer }: KeptDraft) => `${key} of ${writer}`;
      // one after the other, and none by a page that is gone
      let queue: Promise<unknown> = Promise.resolve();
      const inTurn = <T>(work: () => T): Promise<T> => {
        const result = queue.then(() => later(commitSeconds)).then(() => {
          if (!isAlive) return new Promise<never>(() => {});
          if (device.isFull) throw new Error("QuotaExceededError");
          return work();
        });
        queue = result.catch(() => {});
        return result;
      };
      return {
        async read() {
          if (device.readSeconds) await later(device.readSeconds);
          return await inTurn(() => [...device.rows.values()]);
        },
        write: (put, remove) =>
          inTurn(() => {
            device.writes++;
            for (const row of put) device.rows.set(keyOf(row), row);
            for (const row of remove) {
              const { text, at } = device.rows.get(keyOf(row)) ?? {};
              if (text === row.text && at === row.at) {
                device.rows.delete(keyOf(row));
              }
            }
          }),
        clear: () => inTurn(() => device.rows.clear()),
      };
    }

    const made: Page = {
      drafts: create(),
      device,
      states: [],
      checks: 0,
      loads: 0,
      session: () => state,
      become(next) {
        if (!isAlive) return;
        state = next;
        for (const listener of listeners) listener(next);
      },
      grant() {
        const fence = (holder?.fence ?? 0) + 1;
        const at = new Date(Date.UTC(2026, 0, 1)).toISOString();
        holder = {
          user_id: "user",
          session_id: `session ${fence}`,
          status: "active",
          fence,
          device: null,
          created_at: at,
          updated_at: at,
          deadline_at: at,
          expires_at: at,
          previous_session_id: holder?.session_id ?? null,
          interview_id: "interview",
        };
        made.become({ name: "live", session: holder });
      },
      crash() {
        isAlive = false;
        listeners.clear();
        made.drafts.dispose();
      },
      remount() {
        made.drafts.dispose();
        made.drafts = create();
        made.drafts.subscribe((state) => made.states.push(state));
      },
      hide: () => hide(),
      text: (key = "q") => made.drafts.state().drafts[key]?.text,
      status: (key = "q") => made.drafts.state().drafts[key]?.status,
      earlier: (key = "q") =>
        made.drafts.state().drafts[key]?.earlier.map(({ text }) => text) ?? [],
    };
    made.drafts.subscribe((state) => made.states.push(state));
    return made;
  }

  return world;
}

/** A page that is granted the interview, with everything restored. */
export async function granted(
  world: World,
  device = world.device(),
  options?: Partial<DraftsOptions>,
): Promise<Page> {
  const page = world.page(device, options);
  page.become({ name: "starting" });
  page.grant();
  await world.advance(1);
  assert(!page.drafts.state().isRestoring);
  return page;
}

/** The state of a page without a network, before it was ever registered. */
export const unregistered: Extract<SessionState, { name: "unregistered" }> = {
  name: "unregistered",
  trouble: { kind: "unreachable", message: "", code: "", details: "" },
};

/** The state of a page whose session another device has taken. */
export const takenOver: SessionState = {
  name: "over",
  reason: "taken_over",
  message: "",
  endedAt: null,
  isFinal: false,
};
