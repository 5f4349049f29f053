"""Holds an interview session through the package `supabase`."""

import asyncio
import json
from typing import Any

import httpx
from postgrest import APIError
from supabase import AsyncClient, AsyncClientOptions, acreate_client

REFUSALS = {"PT401", "PT409", "PT410", "22023"}


class Refusal(Exception):
    """The database refused the call; `str()` of it can be shown to the user."""

    def __init__(self, error: APIError) -> None:
        super().__init__(error.message)
        self.code = error.code
        self.hint = error.hint
        # JSON in a string
        self.details = json.loads(error.details) if error.details else None


async def connect(url: str, key: str) -> AsyncClient:
    # the default is 120 seconds
    options = AsyncClientOptions(postgrest_client_timeout=8)
    return await acreate_client(url, key, options)


async def call(supabase: AsyncClient, function: str, **arguments: Any) -> Any:
    try:
        answer = await supabase.rpc(function, arguments).execute()
    except APIError as error:
        if error.code in REFUSALS:
            raise Refusal(error) from error
        raise
    return answer.data


async def start(supabase: AsyncClient, session_id: str, **options: Any) -> dict:
    """Options: takeover, device, interview_id. After no answer, the same
    session_id again returns the same session."""
    return await call(
        supabase, "start_session", session_id=session_id, **options
    )


async def heartbeat(supabase: AsyncClient, session_id: str) -> dict:
    return await call(supabase, "heartbeat_session", session_id=session_id)


async def keep(
    supabase: AsyncClient, session_id: str, every: float = 30
) -> Refusal:
    """Sends heartbeats until one is refused, and returns that refusal."""
    while True:
        try:
            await heartbeat(supabase, session_id)
        except Refusal as refusal:
            return refusal
        except (APIError, httpx.HTTPError):
            pass  # no answer of the database: the session may be live
        await asyncio.sleep(every)


async def complete(supabase: AsyncClient, session_id: str) -> dict:
    return await call(supabase, "complete_session", session_id=session_id)


async def end(supabase: AsyncClient, session_id: str) -> dict | None:
    """How the session ended; None if there was no such session."""
    rows = await call(supabase, "end_session", session_id=session_id)
    return rows[0] if rows else None
