// Numbers as the report writes them: as many digits as mean something.
import type { Spread } from "./statistics.ts";

/** Three digits that count; thousands apart. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) {
    return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  }
  return value.toPrecision(size >= 0.01 ? 3 : 2).replace(
    /e.*/,
    (exponent) => exponent,
  );
}

/** Down to the microsecond. */
export function milliseconds(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value < 10 ? value.toFixed(3) : value.toFixed(1);
}

/** The middle, and between what. */
export function withSpread({ median, low, high }: Spread): string {
  return `${rounded(median)} (${rounded(low)} – ${rounded(high)})`;
}
