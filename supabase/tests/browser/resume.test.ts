// C2 W5: whatever ended the page, the next start of the interview finds what was
// written. Each test ends a page in one way, after a second without a key: half of
// what was written is on the server, the other half in this browser only.
import assert from "node:assert/strict";
import {
  type Device,
  inAnInterview,
  isKept,
  isSaved,
  onAComputer,
  onAnother,
  type Person,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ atOnce: 3 });

const onTheServer = "Saved on the server: ä, 😀, two  blanks\nand a line. ";
const onTheDevice = "Not on the server: the network was slow.";

/** Writes both halves, and waits a second, as the promise has it. */
async function writeBoth(tab: Tab, { network }: Scene) {
  await tab.write(1, onTheServer);
  await tab.answerIs(1, isSaved);
  network.fail("interview_answers");
  await tab.type(1, onTheDevice);
  await tab.write(4, onTheDevice);
  await aSecondPasses(tab);
  await tab.answerIs(1, isKept);
  await tab.answerIs(4, isKept);
}

/** For the page. */
async function aSecondPasses({ page }: Tab) {
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 1000))");
}

/** Nothing is missing, on the page and, once the network is back, in the table. */
async function hasBoth(tab: Tab, scene: Scene, person: Person) {
  await tab.answerBecomes(1, onTheServer + onTheDevice);
  await tab.answerBecomes(4, onTheDevice);
  scene.network.fail();
  await tab.answerIs(1, isSaved);
  await tab.answerIs(4, isSaved);
  assert.deepEqual(await scene.saved(person), [
    onTheServer + onTheDevice,
    onTheDevice,
  ]);
}

/** The page is there again: signed in, and continued. */
async function comesBack(tab: Tab, person: Person) {
  // a sign-in of the last seconds may not be on the disk yet
  await tab.sees(/^(Welcome|Before you start|Continue your interview)$/);
  if (await tab.page.getByLabel("Email").isVisible()) await tab.signIn(person);
  await tab.goOn();
}

/** Closes the tab as a person does; another one keeps the browser open. */
async function close({ newTab }: Device, tab: Tab): Promise<Tab> {
  const next = await newTab();
  await Promise.all([
    tab.page.waitForEvent("close"),
    tab.page.close({ runBeforeUnload: true }),
  ]);
  return next;
}

story("C2 after kill -9 not a character is missing", async (scene) => {
  const folder = scene.profile();
  const before = await scene.computer(folder);
  const person = await before.tab.signUp();
  await before.tab.start();
  await writeBoth(before.tab, scene);

  await before.kill();

  const { tab } = await scene.computer(folder);
  await tab.open();
  await comesBack(tab, person);
  await hasBoth(tab, scene, person);
});

story(
  "C2 W5 after kill -9 and a return past the lease not a character is missing",
  async (scene) => {
    const folder = scene.profile();
    const before = await scene.computer(folder);
    const person = await before.tab.signUp();
    await before.tab.start();
    await writeBoth(before.tab, scene);

    await before.kill();
    await scene.runOut(person);

    const { tab } = await scene.computer(folder);
    await tab.open();
    await comesBack(tab, person);
    await hasBoth(tab, scene, person);
  },
);

story("C2 W5 after F5 not a character is missing", async (scene) => {
  const { tab, person } = await inAnInterview(scene);
  await writeBoth(tab, scene);

  await tab.page.reload();

  await comesBack(tab, person);
  await hasBoth(tab, scene, person);
});

story("C2 after closing the tab not a character is missing", async (scene) => {
  const on = await onAComputer(scene);
  await writeBoth(on.tab, scene);

  const tab = await close(on, on.tab);

  await until("it has ended", async () => !await scene.live(on.person));
  await tab.open();
  await comesBack(tab, on.person);
  await hasBoth(tab, scene, on.person);
});

story("C2 after back and forward not a character is missing", async (scene) => {
  const { tab, person } = await onAComputer(scene);
  await writeBoth(tab, scene);

  await tab.page.goto(`${scene.url}/icon.svg`);
  await tab.page.goBack({ waitUntil: "commit" });

  // from the back/forward cache it is the same page
  await tab.sees(/^(Connected|Continue your interview)$/);
  if (await tab.page.getByText("Continue your interview").isVisible()) {
    await tab.goOn();
  }
  await hasBoth(tab, scene, person);
});

story("C2 W5 after Leave not a character is missing", async (scene) => {
  const { tab, person } = await inAnInterview(scene);
  await writeBoth(tab, scene);

  await tab.press("Leave");
  await tab.press("Leave the interview");

  await tab.goOn();
  await hasBoth(tab, scene, person);
});

story(
  "C2 W5 after writing offline and closing the tab not a character is missing",
  async (scene) => {
    const on = await onAComputer(scene);
    await on.tab.write(1, onTheServer);
    await on.tab.answerIs(1, isSaved);
    await on.context.setOffline(true);
    await on.tab.type(1, onTheDevice);
    await on.tab.write(4, onTheDevice);
    await aSecondPasses(on.tab);
    await on.tab.answerIs(4, isKept);

    const tab = await close(on, on.tab);

    await on.context.setOffline(false);
    await tab.open();
    await comesBack(tab, on.person);
    await hasBoth(tab, scene, on.person);
  },
);

story(
  "C2 after sleeping past the lease not a character is missing",
  async (scene) => {
    scene.network.tellLease(6);
    const { tab, person, sleep, wake } = await onAComputer(scene);
    await writeBoth(tab, scene);

    sleep();
    await scene.runOut(person);
    wake();

    await tab.sees("You were away for a while. Your interview continues.");
    await hasBoth(tab, scene, person);
  },
);

story(
  "C2 on another device, and back, not a character is missing",
  async (scene) => {
    const { tab, person } = await inAnInterview(scene);
    await tab.write(1, onTheServer);
    await tab.answerIs(1, isSaved);
    await tab.type(1, onTheDevice);
    await aSecondPasses(tab);
    await tab.answerIs(1, isSaved);

    const other = await onAnother(scene, person);
    await other.goOn();
    await other.answerBecomes(1, onTheServer + onTheDevice);
    await other.write(4, onTheDevice);
    await aSecondPasses(other);
    await other.answerIs(4, isSaved);

    await tab.press("Continue here instead");
    await tab.connectionIs("Connected");
    await hasBoth(tab, scene, person);
  },
);

story(
  "C2 what another device has written since is not overwritten by what this one has kept",
  async (scene) => {
    const { tab, context, person } = await inAnInterview(scene);
    await tab.write(1, "One");
    await tab.answerIs(1, isSaved);
    await context.setOffline(true);
    await tab.write(1, "One, offline and older");
    await tab.answerIs(1, isKept);

    const other = await onAnother(scene, person);
    await other.goOn();
    await other.answerBecomes(1, "One");
    await other.write(1, "One, newer");
    await other.answerIs(1, isSaved);
    await context.setOffline(false);

    await tab.press("Continue here instead");
    await tab.connectionIs("Connected");
    await tab.answerBecomes(1, "One, newer");
    assert.deepEqual(await scene.saved(person), ["One, newer"]);
  },
);
