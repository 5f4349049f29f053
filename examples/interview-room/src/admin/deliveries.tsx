// What other systems have not confirmed yet of the sessions that have ended, with why
// not and when it is tried again.
import { Button, NativeSelect, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { AdminDelivery, AdminEndpoint } from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { useToast } from "../app/toasts.tsx";
import { secondsSince } from "../server_time.ts";
import { type Address, go } from "./address.ts";
import classes from "./admin.module.css";
import { allDeliveries, type Queries, retryDeliveries } from "./api.ts";
import { type CsvColumn, csvOf, save } from "./csv.ts";
import { focusHeadingIfLost } from "./dialogs.tsx";
import { SessionLink } from "./link.tsx";
import { List, optionsOf } from "./lists.tsx";
import { columnsOf } from "./table.tsx";
import {
  ago,
  counted,
  deliveryStateNames,
  duration,
  endpointStateNames,
  moment,
  nameOf,
} from "./words.ts";

const columns = columnsOf<AdminDelivery>([
  {
    id: "email",
    heading: "User",
    sorted: { up: "A to Z", down: "Z to A" },
    cell: (row) => <SessionLink {...row}>{nameOf(row)}</SessionLink>,
  },
  {
    id: "endpoint",
    heading: "Endpoint",
    sorted: { up: "A to Z", down: "Z to A" },
    cell: ({ endpoint }) => endpoint,
  },
  {
    id: "state",
    heading: "State",
    cell: ({ state }) => (
      <State state={state} name={deliveryStateNames[state]} />
    ),
  },
  {
    id: "created_at",
    heading: "Session ended",
    isNumber: true,
    sorted: { up: "oldest first", down: "latest first" },
    cell: ({ created_at }) => moment(created_at),
  },
  {
    id: "attempts",
    heading: "Attempts",
    isNumber: true,
    sorted: { up: "fewest first", down: "most first" },
    cell: ({ attempts }) => `${attempts} of 12`,
  },
  {
    id: "due_at",
    heading: "Next attempt",
    isNumber: true,
    sorted: { up: "soonest first", down: "latest first" },
    cell: (row) => <NextAttempt delivery={row} />,
  },
  {
    id: "last_error",
    heading: "Last error",
    cell: ({ last_error }) => last_error ?? "—",
  },
]);

const csv: CsvColumn<AdminDelivery>[] = [
  ["email", ({ email }) => email],
  ["user_id", ({ user_id }) => user_id],
  ["session_id", ({ session_id }) => session_id],
  ["interview_id", ({ interview_id }) => interview_id],
  ["end_reason", ({ end_reason }) => end_reason],
  ["ended_at", ({ created_at }) => created_at],
  ["delivery_id", ({ id }) => id],
  ["endpoint", ({ endpoint }) => endpoint],
  ["state", ({ state }) => state],
  ["attempts", ({ attempts }) => attempts],
  ["next_attempt_at", ({ due_at }) => due_at],
  ["last_error", ({ last_error }) => last_error],
];

/** The endpoints, and what they have not confirmed. */
export function Deliveries(
  { address, queries }: { address: Address; queries: Queries },
) {
  const { supabase } = useApp();
  const { data, ...query } = useQuery(queries.deliveries(address));
  if (data === null) {
    return (
      <Paper withBorder p="md">
        <Text>
          Deliveries are not installed: no other system is told when a session
          ends.
        </Text>
      </Paper>
    );
  }
  return (
    <Stack>
      {data && <Endpoints endpoints={data.endpoints} />}
      <List
        title="Deliveries"
        noun={{ one: "delivery", many: "deliveries" }}
        searchHint="Email, endpoint, error, session id"
        hintToSeeAll="Older ones are not listed."
        address={address}
        query={{ ...query, data }}
        usualSort={{ by: "created_at", descending: true }}
        columns={columns}
        keyOf={({ id }) => id}
        filters={
          <>
            <NativeSelect
              label="State"
              value={address.delivery}
              onChange={({ currentTarget: { value } }) =>
                go({
                  ...address,
                  delivery: value as Address["delivery"],
                  page: 1,
                })}
              data={[
                { value: "", label: "All" },
                ...optionsOf(deliveryStateNames),
              ]}
            />
            {data?.rows.some(({ state }) => state === "dead") && (
              <RetryButton name="Retry failed" />
            )}
          </>
        }
        onSave={async () => {
          const rows = await allDeliveries(supabase, address);
          save("deliveries.csv", csvOf(csv, rows));
          return rows.length;
        }}
        isFiltered={address.search !== "" || address.delivery !== ""}
        none="Everything is delivered."
      />
    </Stack>
  );
}

function Endpoints({ endpoints }: { endpoints: AdminEndpoint[] }) {
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="endpoints">
      <Title order={2} size="h4" id="endpoints" mb="xs">Endpoints</Title>
      {endpoints.length === 0
        ? (
          <Text size="sm" c="dimmed">
            There is none: no other system is told when a session ends.
          </Text>
        )
        : (
          <ul className={classes.history}>
            {endpoints.map((one) => (
              <li key={one.name}>
                <b>{one.name}</b>
                <State state={one.state} name={endpointStateNames[one.state]} />
                <span>{whatCameOf(one)}</span>
              </li>
            ))}
          </ul>
        )}
    </Paper>
  );
}

function whatCameOf(
  { delivered, last_delivered_at, last_error, last_error_at }: AdminEndpoint,
): string {
  const last = last_delivered_at &&
    `, the last ${ago(secondsSince(last_delivered_at))}`;
  const failed = last_error && last_error_at &&
    ` Failed ${ago(secondsSince(last_error_at))}: ${last_error}`;
  return `${counted(delivered, "event")} delivered${last ?? ""}.${
    failed ?? ""
  }`;
}

function State({ state, name }: { state: string; name: string }) {
  return <span className={classes.state} data-state={state}>{name}</span>;
}

function NextAttempt({ delivery }: { delivery: AdminDelivery }) {
  const { id, state, seconds_to_due, endpoint } = delivery;
  if (state === "on_hold") return "—";
  if (seconds_to_due === null) {
    return (
      <RetryButton
        name="Retry"
        id={id}
        of={`${endpoint}, ${nameOf(delivery)}`}
      />
    );
  }
  return seconds_to_due > 0
    ? `in ${duration(seconds_to_due)}`
    : "with the next run";
}

/** Sends dead deliveries again: one, or all of them. */
function RetryButton(
  { name, id, of }: { name: string; id?: string; of?: string },
) {
  const { supabase } = useApp();
  const queries = useQueryClient();
  const toast = useToast();
  const isPressed = useRef(false);
  // with the failure, its button goes
  useEffect(() => () => {
    if (isPressed.current) focusHeadingIfLost();
  }, []);
  const retrying = useMutation({
    networkMode: "always",
    mutationFn: () => retryDeliveries(supabase, id),
    onSuccess: (retried) =>
      toast(
        retried === 0
          ? "Nothing had to be tried again."
          : `${
            counted(retried, "delivery is", "deliveries are")
          } sent again with the next run.`,
      ),
    onError: (error) => toast(`Nothing was tried again: ${error.message}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
  return (
    <Button
      variant="default"
      size={id ? "compact-sm" : undefined}
      aria-label={of && `${name}: ${of}`}
      loading={retrying.isPending}
      onClick={() => {
        isPressed.current = true;
        retrying.mutate();
      }}
    >
      {name}
    </Button>
  );
}
