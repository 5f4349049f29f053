// Builds the app: `vite build` in this folder, or `npm start` in the repository's
// root. Outside this repository, remove the aliases and install
// interview-sessions from npm.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const client = decodeURIComponent(
  new URL("../../client", import.meta.url).pathname,
);

/** The package's entry points, from their sources. */
const entryPoints = {
  "interview-sessions": "index.ts",
  "interview-sessions/react": "react.ts",
  "interview-sessions/drafts": "drafts.ts",
};

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: Object.entries(entryPoints).map(([name, file]) => ({
      find: new RegExp(`^${name}$`),
      replacement: `${client}/${file}`,
    })),
  },
  build: {
    target: "es2022",
    rolldownOptions: {
      output: {
        // libraries change less often than the app: they stay in the cache
        codeSplitting: {
          groups: [
            {
              name: "react",
              test: /node_modules\/(react|react-dom|scheduler)\//,
            },
            { name: "supabase", test: /node_modules\/@supabase\// },
            {
              name: "shared",
              minShareCount: 2,
              // what only the chunks of the admin page share
              test: (id) => !/\/src\/admin\/|@tanstack\/\w*-?table/.test(id),
            },
          ],
        },
      },
    },
  },
});
