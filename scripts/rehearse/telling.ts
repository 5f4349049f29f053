// How the rehearsal is told: numbered steps, what was asked, what was answered,
// and whether that is what the contract says.
import process from "node:process";
import type { ActiveSession, EndedSession } from "./database.ts";

/** An answer was not the contract's; the message says which, and how. */
export class ContractBroken extends Error {
  override name = "ContractBroken";
}

/** As much of a supabase-js answer as is told. */
export interface Answer<T> {
  data: T;
  error: {
    code?: string;
    message: string;
    details?: string | null;
    hint?: string | null;
  } | null;
  status: number;
}

/** Tells what happens, line by line. */
export interface Telling {
  /** Begins a step. */
  step(title: string): void;
  /** Tells what is asked, asks it, and tells what was answered. */
  ask<T>(question: string, call: () => PromiseLike<Answer<T>>): Promise<
    Answer<T>
  >;
  /** Tells that the contract holds, or throws that it is broken. */
  expect(sentence: string, holds: boolean): void;
  /** Tells something that is neither asked nor answered. */
  say(text: string): void;
  /** Tells what is waited for; in a terminal again and again, in place. */
  wait(text: string): void;
  /** How many times the contract was found to hold. */
  held(): number;
}

const indent = "    ";
const styles = { bold: 1, dim: 2, green: 32, red: 31, cyan: 36, yellow: 33 };

/** Starts to tell, on standard output. */
export function startTelling(): Telling {
  const isTerminal = Boolean(process.stdout.isTTY);
  const hasColour = isTerminal && !process.env.NO_COLOR;
  const styled = (style: keyof typeof styles, text: string) =>
    hasColour ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;

  let steps = 0;
  let held = 0;
  let title = "";
  let isWaiting = false;
  const line = (text: string) => {
    if (isWaiting && isTerminal) process.stdout.write("\r\x1b[K");
    isWaiting = false;
    process.stdout.write(`${text}\n`);
  };

  const telling: Telling = {
    step(newTitle) {
      title = newTitle;
      const number = String(++steps).padStart(2);
      line(`\n${styled("bold", `${number}  ${title}`)}`);
    },
    async ask(question, call) {
      line(`${indent}${styled("cyan", "→")} ${question}`);
      const answer = await call();
      const style = answer.error ? "yellow" : "cyan";
      const [first, ...rest] = answerLines(answer);
      line(`${indent}${styled(style, "←")} ${answer.status}  ${first}`);
      for (const more of rest) line(`${indent}       ${more}`);
      return answer;
    },
    expect(sentence, holds) {
      if (holds) {
        held++;
        return line(`${indent}${styled("green", "✓")} ${sentence}`);
      }
      line(`${indent}${styled("red", `✗ ${sentence}`)}`);
      throw new ContractBroken(
        `Step ${steps} (${title}): the answer is not the contract's. ` +
          `It should be so, and is not: ${sentence}.`,
      );
    },
    say: (text) => line(`${indent}${text}`),
    wait(text) {
      const waiting = `${indent}${styled("dim", `… ${text}`)}`;
      if (isTerminal) process.stdout.write(`\r\x1b[K${waiting}`);
      else if (!isWaiting) process.stdout.write(`${waiting}\n`);
      isWaiting = true;
    },
    held: () => held,
  };
  return telling;
}

/** "5 s", "2 min", "1 min 30 s": as a person says it. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const rest = Math.round(seconds % 60);
  const minutes = Math.floor(seconds / 60);
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** As much of an id as it takes to tell it from others. */
export function short(id: string): string {
  return id.slice(0, 8);
}

function answerLines({ data, error }: Answer<unknown>): string[] {
  if (error) {
    const { code = "", message, details, hint } = error;
    return [
      `${code}: ${message}`,
      ...(details ? [factLine(details)] : []),
      ...(hint ? [hint] : []),
    ];
  }
  const rows = Array.isArray(data) ? data : [data];
  return rows.length === 0 ? ["no row"] : rows.map(rowLine);
}

function factLine(details: string): string {
  try {
    return fieldsLine(JSON.parse(details));
  } catch {
    return details;
  }
}

function fieldsLine(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) =>
      `${name} ${name === "session_id" ? short(value) : value}`
    ).join(", ");
}

function rowLine(row: unknown): string {
  if (isLive(row)) {
    const { session_id, status, fence, device, updated_at, expires_at } = row;
    return `session ${short(session_id)} on ${device}: ${status}, ` +
      `fence ${fence}, ` +
      `${duration(secondsFrom(updated_at, expires_at))} until it lapses`;
  }
  if (isEnded(row)) {
    const { session_id, end_reason, device, fence, duration } = row;
    return `session ${short(session_id)} on ${device}: over, ${end_reason}, ` +
      `fence ${fence}, it lasted ${duration}`;
  }
  return typeof row === "object" && row !== null
    ? fieldsLine(row)
    : String(row);
}

/** The seconds from one timestamp of the server's to another. */
export function secondsFrom(earlier: string, later: string): number {
  return (Date.parse(later) - Date.parse(earlier)) / 1000;
}

function isLive(row: unknown): row is ActiveSession {
  return typeof row === "object" && row !== null && "expires_at" in row;
}

function isEnded(row: unknown): row is EndedSession {
  return typeof row === "object" && row !== null && "end_reason" in row;
}
