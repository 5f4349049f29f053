// The recordings that are kept on this device, in IndexedDB, until the server has
// them. A part is what one recorder made in one session; its pieces are added while
// it records, so that a crash loses no more than the last second.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

/** A part of the recording of an interview. */
export interface Part {
  id: string;
  userId: string;
  interviewId: string;
  /** Null until the session is registered. */
  sessionId: string | null;
  /** As recorded, with codecs. */
  type: string;
  /** By this device's clock. */
  startedAt: string;
  /** Where the server expects the rest of it, once the upload has begun. */
  uploadUrl: string | null;
}

interface Schema extends DBSchema {
  parts: {
    key: string;
    value: Part;
    indexes: { interview: [string, string] };
  };
  pieces: { key: [string, number]; value: Blob };
}

/** The parts on this device. */
export interface Store {
  addPart(part: Part): Promise<void>;
  changePart(
    id: string,
    change: Partial<Pick<Part, "sessionId" | "uploadUrl">>,
  ): Promise<void>;
  addPiece(id: string, index: number, piece: Blob): Promise<void>;
  /** The parts of an interview, oldest first. */
  parts(userId: string, interviewId: string): Promise<Part[]>;
  /** A part as one file. */
  file(part: Part): Promise<Blob>;
  remove(id: string): Promise<void>;
}

/** Opens the database when it is first used. */
export function createStore(name = "interview-recordings"): Store {
  let opened: Promise<IDBPDatabase<Schema>> | undefined;
  const open = () => {
    opened ??= openDB<Schema>(name, 1, {
      upgrade(db) {
        const parts = db.createObjectStore("parts", { keyPath: "id" });
        parts.createIndex("interview", ["userId", "interviewId"]);
        db.createObjectStore("pieces");
      },
      terminated: () => opened = undefined,
    });
    // may succeed later
    opened.catch(() => opened = undefined);
    return opened;
  };

  return {
    async addPart(part) {
      await (await open()).add("parts", part);
    },
    async changePart(id, change) {
      const changing = (await open()).transaction("parts", "readwrite");
      const part = await changing.store.get(id);
      if (part) await changing.store.put({ ...part, ...change });
      await changing.done;
    },
    async addPiece(id, index, piece) {
      await (await open()).add("pieces", piece, [id, index]);
    },
    async parts(userId, interviewId) {
      const parts = await (await open())
        .getAllFromIndex("parts", "interview", [userId, interviewId]);
      return parts.sort((a, b) => a.startedAt < b.startedAt ? -1 : 1);
    },
    async file({ id, type }) {
      const pieces = await (await open()).getAll("pieces", piecesOf(id));
      return new Blob(pieces, { type: type.split(";")[0] });
    },
    async remove(id) {
      const removing = (await open())
        .transaction(["parts", "pieces"], "readwrite");
      await Promise.all([
        removing.objectStore("parts").delete(id),
        removing.objectStore("pieces").delete(piecesOf(id)),
        removing.done,
      ]);
    },
  };
}

function piecesOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}
