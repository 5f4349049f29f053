// Where the page begins: reads its configuration, and shows the one of the two
// pages that its address asks for.
import { createClient } from "@supabase/supabase-js";
import { createRoot } from "react-dom/client";
import { AdminPage } from "./admin/admin_page.tsx";
import { CandidatePage } from "./candidate/candidate_page.tsx";
import { loadConfig } from "./config.ts";
import { Page } from "./parts/page.tsx";
import { fetchNotingTime } from "./server_time.ts";
import "./style.css";

const root = createRoot(document.getElementById("app")!);
try {
  const { apiUrl, publishableKey } = await loadConfig();
  const supabase = createClient(apiUrl, publishableKey, {
    global: { fetch: fetchNotingTime },
  });
  const isAdmin = location.pathname.replace(/\/$/, "") === "/admin";
  root.render(
    isAdmin ? <AdminPage supabase={supabase} /> : (
      <CandidatePage
        supabase={supabase}
        url={apiUrl}
        publishableKey={publishableKey}
      />
    ),
  );
} catch (cause) {
  console.error(cause);
  root.render(
    <Page>
      <section className="card narrow">
        <h1>This page could not be loaded</h1>
        <p>Please check your connection, and load the page again.</p>
        <button
          type="button"
          className="primary"
          onClick={() => location.reload()}
        >
          Load again
        </button>
      </section>
    </Page>,
  );
}
