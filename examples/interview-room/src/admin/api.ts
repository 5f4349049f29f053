// What the page asks for: TanStack Query keeps each answer under a key that holds
// the whole question, so that the answer to an older question is never shown for
// a newer one.
import {
  keepPreviousData,
  queryOptions,
  useQueryClient,
} from "@tanstack/react-query";
import type { SupabaseClient } from "@supabase/supabase-js";
import { useSyncExternalStore } from "react";
import type {
  AdminDelivery,
  AdminEndedBucket,
  AdminEndedSession,
  AdminEndpoint,
  AdminLiveSession,
  AdminSessionDetails,
  SessionHealth,
} from "interview-sessions";
import { timeLimit } from "../app/time_limit.ts";
import { serverNow } from "../server_time.ts";
import type { Address } from "./address.ts";
import { type Period, periods } from "./words.ts";

/** A page of a list. */
export interface ListOf<Row> {
  rows: Row[];
  total: number;
  /** Older ones were not searched. */
  searchedSince: string | null;
}

/** A page of the deliveries, and the endpoints. */
export interface Deliveries extends ListOf<AdminDelivery> {
  endpoints: AdminEndpoint[];
}

/** The database refuses the call, or did not get it. */
export class CallFailed extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }

  /** Whether an answer may have been lost on its way. */
  get isUnanswered(): boolean {
    return this.code === "";
  }
}

/** Whether the user is not an administrator. */
export function isForbidden(error: unknown): boolean {
  return error instanceof CallFailed && error.code === "42501";
}

export const pageSize = 50;

/** As many as `admin_session_history` and `admin_list_deliveries` answer at most. */
const mostInFile = 10_000;

/** `?refresh=1` in the page's address makes it a second. */
export function secondsBetweenPolls(): number {
  return Number(new URLSearchParams(location.search).get("refresh")) || 5;
}

/** Calls a function of the database. */
export async function call<Answer>(
  supabase: SupabaseClient,
  name: string,
  args: Record<string, unknown> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const { data, error } = await supabase.rpc(name, args)
    .abortSignal(timeLimit(10_000, signal));
  if (error) throw new CallFailed(error.message, error.code ?? "");
  return data as Answer;
}

/** What all queries have in common. */
function polled(everySeconds: number) {
  return {
    // an error while offline, too, so that the page says so
    networkMode: "always" as const,
    retry: (failures: number, error: Error) =>
      !isForbidden(error) && failures < 1,
    // not in a hidden tab, which is the default
    refetchInterval: (query: { state: { error: Error | null } }) =>
      isForbidden(query.state.error) ? false : everySeconds * 1000,
  };
}

/** The questions of the page, for one administrator. */
export function queriesFor(supabase: SupabaseClient, userId: string) {
  const key = (...question: unknown[]) => ["admin", userId, ...question];
  const seconds = secondsBetweenPolls();
  return {
    health: queryOptions({
      queryKey: key("health"),
      queryFn: async ({ signal }) => {
        const [row] = await call<SessionHealth[]>(
          supabase,
          "admin_session_health",
          {},
          signal,
        );
        return row;
      },
      ...polled(seconds),
    }),

    live: (list: Address) => {
      const args = liveArguments(list);
      return queryOptions({
        queryKey: key("live", args),
        queryFn: async ({ signal }): Promise<ListOf<AdminLiveSession>> => {
          const rows = await call<AdminLiveSession[]>(
            supabase,
            "admin_live_sessions",
            args,
            signal,
          );
          return { rows, total: rows[0]?.total ?? 0, searchedSince: null };
        },
        placeholderData: keepPreviousData,
        ...polled(seconds),
      });
    },

    ended: (list: Address) => {
      const args = endedArguments(list);
      return queryOptions({
        queryKey: key("ended", args, list.period),
        queryFn: ({ signal }) =>
          askEnded(supabase, { ...args, since: startOf(list.period) }, signal),
        placeholderData: keepPreviousData,
        ...polled(2 * seconds),
      });
    },

    deliveries: (list: Address) => {
      const args = deliveryArguments(list);
      return queryOptions({
        queryKey: key("deliveries", args),
        queryFn: ({ signal }) => askDeliveries(supabase, args, signal),
        placeholderData: keepPreviousData,
        ...polled(seconds),
      });
    },

    details: (userOfSession: string, sessionId: string) =>
      queryOptions({
        queryKey: key("details", userOfSession, sessionId),
        queryFn: async ({ signal }) => {
          const [row] = await call<AdminSessionDetails[]>(
            supabase,
            "admin_session_details",
            { user_id: userOfSession, session_id: sessionId },
            signal,
          );
          return row ?? null;
        },
        ...polled(seconds),
      }),

    // no placeholder: bars of another period would stand at the wrong times
    buckets: (period: Period) =>
      queryOptions({
        queryKey: key("buckets", period),
        queryFn: async ({ signal }) => {
          const spans = spansOf(period, serverNow());
          const rows = await call<AdminEndedBucket[]>(
            supabase,
            "admin_ended_sessions",
            {
              since: new Date(spans.starts[0]).toISOString(),
              bucket: `${spans.lengthMs / 1000} seconds`,
            },
            signal,
          );
          return { ...spans, rows };
        },
        // a longer period costs the database more, and changes less
        ...polled((spanLengths[period].minutes > 60 ? 60 : 6) * seconds),
      }),
  };
}

export type Queries = ReturnType<typeof queriesFor>;

