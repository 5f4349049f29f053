// The interview is submitted: what the server has of it.
import { Button, Paper, Skeleton, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Page } from "../app/page.tsx";
import { questions } from "../interview.ts";
import { dayAndTime } from "../words.ts";
import classes from "./candidate.module.css";
import { useReceipt } from "./queries.ts";

/** Shown only after the server has said that the interview is submitted. */
export function ReceiptPage(
  { userId, wasAutomatic = false, aside }: {
    userId: string;
    /** Submitted because the time was up. */
    wasAutomatic?: boolean;
    aside: ReactNode;
  },
) {
  const receipt = useReceipt(userId);
  const submittedAt = receipt.data?.submitted_at;
  return (
    <Page
      title="Submitted"
      lead={wasAutomatic
        ? "Time was up, and your answers were submitted."
        : "Thank you. You can close this page."}
      aside={aside}
    >
      <Paper withBorder p="lg">
        {submittedAt
          ? (
            <dl className={`${classes.facts} ${classes.receipt}`}>
              <div>
                <dt>Submitted</dt>
                <dd>{dayAndTime(submittedAt)}</dd>
              </div>
              <div>
                <dt>Answers</dt>
                <dd>
                  {receipt.data!.answered ?? "–"} of {questions.length}
                </dd>
              </div>
            </dl>
          )
          : receipt.isError
          ? (
            <Stack>
              <Text>
                Your interview is submitted. Its details cannot be shown at the
                moment.
              </Text>
              <Button
                variant="default"
                loading={receipt.isFetching}
                onClick={() => void receipt.refetch()}
              >
                Try again
              </Button>
            </Stack>
          )
          : <Skeleton h="4rem" />}
      </Paper>
    </Page>
  );
}
