// scripts/rollback.sql refuses while something of the app depends on what is to
// go: it names it, and changes nothing.
import assert from "node:assert/strict";
import {
  type LastingDatabase,
  makeCopyOf,
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import {
  everythingIn,
  installApp,
  refusedRollback,
  rollBack,
  rollBackInPieces,
  sessionsIn,
  useSessions,
} from "./support.ts";

interface Dependant {
  /** As the test is named after it. */
  what: string;
  create: string;
  drop: string;
  /** What the refusal must name. */
  named: RegExp;
}

const answers = `
  create table public.answers (
    user_id uuid not null default auth.uid(),
    session_id text not null,
    fence bigint
  );
  alter table public.answers enable row level security;`;
const dropAnswers = "drop table public.answers;";

const dependants: Dependant[] = [
  {
    what: "a policy that calls holds_session",
    create: `${answers}
      create policy "live sessions write" on public.answers for insert
      to authenticated with check (public.holds_session(session_id, fence));`,
    drop: dropAnswers,
    named: /policy live sessions write on table (public\.)?answers/,
  },
  {
    what: "a trigger with a condition that calls holds_session",
    create: `${answers}
      create trigger refuse_zombies before insert on public.answers for each row
      when (not public.holds_session(new.session_id)) execute function app.touch();`,
    drop: dropAnswers,
    named: /trigger refuse_zombies on table (public\.)?answers/,
  },
  {
    what: "a trigger whose function calls holds_session",
    create: `${answers}
      create function app.refuse_zombies() returns trigger language plpgsql as $$
      begin
        if not public.holds_session(new.session_id) then
          raise exception 'over';
        end if;
        return new;
      end $$;
      create trigger refuse_zombies before insert on public.answers
      for each row execute function app.refuse_zombies();`,
    drop: `${dropAnswers} drop function app.refuse_zombies();`,
    named: /function app\.refuse_zombies\(\)/,
  },
  {
    what: "a view on the history",
    create: `create view app.interviews as
      select user_id, duration from public.interview_session_history;`,
    drop: "drop view app.interviews;",
    named: /view app\.interviews/,
  },
  {
    what: "a view on the live sessions",
    create: `create view app.live as
      select count(*) from public.active_interview_sessions;`,
    drop: "drop view app.live;",
    named: /view app\.live/,
  },
  {
    what: "a foreign key to the history",
    create: `create table app.reviews (
        user_id uuid, session_id text,
        constraint of_an_interview foreign key (user_id, session_id)
        references public.interview_session_history
      );`,
    drop: "drop table app.reviews;",
    named: /constraint of_an_interview on table app\.reviews/,
  },
  {
    what: "a foreign key to the interviews",
    create: `create table app.reports (
        user_id uuid, interview_id text,
        constraint of_an_attempt foreign key (user_id, interview_id)
        references public.interviews
      );`,
    drop: "drop table app.reports;",
    named: /constraint of_an_attempt on table app\.reports/,
  },
  {
    what: "a function that asks for a named user",
    create: `create function app.holds(u uuid) returns boolean
      language plpgsql as $$ begin
        return public.user_holds_session(u, 'a');
      end $$;`,
    drop: "drop function app.holds(uuid);",
    named: /function app\.holds\(uuid\)/,
  },
  {
    what: "a function that returns the row of the health",
    create: `create function app.health()
      returns setof public.interview_session_health
      language plpgsql as 'begin end';`,
    drop: "drop function app.health();",
    named: /function app\.health\(\)/,
  },
  {
    what: "a function that reads the operators' notes",
    create: `create function app.notes() returns bigint
      language plpgsql as
      'begin return (select count(*) from sessions.revocations); end';`,
    drop: "drop function app.notes();",
    named: /function app\.notes\(\)/,
  },
  {
    what: "a function that reads the history",
    create: `create function app.interviews() returns bigint language sql as
      'select count(*) from public.interview_session_history';`,
    drop: "drop function app.interviews();",
    named: /function app\.interviews\(\)/,
  },
  {
    what: "a function that returns rows of ours",
    create:
      `create function app.mine() returns setof public.active_interview_sessions
      language plpgsql as 'begin end';`,
    drop: "drop function app.mine();",
    named: /function app\.mine\(\)/,
  },
  {
    what: "a default that draws from our fence",
    create: `create table app.tickets (
        number bigint default nextval('sessions.fence')
      );`,
    drop: "drop table app.tickets;",
    named: /column number of table app\.tickets/,
  },
  {
    what: "a table in our schema",
    create: "create table sessions.of_the_app (id int);",
    drop: "drop table sessions.of_the_app;",
    named: /table sessions\.of_the_app/,
  },
];

/** A project with an app and its sessions; each test leaves it as it was. */
let database: LastingDatabase;
/** All that is in it without a dependant. */
let without: unknown;

Deno.test.beforeAll(async () => {
  database = await makeCopyOf("migrated");
  await installApp(database);
  await useSessions(database);
  without = await everythingIn(database);
});

Deno.test.afterAll(() => database.drop());

for (const { what, create, drop, named } of dependants) {
  Deno.test(`M15 refused for ${what}, and nothing changed`, async () => {
    await database.connected((sql) => sql.unsafe(create).simple());
    const before = await Promise.all([
      everythingIn(database),
      sessionsIn(database),
    ]);

    const { code, message, detail } = await refusedRollback(database);

    assert.equal(code, "2BP01", message);
    assert.match(`${detail}`, named);
    assert.deepEqual(
      await Promise.all([everythingIn(database), sessionsIn(database)]),
      before,
      "a refused rollback changes nothing",
    );
    await database.connected((sql) => sql.unsafe(drop).simple());
    assert.deepEqual(await everythingIn(database), without);
  });
}

Deno.test("M15 all that depends on it is named at once, without the advice to cascade", async () => {
  await withCopyOf(database, async (database) => {
    // the same table twice in the list
    const all = dependants.filter(({ create }) => !create.startsWith(answers))
      .concat(dependants.slice(0, 1));
    for (const { create } of all) {
      await database.connected((sql) => sql.unsafe(create).simple());
    }

    const { code, message, detail, hint } = await refusedRollback(database);

    assert.equal(code, "2BP01");
    assert.match(message, /^Interview sessions cannot be removed, because/);
    const lines = `${detail}`.split("\n");
    assert.equal(lines.length, all.length, detail);
    for (const { named } of all) {
      assert(lines.some((line) => named.test(line)), `${named} in ${detail}`);
    }
    assert.match(`${hint}`, /Do not use CASCADE/);
    assert.doesNotMatch(`${hint}`, /DROP \.\.\. CASCADE/);
  });
});

Deno.test("M15 a refusal changes nothing where the client goes on after it, as psql does with ON_ERROR_ROLLBACK", async () => {
  await withCopyOf(database, async (database) => {
    const [{ create, drop, named }] = dependants;
    await database.connected((sql) => sql.unsafe(create).simple());
    const before = await sessionsIn(database);
    const versions = () =>
      database.connected((sql) =>
        plainly(sql`
          select version from supabase_migrations.schema_migrations order by 1`)
      );
    const applied = await versions();
    const going = { onErrorRollback: true };

    const refusal = await rollBackInPieces(database, going);

    assert.match(`${refusal?.detail}`, named);
    assert.deepEqual(await sessionsIn(database), before);
    assert.deepEqual(await versions(), applied);

    await database.connected((sql) => sql.unsafe(drop).simple());
    assert.equal(await rollBackInPieces(database, going), undefined);
    assert.deepEqual(await versions(), []);
  });
});

Deno.test("M15 functions are found where standard_conforming_strings is off, too", async () => {
  await withCopyOf(database, async (database) => {
    const calling = dependants.find(({ what }) => what.includes("asks for"));
    assert(calling);
    await database.connected(async (sql) => {
      await sql.unsafe(calling.create).simple();
      await sql`
        alter database ${sql(database.name)}
        set standard_conforming_strings = off`;
    });

    const { detail } = await refusedRollback(database);

    assert.match(`${detail}`, calling.named);
  });
});

Deno.test("M15 rolled back once nothing depends on it any more", async () => {
  await withCopyOf(database, async (database) => {
    await rollBack(database);

    assert.notDeepEqual(await everythingIn(database), without);
    assert.deepEqual(
      await database.connected((sql) =>
        plainly(sql`select to_regnamespace('sessions') as schema`)
      ),
      [{ schema: null }],
    );
  });
});

Deno.test("M15 all or nothing also where each statement is sent by itself, as psql does", async () => {
  await withCopyOf(database, async (database) => {
    const calling = dependants.find(({ what }) =>
      what.includes("whose function")
    );
    assert(calling);
    // found last of all, when everything else has been dropped
    await database.connected((sql) => sql.unsafe(calling.create).simple());
    const before = await sessionsIn(database);

    const refusal = await rollBackInPieces(database);

    assert.match(`${refusal?.detail}`, calling.named);
    assert.deepEqual(await sessionsIn(database), before);

    await database.connected((sql) => sql.unsafe(calling.drop).simple());
    assert.equal(await rollBackInPieces(database), undefined);
    assert.deepEqual(
      await database.connected((sql) =>
        plainly(sql`select to_regnamespace('sessions') as schema`)
      ),
      [{ schema: null }],
    );
  });
});
