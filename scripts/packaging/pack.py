"""Packs built programs in every way in which people get them. Each file has the same bytes whoever makes it and when.

    pack.py OUT RELEASES TARGET=PROGRAM...

OUT gets an archive a target with SHA256SUMS, npm packages, wheels, a Homebrew formula, a Scoop manifest, installers,
and the folder from which a container image is built. RELEASES is the URL at which the archives will be found.
"""

import base64
import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HELPERS = ROOT / "tests/clients"  # what starts a box office from tests: as it stands there, and in the packages
# A target: the system and processor of npm, of Python's wheels, of containers, and of `uname`.
TARGETS = {
    "x86_64-linux": ("linux", "x64", "manylinux_2_17_x86_64.musllinux_1_1_x86_64", "amd64", "Linux x86_64"),
    "aarch64-linux": ("linux", "arm64", "manylinux_2_17_aarch64.musllinux_1_1_aarch64", "arm64", "Linux aarch64"),
    "x86_64-macos": ("darwin", "x64", "macosx_13_0_x86_64", None, "Darwin x86_64"),
    "aarch64-macos": ("darwin", "arm64", "macosx_13_0_arm64", None, "Darwin arm64"),
    "x86_64-windows": ("win32", "x64", "win_amd64", None, None),
}
DESCRIPTION = "A concert box office in one program, and a real one for your tests"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that ZIP can say

VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]


def program_name(target: str) -> str:
    return "boxoffice.exe" if target.endswith("windows") else "boxoffice"


def tarball(path: Path, files: dict[str, bytes], programs: set[str]) -> None:
    """Writes a .tar.gz; `programs` are the names that can be run."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, content in sorted(files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755 if name in programs else 0o644
                archive.addfile(entry, io.BytesIO(content))


def zipped(path: Path, files: dict[str, bytes], programs: set[str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():  # of a wheel, RECORD comes last
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, content)


def filled(name: str, **values: str) -> str:
    """A template of this folder with its @NAMES@ replaced."""
    text = (HERE / name).read_text()
    for key, value in {"VERSION": VERSION, **values}.items():
        text = text.replace(f"@{key}@", value)
    left = re.findall(r"@[A-Z_]+@", text)
    assert not left, f"{name}: {left} has no value"
    return text


def archive(out: Path, target: str, program: bytes) -> Path:
    """The archive that people download: the program, its licence and its README in a folder of its own."""
    folder = f"boxoffice-{VERSION}-{target}"
    name = f"{folder}/{program_name(target)}"
    files = {f"{folder}/{one}": (ROOT / one).read_bytes() for one in ["LICENSE", "README.md"]} | {name: program}
    is_zip = target.endswith("windows")
    path = out / f"{folder}{'.zip' if is_zip else '.tar.gz'}"
    (zipped if is_zip else tarball)(path, files, {name})
    return path


def npm(out: Path, homepage: str, programs: dict[str, bytes]) -> None:
    """One package a system, and one that asks for the one that fits and has the helpers for tests."""
    licence = (ROOT / "LICENSE").read_bytes()
    main = json.loads(filled("npm/package.json", HOMEPAGE=homepage))
    for target, program in programs.items():
        system, cpu = TARGETS[target][:2]
        file = program_name(target)
        about = {"name": f"boxoffice-{system}-{cpu}", "version": VERSION, "license": "MIT", "homepage": homepage}
        about["description"] = f"The program of the package boxoffice for {system} on {cpu}"
        about |= {"os": [system], "cpu": [cpu, "arm64"] if system == "win32" else [cpu], "preferUnplugged": True}
        main["optionalDependencies"][about["name"]] = VERSION
        files = {"package.json": json.dumps(about, indent=2).encode(), "LICENSE": licence, file: program}
        named = {f"package/{name}": content for name, content in files.items()}
        tarball(out / f"{about['name']}-{VERSION}.tgz", named, {f"package/{file}"})
    sources = [*(HERE / "npm").iterdir(), *(HELPERS / "node").iterdir()]
    files = {path.name: path.read_bytes() for path in sources}
    files |= {"package.json": json.dumps(main, indent=2).encode(), "LICENSE": licence}
    named = {f"package/{name}": content for name, content in files.items()}
    tarball(out / f"boxoffice-{VERSION}.tgz", named, {"package/bin.js"})


def wheel(out: Path, homepage: str, target: str, program: bytes) -> None:
    """A wheel whose program goes where commands go, beside a module and a plugin of pytest."""
    tag, info = f"py3-none-{TARGETS[target][2]}", f"boxoffice-{VERSION}.dist-info"
    files = {f"boxoffice/{path.name}": path.read_bytes() for path in sorted((HELPERS / "python/boxoffice").glob("*.*"))}
    scripts = f"boxoffice-{VERSION}.data/scripts/{program_name(target)}"
    files[scripts] = program
    described = f"""Metadata-Version: 2.4
