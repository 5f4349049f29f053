// Before submitting: what is answered and what is not. It can be done once.
import {
  Alert,
  Anchor,
  Button,
  Group,
  Paper,
  Stack,
  Text,
} from "@mantine/core";
import type { DraftsState } from "interview-sessions/drafts";
import { questions } from "../interview.ts";
import { plural } from "../words.ts";
import { keyOf, unanswered } from "./answers_table.ts";
import classes from "./candidate.module.css";

export function Review(
  { answers, onSubmit, onBack }: {
    answers: DraftsState;
    onSubmit(): void;
    /** Leads to a question, if one is given. */
    onBack(index?: number): void;
  },
) {
  const missing = unanswered(answers);
  return (
    <Stack gap="lg">
      <Alert
        color={missing.length > 0 ? "yellow" : "indigo"}
        title={missing.length > 0
          ? `${plural(missing.length, "question")} not answered`
          : "All questions are answered"}
      >
        After you submit, you cannot change your answers or start again.
      </Alert>
      <Paper component="ol" withBorder className={classes.review}>
        {questions.map((question, index) => (
          <li key={index}>
            <Text fw={600}>{question}</Text>
            <Text className={classes.excerpt} c="dimmed">
              {answers.drafts[keyOf(index)]?.text.trim() || "Not answered"}
            </Text>
            <Anchor
              component="button"
              type="button"
              size="sm"
              aria-label={`Edit answer ${index + 1}`}
              onClick={() => onBack(index)}
            >
              Edit
            </Anchor>
          </li>
        ))}
      </Paper>
      <Group>
        <Button onClick={onSubmit}>
          {missing.length > 0 ? "Submit anyway" : "Submit"}
        </Button>
        <Button variant="default" onClick={() => onBack()}>
          Back to the questions
        </Button>
      </Group>
    </Stack>
  );
}
