// Several pages compete for one interview: tabs and devices.
import assert from "node:assert/strict";
import {
  checkNow,
  inAnInterview,
  isSaved,
  onAnother,
  storiesOfThisFile,
  until,
} from "./support.ts";

const story = storiesOfThisFile();

const phone = {
  userAgent:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
};

story(
  "B3 two tabs: the second shows the first, its device and its age, and disturbs nothing",
  async (scene) => {
    const { tab, newTab, person } = await inAnInterview(scene);
    const session = await scene.live(person);

    const second = await newTab();
    await second.open();

    await second.sees(
      "Previous session detected",
      "Chrome on Linux",
      /just now|ago$/,
      "End it and continue here",
    );
    assert.equal(await second.page.getByText(/the interview$/).count(), 0);
    await tab.write(1, "The first continues");
    await tab.answerIs(1, isSaved);
    assert.equal((await scene.live(person))?.session_id, session?.session_id);
    assert.deepEqual(await scene.ended(person), []);
  },
);

story(
  "W9 B3 the start page shows the other session in a browser without AbortSignal.any and AbortSignal.timeout",
  async (scene) => {
    const { newTab } = await inAnInterview(scene);
    const second = await newTab();
    await second.page.addInitScript(
      "delete AbortSignal.any; delete AbortSignal.timeout",
    );

    await second.open();

    await second.sees("Previous session detected", "Chrome on Linux");
  },
);

story(
  "B3 two tabs that were both at the start: the later click is refused politely, with the same notice",
  async (scene) => {
    const { device, live, network } = scene;
    const { tab, newTab } = await device();
    const person = await tab.signUp();
    const second = await newTab();
    await second.open();
    await second.sees("Start the interview");
    // it must not see the session before it tries to start
    network.fail("/rest/v1/active_interview_sessions");
    await tab.start();
    const session = await live(person);

    await second.press("Start the interview");

    await second.sees("Previous session detected", "Chrome on Linux");
    assert(
      network.calls.some(({ name, status }) =>
        name.endsWith("/start_session") && status === 409
      ),
    );
    assert.equal((await live(person))?.session_id, session?.session_id);
  },
);

story(
  "M17 B4 moved to another device and back: each time the device that was left is told, and can neither end nor write anything",
  async (scene) => {
    const { live, ended } = scene;
    const { tab: laptop, person } = await inAnInterview(scene);
    await laptop.write(1, "From the laptop");
    await laptop.answerIs(1, isSaved);
    const first = await live(person);
    const mobile = await onAnother(scene, person, phone);
    await mobile.sees("Previous session detected", "Chrome on Linux");

    await mobile.press("End it and continue here");
    await mobile.connectionIs("Connected");
    await mobile.answerIs(1, isSaved);
    assert.equal(await mobile.answer(1), "From the laptop");
    await checkNow(laptop);
    await laptop.sees("This interview continues on another device");
    const second = await live(person);
    assert.equal(second?.device, "Safari on iPhone");
    assert(BigInt(second!.fence) > BigInt(first!.fence));

    await mobile.write(2, "From the phone");
    await mobile.answerIs(2, isSaved);
    await laptop.press("Continue here instead");
    await laptop.connectionIs("Connected");
    await laptop.answerIs(2, isSaved);
    assert.equal(await laptop.answer(2), "From the phone");
    await checkNow(mobile);
    await mobile.sees("This interview continues on another device");
    const third = await live(person);
    assert(BigInt(third!.fence) > BigInt(second!.fence));

    // B4: it goes for good, and ends nothing but its own session
    await mobile.page.close({ runBeforeUnload: true });
    await laptop.submit();
    assert.deepEqual(await ended(person), [
      { session_id: first!.session_id, end_reason: "taken_over" },
      { session_id: second!.session_id, end_reason: "taken_over" },
      { session_id: third!.session_id, end_reason: "completed" },
    ]);
  },
);

