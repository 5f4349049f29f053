// Guards of what an operator sees, and of the administrators' page.
import type { Mutation } from "../mutation.ts";

const folder = "database/session_health";

/** See the file. */
export const healthAndAdmin: Mutation[] = [
  {
    in: "overlapping_sessions",
    name: "judges by the clock alone",
    why: "S7 a clock that was set back raises no alarm",
    take: " and c.fence < c.earlier_ended_fence",
    put: "",
    file: `${folder}/a_clock_that_was_set_back_raises_no_alarm`,
  },
  {
    in: "overlapping_sessions",
    name: "judges by the order of grants alone",
    why: "B2 a session may end after its lease has run out",
    take: "c.started_at < c.earlier_ended_at and ",
    put: "",
    file: `${folder}/overlapping_sessions_are_found_and_no_others`,
  },
  {
    in: "health",
    name: "counts more than the latest 2000 rows of the history",
    why: "S14 its cost does not grow with the history",
    take: "limit 2000",
    put: "limit 2100",
    file: `${folder}/it_reads_the_latest_2000_sessions_only`,
  },
  {
    in: "health",
    name: "looks for overlaps in all of the history",
    why: "S14 its cost does not grow with the history",
    take: "interval '7 days', 2000)",
    put: "interval '7 days')",
    file: `${folder}/it_reads_the_latest_2000_sessions_only`,
  },
  {
    in: "health",
    name: "row level security that is off goes unnoticed",
    why: "S27 every user would read all rows",
    take: "and not c.relrowsecurity",
    put: "and false",
    file: `${folder}/the_worst_problem_is_reported_first`,
  },
  {
    in: "unexpected_grants",
    name: "a privilege on a column goes unnoticed",
    why: "S27 a client could write past the functions",
    take:
      "has_any_column_privilege(g.oid, r.oid, 'insert, update, references')",
    put: "has_table_privilege(g.oid, r.oid, 'insert, update, references')",
    file: `${folder}/privileges_that_nobody_granted_are_noticed`,
  },
  {
    in: "unexpected_grants",
    name: "an internal function that a client may call goes unnoticed",
    why: "S27 it checks nothing",
    take: "when w.oid is null then 'nobody'",
    put: "when w.oid is null then 'service_role'",
    file: `${folder}/privileges_that_nobody_granted_are_noticed`,
  },
  {
    in: "unexpected_grants",
    name: "a function for operators that a user may call goes unnoticed",
    why: "S27 only its second check would be left",
    take: "then 'service_role'",
    put: "then 'authenticated'",
    file: `${folder}/privileges_that_nobody_granted_are_noticed`,
  },
  {
    in: "health",
    name: "a fence that fell back is not noticed",
    why: "S18 S20 a fence is never granted twice",
    take: "when v_fence < v_fence_used then",
    put: "when false then",
    file: `${folder}/a_fence_that_fell_back_is_noticed`,
  },
  {
    in: "health",
    name: "privileges that nobody granted are not noticed",
    why: "S27 a restore may leave the tables open",
    take: "when v_grants is not null then",
    put: "when false then",
    file: `${folder}/privileges_that_nobody_granted_are_noticed`,
  },
  {
    in: "health",
    name: "sessions that cannot be moved are blamed on the schedule",
    why: "S2 the reason names the cause",
    take: "when v_row.oldest_stale_age > 10 * v_every and v_stuck > 0 then",
    put: "when false then",
    file: `${folder}/sessions_that_cannot_be_moved_are_noticed`,
  },
  {
    in: "health",
    name: "a run in the future is taken for the last one",
    why: "S25 it would hide that the reaper has stopped",
    take: "where r.ran_at <= v_now\n",
    put: "\n",
    file:
      "database/reap_stale_sessions/a_clock_that_jumps_ahead_empties_no_history",
  },
  {
    in: "health",
    name: "fails where a figure cannot be computed",
    why: "S1 an alarm needs an answer",
    take: "  when others then\n    -- Never ok",
    put: "  when case_not_found then\n    -- Never ok",
    file: "database/settings/without_the_row_every_call_fails",
  },
  {
    in: "session_health",
    name: "everybody may ask",
    why: "B8 it is for operators",
    take: "perform sessions.operator();",
    put: "",
    file: "database/privileges/functions_for_operators_refuse_other_roles",
  },
  {
    in: "check_administrator",
    name: "every user is an administrator",
    why: "M17 the claim decides",
    take:
      "if (auth.jwt() -> 'app_metadata' -> 'session_admin') is distinct from 'true' then",
    put: "if false then",
    file: "database/admin/only_an_administrator_may_call",
  },
  ...[
    "admin_live_sessions",
    "admin_session_history",
    "admin_session_details",
    "admin_ended_sessions",
    "admin_session_health",
    "admin_revoke_session",
    "admin_extend_interview",
    "admin_reap_stale_sessions",
  ].map((name): Mutation => ({
    in: name,
    name: "every user is an administrator",
    why: "M17 the claim decides",
    take: "perform sessions.check_administrator();",
    put: "",
    file: "database/admin/only_an_administrator_may_call",
  })),
  {
    in: "operator",
    name: "an administrator's claim makes an operator",
    why: "S13 no other chapter knows the claim",
    take: "if not pg_has_role(v_role, 'service_role', 'usage') then",
    put:
      "if not pg_has_role(v_role, 'service_role', 'usage') and (auth.jwt() -> 'app_metadata' -> 'session_admin') is distinct from 'true' then",
    file:
      "database/privileges/an_administrators_claim_opens_nothing_outside_its_chapter",
  },
];
