// `npx interview-sessions reap`, here as `npm run reap`: what a scheduler runs. Its
// exit code and its one sentence are all that anybody sees of it, and the key must
// never be in there.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  clear,
  functionPath,
  keys,
  projectOfThisFile,
  seedStale,
  stillThere,
} from "./support.ts";

const project = projectOfThisFile({ functions: true });

Deno.test.beforeEach(() => clear(project));

interface Ended {
  code: number;
  out: string;
  err: string;
}

const variable = "INTERVIEW_SESSIONS_SECRET_KEY";

/** Runs the command; with the default key unless told otherwise. */
async function command(
  args: string[],
  key: string | undefined = keys.secret.default,
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-lock", "--cached-only"],
      ...["--node-modules-dir=manual", "--config"],
      join(repositoryRoot, "deno.json"),
      join(repositoryRoot, "scripts", "reap.ts"),
      ...args,
    ],
    stdin: "null",
    env: { NO_COLOR: "1", SUPABASE_URL: "", PING_URL: "", [variable]: key },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trimEnd()
  );
  for (const text of [out, err]) {
    assert.doesNotMatch(text, /sb_secret_\w/, "the key was printed");
    assert.doesNotMatch(text, /\n\s+at /, "a stack trace");
  }
  return { code, out, err };
}

function failed({ code, out, err }: Ended, wanted: number, sentence: RegExp) {
  assert.equal(code, wanted, err);
  assert.equal(out, "");
  assert.match(err, sentence);
}

/** A project that answers in this way, whatever is asked. */
async function answering(
  answer: (request: Request) => Response | Promise<Response>,
  work: (url: string) => Promise<void>,
) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );
  try {
    await work(`http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("M7 it reaps, and says so on one line: 0", async () => {
  await seedStale(project, 2);
  await seedStale(project, 1, { reason: "timed_out" });

  const { code, out, err } = await command(["--url", project.url]);

  assert.match(
    out,
    /^Reaped 3 stale sessions \((2 expired, 1 timed out|1 timed out, 2 expired)\) in 1 batch, \d+ ms\. Health: ok\. The reaper ran 00:00:0\d ago, and nothing is overdue\.$/,
  );
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.deepEqual(await stillThere(project), []);
});

Deno.test("nothing to reap is no failure: 0", async () => {
  const { code, out } = await command(
    ["--url", `${project.url}/`],
    keys.secret.cron,
  );

  assert.match(out, /^Reaped 0 stale sessions in 1 batch, \d+ ms\. Health: ok/);
  assert.equal(code, 0);
});

Deno.test("C3 it says what was delivered, and what is wrong with an endpoint", async () => {
  const ok = {
    reaped: 0,
    batches: 1,
    by_reason: {},
    duration_ms: 12,
    drained: true,
    health: { status: "ok", reason: "Nothing is overdue." },
  };
  const said = async (deliveries: unknown) => {
    let line = "";
    await answering(
      () => Response.json({ ...ok, deliveries }),
      async (url) => {
        line = (await command(["--url", url])).out;
      },
    );
    return line;
  };

  assert.equal(
    await said({
      delivered: 1,
      failed: 20,
      put_back: 80,
      problems: { meter: "The receiver answered 500." },
    }),
    "Reaped 0 stale sessions in 1 batch, 12 ms. Delivered 1 event, 20 failed, 80 not tried. meter: The receiver answered 500. Health: ok. Nothing is overdue.",
  );
  const nothing = { delivered: 0, failed: 0, put_back: 0, problems: {} };
  for (const deliveries of [undefined, nothing]) {
    assert.equal(
      await said(deliveries),
      "Reaped 0 stale sessions in 1 batch, 12 ms. Health: ok. Nothing is overdue.",
    );
  }
});

Deno.test("a key from a file, with its line end, is a key", async () => {
  const { code } = await command(
    ["--url", project.url],
    `${keys.secret.default}\n`,
  );

  assert.equal(code, 0);
});

Deno.test("--json prints the function's answer", async () => {
  await seedStale(project, 1);

  const { code, out } = await command(["--url", project.url, "--json"]);

  assert.equal(code, 0);
  assert.deepEqual(Object.keys(JSON.parse(out)), [
    ...["reaped", "batches", "by_reason", "duration_ms", "drained", "health"],
    "deliveries",
  ]);
});

Deno.test("B2 when health is critical it is an alarm, though it has reaped: 3", async () => {
  const [stuck] = await seedStale(project, 2);
  await project.sql`
    update public.active_interview_sessions
    set
      created_at = created_at - interval '20 minutes',
      updated_at = updated_at - interval '20 minutes',
      deadline_at = deadline_at - interval '20 minutes',
      expires_at = expires_at - interval '20 minutes'
    where session_id = ${stuck}`;

  const { code, out } = await project.sql.begin(async (sql) => {
    await sql`
      select from public.active_interview_sessions
      where session_id = ${stuck} for update`;
    return await command(["--url", project.url]);
  });

  assert.equal(code, 3);
  assert.match(out, /^Reaped 1 stale session .* Health: critical\. A session/);
});

Deno.test("a run that was not finished says that there is more: 0", async () => {
  const run = {
    reaped: 3000,
    batches: 3,
    by_reason: { expired: 3000 },
    duration_ms: 50_001,
    drained: false,
    health: { status: "warning", reason: "It is behind." },
  };
  await answering(() => Response.json(run), async (url) => {
    const { code, out } = await command(["--url", url]);

    assert.equal(
      out,
      "Reaped 3000 stale sessions (3000 expired) in 3 batches, 50001 ms. " +
        "There are more; the next call goes on. Health: warning. It is behind.",
    );
    assert.equal(code, 0);
  });
});

Deno.test("without a URL, or with one that is none: 2", async () => {
  failed(await command([]), 2, /^Which project\? Give its URL: --url/);
  for (
    const url of [
      ...["", "ref.supabase.co", "ftp://ref.supabase.co", "not a url"],
      `https://ref.supabase.co${functionPath}`,
      "https://ref.supabase.co/?apikey=x",
      "https://me:pass@ref.supabase.co",
    ]
  ) {
    const ended = await command([`--url=${url}`]);
    failed(ended, 2, /^--url wants the project's URL alone/);
    assert.doesNotMatch(ended.err, /pass@/);
  }
});

