// The interview on this page: answering, reviewing, submitting.
import { Alert, Box, Grid, Stack } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import type {
  InterviewSession,
  SessionError,
  SessionState,
} from "interview-sessions";
import { type useDrafts, useSessionEvent } from "interview-sessions/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { focusHeading, Page } from "../app/page.tsx";
import { SignIn } from "../app/sign_in.tsx";
import { interviewId, questions } from "../interview.ts";
import { useRecording } from "../recording/use_recording.ts";
import { useApp } from "../app/context.tsx";
import { AnswerField, focusAnswer } from "./answer_field.tsx";
import { keyOf } from "./answers_table.ts";
import type { Submission } from "./candidate.tsx";
import { Finish } from "./finish.tsx";
import { NotSubmitted, Submitting } from "./submitting.tsx";
import { Review } from "./review.tsx";
import { Recorded } from "./recorded.tsx";
import { StatusBar } from "./status_bar.tsx";

interface InterviewPageProps {
  userId: string;
  stream: MediaStream | null;
  onStream(stream: MediaStream | null): void;
  session: InterviewSession;
  state: SessionState;
  isSignedIn: boolean;
  answers: ReturnType<typeof useDrafts>;
  submission: UseMutationResult<void, SessionError, Submission>;
  /** Seconds before the deadline at which the interview submits itself. */
  submitAt: number;
  onLeave(): Promise<void>;
}

type Step = "answering" | "reviewing" | "submitting" | "not submitted";

const titles: Record<Step, string> = {
  answering: "Your interview",
  reviewing: "Review your answers",
  submitting: "Submitting your interview",
  "not submitted": "Not submitted yet",
};

export function InterviewPage(
  { session, state, answers, submission, submitAt, ...o }: InterviewPageProps,
) {
  const { supabase, config } = useApp();
  const recording = useRecording(session, {
    supabase,
    url: config.apiUrl,
    key: config.publishableKey,
    userId: o.userId,
    interviewId,
    stream: o.stream,
  });
  const [isReviewing, setIsReviewing] = useState(false);
  const step: Step = submission.isPending
    ? "submitting"
    : submission.isError
    ? "not submitted"
    : isReviewing
    ? "reviewing"
    : "answering";

  const submit = (how: Partial<Submission> = {}) =>
    submission.mutate({
      isAutomatic: false,
      upload: recording.finish,
      ...how,
    });
  useSessionEvent(session, "deadline", ({ secondsLeft }) => {
    if (secondsLeft > submitAt || submission.isPending) return;
    // nobody may be there to decide what to do without the recording
    const upload = () => recording.finish().catch(() => {});
    submit({ isAutomatic: true, upload });
  });
  useWarningBeforeUnload(
    answers.state.status === "unsaved" || submission.isPending,
  );
  useHeadingAfterSigningIn(o.isSignedIn);

  /** Leads to a question after its field has been drawn. */
  const [wanted, setWanted] = useState<number>();
  useEffect(() => {
    if (wanted === undefined || step !== "answering") return;
    focusAnswer(wanted);
    setWanted(undefined);
  }, [wanted, step]);
  const backTo = (index?: number) => {
    submission.reset();
    setIsReviewing(false);
    setWanted(index);
  };

  return (
    <Page
      title={titles[step]}
      tabTitle={null}
      lead={submission.variables?.isAutomatic && step === "submitting"
        ? "Time is up: your answers are being submitted."
        : undefined}
      size={step === "answering" ? "middle" : "narrow"}
      above={
        <StatusBar session={session} state={state} answers={answers.state} />
      }
    >
      {!o.isSignedIn && <SignedOut />}
      {step === "answering" && (
        <Answering
          session={session}
          answers={answers}
          recorded={
            <Recorded
              state={recording.state}
              stream={o.stream}
              onStream={o.onStream}
            />
          }
          onReview={() => setIsReviewing(true)}
          onLeave={o.onLeave}
        />
      )}
      {step === "reviewing" && (
        <Review
          answers={answers.state}
          onSubmit={() => submit()}
          onBack={backTo}
        />
      )}
      {step === "submitting" && (
        <Submitting
          state={state}
          answers={answers.state}
          upload={recording.state.upload}
        />
      )}
      {step === "not submitted" && (
        <NotSubmitted
          error={submission.error!}
          answers={answers.state}
          onAgain={(o) =>
            submit({ isAutomatic: submission.variables!.isAutomatic, ...o })}
          onBack={() => backTo()}
        />
      )}
    </Page>
  );
}

function Answering(
  { session, answers, recorded, onReview, onLeave }: {
    session: InterviewSession;
    recorded: ReactNode;
    answers: ReturnType<typeof useDrafts>;
    onReview(): void;
    onLeave(): Promise<void>;
  },
) {
  const { isRestoring, drafts } = answers.state;
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 8 }}>
        <Stack gap="lg" aria-busy={isRestoring}>
          {questions.map((question, index) => (
            <AnswerField
              key={index}
              index={index}
              question={question}
              draft={drafts[keyOf(index)]}
              isRestoring={isRestoring}
              onWrite={(text) => answers.write(keyOf(index), text)}
              onDiscard={() => answers.discard(keyOf(index))}
            />
          ))}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 4 }}>
        <Stack gap="lg">
          {recorded}
          <Finish
            session={session}
            answers={answers.state}
            onReview={onReview}
            onLeave={onLeave}
          />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

function SignedOut() {
  return (
    <Box mb="lg" maw="32rem">
      <Alert color="yellow" title="You have been signed out" mb="sm">
        Continue. Sign in again to save your answers.
      </Alert>
      <SignIn />
    </Box>
  );
}

/** The browser asks before it closes the page. */
function useWarningBeforeUnload(isNeeded: boolean) {
  useEffect(() => {
    if (!isNeeded) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isNeeded]);
}

/** The form that had the focus is gone. */
function useHeadingAfterSigningIn(isSignedIn: boolean) {
  const was = useRef(isSignedIn);
  useEffect(() => {
    if (isSignedIn && !was.current) focusHeading();
    was.current = isSignedIn;
  }, [isSignedIn]);
}
