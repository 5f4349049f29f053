// Random sequences of what users, networks, devices and crashes do: is a text ever
// lost, does the table ever go back to an older one, is anything shown that is not so?
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Device,
  type Fate,
  makeWorld,
  type Page,
  takenOver,
  unregistered,
  type World,
} from "./world.ts";

const keys = ["a", "b"];
const fates: Fate[] = [
  ...["answered", "lost", "unheard", "hangs"] as const,
  ...["answered late", "arrives late"] as const,
];

const device = fc.nat({ max: 1 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("type" as const),
      device,
      key: fc.constantFrom(...keys),
      isRewritten: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(0, 0.02, 0.1, 1, 4, 12),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("grant" as const), device }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("network" as const),
      load: fc.constantFrom("answered" as const, ...fates),
      save: fc.constantFrom("answered" as const, ...fates),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("crash" as const), device }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("offline start" as const), device }),
  },
  fc.record({ do: fc.constant("told" as const), device }),
  fc.record({ do: fc.constant("hide" as const), device }),
  fc.record({
    do: fc.constant("disk" as const),
    device,
    isFull: fc.boolean(),
    readSeconds: fc.constantFrom(0, 0, 1, 6),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A word that a user has written, and where it was. */
interface Word {
  word: string;
  key: string;
  /** In the order in which words were written. */
  at: number;
  /** Without a session: it counts as written when the next one is granted. */
  isUnfenced: boolean;
  page: Page;
}

class Play {
  world: World = makeWorld();
  devices: Device[] = [this.world.device(), this.world.device()];
  pages: Page[] = this.devices.map((device) => this.open(device));
  words: Word[] = [];
  /** Words that their user has removed, or that no device was told to keep. */
  gone = new Set<string>();
  seen = 0;
  problems: unknown[] = [];

  open(device: Device): Page {
    const page = this.world.page(device);
    page.drafts.subscribe((state) => {
      for (const [key, draft] of Object.entries(state.drafts)) {
        try {
          this.checkStatus(page, key, draft);
        } catch (error) {
          // a listener's error stops nothing
          this.problems.push(error);
        }
      }
    });
    return page;
  }

  checkStatus(
    page: Page,
    key: string,
    { text, status, savedAt }: Page["states"][0]["drafts"][string],
  ) {
    const ofServer = this.world.history.filter((row) => row.key === key);
    if (status === "saved") {
      assert(ofServer.some((row) => row.text === text), "C9 it is saved");
    }
    if (savedAt) {
      assert(
        ofServer.some((row) => row.savedAt === savedAt),
        "C9 at that time",
      );
    }
    if (status === "kept") {
      const rows = [...page.device.rows.values()];
      assert(
        rows.some((row) => row.key === key && row.text === text),
        "C9 it is on the device",
      );
    }
  }

  async take(step: Step) {
    const { world } = this;
    const page = "device" in step ? this.pages[step.device]! : this.pages[0]!;
    const { name } = page.session();
    switch (step.do) {
      case "type":
        if (name === "live" || name === "unregistered") {
          this.type(page, step.key, step.isRewritten);
        }
        break;
      case "wait":
        await world.advance(step.seconds);
        break;
      case "crash": {
        this.loseWhatIsNotKept(page);
        page.crash();
        this.pages[step.device] = this.open(page.device);
        break;
      }
      case "grant":
        page.become({ name: "starting" });
        page.grant();
        break;
      case "offline start":
        if (name === "idle") page.become({ name: "starting" });
        if (name === "idle") page.become(unregistered);
        break;
      case "told":
        if (name === "live" && !holds(world, page)) page.become(takenOver);
        break;
      case "hide":
        page.hide();
        break;
      case "network":
        world.fate = (call) => call === "load" ? step.load : step.save;
        break;
      case "disk":
        page.device.isFull = step.isFull;
        page.device.wasFull ||= step.isFull;
        page.device.readSeconds = step.readSeconds;
    }
    await world.settle();
    this.checkTable();
  }

  type(page: Page, key: string, isRewritten: boolean) {
    const word = `<${this.words.length}>`;
    const before = page.text(key) ?? "";
    if (isRewritten) {
      for (const { word } of this.words) {
        if (before.includes(word)) this.gone.add(word);
      }
    }
    const isUnfenced = page.session().name !== "live";
    this.words.push({ word, key, at: this.words.length, isUnfenced, page });
    page.drafts.write(key, isRewritten ? word : before + word);
  }

  /** What was neither kept nor saved when the page crashed. */
  loseWhatIsNotKept(page: Page) {
    const kept = [...page.device.rows.values()];
    const saved = [...this.world.rows.values()];
    for (const { word, key, page: author } of this.words) {
      const has = (rows: { key: string; text: string }[]) =>
        rows.some((row) => row.key === key && row.text.includes(word));
      // a full disk keeps no version that lost, and a save may be on its way
      const isInMemory = page.device.wasFull &&
        page.earlier(key).some((text) => text.includes(word));
      const isLost = author === page && !has(kept) && !has(saved);
      if (isInMemory || isLost) this.gone.add(word);
    }
  }

  /** The newest word of each version, in the order of versions. */
  checkTable() {
    for (const problem of this.problems) throw problem;
    const { history } = this.world;
    for (; this.seen < history.length; this.seen++) {
      const row = history[this.seen]!;
      const before = history.slice(0, this.seen)
        .findLast(({ key }) => key === row.key);
      const [older, newer] = [before, row].map((row) => this.newest(row?.text));
      if (!older || !newer) continue;
      assert(
        newer.at >= older.at || newer.isUnfenced,
        `W4 ${before?.text} is newer than ${row.text}`,
      );
    }
  }

  newest(text = ""): Word | undefined {
    return this.words.findLast(({ word }) => text.includes(word));
  }

  /** Every device starts once more, with everything well. */
  async end() {
    const { world } = this;
    world.fate = () => "answered";
    for (const page of this.pages) this.loseWhatIsNotKept(page);
    for (const device of this.devices) {
      device.isFull = false;
      device.readSeconds = 0;
    }
    for (const page of this.pages) page.crash();
    // what is still on its way arrives at the table, and is refused
    await world.advance(30);
    const shown: { key: string; text: string }[] = [];
    for (const device of this.devices) {
      const page = this.open(device);
      page.become({ name: "starting" });
      page.grant();
      await world.advance(10);
      this.checkTable();
      for (const key of keys) {
        const texts = [page.text(key) ?? "", ...page.earlier(key)];
        shown.push(...texts.map((text) => ({ key, text })));
        assert.equal(page.text(key), world.rows.get(key)?.text, "all is saved");
      }
      page.crash();
    }
    const missing = this.words.filter(({ word, key }) =>
      !this.gone.has(word) &&
      !shown.some((one) => one.key === key && one.text.includes(word))
    );
    assert.deepEqual(
      missing.map(({ word, key }) => `${key}: ${word}`),
      [],
      "C9 a word was lost",
    );
  }
}

function holds(world: World, page: Page): boolean {
  const state = page.session();
  return state.name === "live" && state.session.fence === world.holder()?.fence;
}

Deno.test("W4 C9 whatever happens, in whatever order: the table never goes back to an older text, no word is lost, nothing is shown that is not so", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
      async (steps) => {
        const play = new Play();
        for (const step of steps) await play.take(step);
        await play.end();
      },
    ),
    { numRuns: Number(Deno.env.get("RUNS") ?? 4000) },
  );
});
