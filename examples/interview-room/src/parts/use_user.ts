// Who is signed in.
import { useEffect, useState } from "react";
import type { SupabaseClient, User } from "@supabase/supabase-js";

/** Undefined until it is known, null if nobody is. */
export function useUser(supabase: SupabaseClient): User | null | undefined {
  const [user, setUser] = useState<User | null>();
  useEffect(() => {
    const { data: { subscription } } = supabase.auth.onAuthStateChange(
      (_event, session) =>
        // a renewed token is no new user
        setUser((known) =>
          known && known.id === session?.user.id ? known : session?.user ?? null
        ),
    );
    return () => subscription.unsubscribe();
  }, [supabase]);
  return user;
}
