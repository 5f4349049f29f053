// The versions of the texts that are known, and which of them is on the page. A
// newer version replaces an older one, wherever either comes from and whenever it
// arrives. What loses is not dropped, unless what won goes on from it, or its author
// had it on the page.
import type { Draft, KeptDraft, Order, SavedDraft } from "./types.ts";

/** A text on the page; a new object for each change. */
export interface PageText extends Draft {
  /**
   * The version that the user has changed, while it was not known what the server
   * has. A text from the device may have its order, and yet goes on from it.
   * Otherwise the user has seen every older version.
   */
  base?: Order | undefined;
  /** Where the device has it, if it comes from there. */
  writer?: string;
  /** When it was written or saved. */
  at?: number;
  savedAt?: string;
}

/** A text that lost, as it is kept. */
export interface LostText extends Draft {
  writer?: string;
  at: number;
}

/** Written while no session is held: newer than all, until it gets a fence. */
export const unfenced = Infinity;

const nothing: Order = { fence: 0, revision: 0 };

/** Whether `a` is a newer version than `b`. */
export function isNewer(a: Order, b: Order = nothing): boolean {
  return a.fence > b.fence || a.fence === b.fence && a.revision > b.revision;
}

function isSame(a: Order, b: Order = nothing): boolean {
  return a.fence === b.fence && a.revision === b.revision;
}

/** The texts of an interview. */
export type Texts = ReturnType<typeof createTexts>;

/** Knows no text yet. */
export function createTexts() {
  const page = new Map<string, PageText>();
  const server = new Map<string, SavedDraft>();
  const lost = new Map<string, LostText[]>();

  function isSaved(text: PageText): boolean {
    return !text.base && isSame(text, server.get(text.key));
  }

  function lose(text: PageText) {
    const { key, savedAt } = text;
    const others = lost.get(key) ?? [];
    if (others.some((other) => other.text === text.text)) return;
    const at = savedAt ? Date.parse(savedAt) : Date.now();
    lost.set(key, [...others, { at, ...text }]);
  }

  /** Returns whether the version is on the page now. */
  function offer(draft: PageText, isSafe: boolean, isMineSafe: boolean) {
    const mine = page.get(draft.key);
    const goesOn = mine && isSame(draft, mine) && draft.base && !mine.base;
    const isShown = !mine || isNewer(draft, mine) || !!goesOn;
    if (isShown) page.set(draft.key, draft);
    if (!mine) return true;
    const [won, lost, isLostSafe] = isShown
      ? [draft, mine, isMineSafe]
      : [mine, draft, isSafe];
    const isUnseen = won.base && isNewer(lost, won.base);
    if (!isLostSafe || isUnseen) lose(lost);
    return isShown;
  }

  return {
    page,
    server,
    lost,
    isSaved,
    unsaved: () => [...page.values()].filter((text) => !isSaved(text)),

    /** The user has changed a text. */
    type(key: string, text: string, order: Order, isServerKnown: boolean) {
      const before = page.get(key);
      const { fence, revision } = before?.base ?? before ?? nothing;
      const base = isServerKnown ? undefined : { fence, revision };
      page.set(key, { key, text, ...order, base });
    },

    /** Makes a text on the page the newest, when it is known what the server has. */
    restamp({ key, text }: PageText, order: Order) {
      page.set(key, { key, text, ...order });
    },

    /** The server has this version. */
    offerSaved(draft: SavedDraft) {
      const mine = page.get(draft.key);
      const wasSaved = !!mine && isSaved(mine);
      if (isNewer(draft, server.get(draft.key))) server.set(draft.key, draft);
      offer(draft, true, wasSaved);
    },

    /** The server has answered a save. The page keeps what it shows. */
    confirm(draft: SavedDraft) {
      if (isNewer(draft, server.get(draft.key))) server.set(draft.key, draft);
    },

    /** The device has this version. */
    offerKept(draft: KeptDraft): boolean {
      const mine = page.get(draft.key);
      return offer(draft, draft.isSaved, !!mine && isSaved(mine));
    },

    /** Forgets what lost if the text on the page begins with it. */
    prune() {
      for (const [key, others] of lost) {
        const { text = "" } = page.get(key) ?? {};
        lost.set(key, others.filter((other) => !text.startsWith(other.text)));
      }
    },

    clear() {
      page.clear();
      server.clear();
      lost.clear();
    },
  };
}
