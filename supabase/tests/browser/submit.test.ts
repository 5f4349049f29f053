// C9: submitting asks first, says nothing that the server has not said, and can be
// tried again.
import assert from "node:assert/strict";
import {
  inAnInterview,
  isSaved,
  type Person,
  type Scene,
  storiesOfThisFile,
} from "./support.ts";

const story = storiesOfThisFile();

async function reasons({ ended }: Scene, person: Person): Promise<string[]> {
  return (await ended(person)).map(({ end_reason }) => end_reason);
}

/** When the person's interview was submitted, by the database. */
async function submittedAt({ project }: Scene, { id }: Person) {
  const rows = await project.sql<{ submitted_at: Date | null }[]>`
    select submitted_at from public.interviews where user_id = ${id}`;
  return rows[0].submitted_at;
}

story(
  "W19 Submit with unanswered questions asks first, lists them, and leads back to each",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(2, "The only answer");
    await tab.answerIs(2, isSaved);

    await tab.press("Review and submit");

    await tab.sees(
      "4 questions not answered",
      "The only answer",
      "After you submit, you cannot change your answers or start again.",
    );
    assert.equal(
      await tab.page.getByText("Not answered", { exact: true }).count(),
      4,
    );
    assert.equal((await scene.live(person))?.status, "active");
    await tab.press("Edit answer 5");
    await tab.page.keyboard.type("Answered after all");
    await tab.answerIs(5, isSaved);
    assert.equal(await tab.answer(5), "Answered after all");
    // blanks are no answer
    await tab.write(1, "  ");
    await tab.answerIs(1, isSaved);
    await tab.press("Review and submit");
    await tab.sees("3 questions not answered");
    await tab.press("Submit anyway");
    await tab.seesReceipt();
    await tab.sees(/^2 of 5$/);
  },
);

story("W19 Submit with no answer at all asks first", async (scene) => {
  const { tab, person } = await inAnInterview(scene);

  await tab.press("Review and submit");

  await tab.sees("5 questions not answered", "Submit anyway");
  assert.equal((await scene.live(person))?.status, "active");
  await tab.press("Back to the questions");
  await tab.sees("Review and submit");
  assert.deepEqual(await scene.ended(person), []);
});

for (
  const { title, breakIt, mend } of [
    {
      title: "end_session fails",
      breakIt: ({ network }: Scene) => network.fail("/end_session"),
      mend: ({ network }: Scene) => network.fail(),
    },
    {
      title: "end_session never answers",
      breakIt: ({ network }: Scene) => network.hang("/end_session"),
      mend: ({ network }: Scene) => network.hang(),
    },
    {
      title: "the last answers cannot be saved",
      breakIt: ({ network }: Scene) => network.fail("interview_answers"),
      mend: ({ network }: Scene) => network.fail(),
    },
  ]
) {
  story(
    `W6 ${title}: the page does not say "Submitted", and submits when asked again`,
    async (scene) => {
      const { tab, person } = await inAnInterview(scene);
      await tab.write(1, "Before");
      await tab.answerIs(1, isSaved);
      breakIt(scene);
      await tab.write(1, "The last words");

      // "Submitting…" is shown before that, too shortly to be waited for
      await tab.pressSubmit();
      await tab.sees("Not submitted yet");

      assert.equal(await tab.page.getByText(/submitted/i).count(), 1);
      assert.equal((await scene.live(person))?.status, "completing");
      assert.equal(await submittedAt(scene, person), null);
      mend(scene);
      await tab.press("Try again");
      await tab.seesReceipt();
      assert.deepEqual(await reasons(scene, person), ["completed"]);
      assert(await submittedAt(scene, person));
      assert.deepEqual(await scene.saved(person), ["The last words"]);
    },
  );
}

story(
  "C1 a submitted interview is not started again: every page shows the receipt, from the server",
  async (scene) => {
    const { tab, newTab, person } = await inAnInterview(scene);
    await tab.write(1, "One");
    await tab.write(2, "Two");
    await tab.submit();
    await tab.sees(/^2 of 5$/);

    await tab.page.reload();
    await tab.seesReceipt();
    await tab.sees(/^2 of 5$/);
    assert.equal(await tab.page.getByText(/the interview$/).count(), 0);
    const other = await newTab();
    await other.open();
    await other.seesReceipt();
    assert.deepEqual(await reasons(scene, person), ["completed"]);
  },
);
