// One session: what is known of it, what came before it in the same interview, and
// what an administrator can do about it.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  type MouseEvent,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from "react";
import type { AdminSessionDetails } from "interview-sessions";
import { Page } from "../app/page.tsx";
import type { Address, View } from "./address.ts";
import type { Queries } from "./api.ts";
import classes from "./admin.module.css";
import { EndDialog, ExtendDialog, focusHeadingIfLost } from "./dialogs.tsx";
import { PageLink, SessionLink } from "./link.tsx";
import { SessionState } from "./lists.tsx";
import {
  ago,
  duration,
  exactDuration,
  moment,
  nameOf,
  reasonNames,
} from "./words.ts";

/** Where the session was found; the trends have no sessions. */
const backTo: Record<View, string> = {
  live: "Live sessions",
  ended: "Ended sessions",
  trends: "Live sessions",
  deliveries: "Deliveries",
};

/** The page of the session in the address. */
export function DetailsPage(
  { address, queries, aside, notice }: {
    address: Address & { session: NonNullable<Address["session"]> };
    queries: Queries;
    aside: ReactNode;
    notice: ReactNode;
  },
) {
  const { userId, sessionId } = address.session;
  const { data, error } = useQuery(queries.details(userId, sessionId));
  const back = { ...address, session: undefined };
  return (
    <Page
      title={data ? nameOf(data.session) : "Session"}
      tabTitle={data ? `Session of ${nameOf(data.session)}` : "Session"}
      size="wide"
      aside={aside}
      beside={
        <PageLink to={back}>
          ← {backTo[address.view]}
        </PageLink>
      }
    >
      {notice}
      {data ? <Details key={sessionId} details={data} /> : (
        <Text role="status">
          {data === null
            ? "There is no such session. Its record may have been deleted."
            : error
            ? "The session could not be loaded. Trying again…"
            : "Loading…"}
        </Text>
      )}
    </Page>
  );
}

function Details({ details }: { details: AdminSessionDetails }) {
  const { session, interview, sessions, extensions } = details;
  const [dialog, setDialog] = useState<"end" | "extend">();
  const opener = useRef<HTMLElement>(null);
  const open = (name: "end" | "extend") => (event: MouseEvent<HTMLElement>) => {
    opener.current = event.currentTarget;
    setDialog(name);
  };
  const isLive = !session.ended_at && !session.is_stale;
  const canExtend = interview && !interview.submitted_at;
  // with the session, its button goes
  const wasLive = useRef(isLive);
  useEffect(() => {
    if (wasLive.current && !isLive) focusHeadingIfLost();
    wasLive.current = isLive;
  }, [isLive]);
  return (
    <Stack>
      <Paper component="section" withBorder p="md" aria-label="Session">
        <Facts facts={factsOf(details)} />
        {(isLive || canExtend) && (
          <Group mt="md" gap="xs">
            {canExtend && (
              <Button
                variant="default"
                onClick={open("extend")}
              >
                Give more time…
              </Button>
            )}
            {isLive && (
              <Button
                variant="default"
                className={classes.danger}
                onClick={open("end")}
              >
                End this session…
              </Button>
            )}
          </Group>
        )}
      </Paper>
      <Paper component="section" withBorder p="md" aria-labelledby="related">
        <Title order={2} size="h4" id="related" mb="xs">
          {interview
            ? "Sessions of this interview"
            : "This session and those it took over"}
        </Title>
        <ol className={classes.history}>
          {sessions.map((one) => (
            <li key={one.session_id}>
              <span>
                {one.session_id === session.session_id
                  ? <b>This session</b>
                  : (
                    <SessionLink
                      user_id={session.user_id}
                      session_id={one.session_id}
                    >
                      {moment(one.started_at)}
                    </SessionLink>
                  )}
              </span>
              <span>{one.device ?? "Unknown device"}</span>
              <span>
                {one.end_reason
                  ? `${reasonNames[one.end_reason]} ${
                    moment(one.ended_at!)
                  }, after ${exactDuration(one.duration_seconds)}`
                  : one.is_stale
                  ? "Over, not cleaned up"
                  : `Live for ${exactDuration(one.duration_seconds)}`}
              </span>
            </li>
          ))}
        </ol>
      </Paper>
      {interview && (
        <Paper component="section" withBorder p="md" aria-labelledby="time">
          <Title order={2} size="h4" id="time" mb="xs">Extra time</Title>
          {extensions.length === 0
            ? <Text size="sm" c="dimmed">None was given.</Text>
            : (
              <ol className={classes.history}>
                {extensions.map((one) => (
                  <li key={one.extended_at}>
                    <span>{moment(one.extended_at)}</span>
                    <span>
                      {exactDuration(one.extended_seconds)} by {byWhom(one.by)}
                    </span>
                    <span>{one.note}</span>
                  </li>
                ))}
              </ol>
            )}
        </Paper>
      )}
      <EndDialog
        session={session}
        isOpen={dialog === "end"}
        opener={opener}
        onClose={() => setDialog(undefined)}
      />
      {interview && (
        <ExtendDialog
          session={session}
          interview={interview}
          isOpen={dialog === "extend"}
          opener={opener}
          onClose={() => setDialog(undefined)}
        />
      )}
    </Stack>
  );
}

/** The database names a role if no user called, or the user is gone. */
function byWhom(by: string): string {
  if (by === "authenticated") return "a former administrator";
  return by.includes("@") ? by : "your developers";
}

function factsOf(
  { session, interview }: AdminSessionDetails,
): [name: string, value: ReactNode][] {
  const { end_reason, ended_at, revoked } = session;
  const facts: [string, ReactNode][] = [
    [
      "State",
      end_reason && ended_at
        ? `${reasonNames[end_reason]}, ${moment(ended_at)}`
        : (
          <SessionState
            status={session.status}
            isStale={session.is_stale ?? false}
          />
        ),
    ],
    ["Device", session.device ?? "Unknown"],
    ["Started", moment(session.started_at)],
    [
      "Last contact",
      ended_at ? moment(session.last_seen_at) : ago(session.silent_seconds),
    ],
    ["Duration", exactDuration(session.duration_seconds)],
  ];
  if (interview) facts.push(["Interview ends", timeOf(interview)]);
  else if (session.seconds_to_deadline !== null) {
    facts.push(["Time left", duration(session.seconds_to_deadline)]);
  }
  if (revoked) {
    facts.push(["Ended by", byWhom(revoked.by)]);
    if (revoked.note) facts.push(["Note", revoked.note]);
  }
  facts.push(
    ["Interview", code(session.interview_id ?? "—")],
    ["Session id", code(session.session_id)],
    ["User id", code(session.user_id)],
  );
  return facts;
}

function timeOf(
  { submitted_at, deadline_at, seconds_to_deadline }: NonNullable<
    AdminSessionDetails["interview"]
  >,
): string {
  if (submitted_at) return `Submitted ${moment(submitted_at)}`;
  return seconds_to_deadline > 0
    ? `${moment(deadline_at)}, in ${duration(seconds_to_deadline)}`
    : `${moment(deadline_at)}; the time is up`;
}

function code(text: string): ReactNode {
  return <code className={classes.code}>{text}</code>;
}

function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
