"""users.* and usergroups.*. docs: methods/users.info and its siblings."""

from app.playground.api.call import Call, Method, Methods
from app.playground.api.pages import next_cursor, page
from app.playground.errors import SlackError
from app.playground.model import Json, User


def _shown(call: Call, user: User) -> Json:
    return user.to_slack(with_email=call.app.granted("users:read.email"))


def info(call: Call) -> Json:
    return {"user": _shown(call, call.user())}


def list_all(call: Call) -> Json:
    some, cursor = page(call, list(call.workspace.users.values()), lambda user: user.id, default=1000)
    return {
        "members": [_shown(call, user) for user in some],
        "cache_ts": int(call.board.clock()),
        **next_cursor(cursor),
    }


def by_email(call: Call) -> Json:
    """Find an active person by address; a deactivated one is not found."""
    (email,) = call.required("email")
    for user in call.workspace.users.values():
        if user.email and user.email.lower() == email.lower() and not user.deleted:
            return {"user": _shown(call, user)}
    raise SlackError("users_not_found")


def presence(call: Call) -> Json:
    call.user()
    return {"presence": "active"}


def groups(call: Call) -> Json:
    shown = [group.to_slack(call.workspace.team_id) for group in call.workspace.usergroups.values()]
    if not call.flag("include_users"):
        for group in shown:
            group.pop("users")
    return {"usergroups": shown}


def group_members(call: Call) -> Json:
    (usergroup,) = call.required("usergroup")
    group = call.workspace.usergroups.get(usergroup)
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


METHODS: Methods = {
    "users.info": Method(info, ("users:read",)),
    "users.list": Method(list_all, ("users:read",)),
    "users.lookupByEmail": Method(by_email, ("users:read.email",)),
    "users.getPresence": Method(presence, ("users:read",)),
    "usergroups.list": Method(groups, ("usergroups:read",)),
    "usergroups.users.list": Method(group_members, ("usergroups:read",)),
}
