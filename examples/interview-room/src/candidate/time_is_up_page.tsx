// The time is up, and the interview was not submitted.
import { Alert, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Page } from "../app/page.tsx";
import { questions } from "../interview.ts";
import { dayAndTime, plural } from "../words.ts";
import type { Receipt } from "./queries.ts";

export function TimeIsUpPage(
  { receipt, isBeingSubmitted = false, notSaved = 0, aside }: {
    receipt: Receipt | null | undefined;
    /** Another page is submitting it. */
    isBeingSubmitted?: boolean;
    /** How many answers of this device the server has not, or not as they are. */
    notSaved?: number;
    aside: ReactNode;
  },
) {
  return (
    <Page
      title="Your time is up"
      lead={isBeingSubmitted
        ? "Your interview is being submitted on another page."
        : "Your interview ended before it was submitted."}
      aside={aside}
    >
      {receipt && (
        <Text mb="md">
          It ended on {dayAndTime(receipt.deadline_at)}.
          {receipt.answered !== null && (
            <>
              {" "}The server has {receipt.answered} of{" "}
              {plural(questions.length, "answer")}.
            </>
          )}
        </Text>
      )}
      {notSaved > 0 && (
        <Alert
          variant="light"
          color="red"
          title="Not everything was saved"
          mb="md"
        >
          {plural(notSaved, "answer")}{" "}
          changed after the last save. The changes are only on this device.
        </Alert>
      )}
      {!isBeingSubmitted && (
        <Text>
          If something went wrong, contact us. If you are given more time, this
          page lets you continue.
        </Text>
      )}
    </Page>
  );
}
