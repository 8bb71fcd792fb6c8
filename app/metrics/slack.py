"""Calls of Slack's Web API, seen by aiohttp as they pass: whoever makes one is counted."""

import time
from types import SimpleNamespace

import aiohttp

from app.metrics.meters import Meters


def trace_slack(http: aiohttp.ClientSession, api_url: str, meters: Meters) -> Meters:
    """Count what a session asks of one address, by the method that the path ends in; gives the meters."""

    async def began(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.began = time.perf_counter()

    async def ended(
        _: aiohttp.ClientSession, context: SimpleNamespace, done: aiohttp.TraceRequestEndParams
    ) -> None:
        tell(context, str(done.url), str(done.response.status))

    async def failed(
        _: aiohttp.ClientSession, context: SimpleNamespace, done: aiohttp.TraceRequestExceptionParams
    ) -> None:
        tell(context, str(done.url), "none")

    def tell(context: SimpleNamespace, url: str, status: str) -> None:
        if url.startswith(api_url):
            method = url.removeprefix(api_url).partition("?")[0]
            meters.slack_called(method, status, time.perf_counter() - context.began)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(began)
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    trace.freeze()
    http.trace_configs.append(trace)
    return meters
