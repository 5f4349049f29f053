// Renders a page on a server, before any session has started.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createSession } from "interview-sessions";
import { useSecondsLeft, useSessionState } from "interview-sessions/react";

const supabase = {
  schema: () => {
    throw new Error("the server sends nothing");
  },
  auth: {
    onAuthStateChange: () => ({
      data: { subscription: { unsubscribe() {} } },
    }),
  },
};

function Status({ session }) {
  const { name } = useSessionState(session);
  const left = useSecondsLeft(session);
  return createElement("p", null, `${name}, ${left ?? "no"} seconds left`);
}

const session = createSession({ supabase, url: "http://api.example", key: "key" });
console.log(renderToString(createElement(Status, { session })));
