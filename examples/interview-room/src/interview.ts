// The interview of this app. Each candidate has one: the database allows no other
// interview_id (schema.sql).

export const interviewId = "application";

/** In their order. In a real product a model asks, and listens. */
export const questions = [
  "Tell us about a piece of work you are proud of. What was your part in it?",
  "Describe a decision you made with too little information. What did you do?",
  "When did you last change your mind at work, and what changed it?",
  "How do you help somebody who has just joined your team?",
  "What would you like to learn in your next position, and why?",
] as const;
