// Whether the interview is recorded, and how far its upload is.
import { Alert, Progress, Stack, Text } from "@mantine/core";
import type { RecordingState } from "./recording.ts";

export function RecordingStatus({ state }: { state: RecordingState }) {
  const { isRecording, upload, problem } = state;
  return (
    <Stack gap="xs">
      <div role="status" aria-label="Recording">
        {isRecording && <Text>Your interview is being recorded.</Text>}
        {problem && (
          <Alert variant="light" color="yellow">{problem.message}</Alert>
        )}
        {upload.name === "uploading" && (
          <Text>
            {isRecording
              ? "Uploading an earlier part of the recording…"
              : "Uploading the recording…"}
          </Text>
        )}
        {upload.name === "done" && !isRecording && (
          <Text>The recording is uploaded.</Text>
        )}
        {upload.name === "failed" && (
          <Alert variant="light" color="yellow">
            {upload.problem.message}
          </Alert>
        )}
      </div>
      {upload.name === "uploading" && (
        <Progress
          value={upload.fraction * 100}
          aria-label="Upload of the recording"
        />
      )}
    </Stack>
  );
}
