"""What the scripts that try things share: programs of Debian's packages, calls, waits with a deadline."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target"))
PROGRAM = TARGET / "debug" / "boxoffice"
DEADLINE_SECONDS = 60


def tool(name, package):
    """The path of a program, which is unpacked below target/ where it is not installed: nothing of a package runs."""
    found = shutil.which(name)
    if found:
        return found
    unpacked = TARGET / "tools"
    paths = [unpacked / "usr" / folder / name for folder in ("bin", "sbin")]
    if not any(path.exists() for path in paths):
        unpacked.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", package], cwd=unpacked, check=True)
        for archive in unpacked.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True)
            archive.unlink()
    return str(next(path for path in paths if path.exists()))


def call(url, path, method="GET", body=None, key=None, **fields):
    """One call; gives the status and the text of its answer. Certificates are those of a test and not looked at."""
    request = urllib.request.Request(url + path, method=method)
    if key:
        request.add_header("Authorization", "Bearer " + key)
    for name, value in fields.items():
        request.add_header(name, value)
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = body if hasattr(body, "__next__") else json.dumps(body).encode()
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def buy(url, schedule_id, seat):
    """One purchase; gives the ticket's reservation."""
    api = "/api/v1"
    user = json.loads(call(url, api + "/users", "POST", {"name": "Kim"})[1])
    token = json.loads(call(url, api + "/queue/tokens", "POST", {key: user[key] for key in ("userId", "userKey")})[1])["token"]
    status, held = call(url, api + "/reservations", "POST", {"scheduleId": schedule_id, "seats": [seat]}, token)
    assert status == 201, held
    status, told = call(url, f"{api}/users/{user['userId']}/balance/top-ups", "POST", {"amount": 60000}, token)
    assert status == 201, told
    payment = {"reservationId": json.loads(held)["reservationId"], "amount": 50000}
    status, paid = call(url, api + "/payments", "POST", payment, token)
    assert status == 201, paid
    return json.loads(held)["reservationId"]


def until(what, look):
    """Looks until there is something to be seen."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"within {DEADLINE_SECONDS} s it did not come: {what}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
