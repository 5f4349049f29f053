// Random numbers that follow from a seed.

/** A source of them. */
export interface RandomNumbers {
  /** A whole number from nought up to, and without, this one. */
  upTo(end: number): number;
  /** One of these. */
  oneOf<T>(values: T[]): T;
}

/** The same numbers for the same seed (mulberry32). */
export function randomNumbers(seed: number): RandomNumbers {
  let state = seed | 0;
  const upTo = (end: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * end);
  };
  return { upTo, oneOf: (values) => values[upTo(values.length)] };
}
