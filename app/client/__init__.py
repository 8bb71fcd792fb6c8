"""For services that let somebody do something only while there is a grant for it: docs/services.md.

It imports nothing of the bot, and other libraries only where they are used. So a wheel holds it as `jit_client` too,
for services that have an `app` of their own.
"""

from .asgi import GrantMiddleware
from .asking import Asking
from .bot import BotGrants
from .guard import RequiresGrant
from .in_redis import RedisGrants
from .need import Held, Need
from .offline import Claims, OfflineTokens
from .once import OnceHere, OnceInRedis
from .refused import CannotTell, NobodysNeed, NotGranted, Refused, TokenRefused
from .wsgi import WsgiGrantMiddleware

__all__ = [
    "Asking",
    "BotGrants",
    "CannotTell",
    "Claims",
    "GrantMiddleware",
    "Held",
    "Need",
    "NobodysNeed",
    "NotGranted",
    "OfflineTokens",
    "OnceHere",
    "OnceInRedis",
    "RedisGrants",
    "Refused",
    "RequiresGrant",
    "TokenRefused",
    "WsgiGrantMiddleware",
]
