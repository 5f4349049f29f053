// R33: SQL as the roles of the API, for whoever gets that far: through a function
// of the app's that runs what it is told, or with the password of authenticator.
// Such a session may claim to be any user; so this is about what no user may do.
import assert from "node:assert/strict";
import type postgres from "postgres";
import {
  changingNothing,
  changingSomething,
  projectOfThisFile,
} from "../api/support.ts";
import {
  type Holder,
  holders,
  outcomeOf,
  type Somebody,
  withSql,
} from "./support.ts";

const project = projectOfThisFile();

/** The tables with a row for each session. */
const ofSessions = ["active_interview_sessions", "interview_session_history"];
const tables = [...ofSessions, "interviews"];

/** The column that has an id, besides user_id. */
const idOf = (table: string) =>
  table === "interviews" ? "interview_id" : "session_id";
const roles: Somebody["role"][] = ["anon", "authenticated", "service_role"];

/** Each statement's outcome, in a session of the role's; nothing may change. */
async function outcomes(
  somebody: Somebody,
  statements: string[],
  prepare?: (sql: postgres.Sql) => Promise<unknown>,
): Promise<[statement: string, outcome: string][]> {
  return await changingNothing(
    project,
    () =>
      withSql(project, somebody, async (sql) => {
        await prepare?.(sql);
        const found: [string, string][] = [];
        for (const statement of statements) {
          found.push([statement, await outcomeOf(sql, statement)]);
        }
        return found;
      }),
  );
}

/** A user's session writes by the one way there is. */
async function witness(user: Holder) {
  await changingSomething(
    project,
    () =>
      withSql(project, { role: "authenticated", user }, async (sql) => {
        await sql`select public.heartbeat_session(${user.live})`;
      }),
  );
}

/** Every way to write a table that SQL has. */
function writesOf(table: string, { id, live }: Holder): string[] {
  const name = `public.${table}`;
  const its = idOf(table);
  const mine = `where user_id = '${id}'`;
  const row = `(user_id, ${its}) select user_id, ${its} from ${name} ${mine}`;
  return [
    `insert into ${name} (user_id, ${its}) values ('${id}', 'forged')`,
    `insert into ${name} ${row}`,
    `insert into ${name} default values`,
    `insert into ${name} ${row} on conflict do nothing`,
    `insert into ${name} (user_id, ${its}) values ('${id}', 'forged')
      on conflict (${
      table.startsWith("active") ? "user_id" : `user_id, ${its}`
    }) do update set ${its} = 'forged'`,
    `update ${name} set ${its} = 'forged' ${mine}`,
    `update ${name} set user_id = user_id ${mine} returning *`,
    `update ${name} set ${its} = 'forged' where false`,
    `update ${name} set user_id = user_id where ${its} = '${live}'`,
    `update ${name} set ${
      table === "interviews" ? "submitted_at" : "fence"
    } = default`,
    `delete from ${name} ${mine}`,
    `delete from ${name} ${mine} returning *`,
    `delete from ${name} where false`,
    `with gone as (delete from ${name} ${mine} returning *) select count(*) from gone`,
    `with kept as (insert into ${name} ${row} returning *) select * from kept`,
    `explain analyze delete from ${name} ${mine}`,
    `do $$ begin delete from ${name} ${mine}; end $$`,
    `merge into ${name} t using (select '${id}'::uuid as id) s on t.user_id = s.id
      when matched then delete`,
    `merge into ${name} t using (select '${id}'::uuid as id) s on t.user_id = s.id
      when not matched then insert (user_id, ${its}) values (s.id, 'forged')`,
    `truncate ${name}`,
    `truncate ${name} cascade`,
    `copy ${name} from program 'true'`,
    `select * from ${name} ${mine} for update`,
    `select * from ${name} ${mine} for no key update skip locked`,
    `select * from ${name} ${mine} for share`,
    `select * from ${name} ${mine} for key share nowait`,
    `do $$ begin lock table ${name} in share mode; end $$`,
    `do $$ begin lock table ${name} in access exclusive mode nowait; end $$`,
  ];
}

