"""A backend that holds sessions for its users, each with that user's token."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
from postgrest import APIError
from supabase import AsyncClient, AsyncClientOptions, acreate_client

from client import Refusal, end, keep, start


async def connect_as(url: str, key: str, token: str) -> AsyncClient:
    # after a renewal of the token: supabase.postgrest.auth(token)
    options = AsyncClientOptions(
        headers={"Authorization": f"Bearer {token}"},
        postgrest_client_timeout=8,
    )
    return await acreate_client(url, key, options)


@asynccontextmanager
async def session_of(
    supabase: AsyncClient, interview_id: str, every: float = 20
) -> AsyncIterator[tuple[str, asyncio.Task[Refusal]]]:
    """A session and its heartbeats; the task is done if the session is lost."""
    session_id = str(uuid4())
    await start(
        supabase, session_id, device="Phone line", interview_id=interview_id
    )
    heartbeats = asyncio.create_task(keep(supabase, session_id, every))
    try:
        yield session_id, heartbeats
    finally:
        heartbeats.cancel()
        # without an answer, the lease ends it
        with suppress(APIError, httpx.HTTPError):
            await end(supabase, session_id)


async def hold_while(
    supabase: AsyncClient,
    interview_id: str,
    work: Coroutine[Any, Any, None],
    every: float = 20,
) -> Refusal | None:
    """Does the work with a session; stops it and says why if that is lost."""
    async with session_of(supabase, interview_id, every) as (_, heartbeats):
        working = asyncio.create_task(work)
        try:
            await asyncio.wait(
                [working, heartbeats], return_when=asyncio.FIRST_COMPLETED
            )
            return await working if working.done() else heartbeats.result()
        finally:
            working.cancel()
