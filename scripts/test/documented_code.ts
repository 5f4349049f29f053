// Which tests run the code blocks of the documentation. A block is code if a
// language is named after its fence; output and diagrams name none.
import assert from "node:assert/strict";
import { exists, filesBelow, textOf } from "./files.ts";
import { type CodeBlock, codeBlocksOf } from "./recipes.ts";

interface Page {
  /** The tests that run its recipes: a file, or a folder. */
  tests?: string[];
  /** Recipes that the page itself calls not run. */
  notRun?: string[];
  /** Blocks without a recipe, by how they begin, and the file that runs them. */
  others?: Record<string, string>;
}

const startTest = "supabase/tests/stack/start.test.ts";
const consumersTest = "supabase/tests/package/consumers.test.ts";

const pages: Record<string, Page> = {
  "README.md": {
    tests: ["supabase/tests/docs/quick_start.test.ts"],
    others: { "npm start": startTest, "npm test": ".ci/run" },
  },
  "CONTRIBUTING.md": { others: { "npm start npm test": startTest } },
  "docs/api.md": {
    others: Object.fromEntries(
      ["start_", "heartbeat_", "complete_", "end_", "holds_", "user_"]
        .concat(["revoke_", "extend_", "reap_", "session_", "admin_"])
        .concat(["claim_", "settle_", "list_", "retry_", "drop_"])
        .map((name) => [name, "supabase/tests/docs/api.test.ts"]),
    ),
  },
  "docs/citus.md": {
    tests: [
      "scripts/test/citus_cluster.ts",
      "supabase/tests/citus/operating.test.ts",
    ],
  },
  "docs/client.md": { tests: [consumersTest, "supabase/tests/docs"] },
  "docs/drafts.md": {
    tests: ["supabase/tests/docs/drafts.test.ts", consumersTest],
  },
  "docs/deliveries.md": {
    tests: [
      "supabase/tests/docs/deliveries.test.ts",
      "supabase/tests/docs/delivered_twice.test.ts",
    ],
    others: {
      '{ "type": "session.ended"': "supabase/tests/edge/deliveries.test.ts",
    },
  },
  "docs/notification.md": {
    tests: [
      "supabase/tests/docs/notification.test.ts",
      "supabase/tests/install/notification_owner.test.ts",
      consumersTest,
    ],
  },
  "docs/guarding.md": { tests: ["supabase/tests/docs/guarding.test.ts"] },
  "docs/install.md": {
    tests: ["supabase/tests/install/docs.test.ts"],
    others: {
      "npx interview-sessions types": "supabase/tests/install/types.test.ts",
      "import type { Database as App }": "supabase/tests/install/types.test.ts",
    },
  },
  "docs/operating.md": {
    tests: [
      "supabase/tests/docs/operating.test.ts",
      "supabase/tests/docs/restore.test.ts",
    ],
  },
  "docs/quick-start.md": {
    tests: ["supabase/tests/docs/quick_start.test.ts", consumersTest],
  },
  "docs/scheduling.md": {
    tests: ["supabase/tests/schedule"],
    others: {
      '{ "reaped": 3': "supabase/tests/edge/reap.test.ts",
      "[Unit] Description=": "supabase/tests/schedule/systemd.test.ts",
    },
  },
  "docs/sdks.md": {
    tests: ["supabase/tests/docs/sdks.test.ts"],
    notRun: ["not run, Dart", "not run, Swift", "not run, C#"],
  },
  "docs/mobile-and-backend.md": {
    tests: ["supabase/tests/docs/sdks.test.ts"],
  },
  "docs/self-hosting.md": { tests: ["supabase/tests/docs/uninstall.test.ts"] },
  "docs/try-it.md": {
    others: {
      "npm start": startTest,
      "npm run rehearse -- --lease 5s": "supabase/tests/stack/rehearse.test.ts",
    },
  },
  "docs/uninstall.md": { tests: ["supabase/tests/docs/uninstall.test.ts"] },
  "docs/upgrade.md": { tests: ["supabase/tests/install/docs.test.ts"] },
  "examples/interview-room/README.md": {
    others: { '{ "apiUrl":': "supabase/tests/browser/support.ts" },
  },
};

/** The blocks of a Markdown file that no test runs, each in a sentence. */
export function codeThatIsNotRun(file: string): string[] {
  const { tests = [], notRun = [], others = {} } = pages[file] ?? {};
  const sources = tests.flatMap((path) =>
    path.endsWith(".ts") ? [path] : filesBelow(path, ".ts")
  ).map(textOf).join("\n");
  for (const test of Object.values(others)) {
    assert(exists(test), `${test}, which runs code of ${file}, is gone`);
  }
  const isRun = ({ recipe, text }: CodeBlock) => {
    if (recipe && sources.includes(`"${recipe}"`)) return true;
    if (recipe && notRun.includes(recipe)) return true;
    const words = text.trim().replaceAll(/\s+/g, " ");
    return Object.keys(others).some((beginning) => words.startsWith(beginning));
  };
  return codeBlocksOf(file)
    .filter((block) => block.language !== "" && !isRun(block))
    .map(({ recipe, text }) =>
      `${file}: no test runs ${recipe ?? `the block "${text.slice(0, 60)}…"`}`
    );
}