const policies: Record<string, string> = {
  active_interview_sessions: "a user sees their own live session",
  interview_session_history: "a user sees their own ended sessions",
  interviews: "a user sees their own interviews",
};

for (const table of tables) {
  Deno.test(`R33 M1 B8 SQL writes and locks no row of ${table}, by any verb, as any role: 42501`, async () => {
    const [user, other] = await holders(project, 2);

    for (const role of roles) {
      for (const whose of [user, other]) {
        const found = await outcomes(
          { role, user },
          writesOf(table, whose),
        );
        for (const [statement, outcome] of found) {
          assert.match(outcome, /^42501 permission denied/, statement);
          assert(!outcome.includes(other.device), outcome);
        }
      }
    }
    await witness(user);
  });

  Deno.test(`R33 B8 nobody changes what ${table} is: 42501`, async () => {
    const [user] = await holders(project, 1);
    const name = `public.${table}`;
    const statements = [
      `alter table ${name} disable row level security`,
      `alter table ${name} no force row level security`,
      `alter table ${name} add column mine text`,
      `alter table ${name} drop constraint status_is_known`,
      `alter table ${name} owner to current_user`,
      `alter table ${name} rename to other`,
      `drop table ${name} cascade`,
      `create policy mine on ${name} using (true)`,
      `drop policy "${policies[table]}" on ${name}`,
      `create index on ${name} (device)`,
      `create rule mine as on insert to ${name} do instead nothing`,
      `create trigger mine before update on ${name}
        for each row execute function suppress_redundant_updates_trigger()`,
      `alter table ${name} disable trigger all`,
      `grant all on ${name} to current_user`,
      `comment on table ${name} is 'mine'`,
      `create temp table mine (id uuid references ${name} (user_id))`,
      `create temp table mine () inherits (${name})`,
      `create temp table mine partition of ${name} default`,
      `create statistics pg_temp.mine on device, session_id from ${name}`,
      `reindex table ${name}`,
      `cluster ${name} using ${table}_pkey`,
      `create publication mine for table ${name}`,
    ];

    for (const role of roles) {
      for (
        const [statement, outcome] of await outcomes({ role, user }, statements)
      ) {
        assert.match(
          outcome,
          // a grant of nothing is only warned about; the rest is refused
          statement.startsWith("grant")
            ? /^42501|^done: \[\]$/
            : /^(42501|42809|42P16|42P17|42830|0A000) /,
          `${role}: ${statement}`,
        );
      }
    }
    const [{ is_ours }] = await project.sql`
      select
        relrowsecurity and relowner = 'postgres'::regrole as is_ours
      from pg_class where oid = ${name}::regclass`;
    assert(is_ours);
    await witness(user);
  });
}

Deno.test("R33 B8 a view, a function or a cursor of one's own shows one's own rows, and writes none", async () => {
  const [user, other] = await holders(project, 2);
  const wraps = tables.flatMap((table) => {
    const name = `public.${table}`;
    const view = `pg_temp.view_of_${table}`;
    return [
      [`create view ${view} as select * from ${name}`, `select * from ${view}`],
      [
        `create view ${view}_barred with (security_barrier = false) as select * from ${name}`,
        `select * from ${view}_barred where user_id = '${other.id}'`,
      ],
      [
        `create function pg_temp.all_of_${table}() returns setof ${name}
          language sql security definer as 'select * from ${name}'`,
        `select * from pg_temp.all_of_${table}()`,
      ],
      [
        `create temp table copy_of_${table} as select * from ${name}`,
        `select * from pg_temp.copy_of_${table}`,
      ],
      [
        `prepare of_${table} as select * from ${name}`,
        `execute of_${table}`,
      ],
      [
        `create type pg_temp.row_of_${table} as (r ${name})`,
        `select * from ${name} tablesample bernoulli (100)`,
      ],
    ];
  });

  await changingNothing(
    project,
    () =>
      withSql(project, { role: "authenticated", user }, async (sql) => {
        for (const [make, read] of wraps) {
          await sql.unsafe(make);
          const rows = await sql.unsafe(read);
          for (const { user_id } of rows) assert.equal(user_id, user.id, read);
          if (!read.includes(other.id)) {
            assert.equal(rows.length, 1, `one's own: ${read}`);
          }
        }
        for (const table of tables) {
          for (
            const write of [
              `update pg_temp.view_of_${table} set ${idOf(table)} = 'forged'`,
              `delete from pg_temp.view_of_${table}`,
              `insert into pg_temp.view_of_${table} (user_id) values (null)`,
            ]
          ) assert.match(await outcomeOf(sql, write), /^42501/, write);
        }
      }),
  );
  await witness(user);
});

