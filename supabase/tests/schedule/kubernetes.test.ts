// The recipe for Kubernetes: read as YAML, judged by kubectl where there is one,
// and its command run.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import {
  cronSeconds,
  type Ended,
  folder,
  recipe,
  run,
  testCommand,
  testWith,
  withNpx,
} from "./support.ts";

interface Container {
  name: string;
  image: string;
  command: string[];
  env: { name: string; value: string }[];
  envFrom: { secretRef: { name: string } }[];
  volumeMounts: { name: string; mountPath: string }[];
  resources: { limits: { memory: string } };
  securityContext: Record<string, unknown>;
}

interface CronJob {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    schedule: string;
    concurrencyPolicy: string;
    startingDeadlineSeconds: number;
    successfulJobsHistoryLimit: number;
    failedJobsHistoryLimit: number;
    jobTemplate: {
      spec: {
        backoffLimit: number;
        activeDeadlineSeconds: number;
        template: {
          spec: {
            restartPolicy: string;
            automountServiceAccountToken: boolean;
            securityContext: Record<string, unknown>;
            containers: Container[];
            volumes: { name: string; emptyDir: { sizeLimit: string } }[];
          };
        };
      };
    };
  };
}

const text = recipe("kubernetes/reap-stale-sessions.yaml");
const cronJob: CronJob = parse(text, { strict: true });
const { spec } = cronJob;
const job = spec.jobTemplate.spec;
const pod = job.template.spec;
const [container, ...others] = pod.containers;
const install = recipe("kubernetes/install.sh").trimEnd().split("\n");

/** The value of `--from-file` or the like in the line that makes this object. */
function madeFrom(kind: string, name: string, option: string): string {
  const line = install.find((line) =>
    line.startsWith(`kubectl create ${kind}`) && line.includes(` ${name} `)
  );
  const value = line?.match(new RegExp(`${option}=(\\S+)`))?.[1];
  assert(value, `nothing makes the ${kind} ${name} with ${option}`);
  return value;
}

testCommand("the CronJob's command", {
  tools: [],
  critical: 3,
  async call(settings): Promise<Ended> {
    using here = folder();
    return await run(container.command, {
      ...settings,
      ...withNpx(here.path),
    });
  },
});

Deno.test("the CronJob runs every minute, one at a time, and none for ever", () => {
  assert.equal(cronJob.apiVersion, "batch/v1");
  assert.equal(cronJob.kind, "CronJob");
  assert(cronJob.metadata.name.length <= 52);
  assert.equal(cronSeconds(spec.schedule), 60);
  assert.equal(spec.concurrencyPolicy, "Forbid");
  assert(spec.startingDeadlineSeconds >= 10, "the controller looks every 10 s");
  assert(spec.startingDeadlineSeconds <= 60);
  assert.equal(spec.successfulJobsHistoryLimit, 1);
  assert.equal(spec.failedJobsHistoryLimit, 3);
  assert.equal(job.backoffLimit, 0);
  assert.equal(job.activeDeadlineSeconds, 240);
  assert.equal(pod.restartPolicy, "Never");
});

Deno.test("the CronJob's pod is what the restricted Pod Security Standard wants", () => {
  assert.deepEqual(others, []);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(pod.securityContext, {
    runAsNonRoot: true,
    // the image names its user, which the kubelet cannot tell from root
    runAsUser: 65534,
    runAsGroup: 65534,
    seccompProfile: { type: "RuntimeDefault" },
  });
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.match(
    container.image,
    /:\d+\.\d+\.\d+-alpine\d+\.\d+@sha256:[0-9a-f]{64}$/,
  );
  assert.match(container.resources.limits.memory, /^\d+Mi$/);
});

Deno.test("the CronJob's only writable folder is npm's cache", () => {
  const [volume, ...otherVolumes] = pod.volumes;
  const [mount, ...otherMounts] = container.volumeMounts;
  assert.deepEqual([otherVolumes, otherMounts], [[], []]);
  assert.match(volume.emptyDir.sizeLimit, /^\d+Mi$/);
  assert.equal(mount.name, volume.name);
  assert.deepEqual(container.env, [
    { name: "npm_config_cache", value: mount.mountPath },
  ]);
});

Deno.test("the CronJob's key comes from the Secret that the recipe makes", () => {
  const [{ secretRef }] = container.envFrom;
  const source = madeFrom("secret generic", secretRef.name, "--from-env-file");
  assert.equal(source, "interview-sessions.env");
  assert.doesNotMatch(text, /sb_secret/);
});

testWith(["kubectl"], "kubectl knows every field of the CronJob", async () => {
  using here = folder();
  const known = async (yaml: string): Promise<CronJob> => {
    const file = path.join(here.path, "job.yaml");
    fs.writeFileSync(file, yaml);
    // works without a cluster, and leaves out what the type does not have
    const { code, out, all } = await run([
      ...["kubectl", "set", "image", "--local", "-f", file],
      ...[`${container.name}=another`, "-o", "json"],
    ], { HOME: here.path });
    assert.equal(code, 0, all);
    return JSON.parse(out);
  };

  assertWithin(
    parse(text.replace(container.image, "another")),
    await known(text),
  );

  const wrong = text.replace("concurrencyPolicy", "concurencyPolicy");
  const asRead = await known(wrong);
  assert.throws(
    () => assertWithin(parse(wrong), asRead),
    /no field concurencyPolicy/,
  );
});

testWith(
  ["kubectl"],
  "kubectl makes the Secret from the environment file",
  async () => {
    using here = folder();
    const file = path.join(here.path, "interview-sessions.env");
    fs.writeFileSync(file, recipe("systemd/interview-sessions.env"));
    const [command] = install;

    const { code, out, all } = await run(
      [
        ...command.split(" "),
        ...["--dry-run=client", "-o", "json"],
      ],
      { HOME: here.path },
      { cwd: here.path },
    );

    assert.equal(code, 0, all);
    assert.deepEqual(Object.keys(JSON.parse(out).data).sort(), [
      "INTERVIEW_SESSIONS_SECRET_KEY",
      "PING_URL",
      "SUPABASE_URL",
    ]);
  },
);

/** Asserts that all of `part` is in `whole`, with the same values. */
function assertWithin(part: unknown, whole: unknown, where = "the CronJob") {
  if (typeof part !== "object" || part === null) {
    assert.equal(whole, part, where);
    return;
  }
  assert(typeof whole === "object" && whole !== null, where);
  const values = whole as Record<string, unknown>;
  for (const [key, value] of Object.entries(part)) {
    assert(key in values, `${where} has no field ${key}`);
    assertWithin(value, values[key], `${where}.${key}`);
  }
}
