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
    const onChange = () => {
      if (document.visibilityState === "hidden") hide();
    };
    addEventListener("pagehide", hide);
    document.addEventListener("visibilitychange", onChange);
    return () => {
      removeEventListener("pagehide", hide);
      document.removeEventListener("visibilitychange", onChange);
    };
  },
};
