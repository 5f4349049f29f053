// How the candidate's pages look and read: no jargon, no violations found by axe, no
// horizontal scrolling, everything usable by keyboard alone.
import assert from "node:assert/strict";
import { inspect, jargonIn } from "./inspect.ts";
import {
  checkNow,
  inAnInterview,
  isKept,
  isSaved,
  onAnother,
  type Person,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 2 });

const proud =
  "I moved our billing to a new system without a day of downtime. My part was the plan, and the evening when it went live.";
const decided =
  "Half of the numbers were missing, so I asked what would be hardest to undo, and began with the rest.";

/** Another client that is signed in as the person, and their session. */
async function elsewhere({ project, live }: Scene, person: Person) {
  const client = await project.signIn(person);
  return { client, session: (await live(person))! };
}

Deno.test("the jargon that the tests look for is found", () => {
  assert.deepEqual(
    jargonIn(
      "Previous session: the lease of your session has expired. Tokens!",
    ),
    ["lease", "session", "expired", "Tokens"],
  );
  assert.deepEqual(jargonIn("Please defence your lessees"), []);
});

story(
  "how it looks: signing up, the start page, the interview, leaving, reviewing",
  async ({ device }) => {
    const { tab } = await device();
    await tab.open();
    await tab.sees("Create account");
    await inspect(tab);
    await tab.press("Sign in");
    await tab.page.getByLabel("Email").fill("nobody@example.com");
    await tab.page.getByLabel("Password").fill("not the password");
    await tab.press("Sign in");
    await tab.sees("Incorrect email or password.");
    await inspect(tab);

    await tab.signUp();
    await tab.sees("Start the interview");
    await inspect(tab);
    await tab.start();
    await tab.write(1, proud);
    await tab.write(2, decided);
    await tab.answerIs(2, isSaved);
    await inspect(tab, { picture: "interview" });
    await tab.press("Leave");
    await tab.sees("Leave the interview?");
    await inspect(tab);
    await tab.press("Stay");
    await tab.press("Review and submit");
    await tab.sees("Submit anyway");
    await inspect(tab);
  },
);

story(
  "how it looks: submitting, not submitted, the receipt",
  async (scene) => {
    const { tab } = await inAnInterview(scene);
    scene.network.fail("/end_session");
    await tab.pressSubmit();
    await tab.sees("Submitting your interview");
    await inspect(tab);
    await tab.sees("Not submitted yet");
    await inspect(tab);
    scene.network.fail();
    await tab.press("Try again");
    await tab.seesReceipt();
    await inspect(tab);
  },
);

story(
  "how it looks: the notice of a previous session, on the start page and in the interview",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(1, proud);
    await tab.answerIs(1, isSaved);
    // as after a crash: no more heartbeats
    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", {
      session_id: "x",
      device: "Chrome on Windows",
      interview_id: "application",
      takeover: true,
    });
    await scene.project.sql`
      update public.active_interview_sessions
      set
        created_at = created_at - interval '7 minutes',
        updated_at = updated_at - interval '2 minutes'
      where user_id = ${person.id}`;
    const second = await onAnother(scene, person);
    await second.sees(
      "Previous session detected",
      "Chrome on Windows",
      /^[78] minutes ago$/,
      /^[23] minutes ago$/,
    );
    await inspect(second, { picture: "previous" });
  },
);

story(
  "how it looks: an interrupted connection, none at all, no configuration",
  async ({ device, network }) => {
    const { tab } = await device();
    await tab.signUp();
    network.fail("start_session");
    await tab.press("Start the interview");
    await tab.connectionIs("Not connected yet");
    await inspect(tab);
    network.fail();
    await tab.connectionIs("Connected");
    await network.cut();
    await tab.write(1, proud);
    await checkNow(tab);
    await tab.connectionIs("Connection interrupted");
    await tab.answerIs(1, isKept);
    await inspect(tab);

    await tab.page.route("**/config.json", (route) => route.abort());
    await tab.page.reload();
    await tab.sees("This page could not be loaded");
    await inspect(tab);
  },
);

