// Before the interview: what to expect, and whether one was left over.
import { useEffect, useState } from "react";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { SessionState } from "interview-sessions";
import { Camera } from "./camera.tsx";
import { type Previous, PreviousSession } from "./previous_session.tsx";
import { questions } from "./questions.ts";

/** How often to look whether the other one is still there. */
const LOOK_MS = 5_000;

/** The page with the button that starts. */
export function Before(
  { supabase, state, onStart }: {
    supabase: SupabaseClient;
    state: SessionState;
    onStart(o: { takeover: boolean }): void;
  },
) {
  const left = useLeftOver(supabase, state);
  const isStarting = state.name === "starting";
  return (
    <div className="before">
      <div className="card">
        <h1>Before the interview</h1>
        <p className="lead">
          {questions.length}{" "}
          questions, answered in writing; a clock shows the time you have. Start
          when you are ready.
        </p>
        <ul className="expect">
          <li>Your answers are saved while you write.</li>
          <li>You can have one interview open at a time.</li>
          <li>You can go on from another device if you have to.</li>
        </ul>
        <div className="start" aria-busy={left === undefined}>
          {left
            ? (
              <PreviousSession
                previous={left}
                isBusy={isStarting}
                onTakeOver={() => onStart({ takeover: true })}
              />
            )
            : (
              <button
                type="button"
                className="primary"
                disabled={isStarting || left === undefined}
                onClick={() => onStart({ takeover: false })}
              >
                Start the interview
              </button>
            )}
          <p className="form-notice" role="status">
            {isStarting ? "Getting your interview ready…" : ""}
          </p>
        </div>
      </div>
      <div className="card">
        <Camera />
      </div>
    </div>
  );
}

/** Undefined until it is known, null if there is none. */
function useLeftOver(
  supabase: SupabaseClient,
  state: SessionState,
): Previous | null | undefined {
  const [left, setLeft] = useState<Previous | null>();
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const look = async () => {
      const { data, error } = await supabase.from("active_interview_sessions")
        .select("device, status, created_at, updated_at")
        .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(5_000)]))
        .maybeSingle();
      if (signal.aborted) return;
      // nobody is kept from starting because this could not be asked
      if (error) setLeft((known) => known ?? null);
      else setLeft(data);
    };
    void look();
    const timer = setInterval(look, LOOK_MS);
    document.addEventListener("visibilitychange", look, { signal });
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [supabase]);
  // between the look and the start another window may have been faster
  const holder = state.name === "held" ? state.holder : undefined;
  useEffect(() => {
    if (holder) setLeft(holder);
  }, [holder]);
  return left;
}
