// The live sessions and the ended ones: what there is to search, filter, sort, page
// through and save as a file.
import { Button, NativeSelect, Paper, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type {
  AdminEndedSession,
  AdminLiveSession,
  EndReason,
} from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { useToast } from "../app/toasts.tsx";
import { type Address, go } from "./address.ts";
import { allEnded, allLive, type ListOf, type Queries } from "./api.ts";
import classes from "./admin.module.css";
import { type CsvColumn, csvOf, save } from "./csv.ts";
import { SessionLink } from "./link.tsx";
import {
  type Column,
  type Columns,
  columnsOf,
  SessionTable,
} from "./table.tsx";
import {
  ago,
  counted,
  duration,
  exactDuration,
  moment,
  nameOf,
  type Period,
  periods,
  reasonNames,
  stateNames,
} from "./words.ts";

const alphabetical = { up: "A to Z", down: "Z to A" };
const inTime = { up: "oldest first", down: "latest first" };

function common<Row extends AdminLiveSession | AdminEndedSession>(): Column<
  Row
>[] {
  return [
    {
      id: "email",
      heading: "User",
      sorted: alphabetical,
      cell: (row) => <SessionLink {...row}>{nameOf(row)}</SessionLink>,
    },
    {
      id: "interview_id",
      heading: "Interview",
      sorted: alphabetical,
      cell: ({ interview_id }) => interview_id ?? "—",
    },
    {
      id: "device",
      heading: "Device",
      sorted: alphabetical,
      cell: ({ device }) => device ?? "Unknown",
    },
  ];
}

/** The state of a session that is not in the history yet. */
export function SessionState(
  { status, isStale }: { status: "active" | "completing"; isStale: boolean },
) {
  const state = isStale ? "stale" : status;
  return (
    <span className={classes.state} data-state={state}>
      {stateNames[state]}
    </span>
  );
}

const liveColumns = columnsOf<AdminLiveSession>(
  [
    ...common<AdminLiveSession>(),
    {
      id: "state",
      heading: "State",
      cell: ({ status, seconds_left }) => (
        <SessionState status={status} isStale={seconds_left <= 0} />
      ),
    },
    {
      id: "created_at",
      heading: "Started",
      isNumber: true,
      sorted: inTime,
      cell: ({ age_seconds }) => ago(age_seconds),
    },
    {
      id: "updated_at",
      heading: "Last contact",
      isNumber: true,
      sorted: inTime,
      cell: ({ silent_seconds }) => ago(silent_seconds),
    },
    {
      id: "deadline_at",
      heading: "Time left",
      isNumber: true,
      sorted: { up: "least first", down: "most first" },
      cell: ({ seconds_left, seconds_to_deadline }) =>
        seconds_left <= 0
          ? `over for ${duration(-seconds_left)}`
          : duration(seconds_to_deadline),
    },
  ],
);

const liveCsv: CsvColumn<AdminLiveSession>[] = [
  ["email", ({ email }) => email],
  ["user_id", ({ user_id }) => user_id],
  ["session_id", ({ session_id }) => session_id],
  ["interview_id", ({ interview_id }) => interview_id],
  ["device", ({ device }) => device],
  ["state", ({ status, seconds_left }) => seconds_left <= 0 ? "stale" : status],
  ["started_at", ({ created_at }) => created_at],
  ["last_contact_at", ({ updated_at }) => updated_at],
  ["deadline_at", ({ deadline_at }) => deadline_at],
];

export function LiveSessions(
  { address, queries }: { address: Address; queries: Queries },
) {
  const { supabase } = useApp();
  const live = useQuery(queries.live(address));
  return (
    <List
      title="Live sessions"
      address={address}
      query={live}
      usualSort={{ by: "deadline_at", descending: false }}
      columns={liveColumns}
      keyOf={({ user_id }) => user_id}
      filters={
        <NativeSelect
          label="State"
          value={address.state}
          onChange={({ currentTarget: { value } }) =>
            go({ ...address, state: value as Address["state"], page: 1 })}
          data={[{ value: "", label: "All" }, ...optionsOf(stateNames)]}
        />
      }
      onSave={async () => {
        const rows = await allLive(supabase, address);
        save("live-sessions.csv", csvOf(liveCsv, rows));
        return rows.length;
      }}
      isFiltered={address.search !== "" || address.state !== ""}
      none="Nobody is in an interview."
    />
  );
}

const endedColumns = columnsOf<AdminEndedSession>(
  [
    ...common<AdminEndedSession>(),
    {
      id: "end_reason",
      heading: "How it ended",
      sorted: alphabetical,
      cell: ({ end_reason }) => reasonNames[end_reason] ?? end_reason,
    },
    {
      id: "ended_at",
      heading: "Ended",
      isNumber: true,
      sorted: inTime,
      cell: ({ ended_at }) => moment(ended_at),
    },
    {
      id: "duration",
      heading: "Duration",
      isNumber: true,
      sorted: { up: "shortest first", down: "longest first" },
      cell: ({ duration_seconds }) => exactDuration(duration_seconds),
    },
  ],
);

const endedCsv: CsvColumn<AdminEndedSession>[] = [
  ["email", ({ email }) => email],
  ["user_id", ({ user_id }) => user_id],
  ["session_id", ({ session_id }) => session_id],
  ["interview_id", ({ interview_id }) => interview_id],
  ["device", ({ device }) => device],
  ["started_at", ({ started_at }) => started_at],
  ["ended_at", ({ ended_at }) => ended_at],
  ["end_reason", ({ end_reason }) => end_reason],
  ["duration_seconds", ({ duration_seconds }) => duration_seconds],
];

export function EndedSessions(
  { address, queries }: { address: Address; queries: Queries },
) {
  const { supabase } = useApp();
  const ended = useQuery(queries.ended(address));
  return (
    <List
      title="Ended sessions"
      address={address}
      query={ended}
      usualSort={{ by: "ended_at", descending: true }}
      columns={endedColumns}
      keyOf={({ user_id, session_id }) => `${user_id} ${session_id}`}
      filters={
        <>
          <NativeSelect
            label="How it ended"
            value={address.reason}
            onChange={({ currentTarget: { value } }) =>
              go({ ...address, reason: value as EndReason | "", page: 1 })}
            data={[{ value: "", label: "All" }, ...optionsOf(reasonNames)]}
          />
          <PeriodChoice address={address} offered={periods} />
        </>
      }
      onSave={async () => {
        const rows = await allEnded(supabase, address);
        save("ended-sessions.csv", csvOf(endedCsv, rows));
        return rows.length;
      }}
      isFiltered={address.search !== "" || address.reason !== ""}
      none="No session has ended in this period."
    />
  );
}

/** How far back. */
export function PeriodChoice(
  { address, offered }: {
    address: Address;
    offered: Partial<typeof periods>;
  },
) {
  return (
    <NativeSelect
      label="Period"
      value={address.period}
      onChange={({ currentTarget: { value } }) =>
        go({ ...address, period: value as Period, page: 1 })}
      data={Object.entries(offered).map(([value, { name }]) => ({
        value,
        label: name,
      }))}
    />
  );
}

export function optionsOf(names: Record<string, string>) {
  return Object.entries(names).map(([value, label]) => ({ value, label }));
}

/** What of a query is shown. */
interface Shown<Data> {
  data: Data | undefined;
  error: Error | null;
  isPlaceholderData: boolean;
}

/** What a list is of. */
interface Noun {
  one: string;
  many: string;
}

const session: Noun = { one: "session", many: "sessions" };

/** A list, with what there is to search, filter, sort, page through and save. */
export function List<Row extends object>(
  {
    title,
    noun = session,
    searchHint = "Email, device, interview, session id",
    hintToSeeAll = "Choose a shorter period to see all of it.",
    address,
    query,
    usualSort,
    columns,
    keyOf,
    filters,
    onSave,
    isFiltered,
    none,
  }: {
    title: string;
    noun?: Noun;
    searchHint?: string;
    /** What to do if older rows were not searched. */
    hintToSeeAll?: string;
    address: Address;
    query: Shown<ListOf<Row>>;
    usualSort: { by: string; descending: boolean };
    columns: Columns<Row>;
    keyOf(row: Row): string;
    filters: ReactNode;
    /** Saves the file, and answers how many rows it has. */
    onSave(): Promise<number>;
    isFiltered: boolean;
    none: string;
  },
) {
  const { data, error, isPlaceholderData } = query;
  const { page } = address;
  // sessions end: a page of yesterday's link may have nothing left
  const isBeyond = page > 1 && !isPlaceholderData && data?.rows.length === 0;
  useEffect(() => {
    if (isBeyond) go({ ...address, page: 1 }, { replace: true });
  }, [isBeyond, address]);
  return (
    <Paper withBorder p="md">
      <div className={classes.filters} role="search" aria-label={title}>
        <SearchField address={address} hint={searchHint} />
        {filters}
        <SaveButton onSave={onSave} noun={noun} />
      </div>
      <Found
        data={isPlaceholderData ? undefined : data}
        address={address}
        noun={noun}
      />
      {data && data.rows.length > 0
        ? (
          <SessionTable
            label={title}
            list={data}
            isPlaceholder={isPlaceholderData}
            address={address}
            usualSort={usualSort}
            columns={columns}
            keyOf={keyOf}
            hintToSeeAll={hintToSeeAll}
          />
        )
        : (
          <Text ta="center" py="xl" c="dimmed">
            {error && !data
              ? `The ${noun.many} could not be loaded. Trying again…`
              : !data
              ? "Loading…"
              : isFiltered
              ? `No ${noun.one} matches.`
              : none}
          </Text>
        )}
    </Paper>
  );
}

/**
 * Tells a screen reader how many rows a search or filter has found: once, and not
 * whenever the number changes by itself.
 */
function Found({ data, address, noun: { one, many } }: {
  data: ListOf<object> | undefined;
  address: Address;
  noun: Noun;
}) {
  const { search, state, reason, delivery, period } = address;
  const question = JSON.stringify([search, state, reason, delivery, period]);
  const answered = useRef(question);
  const [said, setSaid] = useState("");
  const total = data?.total;
  useEffect(() => {
    if (total === undefined || question === answered.current) return;
    answered.current = question;
    setSaid(`${counted(total, one, many)} found`);
  }, [total, question, one, many]);
  return <p role="status" className={classes.unseen}>{said}</p>;
}

function SearchField({ address, hint }: { address: Address; hint: string }) {
  const { search } = address;
  const [text, setText] = useState(search);
  const asked = useRef(search);
  // the back button changes it from outside
  useEffect(() => {
    if (search !== asked.current) setText(asked.current = search);
  }, [search]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = wanted;
      go({ ...address, search: wanted, page: 1 }, { replace: true });
    }, 250);
    return () => clearTimeout(timer);
  }, [text, address]);
  return (
    <TextInput
      className={classes.search}
      type="search"
      label="Search"
      placeholder={hint}
      maxLength={200}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
    />
  );
}

function SaveButton(
  { onSave, noun: { one, many } }: { onSave(): Promise<number>; noun: Noun },
) {
  const toast = useToast();
  const saving = useMutation({
    networkMode: "always",
    mutationFn: onSave,
    onSuccess: (rows) => toast(`Saved ${counted(rows, one, many)} as a file.`),
    onError: () => toast("The file could not be made. Try again."),
  });
  return (
    <Button
      variant="default"
      loading={saving.isPending}
      onClick={() => saving.mutate()}
    >
      Save as CSV
    </Button>
  );
}
