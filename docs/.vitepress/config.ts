// The docs site, built from the Markdown in docs/ by `npm run docs`. The same
// pages are read on GitHub, so links are relative and anchors are GitHub's.
import { posix } from "node:path";
import process from "node:process";
import { defineConfig, type MarkdownRenderer } from "vitepress";

export default defineConfig({
  title: "Interview sessions",
  description:
    "At most one live session per user on Supabase, safe against crashing browsers.",
  // the folder below which the site is published, for example /interview-sessions/
  base: process.env.DOCS_BASE ?? "/",
  cacheDir: "../.stack/vitepress",
  markdown: {
    // the default's red and grey have too little contrast
    theme: {
      light: "github-light-high-contrast",
      dark: "github-dark-high-contrast",
    },
    anchor: { slugify: githubAnchor },
    config(md) {
      md.core.ruler.push("links_out_of_the_site", linksOutOfTheSite);
      md.core.ruler.push("labels_of_cells", labelsOfCells);
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    sidebar: [
      group("Start", {
        "Overview": "index",
        "Quick start": "quick-start",
        "Try it": "try-it",
        "Install": "install",
        "Upgrade": "upgrade",
        "Uninstall": "uninstall",
      }),
      group("Build", {
        "Client": "client",
        "SDKs": "sdks",
        "Mobile and backend": "mobile-and-backend",
        "Drafts": "drafts",
        "Guarding your tables": "guarding",
        "Notification": "notification",
        "API reference": "api",
        "Troubleshooting": "troubleshooting",
      }),
      group("Operate", {
        "Scheduling the reaper": "scheduling",
        "Deliveries": "deliveries",
        "Operating": "operating",
        "Self-hosting and previews": "self-hosting",
        "Scaling": "scaling",
        "Citus": "citus",
      }),
      group("Background", {
        "Security": "security",
        "Reliability": "reliability",
        "Promises": "promises",
        "Compatibility": "compatibility",
        "Comparison": "comparison",
        "Benchmarks": "benchmarks",
        "All benchmark results": "benchmarks/results",
        "Decisions": "decisions",
      }),
    ],
  },
});

function group(text: string, pages: Record<string, string>) {
  const items = Object.entries(pages)
    .map(([text, page]) => ({
      text,
      link: page === "index" ? "/" : `/${page}`,
    }));
  return { text, items };
}

/** The anchor that GitHub gives a heading. */
function githubAnchor(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim().replaceAll(" ", "-");
}

type CoreRule = Parameters<MarkdownRenderer["core"]["ruler"]["push"]>[1];

/** Where the repository is browsed; only CI knows. */
const repository = process.env.GITHUB_REPOSITORY &&
  `${process.env.GITHUB_SERVER_URL}/${process.env.GITHUB_REPOSITORY}/blob/main`;

/**
 * A link to a file of the repository that is not a page: leads to GitHub where the
 * repository's address is known, and is plain text elsewhere.
 */
const linksOutOfTheSite: CoreRule = (state) => {
  const folder = posix.join("docs", posix.dirname(state.env.relativePath));
  for (const block of state.tokens) {
    let isDropped = false;
    block.children = block.children?.filter((token) => {
      if (token.type === "link_open") {
        const href = token.attrGet("href") ?? "";
        const path = posix.join(folder, href);
        isDropped = false;
        if (/^([a-z]+:|#|\/)/i.test(href) || path.startsWith("docs/")) {
          return true;
        }
        if (repository) token.attrSet("href", `${repository}/${path}`);
        isDropped = !repository;
      }
      return !(isDropped && /^link_(open|close)$/.test(token.type));
    }) ?? null;
  }
};

/** Longer cells may be wrapped, in characters. */
const shortest = 16;

/** Each cell names its column: on a phone a row is shown as a list. */
const labelsOfCells: CoreRule = ({ tokens }) => {
  let labels: string[] = [];
  let column = 0;
  tokens.forEach((token, i) => {
    if (token.type === "table_open") labels = [];
    if (token.type === "tr_open") column = 0;
    if (token.type === "th_open") {
      labels.push((tokens[i + 1]?.content ?? "").replaceAll("`", ""));
    }
    if (token.type === "td_open") {
      token.attrSet("data-label", labels[column++] ?? "");
      const { length } = tokens[i + 1]?.content ?? "";
      if (length > 0 && length <= shortest) token.attrJoin("class", "short");
    }
  });
};
