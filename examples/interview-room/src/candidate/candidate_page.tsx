// What a candidate sees, from signing in to having handed in.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { SupabaseClient, User } from "@supabase/supabase-js";
import { useSessionState } from "interview-sessions/react";
import {
  createSession,
  type InterviewSession,
  type SessionEvent,
} from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { Loading, Page, SignedIn } from "../app/page.tsx";
import { SignIn } from "../app/sign_in.tsx";
import { useToast } from "../app/toasts.tsx";
import { useUser } from "../app/use_user.ts";
import { span, thisDevice } from "../words.ts";
import { type Answers, createAnswers } from "./answers.ts";
import { Before } from "./before.tsx";
import { HandedIn } from "./handed_in.tsx";
import { Over } from "./over.tsx";
import { PreviousSession } from "./previous_session.tsx";
import { Room } from "./room.tsx";
import { upload } from "./upload.ts";

interface Project {
  supabase: SupabaseClient;
  url: string;
  publishableKey: string;
}

/** The page at `/`. */
export function CandidatePage() {
  const { supabase, config } = useApp();
  const project: Project = {
    supabase,
    url: config.apiUrl,
    publishableKey: config.publishableKey,
  };
  const user = useUser();
  // who was signed out in mid-interview goes on, and may sign in again
  const [last, setLast] = useState<User>();
  if (user && user !== last) setLast(user);
  if (user === undefined) return <Loading />;
  if (!last) {
    return (
      <Page
        title="Welcome"
        lead="Create an account or sign in to go to your interview."
      >
        <SignIn canSignUp />
      </Page>
    );
  }
  return (
    <Candidate key={last.id} {...project} user={last} isSignedIn={!!user} />
  );
}

/** Everything that there is once for each interview. */
interface Interview {
  session: InterviewSession;
  answers: Answers;
}

type Phase = "before" | "interview" | "handing in" | "handed in";

function Candidate(
  { supabase, url, publishableKey, user, isSignedIn }: Project & {
    user: User;
    isSignedIn: boolean;
  },
) {
  const [round, setRound] = useState(1);
  const [interview, setInterview] = useState<Interview>();
  const toast = useToast();

  useEffect(() => {
    const session = createSession({
      supabase,
      url,
      key: publishableKey,
      device: thisDevice(),
      onEvent: (event) => toast(inWords(event)),
    });
    const answers = createAnswers(supabase, session);
    setInterview({ session, answers });
    return () => {
      session.dispose();
      answers.dispose();
    };
  }, [supabase, url, publishableKey, round]);

  if (!interview) return <Loading />;
  return (
    <>
      <Rounds
        key={round}
        {...interview}
        supabase={supabase}
        user={user}
        isSignedIn={isSignedIn}
        onAgain={() => {
          setInterview(undefined);
          setRound(round + 1);
        }}
      />
    </>
  );
}

function Rounds(
  { supabase, session, answers, user, isSignedIn, onAgain }: Interview & {
    supabase: SupabaseClient;
    user: User;
    isSignedIn: boolean;
    onAgain(): void;
  },
) {
  const [phase, setPhase] = useState<Phase>("before");
  const [progress, setProgress] = useState(0);
  const state = useSessionState(session);
  const written = useSyncExternalStore(answers.subscribe, answers.all);

  async function start(o: { takeover: boolean }) {
    const { name } = await session.start(o);
    if (name === "live" || name === "unregistered") setPhase("interview");
  }

  async function handIn() {
    setPhase("handing in");
    setProgress(0);
    void answers.save();
    await session.complete();
    await upload(setProgress);
    while (!await answers.save()) {
      const { name } = session.state();
      if (name === "over" || name === "held") return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const ended = await session.end();
    const isDone = ended.name === "over" &&
      (ended.reason === null || ended.reason === "completed");
    setPhase(isDone ? "handed in" : "interview");
  }

  async function leave() {
    await session.end("disconnected");
    onAgain();
  }

  const aside = isSignedIn && (phase === "before" || phase === "handed in") && (
    <SignedIn
      email={user.email ?? ""}
      onSignOut={() => void supabase.auth.signOut({ scope: "local" })}
    />
  );

  if (phase === "before" || phase === "handed in") {
    if (!isSignedIn) {
      return (
        <Page title="Welcome back" lead="Sign in to go to your interview.">
          <SignIn canSignUp />
        </Page>
      );
    }
    return (
      <Page title="Your interview" aside={aside}>
        {phase === "before"
          ? <Before supabase={supabase} state={state} onStart={start} />
          : <HandedIn written={written} onAgain={onAgain} />}
      </Page>
    );
  }

  // one that this page has ended itself is told of in "handed in"
  const isTold = state.name === "over" &&
    (state.message !== undefined || phase === "interview");
  if (isTold) {
    return (
      <Page title="Your interview" size="middle">
        <Over
          reason={state.reason}
          hasUnsaved={written.some(({ state }) =>
            state !== "saved" && state !== "empty"
          )}
          onHere={() => {
            setPhase("interview");
            void session.start({ takeover: true });
          }}
          onAgain={onAgain}
        />
      </Page>
    );
  }
  if (state.name === "held") {
    return (
      <Page title="Your interview" size="middle">
        <div className="card narrow">
          <PreviousSession
            isWholePage
            previous={state.holder}
            isBusy={false}
            onTakeOver={() => {
              setPhase("interview");
              void session.start({ takeover: true });
            }}
          />
        </div>
      </Page>
    );
  }
  return (
    <Page title="Your interview" size="middle">
      {!isSignedIn && <SignIn />}
      <Room
        session={session}
        state={state}
        written={written}
        onWrite={answers.write}
        progress={phase === "handing in" ? progress : undefined}
        onHandIn={handIn}
        onLeave={leave}
      />
    </Page>
  );
}

function inWords(event: SessionEvent): string {
  if (event.type === "resumed") {
    return "You were away for a while; we picked up where you left off.";
  }
  const left = event.seconds_left;
  return left > 45 && left < 75 ? "One minute left." : `${span(left)} left.`;
}
