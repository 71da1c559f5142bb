#!/bin/sh
# Installs boxoffice @VERSION@ for this user, on Linux and macOS: sh install.sh [FOLDER], which is ~/.local/bin unless
# given. RELEASES is where the archives are.
set -eu
releases="${RELEASES:-@RELEASES@}"
folder="${1:-$HOME/.local/bin}"

system="$(uname -s) $(uname -m)"
# A shell under Rosetta says x86_64 on a Mac that has the other processor.
if [ "$system" = "Darwin x86_64" ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
    system="Darwin arm64"
fi
case "$system" in
@TARGETS@
*)
    echo "install.sh: there is no program for $system; build it from source with cargo." >&2
    exit 1
    ;;
esac
name="boxoffice-@VERSION@-$target"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if command -v curl >/dev/null; then
    curl -fsSL -o "$work/$name.tar.gz" "$releases/$name.tar.gz"
else
    wget -q -O "$work/$name.tar.gz" "$releases/$name.tar.gz"
fi
if command -v sha256sum >/dev/null; then
    found="$(sha256sum "$work/$name.tar.gz")"
else
    found="$(shasum -a 256 "$work/$name.tar.gz")"
fi
if [ "${found%% *}" != "$sum" ]; then
    echo "install.sh: $releases/$name.tar.gz is not what was released (SHA-256 ${found%% *}, expected $sum)." >&2
    exit 1
fi

tar -xzf "$work/$name.tar.gz" -C "$work"
mkdir -p "$folder"
# A rename, since a program that runs can't be written over.
cp "$work/$name/boxoffice" "$folder/.boxoffice.new"
mv -f "$folder/.boxoffice.new" "$folder/boxoffice"
"$folder/boxoffice" --version
echo "installed as $folder/boxoffice"
case ":$PATH:" in
*":$folder:"*) ;;
*) echo "add it to your PATH:  export PATH=\"$folder:\$PATH\"" ;;
esac
