// What an administrator does on the admin page, and what nobody else sees there.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { atTheDesk, deskAddress } from "./admin_support.ts";
import { inspect } from "./inspect.ts";
import {
  addAdministrator,
  administrator,
  checkNow,
  inAnInterview,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
  whyNoFullBrowser,
} from "./support.ts";

// each test would see the sessions of the others
const story = storiesOfThisFile({ atOnce: 1 });

story(
  "how the admin page looks: signing in, an alarm, a session, its dialogs, refused",
  async (scene) => {
    const { project, device } = scene;
    const { tab } = await device();
    await tab.open(deskAddress());
    await tab.sees("Sign in with an administrator's account.");
    await inspect(tab, { isForOperators: true });
    const ada = await startedSession(scene, { name: "ada" });
    await project.service.rpc("extend_interview", {
      user_id: ada.id,
      interview_id: "exam",
      by: "5 minutes",
      note: "Fire alarm in the building.",
    });
    await addAdministrator(scene);
    await tab.signIn(administrator);
    await tab.sees(
      "Alarm: The last clean-up was 20 min ago",
      "ada@example.com",
    );
    await inspect(tab, { isForOperators: true, picture: "admin" });
    await tab.page.getByRole("link", { name: "ada@example.com" }).click();
    await tab.sees("Fire alarm in the building.");
    await inspect(tab, { isForOperators: true });
    for (const dialog of ["Give more time…", "End this session…"]) {
      await tab.press(dialog);
      await tab.page.getByRole("dialog").waitFor();
      await inspect(tab, { isForOperators: true });
      await tab.press("Cancel");
      await tab.page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.equal(
        await tab.page.evaluate("document.activeElement.innerText"),
        dialog,
        "the focus is where it was",
      );
    }

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
    const { project, ended } = scene;
    const { tab, person } = await inAnInterview(scene);
    const desk = await atTheDesk(scene);
    await desk.page.getByRole("link", { name: person.email }).click();

    await desk.press("End this session…");
    await desk.page.getByLabel("Note").fill("Asked for by mail");
    await desk.press("End session");

    await desk.sees(`The session of ${person.email} was ended.`);
    await desk.page.getByRole("definition").getByText("Asked for by mail")
      .waitFor();
    assert.notEqual(
      await desk.page.evaluate("document.activeElement.tagName"),
      "BODY",
      "the focus is not lost with the button",
    );
    await checkNow(tab);
    await tab.sees("An administrator ended this interview");
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      ["revoked"],
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
  "W16 a candidate submits and starts again before the administrator confirms: the new session lives on",
  async (scene) => {
    const ben = await startedSession(scene, { name: "ben" });
    const desk = await atTheDesk(scene);
    await desk.page.getByRole("link", { name: "ben@example.com" }).click();
    await desk.press("End this session…");
    await desk.page.getByRole("dialog").waitFor();

    await ben.client.rpc("end_session", {
      session_id: "first",
      reason: "completed",
    });
    await ben.client.rpc("start_session", { session_id: "second" });
    await desk.press("End session");

    await desk.sees(
      "This session of ben@example.com was over already. Nothing was changed.",
    );
    assert.equal((await scene.live(ben))?.session_id, "second");
    assert.deepEqual(
      (await scene.ended(ben)).map(({ end_reason }) => end_reason),
      ["completed"],
    );
    await desk.page.getByRole("dialog").waitFor({ state: "hidden" });
    await desk.sees(/^Submitted, /);
  },
);

story(
  "W17 the answer to an older period arrives last: the charts show the period that is chosen",
  async (scene) => {
    const cleo = await startedSession(scene, { name: "cleo" });
    await endedSessions(scene, cleo.id, ["20 minutes", "10 hours"]);
    const desk = await atTheDesk(scene, "view=trends&period=day");
    const { page } = desk;
    await desk.sees("2 sessions ended: 2 submitted.");

    // given: the answer for the week is held back
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<unknown>();
    await page.route("**/rpc/admin_ended_sessions", async (route) => {
      const { bucket } = route.request().postDataJSON();
      if (bucket === "21600 seconds") {
        asked.resolve(route.request());
        await held.promise;
      }
      // or the page has given it up
      await route.continue().catch(() => {});
    });
    const over = new Set<unknown>();
    for (const event of ["requestfinished", "requestfailed"] as const) {
      page.on(event as "requestfinished", (request) => over.add(request));
    }
    await page.getByLabel("Period").selectOption({ label: "Last 7 days" });
    const older = await asked.promise;

    // when: another period is chosen, and then the older answer comes
    await page.getByLabel("Period").selectOption({ label: "Last hour" });
    await desk.sees("1 session ended: 1 submitted.");
    await page.evaluate(`(() => {
      shown = new Set();
      const note = () => {
        const [summary] = document.body.innerText.match(/\\d+ sessions? ended: .*/) ?? [];
        shown.add(summary);
      };
      note();
      new MutationObserver(note).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    })()`);
    held.resolve();
    await until("the older answer is over", () => over.has(older));
    await page.waitForResponse("**/rpc/admin_ended_sessions");

    // then
    assert.deepEqual(await page.evaluate("[...shown]"), [
      "1 session ended: 1 submitted.",
    ]);
    await page.getByText("Show as a table").first().click();
    const lines = await page.getByRole("region", {
      name: "How sessions ended: table",
    })
      .getByRole("row").allInnerTexts();
    assert.equal(lines.length, 2, lines.join("\n"));
  },
);

story(
  "M17 charts: spans without a session are gaps, the running span is marked, none lies in the future",
  async (scene) => {
    const dora = await startedSession(scene, { name: "dora" });
    await endedSessions(scene, dora.id, [
      "0 minutes",
      "3 hours",
      "4 hours",
      "9 hours",
    ]);
    const desk = await atTheDesk(scene, "view=trends&period=day");
    const { page } = desk;
    await desk.sees("4 sessions ended: 4 submitted.");
    // of equal values, a line has no height and counts as invisible
    await page.locator(".recharts-line-curve").first()
      .waitFor({ state: "attached" });

    // a line of three pieces: one point, two points, one point
    const path = await page.locator(".recharts-line-curve").first()
      .getAttribute("d");
    assert.equal(path?.match(/M/g)?.length, 3, path ?? "no line");
    await page.locator("svg").getByText(/–now$/).first().waitFor();
    await page.getByText("Show as a table").first().click();
    const [, ...rows] = await page.getByRole("region", {
      name: "How sessions ended: table",
    })
      .getByRole("row").allInnerTexts();
    assert.equal(rows.length, 4);
    assert.match(rows[3], /–now\t/);
    const bars = await page.locator(".recharts-bar-rectangle path").count();
    assert.equal(bars, 4);
  },
);

story(
  "B2 the alarm comes first, in plain words, and “Clean up now” clears it",
  async (scene) => {
    const eve = await startedSession(scene, { name: "eve" });
    await scene.runOut(eve);
    await scene.age(eve, "15 minutes");
    const desk = await atTheDesk(scene);
    const { page } = desk;

    await desk.sees(/^Alarm: The last clean-up was \d+ min ago$/);
    const words = await page.innerText("main");
    assert.doesNotMatch(words, /reaper|reap\b|stale|lease|fence|heartbeat/i);
    assert(
      words.indexOf("Alarm") < words.indexOf("Live ("),
      "the alarm is above the lists",
    );
    await desk.sees(/^over for 15 min$/);

    await desk.press("Clean up now");

    await desk.sees(
      "Cleaned up 1 session.",
      "All is well",
      "Nobody is in an interview.",
    );
    assert.deepEqual(
      (await scene.ended(eve)).map(({ end_reason }) => end_reason),
      ["expired"],
    );
    const [run] = await scene.project.sql`
      select ran_by, reaped from sessions.reaper_runs order by ran_at desc limit 1`;
    assert.deepEqual(run, { ran_by: "authenticated", reaped: 1 });
  },
);

story(
  "B2 each reason for an alarm has words of its own on the page, without jargon",
  async (scene) => {
    await noSessions(scene);
    const reasons = reasonsOfAlarms();
    assert(reasons.length >= 13, `${reasons.length}`);
    const desk = await atTheDesk(scene);
    const { page } = desk;
    let shown = "";
    // what the database would say if this had happened
    await page.route("**/rpc/admin_session_health", async (route) => {
      const response = await route.fetch().catch(() => undefined);
      if (!response) return;
      const [health] = await response.json();
      await route.fulfill({
        response,
        json: [{ ...health, status: "critical", reason: shown }],
      });
    });

    for (shown of reasons) {
      const health = page.getByRole("region", { name: "Health" });
      await health.locator("details p").getByText(shown, { exact: true })
        .waitFor({ state: "attached" });
      const words = await health.innerText();
      assert.doesNotMatch(words, /Something is wrong/, shown);
      assert.doesNotMatch(words, /reap|stale|lease|fence|grant/i, shown);
    }
    await page.unroute("**/rpc/admin_session_health");
  },
);

story(
  "C1 an administrator gives one person more time, in the middle of the interview",
  async (scene) => {
    const finn = await startedSession(scene, { name: "finn" });
    await finn.client.rpc("end_session", { session_id: "first" });
    await finn.client.rpc("start_session", {
      session_id: "second",
      interview_id: "exam",
      device: "Safari on iPad",
    });
    const before = (await scene.live(finn))!.deadline_at;
    const desk = await atTheDesk(scene);
    const { page } = desk;
    await page.getByRole("link", { name: "finn@example.com" }).click();
    const related = page.getByRole("region", {
      name: "Sessions of this interview",
    });
    await related.getByText("This session").waitFor();
    assert.equal(await related.getByRole("listitem").count(), 2);
    await desk.sees("None was given.");

    await desk.press("Give more time…");
    await page.getByLabel("Minutes").fill("7");
    await page.getByLabel("Note").fill("The network was down.");
    await page.keyboard.press("Enter");
    await page.getByLabel("Note").press("Tab");
    await page.getByRole("dialog").getByRole("button", {
      name: "Give more time",
    })
      .click();

    await desk.sees(/^finn@example.com has 7 minutes more, until /);
    const extra = page.getByRole("region", { name: "Extra time" });
    await extra.getByText("The network was down.").waitFor();
    await extra.getByText(`7 min by ${administrator.email}`).waitFor();
    assert.equal(
      +(await scene.live(finn))!.deadline_at - +before,
      7 * 60_000,
    );

    await related.getByRole("link").click();
    await desk.sees(/^Left, /);
    await page.goBack();
    await desk.sees("Safari on iPad");
  },
);

story(
  "M17 the last figures stay when the server is gone, and the page says how old they are",
  async (scene) => {
    await startedSession(scene, { name: "gus" });
    const desk = await atTheDesk(scene);
    const { page } = desk;
    await desk.sees("gus@example.com");
    await page.evaluate(`(() => {
      said = [];
      const region = [...document.querySelectorAll("[role=status]")]
        .find((element) => element.parentElement.className.includes("notice"));
      new MutationObserver(() => said.push(region.textContent))
        .observe(region, { childList: true, subtree: true, characterData: true });
    })()`);

    await scene.network.cut();

    await desk.sees(
      "The server cannot be reached",
      /^These figures are \d+ s old\./,
    );
    await desk.sees(/^These figures are [3-9] s old\./);
    await desk.sees("gus@example.com");

    scene.network.mend();
    await desk.seesNoMore(/^These figures are/);
    assert.deepEqual(await page.evaluate("said"), [
      "The server cannot be reached. The last figures stay on the page.",
      "",
    ]);
  },
);

story(
  "M17 a hidden page asks nothing until it is seen again",
  async (scene) => {
    await noSessions(scene);
    await addAdministrator(scene);
    // a tab of a profile that is kept nowhere may get a window of its own
    const { tab, newTab } = await scene.computer();
    await tab.open(deskAddress());
    await tab.signIn(administrator);
    await tab.sees("Nobody is in an interview.");
    const other = await newTab();
    await other.open(deskAddress());
    await other.sees("Nobody is in an interview.");
    await other.page.bringToFront();
    await until(
      "it is hidden",
      () => tab.page.evaluate<boolean>("document.hidden"),
    );

    const [hidden, seen] = [countCalls(tab), countCalls(other)];
    await until("the other tab has asked ten times", () => seen.calls >= 10);
    assert.equal(hidden.calls, 0);

    await tab.page.bringToFront();
    await until("it asks again", () => hidden.calls > 0);
  },
  { skip: await whyNoFullBrowser("hidden tabs") },
);

story(
  "M17 the admin page is a chunk of its own, and its charts another one",
  async (scene) => {
    const loaded = (tab: Tab) => {
      const names: string[] = [];
      tab.page.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith("/assets/")) names.push(pathname);
      });
      return names;
    };
    await noSessions(scene);
    const { tab: start } = await scene.device();
    const forCandidates = loaded(start);
    await start.open("/");
    await start.page.getByLabel("Email").waitFor();
    for (const name of forCandidates) {
      const text = await (await fetch(scene.url + name)).text();
      assert.doesNotMatch(text, /admin_live_sessions|recharts-/, name);
    }

    const { tab } = await scene.device();
    await addAdministrator(scene);
    const forAdministrators = loaded(tab);
    await tab.open(deskAddress());
    await tab.signIn(administrator);
    await tab.sees("Nobody is in an interview.");
    assert(forAdministrators.some((name) => /admin/.test(name)));
    assert(!forAdministrators.some((name) => /trends/.test(name)));
    await tab.page.getByRole("link", { name: "Trends" }).click();
    await tab.sees("No session has ended in this period.");
    assert(forAdministrators.some((name) => /trends/.test(name)));
  },
);

