// Two plots over time, drawn in SVG; each can be read as a table, too.
import {
  type ReactNode,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import type { EndReason } from "interview-sessions";
import { clock } from "../words.ts";
import type { AdminData, EndedSessions, Range } from "./data.ts";

const reasonNames: Record<EndReason, string> = {
  completed: "Completed",
  disconnected: "Disconnected",
  cleared: "Cleared",
  taken_over: "Taken over",
  expired: "Expired",
  timed_out: "Timed out",
  revoked: "Revoked",
};
const reasons = Object.keys(reasonNames) as EndReason[];

const height = 220;
const left = 44;
const right = 20;
const top = 10;
const bottom = 26;

interface PlotProps {
  data: AdminData;
  range: Range;
}

/** How many ended, in stacked bars, a colour for each reason. */
export function EndedByReason({ data, range }: PlotProps) {
  const spans = spansOf(data, range);
  const stacks = spans.map(({ rows }) =>
    reasons.map((reason) => rows.find((row) => row.end_reason === reason))
      .map((row) => row?.sessions ?? 0)
  );
  const totals = stacks.map((counts) => counts.reduce((a, b) => a + b, 0));
  const highest = niceCeiling(Math.max(...totals, 1), [1, 2, 4, 5, 10]);
  const y = (count: number) => scaled(count, highest);
  const seen = reasons.filter((_, i) => stacks.some((stack) => stack[i] > 0));
  const sum = totals.reduce((a, b) => a + b, 0);
  return (
    <Plot
      id="ended"
      title="Ended by reason"
      summary={sum === 0
        ? "No session has ended in this period."
        : `${sum} ended: ${
          seen.map((reason) => {
            const i = reasons.indexOf(reason);
            const count = stacks.reduce((all, stack) => all + stack[i], 0);
            return `${count} ${reasonNames[reason].toLowerCase()}`;
          }).join(", ")
        }.`}
      legend={seen.map((reason) => [reason, reasonNames[reason]])}
      table={
        <DataTable
          name="Table of endings by reason"
          columns={["From", ...seen.map((reason) => reasonNames[reason])]}
          rows={spans.map(({ from }, i) => [
            timeOf(from, range),
            ...seen.map((reason) => `${stacks[i][reasons.indexOf(reason)]}`),
          ]).filter((_, i) => totals[i] > 0)}
        />
      }
    >
      {(width) => (
        <>
          <Axes
            width={width}
            highest={highest}
            name={String}
            spans={spans}
            range={range}
          />
          {stacks.map((counts, i) => {
            const step = stepOf(width, spans);
            let below = 0;
            return counts.map((count, r) => {
              if (count === 0) return null;
              const from = below;
              below += count;
              return (
                <rect
                  key={`${i} ${r}`}
                  className={`fill ${reasons[r]}`}
                  x={left + i * step + step * 0.15}
                  width={step * 0.7}
                  y={y(below)}
                  height={y(from) - y(below)}
                >
                  <title>
                    {`${timeOf(spans[i].from, range)}: ${count} ${
                      reasonNames[reasons[r]].toLowerCase()
                    }`}
                  </title>
                </rect>
              );
            });
          })}
        </>
      )}
    </Plot>
  );
}

/** How long those took that ended so: the median and the longest. */
export function Durations({ data, range }: PlotProps) {
  const [reason, setReason] = useState<EndReason>("completed");
  const spans = spansOf(data, range);
  const rows = spans.map((span) =>
    span.rows.find((row) => row.end_reason === reason)
  );
  const found = rows.filter((row) => row !== undefined);
  const longest = Math.max(...found.map((row) => row.longest_seconds), 0);
  const highest = niceCeiling(Math.max(longest, 4), [1, 2, 3, 6, 10], 60);
  const points = (
    width: number,
    of: "median_seconds" | "longest_seconds",
  ) =>
    rows.flatMap((row, i) =>
      row
        ? [
          [
            left + (i + 0.5) * stepOf(width, spans),
            scaled(row[of], highest),
          ] as const,
        ]
        : []
    );
  const lines = ["longest", "median"] as const;
  return (
    <Plot
      id="durations"
      title="Durations"
      summary={found.length === 0
        ? "None in this period."
        : `The longest took ${clock(longest)}; the last median is ${
          clock(found.at(-1)!.median_seconds)
        }. Minutes and seconds.`}
      legend={[["median", "Median"], ["longest", "Longest"]]}
      control={
        <div className="field">
          <label htmlFor="reason">Of those</label>
          <select
            id="reason"
            value={reason}
            onChange={({ target }) => setReason(target.value as EndReason)}
          >
            {reasons.map((name) => (
              <option key={name} value={name}>
                {reasonNames[name].toLowerCase()}
              </option>
            ))}
          </select>
        </div>
      }
      table={
        <DataTable
          name="Table of durations"
          columns={["From", "Sessions", "Median", "Longest"]}
          rows={rows.flatMap((row, i) =>
            row
              ? [[
                timeOf(spans[i].from, range),
                `${row.sessions}`,
                clock(row.median_seconds),
                clock(row.longest_seconds),
              ]]
              : []
          )}
        />
      }
    >
      {(width) => (
        <>
          <Axes
            width={width}
            highest={highest}
            name={clock}
            spans={spans}
            range={range}
          />
          {lines.map((line) => (
            <g key={line} className={`line ${line}`}>
              <polyline points={points(width, `${line}_seconds`).join(" ")} />
              {points(width, `${line}_seconds`).map(([x, y]) => (
                <circle key={x} cx={x} cy={y} r={3.5} />
              ))}
            </g>
          ))}
        </>
      )}
    </Plot>
  );
}

function Plot(
  { id, title, summary, legend, control, table, children }: {
    id: string;
    title: string;
    summary: string;
    legend: [className: string, name: string][];
    control?: ReactNode;
    table: ReactNode;
    children: (width: number) => ReactNode;
  },
) {
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidthOf(svg);
  return (
    <figure className="card plot" aria-labelledby={id}>
      <div className="heading">
        <h3 id={id}>{title}</h3>
        {control}
      </div>
      <p className="summary" id={`${id}-summary`}>{summary}</p>
      <svg
        ref={svg}
        height={height}
        role="img"
        aria-labelledby={`${id} ${id}-summary`}
      >
        {width > 0 && children(width)}
      </svg>
      <ul className="legend">
        {legend.map(([className, name]) => (
          <li key={name}>
            <span className={`key ${className}`} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
      <details>
        <summary>Show as a table</summary>
        {table}
      </details>
    </figure>
  );
}

/** Drawn as wide as there is room, so that letters keep their size. */
function useWidthOf(element: RefObject<Element | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(entry.contentRect.width)
    );
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

function DataTable(
  { name, columns, rows }: {
    name: string;
    columns: string[];
    rows: string[][];
  },
) {
  if (rows.length === 0) return <p>There is nothing to show.</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={name}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => <th scope="col" key={name}>{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...rest]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {rest.map((cell, i) => <td key={columns[i + 1]}>{cell}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Axes(
  { width, highest, name, spans, range }: {
    width: number;
    highest: number;
    name(value: number): string;
    spans: Span[];
    range: Range;
  },
) {
  const step = stepOf(width, spans);
  const every = Math.ceil(95 / step);
  const marks = highest < 4 ? highest : 4;
  return (
    <g className="axes">
      {Array.from({ length: marks + 1 }, (_, i) => (i * highest) / marks)
        .filter((value) => Number.isInteger(value))
        .map((value) => (
          <g key={value}>
            <line
              x1={left}
              x2={width - right}
              y1={scaled(value, highest)}
              y2={scaled(value, highest)}
            />
            <text x={left - 8} y={scaled(value, highest) + 4} textAnchor="end">
              {name(value)}
            </text>
          </g>
        ))}
      {spans.map(({ from }, i) =>
        i % every === 0 && (
          <text
            key={from}
            x={left + (i + 0.5) * step}
            y={height - 6}
            textAnchor="middle"
          >
            {timeOf(from, range)}
          </text>
        )
      )}
    </g>
  );
}

interface Span {
  from: number;
  rows: EndedSessions[];
}

function spansOf({ ended, from }: AdminData, range: Range): Span[] {
  const byTime = Map.groupBy(ended, (row) => Date.parse(row.ended_from));
  return Array.from({ length: range.buckets }, (_, i) => {
    const start = from + i * range.bucketMs;
    return { from: start, rows: byTime.get(start) ?? [] };
  });
}

/** How wide one span of time is drawn. */
function stepOf(width: number, spans: Span[]): number {
  return (width - left - right) / spans.length;
}

function scaled(value: number, highest: number): number {
  return top + (1 - value / highest) * (height - top - bottom);
}

/** A number at the end of the axis that reads well. */
function niceCeiling(value: number, steps: number[], unit = 1): number {
  const from = value > unit ? unit : 1;
  for (let power = from;; power *= 10) {
    const step = steps.find((step) => step * power >= value);
    if (step) return step * power;
  }
}

function timeOf(ms: number, range: Range): string {
  const isShort = range.bucketMs * range.buckets <= 86_400_000;
  return new Intl.DateTimeFormat(undefined, {
    ...(!isShort && { weekday: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  }).format(ms);
}
