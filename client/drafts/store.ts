// Keeps drafts in IndexedDB.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { DraftStore, KeptDraft } from "./types.ts";

/** Drafts of other interviews are removed when they are older than this. */
const keptForMs = 30 * 24 * 3_600_000;

interface Row extends KeptDraft {
  userId: string;
  interviewId: string;
}

interface Schema extends DBSchema {
  drafts: {
    key: [user: string, interview: string, key: string, writer: string];
    value: Row;
    indexes: { at: number };
  };
}

/** One connection for the page, so that calls take effect in their order. */
let database: Promise<IDBPDatabase<Schema>> | undefined;

function open(): Promise<IDBPDatabase<Schema>> {
  return database ??= connect().catch((error) => {
    database = undefined;
    throw error;
  });
}

// deno-lint-ignore require-await -- openDB throws where there is no IndexedDB
async function connect(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>("interview-sessions-drafts", 1, {
    upgrade(db) {
      db.createObjectStore("drafts", {
        keyPath: ["userId", "interviewId", "key", "writer"],
      }).createIndex("at", "at");
    },
    // a later version wants to change it, or the user deletes it
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      database = undefined;
    },
    terminated() {
      database = undefined;
    },
  });
}

/** The drafts of one user and interview in this browser. */
export function indexedDbStore(
  userId: string,
  interviewId: string,
): DraftStore {
  // an array sorts after every string
  const all = () =>
    IDBKeyRange.bound([userId, interviewId], [userId, interviewId, []]);
  const keyOf = ({ key, writer }: KeptDraft): Schema["drafts"]["key"] => [
    ...[userId, interviewId] as const,
    ...[key, writer] as const,
  ];
  // "strict": complete means that it is on the disk
  const begin = async () =>
    (await open()).transaction("drafts", "readwrite", { durability: "strict" });

  async function purge() {
    const { store, done } = await begin();
    const old = IDBKeyRange.upperBound(Date.now() - keptForMs);
    const keys = await store.index("at").getAllKeys(old);
    await Promise.all(
      keys.filter(([user, interview]) =>
        user !== userId || interview !== interviewId
      ).map((key) => store.delete(key)),
    );
    await done;
  }

  return {
    async read() {
      const rows = await (await open()).getAll("drafts", all());
      purge().catch(() => {});
      return rows;
    },
    async write(put, remove) {
      const { store, done } = await begin();
      await Promise.all([
        ...put.map((draft) => store.put({ ...draft, userId, interviewId })),
        ...remove.map(async (draft) => {
          const { text, at } = await store.get(keyOf(draft)) ?? {};
          if (text === draft.text && at === draft.at) {
            await store.delete(keyOf(draft));
          }
        }),
        done,
      ]);
    },
    async clear() {
      const { store, done } = await begin();
      await Promise.all([store.delete(all()), done]);
    },
  };
}
