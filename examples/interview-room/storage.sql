-- Where recordings go: a private bucket of Supabase Storage. May be run again; wants the migrations of interview
-- sessions before it.
--
-- A part of a recording is <user>/<interview>/<session>/<part>.webm. It is written once: there is no policy for update or
-- delete, and an upload without "x-upsert: true" does not replace an object.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('recordings', 'recordings', false, 1073741824, '{video/webm,video/mp4,audio/webm,audio/mp4}')
on conflict (id) do update
set public = excluded.public, file_size_limit = excluded.file_size_limit, allowed_mime_types = excluded.allowed_mime_types;

-- holds_session() would be too strict here: the part that a crashed session has left on the device is uploaded by the
-- session after it, or by none if the time is up. So a part may be added
-- * by its user,
-- * for a session of that interview: the latest one, or one in the history,
-- * until a day after the interview was submitted or its time was up.
-- None of this depends on whether the reaper has run: of sessions that it has not moved yet there can only be the latest.
drop policy if exists "candidates upload recordings of their own sessions" on storage.objects;
create policy "candidates upload recordings of their own sessions"
  on storage.objects
  for insert
  to authenticated
  with check (
    bucket_id = 'recordings'
    and (storage.foldername(objects.name))[1] = (select auth.uid())::text
    and array_length(storage.foldername(objects.name), 1) = 3
    and exists (
      select
      from public.interviews as i
      where i.user_id = (select auth.uid())
        and i.interview_id = (storage.foldername(objects.name))[2]
        and coalesce(i.submitted_at, i.deadline_at) > now() - interval '1 day'
        and (
          i.last_session_id = (storage.foldername(objects.name))[3]
          or exists (
            select
            from public.interview_session_history as h
            where h.user_id = i.user_id
              and h.interview_id = i.interview_id
              and h.session_id = (storage.foldername(objects.name))[3]
          )
        )
    )
  );
