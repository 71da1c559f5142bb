"""Serves what pack.py made as the registries would, on a free port of this machine: packages of npm, an index of wheels
under /simple, and the archives under /releases. Prints the address, and ends with its standard input.

    registry.py OUT
"""

import json
import sys
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OUT = Path(sys.argv[1]).resolve()


class Registry(SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=OUT)

    def do_GET(self):
        self.path = self.path.removeprefix("/releases")
        name = self.path.strip("/")
        package = next((path for path in (OUT / "npm").glob("*.tgz") if path.name.rsplit("-", 1)[0] == name), None)
        if package:
            with tarfile.open(package) as archive:
                about = json.load(archive.extractfile("package/package.json"))
            about["dist"] = {"tarball": f"http://{self.headers['host']}/npm/{package.name}"}
            version = about["version"]
            told = {"name": name, "dist-tags": {"latest": version}, "versions": {version: about}}
            self.answer("application/json", json.dumps(told))
        elif name == "simple/boxoffice":
            wheels = [path.name for path in (OUT / "python").iterdir()]
            self.answer("text/html", "".join(f'<a href="/python/{wheel}">{wheel}</a>' for wheel in wheels))
        else:
            super().do_GET()

    def answer(self, kind: str, text: str):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_port}", flush=True)
sys.stdin.read()