story(
  "M17 the admin page shows an ordinary user nothing, and so do the functions it calls",
  async (scene) => {
    const hal = await startedSession(scene, { name: "hal" });
    const curious = await scene.project.newUser();
    const { tab } = await scene.device();
    await tab.open(
      deskAddress(`user=${hal.id}&session=first`),
    );
    await tab.signIn({
      email: curious.email,
      password: "correct horse battery staple",
    });

    await tab.sees("This page is for administrators");
    assert.match(await tab.page.title(), /^This page is for administrators · /);
    const words = await tab.page.innerText("body");
    assert(!words.includes("hal@example.com"));
    const calls = scene.network.calls.filter(({ name }) =>
      name.startsWith("POST ") && name.includes("/rpc/admin_")
    );
    assert(calls.length > 0);
    assert(
      calls.every(({ name, status }) =>
        name.endsWith("/admin_session_health") && status === 403
      ),
    );
  },
);

/** From the SQL, with a number in each place. */
function reasonsOfAlarms(): string[] {
  const sql = fs.readFileSync(
    join(repositoryRoot, "supabase/migrations/20250124000400_health.sql"),
    "utf8",
  );
  return [
    ...sql.matchAll(/v_row\.reason := (?:format\(\s*)?'((?:[^']|\'\')*)'/g),
  ]
    .map(([, text]) => text.replaceAll("%s", "3"))
    .filter((text) => !text.endsWith("and nothing is overdue."));
}

