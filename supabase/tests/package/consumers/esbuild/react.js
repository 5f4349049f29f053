export * from "interview-sessions/react";