story("how it looks: restoring", async (scene) => {
  const { tab } = await inAnInterview(scene);
  await tab.write(1, proud);
  await tab.answerIs(1, isSaved);
  await tab.page.reload();
  await tab.sees("Continue your interview");
  scene.network.hang("GET /rest/v1/interview_answers");

  await tab.page.getByRole("button", {
    name: /^(Continue the interview|End it and continue here)$/,
  }).click();
  await tab.sees("Restoring your answers…");
  await inspect(tab);
});

story("how it looks: signed out in mid-interview", async ({ device }) => {
  const { tab, newTab } = await device();
  await tab.signUp();
  await tab.start();
  const other = await newTab();
  await other.open();
  await other.press("Sign out");

  await tab.sees("You have been signed out");
  await inspect(tab);
});

story(
  "how it looks: an interview that was ended elsewhere, for every reason",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    for (
      const [reason, lead] of [
        ["disconnected", "You can continue it here."],
        [
          "cleared",
          "It was closed in another window. You can continue it here.",
        ],
      ] as const
    ) {
      const { client, session } = await elsewhere(scene, person);
      const { error } = await client.rpc("end_session", {
        session_id: session.session_id,
        reason,
      });
      assert.equal(error, null);
      await checkNow(tab);
      await tab.sees("This interview was closed", lead);
      await inspect(tab);
      await tab.press("Continue here");
      await tab.connectionIs("Connected");
    }

    const { error } = await scene.project.service.rpc("revoke_session", {
      user_id: person.id,
    });
    assert.equal(error, null);
    await checkNow(tab);
    await tab.sees("An administrator ended this interview");
    await inspect(tab);
    await tab.press("Back to the start page");
    await tab.start();

    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", { session_id: "x", takeover: true });
    await tab.write(1, proud);
    await tab.sees("This interview continues on another device");
    await inspect(tab, { picture: "continued" });
    await tab.press("Continue here instead");
    await tab.connectionIs("Connected");

    const last = await elsewhere(scene, person);
    await last.client.rpc("end_session", {
      session_id: last.session.session_id,
      reason: "completed",
    });
    await checkNow(tab);
    await tab.seesReceipt();
    await inspect(tab);
  },
);

