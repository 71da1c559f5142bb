"""Python's clients with their keep-alive pools against a running server. `python clients.py http://HOST:PORT`."""

import asyncio
import http.client
import sys
import threading
from urllib.parse import urlsplit

import aiohttp
import httpx
import requests

URL = sys.argv[1]
wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


def user_of(n):
    return {"name": f"user-{n}"}


def standard_library():
    """One connection, every method, bodies of all sizes, HEAD in between, 100-continue by hand."""
    parts = urlsplit(URL)
    wire = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    for n in range(200):
        for method, path, body in [
            ("GET", "/api/v1/concerts", None),
            ("HEAD", "/api/v1/concerts", None),
            ("POST", "/api/v1/users", '{"name": "%s"}' % ("x" * (n % 60 + 1))),
            ("OPTIONS", "*", None),
            ("DELETE", f"/api/v1/none-{n}", None),
            ("PUT", f"/api/v1/none-{n}", b"x" * (n * 300)),
        ]:
            wire.request(method, path, body, {"Content-Type": "application/json", "X-Request-Id": f"{method}-{n}"})
            answer = wire.getresponse()
            content = answer.read()
            check(answer.getheader("X-Request-Id") == f"{method}-{n}", f"{method} {path}: another's id")
            check(answer.status < 500, f"{method} {path}: {answer.status} {content[:200]}")
            check(not answer.will_close, f"{method} {path}: not kept alive")
    wire.close()


def with_requests():
    """Eight threads on one session and its pool; names come back as they were sent."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=8))

    def customer(thread):
        for n in range(100):
            name = f"{thread}-{n}"
            made = session.post(f"{URL}/api/v1/users", json={"name": name}, headers={"X-Request-Id": name}, timeout=10)
            check(made.status_code == 201 and made.headers["X-Request-Id"] == name, f"requests: {made.text}")
            seen = session.get(f"{URL}/api/v1/concerts", timeout=10)
            check(seen.status_code == 200, f"requests: {seen.text}")

    threads = [threading.Thread(target=customer, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def with_aiohttp():
    """2,000 requests over at most 100 connections; some are given up half way."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:

        async def customer(n):
            headers = {"X-Request-Id": f"aio-{n}"}
            if n % 10 == 0:
                try:
                    await asyncio.wait_for(session.get(f"{URL}/api/v1/concerts", headers=headers), 0.001)
                except (asyncio.TimeoutError, aiohttp.ClientError):
                    pass
                return
            async with session.post(f"{URL}/api/v1/users", json=user_of(n), headers=headers) as answer:
                check(answer.status == 201 and answer.headers["X-Request-Id"] == f"aio-{n}", f"aiohttp: {answer}")
                await answer.read()

        await asyncio.gather(*(customer(n) for n in range(2000)))


async def with_httpx():
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=50)) as client:

        async def customer(n):
            # A request waits for one of the pool's connections as long as those before it take.
            timeout = httpx.Timeout(20, pool=120)
            answer = await client.get(f"{URL}/api/v1/concerts", headers={"X-Request-Id": f"x-{n}"}, timeout=timeout)
            check(answer.status_code == 200 and answer.headers["X-Request-Id"] == f"x-{n}", f"httpx: {answer}")

        await asyncio.gather(*(customer(n) for n in range(500)))


for name, probe in [
    ("http.client", standard_library),
    ("requests", with_requests),
    ("aiohttp", lambda: asyncio.run(with_aiohttp())),
    ("httpx", lambda: asyncio.run(with_httpx())),
]:
    before = len(wrong)
    probe()
    print(f"{name}: {len(wrong) - before} wrong")
print("\n".join(wrong[:20]))
sys.exit(1 if wrong else 0)
