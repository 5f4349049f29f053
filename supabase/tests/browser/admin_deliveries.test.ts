// The deliveries on the admin page: what is not confirmed, why, and trying it again.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { atTheDesk, deskAddress, rowsOf } from "./admin_support.ts";
import { inspect } from "./inspect.ts";
import { type Scene, storiesOfThisFile, until } from "./support.ts";

// each test would see the deliveries of the others
const story = storiesOfThisFile({ atOnce: 1 });

/**
 * Three endpoints: "meter" fails, "rooms" works, "uploads" has answered 410. Of Ada's
 * session the meter's delivery is dead, of Ben's it is tried again in 20 minutes; that
 * to uploads is on hold. The reaper has just run.
 */
async function seedDeliveries({ project: { sql, superuser, service } }: Scene) {
  await sql`delete from sessions.endpoints where true`;
  await superuser`
    insert into auth.users (id, email)
    select md5(name)::uuid, name || '@example.com' from unnest(array['ada', 'ben']) name
    on conflict do nothing`;
  await sql`
    insert into sessions.endpoints (
      name, url, state, delivered, last_delivered_at, last_error, last_error_at
    )
    values
      ('meter', 'https://meter.example.com/hook?key=hidden', 'on', 12,
        now() - interval '1 day', 'The receiver answered 500.', now() - interval '2 minutes'),
      ('rooms', 'https://rooms.example.com/', 'on', 1204, now() - interval '3 minutes', null, null),
      ('uploads', 'https://uploads.example.com/', 'gone', 7,
        now() - interval '2 days', 'The receiver answered 410 Gone.', now() - interval '1 hour')`;
  await sql`
    insert into sessions.deliveries (endpoint, data, created_at, attempts, due_at, last_error)
    select
      endpoint,
      jsonb_build_object(
        'user_id', md5(name)::uuid, 'session_id', name || '-1', 'interview_id', 'exam',
        'device', 'Firefox on Linux', 'end_reason', 'expired'
      ),
      now() - age, attempts, due_at, error
    from (
      values
        ('meter', 'ada', interval '26 hours', 12, null::timestamptz, 'The receiver answered 500.'),
        ('meter', 'ben', interval '25 minutes', 5, now() + interval '20 minutes 30 seconds', 'The receiver did not answer in 10 s.'),
        ('uploads', 'ben', interval '1 hour', 1, now(), 'The receiver answered 410 Gone.')
    ) as given (endpoint, name, age, attempts, due_at, error)`;
  await service.rpc("reap_stale_sessions");
}

story(
  "M17 C3 a delivery that failed shows its error and its attempts, and is tried again on a click",
  async (scene) => {
    await seedDeliveries(scene);
    const tab = await atTheDesk(scene);
    const { page } = tab;
    await tab.sees("Warning: 1 delivery failed");
    await page.getByRole("link", { name: "Show deliveries" }).click();

    await tab.sees("1–3 of 3");
    const [ben, uploads, ada] = await rowsOf(tab);
    assert.match(
      ben,
      /^ben@example\.com meter Waiting .* 5 of 12 in 20 min The receiver did not answer in 10 s\.$/,
    );
    assert.match(uploads, /^ben@example\.com uploads On hold .* 1 of 12 — /);
    assert.match(
      ada,
      /^ada@example\.com meter Failed .* 12 of 12 Retry The receiver answered 500\.$/,
    );
    await tab.sees("12 events delivered, the last 24 h ago.", "1,204 events");
    assert.doesNotMatch(
      await page.evaluate<string>("document.body.innerText"),
      /https:|hidden/,
    );

    await page.getByRole("button", {
      name: "Retry: meter, ada@example.com",
    }).click();

    await tab.sees("1 delivery is sent again with the next run.");
    await until(
      "it waits, with no attempt used",
      async () =>
        /Waiting .* 0 of 12 with the next run/.test((await rowsOf(tab))[2]),
    );
    assert.notEqual(
      await page.evaluate("document.activeElement.tagName"),
      "BODY",
      "the focus is not lost with the button",
    );
    const due = await scene.project.sql`
      select from sessions.deliveries where due_at <= now() and attempts = 0`;
    assert.equal(due.length, 1);
  },
);

