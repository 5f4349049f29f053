// Guards of the chapters "deliveries" and "notification".
import type { Mutation } from "../mutation.ts";

const folder = "database/deliveries";

/** See the file. */
export const deliveries: Mutation[] = [
  {
    in: "record_deliveries",
    name: "records for endpoints that are not on",
    why: "C3 off costs nothing, and gone gets nothing",
    take: "where e.state = 'on'",
    put: "",
    file: `${folder}/every_end_is_recorded_for_each_endpoint_that_is_on`,
  },
  {
    in: "switch_deliveries",
    name: "the trigger stays enabled without an endpoint",
    why: "C3 ends cost nothing more while deliveries are off",
    take: "elsif v_wanted = 'D' and v_is <> 'D' then",
    put: "elsif false then",
    file: `${folder}/without_an_endpoint_ends_cost_nothing_more`,
  },
  {
    in: "switch_deliveries",
    name: "an endpoint that is gone disables the trigger",
    why: "a run must not lock the history",
    take: "e.state <> 'off'",
    put: "e.state = 'on'",
    file: `${folder}/without_an_endpoint_ends_cost_nothing_more`,
  },
  {
    in: "claim_deliveries",
    name: "a claimed delivery stays due",
    why: "C3 two invocations would both send it",
    take: "v_now + interval '2 minutes' end",
    put: "v_now end",
    file: `${folder}/a_claimed_delivery_is_due_again_until_it_is_settled`,
  },
  {
    in: "claim_deliveries",
    name: "an attempt without a result does not count",
    why: "C3 one that kills the function would be sent for ever",
    take: "case when d.attempts < 12 then",
    put: "case when true then",
    file: `${folder}/an_attempt_without_a_result_counts`,
  },
  {
    in: "claim_deliveries",
    name: "claims for endpoints that are not on",
    why: "C3 410 Gone stops the endpoint",
    take: "where e.state = 'on' order by e.name",
    put: "order by e.name",
    file:
      `${folder}/an_endpoint_that_is_gone_gets_nothing_until_it_is_on_again`,
  },
  {
    in: "claim_deliveries",
    name: "prunes nothing",
    why: "M13 nothing leaks for ever",
    take: "where o.created_at < v_kept_since",
    put: "where false",
    file: `${folder}/what_is_past_its_retention_is_pruned`,
  },
  {
    in: "claim_deliveries",
    name: "prunes what is recent",
    why: "C3 nothing is lost",
    take: "where o.created_at < v_kept_since",
    put: "where true",
    file: `${folder}/what_is_past_its_retention_is_pruned`,
  },
  {
    in: "settle_deliveries",
    name: "a late failure of an earlier attempt counts",
    why: "the attempt that is under way has no result yet",
    take: "and d.attempts = v_result.attempt and",
    put: "and",
    file: `${folder}/a_claimed_delivery_is_due_again_until_it_is_settled`,
  },
  {
    in: "settle_deliveries",
    name: "retries for ever",
    why: "C3 dead after twelve attempts",
    take: "when d.attempts < 12 then v_now",
    put: "when true then v_now",
    file: `${folder}/after_twelve_failed_attempts_it_is_dead_until_retried`,
  },
  {
    in: "settle_deliveries",
    name: "pauses do not grow",
    why: "C3 twelve attempts last about a day",
    take: "* 2 ^ (d.attempts - 1)",
    put: "",
    file: `${folder}/after_twelve_failed_attempts_it_is_dead_until_retried`,
  },
  {
    in: "settle_deliveries",
    name: "what is put back has used an attempt",
    why: "C3 an endpoint that is down uses up nothing of what waits",
    take: "d.attempts - (v_result.outcome = 'put_back')::integer",
    put: "d.attempts",
    file:
      `${folder}/an_endpoint_that_is_gone_gets_nothing_until_it_is_on_again`,
  },
  {
    in: "settle_deliveries",
    name: "410 does not stop the endpoint",
    why: "C3 the receiver has said so",
    take: "when v_result.outcome = 'gone' then 'gone'",
    put: "when false then 'gone'",
    file:
      `${folder}/an_endpoint_that_is_gone_gets_nothing_until_it_is_on_again`,
  },
  {
    in: "sessions.endpoints",
    name: "any URL is accepted",
    why: "C3 https, or http on this machine",
    run:
      "alter table sessions.endpoints drop constraint url_is_https_or_loopback",
    file: `${folder}/a_bad_argument_or_endpoint_is_refused`,
  },
  {
    in: "drop_deliveries",
    name: "drops everything without a choice",
    why: "a slip must not lose all of them",
    take: "if endpoint is null and id is null then",
    put: "if false then",
    file: `${folder}/a_bad_argument_or_endpoint_is_refused`,
  },
  {
    in: "delivery_health",
    name: "dead deliveries go unnoticed",
    why: "C3 the health warns",
    take: "when dead > 0 then",
    put: "when false then",
    file: `${folder}/the_health_tells_of_deliveries`,
  },
  {
    in: "delivery_health",
    name: "an old backlog goes unnoticed",
    why: "C3 the health warns",
    take: "when oldest_age > interval '1 hour' then",
    put: "when false then",
    file: `${folder}/the_health_tells_of_deliveries`,
  },
  {
    in: "notify",
    name: "an error of Realtime fails the call",
    why: "C4 nothing depends on Realtime",
    take: "when assert_failure or others then",
    put: "when sqlstate 'UNDO1' then",
    file:
      "database/notification/whatever_is_wrong_with_realtime_the_session_ends",
  },
  {
    in: "notify",
    name: "the message is public",
    why: "C4 only that user may receive it",
    take: "%L, %L, %L, true)'",
    put: "%L, %L, %L, false)'",
    file:
      "database/notification/a_takeover_a_revocation_and_an_extension_are_sent_to_their_user_alone",
  },
];