story(
  "B5 a zombie's answer is refused, and its page says so kindly",
  async (scene) => {
    const { saved, network } = scene;
    const { tab: laptop, person } = await inAnInterview(scene);
    await laptop.write(1, "In time");
    await laptop.answerIs(1, isSaved);
    const mobile = await onAnother(scene, person, phone);
    await mobile.press("End it and continue here");
    await mobile.connectionIs("Connected");
    await mobile.answerIs(1, isSaved);

    await laptop.write(1, "Too late");

    await laptop.sees(
      "This interview continues on another device",
      /1 answer changed here after the last save\. .* carry over if you continue here\./,
    );
    assert(
      network.calls.some(({ name, status }) =>
        name === "POST /rest/v1/interview_answers" && status === 403
      ),
    );
    assert.deepEqual(await saved(person), ["In time"]);
    // it is not lost: it carries over when the interview continues here
    await laptop.press("Continue here instead");
    await laptop.connectionIs("Connected");
    await until(
      "it is saved",
      async () => (await saved(person)).includes("Too late"),
    );
  },
);

story(
  "a duplicated tab has an id of its own: it is refused politely, and the first tab continues",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    const session = await scene.live(person);

    // it must not see the session before it tries to start
    scene.network.fail("/rest/v1/active_interview_sessions");
    // a page with an opener begins with a copy of its session storage
    await tab.page.evaluate(() => sessionStorage.setItem("mark", "copied"));
    const [page] = await Promise.all([
      tab.page.context().waitForEvent("page"),
      tab.page.evaluate("void open(location.href)"),
    ]);

    // it may know by now that the interview has begun
    await page.getByRole("button", {
      name: /^(Start|Continue) the interview$/,
    }).click();
    await page.getByText("Previous session detected").waitFor();
    assert.equal(
      await page.evaluate(() => sessionStorage.getItem("mark")),
      "copied",
    );
    await page.close();
    await tab.write(1, "Still here");
    await tab.answerIs(1, isSaved);
    assert.equal((await scene.live(person))?.session_id, session?.session_id);
    assert.deepEqual(await scene.ended(person), []);
  },
);

story(
  "W4 after a takeover, while the old answers are read, the page says so and takes no text; then they are there",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(1, "From the first device");
    await tab.answerIs(1, isSaved);
    const other = await onAnother(scene, person, phone);
    const slow = Promise.withResolvers<void>();
    await other.page.route("**/rest/v1/interview_answers*", async (route) => {
      await slow.promise;
      await route.continue();
    });

    await other.press("End it and continue here");
    await other.sees("Restoring your answers…");

    assert.equal(await other.page.getByRole("textbox").count(), 0);
    slow.resolve();
    await other.answerBecomes(1, "From the first device");
    await other.write(1, "From the second device");
    await other.answerIs(1, isSaved);
    assert.deepEqual(await scene.saved(person), ["From the second device"]);
  },
);

story(
  "W4 an older version of an answer that arrives late changes nothing in the app's table",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(1, "Newer");
    await tab.answerIs(1, isSaved);

    const late = await scene.project.sql`
      update public.interview_answers
      set answer = 'Older', revision = revision - 1
      where user_id = ${person.id}
      returning answer`;

    assert.deepEqual([...late], [{ answer: "Newer" }]);
    assert.deepEqual(await scene.saved(person), ["Newer"]);
  },
);

story(
  "W7 another user signs in in a second tab: the interview stops and says so, and nothing of it becomes the other user's",
  async (scene) => {
    const { tab, newTab, person } = await inAnInterview(scene);
    await tab.write(1, "Of the first user");
    await tab.answerIs(1, isSaved);
    const second = await newTab();
    await second.open();
    await second.press("Sign out");
    await tab.sees("You have been signed out");

    const other = await second.signUp();

    await tab.sees("Another account is signed in");
    assert.equal(await scene.live(other), undefined);
    assert.deepEqual(await scene.ended(other), []);
    await second.start();
    assert.equal(await second.answer(1), "");
    await second.write(1, "Of the second user");
    await second.answerIs(1, isSaved);
    assert.deepEqual(await scene.saved(person), ["Of the first user"]);
    assert.deepEqual(await scene.saved(other), ["Of the second user"]);
  },
);
