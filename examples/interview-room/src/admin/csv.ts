// A list as a file that spreadsheets open.

/** A column: its heading, and its value in a row. */
export type CsvColumn<Row> = [
  heading: string,
  value: (row: Row) => string | number | null,
];

/**
 * As in RFC 4180. A text that a spreadsheet would take for a formula gets an
 * apostrophe before it: device names and ids come from the candidates' browsers.
 */
export function csvOf<Row>(columns: CsvColumn<Row>[], rows: Row[]): string {
  const lines = [
    columns.map(([heading]) => cell(heading)),
    ...rows.map((row) => columns.map(([, value]) => cell(value(row)))),
  ];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const harmless = /^\s*[=+\-@|%]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(harmless)
    ? `"${harmless.replaceAll('"', '""')}"`
    : harmless;
}

/** Lets the browser save a text as a file. */
export function save(name: string, text: string) {
  // with the mark that tells Excel that it is UTF-8
  const url = URL.createObjectURL(
    new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }),
  );
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
