// Writes the texts of a page to the device, one transaction at a time. Each page has
// a record of its own for each text, so no page overwrites what another one wrote.
import {
  isNewer,
  type LostText,
  type PageText,
  type Texts,
  unfenced,
} from "./texts.ts";
import { draftOf, type DraftStore, type KeptDraft } from "./types.ts";

/** Keeps texts on the device. */
export type Keeper = ReturnType<typeof createKeeper>;

/** Calls `changed` whenever more is kept. */
export function createKeeper(
  store: DraftStore,
  texts: Texts,
  newId: () => string,
  changed: () => void,
) {
  const writer = newId();
  /** What the device has, by key. */
  const kept = new Map<string, string>();
  /** What other pages have written, and what has lost. */
  let others: KeptDraft[] = [];
  const dirty = new Set<string>();
  /** The last one. The store takes writes in their order: with it, all are done. */
  let writing: Promise<void> | undefined;

  function write() {
    const keys = [...dirty];
    if (keys.length === 0) return;
    dirty.clear();
    const mine = writing = commit(keys).then((isKept) => {
      if (writing === mine) writing = undefined;
      if (!isKept) return;
      changed();
      write();
    });
  }

  async function written() {
    while (writing) await writing;
  }

  /** One transaction; returns whether the device has it. */
  async function commit(keys: string[]): Promise<boolean> {
    const pages = keys.flatMap((key) => texts.page.get(key) ?? []);
    const put = pages.map(recordOf);
    const lost = keys.flatMap((key) => texts.lost.get(key) ?? [])
      .map(recordOfLost);
    // one that was saved is to be offered, too
    const offered = others.filter(({ isSaved }) => !isSaved);
    put.push(...lost.filter((row) => !isIn(offered, row)));
    const remove = others.filter((row) =>
      keys.includes(row.key) && !isIn(lost, row)
    );
    try {
      await store.write(put, remove);
      for (const { key, text } of pages) kept.set(key, text);
      others = others.filter((row) => !isIn(remove, row) && !isIn(put, row));
      others.push(...put.filter((row) => row.writer !== writer));
      return true;
    } catch {
      // no room, or no IndexedDB: tried again with the next change
      for (const key of keys) dirty.add(key);
      return false;
    }
  }

  function recordOf(text: PageText): KeptDraft {
    const { base } = text;
    return {
      ...draftOf(text),
      // without a fence: at least as new as what it was typed over
      ...(text.fence === unfenced && base),
      ...{ base, writer, isSaved: texts.isSaved(text), at: Date.now() },
    };
  }

  function recordOfLost(lost: LostText): KeptDraft {
    const writer = lost.writer ??= newId();
    return { ...draftOf(lost), at: lost.at, writer, isSaved: false };
  }

  return {
    kept,
    async read() {
      const rows = (await store.read()).filter((row) => row.writer !== writer);
      rows.sort((a, b) => +isNewer(b, a) - +isNewer(a, b));
      for (const row of rows) {
        others.push(row);
        if (texts.offerKept(row)) kept.set(row.key, row.text);
      }
    },
    /**
     * The texts have changed. With `atOnce` nothing is waited for. Resolves when
     * they are kept, or cannot be.
     */
    keep(keys: Iterable<string>, atOnce = false): Promise<void> {
      for (const key of keys) dirty.add(key);
      if (!writing || atOnce) write();
      return written();
    },
    async clear() {
      others = [];
      dirty.clear();
      kept.clear();
      await store.clear().catch(() => {});
    },
  };
}

function isIn(rows: readonly KeptDraft[], { key, writer }: KeptDraft): boolean {
  return rows.some((row) => row.key === key && row.writer === writer);
}
