// Checks a user's access token as PostgREST does. @supabase/lite takes a token
// that is no token at all for no token, and lets its sender in as anon.
import { restError } from "./rest_error.ts";

/** What a token says about its holder. */
export type Claims = Record<string, unknown>;

/** PostgREST's allowance for clocks that differ. */
const skewSeconds = 30;

/** The token's claims, or the 401 to answer with. */
export async function readAccessToken(
  token: string,
  jwtSecret: string,
): Promise<Claims | Response> {
  const parts = token.split(".");
  if (parts.length !== 3) {
    return unauthorised(
      "PGRST301",
      `Expected 3 parts in JWT; got ${parts.length}`,
    );
  }
  const claims = await verified(parts, jwtSecret);
  if (!claims) return unauthorised("PGRST301", "JWT couldn't be decoded");
  const now = Date.now() / 1000;
  const { exp, nbf, iat } = claims;
  if (typeof exp === "number" && exp < now - skewSeconds) {
    return unauthorised("PGRST303", "JWT expired");
  }
  if (typeof nbf === "number" && nbf > now + skewSeconds) {
    return unauthorised("PGRST303", "JWT not yet valid");
  }
  if (typeof iat === "number" && iat > now + skewSeconds) {
    return unauthorised("PGRST303", "JWT issued at future");
  }
  return claims;
}

async function verified(
  [header, payload, signature]: string[],
  jwtSecret: string,
): Promise<Claims | undefined> {
  try {
    const { alg } = JSON.parse(new TextDecoder().decode(base64url(header)));
    if (alg !== "HS256") return undefined;
    const encoder = new TextEncoder();
    const key = await crypto.subtle.importKey(
      "raw",
      encoder.encode(jwtSecret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    const isGenuine = await crypto.subtle.verify(
      "HMAC",
      key,
      base64url(signature),
      encoder.encode(`${header}.${payload}`),
    );
    if (!isGenuine) return undefined;
    return JSON.parse(new TextDecoder().decode(base64url(payload)));
  } catch {
    return undefined;
  }
}

function base64url(text: string): Uint8Array<ArrayBuffer> {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function unauthorised(code: string, message: string): Response {
  return restError(401, { code, message }, {
    "www-authenticate":
      `Bearer error="invalid_token", error_description="${message}"`,
  });
}