Deno.test("R33 B8 no predicate, error or setting shows a row of somebody else's", async () => {
  const [user, other] = await holders(project, 2);

  await changingNothing(
    project,
    () =>
      withSql(
        project,
        { role: "authenticated", user },
        async (sql, notices) => {
          // cheaper than the policy, so that a planner who may would ask it first
          await sql.unsafe(`
        create function pg_temp.tell(anyelement) returns boolean
        language plpgsql cost 0.0000001
        as $$ begin raise notice 'told %', $1; return true; end $$`).simple();
          for (const table of ofSessions) {
            const rows = await sql.unsafe(`
          select a from public.${table} a
          where pg_temp.tell(a.user_id) and pg_temp.tell(a.device)`);
            assert.equal(rows.length, 1);
            assert.match(
              await outcomeOf(
                sql,
                `select device::int from public.${table} where user_id = '${other.id}'`,
              ),
              /^done: \[\]$/,
            );
            assert.match(
              await outcomeOf(
                sql,
                `select 1 / (fence - ${other.fence}) from public.${table}`,
              ),
              /^done/,
              "a division by nought would tell the fence",
            );
          }
          assert(
            notices.includes(`told ${user.id}`),
            "the predicate was asked",
          );
          for (
            const secret of [other.id, other.device, other.live, other.ended]
          ) {
            assert(!notices.some((notice) => notice.includes(secret)));
          }

          await sql`set row_security = off`;
          for (const table of tables) {
            assert.match(
              await outcomeOf(sql, `select * from public.${table}`),
              /^42501 query would be affected by row-level security policy/,
            );
          }
          await sql`reset row_security`;

          const statistics = await sql`
        select * from pg_stats where tablename = any (${tables})`;
          assert.deepEqual(
            [...statistics],
            [],
            "nor do the planner's statistics",
          );
        },
      ),
  );
});

Deno.test("R33 B8 anon reads no table, the secret key those in public, and nobody anything of the schema sessions", async () => {
  const [user] = await holders(project, 1);
  const inPublic = tables.flatMap((table) => [
    `select * from public.${table}`,
    `select count(*) from public.${table}`,
    `select user_id from public.${table} limit 0`,
  ]);
  const forNobody = [
    ...tables.map((table) => `copy public.${table} to program 'cat'`),
    ...["settings", "early_ends", "revocations", "extensions"]
      .concat("reap_failures", "reaper_runs")
      .map((table) => `table sessions.${table}`),
    "select last_value from sessions.fence",
  ];

  for (const role of roles) {
    const reads = role === "authenticated"
      ? forNobody
      : [...inPublic, ...forNobody];
    for (const [read, outcome] of await outcomes({ role, user }, reads)) {
      const may = role === "service_role" && inPublic.includes(read);
      assert.match(outcome, may ? /^done/ : /^42501/, `${role}: ${read}`);
    }
  }
});

/** What the wrappers in public call. */
const open: Record<string, string[]> = {
  authenticated: [
    "start_session",
    "heartbeat_session",
    "complete_session",
    "end_session",
    "holds_session",
    // these then ask whether the user is an administrator
    "admin_live_sessions",
    "admin_session_history",
    "admin_session_details",
    "admin_ended_sessions",
    "admin_session_health",
    "admin_revoke_session",
    "admin_extend_interview",
    "admin_reap_stale_sessions",
    "admin_list_deliveries",
    "admin_retry_deliveries",
    "version",
  ],
  service_role: [
    "user_holds_session",
    "revoke_session",
    "extend_interview",
    "reap_stale_sessions",
    "claim_deliveries",
    "settle_deliveries",
    "list_deliveries",
    "retry_deliveries",
    "drop_deliveries",
    "session_health",
    "version",
  ],
};

