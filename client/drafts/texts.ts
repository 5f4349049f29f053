// The versions of the texts that are known, and which of them is on the page. A
// newer version replaces an older one, wherever either comes from and whenever it
// arrives. What loses is not dropped, unless it is part of what won or was known to
// the one who wrote that.
import type { Draft, KeptDraft, Order, SavedDraft } from "./types.ts";

/** A text on the page; a new object for each change. */
export interface PageText extends Draft {
  /** The version that was on the page before the user changed it. */
  base: Order;
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

/** The texts of an interview. */
export type Texts = ReturnType<typeof createTexts>;

/** Knows no text yet. */
export function createTexts() {
  const page = new Map<string, PageText>();
  const server = new Map<string, SavedDraft>();
  const lost = new Map<string, LostText[]>();
  /** The page's own grants: it has seen all that was written under them. */
  const own = new Set<number>();

  function isSaved({ key, fence, revision }: Draft): boolean {
    const saved = server.get(key);
    return saved?.fence === fence && saved.revision === revision;
  }

  function lose(text: Omit<PageText, "base">) {
    const { key, savedAt } = text;
    const others = lost.get(key) ?? [];
    if (others.some((other) => other.text === text.text)) return;
    const at = savedAt ? Date.parse(savedAt) : Date.now();
    lost.set(key, [...others, { at, ...text }]);
  }

  /** Returns whether the version is on the page now. */
  function offer(draft: Draft, isKnown: boolean, isKeptIfLost: boolean) {
    const mine = page.get(draft.key);
    if (mine && !isNewer(draft, mine)) {
      if (isKeptIfLost) lose(draft);
      return false;
    }
    page.set(draft.key, { ...draft, base: draft });
    if (mine && !isKnown) lose(mine);
    return true;
  }

  return {
    page,
    server,
    lost,
    own,
    isSaved,
    unsaved: () => [...page.values()].filter((text) => !isSaved(text)),

    /** The user has changed a text. */
    type(key: string, text: string, order: Order) {
      const base = page.get(key)?.base ?? nothing;
      page.set(key, { key, text, ...order, base });
    },

    /** Gives a text that is on the page its place in the order. */
    restamp(text: PageText, { fence, revision }: Order) {
      const { key, base } = text;
      page.set(key, { key, text: text.text, fence, revision, base });
    },

    /** The server has this version. */
    offerSaved(draft: SavedDraft) {
      const mine = page.get(draft.key);
      const wasSaved = !mine || isSaved(mine);
      const isNews = isNewer(draft, server.get(draft.key));
      if (isNews) server.set(draft.key, draft);
      const isUnseen = isNews && !own.has(draft.fence) &&
        isNewer(draft, mine?.base);
      offer(draft, wasSaved, isUnseen);
    },

    /** The server has answered a save. The page keeps what it shows. */
    confirm(draft: SavedDraft) {
      if (isNewer(draft, server.get(draft.key))) server.set(draft.key, draft);
    },

    /** The device has this version. */
    offerKept(draft: KeptDraft): boolean {
      const mine = page.get(draft.key);
      return offer(draft, !mine || isSaved(mine), !draft.isSaved);
    },

    /** Forgets what lost and is part of what is on the page. */
    prune() {
      for (const [key, others] of lost) {
        const { text = "" } = page.get(key) ?? {};
        lost.set(key, others.filter((other) => !text.includes(other.text)));
      }
    },

    clear() {
      for (const map of [page, server, lost]) map.clear();
    },
  };
}
