// A question, its answer, and where the answer is kept.
import { Alert, Button, Paper, Skeleton, Text, Textarea } from "@mantine/core";
import type { DraftState, EarlierText } from "interview-sessions/drafts";
import { timeOfDay } from "../words.ts";
import classes from "./candidate.module.css";

const nothing: DraftState = {
  text: "",
  status: "empty",
  savedAt: null,
  earlier: [],
};

export function AnswerField(
  { index, question, draft = nothing, isRestoring, onWrite, onDiscard }: {
    index: number;
    question: string;
    draft: DraftState | undefined;
    /** What was written before is not known yet. */
    isRestoring: boolean;
    onWrite(text: string): void;
    /** Forgets the versions that were not carried over. */
    onDiscard(): void;
  },
) {
  const name = `Question ${index + 1}`;
  return (
    <Paper component="article" aria-label={name} withBorder p="lg">
      {isRestoring
        ? (
          <>
            <Text component="div" className={classes.question}>
              <span className={classes.number}>{name}</span> {question}
            </Text>
            <Skeleton h="7.5rem" />
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
      {draft.earlier.length > 0 && (
        <Earlier texts={draft.earlier} onDiscard={onDiscard} />
      )}
    </Paper>
  );
}

/** What was written elsewhere, and lost against a newer version. */
function Earlier(
  { texts, onDiscard }: { texts: readonly EarlierText[]; onDiscard(): void },
) {
  return (
    <Alert color="yellow" mt="sm" title="An older version was replaced">
      {texts.map(({ text, at }) => (
        <Text key={text} size="sm" mb="xs" className={classes.earlier}>
          {timeOfDay(at)}: {text}
        </Text>
      ))}
      <Button size="compact-sm" variant="default" onClick={onDiscard}>
        Discard the older version
      </Button>
    </Alert>
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
  { status, savedAt }: Pick<DraftState, "status" | "savedAt">,
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
