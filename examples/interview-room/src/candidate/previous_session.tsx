// An interview that is open on another page: on which device, since when, and the
// button that continues it here.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useSecondTick } from "../app/use_second_tick.ts";
import { secondsSince } from "../server_time.ts";
import { ago } from "../words.ts";
import classes from "./candidate.module.css";
import type { PreviousSession } from "./queries.ts";

interface PreviousSessionProps {
  previous: PreviousSession;
  /** Why it could not be ended here. */
  refusal?: string | undefined;
  isBusy: boolean;
  onTakeOver(): void;
}

/** As a part of the start page. */
export function PreviousSessionNotice(props: PreviousSessionProps) {
  return (
    <Paper
      component="section"
      withBorder
      p="md"
      className={classes.notice}
      aria-labelledby="previous-session"
    >
      <Title order={3} size="h5" id="previous-session" mb="sm">
        Previous session detected
      </Title>
      <PreviousSessionDetails {...props} />
    </Paper>
  );
}

export function PreviousSessionDetails(
  { previous, refusal, isBusy, onTakeOver }: PreviousSessionProps,
) {
  useSecondTick();
  const { device, status, created_at, updated_at } = previous;
  return (
    <Stack>
      <dl className={classes.facts}>
        <Fact name="Device" value={device || "Unknown device"} />
        <Fact name="Started" value={ago(secondsSince(created_at))} />
        <Fact name="Last active" value={ago(secondsSince(updated_at))} />
      </dl>
      <Text size="sm">
        {status === "completing"
          ? "It is being submitted there. If you continue here, you have to submit again."
          : "If that window is closed or crashed, continue here. Your saved answers carry over."}
      </Text>
      <Text size="sm" role="status" fw={600} className={classes.said}>
        {refusal}
      </Text>
      <Group>
        <Button loading={isBusy} onClick={onTakeOver}>
          End it and continue here
        </Button>
      </Group>
    </Stack>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
