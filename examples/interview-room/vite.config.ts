// Builds the app: `vite build` in this folder, or `npm start` in the repository's
// root. Outside this repository, remove the alias and install interview-sessions
// from npm.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const client = decodeURIComponent(
  new URL("../../client", import.meta.url).pathname,
);

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^interview-sessions$/, replacement: `${client}/index.ts` },
      {
        find: /^interview-sessions\/react$/,
        replacement: `${client}/react.ts`,
      },
    ],
  },
  build: { target: "es2022", chunkSizeWarningLimit: 1000 },
});