Deno.test("the key does not travel in the clear: 2", async () => {
  failed(
    await command(["--url", "http://ref.supabase.co"]),
    2,
    /^Over http the secret key would travel in the clear\./,
  );
});

Deno.test("without a key, or with what is none: 2", async () => {
  const url = ["--url", project.url];
  const missing = new RegExp(`^There is no secret key in .*${variable}\\.`);
  failed(await command(url, ""), 2, missing);
  failed(await command(url, "  "), 2, missing);
  failed(
    await command(url, keys.publishable),
    2,
    /holds a publishable key, which may not reap\./,
  );
  failed(await command(url, "two words"), 2, /holds no key: there are blanks/);
});

Deno.test("a key on the command line is refused, and not repeated: 2", async () => {
  await seedStale(project, 1);
  const token = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.abc";
  for (
    const args of [
      ["--url", project.url, "--key", keys.secret.default],
      ["--url", project.url, `--key=${keys.secret.default}`],
      ["--url", `https://x:${keys.secret.default}@ref.supabase.co`],
      [keys.secret.default],
      ["--url", project.url, token],
    ]
  ) {
    const ended = await command(args);
    failed(
      ended,
      2,
      /^A secret key does not belong on the command line.*make a new one\.$/,
    );
    assert.doesNotMatch(ended.err, /eyJ/);
  }
  assert.equal((await stillThere(project)).length, 1);
});

Deno.test("an option that is none, or has no sense: 2; --help helps: 0", async () => {
  for (const args of [["--nope"], ["what"], ["--url"]]) {
    const { code, err } = await command(args);
    assert.equal(code, 2);
    assert.match(
      err,
      /"npx interview-sessions reap --help" lists the options\.$/,
    );
  }
  failed(
    await command(["--url", project.url, "--timeout", "soon"]),
    2,
    /^--timeout wants a time, such as 90s: soon$/,
  );
  const { code, out } = await command(["--help"], "");
  assert.equal(code, 0);
  assert.match(out, new RegExp(variable));
  assert.match(out, /--timeout <time>/);
});