story("how it looks: the time is up", async (scene) => {
  const { tab, person } = await inAnInterview(scene);
  await scene.project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '15 minutes',
      deadline_at = now(),
      expires_at = now()
    where user_id = ${person.id}`;
  await scene.project.sql`
    update public.interviews
    set started_at = started_at - interval '15 minutes', deadline_at = now()
    where user_id = ${person.id}`;
  await checkNow(tab);
  await tab.sees("Your time is up");
  await inspect(tab);
  await tab.page.reload();
  await tab.sees("Your time is up");
  await inspect(tab);
});

story(
  "how it looks: resumed after a while, and found to be on another device",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    const runOut = () =>
      scene.project.sql`
      update public.active_interview_sessions
      set updated_at = updated_at - interval '6 minutes', expires_at = clock_timestamp()
      where user_id = ${person.id}`;
    await runOut();
    await checkNow(tab);
    await tab.sees("You were away for a while. Your interview continues.");
    await inspect(tab);

    await runOut();
    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", {
      session_id: "x",
      device: "Safari on iPhone",
    });
    await checkNow(tab);
    await tab.sees("Previous session detected");
    await tab.seesNoMore(
      "You were away for a while. Your interview continues.",
    );
    await inspect(tab);
  },
);

/** Presses Tab until the element with this name has the focus. */
async function goTo({ page }: Tab, name: string | RegExp) {
  for (let pressed = 0; pressed < 40; pressed++) {
    await page.keyboard.press("Tab");
    const { called, isMarked } = await page.evaluate<
      { called: string; isMarked: boolean }
    >(`(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return {
        called: element.labels?.[0]?.innerText || element.ariaLabel || element.innerText,
        isMarked: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      };
    })()`);
    if (typeof name === "string" ? called === name : name.test(called)) {
      assert(isMarked, `${called} has the focus, but no outline`);
      return;
    }
  }
  assert.fail(`the Tab key does not reach ${name}`);
}

/**
 * Waits until the heading of the page has the focus, since a page begins there, and
 * the tab has the page's title.
 */
async function isAtHeading(
  { page }: Tab,
  name: string,
  title: RegExp = new RegExp(`^${name} · Interview room$`),
) {
  await until(`the focus is on "${name}"`, () =>
    page.evaluate<boolean>(
      `document.activeElement.matches("h1") && document.activeElement.innerText === ${
        JSON.stringify(name)
      }`,
    ));
  await until(
    `the title is ${title}`,
    async () => title.test(await page.title()),
  );
}

/** The title of the tab in the interview: also seen from another tab. */
const timeLeft = /^\d+:\d\d left · Interview room$/;

story(
  "by keyboard alone: from signing up to a submitted interview",
  async ({ device, project }) => {
    const { tab } = await device();
    const { keyboard } = tab.page;
    await tab.open();
    await tab.sees("Create account");
    await goTo(tab, "Email");
    await keyboard.type("keyboard@example.com");
    await goTo(tab, "Password");
    await keyboard.type("correct horse battery staple");
    await keyboard.press("Enter");
    await tab.sees("Start the interview");
    await isAtHeading(tab, "Before you start");
    await goTo(tab, "Start the interview");
    await keyboard.press("Enter");
    await tab.connectionIs("Connected");
    await isAtHeading(tab, "Your interview", timeLeft);
    await goTo(tab, /^Question 1/);
    await keyboard.type("Typed");
    await goTo(tab, /^Question 2/);
    await keyboard.type("Typed, too");
    await tab.answerIs(2, isSaved);

    await goTo(tab, "Leave");
    await keyboard.press("Space");
    await tab.sees("Leave the interview?");
    await keyboard.press("Escape");
    await tab.seesNoMore("Leave the interview?");
    // the focus is back on Leave
    await keyboard.press("Shift+Tab");
    await keyboard.press("Enter");
    await isAtHeading(tab, "Review your answers", timeLeft);
    await goTo(tab, "Edit answer 3");
    await keyboard.press("Enter");
    await keyboard.type("Typed after the review");
    await tab.answerIs(3, isSaved);
    assert.equal(await tab.answer(3), "Typed after the review");
    await goTo(tab, "Review and submit");
    await keyboard.press("Enter");
    await isAtHeading(tab, "Review your answers", timeLeft);
    await goTo(tab, "Submit anyway");
    await keyboard.press("Enter");
    await tab.seesReceipt();
    await isAtHeading(tab, "Submitted");
    const [row] = await project.superuser`
    select h.end_reason
    from public.interview_session_history h
      join auth.users u on u.id = h.user_id
    where u.email = 'keyboard@example.com'`;
    assert.equal(row.end_reason, "completed");
  },
);

story("by keyboard alone: one click is one key (M6 M17)", async (scene) => {
  const { tab, person } = await inAnInterview(scene);
  const other = await onAnother(scene, person);

  await goTo(other, "End it and continue here");
  await other.page.keyboard.press("Enter");
  await other.connectionIs("Connected");
  await checkNow(tab);
  await tab.sees("This interview continues on another device");
  await goTo(tab, "Continue here instead");
  await tab.page.keyboard.press("Enter");
  await tab.connectionIs("Connected");
});

story(
  "with forced colours buttons have borders, and fields show that they have the focus",
  async (scene) => {
    const { tab } = await inAnInterview(scene);
    const { page } = tab;
    await page.emulateMedia({ forcedColors: "active" });

    const bare = await page.evaluate<string[]>(`
      [...document.querySelectorAll(".mantine-Button-root")]
        .filter((button) => {
          const { borderTopStyle, borderTopWidth } = getComputedStyle(button);
          return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1;
        })
        .map((button) => button.innerText)`);
    assert.deepEqual(bare, []);
    await goTo(tab, /^Question 1/);
    await goTo(tab, "Review and submit");
  },
);
