"""The request corpus of gunicorn (its own tests, by other people): what it calls invalid the server must refuse and
close, what it calls valid the server must read. `python corpus.py HOST:PORT FOLDER`."""

import pathlib
import socket
import sys

# Where the server deliberately differs, and why.
STRICTER = {
    "chunked": "no Transfer-Encoding but chunked: 411, or 400 where it is not last or there twice",
    "version": "505 for versions other than 1.0 and 1.1",
    "host": "no Host in HTTP/1.1, or one that is none: 400",
    "fold": "obsolete line folding: 400",
    "target": "a target that is no path, or has a space, a fragment or bytes beyond ASCII: 400",
    "method": "a method that is none that it knows: 405",
    "proxy": "the PROXY protocol is not spoken: 400",
    "line": "bare LF: 400",
    "size": "a limit of the server: 413 or 431",
}


def text_of(path):
    data = path.read_bytes().replace(b"\n", b"").replace(b"\\r\\n", b"\r\n")
    return data.replace(b"\\0", b"\0").replace(b"\\n", b"\n").replace(b"\\t", b"\t")


def ask(address, data):
    """The statuses that come back, and whether the connection was closed in good time."""
    with socket.create_connection(address, timeout=5) as wire:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        heard = b""
        try:
            while piece := wire.recv(65536):
                heard += piece
        except ConnectionError:
            pass
        except TimeoutError:
            return None, heard
    statuses = []
    while heard:  # strictly by Content-Length
        head, _, rest = heard.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        statuses.append(int(lines[0].split(b" ")[1]))
        fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(b":") for line in lines[1:])}
        length = int(fields.get(b"content-length", b"0"))
        if data.startswith(b"HEAD "):
            length = 0
        assert len(rest) >= length, f"a short answer: {heard!r}"
        heard = rest[length:]
    return statuses, b""


def is_unfinished(data):
    """The stream ends in the middle of a head or a body."""
    head, end, body = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        return b"0\r\n" not in body
    lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return not end or (len(lengths) == 1 and len(body) < int(lengths[0]))


def why_stricter(data, status):
    lines = data.split(b"\r\n")
    low = data.lower()
    if status == 411 and b"transfer-encoding" in low:
        return "chunked"
    if status == 405:
        return "method"
    if status == 505:
        return "version"
    if status in (413, 431):
        return "size"
    if status != 400:
        return None
    if data.startswith((b"PROXY ", b"\r\nPROXY ")):
        return "proxy"
    if any(line.startswith((b" ", b"\t")) for line in lines[1:]):
        return "fold"
    if b"\n" in data.replace(b"\r\n", b""):
        return "line"
    first = next((line for line in lines if line), b"").split(b" ")
    if len(first) != 3 or b"#" in first[1] or not first[1].isascii() or not first[1].startswith((b"/", b"http")):
        return "target"
    hosts = [line for line in lines if line.lower().startswith(b"host:")]
    if b"HTTP/1.1" in data and len(hosts) != data.count(b"HTTP/1.1"):
        return "host"
    if any(not set(host[5:].strip()) <= set(b"abcdefghijklmnopqrstuvwxyz.-:[]0123456789") or b":" in host[5:].strip()[:1]
           for host in hosts):
        return "host"
    return None


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    address, folder = (host, int(port)), pathlib.Path(sys.argv[2])
    wrong = 0
    counts = {"invalid": 0, "valid": 0}
    stricter = {}
    for kind in ("invalid", "valid"):
        for path in sorted((folder / kind).glob("*.http")):
            data = text_of(path)
            statuses, rest = ask(address, data)
            counts[kind] += 1
            if statuses is None:
                wrong += 1
                print(f"HANGS {kind}/{path.name}: {rest!r}")
            elif not statuses and is_unfinished(data):
                pass  # closed without an answer
            elif kind == "invalid" and not (statuses and 400 <= statuses[-1] and statuses[-1] not in (404, 401, 403)):
                known = path.name in ACCEPTED
                wrong += not known
                print(f"{'known' if known else 'TAKEN'} invalid/{path.name}: {statuses} {ACCEPTED.get(path.name, data[:200])}")
            elif kind == "valid" and statuses and statuses[-1] in (400, 411, 413, 431, 505, 405):
                why = why_stricter(data, statuses[-1])
                stricter[why] = stricter.get(why, 0) + 1
                if why is None:
                    wrong += 1
                    print(f"REFUSED valid/{path.name}: {statuses} {data[:200]}")
            elif kind == "valid" and not statuses:
                wrong += 1
                print(f"SILENT valid/{path.name}: {data[:200]}")
    for why, count in stricter.items():
        print(f"stricter than gunicorn, on purpose: {count} of the valid: {STRICTER.get(why, why)}")
    print(f"corpus: {counts['invalid']} invalid, {counts['valid']} valid, {wrong} wrong")
    sys.exit(1 if wrong else 0)


# What gunicorn's tests call invalid and the server takes, and why that is sound.
ACCEPTED = {
    "006.http": "a request line of more than 4 KiB: the server's limit is 16 KiB for the head",
    "007.http": "a field of more than 8 KiB: the same",
    "008.http": "fields of more than 8 KiB: the same",
    "011.http": "invalid only with gunicorn's limit of 2 fields",
    "012.http": "invalid only with gunicorn's limit of 98 bytes a field",
    "040.http": "names with underscores: the server relays neither of them, so nobody can take one for another",
}

main()
