export * from "interview-sessions";
