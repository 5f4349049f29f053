// Signing up and in, by email and password.
import {
  Alert,
  Anchor,
  Button,
  Paper,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { AuthError } from "@supabase/supabase-js";
import { useState } from "react";
import { useApp } from "./context.tsx";

/** The form; with `canSignUp` also for new users. */
export function SignIn({ canSignUp = false }: { canSignUp?: boolean }) {
  const { supabase } = useApp();
  const [isNew, setIsNew] = useState(canSignUp);
  const submitting = useMutation({
    async mutationFn(form: FormData) {
      const credentials = {
        email: String(form.get("email")),
        password: String(form.get("password")),
      };
      const { data, error } = isNew
        ? await supabase.auth.signUp(credentials)
        : await supabase.auth.signInWithPassword(credentials);
      if (error) return inWords(error);
      return data.session
        ? undefined
        : "We sent you an email. Follow its link to continue.";
    },
  });
  const notice = submitting.error ? unreachable : submitting.data;

  return (
    <Paper withBorder p="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submitting.mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          <TextInput
            label="Email"
            name="email"
            type="email"
            autoComplete="email"
            required
            withAsterisk={false}
          />
          <TextInput
            label="Password"
            description={isNew && "At least 8 characters."}
            name="password"
            type="password"
            autoComplete={isNew ? "new-password" : "current-password"}
            minLength={isNew ? 8 : undefined}
            required
            withAsterisk={false}
          />
          <div role="status">
            {notice && <Alert variant="light" color="red">{notice}</Alert>}
          </div>
          <Button type="submit" loading={submitting.isPending}>
            {isNew ? "Create account" : "Sign in"}
          </Button>
        </Stack>
      </form>
      {canSignUp && (
        <Text size="sm" mt="md">
          {isNew ? "Already have an account?" : "New here?"}{" "}
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => {
              setIsNew(!isNew);
              submitting.reset();
            }}
          >
            {isNew ? "Sign in" : "Create an account"}
          </Anchor>
        </Text>
      )}
    </Paper>
  );
}

const unreachable = "The server cannot be reached. Check your connection.";

function inWords({ code, status, message }: AuthError): string {
  if (code === "user_already_exists" || code === "email_exists") {
    return "An account with this email exists. Sign in instead.";
  }
  if (code === "invalid_credentials") return "Incorrect email or password.";
  return status ? message : unreachable;
}
