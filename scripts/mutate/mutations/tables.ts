// Guards of the tables and the settings.
import type { Mutation } from "../mutation.ts";

const ownRows = "user_id = (select auth.uid())";
const refusesInvalidRows =
  "database/tables/active_interview_sessions_refuses_invalid_rows";

/** See the file. */
export const tables: Mutation[] = [
  {
    in: "active_interview_sessions",
    name: "the policy uses the time when the transaction began",
    why: "S23 the table shows a session as long as holds_session() is true",
    run:
      `alter policy "a user sees their own live session" on public.active_interview_sessions
      using (${ownRows} and expires_at > now())`,
    file: "database/holds_session/the_policy_answers_the_same",
  },
  {
    in: "active_interview_sessions",
    name: "the policy shows stale sessions",
    why: "B1 no answer depends on the reaper",
    run:
      `alter policy "a user sees their own live session" on public.active_interview_sessions
      using (${ownRows})`,
    file: "database/holds_session/the_policy_answers_the_same",
  },
  {
    in: "active_interview_sessions",
    name: "the policy shows the sessions of all users",
    why: "M8 a user sees their own session only",
    run:
      `alter policy "a user sees their own live session" on public.active_interview_sessions
      using (expires_at > clock_timestamp())`,
    file: "database/tables/a_user_sees_only_their_own_live_session",
  },
  {
    in: "interview_session_history",
    name: "the policy shows the history of all users",
    why: "M8 a user sees their own history only",
    run:
      `alter policy "a user sees their own ended sessions" on public.interview_session_history
      using (true)`,
    file: "database/tables/a_user_sees_only_their_own_history",
  },
  {
    in: "interviews",
    name: "the policy shows the interviews of all users",
    why: "C1 a user sees their own interviews only",
    run: `alter policy "a user sees their own interviews" on public.interviews
      using (true)`,
    file: "database/tables/a_user_sees_only_their_own_interviews",
  },
  {
    in: "active_interview_sessions",
    name: "there is no constraint lease_ends_by_the_deadline",
    why: "M10 the table itself refuses invalid rows",
    run:
      "alter table public.active_interview_sessions drop constraint lease_ends_by_the_deadline",
    file: refusesInvalidRows,
  },
  {
    in: "active_interview_sessions",
    name: "the check does not run while replication is off",
    why: "B8 the table itself refuses invalid rows",
    run:
      "alter table public.active_interview_sessions enable trigger check_session",
    file: refusesInvalidRows,
  },
  ...[
    "not sessions.is_line(new.session_id, 1, 128)",
    "not sessions.is_line(new.device, 0, 200)",
    "not sessions.is_line(new.interview_id, 1, 128)",
    "new.status not in ('active', 'completing')",
  ].map((check): Mutation => ({
    in: "check_session",
    name: `${check} is accepted`,
    why: "B8 the table itself refuses invalid rows",
    take: check,
    put: "false",
    file: refusesInvalidRows,
  })),
  {
    in: "is_line",
    name: "a long text is read before it is refused",
    why: "S11 an argument of 100 MB costs nothing",
    take: "octet_length(line) <= 4 * longest\n    and ",
    put: "",
    file: "database/privileges/very_long_arguments_are_refused_unread",
  },
  {
    in: "is_line",
    name: "control characters are accepted",
    why: "B8 a line is a line",
    take: "line !~ '[\\u0001-\\u001f\\u007f-\\u009f]'",
    put: "true",
    file: "database/start_session/a_bad_session_id_is_refused",
  },
  ...["end_reason_is_known", "status_is_known"].map((
    constraint,
  ): Mutation => ({
    in: "interview_session_history",
    name: `there is no constraint ${constraint}`,
    why: "B7 the table itself refuses invalid rows",
    run:
      `alter table public.interview_session_history drop constraint ${constraint}`,
    file: "database/tables/interview_session_history_has_one_row_per_session",
  })),
  {
    in: "interviews",
    name: "there is no constraint deadline_is_finite",
    why: "C1 the table itself refuses invalid rows",
    run: "alter table public.interviews drop constraint deadline_is_finite",
    file: "database/tables/interviews_has_one_row_per_interview",
  },
  ...[
    "all_are_positive",
    "all_are_at_most_100_years",
    "lease_survives_a_lost_heartbeat",
    "history_is_kept_for_a_day",
    "takeover_is_known",
  ].map((constraint): Mutation => ({
    in: "settings",
    name: `there is no constraint ${constraint}`,
    why: "M10 settings that would break a promise are refused",
    run: `alter table sessions.settings drop constraint ${constraint}`,
    file: "database/settings/invalid_values_are_refused",
  })),
  {
    in: "settings",
    name: "the row can be deleted",
    why: "S1 without settings every call fails",
    run: "drop trigger keep_row on sessions.settings",
    file: "database/settings/the_row_cannot_be_removed",
  },
  {
    in: "settings",
    name: "the table can be truncated",
    why: "S1 without settings every call fails",
    run: "drop trigger keep_table on sessions.settings",
    file: "database/settings/the_row_cannot_be_removed",
  },
  {
    in: "settings",
    name: "the row can be deleted while replication is off",
    why: "S1 without settings every call fails",
    run: "alter table sessions.settings enable trigger keep_row",
    file: "database/settings/the_row_cannot_be_removed",
  },
  {
    in: "keep_settings",
    name: "a delete is allowed",
    why: "S1 without settings every call fails",
    take: "if tg_op in ('DELETE', 'TRUNCATE') and not v_restoring then",
    put: "if false then",
    file: "database/settings/the_row_cannot_be_removed",
  },
  {
    in: "keep_settings",
    name: "a restore does not replace the row",
    why: "S18 a restore keeps the settings",
    take: "if tg_op = 'INSERT' and v_restoring then",
    put: "if false then",
    file: "database/settings/a_restore_keeps_its_values",
  },
  {
    in: "keep_settings",
    name: "every insert replaces the row",
    why: "M10 a second row is refused",
    take: "if tg_op = 'INSERT' and v_restoring then",
    put: "if tg_op = 'INSERT' then",
    file: "database/settings/the_row_cannot_be_removed",
  },
  ...[
    "lease",
    "max_duration",
    "completing_grace",
    "history_retention",
    "reap_every",
  ].map((setting): Mutation => ({
    in: "keep_settings",
    name: `${setting} is stored as it is written`,
    why: "S22 a day has 24 hours, also where the clocks change",
    take:
      `new.${setting} := make_interval(secs => extract(epoch from new.${setting}));`,
    put: "",
    file: "database/settings/an_interval_means_its_seconds",
  })),
  {
    in: "current_settings",
    name: "a row with nulls is taken",
    why: "S1 without settings every call fails",
    take: "if not (v_row is not null) then",
    put: "if false then",
    file: "database/settings/a_row_with_nulls_fails_every_call",
  },
  {
    in: "current_settings",
    name: "a missing row is a row of nulls",
    why: "S1 without settings every call fails",
    take: "if not found then",
    put: "if false then",
    file: "database/settings/without_the_row_every_call_fails",
  },
  {
    in: "lift_fence",
    name: "the sequence is not lifted",
    why: "S18 S20 a fence is never granted twice",
    take:
      "if v_highest > (select f.last_value - (not f.is_called)::integer from sessions.fence f) then",
    put: "if false then",
    file: "database/session_health/a_fence_that_fell_back_is_noticed",
  },
  ...["revocations", "extensions", "settings", "early_ends"].map((
    table,
  ): Mutation => ({
    in: table,
    name: "users may read it",
    why: "S12 notes and operators are out of the users' sight",
    run: `grant select on sessions.${table} to authenticated`,
    file:
      "database/privileges/each_object_has_the_grants_of_the_contract_and_no_more",
  })),
  {
    in: "revocations",
    name: "a row stays when its session is forgotten",
    why: "S9 an id past its retention can be used and revoked again",
    run: `alter table sessions.revocations
      drop constraint revocations_user_id_session_id_fkey`,
    file: "database/retention/an_id_can_be_revoked_again_after_its_retention",
  },
];