story(
  "M17 deliveries are searched, filtered and sorted, and saved as a file; the address says what is shown",
  async (scene) => {
    await seedDeliveries(scene);
    const tab = await atTheDesk(scene, "view=deliveries&delivery=dead");
    const { page } = tab;
    await tab.sees("1–1 of 1");
    assert.match(await page.title(), /^Deliveries · /);
    await page.getByLabel("State").selectOption({ label: "All" });
    await page.getByLabel("Search").fill("did not answer");
    await tab.sees("1–1 of 1");
    await page.getByRole("status").getByText("1 delivery found").waitFor();
    await page.getByLabel("Search").fill("nobody");
    await tab.sees("No delivery matches.");
    await page.getByLabel("Search").fill("");
    await page.getByRole("button", { name: "Attempts" }).click();
    await until(
      "the fewest attempts are first",
      async () => (await rowsOf(tab))[0]?.includes("1 of 12"),
    );

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      tab.press("Save as CSV"),
    ]);
    await tab.sees("Saved 3 deliveries as a file.");
    assert.equal(download.suggestedFilename(), "deliveries.csv");
    const lines = fs.readFileSync(await download.path(), "utf8").split("\r\n");
    assert.equal(
      lines[0],
      "\ufeffemail,user_id,session_id,interview_id,end_reason,ended_at,delivery_id,endpoint,state,attempts,next_attempt_at,last_error",
    );
    assert.equal(lines.length, 5);
  },
);

story(
  "M17 all failed deliveries are tried again at once, and a refusal is told",
  async (scene) => {
    await seedDeliveries(scene);
    await scene.project.sql`
      update sessions.deliveries set due_at = null, attempts = 12 where true`;
    const tab = await atTheDesk(scene, "view=deliveries");
    await tab.page.route(
      "**/rpc/admin_retry_deliveries",
      (route) =>
        route.fulfill({
          status: 500,
          json: {
            code: "55P03",
            message: "canceling statement due to lock timeout",
          },
        }),
      { times: 1 },
    );
    await tab.press("Retry failed");
    await tab.sees("Nothing was tried again: canceling statement");

    await tab.press("Retry failed");
    await tab.sees("3 deliveries are sent again with the next run.");
    await tab.page.getByRole("button", { name: /^Retry/ }).first()
      .waitFor({ state: "hidden" });
  },
);

story("how the deliveries look", async (scene) => {
  await seedDeliveries(scene);
  const tab = await atTheDesk(scene, "view=deliveries");
  await tab.sees("1–3 of 3");
  await inspect(tab, { isForOperators: true });
});

story(
  "M17 on a phone nothing of a delivery is hidden",
  async (scene) => {
    await seedDeliveries(scene);
    const tab = await atTheDesk(scene, "view=deliveries&delivery=dead");
    const { page } = tab;
    await tab.sees("1–1 of 1");
    await page.setViewportSize({ width: 390, height: 800 });

    const row = page.locator("table[role=table] tbody tr").first();
    for (
      const words of [
        "ada@example.com",
        "meter",
        "Failed",
        "12 of 12",
        "Retry",
        "The receiver answered 500.",
      ]
    ) {
      const box = await row.getByText(words, { exact: true }).boundingBox();
      assert(box && box.x >= 0 && box.x + box.width <= 390, words);
    }
  },
);

story(
  "C5 M17 without the chapter deliveries there is no such view, and an old link says so",
  async (scene) => {
    await scene.project.sql.unsafe(`
      drop trigger record_deliveries on public.interview_session_history;
      drop table sessions.deliveries, sessions.endpoints;
      drop function sessions.delivery_health();
    `).simple();
    const tab = await atTheDesk(scene);
    await tab.page.getByRole("link", { name: "Trends" }).waitFor();
    assert.equal(
      await tab.page.getByRole("link", { name: /^Deliveries/ }).count(),
      0,
    );

    await tab.open(deskAddress("view=deliveries"));
    await tab.sees("Deliveries are not installed");
    await inspect(tab, { isForOperators: true });
  },
);