function countCalls({ page }: Tab): { calls: number } {
  const counted = { calls: 0 };
  page.on("request", (request) => {
    if (request.url().includes("/rpc/admin_")) counted.calls++;
  });
  return counted;
}

/** Somebody in the interview "exam"; nobody else is in one. The clean-up is late. */
async function startedSession(scene: Scene, { name }: { name: string }) {
  const { project } = scene;
  await noSessions(scene);
  const user = await project.newUser();
  const email = `${name}@example.com`;
  await project
    .superuser`update auth.users set email = ${email} where id = ${user.id}`;
  await user.client.rpc("start_session", {
    session_id: "first",
    device: "Chrome on Windows",
    interview_id: "exam",
  });
  await project.service.rpc("reap_stale_sessions");
  await project
    .sql`update sessions.reaper_runs set ran_at = ran_at - interval '20 minutes' where true`;
  return { ...user, email, password: "" };
}

/** Sessions of a user that ended so long ago, each after five minutes. */
async function endedSessions(
  { project }: Scene,
  userId: string,
  ages: string[],
) {
  for (const age of ages) {
    await project.sql`
      insert into public.interview_session_history (
        user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
      )
      select ${userId}, ${age}, 0, at - interval '5 minutes', at, at, 'completed', 'active', 0
      from (select now() - ${age}::interval as at) e`;
  }
}

async function noSessions({ project: { sql } }: Scene) {
  await sql`delete from public.active_interview_sessions where true`;
  await sql`delete from public.interview_session_history where true`;
}
