// The recording in the app: checked on the start page, recorded in the interview,
// uploaded when it is submitted. recording.test.ts has what can go wrong with it.
import assert from "node:assert/strict";
import { inspect } from "./inspect.ts";
import { untilPieces, withDenial, withDevices } from "./recording_support.ts";
import {
  type Person,
  type Scene,
  storiesOfThisFile,
  type Tab,
  until,
} from "./support.ts";

const story = storiesOfThisFile({ switches: withDevices });

/** The names of what Storage has, by time. */
async function stored({ project }: Scene, { id }: Person): Promise<string[]> {
  const rows = await project.sql<{ name: string }[]>`
    select name from storage.objects where owner_id = ${id} order by created_at`;
  return rows.map(({ name }) => name);
}

/** Allows the devices, and uses them. */
async function useDevices(tab: Tab) {
  await tab.press("Check camera and microphone");
  await tab.press("Use these");
}

story(
  "M4 what was recorded is on the server before the receipt is shown",
  async (scene) => {
    const { tab } = await scene.device();
    const person = await tab.signUp();
    await useDevices(tab);
    await tab.start();
    const session = (await scene.live(person))!.session_id;
    await untilPieces(tab.page, 2);
    assert.deepEqual(await stored(scene, person), []);

    await tab.submit();

    const [name, ...others] = await stored(scene, person);
    assert.deepEqual(others, []);
    assert(name.startsWith(`${person.id}/`) && name.includes(`/${session}/`));
    const [{ end_reason }] = await scene.ended(person);
    assert.equal(end_reason, "completed");
  },
);

story(
  "C2 the browser is killed: the next start uploads what it left, and goes on recording",
  async (scene) => {
    const profile = scene.profile();
    const before = await scene.computer(profile);
    const person = await before.tab.signUp();
    await useDevices(before.tab);
    await before.tab.start();
    const first = (await scene.live(person))!.session_id;
    await untilPieces(before.tab.page, 2);
    await before.kill();

    const { tab } = await scene.computer(profile);
    await tab.open();
    // a killed browser may have forgotten who is signed in
    const email = tab.page.getByLabel("Email");
    const goOn = tab.page.getByRole("button", { name: /continue/i });
    await email.or(goOn).first().waitFor();
    if (await email.isVisible()) await tab.signIn(person);
    await tab.goOn();
    await tab.press("Use camera and microphone");
    await useDevices(tab);
    const second = (await scene.live(person))!.session_id;
    await until(
      "the first part is uploaded",
      async () => (await stored(scene, person)).length === 1,
    );
    await untilPieces(tab.page, 1);
    await tab.submit();

    const sessions = (await stored(scene, person))
      .map((name) => name.split("/")[2]);
    assert.deepEqual(sessions, [first, second]);
  },
);

story(
  "M2 permission denied: the start page says so, and the interview runs without",
  async (scene) => {
    const { tab } = await scene.computer(undefined, withDenial);
    const person = await tab.signUp();
    await tab.press("Check camera and microphone");
    await tab.sees("Your browser does not let this page use the camera");
    await tab.start();
    await tab.write(1, "Without a camera");
    await tab.submit();

    assert.deepEqual(await scene.saved(person), ["Without a camera"]);
    assert.deepEqual(await stored(scene, person), []);
  },
);

story(
  "how it looks: the check of camera and microphone, and a recorded interview",
  async ({ device }) => {
    const { tab } = await device();
    await tab.signUp();
    await tab.press("Check camera and microphone");
    await tab.sees("Use these");
    await inspect(tab);
    await tab.press("Use these");
    await tab.start();
    await untilPieces(tab.page, 1);
    await inspect(tab);
  },
);

story(
  "how it looks: no permission for the devices, on the start page and in the interview",
  async ({ computer }) => {
    const { tab } = await computer(undefined, withDenial);
    await tab.signUp();
    await tab.press("Check camera and microphone");
    await tab.sees("Check again");
    await inspect(tab);
    await tab.start();
    await tab.press("Use camera and microphone");
    await tab.press("Check camera and microphone");
    await tab.sees("Check again");
    await inspect(tab);
  },
);

story(
  "how it looks: the recording cannot be uploaded when the interview is submitted",
  async ({ device, network }) => {
    const { tab } = await device();
    await tab.signUp();
    await useDevices(tab);
    await tab.start();
    await untilPieces(tab.page, 1);
    network.fail("/storage/");
    await tab.pressSubmit();
    await tab.sees("Submit without the recording");
    await inspect(tab);
  },
);
