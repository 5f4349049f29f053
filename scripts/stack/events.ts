// What happens in a running stack, and how it reads on a line.

/** Something a person would want to see happen. */
export type StackEvent =
  | SessionStarted
  | SessionTakenOver
  | SessionCompleting
  | SessionEnded
  | Reaped
  | Refused
  | Trouble;

/** The session an event is about. */
export interface SessionOfEvent {
  /** Its user's id. */
  user: string;
  /** Its own id. */
  session: string;
  /** What its client calls itself. */
  device: string | null;
}

/** A session was granted. */
export interface SessionStarted extends SessionOfEvent {
  kind: "started";
}

/** A session was granted, and ended another one of the user's. */
export interface SessionTakenOver extends SessionOfEvent {
  kind: "taken over";
  /** The session that was ended. */
  from: string;
}

/** A session's client is submitting its results. */
export interface SessionCompleting extends SessionOfEvent {
  kind: "completing";
}

/** A session ended. */
export interface SessionEnded extends SessionOfEvent {
  kind: "ended";
  /** Why, as in the history. */
  reason: string;
}

/** The reaper found something to do. */
export interface Reaped {
  kind: "reaped";
  /** Sessions it moved to the history. */
  reaped: number;
  /** Sessions it could not move. */
  failed: number;
}

/** The API refused a call of a database function. */
export interface Refused {
  kind: "refused";
  /** The function's name. */
  function: string;
  /** The HTTP status. */
  status: number;
  /** A SQLSTATE, or PostgREST's own code. */
  code: string;
  /** The sentence for the user. */
  message: string;
}

/** Something in the stack itself does not work as it should. */
export interface Trouble {
  kind: "trouble";
  /** What, in a sentence. */
  message: string;
}

const colours: Record<StackEvent["kind"], number> = {
  started: 32,
  "taken over": 35,
  completing: 36,
  ended: 34,
  reaped: 33,
  refused: 31,
  trouble: 31,
};

/** The event on one line, for a terminal or a file. */
export function eventLine(
  event: StackEvent,
  o: { at: Date; colour: boolean },
): string {
  const time = o.at.toTimeString().slice(0, 8);
  const kind = event.kind.padEnd(10);
  const shown = o.colour ? `\x1b[${colours[event.kind]}m${kind}\x1b[0m` : kind;
  return `${time}  ${shown}  ${text(event)}`;
}

function text(event: StackEvent): string {
  switch (event.kind) {
    case "started":
    case "completing":
      return sessionText(event);
    case "taken over":
      return `${sessionText(event)}, from session ${short(event.from)}`;
    case "ended":
      return `${sessionText(event)}: ${printable(event.reason)}`;
    case "reaped":
      return `${event.reaped} stale ` +
        (event.reaped === 1 ? "session" : "sessions") +
        (event.failed > 0 ? `; ${event.failed} could not be reaped` : "");
    case "refused":
      return `${printable(event.function)} ${event.status} ` +
        `${printable(event.code)}: ${printable(event.message)}`;
    case "trouble":
      return printable(event.message);
  }
}

function sessionText({ user, session, device }: SessionOfEvent): string {
  const on = device === null ? "" : ` on ${printable(device)}`;
  // the end of a user's id: those made in one minute may begin alike
  return `user ${printable(user.slice(-8))}, session ${short(session)}${on}`;
}

function short(id: string): string {
  return printable(id.slice(0, 8));
}

/** Users choose device names and ids; a terminal obeys control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}
