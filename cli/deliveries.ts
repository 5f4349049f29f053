// `deliveries`: what the receivers of webhooks have not confirmed, for an operator.
import type postgres from "postgres";
import { isAgreed, print } from "./changes.ts";
import { connected } from "./connection.ts";
import { Problem, UsageProblem } from "./problem.ts";

/** Which deliveries: those of an endpoint, or one. */
export interface DeliveryChoice {
  dbUrl: string;
  endpoint?: string;
  id?: string;
}

interface Endpoint {
  name: string;
  url: string;
  state: "on" | "off" | "gone";
  delivered: string;
  last_delivered_at: Date | null;
  last_error: string | null;
}

interface Delivery {
  id: string;
  endpoint: string;
  state: "pending" | "dead" | "on_hold";
  user_id: string;
  session_id: string;
  end_reason: string;
  created_at: Date;
  attempts: number;
  due_at: Date | null;
  last_error: string | null;
}

/** Rows that are shown; more would not be read. */
const mostShown = 100;

/** Prints the endpoints, and the oldest deliveries that are not confirmed. */
export async function listDeliveries(
  o: { dbUrl: string; dead: boolean; json: boolean },
): Promise<void> {
  const { endpoints, deliveries } = await inDatabase(o.dbUrl, async (sql) => ({
    endpoints: await sql<Endpoint[]>`
      select name, url, state, delivered, last_delivered_at, last_error
      from sessions.endpoints order by name`,
    deliveries: await sql<Delivery[]>`
      select * from public.list_deliveries(
        dead => ${o.dead || null}, at_most => ${mostShown}
      )`,
  }));
  if (o.json) {
    print(JSON.stringify({ endpoints, deliveries }, null, 2));
    return;
  }
  if (endpoints.length === 0) {
    print(
      "There is no endpoint, so nothing is delivered. To add one: " +
        "insert into sessions.endpoints (name, url) values (…)",
    );
    return;
  }
  for (const one of endpoints) {
    print(`${one.name} (${one.state}): ${one.url}`);
    print(
      `  ${one.delivered} delivered, the last ${
        shownTime(one.last_delivered_at)
      }`,
    );
    if (one.last_error) print(`  last error: ${one.last_error}`);
  }
  const which = o.dead ? "dead" : "not confirmed";
  if (deliveries.length === 0) {
    print(`\nNo delivery is ${which}.`);
    return;
  }
  print(
    deliveries.length === mostShown
      ? `\nThe ${mostShown} oldest that are ${which}:`
      : `\n${deliveries.length} ${which}:`,
  );
  for (const one of deliveries) {
    print(
      `  ${one.id}  ${one.endpoint}  ${one.state.replace("_", " ")}  ` +
        `${one.attempts} attempts, ` +
        (one.due_at ? `next ${shownTime(one.due_at)}` : "none to come"),
    );
    print(
      `    session ${one.session_id} of user ${one.user_id}, ` +
        `${one.end_reason}, ended ${shownTime(one.created_at)}`,
    );
    if (one.last_error) print(`    last error: ${one.last_error}`);
  }
}

/** Revives dead deliveries; says how many. */
export async function retryDeliveries(o: DeliveryChoice): Promise<void> {
  const count = await inDatabase(o.dbUrl, (sql) =>
    untilNone(async () => {
      const [row] = await sql<{ count: number }[]>`
        select public.retry_deliveries(
          endpoint => ${o.endpoint ?? null}, id => ${o.id ?? null}
        ) as count`;
      return row?.count ?? 0;
    }));
  print(
    count === 0
      ? "No dead delivery was found: nothing was changed."
      : `${count} due now; the next run of the Edge Function sends them.`,
  );
}

/** Deletes deliveries after a question; were they deleted? */
export async function dropDeliveries(
  o: DeliveryChoice & { yes: boolean },
): Promise<boolean> {
  if (o.endpoint === undefined && o.id === undefined) {
    throw new UsageProblem("Which ones? Give --endpoint or --id.");
  }
  return await inDatabase(o.dbUrl, async (sql) => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::integer as count from sessions.deliveries d
      where (${o.endpoint ?? null}::text is null or d.endpoint = ${
      o.endpoint ?? null
    })
        and (${o.id ?? null}::uuid is null or d.id = ${o.id ?? null}::uuid)`;
    const found = row?.count ?? 0;
    if (found === 0) {
      print("No such delivery: nothing was changed.");
      return true;
    }
    print(`${found} deliveries: their receiver is never told.`);
    if (!o.yes && !await isAgreed("Delete them?")) {
      print("Nothing was changed.");
      return false;
    }
    const count = await untilNone(async () => {
      const [row] = await sql<{ count: number }[]>`
        select public.drop_deliveries(
          endpoint => ${o.endpoint ?? null}, id => ${o.id ?? null}
        ) as count`;
      return row?.count ?? 0;
    });
    print(`${count} deleted.`);
    return true;
  });
}

/** Each call of the database handles 10,000 at most. */
async function untilNone(call: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let count = await call(); count > 0; count = await call()) sum += count;
  return sum;
}

async function inDatabase<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  return await connected(url, async (sql) => {
    const [row] = await sql<{ is_there: boolean }[]>`
      select to_regclass('sessions.deliveries') is not null as is_there`;
    if (!row?.is_there) {
      throw new Problem(
        "The chapter deliveries is not installed. To add it: " +
          "npx interview-sessions install --deliveries",
      );
    }
    return await work(sql);
  });
}

function shownTime(time: Date | null): string {
  return time ? time.toISOString().replace(/\.\d+Z$/, "Z") : "never";
}
