// Before the interview: what to expect, and whether one is under way.
import { Button, Grid, List, Paper, Stack, Text, Title } from "@mantine/core";
import type { SessionState } from "interview-sessions";
import type { ReactNode } from "react";
import { Page } from "../app/page.tsx";
import { useSecondTick } from "../app/use_second_tick.ts";
import { questions } from "../interview.ts";
import { secondsUntil } from "../server_time.ts";
import { span } from "../words.ts";
import classes from "./candidate.module.css";
import { Devices } from "./recorded.tsx";
import { PreviousSessionNotice } from "./previous_session.tsx";
import {
  useInterviewLength,
  usePreviousSession,
  useReceipt,
} from "./queries.ts";
import { ReceiptPage } from "./receipt_page.tsx";
import { TimeIsUpPage } from "./time_is_up_page.tsx";

interface StartPageProps {
  userId: string;
  state: SessionState;
  aside: ReactNode;
  stream: MediaStream | null;
  onStream(stream: MediaStream | null): void;
  onStart(o: { takeover: boolean }): void;
}

export function StartPage(
  { userId, state, aside, stream, onStream, onStart }: StartPageProps,
) {
  useSecondTick();
  // an administrator may extend the interview meanwhile
  const receipt = useReceipt(userId, { everyMs: 15_000 });
  const previous = usePreviousSession(userId);
  const isStarting = state.name === "starting";
  const interview = receipt.data;
  const secondsLeft = interview && secondsUntil(interview.deadline_at);

  if (interview?.submitted_at) {
    return <ReceiptPage userId={userId} aside={aside} />;
  }
  if (interview && secondsLeft! <= 0) {
    return (
      <TimeIsUpPage
        receipt={interview}
        isBeingSubmitted={previous.data?.status === "completing"}
        aside={aside}
      />
    );
  }
  return (
    <Page
      title={interview ? "Continue your interview" : "Before you start"}
      aside={aside}
      size="middle"
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Paper withBorder p="lg">
            <Stack>
              {interview
                ? <Title order={2} size="h4">{span(secondsLeft!)} left</Title>
                : <WhatToExpect />}
              {previous.data
                ? (
                  <PreviousSessionNotice
                    previous={previous.data}
                    refusal={state.name === "held" ? state.message : undefined}
                    isBusy={isStarting}
                    onTakeOver={() => onStart({ takeover: true })}
                  />
                )
                : (
                  <Button
                    size="md"
                    loading={isStarting}
                    // a start works even if neither could be read
                    disabled={receipt.isPending || previous.isPending}
                    onClick={() => onStart({ takeover: false })}
                  >
                    {interview
                      ? "Continue the interview"
                      : "Start the interview"}
                  </Button>
                )}
              <Text role="status" size="sm" className={classes.said}>
                {isStarting
                  ? "Getting your interview ready…"
                  : receipt.isError
                  ? "The server does not answer at the moment. You can start all the same."
                  : ""}
              </Text>
              {interview && <WhatToExpect isRunning />}
            </Stack>
          </Paper>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Devices stream={stream} onStream={onStream} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function WhatToExpect({ isRunning = false }: { isRunning?: boolean }) {
  const length = useInterviewLength();
  const time = length.data ? `, in ${span(length.data)}` : "";
  return (
    <>
      {!isRunning && <Title order={2} size="h4">What to expect</Title>}
      <List spacing="xs">
        <List.Item>
          {questions.length} questions, answered in writing{time}.
        </List.Item>
        <List.Item>
          The clock {isRunning ? "does" : "starts with the interview and does"}
          {" "}
          not stop, even if you leave or your browser crashes. When the time is
          up, your answers are submitted.
        </List.Item>
        <List.Item>
          Your answers are saved as you write. After a crash, open this page
          again, on any device, and continue.
        </List.Item>
        <List.Item>You can submit once.</List.Item>
      </List>
    </>
  );
}