Deno.test("a key that is not accepted: 1", async () => {
  await seedStale(project, 1);
  for (
    const [key, status] of [
      ["sb_secret_of_another_project", 401],
      [keys.secret.other, 403],
    ] as const
  ) {
    failed(
      await command(["--url", project.url], key),
      1,
      new RegExp(
        `does not accept the secret key \\(${status}\\): .* It must be one of this project, named "default" or "cron"\\.$`,
      ),
    );
  }
  assert.equal((await stillThere(project)).length, 1);
});

Deno.test("a function that is not deployed: 1", async () => {
  await answering(
    () =>
      Response.json(
        { code: "NOT_FOUND", message: "Requested function was not found" },
        { status: 404 },
      ),
    async (url) =>
      failed(
        await command(["--url", url]),
        1,
        /has no Edge Function reap-stale-sessions \(404\)\. Deploy it: supabase functions deploy reap-stale-sessions$/,
      ),
  );
});

Deno.test("a run that failed says why, and how far it came: 1", async () => {
  const answer = {
    code: "55P03",
    message: "canceling statement due to lock timeout",
    hint: "It was tried twice. The next call may succeed.",
    reaped: 1000,
    batches: 1,
    by_reason: { expired: 1000 },
    duration_ms: 6700,
    drained: false,
  };
  await answering(() => Response.json(answer, { status: 503 }), async (url) => {
    const { code, err } = await command(["--url", url]);

    assert.equal(
      err,
      "The run failed (503): canceling statement due to lock timeout. It was " +
        "tried twice. The next call may succeed. Before that, 1000 stale " +
        "sessions had been reaped.",
    );
    assert.equal(code, 1);
  });
});

Deno.test("an answer that is not the function's: 1", async () => {
  for (
    const [answer, sentence] of [
      [
        () => new Response("<html>Welcome to the hotel</html>"),
        /answered, but not as reap-stale-sessions does\./,
      ],
      [() => Response.json({ reaped: 1 }), /answered, but not as/],
      [
        () => new Response("upstream is away", { status: 502 }),
        /^The run failed \(502\)\.$/,
      ],
      [
        () => Response.json({ message: "Too many." }, { status: 429 }),
        /refused the call \(429\): Too many\.$/,
      ],
    ] as const
  ) {
    await answering(
      answer,
      async (url) => failed(await command(["--url", url]), 1, sentence),
    );
  }
});

Deno.test("the key is never sent where a redirect points: 1", async () => {
  const askedElsewhere: string[] = [];
  await answering((request) => {
    askedElsewhere.push(request.headers.get("apikey") ?? "");
    return Response.json({});
  }, async (elsewhere) => {
    await answering(
      () =>
        new Response(null, { status: 307, headers: { location: elsewhere } }),
      async (url) =>
        failed(
          await command(["--url", url]),
          1,
          /sends the call elsewhere \(307\)/,
        ),
    );
  });
  assert.deepEqual(askedElsewhere, []);
});

Deno.test("a host that repeats the key does not make the command print it", async () => {
  await answering(
    (request) =>
      Response.json(
        { message: `Bad key ${request.headers.get("apikey")}.` },
        { status: 401 },
      ),
    async (url) =>
      failed(
        await command(["--url", url]),
        1,
        new RegExp(`: Bad key <${variable}>\\.`),
      ),
  );
});

Deno.test("a host that cannot be reached: 1", async () => {
  const port = freePort();

  failed(
    await command(["--url", `http://127.0.0.1:${port}`]),
    1,
    new RegExp(`^127\\.0\\.0\\.1:${port} cannot be reached: .*\\w.*\\.$`),
  );
});

Deno.test("a host that does not answer in time: 1", async () => {
  const done = Promise.withResolvers<Response>();
  await answering(() => done.promise, async (url) => {
    failed(
      await command(["--url", url, "--timeout", "300ms"]),
      1,
      /did not answer within 0\.3 s\. What the run had done by then stays done\.$/,
    );
    done.resolve(new Response());
  });
});
