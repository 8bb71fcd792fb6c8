"""Security keys and passkeys: what a browser is asked, and whether what it answers counts.

The checks are those of Web Authentication Level 2, sections 7.1 and 7.2, by the library `webauthn`; each that a
person can do something about is made here first, for a refusal of its own. The store has the last word
(`FactorStore.use_key`): it takes an answer once, and compares the counter as it sets it.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorData,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.domain.credential import Credential
from app.domain.people import Principal
from app.domain.proof import Factor
from app.mfa.refusals import (
    BadSignature,
    CoolingOff,
    FactorRefused,
    Malformed,
    NotVerified,
    OtherChallenge,
    UnknownCredential,
    WrongOrigin,
    WrongRelyingParty,
)
from app.mfa.relying_party import RelyingParty

ANSWER_AT_MOST = 32_768
"""Characters of an answer; keys' are below 4,000."""
TIMEOUT_MS = 300_000
CREATE, GET = "webauthn.create", "webauthn.get"


class NewKey(NamedTuple):
    """A key that was just made, as `Credential` has it."""

    raw_id: str
    public_key: str
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    synced: bool


def user_handle(by: Principal) -> bytes:
    """Give the 32 bytes by which keys know a person; they tell nothing of who it is (section 14.6.1)."""
    return hashlib.sha256(f"jit user {by.id}\0{by.slack}".encode()).digest()


def registration_options(
    by: Principal, existing: Sequence[Credential], challenge: bytes, rp: RelyingParty
) -> str:
    """Give the JSON for `PublicKeyCredential.parseCreationOptionsFromJSON`, that asks for a new key."""
    options = webauthn.generate_registration_options(
        rp_id=rp.id,
        rp_name=rp.name,
        user_name=by.id,
        user_id=user_handle(by),
        user_display_name=by.name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,  # it is asked for by name: no slot need be taken
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(existing),
    )
    return webauthn.options_to_json(options)


def verify_registration(answer: str, challenge: bytes, rp: RelyingParty) -> NewKey:
    """Check the JSON of a new key. Raises FactorRefused."""
    credential, data = _read_registration(answer)
    _check(credential.response.client_data_json, data, CREATE, challenge, rp)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp.id,
            expected_origin=rp.origin,
            require_user_verification=True,
        )
    except Exception as error:  # as in _read_registration
        raise BadSignature from error
    return NewKey(
        raw_id=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        transports=tuple(each.value for each in credential.response.transports or ()),
        aaguid=made.aaguid,
        synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def assertion_options(credentials: Sequence[Credential], challenge: bytes, rp: RelyingParty) -> str:
    """Give the JSON for `PublicKeyCredential.parseRequestOptionsFromJSON`, that asks for a touch of one of them."""
    options = webauthn.generate_authentication_options(
        rp_id=rp.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(credentials),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def verify_assertion(
    answer: str, credentials: Sequence[Credential], challenge: bytes, rp: RelyingParty, now: datetime
) -> tuple[Credential, int]:
    """Check the JSON of a touch; gives whose it is of a person's credentials, and its counter.

    The counter is not compared: `FactorStore.use_key` does, as it sets it. Raises FactorRefused.
    """
    given, data = _read_assertion(answer)
    raw_id = bytes_to_base64url(given.raw_id)
    known = [each for each in credentials if each.factor is Factor.WEBAUTHN and each.raw_id == raw_id]
    if not known:
        raise UnknownCredential
    credential = known[0]
    _check(given.response.client_data_json, data, GET, challenge, rp)
    try:
        verified = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=rp.id,
            expected_origin=rp.origin,
            credential_public_key=base64url_to_bytes(credential.public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # as in _read_assertion
        raise BadSignature from error
    if not credential.counts(now):
        raise CoolingOff(credential.counts_from, now)
    return credential, verified.new_sign_count


def _read_registration(answer: str) -> tuple[RegistrationCredential, AuthenticatorData]:
    if len(answer) > ANSWER_AT_MOST:
        raise Malformed
    try:
        given = parse_registration_credential_json(answer)
        return given, parse_attestation_object(given.response.attestation_object).auth_data
    except Exception as error:  # whatever the library stumbles over in what a stranger sends is no answer
        raise Malformed from error


def _read_assertion(answer: str) -> tuple[AuthenticationCredential, AuthenticatorData]:
    if len(answer) > ANSWER_AT_MOST:
        raise Malformed
    try:
        given = parse_authentication_credential_json(answer)
        return given, parse_authenticator_data(given.response.authenticator_data)
    except Exception as error:  # as above
        raise Malformed from error


def _check(
    client_data: bytes, data: AuthenticatorData, kind: str, challenge: bytes, rp: RelyingParty
) -> None:
    """Make the checks that have a sentence of their own; the library makes all of them again."""
    try:
        said = parse_client_data_json(client_data)
        framed = bool(json.loads(client_data).get("crossOrigin"))
    except Exception as error:  # as above
        raise Malformed from error
    refusal: FactorRefused | None = None
    if said.type != kind:
        refusal = Malformed()
    elif not hmac.compare_digest(said.challenge, challenge):
        refusal = OtherChallenge()
    elif said.origin != rp.origin or framed:  # no page of ours is to be in another's frame
        refusal = WrongOrigin(rp.origin)
    elif not hmac.compare_digest(data.rp_id_hash, hashlib.sha256(rp.id.encode()).digest()):
        refusal = WrongRelyingParty(rp.id)
    elif not (data.flags.up and data.flags.uv):
        refusal = NotVerified()
    if refusal is not None:
        raise refusal


def _descriptors(credentials: Sequence[Credential]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(each.raw_id),
            transports=[AuthenticatorTransport(name) for name in each.transports],
        )
        for each in credentials
        if each.factor is Factor.WEBAUTHN
    ]
