// The page at /admin: the alarm, who is in an interview, how interviews ended. It
// shows nothing to a user who is not an administrator: the functions that it calls
// refuse them.
import { Alert, Button, Paper, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  lazy,
  type ReactNode,
  Suspense,
  useEffect,
  useMemo,
  useState,
} from "react";
import type { SessionHealth } from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { Loading, Page, SignedIn } from "../app/page.tsx";
import { SignIn } from "../app/sign_in.tsx";
import { useUser } from "../app/use_user.ts";
import { type Address, useAddress, type View } from "./address.ts";
import {
  isForbidden,
  type Queries,
  queriesFor,
  secondsBetweenPolls,
  useOutdatedSince,
} from "./api.ts";
import classes from "./admin.module.css";
import { Deliveries } from "./deliveries.tsx";
import { DetailsPage } from "./details.tsx";
import { Health } from "./health.tsx";
import { PageLink } from "./link.tsx";
import { EndedSessions, LiveSessions } from "./lists.tsx";
import { count, counted, countOfDeliveries, duration } from "./words.ts";

/** With the chart library, a chunk of its own. */
const Trends = lazy(() => import("./trends.tsx"));

/** Signing in first. */
export default function AdminPage() {
  const user = useUser();
  if (user === undefined) return <Loading />;
  if (user === null) {
    return (
      <Page
        title="Administration"
        lead="Sign in with an administrator's account."
      >
        <SignIn />
      </Page>
    );
  }
  return (
    <SignedInPage key={user.id} userId={user.id} email={user.email ?? ""} />
  );
}

function SignedInPage({ userId, email }: { userId: string; email: string }) {
  const { supabase } = useApp();
  const cache = useQueryClient();
  const queries = useMemo(() => queriesFor(supabase, userId), [
    supabase,
    userId,
  ]);
  // the next user of this browser may not be an administrator
  useEffect(() => () => cache.removeQueries({ queryKey: ["admin", userId] }), [
    cache,
    userId,
  ]);
  const { data: health, error } = useQuery(queries.health);
  const address = useAddress();
  const signOut = () => void supabase.auth.signOut({ scope: "local" });
  const aside = <SignedIn email={email} onSignOut={signOut} />;

  if (isForbidden(error)) {
    return (
      <Page title="This page is for administrators" aside={aside}>
        <Paper withBorder p="lg">
          <Text mb="md">
            Your account is not an administrator's. Sign in with another one, or
            ask for access.
          </Text>
          <Button onClick={signOut}>Sign out</Button>
        </Paper>
      </Page>
    );
  }
  if (!health) {
    return (
      <Page title="Administration" size="wide" aside={aside}>
        <Text role="status">
          {error ? "The server cannot be reached. Trying again…" : "Loading…"}
        </Text>
      </Page>
    );
  }
  const { session } = address;
  if (session) {
    return (
      <DetailsPage
        address={{ ...address, session }}
        queries={queries}
        aside={aside}
        notice={<OutdatedNotice />}
      />
    );
  }
  return (
    <Page
      title="Administration"
      tabTitle={tabTitles[address.view]}
      size="wide"
      aside={aside}
    >
      <OutdatedNotice />
      <Health health={health} />
      <Views address={address} health={health} />
      <View address={address} queries={queries} />
    </Page>
  );
}

const tabTitles: Record<View, string> = {
  live: "Live sessions",
  ended: "Ended sessions",
  trends: "Trends",
  deliveries: "Deliveries",
};

function Views(
  { address, health }: { address: Address; health: SessionHealth },
) {
  const { live, deliveries_pending, deliveries_dead } = health;
  // null where they are not installed
  const unconfirmed = deliveries_pending === null
    ? null
    : deliveries_pending + (deliveries_dead ?? 0);
  const names: Partial<Record<View, ReactNode>> = {
    live: `Live${live === null ? "" : ` (${count(live)})`}`,
    ended: "Ended",
    trends: "Trends",
    ...unconfirmed !== null && {
      deliveries: `Deliveries (${countOfDeliveries(unconfirmed)})`,
    },
  };
  return (
    <nav aria-label="Sessions" className={classes.views}>
      {(Object.keys(names) as View[]).map((view) => (
        <PageLink
          key={view}
          className={classes.view}
          isCurrent={view === address.view}
          // search and period carry over; the rest belongs to one list
          to={{ ...address, view, sort: undefined, page: 1 }}
        >
          {names[view]}
        </PageLink>
      ))}
    </nav>
  );
}

function View({ address, queries }: { address: Address; queries: Queries }) {
  switch (address.view) {
    case "live":
      return <LiveSessions address={address} queries={queries} />;
    case "ended":
      return <EndedSessions address={address} queries={queries} />;
    case "deliveries":
      return <Deliveries address={address} queries={queries} />;
    case "trends":
      return (
        <Suspense fallback={<Text role="status">Loading…</Text>}>
          <Trends address={address} queries={queries} />
        </Suspense>
      );
  }
}

/** Says that the figures are old, and how old. */
function OutdatedNotice() {
  const since = useOutdatedSince();
  const now = useNow(since > 0);
  return (
    <div className={classes.notice}>
      {/* announced once: the age changes outside of it */}
      <p role="status" className={classes.unseen}>
        {since > 0 &&
          "The server cannot be reached. The last figures stay on the page."}
      </p>
      {since > 0 && (
        <Alert
          role="presentation"
          variant="light"
          color="orange"
          title="The server cannot be reached"
        >
          These figures are {duration((now - since) / 1000)}{" "}
          old. Trying again every {counted(secondsBetweenPolls(), "second")}.
        </Alert>
      )}
    </div>
  );
}

/** The time, every second while it is needed. */
function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}
