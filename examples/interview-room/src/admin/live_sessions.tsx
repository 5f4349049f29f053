// Who is in an interview now, and the way to end one.
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { SupabaseClient } from "@supabase/supabase-js";
import { clock, span } from "../words.ts";
import type { LiveSession } from "./data.ts";

/** The table, and the dialog that its buttons open. */
export function LiveSessions(
  { supabase, sessions, onEnded }: {
    supabase: SupabaseClient;
    sessions: LiveSession[];
    onEnded(): Promise<unknown>;
  },
) {
  const [ending, setEnding] = useState<LiveSession>();
  const [notice, setNotice] = useState("");
  return (
    <section className="card" aria-labelledby="live">
      <div className="heading">
        <h2 id="live">Live sessions</h2>
        <p role="status" className="form-notice">{notice}</p>
      </div>
      <div
        className="scroll"
        tabIndex={0}
        role="region"
        aria-label="Table of live sessions"
      >
        <table aria-labelledby="live">
          <thead>
            <tr>
              <th scope="col">User</th>
              <th scope="col">Device</th>
              <th scope="col">State</th>
              <th scope="col" className="number">Age</th>
              <th scope="col" className="number">Time left</th>
              <th scope="col">
                <span className="unseen">Action</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <Row
                key={session.session_id}
                session={session}
                onEnd={() => setEnding(session)}
              />
            ))}
          </tbody>
        </table>
        {sessions.length === 0 && (
          <p className="none">Nobody is in an interview.</p>
        )}
      </div>
      {ending && (
        <EndDialog
          session={ending}
          supabase={supabase}
          onClose={(said) => {
            setEnding(undefined);
            if (said === undefined) return;
            setNotice(said);
            void onEnded();
          }}
        />
      )}
    </section>
  );
}

function Row({ session, onEnd }: { session: LiveSession; onEnd(): void }) {
  const { seconds_left, age_seconds, status } = session;
  const isOverdue = seconds_left < 0;
  return (
    <tr className={isOverdue ? "overdue" : undefined}>
      <th scope="row">{nameOf(session)}</th>
      <td>{session.device ?? "Unknown"}</td>
      <td>
        <span className={`badge ${isOverdue ? "overdue" : status}`}>
          {isOverdue
            ? "Overdue"
            : status === "active"
            ? "Active"
            : "Being handed in"}
        </span>
      </td>
      <td className="number">{clock(age_seconds)}</td>
      <td className="number">
        {isOverdue ? `over for ${span(-seconds_left)}` : clock(seconds_left)}
      </td>
      <td className="number">
        {!isOverdue && (
          <button
            type="button"
            aria-label={`End ${nameOf(session)}`}
            onClick={onEnd}
          >
            End…
          </button>
        )}
      </td>
    </tr>
  );
}

function EndDialog(
  { supabase, session, onClose }: {
    supabase: SupabaseClient;
    session: LiveSession;
    /** With what is to be said, or undefined if nothing was done. */
    onClose(said?: string): void;
  },
) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get("note")).trim();
    setIsBusy(true);
    const { data, error } = await supabase.rpc("admin_revoke_session", {
      user_id: session.user_id,
      note: note || null,
    });
    const name = nameOf(session);
    if (error) onClose(`${name} could not be ended: ${error.message}`);
    else if (data.length === 0) onClose(`${name} was over already.`);
    else onClose(`${name} was ended.`);
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="end-title"
      onClose={() => onClose()}
    >
      <form onSubmit={submit}>
        <h2 id="end-title">End this session?</h2>
        <p>
          {nameOf(session)}, on{" "}
          {session.device ?? "an unknown device"}. They are told that an
          administrator has ended their interview.
        </p>
        <label htmlFor="note">Note, which only operators see</label>
        <textarea id="note" name="note" rows={3} maxLength={1000} />
        <div className="actions">
          <button type="submit" className="danger" disabled={isBusy}>
            End session
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

function nameOf({ email, user_id }: LiveSession): string {
  return email ?? user_id;
}
