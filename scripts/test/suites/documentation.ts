// Does everything that the documentation mentions exist? And is every file free of
// traces of a machine: its folders, or its registry in the lock file?
import assert from "node:assert/strict";
import { dirname, normalize } from "node:path/posix";
import { exists, filesBelow, repositoryFiles, textOf } from "../files.ts";
import { codeThatIsNotRun } from "../documented_code.ts";
import { check, type Part, type Skipped } from "../part.ts";

const suite = "documentation";

/** Links, commands and files in the Markdown, and traces of a machine. */
export function documentationSuite(): Part[] {
  return [
    overMarkdown("links lead to files that exist", missingLinks),
    overMarkdown("each npm script that is named exists", missingScripts),
    overMarkdown("each file that is named exists", missingFiles),
    check(suite, "each code block is run by a test", {
      run: () => {
        const files = repositoryFiles()?.filter((file) => file.endsWith(".md"));
        if (!files) return notInGit;
        const found = files.flatMap(codeThatIsNotRun);
        assert(found.length === 0, found.join("\n"));
        return Promise.resolve();
      },
    }),
    check(
      suite,
      "each promise is named by a test, and each one named is made",
      {
        run: () => Promise.resolve(checkPromises()),
      },
    ),
    check(suite, "no registry's host, no machine's folder in any file", {
      run: () => {
        const files = repositoryFiles();
        if (!files) return notInGit;
        const found = files.flatMap(tracesIn);
        assert(found.length === 0, found.join("\n"));
        return Promise.resolve();
      },
    }),
  ];
}

const notInGit: Promise<Skipped> = Promise.resolve({
  reason: "this folder is not a clone, so git cannot list its files",
});

function overMarkdown(
  name: string,
  missingIn: (text: string, folder: string) => string[],
): Part {
  return check(suite, name, {
    run: () => {
      const files = repositoryFiles()?.filter((file) => file.endsWith(".md"));
      if (!files) return notInGit;
      const missing = files.flatMap((file) =>
        missingIn(textOf(file), dirname(file))
          .map((what) => `${file}: ${what} does not exist`)
      );
      assert(missing.length === 0, missing.join("\n"));
      return Promise.resolve();
    },
  });
}

function missingLinks(text: string, folder: string): string[] {
  const links = [...text.matchAll(/\]\((?:<([^>]+)>|([^()\s]+))/g)]
    .map(([, inBrackets, plain]) => inBrackets ?? plain)
    .filter((target) => !/^[a-z]+:/i.test(target));
  return links.filter((target) => !leadsSomewhere(target, text, folder))
    .map((target) => `the link ${target}`);
}

function leadsSomewhere(target: string, text: string, folder: string): boolean {
  const [path, anchor] = target.split("#");
  const file = normalize(`${folder}/${path}`);
  if (path !== "" && !exists(file)) return false;
  if (anchor === undefined || !/^$|\.md$/.test(path)) return true;
  return anchorsOf(path === "" ? text : textOf(file)).includes(anchor);
}

/** The anchors of the headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "")
      .trim().replaceAll(" ", "-")
  );
}

function missingScripts(text: string): string[] {
  const { scripts } = JSON.parse(textOf("package.json"));
  const named = [
    ...text.matchAll(/\bnpm run ([\w:-]+)/g),
    ...text.matchAll(/\bnpm (start|test)\b/g),
  ].map(([, name]) => name);
  return [...new Set(named)].filter((name) => !(name in scripts))
    .map((name) => `npm script ${name}`);
}

/** Files that a user writes and git ignores. */
const filesOfTheUser = ["supabase/functions/.env"];

/** Every path that begins like one of our folders. */
function missingFiles(text: string): string[] {
  const named = [
    ...text.matchAll(
      /(?<=^|[\s`"'(])((?:supabase|scripts|client|cli|docs|examples|\.github|\.ci)\/[\w./-]*[\w/])/gm,
    ),
  ].map(([, path]) => path);
  return [...new Set(named)]
    .filter((path) => !exists(path) && !filesOfTheUser.includes(path));
}

function checkPromises() {
  const made = numbersIn(
    [...textOf("docs/promises.md").matchAll(/^\| (\w+) +\|/gm)].join("\n"),
  );
  const tests = filesBelow("supabase/tests", "")
    .filter((file) => /\.test\.(sql|ts)$/.test(file));
  const named = numbersIn(tests.map(textOf).join("\n"));
  assert(made.size > 0, "docs/promises.md makes no promise");
  assert.deepEqual([...made.difference(named)], [], "no test names these");
  assert.deepEqual([...named.difference(made)], [], "nobody promises these");
}

function numbersIn(text: string): Set<string> {
  return new Set(text.match(/\b[MBCR][1-9]\d?\b/g));
}

const traces: [pattern: RegExp, what: string][] = [
  [/"resolved": ?"http[s:]/, "a registry's address"],
  [/registry[.][a-z]+js[.]org|deb[.]debian[.]org/, "a registry's host"],
  [/(?<![\w.])\/(?:home|Users|work|root)\/\w/, "a folder of one machine"],
];

function tracesIn(file: string): string[] {
  const text = textOf(file);
  return text.split("\n").flatMap((line, i) =>
    traces.filter(([pattern]) => pattern.test(line))
      .map(([, what]) => `${file}:${i + 1}: ${what}`)
  );
}
