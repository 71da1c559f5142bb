"""The Windows program under Wine: the demo, a purchase, a rush, kill and restart, a second server, backup and restore.

    run.py BOXOFFICE.EXE

What Wine can't show: a clock that goes on in sleep, SO_REUSEADDR as Windows means it, access lists, power cuts, a virus
scanner that holds files open, SmartScreen, the closing of a console, old consoles, speed.
"""
import base64
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

WINE = "/usr/lib/wine/wine64"
# Wine 8 has no bcryptprimitives.dll, from which the standard library takes random numbers; Windows 10 has it.
RANDOM = """#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
"""
START_MAX_SECONDS = 120

work = pathlib.Path(tempfile.mkdtemp(prefix="boxoffice-wine-"))
running = []


began = time.monotonic()


def say(text):
    print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)


def lay(exe):
    shutil.copy(exe, work / "boxoffice.exe")
    (work / "random.c").write_text(RANDOM)
    target = ["-target", "x86_64-windows-gnu", "-shared", "-o", "bcryptprimitives.dll", "random.c", "-ladvapi32"]
    subprocess.run(["python-zig", "cc", *target], cwd=work, check=True)
    os.environ.update(WINEPREFIX=str(work / "prefix"), WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=")


def finish(*args, code=0, says="", seconds=START_MAX_SECONDS):
    """Runs a command to its end; gives what it said."""
    done = subprocess.run([WINE, "boxoffice.exe", *args], cwd=work, timeout=seconds, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode()
    assert done.returncode == code and says in text, f"{args}: {done.returncode}\n{text}"
    return text


class Server:
    """A running server; its lines come one by one."""

    def __init__(self, *args):
        self.process = subprocess.Popen([WINE, "boxoffice.exe", *args], cwd=work, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        running.append(self.process)
        self.lines, self.text = queue.Queue(), ""
        threading.Thread(target=self.read, daemon=True).start()
        self.url = self.wait(r"is open at (http://\S+)")

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().rstrip("\r\n"))

    def wait(self, pattern):
        while not (found := re.search(pattern, self.text)):
            self.text += self.lines.get(timeout=START_MAX_SECONDS) + "\n"
        return found.group(1)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)

    def end(self):
        """Asks it to end by closing its standard input (--until-stdin-closes)."""
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        assert code == 0, f"it ended with {code}"

    def call(self, method, path, body=None, key=None, user=None, status=None):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method)
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        if user:
            pair = base64.b64encode(f"{user['userId']}:{user['userKey']}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                got, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            got, text = error.code, error.read()
        assert got == status if status else got < 300, f"{method} {path}: {got} {text}"
        return json.loads(text) if text else None

    def buy(self, concert, schedule, seat):
        """The purchase that the demo prints; gives the user and the reservation."""
        user = self.call("POST", "/users", {"name": "Kim"})
        login = {"userId": user["userId"], "userKey": user["userKey"]}
        token = self.call("POST", "/queue/tokens", login)["token"]
        assert self.call("GET", "/queue/token", key=token)["status"] == "ACTIVE"
        assert self.call("GET", f"/concerts/{concert}/schedules", key=token)["schedules"]
        assert self.call("GET", f"/schedules/{schedule}/seats", key=token)["seats"]
        held = self.call("POST", "/reservations", {"scheduleId": schedule, "seats": [seat]}, token)
        return user, token, held


def demo_and_a_purchase():
    hall = Server("demo", "--listen", "127.0.0.1:0")
    hall.wait(r"(Post '/payments')")
    user, token, held = hall.buy(1, 1, "12")
    balance = f"/users/{user['userId']}/balance"
    assert hall.call("GET", balance, key=token)["balance"] == 0
    hall.call("POST", f"{balance}/top-ups", {"amount": 60000}, token)
    paid = hall.call("POST", "/payments", {"reservationId": held["reservationId"], "amount": 50000}, token)
    assert (paid["status"], paid["balance"]) == ("COMPLETED", 10000), paid
    assert hall.call("GET", f"/reservations/{held['reservationId']}", user=user)["status"] == "CONFIRMED"
    for page in ["/", "/staff", "/handbook"]:
        with urllib.request.urlopen(hall.url + page, timeout=30) as answer:
            assert answer.status == 200 and len(answer.read()) > 500, page
    hall.kill()
    say("demo: the printed purchase, done over HTTP; the pages; the walkthrough is that of PowerShell")


def rush():
    told = finish("rush", "--customers", "200", "--seats", "40", seconds=300, says="the audit is clean")
    say("rush of 200 customers: " + re.search(r"sold \d+ of \d+ seats", told).group(0) + ", the audit is clean")


def kill_and_restart(database):
    venue = Server("serve", "--database", database, "--listen", "127.0.0.1:0")
    key = venue.wait(r"staff key, shown this once[^:]*: (\w+)")
    venue.call("POST", "/staff/concerts", {"title": "봄의 소리", "venue": "홀"}, key)
    layout = {"startsAt": "2099-04-03T19:00:00+09:00", "layout": {"numbered": {"count": 40, "price": 1000}}}
    schedule = venue.call("POST", "/staff/concerts/1/schedules", layout, key)["scheduleId"]
    answered = []
    for seat in range(1, 11):
        user, token, held = venue.buy(1, schedule, str(seat))
        venue.call("POST", f"/users/{user['userId']}/balance/top-ups", {"amount": 1000 + seat}, token)
        if seat <= 8:
            venue.call("POST", "/payments", {"reservationId": held["reservationId"], "amount": 1000}, token)
        answered.append((user, held["reservationId"], "CONFIRMED" if seat <= 8 else "PENDING_PAYMENT",
                         seat if seat <= 8 else 1000 + seat))
    venue.kill()
    finish("check", database, says="everything adds up")
    venue = Server("serve", "--database", database, "--listen", "127.0.0.1:0", "--until-stdin-closes")
    must_have(venue, answered)
    say("killed and started again: 10 purchases are as they were answered")
    return venue, answered


def must_have(venue, answered):
    for user, reservation, status, balance in answered:
        found = venue.call("GET", f"/reservations/{reservation}", user=user)
        assert found["status"] == status, found
        assert venue.call("GET", f"/users/{user['userId']}/balance", user=user)["balance"] == balance


def second_server(venue, database):
    finish("serve", "--database", database, "--listen", "127.0.0.1:0", code=1, says="another boxoffice has this file open")
    port = venue.url.rsplit(":", 1)[1]
    finish("serve", "--database", "other.db", "--listen", f"127.0.0.1:{port}", code=1, says="127.0.0.1")
    say("a second server on the same file, and one on the same port, is refused with a sentence")


def backup_and_restore(venue, database, answered):
    finish("backup", "backup.db", "--database", database, says="everything in it adds up")
    finish("check", "backup.db", says="everything adds up")
    finish("check", database, says="everything adds up")
    finish("restore", "backup.db", "--database", database, code=1, says="--replace")
    finish("restore", "backup.db", "--database", database, "--replace", code=1, says="has it open")
    venue.end()
    finish("restore", "backup.db", "--database", database, "--replace", says="everything in it adds up")
    finish("check", f"{database}.before-restore-1", says="everything adds up")
    venue = Server("serve", "--database", database, "--listen", "127.0.0.1:0", "--until-stdin-closes")
    must_have(venue, answered)
    venue.end()
    say("backup and check while it is served; restore refused while it is served, then done, and served")


def main():
    lay(sys.argv[1])
    subprocess.run([WINE, "wineboot.exe", "--init"], cwd=work, stderr=subprocess.DEVNULL, timeout=300, check=True)
    say("a new folder for Wine")
    say(finish("--version").strip())
    demo_and_a_purchase()
    rush()
    database = "한글 #1 100%.db"
    venue, answered = kill_and_restart(database)
    second_server(venue, database)
    backup_and_restore(venue, database, answered)


try:
    main()
finally:
    for process in running:
        process.kill()
    subprocess.run(["/usr/lib/wine/wineserver64", "-k"], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(work, ignore_errors=True)