Name: boxoffice
Version: {VERSION}
Summary: {DESCRIPTION}
Project-URL: Homepage, {homepage}
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.10
Classifier: Framework :: Pytest
Description-Content-Type: text/markdown

""" + (HERE / "python/README.md").read_text()
    tags = "".join(f"Tag: py3-none-{one}\n" for one in TARGETS[target][2].split("."))
    files[f"{info}/METADATA"] = described.encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: boxoffice\nRoot-Is-Purelib: false\n{tags}".encode()
    files[f"{info}/entry_points.txt"] = b"[pytest11]\nboxoffice.pytest_plugin = boxoffice.pytest_plugin\n"
    files[f"{info}/licenses/LICENSE"] = (ROOT / "LICENSE").read_bytes()

    def record(name: str, content: bytes) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        return f"{name},sha256={digest},{len(content)}\n"

    lines = [record(name, content) for name, content in files.items()] + [f"{info}/RECORD,,\n"]
    files[f"{info}/RECORD"] = "".join(lines).encode()
    zipped(out / f"boxoffice-{VERSION}-{tag}.whl", files, {scripts})


def formula(homepage: str, releases: str, sums: dict[str, str]) -> str:
    """The Homebrew formula."""
    lines = []
    for system, block in [("macos", "on_macos"), ("linux", "on_linux")]:
        cpus = [("on_arm", "aarch64"), ("on_intel", "x86_64")]
        cpus = [(cpu, arch) for cpu, arch in cpus if f"{arch}-{system}" in sums]
        if cpus:
            lines.append(f"  {block} do")
        for cpu, arch in cpus:
            url, digest = f"{releases}/boxoffice-{VERSION}-{arch}-{system}.tar.gz", sums[f"{arch}-{system}"]
            lines += [f"    {cpu} do", f'      url "{url}"', f'      sha256 "{digest}"', "    end"]
        if cpus:
            lines += ["  end", ""]
    return filled("boxoffice.rb", HOMEPAGE=homepage, DOWNLOADS="\n".join(lines))


def scoop(homepage: str, releases: str, digest: str) -> str:
    """The manifest for Scoop."""
    folder = f"boxoffice-{VERSION}-x86_64-windows"
    program = {"url": f"{releases}/{folder}.zip", "hash": digest, "extract_dir": folder}
    about = {"version": VERSION, "description": DESCRIPTION, "homepage": homepage, "license": "MIT"}
    return json.dumps(about | {"architecture": {"64bit": program}, "bin": "boxoffice.exe"}, indent=4) + "\n"


def installer(releases: str, sums: dict[str, str]) -> str:
    """The installer for Linux and macOS."""
    arms = []
    for target, (*_, uname) in TARGETS.items():
        if uname and target in sums:
            names = f'"{uname}"' if uname != "Linux aarch64" else '"Linux aarch64" | "Linux arm64"'
            arms.append(f"{names})\n    target={target}\n    sum={sums[target]}\n    ;;")
    return filled("install.sh", RELEASES=releases, TARGETS="\n".join(arms))


def container(out: Path, programs: dict[str, bytes]) -> None:
    """The folder from which the image is built."""
    folder = out / "container"
    shutil.rmtree(folder, ignore_errors=True)
    for empty in ["data", "tmp"]:
        (folder / empty).mkdir(parents=True)
    for path in [ROOT / "scripts/Containerfile", ROOT / "LICENSE", ROOT / "README.md"]:
        shutil.copy(path, folder)
    for target, program in programs.items():
        if architecture := TARGETS[target][3]:
            path = folder / architecture / "boxoffice"
            path.parent.mkdir()
            path.write_bytes(program)
            path.chmod(0o755)


def main(out: Path, releases: str, given: list[str]) -> None:
    programs = {target: Path(path).read_bytes() for target, path in (one.split("=", 1) for one in given)}
    homepage = "{0.scheme}://{0.netloc}".format(urlsplit(releases))
    shutil.rmtree(out, ignore_errors=True)
    for folder in ["npm", "python"]:
        (out / folder).mkdir(parents=True)
    archives = {target: archive(out, target, program) for target, program in programs.items()}
    sums = {target: hashlib.sha256(path.read_bytes()).hexdigest() for target, path in archives.items()}
    (out / "SHA256SUMS").write_text("".join(f"{sums[target]}  {path.name}\n" for target, path in archives.items()))
    npm(out / "npm", homepage, programs)
    for target, program in programs.items():
        wheel(out / "python", homepage, target, program)
    (out / "boxoffice.rb").write_text(formula(homepage, releases, sums))
    (out / "install.sh").write_text(installer(releases, sums))
    (out / "install.sh").chmod(0o755)
    if windows := sums.get("x86_64-windows"):
        (out / "boxoffice.json").write_text(scoop(homepage, releases, windows))
        (out / "install.ps1").write_text(filled("install.ps1", RELEASES=releases, WINDOWS_SUM=windows))
    container(out, programs)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
