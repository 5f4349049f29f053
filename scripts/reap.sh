#!/bin/sh
# Calls the reaper once, with nothing but a shell and curl 7.76 or newer: for
# schedulers on machines without Node (docs/scheduling.md). Where there is Node,
# `npx interview-sessions reap` says more.
#
#   SUPABASE_URL                    https://<project>.supabase.co
#   INTERVIEW_SESSIONS_SECRET_KEY   the secret key named "cron" (or "default")
#   PING_URL                        optional: called after every good run
#
# Exit code  0  reaped, or nothing to reap
#            1  the call failed
#            2  the environment lacks something, or the URL is none
#            3  reaped, but the component's health is critical
set -eu

if [ -z "${SUPABASE_URL:-}" ] || [ -z "${INTERVIEW_SESSIONS_SECRET_KEY:-}" ]; then
  echo "Set SUPABASE_URL and INTERVIEW_SESSIONS_SECRET_KEY." >&2
  exit 2
fi

# Without a scheme curl would take http, and the key would travel in the clear.
case $SUPABASE_URL in
  https://?*) ;;
  http://localhost | http://localhost[:/]* | http://127.0.0.1 | http://127.0.0.1[:/]* | \
    "http://[::1]" | "http://[::1]:"* | "http://[::1]/"*) ;;
  http://*)
    echo "Over http the secret key would travel in the clear. Set SUPABASE_URL to the project's URL with https." >&2
    exit 2
    ;;
  *)
    echo "SUPABASE_URL must be the project's URL alone, such as https://<project>.supabase.co." >&2
    exit 2
    ;;
esac
case ${SUPABASE_URL#*://} in
  *[@?#]* | */?*)
    echo "SUPABASE_URL must be the project's URL alone, such as https://<project>.supabase.co: the path of the function is added." >&2
    exit 2
    ;;
esac

# The key goes through a pipe: command lines can be read by others.
if answer=$(
  printf 'apikey: %s\n' "$INTERVIEW_SESSIONS_SECRET_KEY" |
    curl --silent --show-error --fail-with-body \
      --request POST --data '' --header @- \
      --connect-timeout 10 --max-time 100 \
      --retry 2 --retry-connrefused --retry-max-time 100 \
      "${SUPABASE_URL%/}/functions/v1/reap-stale-sessions"
); then
  printf '%s\n' "$answer"
else
  printf '%s\n' "$answer" >&2
  exit 1
fi

case $answer in
  *'"health":{"status":"critical"'*) exit 3 ;;
  *'"health":{"status":'*) ;;
  *)
    echo "This is no answer of reap-stale-sessions." >&2
    exit 1
    ;;
esac

if [ -n "${PING_URL:-}" ]; then
  curl --silent --show-error --fail --output /dev/null \
    --max-time 10 --retry 2 "$PING_URL" || echo "The ping failed." >&2
fi
