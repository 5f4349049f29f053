// Draws a plot as SVG that can be read on white and on black: text and lines take
// the colour of the reader's theme, the series are told apart by colour and by
// the legend's order.
import type { Plot } from "./answer.ts";
import { rounded } from "./numbers.ts";

const width = 880;
const left = 70;
const right = 24;
const top = 44;

// Okabe and Ito's, without the yellow and the black: told apart by everyone, and
// dark enough on white and light enough on black
const colours = [
  "#d55e00",
  "#0072b2",
  "#56b4e9",
  "#999999",
  "#cc79a7",
  "#b8860b",
  "#009e73",
  "#8a5fd0",
  "#c0392b",
  "#5d8a3a",
];

/** The plot as a file. */
export function svg(plot: Plot): string {
  const legendRows = Math.ceil(plot.series.length / 3);
  const plotHeight = 320;
  const height = top + plotHeight + 56 + 20 * legendRows;
  const body = plot.kind === "bars"
    ? bars(plot, plotHeight)
    : lines(plot, plotHeight);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(plot.title)}</title>`,
    `<style>`,
    `text { fill: #24292f } .axis { stroke: #57606a } .grid { stroke: #d0d7de; stroke-width: .6 }`,
    `@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .axis { stroke: #9198a1 } .grid { stroke: #3d444d } }`,
    `</style>`,
    text(left, 20, plot.title, `font-size="15" font-weight="600"`),
    text(left, 36, plot.y, `font-size="11"`),
    ...body,
    ...plot.series.map(({ name }, i) => {
      const x = left + (i % 3) * ((width - left - right) / 3);
      const y = top + plotHeight + 56 + 20 * Math.floor(i / 3);
      return `<rect x="${x}" y="${y - 9}" width="10" height="10" rx="2" ` +
        `fill="${colourOf(i)}"/>` + text(x + 16, y, name);
    }),
    `</svg>`,
    ``,
  ].join("\n");
}

function bars(plot: Plot, height: number): string[] {
  const labels = plot.labels ?? [];
  const y = logScale(valuesOf(plot), height);
  const group = (width - left - right) / labels.length;
  return [
    ...grid(y.ticks, y.at),
    ...labels.flatMap((label, place) => {
      const present = plot.series.flatMap(({ points }, i) =>
        points.filter(([x]) => x === place)
          .map(([, value]) => ({ i, value }))
      );
      const bar = Math.min(22, (group - 14) / Math.max(1, present.length));
      const begin = left + place * group +
        (group - bar * present.length) / 2;
      return [
        ...present.map(({ i, value }, k) =>
          `<rect x="${fixed(begin + k * bar)}" y="${fixed(y.at(value))}" ` +
          `width="${fixed(bar - 2)}" ` +
          `height="${fixed(top + height - y.at(value))}" ` +
          `fill="${colourOf(i)}"><title>${
            escaped(`${plot.series[i].name}: ${rounded(value)}`)
          }</title></rect>`
        ),
        text(
          left + place * group + group / 2,
          top + height + 18,
          label,
          `text-anchor="middle"`,
        ),
      ];
    }),
    axis(height),
    text(
      (width + left) / 2,
      top + height + 36,
      plot.x,
      `text-anchor="middle"`,
    ),
  ];
}

function lines(plot: Plot, height: number): string[] {
  const y = logScale(valuesOf(plot), height);
  const xs = plot.series.flatMap(({ points }) => points.map(([x]) => x));
  const [from, to] = [Math.min(...xs), Math.max(...xs)];
  const x = (value: number) =>
    left + 20 + (width - left - right - 40) *
      (Math.log(value / from) / Math.log(Math.max(to / from, 1.0001)));
  return [
    ...grid(y.ticks, y.at),
    ...plot.series.flatMap(({ points }, i) => [
      `<polyline fill="none" stroke="${colourOf(i)}" stroke-width="2" ` +
      `points="${
        points.map(([px, py]) => `${fixed(x(px))},${fixed(y.at(py))}`)
          .join(" ")
      }"/>`,
      ...points.map(([px, py]) =>
        `<circle cx="${fixed(x(px))}" cy="${fixed(y.at(py))}" r="4" ` +
        `fill="${colourOf(i)}"><title>${
          escaped(`${plot.series[i].name}, ${rounded(px)}: ${rounded(py)}`)
        }</title></circle>`
      ),
    ]),
    ...[...new Set(xs)].map((value) =>
      text(
        x(value),
        top + height + 18,
        rounded(value),
        `text-anchor="middle"`,
      )
    ),
    axis(height),
    text(
      (width + left) / 2,
      top + height + 36,
      plot.x,
      `text-anchor="middle"`,
    ),
  ];
}

interface Scale {
  at(value: number): number;
  ticks: number[];
}

/** From a step below the smallest to one above the largest: 1, 2, 5, 10 … */
function logScale(values: number[], height: number): Scale {
  const positive = values.filter((value) => value > 0);
  const smallest = Math.min(...positive) / 1.5;
  const largest = Math.max(...positive) * 1.1;
  const steps = [];
  for (let power = -6; power <= 9; power++) {
    for (const digit of [1, 2, 5]) steps.push(digit * 10 ** power);
  }
  const from = steps.findLast((step) => step <= smallest) ?? smallest;
  const to = steps.find((step) => step >= largest) ?? largest;
  return {
    at: (value) =>
      top + height -
      height * Math.log(Math.max(value, from) / from) / Math.log(to / from),
    ticks: steps.filter((step) => step >= from && step <= to),
  };
}

function grid(ticks: number[], at: (value: number) => number): string[] {
  return ticks.flatMap((tick) => [
    `<line class="grid" x1="${left}" x2="${width - right}" ` +
    `y1="${fixed(at(tick))}" y2="${fixed(at(tick))}"/>`,
    text(left - 8, at(tick) + 4, label(tick), `text-anchor="end"`),
  ]);
}

function axis(height: number): string {
  return `<line class="axis" x1="${left}" x2="${width - right}" ` +
    `y1="${top + height}" y2="${top + height}"/>`;
}

function label(value: number): string {
  return value >= 1
    ? value.toLocaleString("en").replaceAll(",", " ")
    : String(Number(value.toPrecision(1)));
}

function valuesOf({ series }: Plot): number[] {
  return series.flatMap(({ points }) => points.map(([, value]) => value));
}

function colourOf(i: number): string {
  return colours[i % colours.length];
}

function text(x: number, y: number, what: string, more = ""): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${more}>${
    escaped(what)
  }</text>`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escaped(what: string): string {
  return what.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
