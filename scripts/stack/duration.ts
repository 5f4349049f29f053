// Durations as a person types them.

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** "500ms", "5s", "1.5m" or "1h" in milliseconds; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (unit === undefined) return undefined;
  const ms = Math.round(Number(number) * units[unit]);
  return ms > 0 ? ms : undefined;
}
