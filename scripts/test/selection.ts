// Which parts of the tests are meant by the words on the command line.
import type { Part } from "./part.ts";

/** The parts whose suite, name or file has one of the filters in it. */
export function selectParts(parts: Part[], filters: string[]): Part[] {
  if (filters.length === 0) return parts;
  return parts.filter((part) =>
    filters.some((filter) => isMeant(part, filter.replace(/^\.\//, "")))
  );
}

/** The filters that mean nothing at all. */
export function vainFilters(parts: Part[], filters: string[]): string[] {
  return filters.filter((filter) => selectParts(parts, [filter]).length === 0);
}

function isMeant({ suite, name, file }: Part, filter: string): boolean {
  return `${suite}/${name}`.includes(filter) || !!file?.includes(filter);
}
