// The interview is no longer this page's: why, and what can be done.
import { Alert, Button, Group, Paper } from "@mantine/core";
import type { User } from "@supabase/supabase-js";
import type { Holder, OverReason, SessionState } from "interview-sessions";
import type { DraftsState } from "interview-sessions/drafts";
import { type ReactNode, useEffect, useState } from "react";
import { Page } from "../app/page.tsx";
import { secondsUntil } from "../server_time.ts";
import { plural } from "../words.ts";
import { notOnTheServer } from "./answers_table.ts";
import { PreviousSessionDetails } from "./previous_session.tsx";
import { useReceipt } from "./queries.ts";
import { TimeIsUpPage } from "./time_is_up_page.tsx";

type Over = Extract<SessionState, { name: "over" }>;

interface Told {
  title: string;
  lead: string;
  /** The button that continues the interview on this page, if it may. */
  here?: string;
}

const told: Record<Exclude<OverReason, "timed_out" | "user_changed">, Told> = {
  taken_over: {
    title: "This interview continues on another device",
    lead: "Or in another window on this device. What was saved is there.",
    here: "Continue here instead",
  },
  revoked: {
    title: "An administrator ended this interview",
    lead: "What was saved is kept. If you did not expect this, contact us.",
  },
  completed: { title: "Submitted", lead: "Your interview is submitted." },
  disconnected: {
    title: "This interview was closed",
    lead: "You can continue it here.",
    here: "Continue here",
  },
  cleared: {
    title: "This interview was closed",
    lead: "It was closed in another window. You can continue it here.",
    here: "Continue here",
  },
  expired: {
    title: "You were away for a long time",
    lead: "You can continue here.",
    here: "Continue here",
  },
  unknown: {
    title: "This interview was interrupted",
    lead: "You can continue it here.",
    here: "Continue here",
  },
};

interface OverPageProps {
  state: Over;
  user: User;
  answers: DraftsState;
  aside: ReactNode;
  onContinue(): void;
  onBack(): void;
}

export function OverPage(o: OverPageProps) {
  const { reason } = o.state;
  if (reason === "timed_out") return <TimeWasUp {...o} />;
  if (reason === "user_changed") return <OtherAccount {...o} />;
  const { title, lead, here } = told[reason];
  const isHereAllowed = here && !o.state.isFinal;
  const unsaved = notOnTheServer(o.answers);
  return (
    <Page title={title} lead={lead} aside={o.aside}>
      {unsaved > 0 && (
        <Alert variant="light" color="yellow" mb="md">
          {plural(unsaved, "answer")}{" "}
          changed here after the last save. The changes are kept on this device
          {isHereAllowed ? " and carry over if you continue here." : "."}
        </Alert>
      )}
      <Group>
        {isHereAllowed && <Button onClick={o.onContinue}>{here}</Button>}
        <Button
          variant={isHereAllowed ? "default" : "filled"}
          onClick={o.onBack}
        >
          Back to the start page
        </Button>
      </Group>
    </Page>
  );
}

function TimeWasUp({ user, answers, aside, onBack }: OverPageProps) {
  const receipt = useReceipt(user.id, { everyMs: 15_000 });
  // what was on the page when the time was up
  const [notSaved] = useState(() => notOnTheServer(answers));
  // extended meanwhile, by more than the clocks may differ
  const isExtended = receipt.data && !receipt.data.submitted_at &&
    secondsUntil(receipt.data.deadline_at) > 5;
  useEffect(() => {
    if (isExtended) onBack();
  }, [isExtended, onBack]);
  return (
    <TimeIsUpPage receipt={receipt.data} notSaved={notSaved} aside={aside} />
  );
}

function OtherAccount({ user }: OverPageProps) {
  return (
    <Page
      title="Another account is signed in"
      lead={`It was signed in in another window, so this interview of ${user.email} stopped here. Its answers are kept.`}
    >
      <Button onClick={() => location.reload()}>Load the page again</Button>
    </Page>
  );
}

/** Another page started while this one was away. */
export function StartedElsewhere(
  { holder, onTakeOver }: { holder: Holder; onTakeOver(): void },
) {
  return (
    <Page
      title="Previous session detected"
      lead="While you were away, your interview was continued elsewhere."
    >
      <Paper withBorder p="lg">
        <PreviousSessionDetails
          previous={holder}
          isBusy={false}
          onTakeOver={onTakeOver}
        />
      </Paper>
    </Page>
  );
}
