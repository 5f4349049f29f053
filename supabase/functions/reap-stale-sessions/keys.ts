// The keys that the function is given. Hosted projects set SUPABASE_SECRET_KEYS;
// self-hosted and older ones have only SUPABASE_SERVICE_ROLE_KEY.

/** Keys by name, as `withSupabase` takes them instead of the environment's. */
export interface Keys {
  secretKeys: Record<string, string>;
  publishableKeys?: Record<string, string>;
}

/** The keys of the environment; undefined if no secret key is set. */
export function keysOf(
  env: { get(name: string): string | undefined },
): Keys | undefined {
  const named = parsed(env.get("SUPABASE_SECRET_KEYS"));
  if (Object.keys(named).length > 0) return { secretKeys: named };
  const single = env.get("SUPABASE_SECRET_KEY");
  if (single) return { secretKeys: { default: single } };
  const serviceRole = env.get("SUPABASE_SERVICE_ROLE_KEY");
  if (!serviceRole) return undefined;
  return {
    secretKeys: { default: serviceRole },
    // a client that the function does not use wants one
    publishableKeys: { default: env.get("SUPABASE_ANON_KEY") || "not used" },
  };
}

function parsed(text: string | undefined): Record<string, string> {
  try {
    const keys: unknown = JSON.parse(text || "{}");
    return typeof keys === "object" && keys !== null
      ? Object.fromEntries(
        Object.entries(keys).filter(([, key]) => typeof key === "string"),
      )
      : {};
  } catch {
    return {};
  }
}