Deno.test("R33 B8 the schema sessions is closed but for the functions of the API: 42501", async () => {
  const [user] = await holders(project, 1);
  const functions = await project.sql<{ name: string; call: string }[]>`
    select
      p.proname as name,
      format(
        'select %s(%s)', p.oid::regproc,
        (
          select string_agg(format('(select null::%s)', format_type(t, null)), ', ')
          from unnest(p.proargtypes) t
        )
      ) as call
    from pg_proc p
    where p.pronamespace = 'sessions'::regnamespace
    order by 1`;
  assert(functions.length > 20);
  const rest = [
    "update sessions.settings set lease = '1 year' where true",
    "insert into sessions.settings default values",
    "delete from sessions.reaper_runs where true",
    "truncate sessions.reaper_runs",
    "select nextval('sessions.fence')",
    "select currval('sessions.fence')",
    "select setval('sessions.fence', 1)",
    "alter sequence sessions.fence restart",
    "create table sessions.mine ()",
    "create function sessions.operator(x int) returns text language sql return 'me'",
    "create or replace function sessions.operator() returns text language sql as 'select 1::text'",
    "alter function sessions.operator() security definer",
    "alter function public.start_session(text, boolean, text, text) security definer",
    "create or replace function public.holds_session(session_id text, fence bigint default null, interview_id text default null) returns boolean language sql as 'select true'",
    "drop function public.start_session(text, boolean, text, text)",
    "grant execute on function sessions.pick_stale(integer, timestamptz) to authenticated",
    "alter schema sessions owner to current_user",
    "grant all on schema sessions to current_user",
    "drop schema sessions cascade",
  ];

  for (const role of roles) {
    const closed = functions.filter(({ name }) => !open[role]?.includes(name))
      .map(({ call }) => call);
    for (
      const [statement, outcome] of await outcomes({ role, user }, [
        ...closed,
        ...rest,
      ])
    ) {
      assert.match(
        outcome,
        // its own rights would stop many a function later; the call itself must not be allowed
        closed.includes(statement)
          ? /^42501 permission denied for (function|schema) /
          : statement.startsWith("grant")
          ? /^42501|^done: \[\]$/
          : /^42501 /,
        `${role}: ${statement}`,
      );
    }
  }
  await witness(user);
});

Deno.test("R33 arguments of other types are those of no function, or are cast and judged as text", async () => {
  const [user] = await holders(project, 1);
  const none = [
    "public.start_session(1)",
    "public.start_session(array['a'])",
    "public.start_session('{}'::json)",
    `public.heartbeat_session('${user.live}'::bytea)`,
    `public.heartbeat_session(row('${user.live}'))`,
    `public.heartbeat_session(session_id => '${user.live}', user_id => '${user.id}')`,
    `sessions.heartbeat_session('${user.live}', '${user.id}')`,
    "sessions.start_session('a', true, 'b', 'c', 'd')",
    "sessions.end_session()",
    "public.holds_session('a', 1.5)",
    "public.holds_session('a', true)",
  ].map((call) => `select ${call}`);
  const refused = [
    ["select sessions.start_session(null)", "22023"],
    ["select sessions.start_session('a', null)", "22023"],
    ["select sessions.start_session(E'a\\x01')", "22023"],
    ["select sessions.end_session(null, 'completed')", "22023"],
    ["select sessions.heartbeat_session(null)", "22023"],
    ["select sessions.complete_session('')", "22023"],
    ["select sessions.heartbeat_session('a\u00a0')", "PT410"],
  ];

  for (
    const [statement, outcome] of await outcomes({
      role: "authenticated",
      user,
    }, none)
  ) {
    assert.match(outcome, /^42883 /, statement);
  }
  const found = await outcomes(
    { role: "authenticated", user },
    refused.map(([statement]) => statement),
  );
  assert.deepEqual(
    found.map(([, outcome]) => outcome.split(" ")[0]),
    refused.map(([, code]) => code),
  );
  await witness(user);
});

