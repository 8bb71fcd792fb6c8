"""The workspace that the demo and the tests begin with."""

from app.playground.model import User, UserGroup
from app.playground.workspace import Workspace

PEOPLE = (
    ("U0ANA", "ana", "Ana Ruiz", "Engineer"),
    ("U0BEN", "ben", "Ben Okafor", "Engineering lead"),
    ("U0CHLOE", "chloe", "Chloe Martin", "Database owner"),
    ("U0SAM", "sam", "Sam Lindqvist", "Security"),
    ("U0DEV", "dev", "Dev Patel", "Engineer"),
)
EVERYONE = [user_id for user_id, *_ in PEOPLE]
APPROVERS = ["U0BEN", "U0CHLOE", "U0SAM"]
CHANNELS = (
    ("C0GENERAL", "general", EVERYONE, "Everybody at Harbour"),
    ("C0PROD", "prod-approvals", EVERYONE, "Requests for production are decided here"),
    ("C0STAGING", "staging-approvals", EVERYONE, "Requests for staging are decided here"),
    ("C0SANDBOX", "sandbox-approvals", EVERYONE, "Requests for the sandbox are seen here"),
    ("C0SECURITY", "security", APPROVERS, "Security: the daily digest and alarms"),
)


def demo_workspace() -> Workspace:
    """Make the workspace "Harbour (demo)": five people, five channels, two user groups, nothing said yet."""
    workspace = Workspace()
    for user_id, name, real_name, title in PEOPLE:
        email = f"{name}@example.com"
        workspace.add_user(User(id=user_id, name=name, real_name=real_name, title=title, email=email))
    for channel_id, name, members, purpose in CHANNELS:
        workspace.add_channel(name, members, channel_id=channel_id, purpose=purpose)
    workspace.usergroups = {
        "S0APPROVERS": UserGroup("S0APPROVERS", "approvers", "Approvers", ["U0BEN", "U0CHLOE"]),
        "S0SECURITY": UserGroup("S0SECURITY", "security-team", "Security team", ["U0SAM"]),
    }
    return workspace
