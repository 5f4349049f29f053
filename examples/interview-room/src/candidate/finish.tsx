// The way out of the interview: to the review, or to leave.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { InterviewSession } from "interview-sessions";
import type { DraftsState } from "interview-sessions/drafts";
import { useState } from "react";
import { Dialog } from "../app/dialog.tsx";
import { questions } from "../interview.ts";
import { plural, span } from "../words.ts";
import { notOnTheServer, unanswered } from "./answers_table.ts";

export function Finish(
  { session, answers, onReview, onLeave }: {
    session: InterviewSession;
    answers: DraftsState;
    onReview(): void;
    onLeave(): Promise<void>;
  },
) {
  const [isAsked, setIsAsked] = useState(false);
  const answered = questions.length - unanswered(answers).length;
  return (
    <Paper component="section" aria-labelledby="finish" withBorder p="lg">
      <Stack>
        <Title order={2} size="h4" id="finish">Finish</Title>
        <Text>
          You have answered {answered} of{" "}
          {plural(questions.length, "question")}.
        </Text>
        <Group>
          <Button disabled={answers.isRestoring} onClick={onReview}>
            Review and submit
          </Button>
          <Button variant="default" onClick={() => setIsAsked(true)}>
            Leave
          </Button>
        </Group>
      </Stack>
      <Dialog
        title="Leave the interview?"
        isOpen={isAsked}
        onClose={() => setIsAsked(false)}
      >
        <LeaveQuestion
          session={session}
          answers={answers}
          onStay={() => setIsAsked(false)}
          onLeave={onLeave}
        />
      </Dialog>
    </Paper>
  );
}

function LeaveQuestion(
  { session, answers, onStay, onLeave }: {
    session: InterviewSession;
    answers: DraftsState;
    onStay(): void;
    onLeave(): Promise<void>;
  },
) {
  const [isLeaving, setIsLeaving] = useState(false);
  const left = session.secondsLeft();
  const unsaved = notOnTheServer(answers);
  return (
    <Stack>
      <Text>
        Your interview is not submitted. The clock goes on
        {left === undefined ? "" : `: ${span(left)} left`}. You can come back
        until then, on any device.
      </Text>
      <Text>
        {unsaved > 0
          ? `${
            plural(unsaved, "answer")
          } will be on this device only, if the connection does not come back.`
          : "Your answers are saved."}
      </Text>
      <Group>
        <Button data-autofocus onClick={onStay}>Stay</Button>
        <Button
          variant="default"
          loading={isLeaving}
          onClick={() => {
            setIsLeaving(true);
            void onLeave();
          }}
        >
          Leave the interview
        </Button>
      </Group>
    </Stack>
  );
}