/** A call with an argument of 100 MB, and the name of the argument. */
const hundredMegabytes: [Somebody["role"], call: string, argument: string][] = [
  ["authenticated", "start_session($1)", "session_id"],
  ["authenticated", "start_session('a', false, $1)", "device"],
  ["authenticated", "start_session('a', false, 'b', $1)", "interview_id"],
  ["authenticated", "heartbeat_session($1)", "session_id"],
  ["authenticated", "complete_session($1)", "session_id"],
  ["authenticated", "end_session($1)", "session_id"],
  ["authenticated", "end_session('a', $1)", "reason"],
  ["service_role", "revoke_session($2, $1)", "note"],
  ["service_role", "extend_interview($2, $1, '1 minute')", "interview_id"],
  ["service_role", "extend_interview($2, 'a', '1 minute', $1)", "note"],
];

Deno.test("R33 an argument of 100 MB is refused for its length, which costs less than to make it", async () => {
  const [user] = await holders(project, 1);

  const withLong = (expression: string) =>
    `do $do$
      declare v_long text := repeat('x', 100000000);
      begin
        perform ${expression};
      end $do$`;

  await changingNothing(project, async () => {
    const toMake = await withSql(
      project,
      { role: "authenticated", user },
      (sql) => processorTimeOf(sql, withLong("octet_length(v_long)")),
    );
    for (const [role, call, argument] of hundredMegabytes) {
      await withSql(project, { role, user }, async (sql) => {
        const withArguments = call.replace("$1", "v_long")
          .replace("$2", `'${user.id}'`);
        const toRefuse = await processorTimeOf(
          sql,
          withLong(`public.${withArguments}`),
        );

        assert.match(
          toRefuse.outcome,
          /^22023 /,
          `${call}: ${toRefuse.outcome}`,
        );
        assert(toRefuse.outcome.startsWith(`22023 ${argument} must be `));
        if (toMake.ticks === undefined || toRefuse.ticks === undefined) return;
        // a pattern or a comparison of characters costs many times as much
        assert(
          toRefuse.ticks <= 3 * toMake.ticks + 20,
          `${call}: ${toRefuse.ticks} ticks, ${toMake.ticks} without it`,
        );
      });
    }
  });
});

/** What became of a statement, and what it cost in hundredths of a second of the
 * server's processor; undefined where the system does not tell. */
async function processorTimeOf(
  sql: postgres.Sql,
  statement: string,
): Promise<{ outcome: string; ticks?: number }> {
  const [{ pid }] = await sql<{ pid: number }[]>`
    select pg_backend_pid() as pid`;
  const before = ticksOf(pid);
  const outcome = await outcomeOf(sql, statement);
  const after = ticksOf(pid);
  const isTold = before !== undefined && after !== undefined;
  return { outcome, ticks: isTold ? after - before : undefined };
}

function ticksOf(pid: number): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // after the name of the program: utime and stime are the 12th and 13th
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** What a session may set before it calls. */
const settings = [
  "set standard_conforming_strings = off",
  "set transform_null_equals = on",
  "set timezone = 'Pacific/Kiritimati'",
  "set datestyle = 'SQL, DMY'",
  "set intervalstyle = 'sql_standard'",
  "set client_encoding = 'LATIN1'",
  "set enable_seqscan = off; set enable_indexscan = off; set enable_bitmapscan = off",
  "set default_transaction_isolation = 'serializable'",
  "set row_security = off",
  "set search_path = pg_temp, sessions, auth",
  "set array_nulls = off",
  "set extra_float_digits = -15",
  "set lock_timeout = 1",
  "set \"request.jwt.claim.role\" = 'service_role'",
  "set \"sessions.lease\" = '1 year'",
];

