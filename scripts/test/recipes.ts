// Code blocks of the documentation, by the name in the comment before each: the
// tests run what people copy.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { textOf } from "./files.ts";

/** The recipes of a Markdown file by name. */
export function recipesOf(file: string): (name: string) => string {
  const document = textOf(file);
  return (name) => {
    const marker = `<!-- recipe: ${name} -->`;
    const [, after, more] = document.split(marker);
    assert(after !== undefined, `${file} has no recipe ${name}`);
    assert(more === undefined, `${file} has two of ${name}`);
    const block = /^\s*```\w+\n(.*?)\n```\n/s.exec(after);
    assert(block, `after ${marker} there is no code block`);
    return `${block[1]}\n`;
  };
}

/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** After the fence; empty for output and diagrams. */
  language: string;
  /** In the comment before it. */
  recipe?: string;
  text: string;
}

/** All fenced blocks of a Markdown file. */
export function codeBlocksOf(file: string): CodeBlock[] {
  const blocks = textOf(file).matchAll(
    /(?:<!-- recipe: ([^\n]+?) -->\s*)?^ *```(\w*)\n(.*?)^ *```$/gms,
  );
  return [...blocks].map(([, recipe, language, text]) => ({
    language,
    recipe,
    text,
  }));
}

/** All shell commands of a Markdown file, line by line. */
export function shellLinesOf(file: string): string[] {
  return codeBlocksOf(file).filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => line !== "");
}

/** Imports TypeScript source, and returns the module. */
export async function moduleOf<T>(source: string): Promise<T> {
  const folder = fs.mkdtempSync(join(tmpdir(), "recipe-"));
  try {
    const file = join(folder, "recipe.ts");
    fs.writeFileSync(file, source);
    return await import(pathToFileURL(file).href);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
