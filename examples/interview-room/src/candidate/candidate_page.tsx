// What a candidate sees, from signing in to the receipt.
import { lazy, useEffect, useState } from "react";
import type { User } from "@supabase/supabase-js";
import { Loading, Page } from "../app/page.tsx";
import { SignIn } from "../app/sign_in.tsx";
import { useUser } from "../app/use_user.ts";

const load = () => import("./candidate.tsx");

/** A chunk of its own. */
const Candidate = lazy(load);

/** Loads it while the candidate signs in. */
export function preload() {
  // a failure is shown when it is needed
  load().catch(() => {});
}

/** The page at `/`. */
export function CandidatePage() {
  const user = useUser();
  // the candidate whose interview this is: whoever was signed out, or finds
  // another account signed in, does not lose the page
  const [candidate, setCandidate] = useState<User>();
  const [isInside, setIsInside] = useState(false);
  // each visit of the start page has a session of its own
  const [visit, setVisit] = useState(1);
  useEffect(() => {
    if (!isInside && user !== undefined) setCandidate(user ?? undefined);
  }, [user, isInside]);

  if (candidate) {
    return (
      <Candidate
        key={`${candidate.id} ${visit}`}
        user={candidate}
        isSignedIn={user?.id === candidate.id}
        isInside={isInside}
        onEnter={() => setIsInside(true)}
        onLeave={() => {
          setIsInside(false);
          setVisit(visit + 1);
        }}
      />
    );
  }
  if (user !== null) return <Loading />;
  return (
    <Page
      title="Welcome"
      lead="Create an account or sign in to go to your interview."
    >
      <SignIn canSignUp />
    </Page>
  );
}
