"""AWS: temporary credentials of a role, and assignments in IAM Identity Center."""

from app.connectors.aws.identity_center import IdentityCenter
from app.connectors.aws.role import AwsRole

__all__ = ["AwsRole", "IdentityCenter"]
