// The camera, if there is one and the candidate wants it: nobody needs it.
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

  function turnOff() {
    setStream(undefined);
    setState("off");
  }

  return (
    <section className="camera" aria-label="Camera">
      <div className="picture">
        {state === "on"
          ? <video ref={video} autoPlay muted playsInline aria-label="You" />
          : (
            <div className="placeholder">
              <span className="silhouette" aria-hidden="true" />
              <p role="status">{sayings[state]}</p>
            </div>
          )}
      </div>
      {state === "on"
        ? <button type="button" onClick={turnOff}>Turn the camera off</button>
        : (
          <button type="button" disabled={state === "asking"} onClick={turnOn}>
            Turn the camera on
          </button>
        )}
    </section>
  );
}

const sayings = {
  off: "Your camera is off. You do not need it.",
  asking: "Your browser asks whether it may.",
  none: "No camera could be used. That is fine.",
};
