// The admin page: who is in an interview, how interviews ended, and how to end one;
// for administrators only.
import assert from "node:assert/strict";
import { inspect } from "./inspect.ts";
import {
  addAdministrator,
  administrator,
  checkNow,
  inAnInterview,
  type Scene,
  storiesOfThisFile,
} from "./support.ts";

// each test would see the sessions of the others
const story = storiesOfThisFile({ atOnce: 1 });

story(
  "how the admin page looks: signing in, all of it, refused",
  async (scene) => {
    const { project, device } = scene;
    const { tab } = await device();
    await tab.open("/admin?refresh=1");
    await tab.sees("Sign in with an administrator's account.");
    await inspect(tab, { isForOperators: true });
    const runsOut = await someHistory(scene);
    await addAdministrator(scene);
    await tab.signIn(administrator);
    await tab.sees("Live sessions", "What has ended", "Being handed in");
    for (const mark of ["rect", "circle"]) {
      await tab.page.locator(`figure ${mark}`).first().waitFor();
    }
    await inspect(tab, { isForOperators: true, picture: "admin" });
    await tab.press("End ada@example.com");
    await tab.sees("End this session?");
    await inspect(tab, { isForOperators: true });
    await tab.press("Cancel");
    await runsOut();
    await tab.sees(/^over for \d+ (seconds|minutes?)$/);
    await tab.page.getByText("Show as a table").first().click();
    await inspect(tab, { isForOperators: true });

    await tab.press("Sign out");
    const person = await project.newUser();
    await tab.signIn({
      email: person.email,
      password: "correct horse battery staple",
    });
    await tab.sees("This page is for administrators");
    await inspect(tab, { isForOperators: true });
  },
);

story(
  "M17 revoked by an administrator on the admin page: the candidate is told, a record says by whom",
  async (scene) => {
    const { device, project, ended } = scene;
    const { tab, person } = await inAnInterview(scene);
    await addAdministrator(scene);
    const { tab: desk } = await device();
    await desk.open("/admin?refresh=1");
    await desk.signIn(administrator);
    await desk.sees("Live sessions", person.email);

    await desk.press(`End ${person.email}`);
    await desk.page.getByLabel("Note, which only operators see").fill(
      "Asked for by mail",
    );
    await desk.press("End session");

    await desk.sees(`${person.email} was ended.`);
    await checkNow(tab);
    await tab.sees("This interview was ended by an administrator");
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      [
        "revoked",
      ],
    );
    const [row] = await project.superuser`
    select r.note, u.email
    from sessions.revocations r
      join auth.users u on u.id = r.revoked_by
    where r.user_id = ${person.id}`;
    assert.deepEqual(row, {
      note: "Asked for by mail",
      email: administrator.email,
    });
  },
);

story(
  "M17 the admin page shows an ordinary user nothing, and so do the functions it calls",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    const { tab: curious } = await scene.device();
    await curious.signUp();

    await curious.open("/admin");

    await curious.sees("This page is for administrators");
    const words = await curious.page.innerText("body");
    assert(!words.includes(person.email));
    assert(
      scene.network.calls.some(({ name, status }) =>
        name.endsWith("/admin_session_health") && status === 403
      ),
    );
    await tab.connectionIs("Connected");
  },
);

/**
 * Three live sessions, and an hour that has gone by. Answers what makes one of the
 * three run out.
 */
async function someHistory({ project }: Scene): Promise<() => Promise<void>> {
  const users = await project.newUsers(12);
  for (const [i, name] of ["ada", "grace", "alan"].entries()) {
    await project.superuser`
      update auth.users set email = ${`${name}@example.com`}
      where id = ${users[i].id}`;
  }
  const devices = ["Chrome on Windows", "Safari on iPhone", "Firefox on Linux"];
  for (const [i, device] of devices.entries()) {
    await users[i].client.rpc("start_session", { session_id: "now", device });
  }
  await users[1].client.rpc("complete_session", { session_id: "now" });
  await project.service.rpc("reap_stale_sessions");
  for (const [i, { id }] of users.slice(0, devices.length).entries()) {
    const age = `${140 + 110 * i} seconds`;
    await project.sql`
      update public.active_interview_sessions
      set
        created_at = created_at - ${age}::interval,
        deadline_at = deadline_at - ${age}::interval
      where user_id = ${id}`;
  }
  // every user once in eleven minutes, for less than ten
  await project.sql`
    insert into public.interview_session_history (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status
    )
    select
      u.id, 'past ' || n, n, 'Chrome on Windows', e.at - make_interval(secs => 150 + 37 * n % 430), e.at, e.at,
      (array['completed', 'completed', 'expired', 'completed', 'taken_over', 'disconnected', 'completed'])[1 + n % 7],
      'active'
    from generate_series(0, 59) as n
      join unnest(${
    users.map(({ id }) => id)
  }::uuid[]) with ordinality as u (id, i) on u.i = 1 + n % 12
      cross join lateral (select now() - make_interval(secs => 430 + 660 * (n / 12) + 45 * (n % 12)) as at) as e`;

  return async () => {
    await project.sql`
      update public.active_interview_sessions
      set
        updated_at = updated_at - interval '6 minutes',
        expires_at = clock_timestamp() - interval '20 seconds'
      where user_id = ${users[2].id}`;
  };
}
