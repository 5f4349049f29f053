#!/usr/bin/env node
// `npx interview-sessions …`: installs the component into a Supabase project,
// upgrades it, says what is wrong with it, calls its reaper, and removes it.
import process from "node:process";
import {
  Command,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "commander";
import {
  type DeliveryChoice,
  dropDeliveries,
  listDeliveries,
  retryDeliveries,
} from "./deliveries.ts";
import { doctor, type DoctorOptions } from "./doctor.ts";
import { install } from "./install.ts";
import { installSql, uninstallSql } from "./migration.ts";
import {
  type OptionalChapter,
  optionalChapters,
  packageVersion,
} from "./package_files.ts";
import { exitCode, Problem, UsageProblem } from "./problem.ts";
import { reap, type ReapOptions } from "./reap.ts";
import {
  secretOnCommandLine,
  secretVariable,
  withoutSecret,
} from "./secrets.ts";

import { typesText } from "./types.ts";
import { uninstall } from "./uninstall.ts";

// as in "plan | head": nobody reads the rest
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    secretOnCommandLine(args);
    return await run(args);
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed its message
      return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    }
    if (error instanceof UsageProblem) return failed(error, exitCode.usage);
    if (error instanceof Problem) return failed(error, exitCode.wrong);
    if (isOfFileSystem(error)) return failed(error, exitCode.wrong);
    throw error;
  }
}

/** A file that cannot be read or written: the message names it. */
function isOfFileSystem(error: unknown): error is Error {
  const { code, path } = error as NodeJS.ErrnoException;
  return error instanceof Error && typeof code === "string" &&
    typeof path === "string";
}

