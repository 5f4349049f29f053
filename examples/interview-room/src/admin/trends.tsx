// How sessions ended, over time. Loaded only when it is shown: the charts are the
// largest part of the page.
import { BarChart, LineChart } from "@mantine/charts";
import "@mantine/charts/styles.css";
import "@mantine/core/styles/ColorSwatch.css";
import { Group, NativeSelect, Paper, Stack, Text, Title } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { AdminEndedBucket, EndReason } from "interview-sessions";
import type { Address } from "./address.ts";
import type { Queries, Spans } from "./api.ts";
import classes from "./admin.module.css";
import { PeriodChoice } from "./lists.tsx";
import {
  count,
  counted,
  exactDuration,
  periods,
  reasonNames,
} from "./words.ts";

const { all: _all, ...offered } = periods;

const colors: Record<EndReason, string> = {
  completed: "teal.6",
  disconnected: "blue.5",
  cleared: "gray.6",
  taken_over: "violet.5",
  expired: "orange.6",
  timed_out: "yellow.6",
  revoked: "red.6",
};
const reasons = Object.keys(reasonNames) as EndReason[];

export default function Trends(
  { address, queries }: { address: Address; queries: Queries },
) {
  const period = address.period === "all" ? "month" : address.period;
  const { data, error } = useQuery(queries.buckets(period));
  return (
    <Stack>
      <div className={classes.filters}>
        <PeriodChoice address={{ ...address, period }} offered={offered} />
      </div>
      {data
        ? (
          <>
            <EndedByReason key={period} spans={data} rows={data.rows} />
            <Durations spans={data} rows={data.rows} />
          </>
        )
        : (
          <Paper withBorder p="xl">
            <Text role="status" ta="center" c="dimmed">
              {error
                ? "The charts could not be loaded. Trying again…"
                : "Loading…"}
            </Text>
          </Paper>
        )}
    </Stack>
  );
}

interface ChartProps {
  spans: Spans;
  rows: AdminEndedBucket[];
}

/** The rows of each span, and what it is called. */
function bucketsOf({ spans: { starts, lengthMs }, rows }: ChartProps) {
  const byTime = Map.groupBy(rows, (row) => Date.parse(row.ended_from));
  return starts.map((start, i) => ({
    // the last one is still running: its bar will grow
    name: nameOfSpan(start, lengthMs) +
      (i === starts.length - 1 ? "–now" : ""),
    rows: byTime.get(start) ?? [],
  }));
}

const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const hour = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function nameOfSpan(start: number, lengthMs: number): string {
  const time = hour.format(start);
  if (lengthMs >= 86_400_000) return day.format(start);
  return lengthMs > 3_600_000 ? `${day.format(start)}, ${time}` : time;
}

/** How many ended, stacked by reason. */
function EndedByReason(props: ChartProps) {
  const buckets = bucketsOf(props);
  const seen = reasons.filter((reason) =>
    props.rows.some(({ end_reason }) => end_reason === reason)
  );
  const numberOf = (rows: AdminEndedBucket[], reason: EndReason) =>
    rows.find(({ end_reason }) => end_reason === reason)?.sessions ?? 0;
  const inAll = (reason: EndReason) =>
    buckets.reduce((sum, { rows }) => sum + numberOf(rows, reason), 0);
  const highest = Math.max(
    ...buckets.map(({ rows }) =>
      rows.reduce((sum, { sessions }) => sum + sessions, 0)
    ),
  );
  const total = seen.reduce((sum, reason) => sum + inAll(reason), 0);
  return (
    <Chart
      title="How sessions ended"
      summary={total === 0
        ? "No session has ended in this period."
        : `${counted(total, "session")} ended: ${
          seen.map((reason) =>
            `${count(inAll(reason))} ${reasonNames[reason].toLowerCase()}`
          ).join(", ")
        }.`}
      columns={["From", ...seen.map((reason) => reasonNames[reason])]}
      lines={buckets.filter(({ rows }) => rows.length > 0).map((bucket) => [
        bucket.name,
        ...seen.map((reason) => count(numberOf(bucket.rows, reason))),
      ])}
      isEmpty={total === 0}
    >
      {(common) => (
        <BarChart
          {...common}
          type="stacked"
          dataKey="name"
          data={buckets.map(({ name, rows }) => ({
            name,
            ...Object.fromEntries(
              seen.map((reason) => [reason, numberOf(rows, reason)]),
            ),
          }))}
          series={seen.map((reason) => ({
            name: reason,
            label: reasonNames[reason],
            color: colors[reason],
          }))}
          valueFormatter={count}
          yAxisProps={axisUpTo(highest)}
          referenceAreas={[{
            x1: buckets.at(-1)?.name,
            x2: buckets.at(-1)?.name,
            color: "gray.5",
            fillOpacity: 0.2,
          }]}
          barProps={{ isAnimationActive: common.isAnimated }}
        />
      )}
    </Chart>
  );
}

