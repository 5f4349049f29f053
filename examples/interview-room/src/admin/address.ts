// What the page shows is in its address, so that it can be bookmarked and sent to
// somebody, and the browser's back button works.
import { useMemo, useSyncExternalStore } from "react";
import type { EndReason } from "interview-sessions";
import {
  deliveryStateNames,
  type Period,
  periods,
  reasonNames,
  stateNames,
} from "./words.ts";

/** The parts of the page. */
export type View = "live" | "ended" | "trends" | "deliveries";

/** How a list is sorted. */
export interface Sort {
  by: string;
  descending: boolean;
}

export interface Address {
  view: View;
  search: string;
  /** Of live sessions; empty: all. */
  state: keyof typeof stateNames | "";
  /** Of ended sessions; empty: all. */
  reason: EndReason | "";
  /** The state of deliveries; empty: all. */
  delivery: keyof typeof deliveryStateNames | "";
  period: Period;
  /** Undefined: the usual order of the list. */
  sort: Sort | undefined;
  page: number;
  /** The session of which the details are shown. */
  session: { userId: string; sessionId: string } | undefined;
}

const views: View[] = ["live", "ended", "trends", "deliveries"];

/** Reads an address. Whatever it does not understand, it ignores. */
export function parseAddress(query: string): Address {
  const values = new URLSearchParams(query);
  const oneOf = <T extends string>(name: string, allowed: readonly T[]) =>
    allowed.find((value) => value === values.get(name));
  const sort = values.get("sort") ?? "";
  const [userId, sessionId] = [values.get("user"), values.get("session")];
  return {
    view: oneOf("view", views) ?? "live",
    search: (values.get("q") ?? "").slice(0, 200),
    state: oneOf("state", keysOf(stateNames)) ?? "",
    reason: oneOf("reason", keysOf(reasonNames)) ?? "",
    delivery: oneOf("delivery", keysOf(deliveryStateNames)) ?? "",
    period: oneOf("period", keysOf(periods)) ?? "day",
    sort: /^-?[a-z_]+$/.test(sort)
      ? { by: sort.replace("-", ""), descending: sort.startsWith("-") }
      : undefined,
    page: Math.min(
      Math.max(Math.trunc(Number(values.get("page"))) || 1, 1),
      1e4,
    ),
    session: userId && sessionId ? { userId, sessionId } : undefined,
  };
}

/** The address that shows this; what is as usual is left out. */
export function hrefOf(address: Address): string {
  const { view, search, state, reason, delivery } = address;
  const { period, sort, page, session } = address;
  const values = new URLSearchParams();
  const put = (name: string, value: string, usual = "") => {
    if (value !== usual) values.set(name, value);
  };
  put("view", view, "live");
  put("q", search);
  put("state", state);
  put("reason", reason);
  put("delivery", delivery);
  put("period", period, "day");
  put("sort", sort ? (sort.descending ? "-" : "") + sort.by : "");
  put("page", String(page), "1");
  put("user", session?.userId ?? "");
  put("session", session?.sessionId ?? "");
  const refresh = new URLSearchParams(location.search).get("refresh");
  if (refresh) values.set("refresh", refresh);
  return location.pathname + (values.size > 0 ? `?${values}` : "");
}

function keysOf<T extends string>(record: Record<T, unknown>): T[] {
  return Object.keys(record) as T[];
}

const moved = "interview-room:moved";

function subscribe(listener: () => void) {
  for (const name of ["popstate", moved]) addEventListener(name, listener);
  return () => {
    for (const name of ["popstate", moved]) removeEventListener(name, listener);
  };
}

/** Shows another part of the page; with `replace` there is no way back. */
export function go(address: Address, { replace = false } = {}) {
  const href = hrefOf(address);
  if (href === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event(moved));
}

/** The address, whenever it changes. */
export function useAddress(): Address {
  const query = useSyncExternalStore(subscribe, () => location.search);
  return useMemo(() => parseAddress(query), [query]);
}