async function run(args: string[]): Promise<number> {
  let code: number = exitCode.ok;
  const program = new Command("interview-sessions")
    .description(
      "One live interview session per user on Supabase: installs, upgrades, " +
        "checks and removes it.",
    )
    .version(packageVersion)
    .showHelpAfterError('"npx interview-sessions --help" lists the commands.')
    .exitOverride();

  command(program, "install")
    .description(
      "write the migration, the Edge Function and its section of config.toml " +
        "into a Supabase project; with a newer package: upgrade",
    )
    .option("--admin", "with the functions for an admin page")
    .option("--deliveries", "with webhooks that tell of every session's end")
    .option("--notification", "with a Realtime message on a takeover")
    .option(
      "--db-url <url>",
      "first ask this database, as postgres, whether it would accept it",
    )
    .option("--overwrite", "replace the Edge Function if you have changed it")
    .addOption(workdir())
    .option("--yes", "do not ask", false)
    .option("--dry-run", "only show what would be done", false)
    .action(async (o: InstallFlags) => {
      const isDone = await install({
        workdir: o.workdir,
        optional: optionalChaptersOf(o),
        dbUrl: o.dbUrl,
        overwrite: o.overwrite ?? false,
        yes: o.yes,
        dryRun: o.dryRun,
      });
      if (!isDone) code = exitCode.wrong;
    });

  command(program, "plan")
    .description(
      "print the SQL that installs or upgrades, for those who apply it by hand",
    )
    .option("--admin", "with the functions for an admin page")
    .option("--deliveries", "with webhooks that tell of every session's end")
    .option("--notification", "with a Realtime message on a takeover")
    .option("--uninstall", "print the SQL that removes everything instead")
    .action((o: ChapterFlags & { uninstall?: boolean }) => {
      const optional = optionalChaptersOf(o);
      process.stdout.write(
        o.uninstall ? uninstallSql(optional) : installSql(optional),
      );
    });

  command(program, "doctor")
    .description(
      "say what is wrong with an installation, and what to do; changes nothing",
    )
    .option("--db-url <url>", "the database's connection string, as postgres")
    .option("--url <url>", "the project's URL: is the Edge Function in order?")
    .addOption(allowHttp())
    .addHelpText(
      "after",
      `
With --url, the secret key in the environment variable ${secretVariable},
if it is set, is tried as well; nothing is reaped.

Exit code  0  nothing is wrong
           1  something is, or it could not be examined
           2  something is wrong with the command`,
    )
    .action(async (o: DoctorOptions) => {
      code = await doctor(o);
    });

  command(program, "reap")
    .description(
      "call the Edge Function once: stale sessions go to the history",
    )
    .option(
      "--url <url>",
      "the project's URL (default: the environment variable SUPABASE_URL)",
    )
    .addOption(allowHttp())
    .option("--json", "print the function's answer as JSON", false)
    .option("--timeout <time>", "how long to wait for the answer", "90s")
    .addHelpText(
      "after",
      `
The secret key, the one named "default" or "cron", is read from the environment
variable ${secretVariable}. With PING_URL set, that
URL is called after every good run.

Exit code  0  reaped, or nothing to reap
           1  the run failed, or could not be made
           2  something is wrong with the command or its environment
           3  reaped, but the component's health is critical`,
    )
    .action(async (o: ReapOptions) => {
      code = await reap(o);
    });

  const deliveries = command(program, "deliveries")
    .description("show and settle deliveries that are not confirmed");
  command(deliveries, "list")
    .description("list deliveries that are not confirmed, and the endpoints")
    .addOption(databaseUrl())
    .option("--dead", "only dead ones", false)
    .option("--json", "print them as JSON", false)
    .action(async (o: { dbUrl: string; dead: boolean; json: boolean }) => {
      await listDeliveries(o);
    });
  command(deliveries, "retry")
    .description("send dead deliveries again, with 12 attempts")
    .addOption(databaseUrl())
    .option("--endpoint <name>", "only those of this endpoint")
    .option("--id <id>", "only this one", deliveryId)
    .action(async (o: DeliveryChoice) => {
      await retryDeliveries(o);
    });
  command(deliveries, "drop")
    .description("delete deliveries: their receiver is never told")
    .addOption(databaseUrl())
    .option("--endpoint <name>", "all of this endpoint")
    .option("--id <id>", "only this one", deliveryId)
    .option("--yes", "do not ask", false)
    .action(async (o: DeliveryChoice & { yes: boolean }) => {
      if (!await dropDeliveries(o)) code = exitCode.wrong;
    });

  command(program, "types")
    .description(
      "print the TypeScript types of the API, to merge into your own Database",
    )
    .action(() => {
      process.stdout.write(typesText());
    });

  command(program, "uninstall")
    .description(
      "write a migration that removes everything, after showing what depends " +
        "on it and which data go",
    )
    .addOption(workdir())
    .option("--db-url <url>", "a database to look into, as postgres")
    .option("--yes", "do not ask", false)
    .option("--dry-run", "only show what would be done", false)
    .action(
      async (
        o: { workdir: string; dbUrl?: string; yes: boolean; dryRun: boolean },
      ) => {
        const isDone = await uninstall({ ...o, dbUrl: o.dbUrl });
        if (!isDone) code = exitCode.wrong;
      },
    );

  await program.parseAsync(args, { from: "user" });
  return code;
}

type ChapterFlags = Partial<Record<OptionalChapter, boolean>>;

interface InstallFlags extends ChapterFlags {
  dbUrl?: string;
  overwrite?: boolean;
  workdir: string;
  yes: boolean;
  dryRun: boolean;
}

function command(program: Command, name: string): Command {
  return program.command(name)
    .showHelpAfterError(
      `"npx interview-sessions ${name} --help" lists the options.`,
    );
}

function workdir(): Option {
  return new Option(
    "--workdir <folder>",
    "a folder in the Supabase project",
  ).default(".", "this one");
}

function databaseUrl(): Option {
  return new Option(
    "--db-url <url>",
    "the database's connection string, as postgres",
  ).makeOptionMandatory();
}

function allowHttp(): Option {
  return new Option(
    "--allow-http",
    "send the secret key over http, unencrypted: only within a network that " +
      "you trust, such as http://kong:8000",
  ).default(false);
}

function optionalChaptersOf(o: ChapterFlags): OptionalChapter[] {
  return optionalChapters.filter((name) => o[name]);
}

function failed(error: Error, code: number): number {
  process.stderr.write(`${withoutSecret(error.message)}\n`);
  return code;
}

function deliveryId(text: string): string {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) {
    throw new InvalidArgumentError(
      "It is the UUID that deliveries list shows.",
    );
  }
  return text;
}
