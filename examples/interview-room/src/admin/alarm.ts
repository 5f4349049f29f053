// The alarm in the words of the person who runs the interviews. What the database
// says is for developers, and is shown to them as it is.
import type { SessionHealth } from "interview-sessions";
import { secondsSince } from "../server_time.ts";
import { counted, countOfDeliveries, duration } from "./words.ts";

interface Alarm {
  title: string;
  /** What it means, and what to do. */
  advice: string;
  /** Cleaning up does not help; the list of deliveries may. */
  isAboutDeliveries?: boolean;
}

/** What is to be said about each `reason`, by how it begins. */
const alarms: [
  reason: RegExp,
  say: (health: SessionHealth) => Alarm,
][] = [
  [/^\d+ of the latest sessions started while/, ({ overlaps_found }) => ({
    title: `${counted(overlaps_found ?? 0, "session")} overlapped`,
    advice:
      "Somebody had two sessions open at the same time, which must not happen. Tell your developers.",
  })],
  [/^The next fence/, () => ({
    title: "A restored backup needs a repair",
    advice:
      "Until then, an old window could overwrite a newer one. Tell your developers now.",
  })],
  [/^The database is read-only/, () => ({
    title: "Nobody can start or continue an interview",
    advice:
      "The database accepts no changes; its disk may be full. Tell your developers now.",
  })],
  [/^API roles have|^Row level security/, () => ({
    title: "The data is not protected as it should be",
    advice: "Users might read what is not theirs. Tell your developers now.",
  })],
  [/^\d+ stale sessions cannot be reaped/, ({ stale }) => ({
    title: `${counted(stale ?? 0, "session")} cannot be cleaned up`,
    advice:
      "These users may be unable to start. Try “Clean up now”. If the number does not fall, tell your developers.",
  })],
  [/^A session that was over|^The reaper last ran/, (health) => ({
    title: health.last_reap_at
      ? `The last clean-up was ${
        duration(secondsSince(health.last_reap_at))
      } ago`
      : "The clean-up has never run",
    advice:
      "It should run by itself. Press “Clean up now”. If this alarm comes back, tell your developers: the schedule has stopped.",
  })],
  [/^The reaper has never run/, () => ({
    title: "The clean-up has never run",
    advice:
      "It should run by itself. Press “Clean up now”, and tell your developers that the schedule is missing.",
  })],
  [
    /^The last run could not reap|stale sessions could not be reaped/,
    ({ stale }) => ({
      title: `${counted(stale ?? 0, "session")} could not be cleaned up`,
      advice:
        "They are tried again. If the number does not fall, tell your developers.",
    }),
  ],
  [/could not prune/, () => ({
    title: "Old records could not be deleted",
    advice:
      "They are tried again. If this stays, tell your developers: the database grows.",
  })],
  [/^\d+ deliveries are dead/, ({ deliveries_dead }) => ({
    title: deliveries_dead === 1
      ? "1 delivery failed"
      : `${countOfDeliveries(deliveries_dead ?? 0)} deliveries failed`,
    advice:
      "Another system was not told that these sessions have ended, and may still hold something for them. Tell your developers; once it works, press “Retry failed” under “Deliveries”.",
    isAboutDeliveries: true,
  })],
  [/^Endpoints answered 410/, () => ({
    title: "A receiver wants no more deliveries",
    advice:
      "It is no longer told when a session ends. Tell your developers whether that is intended.",
    isAboutDeliveries: true,
  })],
  [/^\d+ deliveries are pending/, () => ({
    title: "Deliveries are late",
    advice:
      "Another system does not confirm that sessions have ended. They are tried again. If this stays, tell your developers.",
    isAboutDeliveries: true,
  })],
  [/^The health could not be determined/, () => ({
    title: "The state of the system is unknown",
    advice: "Tell your developers now.",
  })],
];

/** What is wrong, and what to do; undefined if all is well. */
export function alarmOf(health: SessionHealth): Alarm | undefined {
  if (health.status === "ok") return undefined;
  const [, say] = alarms.find(([reason]) => reason.test(health.reason)) ?? [];
  return say?.(health) ?? {
    title: "Something is wrong",
    advice: "Tell your developers.",
  };
}