/** The median and the longest duration of those that ended so. */
function Durations(props: ChartProps) {
  const [reason, setReason] = useState<EndReason>("completed");
  const buckets = bucketsOf(props).map((bucket) => ({
    ...bucket,
    found: bucket.rows.find(({ end_reason }) => end_reason === reason),
  }));
  const found = buckets.flatMap(({ found }) => found ?? []);
  const longest = Math.max(0, ...found.map((row) => row.longest_seconds));
  return (
    <Chart
      title="How long they took"
      beside={
        <NativeSelect
          label="Sessions that ended as"
          value={reason}
          onChange={({ currentTarget: { value } }) =>
            setReason(value as EndReason)}
          data={reasons.map((value) => ({ value, label: reasonNames[value] }))}
        />
      }
      summary={found.length === 0
        ? "None in this period."
        : `The longest took ${exactDuration(longest)}. The latest median is ${
          exactDuration(found.at(-1)!.median_seconds)
        }.`}
      columns={["From", "Sessions", "Median", "Longest"]}
      lines={buckets.flatMap((bucket) =>
        bucket.found
          ? [[
            bucket.name,
            count(bucket.found.sessions),
            exactDuration(bucket.found.median_seconds),
            exactDuration(bucket.found.longest_seconds),
          ]]
          : []
      )}
      isEmpty={found.length === 0}
    >
      {(common) => (
        <LineChart
          {...common}
          dataKey="name"
          data={buckets.map(({ name, found }) => ({
            name,
            // null: a gap, not a zero
            median: found ? found.median_seconds / 60 : null,
            longest: found ? found.longest_seconds / 60 : null,
          }))}
          series={[
            { name: "median", label: "Median", color: "indigo.6" },
            {
              name: "longest",
              label: "Longest",
              color: "orange.6",
              strokeDasharray: "4 3",
            },
          ]}
          curveType="linear"
          connectNulls={false}
          valueFormatter={(minutes) => exactDuration(minutes * 60)}
          yAxisProps={{
            ...axisUpTo(longest / 60),
            tickFormatter: (minutes) => `${minutes} min`,
          }}
          referenceLines={[{ x: buckets.at(-1)?.name, color: "gray.5" }]}
          lineProps={{ isAnimationActive: common.isAnimated }}
        />
      )}
    </Chart>
  );
}

/** An axis from zero, with about four marks at round numbers. */
function axisUpTo(highest: number) {
  const rough = Math.max(highest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5].map((n) => n * power).find((n) => n >= rough) ?? 10 * power,
  );
  const marks = Math.max(Math.ceil(highest / step), 1);
  return {
    domain: [0, marks * step] as [number, number],
    ticks: Array.from({ length: marks + 1 }, (_, i) => i * step),
  };
}

function Chart(
  { title, summary, beside, columns, lines, isEmpty, children }: {
    title: string;
    /** The text alternative. */
    summary: string;
    beside?: ReactNode;
    columns: string[];
    lines: string[][];
    isEmpty: boolean;
    children: (common: {
      h: number;
      withLegend: boolean;
      accessibilityLayer: boolean;
      tickLine: "none";
      isAnimated: boolean;
    }) => ReactNode;
  },
) {
  const isAnimated = !useReducedMotion();
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      <Group justify="space-between" align="end" mb="xs">
        <div>
          <Title order={2} size="h4">{title}</Title>
          <Text size="sm" c="dimmed">{summary}</Text>
        </div>
        {beside}
      </Group>
      {!isEmpty && (
        <>
          {/* the summary and the table say the same */}
          <div aria-hidden="true" className={classes.chart}>
            {children({
              h: 260,
              withLegend: true,
              accessibilityLayer: false,
              tickLine: "none",
              isAnimated,
            })}
          </div>
          <details className={classes.reason}>
            <summary>Show as a table</summary>
            <div
              className={classes.scroll}
              tabIndex={0}
              role="region"
              aria-label={`${title}: table`}
            >
              <table className={classes.plain}>
                <thead>
                  <tr>
                    {columns.map((name) => (
                      <th key={name} scope="col">{name}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {lines.map(([first, ...rest]) => (
                    <tr key={first}>
                      <th scope="row">{first}</th>
                      {rest.map((cell, i) => (
                        <td key={columns[i + 1]}>{cell}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </Paper>
  );
}
