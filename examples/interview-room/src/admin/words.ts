// Names, times and sizes, as people say them.
import type {
  AdminDelivery,
  AdminEndpoint,
  EndReason,
  SessionStatus,
} from "interview-sessions";

/** How a session ended. */
export const reasonNames: Record<EndReason, string> = {
  completed: "Submitted",
  disconnected: "Left",
  cleared: "Closed by the user",
  taken_over: "Continued elsewhere",
  expired: "Lost contact",
  timed_out: "Time was up",
  revoked: "Ended by an administrator",
};

/** What state a session is in that has not been moved to the history. */
export const stateNames: Record<SessionStatus | "stale", string> = {
  active: "Active",
  completing: "Submitting",
  stale: "Over, not cleaned up",
};

/** What state a delivery is in that is not confirmed. */
export const deliveryStateNames: Record<AdminDelivery["state"], string> = {
  pending: "Waiting",
  on_hold: "On hold",
  dead: "Failed",
};

export const endpointStateNames: Record<AdminEndpoint["state"], string> = {
  on: "On",
  off: "Off",
  gone: "Stopped by the receiver",
};

export type Period = "hour" | "day" | "week" | "month" | "all";

/** How far back: for the list of ended sessions, and for the charts. */
export const periods: Record<
  Period,
  { name: string; seconds: number | undefined }
> = {
  hour: { name: "Last hour", seconds: 3600 },
  day: { name: "Last 24 hours", seconds: 86_400 },
  week: { name: "Last 7 days", seconds: 7 * 86_400 },
  month: { name: "Last 30 days", seconds: 30 * 86_400 },
  all: { name: "All", seconds: undefined },
};

/** As in "40 s", "12 min", "3 h 5 min", "4 days". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  }
  return `${Math.floor(hours / 24)} days`;
}

/** To the second below an hour: "40 s", "9 min 5 s". */
export function exactDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60 || whole >= 3600 || whole % 60 === 0) return duration(whole);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** As in "12 min ago"; "just now" below five seconds. */
export function ago(seconds: number): string {
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

/** As in "1,234". */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** A number of deliveries, which the database counts up to 10,000. */
export function countOfDeliveries(number: number): string {
  return number < 10_000 ? count(number) : "10,000+";
}

/** As in "1 session", "12 sessions". */
export function counted(
  number: number,
  noun: string,
  plural = `${noun}s`,
): string {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

/** As in "48 kB", "2.3 MB", "1.2 GB". */
export function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  const megabytes = bytes / 1024 / 1024;
  if (megabytes >= 1000) return `${(megabytes / 1024).toFixed(1)} GB`;
  return `${
    megabytes < 10 ? megabytes.toFixed(1) : count(Math.round(megabytes))
  } MB`;
}

const momentFormat = new Intl.DateTimeFormat("en", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** As in "Nov 27, 14:05", in the time zone of this device. */
export function moment(timestamp: string | number): string {
  return momentFormat.format(new Date(timestamp));
}

/** Who it is. A user without an email address is named by the id. */
export function nameOf(
  { email, user_id }: { email: string | null; user_id: string },
): string {
  return email ?? `User ${user_id.slice(0, 8)}`;
}
