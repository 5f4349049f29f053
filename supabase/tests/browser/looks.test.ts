// How the candidate's pages look and read: no jargon, no violations found by axe, no
// horizontal scrolling, everything usable by keyboard alone.
import assert from "node:assert/strict";
import { inspect, jargonIn } from "./inspect.ts";
import {
  checkNow,
  inAnInterview,
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
  "how it looks: signing up, before the interview, in it, submitting it",
  async ({ device }) => {
    const { tab } = await device();
    await tab.open();
    await tab.sees("Create account");
    await inspect(tab);
    await tab.press("Sign in instead");
    await tab.page.getByLabel("Email").fill("nobody@example.com");
    await tab.page.getByLabel("Password").fill("not the password");
    await tab.press("Sign in");
    await tab.sees("This email and password do not go together.");
    await inspect(tab);

    await tab.signUp("/?upload=600");
    await tab.sees("Start the interview");
    await inspect(tab);
    await tab.start();
    await tab.write(1, proud);
    await tab.write(2, decided);
    await tab.answerIs(2, "Saved");
    await inspect(tab, { picture: "interview" });
    await tab.press("Leave");
    await tab.sees("Leave the interview?");
    await inspect(tab);
    await tab.press("Stay");
    await tab.press("Hand in");
    await tab.sees("Handing in your interview");
    await inspect(tab);
  },
);

story(
  "how it looks: submitted, and the notice of a previous session",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.submit();
    await inspect(tab);

    // as after a crash: no more heartbeats
    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", {
      session_id: "x",
      device: "Chrome on Windows",
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
    await tab.answerIs(1, "Kept on this page");
    await inspect(tab);

    await tab.page.route("**/config.json", (route) => route.abort());
    await tab.page.reload();
    await tab.sees("This page could not be loaded");
    await inspect(tab);
  },
);

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
  "how it looks: an interview that is over, for every reason",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    const again = async (button: string) => {
      await tab.press(button);
      const start = tab.page.getByRole("button", {
        name: "Start the interview",
      });
      if (button === "Back to the beginning") await start.click();
      await tab.connectionIs("Connected");
    };
    for (
      const [reason, words, button] of [
        [
          "completed",
          "This interview has been handed in",
          "Back to the beginning",
        ],
        ["disconnected", "This interview was left", "Continue here"],
        ["cleared", "This interview was closed", "Continue here"],
      ] as const
    ) {
      const { client, session: { session_id } } = await elsewhere(
        scene,
        person,
      );
      const { error } = await client.rpc("end_session", { session_id, reason });
      assert.equal(error, null);
      await checkNow(tab);
      await tab.sees(words);
      await inspect(tab);
      await again(button);
    }

    const { error } = await scene.project.service.rpc("revoke_session", {
      user_id: person.id,
    });
    assert.equal(error, null);
    await checkNow(tab);
    await tab.sees("This interview was ended by an administrator");
    await inspect(tab);
    await again("Back to the beginning");

    await scene.project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '15 minutes',
      deadline_at = now(),
      expires_at = now()
    where user_id = ${person.id}`;
    await checkNow(tab);
    await tab.sees("Your time is up");
    await inspect(tab);
    await again("Back to the beginning");

    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", { session_id: "x", takeover: true });
    await tab.write(1, proud);
    await tab.sees("This interview was continued on another device");
    await inspect(tab, { picture: "continued" });
  },
);

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
    await tab.sees(
      "You were away for a while; we picked up where you left off.",
    );
    await inspect(tab);

    await runOut();
    const { client } = await elsewhere(scene, person);
    await client.rpc("start_session", {
      session_id: "x",
      device: "Safari on iPhone",
    });
    await checkNow(tab);
    await tab.sees("Previous session detected");
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

/** Waits until the heading of the page has the focus: a page begins there. */
async function isAtHeading({ page }: Tab, name: string) {
  await until(`the focus is on "${name}"`, () =>
    page.evaluate<boolean>(
      `document.activeElement.matches("h1") && document.activeElement.innerText === ${
        JSON.stringify(name)
      }`,
    ));
}

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
    await goTo(tab, "Start the interview");
    await keyboard.press("Enter");
    await tab.connectionIs("Connected");
    await isAtHeading(tab, "Your interview");
    await goTo(tab, /^Question 1/);
    await keyboard.type("Typed");
    await goTo(tab, /^Question 2/);
    await keyboard.type("Typed, too");
    await tab.answerIs(2, "Saved");

    await goTo(tab, "Leave");
    await keyboard.press("Space");
    await tab.sees("Leave the interview?");
    await keyboard.press("Escape");
    await tab.seesNoMore("Leave the interview?");
    await keyboard.press("Shift+Tab");
    await keyboard.press("Enter");
    await tab.sees("You answered 2 of 5 questions");
    await isAtHeading(tab, "Your interview is handed in");
    await goTo(tab, "Back to the beginning");
    await keyboard.press("Enter");
    await tab.sees("Start the interview");
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

  await goTo(other, "End it and start here");
  await other.page.keyboard.press("Enter");
  await other.connectionIs("Connected");
  await checkNow(tab);
  await tab.sees("This interview was continued on another device");
  await goTo(tab, "Continue here instead");
  await tab.page.keyboard.press("Enter");
  await tab.connectionIs("Connected");
});
