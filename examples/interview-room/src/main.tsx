// Where the app begins: reads its configuration, and shows the page that the
// address asks for.
import { MantineProvider } from "@mantine/core";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import "./app/mantine.css";
import "./app/app.css";
import { AppProvider } from "./app/context.tsx";
import { NotLoaded, NotLoadedBoundary } from "./app/not_loaded.tsx";
import { Loading } from "./app/page.tsx";
import { cssVariables, theme } from "./app/theme.ts";
import { ToastProvider } from "./app/toasts.tsx";
import { CandidatePage, preload } from "./candidate/candidate_page.tsx";
import { type Config, loadConfig } from "./config.ts";
import { fetchNotingTime } from "./server_time.ts";

/** A chunk of its own: candidates do not load it. */
const AdminPage = lazy(() => import("./admin/admin_page.tsx"));

const queries = new QueryClient({
  // a query that fails is shown as failed, rather than as waiting for a network
  defaultOptions: {
    queries: { retry: 1, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});

const isAdmin = location.pathname.replace(/\/$/, "") === "/admin";

if (!isAdmin) preload();

function App(app: { supabase: SupabaseClient; config: Config }) {
  return (
    <AppProvider {...app}>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          <Suspense fallback={<Loading />}>
            {isAdmin ? <AdminPage /> : <CandidatePage />}
          </Suspense>
        </ToastProvider>
      </QueryClientProvider>
    </AppProvider>
  );
}

async function load() {
  const config = await loadConfig();
  const supabase = createClient(config.apiUrl, config.publishableKey, {
    global: { fetch: fetchNotingTime },
  });
  return <App supabase={supabase} config={config} />;
}

const page = await load().catch((cause: unknown) => {
  console.error(cause);
  return <NotLoaded />;
});
createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
    >
      <NotLoadedBoundary>{page}</NotLoadedBoundary>
    </MantineProvider>
  </StrictMode>,
);
