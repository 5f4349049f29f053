// A request as PostgREST makes it: four round trips, one of which sets the role,
// the user's claims, and what else a function may read. Every party that is
// called through the API pays for it alike, also one without RLS.

/** The user of this turn: 12 digits, the last part of the id. */
export const user = `('00000000-0000-4000-8000-' || :n)::uuid`;

/** A session of that user; an epoch is a turn, so that no id is used twice. */
export const session = `('5e55' || :e || '-0000-4000-8000-' || :n)`;

/** The lowest number of twelve digits: the user before the first. */
export const userZero = 100_000_000_000;

/** The same ids in a query that makes them of a column n. */
export function userOf(n: string): string {
  return `('00000000-0000-4000-8000-' || (${userZero} + ${n}))::uuid`;
}

/** Likewise. */
export function sessionOf(n: string, epoch: number): string {
  return `('5e55${epoch}-0000-4000-8000-' || (${userZero} + ${n}))`;
}

/** As long as the claims of a user who signed up with a password. No letter or
 * digit may follow a colon: pgbench would read a variable. */
const claims = [
  `'{"aal": "aal1", "amr": [{"method": "password", "timestamp": 1764000000}], `,
  `"app_metadata": {"provider": "email", "providers": ["email"]}, `,
  `"aud": "authenticated", "email": "' || :n || '@example.com", `,
  `"exp": 1764003600, "iat": 1764000000, "is_anonymous": false, `,
  `"iss": "https://abcdefghijklmnopqrst.supabase.co/auth/v1", "phone": "", `,
  `"role": "authenticated", "session_id": "7d7c1b4e-3c52-4f5a-9a51-0b9f2b1f8a10", `,
  `"sub": "00000000-0000-4000-8000-' || :n || '", "user_metadata": `,
  `{"email": "' || :n || '@example.com", "email_verified": true, `,
  `"phone_verified": false, "sub": "00000000-0000-4000-8000-' || :n || '"}}'`,
].join("");

const headers =
  `'{"accept": "*/*", "content-type": "application/json", "host": "abcdefghijklmnopqrst.supabase.co", "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "x-client-info": "supabase-js-web/2.119.1"}'`;

/** A statement as the API runs it. */
export interface ApiCall {
  /** The path that the client requests: /rpc/<function>, or /<table>. */
  path: string;
  statement: string;
  role?: string;
  /** Another setting of the transaction: an expression. */
  also?: string;
}

/** The script of such a request. */
export function request({ path, statement, role, also }: ApiCall): string {
  return [
    "begin;",
    `select set_config('search_path', '"public", "extensions"', true), ` +
    `set_config('role', '${role ?? "authenticated"}', true), ` +
    `set_config('request.jwt.claims', ${claims}, true), ` +
    `set_config('request.method', 'POST', true), ` +
    `set_config('request.path', '${path}', true), ` +
    `set_config('request.headers', ${headers}, true), ` +
    `set_config('request.cookies', '{}', true)` +
    (also ? `, ${also}` : "") + ";",
    `${statement};`,
    "commit;",
  ].join("\n");
}

/** A call of one of the component's functions. */
export function rpc(
  name: string,
  args: string,
  o: { role?: string; columns?: string } = {},
): string {
  return request({
    path: `/rpc/${name}`,
    statement: `select ${o.columns ?? "*"} from public.${name}(${args})`,
    role: o.role,
  });
}

/** Has each client use users of its own, one after the other. */
export const nextUser = [
  `\\set n :first + :client_id * :each + :i`,
  `\\set i :i + 1`,
  `\\set fence :n - ${userZero}`,
].join("\n");
