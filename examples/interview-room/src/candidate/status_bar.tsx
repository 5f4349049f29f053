// The connection, what is saved, and the time: always in view.
import { Group, Text } from "@mantine/core";
import type { InterviewSession, SessionState } from "interview-sessions";
import type { DraftsState } from "interview-sessions/drafts";
import { useSecondsLeft } from "interview-sessions/react";
import { useTabTitle } from "../app/page.tsx";
import { clock } from "../words.ts";
import { statusInWords } from "./answer_field.tsx";
import classes from "./candidate.module.css";

export function StatusBar(
  { session, state, answers }: {
    session: InterviewSession;
    state: SessionState;
    answers: DraftsState;
  },
) {
  return (
    <div className={classes.bar}>
      <Connection state={state} />
      {(answers.isRestoring || answers.status !== "empty") && (
        <Text size="sm">
          {answers.isRestoring
            ? "Restoring your answers…"
            : statusInWords(answers)}
        </Text>
      )}
      <TimeLeft
        session={session}
        isCompleting={state.name === "completing"}
      />
    </div>
  );
}

interface Told {
  look: "good" | "waiting" | "bad";
  short: string;
  /** What it means, if anything is wrong. */
  long?: string;
}

/** Where the answers are until then is said beside it. */
function told(state: SessionState): Told {
  const trouble = "trouble" in state ? state.trouble : undefined;
  if (trouble?.kind === "signed-out") {
    return {
      look: "bad",
      short: "Signed out",
      long: "Continue: your answers are saved when you have signed in again.",
    };
  }
  switch (state.name) {
    case "live":
    case "completing":
      return trouble
        ? {
          look: "bad",
          short: "Connection interrupted",
          // what is being submitted is said below the bar
          long: state.name === "live"
            ? "Continue: your answers are saved when the connection is back."
            : undefined,
        }
        : { look: "good", short: "Connected" };
    case "unregistered":
      return {
        look: "bad",
        short: "Not connected yet",
        long: "Continue: your answers are saved when there is a connection.",
      };
    default:
      return { look: "waiting", short: "Connecting…" };
  }
}

function Connection({ state }: { state: SessionState }) {
  const { look, short, long } = told(state);
  return (
    <div role="status" aria-label="Connection" className={classes.connection}>
      <Text size="sm" fw={600} className={classes.dot} data-look={look}>
        {short}
      </Text>
      {long && <Text size="sm">{long}</Text>}
    </div>
  );
}

function TimeLeft(
  { session, isCompleting }: {
    session: InterviewSession;
    isCompleting: boolean;
  },
) {
  const seconds = useSecondsLeft(session);
  // once it is being submitted the deadline is that of the upload
  const left = isCompleting ? undefined : seconds;
  const shown = left === undefined ? undefined : clock(left);
  useTabTitle(shown ? `${shown} left` : "Your interview");
  if (isCompleting) return null;
  return (
    <Group
      gap={6}
      role="timer"
      aria-label="Time left"
      wrap="nowrap"
      className={classes.time}
      data-short={left !== undefined && left <= 60 || undefined}
    >
      <Text size="sm">Time left</Text>
      <b>{shown ?? "–:––"}</b>
    </Group>
  );
}
