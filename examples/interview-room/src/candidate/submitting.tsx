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
import { RecordingProblem } from "../recording/problem.ts";
import type { UploadState } from "../recording/recording.ts";

export function Submitting(
  { state, answers, upload }: {
    state: SessionState;
    answers: DraftsState;
    upload: UploadState;
  },
) {
  const isTroubled = "trouble" in state && state.trouble !== undefined;
  const areSaved = answers.status === "saved" || answers.status === "empty";
  return (
    <Paper withBorder p="lg">
      <Stack>
        {upload.name === "uploading"
          ? (
            <Progress
              value={upload.fraction * 100}
              aria-label="Upload of the recording"
            />
          )
          : <Progress value={100} animated aria-label="Submitting" />}
        <Text role="status">
          {isTroubled
            ? "The connection is interrupted. Keep this page open: it tries again."
            : !areSaved
            ? "Saving your answers…"
            : upload.name === "uploading"
            ? "Your answers are saved. Uploading the recording…"
            : "Your answers are saved. Waiting for the server to confirm…"}
        </Text>
        <Text size="sm" c="dimmed">Keep this page open.</Text>
      </Stack>
    </Paper>
  );
}

export function NotSubmitted(
  { error, answers, onAgain, onBack }: {
    error: SessionError;
    answers: DraftsState;
    onAgain(o?: { upload(): Promise<void> }): void;
    onBack(): void;
  },
) {
  const title = isOfRecording(error)
    ? "The recording is not uploaded"
    : "The server has not confirmed it";
  return (
    <Stack>
      <Alert color="red" title={title}>
        {inWords(error)} {whereAnswersAre(answers)}
      </Alert>
      <Group>
        <Button onClick={() => onAgain()}>Try again</Button>
        {isOfRecording(error) && (
          <Button
            variant="default"
            onClick={() => onAgain({ upload: () => Promise.resolve() })}
          >
            Submit without the recording
          </Button>
        )}
        <Button variant="default" onClick={onBack}>
          Back to the questions
        </Button>
      </Group>
    </Stack>
  );
}

function whereAnswersAre({ status }: DraftsState): string {
  switch (status) {
    case "saved":
    case "empty":
      return "Your answers are saved.";
    case "kept":
      return "Your answers are kept on this device.";
    default:
      return "Keep this page open: not all of your answers are saved.";
  }
}

function isOfRecording(error: SessionError): boolean {
  return error.kind === "work-failed" &&
    error.cause instanceof RecordingProblem;
}

function inWords(error: SessionError): string {
  if (isOfRecording(error)) {
    return ((error as { cause?: unknown }).cause as RecordingProblem).message;
  }
  switch (error.kind) {
    case "unreachable":
      return "The server cannot be reached. Check your connection.";
    // a page of a proxy, say
    case "wrong-call":
      return "Something else than the server answers. Check your connection.";
    case "work-failed":
      return "Your answers could not be saved.";
    default:
      return error.message;
  }
}
