// Camera and microphone: checked before the interview, or in it.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { DeviceCheck } from "../recording/device_check.tsx";
import type { RecordingState } from "../recording/recording.ts";
import { RecordingStatus } from "../recording/recording_status.tsx";

interface StreamProps {
  stream: MediaStream | null;
  onStream(stream: MediaStream | null): void;
}

/** On the start page. */
export function Devices(props: StreamProps) {
  return (
    <DeviceSection title="Camera and microphone" checksAtOnce {...props}>
      <Choice
        text="Ready. The recording begins with the interview."
        button="Turn off"
        onPress={() => props.onStream(null)}
      />
    </DeviceSection>
  );
}

/** In the interview. */
export function Recorded(
  { state, ...props }: StreamProps & { state: RecordingState },
) {
  return (
    <DeviceSection title="Recording" checksAtOnce={false} {...props}>
      <RecordingStatus state={state} />
    </DeviceSection>
  );
}

/** Shows `children` while there is a stream, else how to get one. */
function DeviceSection(
  { title, checksAtOnce, stream, onStream, children }: StreamProps & {
    title: string;
    checksAtOnce: boolean;
    children: ReactNode;
  },
) {
  const [isChecking, setIsChecking] = useState(checksAtOnce);
  return (
    <Section title={title}>
      {stream ? children : isChecking
        ? (
          <DeviceCheck
            onReady={(stream) => {
              setIsChecking(false);
              onStream(stream);
            }}
          />
        )
        : <NotRecorded onCheck={() => setIsChecking(true)} />}
    </Section>
  );
}

function NotRecorded({ onCheck }: { onCheck(): void }) {
  return (
    <Choice
      text="Your interview is not recorded. You can record it if you want to."
      button="Use camera and microphone"
      onPress={onCheck}
    />
  );
}

function Choice(
  { text, button, onPress }: {
    text: string;
    button: string;
    onPress(): void;
  },
) {
  return (
    <Stack>
      <Text role="status">{text}</Text>
      <Group>
        <Button variant="default" onClick={onPress}>{button}</Button>
      </Group>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper component="section" aria-labelledby="recording" withBorder p="lg">
      <Title order={2} size="h4" id="recording" mb="sm">{title}</Title>
      {children}
    </Paper>
  );
}