Deno.test("R33 no setting of the session's changes what a function answers", async () => {
  for (const setting of settings) {
    const [user, other] = await holders(project, 2);
    await changingNothing(
      project,
      () =>
        withSql(project, { role: "authenticated", user }, async (sql) => {
          await sql.unsafe(setting).simple();
          const codes: string[] = [];
          for (
            const call of [
              "start_session('b')",
              "start_session(E'b\\x02', true)",
              `heartbeat_session('${other.live}')`,
              `heartbeat_session('${user.ended}')`,
              "heartbeat_session(null)",
              "reap_stale_sessions()",
              `revoke_session('${other.id}')`,
            ]
          ) {
            const outcome = await outcomeOf(sql, `select public.${call}`);
            codes.push(outcome.split(" ")[0]);
          }
          assert.deepEqual(
            codes,
            ["PT409", "22023", "PT410", "PT410", "22023", "42501", "42501"],
            setting,
          );
        }),
    );
    await changingSomething(
      project,
      () =>
        withSql(project, { role: "authenticated", user }, async (sql) => {
          await sql.unsafe(setting).simple();
          const [row] = await sql.unsafe(`
          select
            expires_at - updated_at = interval '5 minutes' as is_a_lease,
            deadline_at - created_at = interval '15 minutes' as is_the_longest
          from public.start_session('c', true)`);
          assert.deepEqual(row, { is_a_lease: true, is_the_longest: true });
        }),
    );
  }
});

Deno.test("R33 B8 nobody becomes more than they are: set role, session authorization, functions", async () => {
  const [user, other] = await holders(project, 2);
  const statements = [
    "set role postgres",
    "set role supabase_admin",
    "set local role pg_read_all_data",
    "set session authorization postgres",
    "select set_config('role', 'postgres', false)",
    "set session_replication_role = replica",
    "alter role authenticated superuser",
    "alter role authenticated bypassrls",
    "grant postgres to authenticated",
    "grant service_role to authenticated",
    "create function pg_temp.up() returns void language sql set role = postgres as ''",
    "load 'auto_explain'",
    "select pg_read_file('PG_VERSION')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "select * from auth.users",
    `delete from auth.users where id = '${other.id}'`,
    "alter system set row_security = off",
  ];

  for (
    const [statement, outcome] of await outcomes({
      role: "authenticated",
      user,
    }, statements)
  ) {
    assert.match(
      outcome,
      /^(42501|42704|22023|28000) |^done: \[\]$/,
      statement,
    );
  }
  // a function that says it is an operator's does not make one of its caller
  const [found] = await outcomes(
    { role: "authenticated", user },
    [`select pg_temp.revoke()`],
    (sql) =>
      sql.unsafe(`
        create function pg_temp.revoke() returns setof public.interview_session_history
        language sql security definer
        as $$ select * from public.revoke_session('${other.id}') $$`).simple(),
  );
  assert.match(
    found[1],
    /^42501 permission denied for function revoke_session/,
  );
  await witness(user);
});

Deno.test("R33 who runs SQL as authenticator is every user and every operator: its password is a secret key", async () => {
  const [user] = await holders(project, 1);

  await changingSomething(
    project,
    () =>
      withSql(project, { role: "authenticator" }, async (sql) => {
        assert.match(
          await outcomeOf(sql, "select public.session_health()"),
          /^42501/,
          "by itself it may nothing",
        );
        await sql`set role service_role`;
        const [row] = await sql`
        select end_reason from public.revoke_session(${user.id})`;
        assert.equal(row.end_reason, "revoked");
      }),
  );
});

Deno.test("R33 M8 who runs SQL can make another's start wait until it gives up; through the API nobody can", async () => {
  const [user, other] = await holders(project, 2);

  await withSql(project, { role: "authenticated", user }, async (sql) => {
    await sql`
      select pg_advisory_lock(hashtextextended(${
      "start_session " + other.id
    }, 0))`;
    const { error } = await other.client.rpc("start_session", {
      session_id: "waits",
    });
    assert.equal(error?.code, "55P03", "retry");
    const beat = await other.client.rpc("heartbeat_session", {
      session_id: other.live,
    });
    assert.equal(beat.error, null, "what lives goes on");
  });
  const { error } = await other.client.rpc("start_session", {
    session_id: "waits no more",
  });
  assert.equal(error?.code, "PT409");
});
