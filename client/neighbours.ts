// The pages of the same browser. A page that is reloaded meets the session of the
// page that it was, if the goodbye was lost or is late; it knows it by its id,
// which the tab remembers. A duplicated tab remembers the ids of an open tab, so
// the pages are asked whether one of them has it.
import type { Environment } from "./environment.ts";

/** How many ids a tab remembers. */
const memory = 8;

/** Seconds in which an open page answers. */
const patience = 1;

type Message =
  /** This session was granted: another one may be over. */
  | { granted: string }
  /** Who has this session? */
  | { asked: string }
  /** I have. */
  | { has: string };

/** What a page tells and asks the others. */
export interface Neighbours {
  /** Remembers an id of this tab. */
  remember(id: string): void;
  /** Whether an earlier page of this tab, which is gone, had this session. */
  isFormer(id: string): Promise<boolean>;
  /** Tells the others that this session was granted. */
  tell(id: string): void;
  hear(message: unknown): void;
}

/** `current` is the session of this page; `check` is called when it may be over. */
export function createNeighbours(
  environment: Environment,
  pause: (seconds: number) => Promise<void>,
  current: () => string | undefined,
  check: () => void,
): Neighbours {
  const answered = new Set<string>();
  const post = (message: Message) => environment.post(message);
  const ids = () => (environment.recall() ?? "").split(" ");
  return {
    remember(id) {
      const all = new Set([...ids(), id]);
      environment.remember([...all].slice(-memory).join(" "));
    },
    async isFormer(id) {
      if (!ids().includes(id)) return false;
      answered.delete(id);
      post({ asked: id });
      await pause(patience);
      return !answered.has(id);
    },
    tell: (id) => post({ granted: id }),
    hear(message) {
      const { granted, asked, has } = Object(message) as Partial<
        Record<string, string>
      >;
      if (asked && asked === current()) post({ has: asked });
      if (has) answered.add(has);
      if (granted && granted !== current()) check();
    },
  };
}
