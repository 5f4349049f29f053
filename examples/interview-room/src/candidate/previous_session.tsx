// What was left over on this account: on which device, since when, and the one
// click that clears it.
import { useEffect, useState } from "react";
import type { SessionStatus } from "interview-sessions";
import { secondsSince } from "../server_time.ts";
import { ago } from "../words.ts";

/** As much of a live session, or of a refusal, as is told. */
export interface Previous {
  device: string | null;
  status: SessionStatus;
  created_at: string;
  updated_at: string;
}

/** "Previous session detected". */
export function PreviousSession(
  { previous, isBusy, onTakeOver, isWholePage }: {
    previous: Previous;
    /** Nothing else is on the page: then it begins here. */
    isWholePage?: boolean;
    isBusy: boolean;
    onTakeOver(): void;
  },
) {
  useSecondTick();
  const Heading = isWholePage ? "h1" : "h2";
  const { device, status, created_at, updated_at } = previous;
  return (
    <section className="notice" aria-labelledby="previous-session">
      <Heading id="previous-session">Previous session detected</Heading>
      <dl>
        <div>
          <dt>Device</dt>
          <dd>{device || "Unknown device"}</dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>{ago(secondsSince(created_at))}</dd>
        </div>
        <div>
          <dt>Last active</dt>
          <dd>{ago(secondsSince(updated_at))}</dd>
        </div>
      </dl>
      <p>
        {status === "completing"
          ? "It is just being handed in. If you end it now, that may not finish."
          : "If its window was closed, or your browser crashed, you can end it and go on here. What you had answered comes along."}
      </p>
      <button
        type="button"
        className="primary"
        disabled={isBusy}
        onClick={onTakeOver}
      >
        End it and start here
      </button>
    </section>
  );
}

function useSecondTick() {
  const [, setTicks] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), 1000);
    return () => clearInterval(timer);
  }, []);
}
