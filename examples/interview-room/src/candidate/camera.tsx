// The camera, if there is one and the candidate wants it: nobody needs it.
import { Button, Stack, Text, Title } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

type CameraState = "off" | "asking" | "on" | "none";

/** A preview, or a calm placeholder in the same place. */
export function Camera() {
  const [state, setState] = useState<CameraState>("off");
  const [stream, setStream] = useState<MediaStream>();
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    if (video.current) video.current.srcObject = stream ?? null;
    return () => stream?.getTracks().forEach((track) => track.stop());
  }, [stream]);

  async function turnOn() {
    setState("asking");
    try {
      setStream(await navigator.mediaDevices.getUserMedia({ video: true }));
      setState("on");
    } catch {
      setState("none");
    }
  }

  return (
    <Stack component="section" aria-label="Camera">
      <Title order={2} size="h4">Camera</Title>
      {state === "on" && (
        <video ref={video} autoPlay muted playsInline aria-label="You" />
      )}
      <Text role="status">{sayings[state]}</Text>
      {state === "on"
        ? (
          <Button
            variant="default"
            onClick={() => {
              setStream(undefined);
              setState("off");
            }}
          >
            Turn the camera off
          </Button>
        )
        : (
          <Button
            variant="default"
            loading={state === "asking"}
            onClick={() => void turnOn()}
          >
            Turn the camera on
          </Button>
        )}
    </Stack>
  );
}

const sayings = {
  off: "Your camera is off. You do not need it.",
  asking: "Your browser asks for permission.",
  on: "",
  none: "No camera could be used. You do not need one.",
};
