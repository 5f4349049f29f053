// What every page may use: the Supabase client and the configuration.
import { createContext, type ReactNode, useContext } from "react";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Config } from "../config.ts";

interface App {
  supabase: SupabaseClient;
  config: Config;
}

const AppContext = createContext<App | null>(null);

/** Provides them. */
export function AppProvider(
  { children, ...app }: App & { children: ReactNode },
) {
  return <AppContext value={app}>{children}</AppContext>;
}

/** The Supabase client and the configuration. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp() is called outside of <AppProvider>");
  return app;
}
