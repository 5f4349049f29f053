// Signing up and in, by email and password.
import { type FormEvent, useState } from "react";
import type { AuthError, SupabaseClient } from "@supabase/supabase-js";

/** The form, for whoever has an account and whoever has not. */
export function SignIn(
  { supabase, title, lead, canSignUp = true }: {
    supabase: SupabaseClient;
    title: string;
    lead: string;
    canSignUp?: boolean;
  },
) {
  const [isNew, setIsNew] = useState(canSignUp);
  const [isBusy, setIsBusy] = useState(false);
  const [notice, setNotice] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const credentials = {
      email: String(form.get("email")),
      password: String(form.get("password")),
    };
    setIsBusy(true);
    setNotice("");
    const { data, error } = isNew
      ? await supabase.auth.signUp(credentials)
      : await supabase.auth.signInWithPassword(credentials);
    setIsBusy(false);
    if (error) setNotice(inWords(error));
    else if (!data.session) {
      setNotice("We have sent you an email. Follow its link to go on.");
    }
  }

  return (
    <section className="card narrow">
      <h1>{title}</h1>
      <p className="lead">{lead}</p>
      <form onSubmit={submit}>
        <label htmlFor="email">Email</label>
        <input
          id="email"
          name="email"
          type="email"
          autoComplete="email"
          required
        />
        <label htmlFor="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? 8 : undefined}
          aria-describedby="password-hint"
          required
        />
        <p className="hint" id="password-hint">
          {isNew ? "At least 8 characters." : "\u00a0"}
        </p>
        <button type="submit" className="primary" disabled={isBusy}>
          {isNew ? "Create account" : "Sign in"}
        </button>
        <p className="form-notice" role="status">{notice}</p>
      </form>
      {canSignUp && (
        <p className="switch">
          {isNew ? "You have an account already?" : "You are new here?"}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setIsNew(!isNew);
              setNotice("");
            }}
          >
            {isNew ? "Sign in instead" : "Create an account"}
          </button>
        </p>
      )}
    </section>
  );
}

function inWords({ code, status, message }: AuthError): string {
  if (code === "user_already_exists" || code === "email_exists") {
    return "There is an account with this email already. Sign in instead.";
  }
  if (code === "invalid_credentials") {
    return "This email and password do not go together.";
  }
  if (!status) {
    return "We cannot be reached just now. Please check your connection.";
  }
  return message;
}
