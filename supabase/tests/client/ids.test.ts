// The ids of sessions, which are made without crypto.randomUUID.
import assert from "node:assert/strict";
import { newId } from "../../../client/common.ts";

Deno.test("W9 an id is a random UUID of version 4", () => {
  const ids = Array.from({ length: 1000 }, newId);

  for (const id of ids) {
    assert.match(
      id,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
  assert.equal(new Set(ids).size, ids.length);
  // every digit that may vary does
  for (const index of [0, 7, 19, 35]) {
    assert(new Set(ids.map((id) => id[index])).size >= 4);
  }
});
