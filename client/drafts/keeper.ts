// Writes the texts of a page to the device, one transaction at a time. Each page has
// a record of its own for each text, so no page overwrites what another one wrote.
import { isNewer, type LostText, type Texts, unfenced } from "./texts.ts";
import type { DraftStore, KeptDraft } from "./types.ts";

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
  const others = new Map<string, KeptDraft[]>();
  const dirty = new Set<string>();
  let isWriting = false;

  async function write() {
    const keys = [...dirty];
    if (keys.length === 0) return;
    dirty.clear();
    isWriting = true;
    const put: KeptDraft[] = [];
    const remove: KeptDraft[] = [];
    const done: (() => void)[] = [];
    for (const key of keys) {
      const text = texts.page.get(key);
      if (text) put.push(recordOf(key));
      const before = others.get(key) ?? [];
      const lost = (texts.lost.get(key) ?? []).map(recordOfLost);
      const has = (all: KeptDraft[]) => (one: KeptDraft) =>
        all.some((other) => other.writer === one.writer);
      put.push(...lost.filter((one) => !has(before)(one)));
      remove.push(...before.filter((one) => !has(lost)(one)));
      done.push(() => {
        if (text) kept.set(key, text.text);
        others.set(key, lost);
      });
    }
    try {
      await store.write(put, remove);
      for (const each of done) each();
    } catch {
      // no room, or no IndexedDB: tried again with the next change
      for (const key of keys) dirty.add(key);
      isWriting = false;
      return;
    }
    isWriting = false;
    changed();
    await write();
  }

  function recordOf(key: string): KeptDraft {
    const text = texts.page.get(key)!;
    // without a fence: at least as new as what it was typed over
    const { fence, revision } = text.fence === unfenced ? text.base : text;
    const isSaved = texts.isSaved(text);
    const at = Date.now();
    return { key, text: text.text, fence, revision, writer, isSaved, at };
  }

  function recordOfLost(lost: LostText): KeptDraft {
    const { key, text, fence, revision, at } = lost;
    lost.writer ??= newId();
    return {
      ...{ key, text, fence, revision, at },
      writer: lost.writer,
      isSaved: false,
    };
  }

  return {
    kept,
    async read() {
      const rows = (await store.read()).filter((row) => row.writer !== writer);
      rows.sort((a, b) => isNewer(a, b) ? -1 : isNewer(b, a) ? 1 : b.at - a.at);
      for (const row of rows) {
        others.set(row.key, [...others.get(row.key) ?? [], row]);
        if (texts.offerKept(row)) kept.set(row.key, row.text);
      }
    },
    /** The texts have changed. With `atOnce` nothing is waited for. */
    keep(keys: Iterable<string>, atOnce = false) {
      for (const key of keys) dirty.add(key);
      if (!isWriting || atOnce) void write();
    },
    async clear() {
      for (const all of [dirty, kept, others]) all.clear();
      await store.clear().catch(() => {});
    },
  };
}
