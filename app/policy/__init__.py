"""The schema of `policies/`, loading, conditions, the verdict and its explanation. Reads files, no more."""

from pathlib import Path

from app.policy.ask import Ask
from app.policy.catalogue import Action, Environment, Permission
from app.policy.checking import Checked
from app.policy.policy import Policy
from app.policy.problems import PolicyError, Problem
from app.policy.source import PolicySource
from app.shipped import shipped


def shipped_policies() -> Path:
    """Give the folder of the policies that ship with the product. Raises FileNotFoundError."""
    return shipped("policies")


__all__ = [
    "Action",
    "Ask",
    "Checked",
    "Environment",
    "Permission",
    "Policy",
    "PolicyError",
    "PolicySource",
    "Problem",
    "shipped_policies",
]
