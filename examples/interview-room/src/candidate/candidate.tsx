// One candidate's pages. Which one is shown follows from the state of the session.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { User } from "@supabase/supabase-js";
import type { SessionError } from "interview-sessions";
import {
  useDrafts,
  useInterviewSession,
  useSessionEvent,
} from "interview-sessions/react";
import { useEffect, useRef, useState } from "react";
import { useApp } from "../app/context.tsx";
import { SignedIn } from "../app/page.tsx";
import { useToast } from "../app/toasts.tsx";
import { interviewId } from "../interview.ts";
import { close } from "../recording/devices.ts";
import { about, thisDevice } from "../words.ts";
import { answersTable } from "./answers_table.ts";
import { InterviewPage } from "./interview_page.tsx";
import { OverPage, StartedElsewhere } from "./over_page.tsx";
import { previousSessionKey } from "./queries.ts";
import { ReceiptPage } from "./receipt_page.tsx";
import { StartPage } from "./start_page.tsx";

/**
 * Seconds before the deadline with a message; at the last one the interview
 * submits itself, since the server accepts nothing after the deadline.
 */
const warnAt = [300, 60, 6];
const submitAt = Math.min(...warnAt);

interface CandidateProps {
  user: User;
  /** False if nobody, or somebody else, is signed in. */
  isSignedIn: boolean;
  /** Has the interview been started on this page? */
  isInside: boolean;
  onEnter(): void;
  onLeave(): void;
}

/** How the interview is submitted. */
export interface Submission {
  /** Because the time is up. */
  isAutomatic: boolean;
  /** Uploads the recording. */
  upload(): Promise<void>;
}

export default function Candidate(
  { user, isSignedIn, isInside, onEnter, onLeave }: CandidateProps,
) {
  const { supabase } = useApp();
  const toast = useToast();
  const queries = useQueryClient();
  const { session, state, start, submit, end } = useInterviewSession(supabase, {
    interviewId,
    device: thisDevice(),
    warnAt,
  });
  const [stream, setStream] = useState<MediaStream | null>(null);
  useEffect(() => () => close(stream), [stream]);
  const [table] = useState(() => answersTable(supabase, user.id));
  const answers = useDrafts(session, table);
  const submission = useMutation<void, SessionError, Submission>({
    mutationFn: async ({ upload }: Submission) => {
      const { error } = await submit(async () => {
        const [saved] = await Promise.all([answers.flush(), upload()]);
        if (saved.error) throw saved.error;
      });
      if (error) throw error;
    },
  });

  const tell = useToastsWhile(state.name === "live");
  useSessionEvent(
    session,
    "resumed",
    () => tell("You were away for a while. Your interview continues."),
  );
  useSessionEvent(
    session,
    "extended",
    ({ secondsLeft }) =>
      tell(`You have more time: ${about(secondsLeft)} left.`),
  );
  useSessionEvent(session, "deadline", ({ secondsLeft }) => {
    if (secondsLeft > submitAt + 1) tell(`${about(secondsLeft)} left.`);
  });

  async function enter(o: { takeover: boolean }) {
    submission.reset();
    const { state } = await start(o);
    if (state.name === "live" || state.name === "unregistered") onEnter();
    if (state.name === "held") {
      queries.setQueryData(previousSessionKey(user.id), state.holder);
    }
  }

  async function leave() {
    await answers.flush();
    const { error } = await end("disconnected");
    if (error) {
      toast(
        "You left, but the server cannot be reached. It will notice in a few minutes.",
      );
    }
    onLeave();
  }

  const aside = isSignedIn && (
    <SignedIn
      email={user.email ?? ""}
      onSignOut={() => {
        void supabase.auth.signOut({ scope: "local" }).then(onLeave);
      }}
    />
  );

  if (state.name === "over") {
    return state.reason === "completed"
      ? (
        <ReceiptPage
          userId={user.id}
          aside={aside}
          wasAutomatic={submission.variables?.isAutomatic ?? false}
        />
      )
      : (
        <OverPage
          state={state}
          user={user}
          answers={answers.state}
          aside={aside}
          onContinue={() =>
            void enter({ takeover: state.reason === "taken_over" })}
          onBack={onLeave}
        />
      );
  }
  if (!isInside) {
    return (
      <StartPage
        userId={user.id}
        state={state}
        aside={aside}
        stream={stream}
        onStream={setStream}
        onStart={enter}
      />
    );
  }
  if (state.name === "held") {
    return (
      <StartedElsewhere
        holder={state.holder}
        onTakeOver={() => void enter({ takeover: true })}
      />
    );
  }
  return (
    <InterviewPage
      userId={user.id}
      session={session}
      state={state}
      stream={stream}
      onStream={setStream}
      isSignedIn={isSignedIn}
      answers={answers}
      submission={submission}
      submitAt={submitAt}
      onLeave={leave}
    />
  );
}

/** Shows messages that are closed as soon as they may no longer be true. */
function useToastsWhile(areTrue: boolean): (text: string) => void {
  const toast = useToast();
  const shown = useRef<(() => void)[]>([]);
  useEffect(() => {
    if (!areTrue) { for (const close of shown.current.splice(0)) close(); }
  }, [areTrue]);
  return (text) => void shown.current.push(toast(text));
}
