// M16: three of the plan's five manual tests, in real browsers; network loss is in
// outages.test.ts, automatic clean-up in clean_up.test.ts.
import assert from "node:assert/strict";
import { isSaved, storiesOfThisFile, until } from "./support.ts";

const story = storiesOfThisFile();

story(
  "M16 normal flow: start, answer, submit; nothing is left over (M3 M4)",
  async ({ device, live, ended, saved, network }) => {
    const { tab } = await device();
    const person = await tab.signUp();
    await tab.start();
    await tab.write(1, "What I am proud of");
    await tab.answerIs(1, isSaved);
    const session = await live(person);
    assert.equal(session?.status, "active");

    network.fail("/end_session");
    await tab.pressSubmit();
    await tab.sees("Submitting your interview");
    await until(
      "it is being submitted",
      async () => (await live(person))?.status === "completing",
    );
    network.fail();
    await tab.seesReceipt();
    await tab.sees(/^1 of 5$/);

    assert.equal(await live(person), undefined);
    assert.deepEqual(await ended(person), [{
      session_id: session.session_id,
      end_reason: "completed",
    }]);
    assert.deepEqual(await saved(person), ["What I am proud of"]);
  },
);

story(
  "M16 crash and recovery: killed with SIGKILL, opened again, notice, one click, a new interview to its end (M5 M6)",
  async ({ computer, profile, live, ended }) => {
    const folder = profile();
    const before = await computer(folder);
    const person = await before.tab.signUp();
    await before.tab.start();
    await before.tab.write(2, "Written before the crash");
    await before.tab.answerIs(2, isSaved);
    const crashed = await live(person);
    await before.kill();

    const after = await computer(folder);
    await after.tab.open();
    // a sign-in of the last seconds may not be on the disk yet
    await after.tab.sees(
      /^(Welcome|Before you start|Continue your interview)$/,
    );
    if (await after.tab.page.getByLabel("Email").isVisible()) {
      await after.tab.signIn(person);
    }
    await after.tab.sees(
      "Previous session detected",
      "Chrome on Linux",
      /just now|ago$/,
    );
    assert.deepEqual(await live(person), crashed, "the crash told nobody");
    await after.tab.press("End it and continue here");
    await after.tab.connectionIs("Connected");

    const session = await live(person);
    assert.equal(session?.previous_session_id, crashed?.session_id);
    await after.tab.answerIs(2, isSaved);
    assert.equal(await after.tab.answer(2), "Written before the crash");
    await after.tab.submit();
    assert.deepEqual(
      (await ended(person)).map(({ end_reason }) => end_reason),
      [
        "taken_over",
        "completed",
      ],
    );
    assert.equal(await live(person), undefined);
  },
);

story(
  "M16 two users at once: each has an interview of their own, in one browser's two windows (M8)",
  async ({ device, live, ended }) => {
    const both = await Promise.all([device(), device()]);
    const people = await Promise.all(both.map(({ tab }) => tab.signUp()));
    await Promise.all(both.map(({ tab }) => tab.start()));
    await Promise.all(
      both.map(({ tab }, i) => tab.write(1, `The answer of the ${i + 1}.`)),
    );
    await Promise.all(both.map(({ tab }) => tab.answerIs(1, isSaved)));
    const sessions = await Promise.all(people.map(live));
    assert(sessions[0] && sessions[1]);

    await both[0].tab.submit();

    assert.deepEqual(await live(people[1]), sessions[1], "untouched");
    await both[1].tab.submit();
    for (const [i, person] of people.entries()) {
      assert.deepEqual(await ended(person), [{
        session_id: sessions[i]!.session_id,
        end_reason: "completed",
      }]);
    }
  },
);
