"""Calls of AWS by boto3, which block, so they run in threads of our own.

Retries are botocore's `standard` mode, which waits as AWS asks for when it throttles, bounded so that a call ends
within what a connector gets: https://docs.aws.amazon.com/boto3/latest/guide/retries.html
"""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import ConstantProvider
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError
from botocore.parsers import ResponseParserError

from app.connectors.aws.reach import Reach, Service
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError

MOST = 8
SHOWN = 300
BOUNDS: Mapping[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "max_pool_connections": MOST,
    "ignore_configured_endpoint_urls": True,
}
Answer = Mapping[str, Any]


class Refused(ConnectorFailed):
    """AWS's own answer, with its code, such as `AccessDenied`."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


class Aws:
    """Calls as the bot, or as a role that the bot takes. Each may raise ConnectorFailed."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="aws")
        self._making = Lock()
        self._clients: dict[Service, tuple[Any, Any]] = {}
        self._machine = _session(None, None, None)

    async def ask(
        self, service: Service, operation: str, *, session: Answer | None = None, **arguments: Any
    ) -> Answer:
        """Make one call, such as `get_role_policy`; `session` is the answer of `AssumeRole` to call by."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, service, operation, session, arguments)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(self, service: Service, operation: str, session: Answer | None, arguments: Any) -> Answer:
        try:
            client = self._client(service, session)
            answer: Answer = getattr(client, operation)(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise Refused(code, f"AWS {service}: {_said(error, code)}") from None
        except NoCredentialsError:
            raise ConnectorFailed("the bot has no credentials for AWS") from None
        except ParamValidationError as error:
            raise ConnectorFailed(f"AWS {service}: {' '.join(str(error).split())[:SHOWN]}") from None
        except (ResponseParserError, ValueError, LookupError, TypeError, AttributeError):
            raise ConnectorFailed(f"what answers for {service} at {self._where(service)} is no AWS") from None
        except (BotoCoreError, OSError) as error:
            said = type(error).__name__
            raise ConnectorFailed(
                f"AWS {service} at {self._where(service)} does not answer ({said})"
            ) from None
        except ConnectorsError as error:
            raise ConnectorFailed(str(error)) from None
        if not answer["ResponseMetadata"].get("RequestId"):  # a proxy's page, where no result is expected
            raise ConnectorFailed(f"what answers for {service} at {self._where(service)} is no AWS")
        return answer

    def _where(self, service: Service) -> str:
        return self._reach.endpoints.get(service, self._reach.region)

    def _client(self, service: Service, session: Answer | None) -> Any:
        """Make a client, or take the one of before, as long as the key is the same: it is read anew each time."""
        if session is not None:
            given = session["Credentials"]
            by = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            return self._made(service, _session(*by))
        secret = self._reach.secret_access_key
        key = secret.read().get_secret_value() if secret else None
        with self._making:  # making one is slow, and not for several threads at a time
            kept = self._clients.get(service)
            if kept is None or kept[0] != key:
                made = _session(self._reach.access_key_id, key, None) if key else self._machine
                kept = self._clients[service] = (key, self._made(service, made))
            return kept[1]

    def _made(self, service: Service, session: Any) -> Any:
        endpoint = self._reach.endpoints.get(service)
        config = Config(**BOUNDS)
        return session.client(service, region_name=self._reach.region, endpoint_url=endpoint, config=config)


def clock_of(answer: Answer) -> datetime:
    """Tell what time it is at AWS, in whole seconds: by its clock sessions end. Raises ConnectorFailed."""
    try:
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, TypeError, ValueError):
        raise ConnectorFailed("AWS did not say what time it is") from None


def _session(key_id: str | None, secret: str | None, token: str | None) -> Any:
    """Open a session that reads no file of profiles, though `AWS_PROFILE` may name one."""
    core: Any = botocore.session.Session()
    core.get_component("config_store").set_config_provider("profile", ConstantProvider(None))
    for name in ("config_file", "credentials_file"):
        core.set_config_variable(name, os.devnull)
    return boto3.session.Session(
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        botocore_session=core,
    )


def _said(error: Any, code: str) -> str:
    """Give AWS's code and message."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    return " ".join(f"{code}: {message}".split())[:SHOWN]
