// The recording of an interview, in real browsers: what has been recorded reaches
// the server, whatever happens in between (C1, C9), and stops no interview (M2).
import assert from "node:assert/strict";
import { awaited, until } from "../waiting.ts";
import { startNetwork } from "./network.ts";
import type { KeptPart } from "./recording_room.ts";
import {
  type Person,
  recordingTests,
  type RoomPage,
  type Scene,
  withDenial,
  withDevices,
} from "./recording_support.ts";

const test = recordingTests();

const interview = "interview-1";

/** Somebody in an interview, on this page. */
async function inAnInterview(on: RoomPage, retryDelays?: number[]) {
  const person = await on.signUp();
  await on.call("open", interview, retryDelays);
  const session = await on.call("startSession", interview);
  return { person, session };
}

/** The only part that Storage has. */
async function onlyPart(scene: Scene, person: Person) {
  const stored = await scene.stored(person);
  assert.equal(stored.length, 1, stored.map(({ name }) => name).join());
  return stored[0];
}

/**
 * Waits until so many seconds of the recording are on the device, which a busy machine
 * does not have after as many pieces; how many there are.
 */
async function untilRecorded(on: RoomPage, wanted: number): Promise<number> {
  let seconds = 0;
  await until(`${wanted} s are recorded`, async () => {
    seconds = await on.call("recorded", interview);
    return seconds >= wanted;
  });
  return seconds;
}

/** Plays a file in a page, to its end. */
function play(on: RoomPage, { bytes }: { bytes: Uint8Array }) {
  return on.call("play", bytes.toBase64());
}

/** The identifier of a WebM file's header. */
function beginsAsWebM(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4).toHex() === "1a45dfa3";
}

/** Lets pages of any origin read an answer. */
const allowed = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "*",
  "access-control-allow-headers": "*, authorization",
};

const mebibyte = 1024 * 1024;

/** More than the headers of a few requests. */
const overhead = 20_000;

/** Starts an upload. If the test fails before it ends, only that failure is reported. */
function startUpload(on: RoomPage): Promise<string | null> {
  const uploading = on.call("upload");
  uploading.catch(() => {});
  return uploading;
}

/**
 * Starts an upload of 4 MiB, blocks it after 3 MiB, and waits until the server has
 * written more than 1 MiB. The server reads the body only after its checks in the
 * database, and a cut loses what it has not read.
 */
async function uploadHalf(
  { wire, received }: Scene,
  on: RoomPage,
): Promise<{ uploading: Promise<string | null>; part: KeptPart }> {
  const blocked = wire.blockAfter(3 * mebibyte);
  const uploading = startUpload(on);
  await awaited("the upload is blocked", blocked);
  let part!: KeptPart;
  await until("the server has more than 1 MiB", async () => {
    [part] = await on.call("kept", interview);
    return part.uploadUrl !== null && received(part.uploadUrl) > mebibyte;
  });
  return { uploading, part };
}

/** Where the server is with an upload, asked past the wire. */
async function offsetOf(
  { project }: Scene,
  { uploadUrl }: { uploadUrl: string | null },
  token: string,
): Promise<number> {
  assert(uploadUrl);
  const answer = await fetch(project.url + new URL(uploadUrl).pathname, {
    method: "HEAD",
    headers: { authorization: `Bearer ${token}`, "tus-resumable": "1.0.0" },
  });
  assert.equal(answer.status, 200);
  return Number(answer.headers.get("upload-offset"));
}

test("what was recorded arrives as one playable file, and leaves the device", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("record", session);
  await untilRecorded(on, 2);
  await on.call("stop");
  const [part] = await on.call("kept", interview);

  assert.equal(await on.call("upload"), null);

  const stored = await onlyPart(scene, person);
  assert.equal(
    stored.name,
    `${person.id}/${interview}/${session}/${part.id}.webm`,
  );
  assert(beginsAsWebM(stored.bytes));
  assert.equal(stored.bytes.length, part.size);
  assert.equal(stored.sha256, part.sha256);
  assert(await play(on, stored) >= 2);
  assert.deepEqual(await on.call("kept", interview), []);
  assert.equal((await on.call("state")).upload, "done");
});

