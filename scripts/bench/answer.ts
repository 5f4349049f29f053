// What a question comes to: tables and plots for people, facts for the goals.
import type { Load } from "./pgbench.ts";
import type { Effort } from "./effort.ts";
import type { Spread } from "./statistics.ts";
import type { Redis } from "./tools.ts";
import type { Skipped } from "../test/part.ts";

/** A table of the report. */
export interface Table {
  title: string;
  columns: string[];
  rows: string[][];
  /** How it is to be read. */
  note?: string;
}

/** A plot of the report. */
export interface Plot {
  /** The name of its file, without the ending. */
  name: string;
  title: string;
  kind: "bars" | "lines";
  x: string;
  y: string;
  /** By name: points for lines; for bars, x is the place of a label. */
  series: { name: string; points: [x: number, y: number][] }[];
  labels?: string[];
}

/** All that a question is answered with. */
export interface Answer {
  tables: Table[];
  plots: Plot[];
  /** By name; what the goals are judged by. */
  facts: Record<string, Spread>;
  /** Who could not be asked, and why. */
  skipped: string[];
}

/** What a question is answered with the help of. */
export interface Bench extends Load {
  effort: Effort;
  redis: Redis | Skipped;
  /** Says how far it is. */
  say(line: string): void;
  /** A number for ids that no other turn has. */
  nextEpoch(): number;
}

/** Something to be answered by measuring. */
export interface Question {
  name: string;
  title: string;
  /** The facts that it must give if nothing is skipped. */
  gives: string[];
  answer(bench: Bench): Promise<Answer>;
}

/** An answer to start from. */
export function noAnswer(): Answer {
  return { tables: [], plots: [], facts: {}, skipped: [] };
}
