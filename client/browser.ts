// The environment of a page in a browser. Where there is no page, as on a server,
// it is a clock, timers and tokens.
import type { Environment } from "./environment.ts";
import { after, attempt, newId, now, send } from "./common.ts";
import { tokenOf, watchAuth } from "./supabase.ts";
import { createTimers } from "./timers.ts";

/** The name of the tab's item in sessionStorage, and of the BroadcastChannel. */
const name = "interview-sessions";

/** The environment of a page. Does nothing until it is used. */
export function browserEnvironment(): Environment {
  const timers = typeof document === "undefined"
    ? { after, release() {} }
    : createTimers();
  let channel: BroadcastChannel | undefined;
  return {
    now,
    after: timers.after,
    accessToken: tokenOf,
    listen({ wake, leave, authChanged, hear }, supabase) {
      const stopWatching = watchAuth(supabase, authChanged);
      const listening = new AbortController();
      if (typeof document !== "undefined") {
        const onPage = (
          target: EventTarget,
          type: string,
          work: (event: Event) => void,
        ) => target.addEventListener(type, work, { signal: listening.signal });
        const openChannel = () => {
          channel?.close();
          channel = attempt(() => new BroadcastChannel(name));
          if (channel) channel.onmessage = ({ data }) => hear(data);
        };
        openChannel();
        const isShown = () => document.visibilityState === "visible" && wake();
        onPage(globalThis, "online", wake);
        onPage(document, "resume", wake);
        onPage(document, "visibilitychange", isShown);
        // an open channel keeps a page out of the back/forward cache, from which
        // it may come back
        onPage(globalThis, "pageshow", () => {
          openChannel();
          wake();
        });
        onPage(globalThis, "pagehide", (event) => {
          if ((event as PageTransitionEvent).persisted) channel?.close();
          else leave();
        });
      }
      return () => {
        stopWatching();
        listening.abort();
        channel?.close();
        channel = undefined;
        timers.release();
      };
    },
    post: (message) => attempt(() => channel?.postMessage(message)),
    send,
    // whoever cannot ask the other pages takes nothing from them
    recall: () =>
      channel && attempt(() => sessionStorage.getItem(name)) || null,
    remember: (text) => attempt(() => sessionStorage.setItem(name, text)),
    newId,
  };
}
