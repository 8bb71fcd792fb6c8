"""What somebody proves themselves by: a security key or passkey, or an authenticator app."""

from datetime import datetime

from app.domain.proof import Factor
from app.domain.value import Value


class Credential(Value):
    """A second factor of a person. The id begins with an F, as in `F07-4KX9TQZ`, and is no secret.

    It counts from `counts_from` on, and only for the Slack user for whom it was added: an id of the policies
    that is given to somebody else later does not bring its keys along.

    Of a key: `raw_id` and `public_key` (COSE) in base64url without padding, `aaguid` its make, `synced` whether
    it is kept with a provider beside the device, `sign_count` what its counter last was. Of an app: `secret`
    encrypted, `step` the last step of 30 s of which a code was taken.
    """

    id: str
    factor: Factor
    slack: str
    label: str
    created_at: datetime
    counts_from: datetime
    last_used_at: datetime | None = None
    raw_id: str = ""
    public_key: str = ""
    transports: tuple[str, ...] = ()
    aaguid: str = ""
    synced: bool = False
    sign_count: int = 0
    secret: str = ""
    step: int = 0

    def counts(self, now: datetime) -> bool:
        """Tell whether the cooling-off is over."""
        return now >= self.counts_from
