// Puts into a user's access token what Auth puts there on a hosted project and
// @supabase/lite leaves out: the metadata, `app_metadata` among it, which says
// what the project has made of the user (an administrator, say).
import { type Claims, readAccessToken } from "./access_token.ts";

/** An answer of Auth: the same, but for the token in it, if there is one. */
export async function withMetadata(
  answer: Response,
  jwtSecret: string,
): Promise<Response> {
  const isJson = answer.headers.get("content-type")?.includes("json");
  if (!answer.ok || !isJson) return answer;
  const body = await answer.clone().json().catch(() => null);
  if (typeof body?.access_token !== "string" || !body.user) return answer;
  const claims = await readAccessToken(body.access_token, jwtSecret);
  if (claims instanceof Response) return answer;
  const { app_metadata = {}, user_metadata = {} } = body.user;
  const access_token = await signed(
    { ...claims, app_metadata, user_metadata },
    jwtSecret,
  );
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return Response.json({ ...body, access_token }, {
    status: answer.status,
    headers,
  });
}

async function signed(claims: Claims, jwtSecret: string): Promise<string> {
  const encoder = new TextEncoder();
  const unsigned = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => base64url(encoder.encode(JSON.stringify(part))))
    .join(".");
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(jwtSecret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign(
    "HMAC",
    key,
    encoder.encode(unsigned),
  );
  return `${unsigned}.${base64url(new Uint8Array(signature))}`;
}

function base64url(bytes: Uint8Array<ArrayBuffer>): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