/** All rows that are found, for a file. */
export async function allLive(supabase: SupabaseClient, list: Address) {
  const most = 1000;
  const rows: AdminLiveSession[] = [];
  for (let more = most; more === most;) {
    const page = await call<AdminLiveSession[]>(
      supabase,
      "admin_live_sessions",
      {
        ...liveArguments(list),
        skip: rows.length,
        at_most: most,
      },
    );
    rows.push(...page);
    more = page.length;
  }
  return rows;
}

/** All rows that are found, for a file. */
export async function allEnded(supabase: SupabaseClient, list: Address) {
  const { rows } = await askEnded(supabase, {
    ...endedArguments(list),
    since: startOf(list.period),
    skip: 0,
    at_most: mostInFile,
  });
  return rows;
}

async function askEnded(
  supabase: SupabaseClient,
  args: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<ListOf<AdminEndedSession>> {
  const [answer] = await call<
    {
      total: number;
      searched_since: string | null;
      sessions: AdminEndedSession[];
    }[]
  >(supabase, "admin_session_history", args, signal);
  return {
    rows: answer.sessions,
    total: answer.total,
    searchedSince: answer.searched_since,
  };
}

/** All rows that are found, for a file. */
export async function allDeliveries(supabase: SupabaseClient, list: Address) {
  const answer = await askDeliveries(supabase, {
    ...deliveryArguments(list),
    skip: 0,
    at_most: mostInFile,
  });
  return answer?.rows ?? [];
}

/** Null where the chapter "deliveries" is not installed. */
async function askDeliveries(
  supabase: SupabaseClient,
  args: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<Deliveries | null> {
  const [answer] = await call<
    {
      total: number;
      searched_since: string | null;
      deliveries: AdminDelivery[];
      endpoints: AdminEndpoint[];
    }[]
  >(supabase, "admin_list_deliveries", args, signal);
  return answer
    ? {
      rows: answer.deliveries,
      total: answer.total,
      searchedSince: answer.searched_since,
      endpoints: answer.endpoints,
    }
    : null;
}

/** Sends dead deliveries again, one or all of them; answers how many. */
export async function retryDeliveries(
  supabase: SupabaseClient,
  id: string | undefined,
): Promise<number> {
  const most = 10_000;
  let total = 0;
  for (let more = most; more === most;) {
    more = await call<number>(supabase, "admin_retry_deliveries", {
      id: id ?? null,
    });
    total += more;
  }
  return total;
}

const liveOrders = [
  ...["email", "device", "interview_id"],
  ...["created_at", "updated_at", "deadline_at"],
];
const endedOrders = [
  ...["email", "device", "interview_id", "end_reason"],
  ...["started_at", "ended_at", "duration"],
];

const deliveryOrders = [
  "email",
  "endpoint",
  "created_at",
  "attempts",
  "due_at",
];

function liveArguments(list: Address) {
  return {
    ...pageOf(list, liveOrders, { by: "deadline_at", descending: false }),
    state: list.state || null,
  };
}

function endedArguments(list: Address) {
  return {
    ...pageOf(list, endedOrders, { by: "ended_at", descending: true }),
    end_reason: list.reason || null,
  };
}

function deliveryArguments(list: Address) {
  return {
    ...pageOf(list, deliveryOrders, { by: "created_at", descending: true }),
    state: list.delivery || null,
  };
}

function pageOf(
  { search, sort, page }: Address,
  orders: string[],
  usual: { by: string; descending: boolean },
) {
  const { by, descending } = sort && orders.includes(sort.by) ? sort : usual;
  return {
    // deno-lint-ignore no-control-regex
    search: search.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ").trim() ||
      null,
    order_by: by,
    descending,
    skip: (page - 1) * pageSize,
    at_most: pageSize,
  };
}

function startOf(period: Period): string | null {
  const { seconds } = periods[period];
  return seconds === undefined
    ? null
    : new Date(serverNow() - seconds * 1000).toISOString();
}

/** Spans of time of the same length, of which the last one is running. */
export interface Spans {
  lengthMs: number;
  starts: number[];
}

const spanLengths: Record<Period, { minutes: number; spans: number }> = {
  hour: { minutes: 2, spans: 30 },
  day: { minutes: 60, spans: 24 },
  week: { minutes: 6 * 60, spans: 28 },
  month: { minutes: 24 * 60, spans: 30 },
  all: { minutes: 3 * 24 * 60, spans: 30 },
};

/** date_bin() counts from here, in sessions.admin_ended_sessions(). */
const origin = Date.UTC(2000, 0, 1);

/** The spans of a period that ends at this time; none of them begins later. */
export function spansOf(period: Period, now: number): Spans {
  const { minutes, spans } = spanLengths[period];
  const lengthMs = minutes * 60_000;
  const last = origin + Math.floor((now - origin) / lengthMs) * lengthMs;
  return {
    lengthMs,
    starts: Array.from(
      { length: spans },
      (_, i) => last - (spans - 1 - i) * lengthMs,
    ),
  };
}

/**
 * When the oldest figures on the page were current that could not be renewed: 0 if
 * all could. Figures that were never there do not count.
 */
export function useOutdatedSince(): number {
  const cache = useQueryClient().getQueryCache();
  return useSyncExternalStore(
    (changed) => cache.subscribe(changed),
    () =>
      cache.findAll({ queryKey: ["admin"], type: "active" })
        .filter(({ state }) => state.error && state.dataUpdatedAt > 0)
        .reduce(
          (oldest, { state }) =>
            Math.min(oldest || Infinity, state.dataUpdatedAt),
          0,
        ),
  );
}
