// A small interview page on the React hooks, as an app would write it. What differs
// from test to test is in the global `config`.
import { createClient } from "@supabase/supabase-js";
import { StrictMode, Suspense, use, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import {
  useDrafts,
  useInterviewSession,
  useSecondsLeft,
  useSessionEvent,
} from "../../../../client/react.ts";

const { url, key, token, userId, isHydrated } = globalThis.config;
globalThis.events = [];

/** The room suspends once, after its hooks have run. */
const ready = new Promise((resolve) => setTimeout(resolve, 50));

function newClient() {
  return createClient(url, key, { accessToken: () => Promise.resolve(token) });
}

// not as a property: while developing, React looks into changed properties, and
// supabase-js throws where a client with an access token is looked into
const clients = [newClient(), newClient()];

function App() {
  const [client, setClient] = useState(0);
  const [interviewId, setInterviewId] = useState("interview 1");
  const [isOpen, setIsOpen] = useState(true);
  return (
    <>
      <button onClick={() => setIsOpen(!isOpen)}>Leave or return</button>
      <button onClick={() => setInterviewId("interview 2")}>Next</button>
      <button onClick={() => setClient(1)}>Client</button>
      <Suspense fallback="Loading">
        {isOpen && <Room client={client} interviewId={interviewId} />}
      </Suspense>
    </>
  );
}

function Room({ client, interviewId }) {
  const supabase = clients[client];
  const { session, state, start, submit } = useInterviewSession(supabase, {
    interviewId,
  });
  const left = useSecondsLeft(session);
  useSessionEvent(
    session,
    "started",
    () => globalThis.events.push(`started ${interviewId}`),
  );
  const { state: drafts, write, flush } = useDrafts(session, {
    interviewId,
    userId,
    async load() {
      const { data } = await supabase.from("answers").select()
        .eq("interview_id", interviewId).throwOnError();
      return data.map(draftOf);
    },
    async save(drafts, { session_id, fence }) {
      const rows = drafts.map(({ key, text, revision }) => ({
        ...{ key, text, revision, session_id, fence },
        interview_id: interviewId,
      }));
      const { data } = await supabase.from("answers")
        .upsert(rows, { onConflict: "user_id,interview_id,key" })
        .select().throwOnError();
      return data.map(draftOf);
    },
  });
  if (!isHydrated) use(ready);
  const { text = "", savedAt, earlier = [] } = drafts.drafts.q ?? {};
  return (
    <>
      <button onClick={() => start()}>Start</button>
      <button onClick={() => start({ takeover: true })}>Take over</button>
      <button
        onClick={() =>
          submit(async () => {
            await globalThis.proceed?.promise;
            const { error } = await flush();
            if (error) throw error;
          })}
      >
        Submit
      </button>
      <p>
        state: <output id="state">{state.name}</output>
      </p>
      <p>
        left: <output id="left">{left ?? "unknown"}</output>
      </p>
      <p>
        drafts:{" "}
        <output id="drafts">
          {drafts.isRestoring ? "restoring" : drafts.status}
        </output>
      </p>
      <p id="saved">{savedAt}</p>
      {earlier.map(({ text, at }) => <p className="earlier" key={at}>{text}
      </p>)}
      <textarea
        aria-label="Answer"
        value={text}
        onChange={(event) => write("q", event.target.value)}
      />
    </>
  );
}

function draftOf({ key, text, fence, revision, saved_at }) {
  return { key, text, fence, revision, savedAt: saved_at };
}

const app = (
  <StrictMode>
    <App />
  </StrictMode>
);
const root = document.getElementById("root");
if (isHydrated) {
  root.innerHTML = renderToString(app);
  hydrateRoot(root, app);
} else createRoot(root).render(app);