test("C2 the browser is killed in the interview: the next start uploads what it left, playable up to the last piece", async (scene) => {
  const profile = scene.newProfile();
  const before = await scene.computer({ profile });
  const { person, session } = await inAnInterview(before);
  await before.call("record", session);
  const seconds = await untilRecorded(before, 2);
  await before.kill();

  const on = await scene.computer({ profile });
  await on.signIn(person);
  await on.call("open", interview);
  const next = await on.call("startSession", interview, true);
  await on.call("record", next);
  assert.equal(await on.call("upload"), null);

  const left = await onlyPart(scene, person);
  assert(left.name.startsWith(`${person.id}/${interview}/${session}/`));
  assert(beginsAsWebM(left.bytes));
  assert(await play(on, left) >= seconds);

  await untilRecorded(on, 1);
  await on.call("stop");
  assert.equal(await on.call("upload"), null);
  const [, own] = await scene.stored(person);
  assert(own.name.startsWith(`${person.id}/${interview}/${next}/`));
  assert(await play(on, own) >= 1);
  assert.deepEqual(await on.call("kept", interview), []);
});

test("an upload that is cut continues where the server is", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  const size = 4 * mebibyte;
  await on.call("leave", interview, session, size);

  const { uploading, part } = await uploadHalf(scene, on);
  scene.wire.cut();
  const offset = await offsetOf(scene, part, await on.call("token"));
  assert(offset > mebibyte && offset < size, `${offset} bytes`);
  scene.wire.reset();

  assert.equal(await uploading, null);
  const sent = scene.wire.sent();
  assert(sent < size - offset + overhead, `${sent} bytes after ${offset}`);
  assert.equal((await onlyPart(scene, person)).sha256, part.sha256);
});

test("an upload does not start again because the server does not say where it is", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  const size = 4 * mebibyte;
  await on.call("leave", interview, session, size);
  const answered = Promise.withResolvers<void>();
  let hasAsked = false;
  const broken = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ method }) => {
      // with the request after it, the page has the answer
      if (hasAsked && method !== "OPTIONS") answered.resolve();
      hasAsked ||= method === "HEAD";
      const status = method === "OPTIONS" ? 204 : 500;
      return new Response(null, { status, headers: allowed });
    },
  );

  const { uploading } = await uploadHalf(scene, on);
  scene.wire.cut();
  scene.wire.leadTo(`http://127.0.0.1:${broken.addr.port}`);
  scene.wire.reset();
  await awaited("the page has its answer", answered.promise);
  scene.wire.leadTo(scene.project.url);
  scene.wire.reset();

  assert.equal(await uploading, null);
  const sent = scene.wire.sent();
  assert(sent < 3 * mebibyte, `${sent} bytes`);
  await onlyPart(scene, person);
  await on.page.close();
  await broken.shutdown();
});

test("C2 the browser is killed in the upload: the part stays on the device, and the next start continues where the server is", async (scene) => {
  const profile = scene.newProfile();
  const before = await scene.computer({ profile });
  const { person, session } = await inAnInterview(before);
  const size = 4 * mebibyte;
  await before.call("leave", interview, session, size);
  const token = await before.call("token");

  await uploadHalf(scene, before);
  await before.kill();
  scene.wire.reset();

  const on = await scene.computer({ profile });
  await on.signIn(person);
  await on.call("open", interview);
  await on.call("startSession", interview, true);
  const [part] = await on.call("kept", interview);
  assert.equal(part.size, size);
  const offset = await offsetOf(scene, part, token);
  assert(offset > mebibyte && offset < size, `${offset} bytes`);

  scene.wire.reset();
  assert.equal(await on.call("upload"), null);
  const sent = scene.wire.sent();
  assert(sent < size - offset + overhead, `${sent} bytes after ${offset}`);
  assert.equal((await onlyPart(scene, person)).sha256, part.sha256);
  assert.deepEqual(await on.call("kept", interview), []);
});

test("W8 a token that expires in mid-upload is renewed, and the upload continues; chunks are 6 MB", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("leave", interview, session, 13 * mebibyte);
  const [part] = await on.call("kept", interview);
  const token = await on.call("token");
  const network = startNetwork(scene.project.url);
  try {
    scene.wire.leadTo(network.url);
    scene.wire.reset();
    const answers = (method: string) =>
      network.calls
        .filter(({ name }) => name.startsWith(`${method} /storage/`))
        .map(({ status }) => status);

    const uploading = startUpload(on);
    await until("a chunk is there", () => answers("PATCH").includes(204));
    network.replaceToken(token, scene.project.expiredToken(token));

    assert.equal(await uploading, null);
    assert.deepEqual(answers("POST"), [201]);
    assert.deepEqual(
      answers("PATCH").toSorted(),
      [204, 204, 204, 400],
    );
    assert.equal((await onlyPart(scene, person)).sha256, part.sha256);
  } finally {
    await on.page.close();
    await network.stop();
  }
});

