"""Eyes and hands for App Home in tests."""

import asyncio

from app.playground.hands import offers, reads


async def open_home(work, user, *parts, offering="", without=""):
    """Open somebody's Home and wait until it reads so; gives the view."""
    await work.hands.do("home", user=user)
    return await home(work, user, *parts, offering=offering, without=without)


async def home(work, user, *parts, offering="", without=""):
    """Wait until somebody's Home, which is open, reads so; gives the view."""
    user_id = work.user_id(user)

    def find(state):
        view = state["homes"].get(user_id)
        fits = view and reads(view, *parts)
        fits = fits and (not offering or offering in offers(view))
        return view if fits and (not without or without not in offers(view)) else None

    return await work.hands.until(f"a Home of {user} with {parts} {offering} without {without}", find)


async def clicks(work, user, view, action_id, value=""):
    """Click a button of a Home."""
    more = {"value": value} if value else {}
    await work.hands.do("action", user=user, view_id=view["id"], action_id=action_id, **more)


async def forges(work, user, view, action_id, value):
    """Deliver a click in a Home that nobody could have made."""
    payload = work.click(user, action_id, value)
    for key in ("response_url", "channel", "message"):
        del payload[key]
    payload["container"] = {"type": "view", "view_id": view["id"]}
    payload["view"] = view | {"type": "home"}
    return await work.deliver("interactive", payload)


async def stays(work, user, view, seconds=1.2):
    """Check that a Home is not published again for a while."""
    await asyncio.sleep(seconds)
    assert view["hash"] == (await work.hands.look())["homes"][work.user_id(user)]["hash"]
