#!/usr/bin/env node
// `npx interview-sessions …`: installs the component into a Supabase project,
// upgrades it, says what is wrong with it, calls its reaper, and removes it.
import process from "node:process";
import { Command, CommanderError, Option } from "commander";
import { install } from "./install.ts";
import { installSql } from "./migration.ts";
import { type OptionalChapter, packageVersion } from "./package_files.ts";
import { exitCode, Problem, UsageProblem } from "./problem.ts";
import { secretOnCommandLine } from "./secrets.ts";

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
    throw error;
  }
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
    .option("--overwrite", "replace the Edge Function if you have changed it")
    .addOption(workdir())
    .option("--yes", "do not ask", false)
    .option("--dry-run", "only show what would be done", false)
    .action(async (o: InstallFlags) => {
      const isDone = await install({
        workdir: o.workdir,
        optional: optionalChaptersOf(o),
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
    .action((o: { admin?: boolean }) => {
      process.stdout.write(installSql(optionalChaptersOf(o)));
    });

  await program.parseAsync(args, { from: "user" });
  return code;
}

interface InstallFlags {
  admin?: boolean;
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
    "a folder in the Supabase project (default: this one)",
  ).default(".", "this one");
}

function optionalChaptersOf(o: { admin?: boolean }): OptionalChapter[] {
  return o.admin ? ["admin"] : [];
}

function failed(error: Error, code: number): number {
  process.stderr.write(`${error.message}\n`);
  return code;
}