test("C9 a server that cannot be reached: the upload fails, says so, and keeps the part for the next attempt", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on, [0]);
  await on.call("leave", interview, session, 1000);

  scene.wire.cut();
  assert.equal(await on.call("upload"), "unreachable");
  assert.equal((await on.call("state")).upload, "failed");
  assert.equal((await on.call("kept", interview)).length, 1);
  assert.deepEqual(await scene.stored(person), []);
  scene.wire.reset();

  assert.equal(await on.call("upload"), null);
  assert.equal((await onlyPart(scene, person)).bytes.length, 1000);
});

test("C9 signed out: the upload fails, says so, and continues after signing in", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("leave", interview, session, 1000);
  await on.call("signOut");
  assert.equal(await on.call("upload"), "signed-out");
  assert.equal((await on.call("kept", interview)).length, 1);

  await on.signIn(person);
  assert.equal(await on.call("upload"), null);
  await onlyPart(scene, person);
});

test("W7 another user signs in in this browser: the first one's recording is not uploaded as theirs", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("leave", interview, session, 1000);
  const other = await on.signUp();

  assert.equal(await on.call("upload"), "signed-out");
  assert.deepEqual(await scene.stored(person), []);
  assert.deepEqual(await scene.stored(other), []);
});

test("C9 a part that the server refuses stays on the device", async (scene) => {
  const on = await scene.newPage();
  const { person } = await inAnInterview(on);
  await on.call("leave", interview, crypto.randomUUID(), 1000);

  assert.equal(await on.call("upload"), "refused");
  assert.equal((await on.call("kept", interview)).length, 1);
  assert.deepEqual(await scene.stored(person), []);
});

test("a part that the server already has is not uploaded again", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  const id = crypto.randomUUID();
  await on.call("leave", interview, session, 1000, id);
  assert.equal(await on.call("upload"), null);
  const stored = await onlyPart(scene, person);

  await on.call("leave", interview, session, 1000, id);
  assert.equal(await on.call("upload"), null);
  assert.equal((await onlyPart(scene, person)).sha256, stored.sha256);
  assert.deepEqual(await on.call("kept", interview), []);
});

test("a part that one tab records is not uploaded by another", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("record", session);
  await on.untilPieces(1);
  const other = await on.newTab();
  await other.signIn(person);
  await other.call("open", interview);

  assert.equal(await other.call("upload"), null);
  assert.equal((await other.call("state")).upload, "idle");
  assert.deepEqual(await scene.stored(person), []);

  await on.call("stop");
  const [part] = await on.call("kept", interview);
  assert.equal(await other.call("upload"), null);
  assert.equal((await onlyPart(scene, person)).sha256, part.sha256);
});

test("a session that follows another one on the page gets a part of its own", async (scene) => {
  const on = await scene.newPage();
  const { person, session } = await inAnInterview(on);
  await on.call("record", session);
  await on.untilPieces(1);
  const next = await on.call("startSession", interview, true);
  await on.call("belongsTo", next);
  await on.untilPieces(3);
  await on.call("stop");
  assert.equal(await on.call("upload"), null);

  const stored = await scene.stored(person);
  assert.deepEqual(
    stored.map(({ name }) => name.split("/")[2]),
    [session, next],
  );
  for (const part of stored) assert(beginsAsWebM(part.bytes));
});

test("M2 an interview that is not registered yet is recorded, and uploaded once it is", async (scene) => {
  const on = await scene.newPage();
  const person = await on.signUp();
  await on.call("open", interview);
  await on.call("record");
  await on.untilPieces(1);
  await on.call("stop");
  assert.equal(await on.call("upload"), null);
  assert.equal((await on.call("state")).upload, "idle");
  assert.equal((await on.call("kept", interview)).length, 1);

  const session = await on.call("startSession", interview);
  await on.call("belongsTo", session);
  assert.equal(await on.call("upload"), null);
  const { name } = await onlyPart(scene, person);
  assert(name.startsWith(`${person.id}/${interview}/${session}/`));
});

