"""Modals and homes: the stack that a person sees, and what opens, changes and closes it.

docs: surfaces/modals, reference/views
"""

from typing import Any

from app.playground.block_kit import VIEW_BYTES_MAX, check_view, stored, stored_blocks
from app.playground.block_kit.choices import initial_state
from app.playground.delivery import payloads
from app.playground.delivery.envelope import Envelope
from app.playground.errors import SlackError, invalid_arguments
from app.playground.model import Json, View
from app.playground.registration import App
from app.playground.switchboard import Switchboard

STACK_MAX = 3


def checked(board: Switchboard, definition: Any, *, replaces: View | None = None, kind: str = "") -> Json:
    """Judge a view and write it out as Slack keeps it.

    Raises `SlackError`: invalid_arguments with its reasons, view_too_large or duplicate_external_id.
    """
    report = check_view(definition)
    if report.errors:
        raise SlackError("invalid_arguments", messages=report.messages)
    if kind and definition["type"] != kind:
        raise invalid_arguments(f"must be a view of type {kind} [json-pointer:/view/type]")
    if len(str(definition)) > VIEW_BYTES_MAX:
        raise SlackError("view_too_large")
    external_id = definition.get("external_id")
    if external_id and (other := by_external_id(board, external_id)) is not None and other is not replaces:
        raise SlackError("duplicate_external_id")
    kept: Json = stored(definition)
    kept["blocks"] = stored_blocks(definition["blocks"], lambda: board.workspace.new_id("b")[-5:])
    return kept


def by_external_id(board: Switchboard, external_id: str) -> View | None:
    """Find an open view by its external id."""
    views = [view for stack in board.workspace.modals.values() for view in stack]
    views += [view for homes in board.workspace.homes.values() for view in homes.values()]
    return next((view for view in views if view.definition.get("external_id") == external_id), None)


def open_modal(board: Switchboard, app: App, user_id: str, definition: Any) -> View:
    """Open a modal as the person's only one."""
    view = _new(board, app, user_id, checked(board, definition, kind="modal"))
    board.workspace.modals[user_id] = [view]
    board.workspace.touch()
    return view


def push_modal(board: Switchboard, app: App, user_id: str, definition: Any) -> View:
    """Put a modal on top of the person's stack of at most three."""
    stack = board.workspace.modals.get(user_id, [])
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= STACK_MAX:
        raise SlackError("push_limit_reached")
    view = _new(board, app, user_id, checked(board, definition, kind="modal"))
    view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
    stack.append(view)
    board.workspace.touch()
    return view


def change(board: Switchboard, view: View, definition: Any) -> View:
    """Show something else in an open view; what was typed stays where block and action ids stay."""
    view.definition = checked(board, definition, replaces=view, kind=view.definition["type"])
    view.state = initial_state(view.definition["blocks"], kept=view.state)
    view.hash = _new_hash(board)
    view.errors, view.trouble = {}, ""
    board.workspace.touch()
    return view


def publish_home(board: Switchboard, app: App, user_id: str, definition: Any, expected_hash: str) -> View:
    """Set what a person sees as the app's home."""
    homes = board.workspace.homes.setdefault(user_id, {})
    view = homes.get(app.app_id)
    if view is None:
        view = _new(board, app, user_id, checked(board, definition, kind="home"))
        homes[app.app_id] = view
        board.workspace.touch()
        return view
    if expected_hash and expected_hash != view.hash:
        raise SlackError("hash_conflict")
    return change(board, view, definition)


def close(board: Switchboard, view: View, *, by_person: bool, everything: bool = False) -> None:
    """Close the top of a stack, or all of it; apps that asked to know are told when the person did it."""
    stack = board.workspace.modals.get(view.user, [])
    whole = everything or bool(view.definition.get("clear_on_close") and by_person)
    closed = list(stack) if whole else stack[stack.index(view) :]
    stack[:] = [] if whole else stack[: stack.index(view)]
    if not stack:
        board.workspace.modals.pop(view.user, None)
    board.workspace.touch()
    if by_person:
        for each in reversed(closed):
            _tell_closed(board, each, cleared=whole)


def _tell_closed(board: Switchboard, view: View, *, cleared: bool) -> None:
    app, user = board.app(view.app_id), board.workspace.users[view.user]
    if app is None or not view.definition.get("notify_on_close"):
        return
    envelope = Envelope("interactive", payloads.view_closed(board, app, user, view, cleared=cleared))
    board.deliveries.background(_deliver(board, app, envelope))


async def _deliver(board: Switchboard, app: App, envelope: Envelope) -> None:
    await board.deliveries.deliver(app, envelope)


def _new(board: Switchboard, app: App, user_id: str, definition: Json) -> View:
    view_id = board.workspace.new_id("V")
    return View(
        id=view_id,
        app_id=app.app_id,
        bot_id=app.bot_id,
        team_id=board.workspace.team_id,
        user=user_id,
        definition=definition,
        hash=_new_hash(board),
        state=initial_state(definition["blocks"]),
        root_view_id=view_id,
    )


def _new_hash(board: Switchboard) -> str:
    return f"{int(board.clock())}.{board.workspace.new_id('h')[1:].lower()}"
