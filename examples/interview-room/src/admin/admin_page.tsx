// The page at /admin: health, who is in an interview, how interviews ended. Who
// is no administrator sees none of it: the functions it calls refuse them.
import { useState } from "react";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { SessionHealth } from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { Loading, Page, SignedIn } from "../app/page.tsx";
import { SignIn } from "../app/sign_in.tsx";
import { useUser } from "../app/use_user.ts";
import { secondsSince } from "../server_time.ts";
import { clock } from "../words.ts";
import { Durations, EndedByReason } from "./charts.tsx";
import { ranges, useAdminData } from "./data.ts";
import { LiveSessions } from "./live_sessions.tsx";

/** Signing in first. */
export default function AdminPage() {
  const { supabase } = useApp();
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
  const signOut = () => void supabase.auth.signOut({ scope: "local" });
  return (
    <Page
      title="Administration"
      size="wide"
      aside={<SignedIn email={user.email ?? ""} onSignOut={signOut} />}
    >
      <Dashboard key={user.id} supabase={supabase} onSignOut={signOut} />
    </Page>
  );
}

function Dashboard(
  { supabase, onSignOut }: { supabase: SupabaseClient; onSignOut(): void },
) {
  const [range, setRange] = useState(ranges[0]);
  const { data, problem, again } = useAdminData(supabase, range);

  if (problem === "forbidden") {
    return (
      <section className="card narrow">
        <h2>This page is for administrators</h2>
        <p className="lead">
          Your account is not one. Sign in with another one, or ask for it.
        </p>
        <button type="button" className="primary" onClick={onSignOut}>
          Sign out
        </button>
      </section>
    );
  }
  return (
    <div className="dashboard">
      <div className="heading">
        <p role="status" className={problem ? "dot bad" : "dot good"}>
          {problem
            ? "No answer; trying again"
            : data
            ? "Up to date"
            : "Loading…"}
        </p>
      </div>
      {data && (
        <>
          <HealthCards health={data.health} />
          <LiveSessions
            supabase={supabase}
            sessions={data.live}
            onEnded={again}
          />
          <div className="heading">
            <h2>What has ended</h2>
            <div className="field">
              <label htmlFor="range">Period</label>
              <select
                id="range"
                value={range.name}
                onChange={({ target }) =>
                  setRange(ranges.find(({ name }) => name === target.value)!)}
              >
                {ranges.map(({ name }) => <option key={name}>{name}</option>)}
              </select>
            </div>
          </div>
          <div className="charts">
            <EndedByReason data={data} range={range} />
            <Durations data={data} range={range} />
          </div>
        </>
      )}
    </div>
  );
}

const statusWords = { ok: "OK", warning: "Warning", critical: "Critical" };

function HealthCards({ health }: { health: SessionHealth }) {
  const ended = health.ended_last_day &&
    Object.values(health.ended_last_day).reduce((sum, count) => sum + count, 0);
  const figures: [name: string, value: string][] = [
    ["Live", figure(health.live)],
    ["Being handed in", figure(health.completing)],
    ["Overdue", figure(health.stale)],
    ["Ended, last day", figure(ended)],
    [
      "Since the last clean-up",
      health.last_reap_at ? clock(secondsSince(health.last_reap_at)) : "never",
    ],
    ["Cleaned up, last day", figure(health.reaped_last_day)],
    ["In the history", figure(health.history_rows)],
    [
      "Size of both tables",
      bytes(health.active_table_bytes, health.history_table_bytes),
    ],
    ["Overlaps found", figure(health.overlaps_found)],
  ];
  return (
    <section aria-label="Health" className="health">
      <div className={`card verdict ${health.status}`} role="status">
        <h2>{statusWords[health.status]}</h2>
        <p>{health.reason}</p>
      </div>
      <dl className="figures">
        {figures.map(([name, value]) => (
          <div className="card" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A figure is null if the health could not be determined. */
function figure(count: number | null): string {
  return count === null ? "–" : `${count}`;
}

function bytes(active: number | null, history: number | null): string {
  if (active === null || history === null) return figure(null);
  const kilobytes = (active + history) / 1024;
  return kilobytes < 1024
    ? `${Math.round(kilobytes)} kB`
    : `${(kilobytes / 1024).toFixed(1)} MB`;
}
