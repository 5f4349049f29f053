// The local stack's administrator: who may see the admin page. Known to
// everybody, like the keys, and good for nothing but this stack.
import postgres from "postgres";
import type { Api } from "./api.ts";
import { localKeys } from "./keys.ts";
import { StackProblem } from "./problem.ts";

/** How the local administrator signs in. */
export const administrator = {
  email: "admin@example.com",
  password: "local-only-administrator",
};

/** Makes the account unless it is there, and an administrator of it. */
export async function makeAdministrator(
  databaseUrl: string,
  api: Pick<Api, "url">,
) {
  const { email } = administrator;
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const found = await sql`select from auth.users where email = ${email}`;
    if (found.length === 0) await signUp(api);
    // @supabase/lite keeps a text in it that is JSON, not the JSON itself
    await sql`
      update auth.users
      set raw_app_meta_data = '{"session_admin": true}' || case
        when jsonb_typeof(raw_app_meta_data) = 'string'
          then (raw_app_meta_data #>> '{}')::jsonb
        else coalesce(raw_app_meta_data, '{}')
      end
      where email = ${email}
        and raw_app_meta_data -> 'session_admin' is distinct from 'true'`;
  } finally {
    await sql.end();
  }
}

async function signUp(api: Pick<Api, "url">) {
  const response = await fetch(`${api.url}/auth/v1/signup`, {
    method: "POST",
    headers: {
      apikey: localKeys.publishable,
      "content-type": "application/json",
    },
    body: JSON.stringify(administrator),
  });
  const answer = await response.text();
  if (response.ok) return;
  throw new StackProblem(
    `The account ${administrator.email} could not be made: ` +
      `${response.status} ${answer}`,
  );
}
