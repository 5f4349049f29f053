// Times, numbers and devices as the pages name them.

/** As in "just now" and "5 minutes ago". */
export function ago(seconds: number): string {
  return seconds < 10 ? "just now" : `${span(seconds)} ago`;
}

/** As in "40 seconds", "5 minutes", "2 hours". */
export function span(seconds: number): string {
  const [count, unit] = seconds < 60
    ? [seconds, "second"] as const
    : seconds < 3600
    ? [seconds / 60, "minute"] as const
    : seconds < 86_400
    ? [seconds / 3600, "hour"] as const
    : [seconds / 86_400, "day"] as const;
  return plural(Math.floor(count), unit);
}

/** As in "1 minute", to the nearest minute, or second if it is less. */
export function about(seconds: number): string {
  return span(seconds < 55 ? seconds : Math.round(seconds / 60) * 60);
}

/** As on a clock: "9:05", "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** As in "14:03" and "2:03 PM". */
export function timeOfDay(timestamp: string): string {
  return new Date(timestamp).toLocaleTimeString([], { timeStyle: "short" });
}

/** As in "27 November 2026 at 14:03". */
export function dayAndTime(timestamp: string): string {
  return new Date(timestamp).toLocaleString([], {
    dateStyle: "long",
    timeStyle: "short",
  });
}

/** As in "1 answer" and "3 answers". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The user's name for this device, as in "Chrome on Windows". */
export function thisDevice(agent = navigator.userAgent): string {
  const named = (names: [sign: RegExp, name: string][]) =>
    names.find(([sign]) => sign.test(agent))?.[1];
  const browser = named([
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\/|FxiOS/, "Firefox"],
    [/Chrome\/|CriOS/, "Chrome"],
    [/Safari\//, "Safari"],
  ]) ?? "A browser";
  const system = named([
    [/iPhone/, "iPhone"],
    [/iPad/, "iPad"],
    [/Android/, "Android"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "Mac"],
    [/CrOS/, "ChromeOS"],
    [/Linux/, "Linux"],
  ]) ?? "this device";
  return `${browser} on ${system}`;
}
