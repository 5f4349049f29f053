// While the interview is submitted, and when that failed.
import {
  Alert,
  Button,
  Group,
  Paper,
  Progress,
  Stack,
  Text,
} from "@mantine/core";
import type { SessionError, SessionState } from "interview-sessions";
import type { DraftsState } from "interview-sessions/drafts";

export function Submitting(
  { state, answers }: { state: SessionState; answers: DraftsState },
) {
  const isTroubled = "trouble" in state && state.trouble !== undefined;
  const areSaved = answers.status === "saved" || answers.status === "empty";
  return (
    <Paper withBorder p="lg">
      <Stack>
        <Progress value={100} animated aria-label="Submitting" />
        <Text role="status">
          {isTroubled
            ? "The connection is interrupted. Keep this page open: it tries again."
            : areSaved
            ? "Your answers are saved. Waiting for the server to confirm…"
            : "Saving your answers…"}
        </Text>
        <Text size="sm" c="dimmed">Keep this page open.</Text>
      </Stack>
    </Paper>
  );
}

export function NotSubmitted(
  { error, onAgain, onBack }: {
    error: SessionError;
    onAgain(): void;
    onBack(): void;
  },
) {
  return (
    <Stack>
      <Alert color="red" title="The server has not confirmed it">
        {inWords(error)} Your answers are kept on this device.
      </Alert>
      <Group>
        <Button onClick={onAgain}>Try again</Button>
        <Button variant="default" onClick={onBack}>
          Back to the questions
        </Button>
      </Group>
    </Stack>
  );
}

function inWords(error: SessionError): string {
  return error.kind === "unreachable"
    ? "The server cannot be reached. Check your connection."
    : error.kind === "work-failed"
    ? "Your answers could not be saved."
    : error.message;
}
