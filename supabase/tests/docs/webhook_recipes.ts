// The modules of docs/deliveries.md, importing the package from this repository.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SessionEnded } from "../../../client/webhook.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { moduleOf, recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/deliveries.md");

/** A recipe; a receiver calls this `release`. */
export async function webhookModule<T>(
  name: string,
  release: (event: SessionEnded) => unknown = () => {},
): Promise<T> {
  const hook = `release_${crypto.randomUUID()}`;
  Object.assign(globalThis, { [hook]: release });
  const source = recipe(name)
    .replace(
      '"interview-sessions/webhook"',
      JSON.stringify(
        pathToFileURL(join(repositoryRoot, "client", "webhook.ts")).href,
      ),
    )
    .replace(
      '"./release.ts"',
      `"data:text/javascript,export const release = globalThis['${hook}']"`,
    )
    .replace(
      /"(livekit-server-sdk|@supabase\/supabase-js)"/,
      (_all, name) => JSON.stringify(import.meta.resolve(name)),
    );
  return await moduleOf<T>(source);
}
