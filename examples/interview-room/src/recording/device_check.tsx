// The check of camera and microphone before the interview. Nobody needs either.
import { Alert, Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import "./recording.css";
import {
  type Choice,
  close,
  type Devices,
  listDevices,
  listen,
  openDevices,
} from "./devices.ts";
import type { RecordingProblem } from "./problem.ts";

type Check =
  | { name: "idle" }
  | { name: "asking" }
  | { name: "on"; stream: MediaStream }
  | { name: "failed"; problem: RecordingProblem };

/**
 * Asks for the devices on a click, and shows that they work. `onReady` gets what is
 * to be recorded, which then belongs to the caller; null: nothing.
 */
export function DeviceCheck(
  { onReady }: { onReady(stream: MediaStream | null): void },
) {
  const [check, setCheck] = useState<Check>({ name: "idle" });
  const opened = useRef<MediaStream>(null);
  /** The answer to an earlier question may still come. */
  const question = useRef(0);
  useEffect(() => reset, []);

  function reset() {
    question.current++;
    close(opened.current);
    opened.current = null;
  }

  async function open(choice?: Choice) {
    reset();
    const asked = question.current;
    setCheck({ name: "asking" });
    try {
      const stream = await openDevices(choice);
      if (asked !== question.current) return close(stream);
      opened.current = stream;
      setCheck({ name: "on", stream });
    } catch (problem) {
      if (asked !== question.current) return;
      setCheck({ name: "failed", problem: problem as RecordingProblem });
    }
  }

  function finish(stream: MediaStream | null) {
    if (stream) opened.current = null;
    reset();
    setCheck({ name: "idle" });
    onReady(stream);
  }

  return (
    <Stack component="section" aria-label="Camera and microphone check">
      <div role="status">
        {check.name === "idle" && (
          <Text>
            Your camera and microphone record the interview. You can also
            continue without them.
          </Text>
        )}
        {check.name === "asking" && (
          <Text>Your browser may ask for permission. Choose Allow.</Text>
        )}
        {check.name === "failed" && (
          <Alert variant="light" color="red">{check.problem.message}</Alert>
        )}
      </div>
      {check.name === "on" && (
        <Preview
          stream={check.stream}
          onChoose={(choice) => open(choice)}
        />
      )}
      <Group>
        {check.name === "on"
          ? <Button onClick={() => finish(check.stream)}>Use these</Button>
          : (
            <Button
              variant="outline"
              loading={check.name === "asking"}
              onClick={() => open()}
            >
              {check.name === "failed"
                ? "Check again"
                : "Check camera and microphone"}
            </Button>
          )}
        <Button variant="default" onClick={() => finish(null)}>
          Continue without
        </Button>
      </Group>
    </Stack>
  );
}

function Preview(
  { stream, onChoose }: {
    stream: MediaStream;
    onChoose(choice: Choice): void;
  },
) {
  const [camera] = stream.getVideoTracks();
  const [microphone] = stream.getAudioTracks();
  const { cameras, microphones } = useDevices();
  const choice = { camera: idOf(camera), microphone: idOf(microphone) };
  return (
    <Stack>
      {camera
        ? <Picture stream={stream} />
        : <Text>No camera was found. Only sound is recorded.</Text>}
      {camera && (
        <DeviceSelect
          label="Camera"
          devices={cameras}
          value={choice.camera}
          onChange={(camera) => onChoose({ ...choice, camera })}
        />
      )}
      {microphone
        ? <Level stream={stream} />
        : <Text>No microphone was found. Sound is not recorded.</Text>}
      {microphone && (
        <DeviceSelect
          label="Microphone"
          devices={microphones}
          value={choice.microphone}
          onChange={(microphone) => onChoose({ ...choice, microphone })}
        />
      )}
    </Stack>
  );
}

function idOf(track?: MediaStreamTrack): string | undefined {
  return track?.getSettings().deviceId;
}

function Picture({ stream }: { stream: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return (
    <video
      ref={video}
      autoPlay
      muted
      playsInline
      aria-label="Your camera"
      width="100%"
    />
  );
}

function Level({ stream }: { stream: MediaStream }) {
  const [level, setLevel] = useState(0);
  useEffect(() => listen(stream, setLevel), [stream]);
  return (
    <Stack gap={4}>
      <Text size="sm">
        Say something: the bar moves while your microphone hears you.
      </Text>
      <meter
        aria-label="Microphone level"
        value={level}
        style={{ width: "100%" }}
      />
    </Stack>
  );
}

function DeviceSelect(
  { label, devices, value, onChange }: {
    label: string;
    devices: MediaDeviceInfo[];
    value: string | undefined;
    onChange(id: string): void;
  },
) {
  return (
    <NativeSelect
      label={label}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={devices.map((device, index) => ({
        value: device.deviceId,
        label: device.label || `${label} ${index + 1}`,
      }))}
    />
  );
}

function useDevices(): Devices {
  const [devices, setDevices] = useState<Devices>({
    cameras: [],
    microphones: [],
  });
  useEffect(() => {
    let isCurrent = true;
    const list = async () => {
      const listed = await listDevices();
      if (isCurrent) setDevices(listed);
    };
    void list();
    navigator.mediaDevices.addEventListener("devicechange", list);
    return () => {
      isCurrent = false;
      navigator.mediaDevices.removeEventListener("devicechange", list);
    };
  }, []);
  return devices;
}
