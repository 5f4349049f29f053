// The alarm, with what to do about it, and the figures behind it.
import { Alert, Button, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type {
  InterviewSessionHistory,
  SessionHealth,
} from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { useToast } from "../app/toasts.tsx";
import { secondsSince } from "../server_time.ts";
import { useAddress } from "./address.ts";
import classes from "./admin.module.css";
import { alarmOf } from "./alarm.ts";
import { call } from "./api.ts";
import { PageLink } from "./link.tsx";
import { ago, count, counted, size } from "./words.ts";

export function Health({ health }: { health: SessionHealth }) {
  return (
    <section aria-label="Health" className={classes.health}>
      <Verdict health={health} />
      <Figures health={health} />
    </section>
  );
}

function Verdict({ health }: { health: SessionHealth }) {
  const alarm = alarmOf(health);
  const hasSomeToCleanUp = (health.stale ?? 0) > 0;
  const color = { ok: "teal", warning: "orange", critical: "red" };
  return (
    <Alert
      role="presentation"
      variant="light"
      color={color[health.status]}
      className={classes.verdict}
      data-status={health.status}
    >
      <Group justify="space-between" align="center" gap="md">
        <div className={classes.grows}>
          {/* announced when it changes, which its figures do not */}
          <p role={alarm ? "alert" : "status"} className={classes.unseen}>
            {health.status === "ok"
              ? "All is well"
              : `${severities[health.status]}: the system needs attention`}
          </p>
          <h2 className={classes.verdictTitle}>
            {alarm
              ? `${severities[health.status]}: ${alarm.title}`
              : "All is well"}
          </h2>
          <Text size="sm">{alarm?.advice ?? lastCleanUp(health)}</Text>
          {alarm && (
            <details className={classes.reason}>
              <summary>For developers</summary>
              <p>{health.reason}</p>
            </details>
          )}
        </div>
        {alarm?.isAboutDeliveries && <ToDeliveries />}
        {(alarm && !alarm.isAboutDeliveries || hasSomeToCleanUp) && <CleanUp />}
      </Group>
    </Alert>
  );
}

function ToDeliveries() {
  const address = useAddress();
  if (address.view === "deliveries") return null;
  return (
    <PageLink
      to={{ ...address, view: "deliveries", sort: undefined, page: 1 }}
    >
      Show deliveries
    </PageLink>
  );
}

const severities = { ok: "OK", warning: "Warning", critical: "Alarm" };

function lastCleanUp({ last_reap_at }: SessionHealth): string {
  return last_reap_at
    ? `The last clean-up was ${ago(secondsSince(last_reap_at))}.`
    : "";
}

/** So many batches at most, each of a thousand sessions. */
const mostBatches = 10;

function CleanUp() {
  const { supabase } = useApp();
  const queries = useQueryClient();
  const toast = useToast();
  const cleaning = useMutation({
    networkMode: "always",
    async mutationFn() {
      let total = 0;
      for (let batch = 0; batch < mostBatches; batch++) {
        const rows = await call<InterviewSessionHistory[]>(
          supabase,
          "admin_reap_stale_sessions",
        );
        total += rows.length;
        if (rows.length < 1000) break;
      }
      return total;
    },
    onSuccess: (total) =>
      toast(
        total === 0
          ? "Nothing had to be cleaned up."
          : `Cleaned up ${counted(total, "session")}.`,
      ),
    onError: (error) => toast(`The clean-up failed: ${error.message}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
  return (
    <Button
      variant="default"
      loading={cleaning.isPending}
      onClick={() => cleaning.mutate()}
    >
      Clean up now
    </Button>
  );
}

function Figures({ health }: { health: SessionHealth }) {
  const ended = health.ended_last_day &&
    Object.values(health.ended_last_day).reduce((sum, n) => sum + n, 0);
  const bytes = health.active_table_bytes !== null &&
      health.history_table_bytes !== null
    ? health.active_table_bytes + health.history_table_bytes
    : null;
  const figures: [name: string, value: string][] = [
    ["Live", figure(health.live)],
    ["Submitting", figure(health.completing)],
    ["Over, not cleaned up", figure(health.stale)],
    [
      "Ended in 24 hours",
      // the database counts the latest 2000
      ended === 2000 ? "2,000+" : figure(ended),
    ],
    ["In the history, about", figure(health.history_rows)],
    ["Space used", bytes === null ? "–" : size(bytes)],
  ];
  return (
    <dl className={classes.figures}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A figure is null if the health could not be determined. */
function figure(number: number | null): string {
  return number === null ? "–" : count(number);
}
