// What drafts need from the page that they are on.
import { after, newId, now } from "../common.ts";
import type { DraftsEnvironment } from "./types.ts";

/** Where there is no page, as on a server, it is never hidden. */
export const page: DraftsEnvironment = {
  now,
  after,
  newId,
  onHide(hide) {
    if (typeof document === "undefined") return () => {};
    // a page that is closed is hidden, too
    const onChange = () => {
      if (document.visibilityState === "hidden") hide();
    };
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  },
};
