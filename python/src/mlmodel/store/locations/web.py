"""The web as a store: pages that list folders, bounded, and only hosts that were asked for.

fsspec's own driver takes a page of any size apart with a pattern whose time is not linear, opens
whatever it is redirected to, and expands what the server compressed. Here it is given a page
reader, and a client that looks at each host and answer (LOC-022, LOC-026 to LOC-028).
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mlmodel._base.extras import require
from mlmodel.errors import UnreadableModel
from mlmodel.store.locations.hosts import Hosts, RefusedHost
from mlmodel.store.locations.pages import places_below

__all__ = ["LARGEST_PAGE", "RefusedAnswer", "file_system", "refusal_in"]

#: How large a page that lists a folder may be, and all pages of one folder together (LOC-022).
LARGEST_PAGE = 16 * 2**20
_ALL_PAGES = 16 * LARGEST_PAGE
#: How long listing a folder may take in all, how long a connection, and a pause of the server.
_LONGEST_LISTING = 600.0
_CONNECT = 30.0
_PAUSE = 60.0
_CHUNK = 64 * 1024


class RefusedAnswer(Exception):
    """What a server answered is not taken; the message is what an error says of it."""


def file_system(driver: Any, uri: str, most_links: int) -> Any:
    """Return the file system of a web server, made of fsspec's driver for it.

    Args:
        driver: fsspec's class.
        uri: what is going to be asked for; its host is one that was asked for.
        most_links: how many links one page may have.

    """

    class Web(driver):  # type: ignore[misc]
        """See the module."""

        async def _ls_real(self, url: str, detail: bool = True, **_: Any) -> Any:
            places = await _listed(self, url, most_links)
            if not places and url.endswith("/"):
                places = await _listed(self, url.rstrip("/"), most_links)
            if not detail:
                return sorted(places)
            return [
                {"name": one, "size": None, "type": "directory" if one.endswith("/") else "file"}
                for one in places
            ]

    hosts = Hosts(urlsplit(uri).hostname or "")
    fs = Web(get_client=partial(_client, hosts=hosts), skip_instance_cache=True)
    fs.budget = _Budget()
    return fs


class _Budget:
    """What the pages of one folder may cost together."""

    def __init__(self) -> None:
        self.bytes = _ALL_PAGES
        self.ends = time.monotonic() + _LONGEST_LISTING

    def take(self, number: int) -> None:
        self.bytes -= number
        if self.bytes < 0:
            raise _refused_page(f"its pages have more than {_ALL_PAGES:,} bytes")

    def seconds(self) -> float:
        left = self.ends - time.monotonic()
        if left < 0:
            raise _refused_page(f"it takes more than {_LONGEST_LISTING:.0f} seconds")
        return left


def _refused_page(why: str) -> UnreadableModel:
    return UnreadableModel(
        f"The web server's listing of the folder is not read: {why}; give the URI of a folder "
        "whose pages list its files and nothing else (LOC-022)."
    )


async def _listed(fs: Any, url: str, most: int) -> list[str]:
    """Return what a page links to below itself; nothing for what is not a page."""
    page = await _page(fs, url)
    places: dict[str, None] = {}
    for place in places_below(url, page):
        places[place] = None
        if len(places) > most:
            raise _refused_page(f"a page has more than {most:,} links")
    return list(places)


async def _page(fs: Any, url: str) -> str:
    import asyncio

    session = await fs.set_session()
    options = {**fs.kwargs, "headers": {**fs.kwargs.get("headers", {}), **_PLAIN}}
    content = bytearray()
    try:
        async with (
            asyncio.timeout(fs.budget.seconds()),
            session.get(fs.encode_url(url), **options) as answer,
        ):
            fs._raise_not_found_for_status(answer, url)  # noqa: SLF001 - the driver's
            if answer.headers.get("Content-Type", "text/html").partition(";")[0] != "text/html":
                return ""
            while part := await answer.content.read(_CHUNK):
                fs.budget.take(len(part))
                content += part
                if len(content) > LARGEST_PAGE:
                    raise _refused_page(f"a page has more than {LARGEST_PAGE:,} bytes")
    except TimeoutError:
        fs.budget.seconds()  # says so if it was this that ended
        raise
    return content.decode("utf-8", "ignore")


# -- the client -------------------------------------------------------------------------------

#: A size says nothing of what arrives compressed, so nothing is asked for so.
_PLAIN = {"Accept-Encoding": "identity"}


async def _client(*, hosts: Hosts, **options: Any) -> Any:
    """Return the client that the driver asks with; ``options`` are the user's own for it."""
    aiohttp: Any = require("aiohttp", "remote")

    class Request(aiohttp.ClientRequest):  # type: ignore[misc]
        """One request of many, since each redirect makes a new one."""

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            hosts.visit(self.url.host or "")

    async def look(_session: Any, _context: Any, params: Any) -> None:
        encoding = params.response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            raise RefusedAnswer(
                f"the server sent it with the content encoding {encoding[:60]!r} and was asked "
                "for none; let it send files as they are (LOC-026)"
            )

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(look)
    options.setdefault("timeout", aiohttp.ClientTimeout(None, None, _PAUSE, _CONNECT))
    return aiohttp.ClientSession(
        **{
            **options,
            "connector": options.get("connector")
            or aiohttp.TCPConnector(resolver=_resolver(aiohttp, hosts)),
            "headers": {**options.get("headers", {}), **_PLAIN},
            "request_class": Request,
            "trace_configs": [*options.get("trace_configs", ()), trace],
        }
    )


def _resolver(aiohttp: Any, hosts: Hosts) -> Any:
    """Return what finds the addresses of names, and leaves out those that are not asked.

    What is connected to is what it returns, so a name cannot mean another address a moment later.
    """

    class Resolver(aiohttp.abc.AbstractResolver):  # type: ignore[misc]
        def __init__(self) -> None:
            self.system = aiohttp.ThreadedResolver()

        async def resolve(self, host: str, *given: Any, **named: Any) -> Any:
            found = await self.system.resolve(host, *given, **named)
            if host.lower().rstrip(".") not in hosts.visited:
                return found  # the user's own proxy
            allowed = [one for one in found if hosts.allows(host, one["host"])]
            if found and not allowed:
                raise hosts.refusal(host, found[0]["host"])
            return allowed

        async def close(self) -> None:
            await self.system.close()

    return Resolver()


def refusal_in(error: BaseException | None) -> str | None:
    """Return what was refused of a host or an answer, if that is what an error came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, RefusedHost | RefusedAnswer):
            return str(error)
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
