// What many measurements are in a few numbers.

/** The middle of the measurements, and between what they lie. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** The value that this share of the values does not exceed. */
export function percentile(values: number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The middle; between the two in the middle, if there are two. */
export function median(values: number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** Median, lowest and highest. */
export function spread(values: number[]): Spread {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
  };
}

/** Round by round, so that a slow minute of the machine is in both. */
export function ratios(ours: number[], theirs: number[]): Spread {
  const rounds = Math.min(ours.length, theirs.length);
  return spread(ours.slice(0, rounds).map((value, i) => value / theirs[i]));
}
