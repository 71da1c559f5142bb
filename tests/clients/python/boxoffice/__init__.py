"""A concert box office for tests: the program `boxoffice`, started on a free port with a file of its own.

    import boxoffice

    with boxoffice.start() as box:
        print(box.url, box.staff_key)
        box.advance(300)  # five minutes later

pytest finds the fixture `boxoffice`, which is one of these for each test. Without the package: copy this folder beside the
tests, with `boxoffice` on the path, and say `pytest_plugins = ["boxoffice.pytest_plugin"]` in conftest.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["BoxOffice", "program", "start"]


@dataclass(frozen=True)
class BoxOffice:
    """A running box office with the demo concert."""

    url: str
    """Such as http://127.0.0.1:41234; the API is below /api/v1."""
    staff_key: str
    """An admin's key, for `Authorization: Bearer`."""
    concert_id: int
    schedule_ids: list[int]
    database: str
    """The path of the SQLite file."""
    ids: dict[str, Any]
    """What the seed made: `concerts`, `users` with their keys, `reservations`."""
    now: str
    """The moment at which the clock stood."""

    def advance(self, seconds: float) -> None:
        """Turns the clock; comes back once everything that became due is written down."""
        self._post("/clock", {"advanceMilliseconds": round(seconds * 1000)})

    def reset(self) -> None:
        """Goes back to the start, the clock too, in milliseconds: for one server of many tests."""
        self._post("/test/reset", {})

    def _post(self, path: str, body: dict[str, int]) -> None:
        request = urllib.request.Request(
            self.url + "/api/v1/staff" + path,
            json.dumps(body).encode(),
            {"Authorization": "Bearer " + self.staff_key, "Content-Type": "application/json"},
        )
        # A proxy of the environment never stands before this machine.
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


def program() -> str:
    """The path of the program: where installers put commands, or on the path."""
    name = "boxoffice" + (sysconfig.get_config_var("EXE") or "")
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]
    folders = [sysconfig.get_path("scripts", scheme) for scheme in schemes]
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders.append(os.path.join(beside, "bin"))  # pip install --target
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    if found := shutil.which(name):
        return found
    raise FileNotFoundError(f"{name} is not on the path, and in none of {', '.join(folders)}; install the package boxoffice again.")


@contextmanager
def start(*flags: str, clock: str = "frozen") -> Iterator[BoxOffice]:
    """Starts a box office, and ends it and removes its file at the end of the block.

    `flags` are further ones of `boxoffice serve`. With `clock` "frozen" time moves by `advance` alone, "running" is real time
    plus all advances, and "wall" real time.
    """
    given = flags if clock == "wall" else (f"--test-clock={clock}", *flags)
    command = [program(), "serve", "--ephemeral", "--until-stdin-closes", *given]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            line = server.stdout.readline()
            if not line:
                raise RuntimeError(f"boxoffice serve ended with {server.wait()}; standard error says why.")
            ready = json.loads(line)
            yield BoxOffice(
                ready["url"],
                ready["staffKey"],
                ready["concertId"],
                ready["scheduleIds"],
                ready["database"],
                ready["ids"],
                ready["now"],
            )
        finally:
            server.stdin.close()
            server.wait()