test("M2 no space on the device: the recording stops, says so, and what there is of it is uploaded", async (scene) => {
  const on = await scene.computer();
  const { person, session } = await inAnInterview(on);
  const devTools = await on.page.context().newCDPSession(on.page);
  const origin = new URL(scene.url).origin;
  await devTools.send("Storage.overrideQuotaForOrigin", {
    origin,
    quotaSize: 200_000,
  });
  await on.call("record", session);
  await on.until("room.state().problem");

  assert.deepEqual(await on.call("state"), {
    isRecording: false,
    problem: "full",
    upload: "idle",
  });
  await on.call("call", "heartbeat_session", { session_id: session });
  assert.equal(await on.call("upload"), null);
  await play(on, await onlyPart(scene, person));
});

test("the device check shows the camera, the microphone's level, and what there is to choose", async (scene) => {
  const { page, until } = await scene.newPage();
  assert.equal(await page.locator("video").count(), 0);
  await page.getByRole("button", { name: "Check camera and" }).click();
  await until("document.querySelector('video')?.videoWidth > 0");
  await until("document.querySelector('meter')?.value > 0.2");
  await page.getByLabel("Microphone", { exact: true }).selectOption({
    label: "Fake Audio Input 1",
  });
  await until("document.querySelector('meter')?.value > 0.2");
  assert.equal(
    await page.getByLabel("Camera", { exact: true }).locator("option").count(),
    1,
  );

  await page.getByRole("button", { name: "Use these" }).click();
  await until(
    "chosen.getTracks().every((track) => track.readyState === 'live')",
  );
  assert.equal(
    await page.evaluate("chosen.getAudioTracks()[0].label"),
    "Fake Audio Input 1",
  );
});

test("M2 permission denied: the check says so, and the interview continues without", async (scene) => {
  const on = await scene.computer({ switches: withDenial });
  const { session } = await inAnInterview(on);
  await on.page.getByRole("button", { name: "Check camera and" }).click();
  await on.page.getByText("Your browser does not let this page use").waitFor();
  await on.page.getByRole("button", { name: "Continue without" }).click();

  await on.until("globalThis.chosen === null");
  await on.call("call", "heartbeat_session", { session_id: session });
  assert.equal(await on.call("upload"), null);
});

test("a late answer to the browser's question turns nothing on after Continue without", async (scene) => {
  const { page, until } = await scene.newPage();
  await page.evaluate(`{
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      await new Promise((resolve) => answer = resolve);
      return late = await ask(constraints);
    };
  }`);
  await page.getByRole("button", { name: "Check camera and" }).click();
  await until("!!globalThis.answer");
  await page.getByRole("button", { name: "Continue without" }).click();
  await until("globalThis.chosen === null");

  await page.evaluate("answer()");
  await until(
    "globalThis.late?.getTracks().every(({ readyState }) => readyState === 'ended')",
  );
  assert.equal(await page.locator("video").count(), 0);
  await page.getByRole("button", { name: "Check camera and" }).waitFor();
});

test("no camera: only sound is recorded, and the check says so", async (scene) => {
  const on = await scene.computer({
    switches: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream=device-count=0",
    ],
  });
  const { person, session } = await inAnInterview(on);
  await on.page.getByRole("button", { name: "Check camera and" }).click();
  await on.page.getByText("No camera was found. Only sound").waitFor();

  await on.call("record", session);
  await on.untilPieces(2);
  await on.call("stop");
  assert.equal(await on.call("upload"), null);
  assert(beginsAsWebM((await onlyPart(scene, person)).bytes));
});

test("an address without HTTPS: the check says why there is no camera", async (scene) => {
  const on = await scene.computer({
    switches: [...withDevices, "--host-resolver-rules=MAP room.test 127.0.0.1"],
  });
  const { port } = new URL(scene.url);
  await on.page.goto(`http://room.test:${port}/`);
  await on.page.getByRole("button", { name: "Check camera and" }).click();
  await on.page.getByText("only over HTTPS").waitFor();
});

for (
  const [error, message] of [
    ["NotFoundError", "No camera and no microphone were found"],
    ["NotReadableError", "in use by another program"],
  ]
) {
  // the devices of these browsers are always there, and free
  test(`${error} in place of the devices: the check says what to do`, async (scene) => {
    const { page } = await scene.newPage();
    await page.evaluate(`navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("", "${error}"))`);
    await page.getByRole("button", { name: "Check camera and" }).click();
    await page.getByText(message).waitFor();
    await page.getByRole("button", { name: "Check again" }).waitFor();
  });
}
