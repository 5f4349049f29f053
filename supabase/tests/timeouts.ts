// Calls give up a lock after seconds, and statements end after eight. Where a test
// is about the order of events and not about these limits, it lifts them: else the
// pace of the machine decides who is refused.
import type postgres from "postgres";
import { ceilingMs } from "./waiting.ts";

/** Limits that have been lifted in a database. */
export interface LiftedTimeouts {
  /** Puts the functions' own limits in force again. */
  restore(superuser: postgres.Sql): Promise<void>;
  /** Lifts them again. */
  lift(superuser: postgres.Sql): Promise<void>;
}

/**
 * Lifts the limits of all functions in the database to the ceiling of the tests,
 * and those of the role that the API connects as. Connections made before keep
 * the role's.
 */
export async function liftTimeouts(
  superuser: postgres.Sql,
): Promise<LiftedTimeouts> {
  const own = await superuser<FunctionTimeout[]>`
    select
      format(
        '%I.%I(%s)', n.nspname, p.proname,
        pg_get_function_identity_arguments(p.oid)
      ) as signature,
      split_part(c, '=', 2) as timeout
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    cross join unnest(p.proconfig) c
    where c ^@ 'lock_timeout='`;
  const lifted = own.map((one) => ({ ...one, timeout: ceiling }));
  await liftThoseOfTheRole(superuser);
  await setAll(superuser, lifted);
  return {
    restore: (superuser) => setAll(superuser, own),
    lift: (superuser) => setAll(superuser, lifted),
  };
}

const ceiling = `${ceilingMs}ms`;

/** The limits of the API's roles, lifted. An API applies the settings of a role to
 * each request, so `alter role … in database` does not reach these. */
export const liftedLimits = {
  statement_timeout: ceiling,
  lock_timeout: ceiling,
};

interface FunctionTimeout {
  signature: string;
  timeout: string;
}

async function setAll(superuser: postgres.Sql, timeouts: FunctionTimeout[]) {
  const statements = timeouts.map(({ signature, timeout }) =>
    `alter function ${signature} set lock_timeout = '${timeout}'`
  );
  await superuser.unsafe(statements.join(";")).simple();
}

/** Lifts the limits of the role that an API connects as, for later connections. */
export async function liftThoseOfTheRole(superuser: postgres.Sql) {
  const [{ database }] = await superuser<{ database: string }[]>`
    select quote_ident(current_database()) as database`;
  const statements = Object.entries(liftedLimits).map(([name, value]) =>
    `alter role authenticator in database ${database} set ${name} = '${value}'`
  );
  await superuser.unsafe(statements.join(";")).simple();
}
