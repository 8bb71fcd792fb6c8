"""views.*: modals and homes. docs: methods/views.open and its siblings."""

from app.playground import modals
from app.playground.api.call import Call, Method, Methods
from app.playground.errors import SlackError, invalid_arguments
from app.playground.model import Json, View
from app.playground.triggers import Trigger


def _view(call: Call) -> object:
    call.required("view")
    return call.structure("view")


def _trigger(call: Call) -> Trigger:
    (trigger_id,) = call.required("trigger_id")
    return call.board.triggers.look_up(trigger_id, call.app.app_id, call.board.clock())


def open_view(call: Call) -> Json:
    """Exchange a trigger for a modal. A view that is refused leaves its trigger unused."""
    definition, trigger = _view(call), _trigger(call)
    view = modals.open_modal(call.board, call.app, trigger.user, definition)
    trigger.used = True
    return {"view": view.to_slack()}


def push(call: Call) -> Json:
    """Put a modal on top of the one that the trigger came from."""
    definition, trigger = _view(call), _trigger(call)
    if trigger.view_id is None:
        raise invalid_arguments("invalid `trigger_id` [json-pointer:/trigger_id]")
    view = modals.push_modal(call.board, call.app, trigger.user, definition)
    trigger.used = True
    return {"view": view.to_slack()}


def update(call: Call) -> Json:
    definition = _view(call)
    view = _named(call)
    if call.args.get("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    return {"view": modals.change(call.board, view, definition).to_slack()}


def _named(call: Call) -> View:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not (view_id or external_id):
        raise invalid_arguments("missing required field: view_id or external_id")
    view = call.workspace.view(view_id) if view_id else modals.by_external_id(call.board, external_id)
    if view is None or view.app_id != call.app.app_id:
        raise SlackError("not_found")
    return view


def publish(call: Call) -> Json:
    call.required("user_id")
    definition, user = _view(call), call.workspace.users.get(call.text("user_id"))
    if user is None:
        raise invalid_arguments("invalid `user_id`")
    if call.app.manifest is not None and not call.app.manifest.home_tab:
        raise SlackError("not_enabled")
    view = modals.publish_home(call.board, call.app, user.id, definition, call.text("hash"))
    return {"view": view.to_slack()}


METHODS: Methods = {
    "views.open": Method(open_view),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
