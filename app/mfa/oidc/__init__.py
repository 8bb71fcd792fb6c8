"""Step-up by OpenID Connect: a fresh sign-in at the company's provider, for one request and one person."""

from app.mfa.oidc.provider import Client, Provider
from app.mfa.oidc.refusals import SignInRefused
from app.mfa.oidc.stepping_up import StepUp
from app.store.step_ups import Attempt

__all__ = ["Attempt", "Client", "Provider", "SignInRefused", "StepUp"]
