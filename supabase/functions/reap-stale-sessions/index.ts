// What the schedule calls: reaps stale interview sessions, batch after batch, delivers what has ended to the app's endpoints
// (if the chapter "deliveries" is installed), and says how the component is.
//
//   POST /functions/v1/reap-stale-sessions   apikey: sb_secret_…   (the key named "default", or one named "cron")
//                                            (or the service_role key, where the project has only that)
//
// No request body is needed. Two calls at once do no harm: the reaper skips what another one has locked.
import { withSupabase } from "@supabase/server";
import { deliver, type Deliveries } from "./deliver.ts";
import { keysOf } from "./keys.ts";
import {
  type Answer,
  failureOf,
  reapAll,
  ReapingFailed,
  type Rpc,
} from "./reap_all.ts";
import { webhookSettingsOf } from "./webhook_settings.ts";

/** The secret keys that open this function. */
const KEY_NAMES = ["default", "cron"];

const keys = keysOf(Deno.env);
const webhooks = webhookSettingsOf(Deno.env);

const handle = withSupabase(
  {
    // Every secret key, and then its name: "secret:cron" would answer each wrong key with 500 where no such key is made.
    auth: "secret:*",
    cors: "disabled",
    ...(keys && { env: keys }),
    // What is wrong with a key is said; which keys there are is nobody's business.
    errors: { detailed: false },
  },
  async (request, { supabaseAdmin, authKeyName = "" }) => {
    if (!KEY_NAMES.includes(authKeyName)) {
      return refusal(
        403,
        `The secret key named "${authKeyName}" is not for this function.`,
        `Use the one named "default" or "cron".`,
      );
    }
    if (!await hasUsableBody(request)) {
      return refusal(
        400,
        "The body is not JSON.",
        "Send no body, or a JSON one. Nothing was reaped.",
      );
    }
    try {
      const run = await reapAndDeliver((name, args) =>
        supabaseAdmin.rpc(name, args)
      );
      console.log(JSON.stringify({ event: "reaped", ...run }));
      return Response.json(run);
    } catch (error) {
      if (!(error instanceof ReapingFailed)) throw error;
      const answer = {
        code: error.code,
        message: error.message,
        hint: error.retryable
          ? "It was tried twice. The next call may succeed."
          : "It will not pass by itself. See the database's log.",
        ...error.soFar,
      };
      console.error(JSON.stringify({ event: "failed", ...answer }));
      return Response.json(answer, { status: error.retryable ? 503 : 500 });
    }
  },
);

export default {
  /** Answers a call: 200 with the run, 4xx with what is wrong with the call, 5xx with what is wrong behind it. */
  fetch(request: Request): Promise<Response> | Response {
    // A GET must not change anything, and link checkers and prefetching browsers send them.
    if (request.method !== "POST") {
      return refusal(
        405,
        `${request.method} is not for this function.`,
        "Call it with POST.",
        { allow: "POST" },
      );
    }
    if (!keys) {
      return refusal(
        500,
        "This function has no secret key to compare yours with.",
        "Set SUPABASE_SECRET_KEYS, or SUPABASE_SERVICE_ROLE_KEY where the project has older keys, in the function's environment.",
      );
    }
    return handle(request);
  },
};

/** Delivers also if the reaper fails: what has ended needs no reaper. */
async function reapAndDeliver(rpc: Rpc) {
  const run = await reapAll(rpc).catch((error: unknown) => {
    if (error instanceof ReapingFailed) return error;
    throw error;
  });
  if (run instanceof ReapingFailed) {
    const deliveries = await deliver(rpc, webhooks).catch(() => undefined);
    throw deliveries && isAny(deliveries) ? run.with({ deliveries }) : run;
  }
  try {
    const deliveries = await deliver(rpc, webhooks);
    return deliveries ? { ...run, deliveries } : run;
  } catch (cause) {
    throw failureOf(
      cause as Answer,
      run,
      "Sessions were reaped, but not all ends delivered: ",
    );
  }
}

function isAny({ delivered, failed, put_back }: Deliveries): boolean {
  return delivered + failed + put_back > 0;
}

async function hasUsableBody(request: Request): Promise<boolean> {
  const body = await request.text();
  if (body.trim() === "") return true;
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

function refusal(
  status: number,
  message: string,
  hint: string,
  headers?: HeadersInit,
): Response {
  return Response.json({ message, hint }, { status, headers });
}
