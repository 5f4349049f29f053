"""Plays the story and prints a line of JSON for each step."""

import asyncio
import json
import os
from typing import Any, Awaitable
from uuid import uuid4

import httpx
from postgrest import APIError
from supabase import AsyncClient

from client import Refusal, complete, connect, end, heartbeat, keep, start
from server import connect_as, hold_while, session_of

INTERVIEW = "attempt-1"


def say(step: str, **answer: Any) -> None:
    print(json.dumps({"step": step, **answer}), flush=True)


def in_words(refusal: Refusal) -> dict:
    return {
        "code": refusal.code,
        "message": str(refusal),
        "details": refusal.details,
        "hint": refusal.hint,
    }


async def tell(step: str, call: Awaitable[Any]) -> None:
    try:
        say(step, row=await call)
    except Refusal as refusal:
        say(step, refusal=in_words(refusal))
    except (APIError, httpx.HTTPError) as error:
        say(step, trouble=repr(error))


async def device() -> AsyncClient:
    supabase = await connect(os.environ["URL"], os.environ["KEY"])
    credentials = {
        "email": os.environ["EMAIL"],
        "password": os.environ["PASSWORD"],
    }
    await supabase.auth.sign_in_with_password(credentials)
    return supabase


async def tell_of_a_server(user: AsyncClient) -> None:
    session = await user.auth.get_session()
    server = await connect_as(
        os.environ["URL"], os.environ["KEY"], session.access_token
    )
    async with session_of(server, "by phone", every=0.05) as (id, heartbeats):
        row = await heartbeat(user, id)
        say("server", row=row, lost=heartbeats.done())
    await tell("server stopped", end(user, id))

    async def work() -> None:
        await start(user, str(uuid4()), takeover=True)
        await asyncio.Event().wait()

    refusal = await hold_while(server, "another", work(), every=0.05)
    say("server lost", refusal=in_words(refusal))


async def main() -> None:
    nobody = await connect(os.environ["URL"], os.environ["KEY"])
    await tell("signed out", start(nobody, "phone"))

    phone = await device()
    laptop = await device()
    await tell("bad argument", start(phone, ""))
    await tell(
        "start",
        start(phone, "phone", device="Phone", interview_id=INTERVIEW),
    )
    await tell("heartbeat", heartbeat(phone, "phone"))
    await tell("refused", start(laptop, "laptop", device="Laptop"))

    kept = asyncio.create_task(keep(phone, "phone", every=0.05))
    for step in ("no answer", "retry"):
        await tell(
            step,
            start(
                laptop,
                "laptop",
                takeover=True,
                device="Laptop",
                interview_id=INTERVIEW,
            ),
        )
    say("lost", refusal=in_words(await kept))
    await tell("end of the lost", end(phone, "phone"))

    await tell("error page", heartbeat(laptop, "laptop"))
    await tell("complete", complete(laptop, "laptop"))
    await tell("end", end(laptop, "laptop"))
    await tell("unknown", end(laptop, "never"))
    await tell("submitted", start(phone, "again", interview_id=INTERVIEW))
    await tell_of_a_server(phone)
    await tell("deleted user", start(phone, "late"))


asyncio.run(main())
