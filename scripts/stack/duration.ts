// Durations on the command line.
import ms, { type StringValue } from "ms";

/** "500ms", "5s", "1.5m" or "1h" in milliseconds; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  // ms itself also takes numbers without a unit, days and negative numbers
  if (!/^[\d.]+(ms|s|m|h)$/.test(text)) return undefined;
  const duration = Math.round(ms(text as StringValue));
  return duration > 0 ? duration : undefined;
}
