// A question, its answer, and where the answer is kept.
import { Paper, Skeleton, Text, Textarea } from "@mantine/core";
import type { DraftStatus } from "interview-sessions/drafts";
import { timeOfDay } from "../words.ts";
import classes from "./candidate.module.css";

/** What is written, and what has become of it. */
interface Draft {
  text: string;
  status: DraftStatus;
  savedAt: string | null;
}

const nothing: Draft = { text: "", status: "empty", savedAt: null };

export function AnswerField(
  { index, question, draft = nothing, isRestoring, onWrite }: {
    index: number;
    question: string;
    draft: Draft | undefined;
    /** What was written before is not known yet. */
    isRestoring: boolean;
    onWrite(text: string): void;
  },
) {
  const name = `Question ${index + 1}`;
  return (
    <Paper component="article" aria-label={name} withBorder p="lg">
      {isRestoring
        ? (
          <>
            <Text fw={600}>{name} {question}</Text>
            <Skeleton h="7rem" mt="sm" />
          </>
        )
        : (
          <Textarea
            id={idOf(index)}
            label={
              <>
                <span className={classes.number}>{name}</span> {question}
              </>
            }
            labelProps={{ className: classes.question }}
            description={statusInWords(draft)}
            inputWrapperOrder={["label", "input", "description"]}
            classNames={{ input: classes.answer }}
            maxLength={5000}
            value={draft.text}
            onChange={(event) => onWrite(event.currentTarget.value)}
          />
        )}
    </Paper>
  );
}

/** Moves the focus to the field of an answer. */
export function focusAnswer(index: number) {
  document.getElementById(idOf(index))?.focus();
}

function idOf(index: number): string {
  return `answer-${index + 1}`;
}

/** Claims no more than is certain. */
export function statusInWords(
  { status, savedAt }: Pick<Draft, "status" | "savedAt">,
): string {
  switch (status) {
    case "empty":
      return "Not answered yet";
    case "unsaved":
      return "Not saved yet";
    case "kept":
      return "Kept on this device";
    case "saving":
      return "Saving…";
    case "saved":
      return savedAt ? `Saved at ${timeOfDay(savedAt)}` : "Saved";
    case "refused":
      return "Not saved: this interview continues elsewhere";
  }
}
