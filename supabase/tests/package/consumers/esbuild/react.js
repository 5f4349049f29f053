export { useSecondsLeft, useSessionState } from "interview-sessions/react";
