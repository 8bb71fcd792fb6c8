"""A place of work for tests: the local workspace, the real bot in this process, a real Redis, and people.

Scopes, commands and events are those of manifest.yml, and the workspace refuses what the manifest does not
declare. People act through `Hands`, and what they read is waited for, never slept for. A forged payload goes
the way of a true one: what is wrong with it is left to the bot to find. A bug that the bot logs fails the
test, even one that nobody sees.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml
from structlog.testing import capture_logs

from app.audit import consumer as audit
from app.audit.log import AuditLog
from app.connectors import granter as connectors
from app.domain.request import Request, State
from app.gates import keeper as gates
from app.mail import mailer
from app.main import Bot
from app.playground import AppRegistration, Options, Playground, demo_workspace
from app.playground.delivery.envelope import Ack, Envelope
from app.playground.hands import (
    PATIENCE,
    Hands,
    in_channel,
    offers,
    open_view,
    readable,
    reads,
    told_directly,
    whispered,
)
from app.playground.model import Json
from app.policy import PolicySource
from app.policy.loading import policy_files
from app.settings import Settings
from app.shipped import shipped
from app.slack import announcer
from app.store.connection import connect
from app.together import run_together
from app.web.server import listen, run_web

SECRET = "0123456789abcdef0123456789abcdef"
GROUPS = (connectors.GROUP, announcer.GROUP, mailer.GROUP, audit.GROUP)
"""What consumes events in every bot; one with gates has a group more."""
BUGS = {
    "bug_in_listener",
    "consumer_failed",
    "job_failed",
    "deadline_failed",
    "event_passed_over",
    "letter_failed",
    "gate_failed",
    "form_refused",
    "home_refused",
}
PROD, STAGING, SECURITY = "#prod-approvals", "#staging-approvals", "#security"
ASK = "/jit request prod-db-debug orders-db 30m INC-7: checkout is slow"
ID = re.compile(r"R\d\d-[0-9A-Z]{7}")


class Replica:
    """One running bot. It ends with `stop`, or with the workplace."""

    def __init__(self, bot: Bot, running: asyncio.Task[None], stack: AsyncExitStack) -> None:
        self.bot = bot
        self._running = running
        self._stack = stack

    async def stop(self) -> None:
        """End it in good order. Raises what it failed with."""
        self._running.cancel()
        try:
            await self._running
        except asyncio.CancelledError:
            pass
        finally:
            await self._stack.aclose()


class Workplace:
    """Everything in one place; `hands` act, the other methods look and wait."""

    def __init__(
        self,
        redis_url: str,
        data: Path,
        *,
        policies: Path | None = None,
        over_http: bool = False,
        known_bugs: Sequence[str] = (),
        options: Options | None = None,
    ) -> None:
        """`known_bugs`: events of the log that this test brings about on purpose."""
        self.redis_url = redis_url
        self.data = data
        self.policies = policies or shipped("policies")
        self.replicas: list[Replica] = []
        self.log: list[Any] = []
        self._bugs = BUGS - set(known_bugs)
        self._listening = listen("127.0.0.1", 0) if over_http else None
        self._options = options or Options(retry_after=(0.0, 0.0, 0.0), ack_within=PATIENCE)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        request_url = None
        if self._listening:
            self._stack.enter_context(closing(self._listening))
            request_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/slack/events"
        registration = AppRegistration(
            manifest=shipped("manifest.yml"), request_url=request_url, signing_secret=SECRET
        )
        self.log = self._stack.enter_context(capture_logs())
        playground = Playground(demo_workspace(), [registration], options=self._options)
        self.playground = await self._stack.enter_async_context(playground)
        each_its_own = aiohttp.TCPConnector(
            force_close=True
        )  # one kept open may be closed as it is used again
        self.http = await self._stack.enter_async_context(aiohttp.ClientSession(connector=each_its_own))
        self.hands = Hands(self.playground.url, self.http)
        self.app = self.playground.apps[0]
        self.board = self.playground.board
        self.workspace = self.playground.workspace
        return self

    async def __aexit__(self, *_: object) -> None:
        for replica in self.replicas:
            await replica.stop()
        await self._stack.aclose()
        for away in [line for line in self.log if line["event"] == "store_away"]:
            print(away)  # beside a test that fails by it
        assert [] == [line for line in self.log if line["event"] in self._bugs]

    @property
    def bot(self) -> Bot:
        """The first bot."""
        return self.replicas[0].bot

    def settings(self, **more: Any) -> Settings:
        """A bot's settings for this workspace."""
        given = {
            "SLACK_BOT_TOKEN": self.app.bot_token,
            "SLACK_APP_TOKEN": None if self._listening else self.app.app_token,
            "SLACK_SIGNING_SECRET": SECRET,
            "slack_api_url": self.playground.api_url,
            "redis_url": self.redis_url,
            "data": self.data,
            "policies": self.policies,
            **more,
        }
        return Settings(**given)

    async def start(self, *, watching: bool = False, working: bool = True, **more: Any) -> Replica:
        """Start a bot and wait until it is connected; `watching` looks for changed policies by itself."""
        settings = self.settings(**more)
        settings.data.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as building:
            connection = connect(self.redis_url, answers_within=PATIENCE)
            building.push_async_callback(connection.aclose)
            http = await building.enter_async_context(aiohttp.ClientSession())
            audit_log = building.enter_context(closing(AuditLog(settings.data / "audit.sqlite3")))
            bot = Bot(settings, PolicySource(self.policies), connection, http, audit_log)
            stack = building.pop_all()
        jobs = [bot.watch_directory(), *([bot.work()] if working else [])]
        jobs += [bot.watch_policies()] if watching else []
        if self._listening:
            jobs.append(run_web(bot.web(), self._listening.dup()))
            jobs.append(bot.hear())
        else:
            jobs.append(bot.socket_mode.run())
        connected = self.connections() + 1
        replica = Replica(bot, asyncio.create_task(run_together(jobs)), stack)
        self.replicas.append(replica)
        if self._listening:
            await self.answers_http()
        else:
            await self.until(lambda: self.connections() >= connected, "the bot is connected")
        return replica

    def connections(self) -> int:
        """How many sockets the bots hold."""
        return self.board.deliveries.sockets.connected(self.app)

    # -- doing -------------------------------------------------------------------------------------------

    async def types(self, user: str, command: str, channel: str = "#general") -> str:
        """Type a command; gives the answer that only this person reads."""
        return await self.answer(user, self.hands.types(user, command, channel))

    async def clicks(self, user: str, message: Json, action_id: str) -> None:
        """Click a button that is there."""
        await self.hands.clicks(user, message, action_id)

    async def refused(self, user: str, message: Json, action_id: str) -> str:
        """Click a button, and read the answer that only this person sees."""
        return await self.answer(user, self.hands.clicks(user, message, action_id))

    async def answer(self, user: str, doing: Awaitable[object]) -> str:
        """Do something; gives what this person alone reads then, by ephemeral message."""
        before = len(whispered(await self.hands.look(), user))
        await doing

        def new(state: Json) -> Json | None:
            return next(iter(whispered(state, user)[before:]), None)

        return readable(await self.hands.until(f"an answer to {user}", new))

    async def forges(
        self, user: str, action_id: str, value: str, channel: str = "#general", **more: Any
    ) -> Ack:
        """Deliver a click that nobody could have made in the workspace: any value, any place."""
        return await self.deliver("interactive", self.click(user, action_id, value, channel) | more)

    def click(self, user: str, action_id: str, value: str, channel: str = "#general") -> Json:
        """The payload of a click, whether or not there is such a button."""
        place, now = self.workspace.channel_named(channel), self.board.clock()
        assert place is not None
        app, person = self.app.app_id, self.user_id(user)
        return {
            "type": "block_actions",
            "user": {"id": person, "username": person.lower(), "name": person.lower(), "team_id": "T0DEMO"},
            "api_app_id": app,
            "token": self.app.verification_token,
            "container": {"type": "message", "message_ts": "1.000001", "channel_id": place.id},
            "trigger_id": self.board.triggers.issue(app, person, now),
            "team": {"id": "T0DEMO", "domain": "harbour-demo"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": place.id, "name": place.name},
            "message": {"type": "message", "ts": "1.000001", "text": "", "user": self.app.bot_user_id},
            "state": {"values": {}},
            "response_url": self.board.responses.issue(self.board.base_url, app, place.id, person, now),
            "actions": [
                {
                    "type": "button",
                    "action_id": action_id,
                    "block_id": "b",
                    "value": value,
                    "action_ts": "1.0",
                }
            ],
        }

    async def deliver(self, kind: Any, payload: Json) -> Ack:
        """Deliver any payload."""
        return await self.board.deliveries.deliver(self.app, Envelope(kind, payload, accepts_response=True))

    async def fault(self, kind: str, **more: Any) -> None:
        """Let Slack have a bad day."""
        await self.hands.do("fault", kind=kind, **more)

    def user_id(self, name: str) -> str:
        user = self.workspace.user_named(name)
        return user.id if user else name

    async def repolicy(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the policies of this workplace's folder, and let every bot take them."""
        rewrite(self.policies, change)
        for replica in self.replicas:
            await asyncio.to_thread(replica.bot.policies.refresh)

    # -- seeing ------------------------------------------------------------------------------------------

    async def until(self, what_is: Callable[[], object], what: str, within: float = PATIENCE) -> None:
        """Wait until something in this process is true."""
        ends = asyncio.get_running_loop().time() + within
        while not what_is():
            assert asyncio.get_running_loop().time() < ends, f"not within {within:g} s: {what}"
            await asyncio.sleep(0.01)

    async def card(self, *parts: str, channel: str = PROD, offering: str = "", without: str = "") -> Json:
        """Wait for a card that reads so; gives the newest."""

        def find(state: Json) -> Json | None:
            fits = [each for each in cards(state, channel) if shows(each, parts, offering, without)]
            return fits[-1] if fits else None

        return await self.hands.until(f"a card in {channel} with {parts}", find)

    async def told(self, user: str, *parts: str, offering: str = "") -> Json:
        """Wait for a direct message."""

        def find(state: Json) -> Json | None:
            return next((m for m in told_directly(state, user) if shows(m, parts, offering, "")), None)

        return await self.hands.until(f"a direct message to {user} with {parts}", find)

    async def posted(self, channel: str, *parts: str, within: float = PATIENCE) -> Json:
        """Wait for a message in a channel."""

        def find(state: Json) -> Json | None:
            return next((m for m in in_channel(state, channel) if reads(m, *parts)), None)

        return await self.hands.until(f"a message in {channel} with {parts}", find, within)

    async def view(self, user: str, callback_id: str, with_input: str = "") -> Json:
        """Wait for a modal."""

        def find(state: Json) -> Json | None:
            view = open_view(state, user, callback_id)
            named = [block["block_id"].partition(":")[0] for block in view["blocks"]] if view else []
            return view if view and (not with_input or with_input in named) else None

        return await self.hands.until(f"the form {callback_id} before {user}", find)

    async def settled(self, within: float = PATIENCE) -> Json:
        """Wait until every event has had its effect; gives the state of the workspace then."""
        ends = asyncio.get_running_loop().time() + within
        while any([await self.bot.stream.backlog(group) for group in (*GROUPS, gates.GROUP)]):
            assert asyncio.get_running_loop().time() < ends, "events are still waiting"
            await asyncio.sleep(0.02)
        return await self.hands.look()

    async def request(self, request_id: str) -> Request:
        """Read a request as it stands."""
        return (await self.bot.store.load(request_id)).request

    async def reaches(self, request_id: str, state: State, within: float = PATIENCE) -> Request:
        """Wait until a request is in a state."""
        ends = asyncio.get_running_loop().time() + within
        while (request := await self.request(request_id)).state is not state:
            assert asyncio.get_running_loop().time() < ends, f"{request_id} is still {request.state}"
            await asyncio.sleep(0.02)
        return request

    async def events(self, request_id: str) -> list[str]:
        """The kinds of a request's events, oldest first, as the audit log has them."""
        await self.settled()
        return [entry.event.kind for entry in await asyncio.to_thread(self.bot.audit_log.story, request_id)]

    async def asks(self, user: str = "@ana", command: str = ASK) -> str:
        """Ask by command; gives the request's id."""
        return id_in(await self.types(user, command))

    async def goes_live(self, command: str = ASK, user: str = "@ana", by: str = "@ben") -> str:
        """Ask, approve, and wait until the access is live; gives the request's id."""
        request_id = await self.asks(user, command)
        await self.clicks(by, await self.card(request_id, offering="jit_approve"), "jit_approve")
        await self.reaches(request_id, State.ACTIVE)
        return request_id

    async def until_answered(self, user: str, command: str, part: str, within: float = PATIENCE) -> str:
        """Type a command again and again until the answer holds a part, as a patient person would."""
        ends = asyncio.get_running_loop().time() + within
        while part not in (said := await self.types(user, command)):
            assert asyncio.get_running_loop().time() < ends, f"still: {said}"
            await asyncio.sleep(0.1)
        return said

    async def answers_http(self) -> None:
        """Wait until the bot's HTTP side answers."""
        while not await self.board.deliveries.verify_url(self.app):  # noqa: ASYNC110  another server is asked
            await asyncio.sleep(0.02)


@asynccontextmanager
async def at_work(workplace: Workplace, **how: Any) -> Any:
    """Open a workplace with one bot at work."""
    async with workplace:
        await workplace.start(**how)
        yield workplace


# -- reading ---------------------------------------------------------------------------------------------


def id_in(text: str) -> str:
    """The first request id in a text."""
    found = ID.search(text)
    assert found, f"no request id in: {text}"
    return found[0]


def cards(state: Json, channel: str = PROD) -> list[Json]:
    """The messages of a channel that begin a thread."""
    return [each for each in in_channel(state, channel) if "thread_ts" not in each]


def thread(state: Json, card: Json, channel: str = PROD) -> list[str]:
    """What a card's thread tells."""
    return [readable(m) for m in in_channel(state, channel) if m.get("thread_ts") == card["ts"]]


def shows(message: Json, parts: Sequence[str], offering: str = "", without: str = "") -> bool:
    """Tell whether a message reads so and offers these buttons."""
    offered = offers(message)
    return (
        reads(message, *parts)
        and (not offering or offering in offered)
        and (not without or without not in offered)
    )


def live_markup(message: Json) -> list[str]:
    """Everything in a message that Slack would act on: mentions, links, parsed in text and mrkdwn."""
    found = re.findall(r"<(?!!date\^)[^>]*>", str(message.get("text", "")))
    for part in _parts(message.get("blocks", [])):
        if part.get("type") == "mrkdwn":
            found += re.findall(r"<(?!!date\^)[^>]*>", part["text"])
        if part.get("type") in {"user", "usergroup", "broadcast", "link", "channel"}:
            found.append(part["type"])
    return found


def _parts(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each)


# -- policies --------------------------------------------------------------------------------------------


def policy_folder(folder: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Path:
    """Write the shipped policies, with a change, into a folder of the test's own."""
    folder.mkdir(parents=True, exist_ok=True)
    whole: dict[str, Any] = {}
    for _, file in policy_files(shipped("policies")):
        for section, entries in yaml.safe_load(file.read_text()).items():
            whole.setdefault(section, {}).update(entries)
    change(whole)
    (folder / "policy.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    return folder


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the policies in a folder that `policy_folder` wrote."""
    file = folder / "policy.yaml"
    whole = yaml.safe_load(file.read_text())
    change(whole)
    file.write_text(yaml.safe_dump(whole, sort_keys=False))
