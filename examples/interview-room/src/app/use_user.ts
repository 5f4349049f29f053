// Who is signed in.
import { useEffect, useState } from "react";
import type { User } from "@supabase/supabase-js";
import { useApp } from "./context.tsx";

/** Undefined until it is known, null if nobody is. */
export function useUser(): User | null | undefined {
  const { supabase } = useApp();
  const [user, setUser] = useState<User | null>();
  useEffect(() => {
    const { data: { subscription } } = supabase.auth.onAuthStateChange(
      (_event, session) =>
        // a renewed token is the same user
        setUser((known) =>
          known && known.id === session?.user.id ? known : session?.user ?? null
        ),
    );
    return () => subscription.unsubscribe();
  }, [supabase]);
  return user;
}
