// Camera and microphone: checked before the interview, or in it.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { DeviceCheck } from "../recording/device_check.tsx";
import type { RecordingState } from "../recording/recording.ts";
import { RecordingStatus } from "../recording/recording_status.tsx";

interface StreamProps {
  stream: MediaStream | null;
  onStream(stream: MediaStream | null): void;
}

/** On the start page. */
export function Devices({ stream, onStream }: StreamProps) {
  return (
    <Paper component="section" aria-labelledby="devices" withBorder p="lg">
      <Title order={2} size="h4" id="devices" mb="sm">
        Camera and microphone
      </Title>
      {stream
        ? (
          <Stack>
            <Text role="status">
              Ready. The recording begins with the interview.
            </Text>
            <Group>
              <Button variant="default" onClick={() => onStream(null)}>
                Turn off
              </Button>
            </Group>
          </Stack>
        )
        : <DeviceCheck onReady={onStream} />}
    </Paper>
  );
}

/** In the interview. */
export function Recorded(
  { state, stream, onStream }: StreamProps & { state: RecordingState },
) {
  if (!stream) return <Devices stream={stream} onStream={onStream} />;
  return (
    <Paper component="section" aria-labelledby="recording" withBorder p="lg">
      <Title order={2} size="h4" id="recording" mb="sm">Recording</Title>
      <RecordingStatus state={state} />
    </Paper>
  );
}
