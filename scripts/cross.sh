# Builds for other systems, from this machine and package registries alone; to be sourced after scripts/lib.sh. rustup
# need not have those targets: the compiler is Debian's rustc-web, which comes with the source of its standard library,
# and that is built as a part of the program (-Z build-std). zig (PyPI) is the C compiler and the linker of all of them.
# Nothing of it is installed: it is laid once into a folder of 1 GB, CROSS_CACHE.
cross="${CROSS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/boxoffice-cross}"

# The dependency of a Debian package whose name begins like this.
depends_on() { apt-cache depends "$1" | sed -n "s/^ *Depends: \($2[0-9.]*\)\$/\1/p" | head -1; }

# cross_rustc: the compiler and the source of its standard library, for the cargo of rustup.
cross_rustc() {
    if [[ ! -x "$cross/bin/x86_64-w64-mingw32-dlltool" ]]; then
        local debian="$cross/debian" debs="$cross/debs" std deb tool
        rm -rf "$debian" "$debs"
        mkdir -p "$debian" "$debs"
        [[ -n "$(depends_on libstd-rust-web-dev libstd-rust-web-)" ]] || "${as_root[@]}" apt-get update -q
        std="$(depends_on libstd-rust-web-dev libstd-rust-web-)"
        # Beside them the LLVM of this rustc, and dlltool, which it calls for imports of Windows.
        (cd "$debs" && apt-get download -q rustc-web libstd-rust-web-dev "$std" "$(depends_on "$std" libllvm)" \
            rust-web-src binutils-mingw-w64-x86-64)
        for deb in "$debs"/*.deb; do
            case "$deb" in
            *rust-web-src*)
                dpkg-deb --fsys-tarfile "$deb" |
                    tar -x -C "$debian" --wildcards './usr/src/rustc-*/library' ./usr/lib/rustlib/src
                ;;
            *) dpkg -x "$deb" "$debian" ;;
            esac
        done
        rm -r "$debs"
        mkdir -p "$cross/bin"
        for tool in rustc x86_64-w64-mingw32-dlltool; do
            printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' \
                "$debian/usr/lib/x86_64-linux-gnu" "$debian/usr/bin/$tool" >"$cross/bin/$tool"
            chmod +x "$cross/bin/$tool"
        done
    fi
    export RUSTC="$cross/bin/rustc" RUSTC_BOOTSTRAP=1
    export PATH="$PATH:$cross/bin"
}

# cross_linker: zig, and what it and Debian's rustc do not have of each other.
cross_linker() {
    if [[ ! -x "$cross/venv/bin/cargo-zigbuild" ]]; then
        python3 -m venv "$cross/venv"
        "$cross/venv/bin/pip" -q install ziglang==0.15.2 cargo-zigbuild==0.24.1
    fi
    mkdir -p "$cross/nosdk" "$cross/stub"
    export PATH="$cross/venv/bin:$PATH"
    export SDKROOT="$cross/nosdk" # else xcrun is looked for; zig has stubs of macOS's libraries
    cross_framework Security security-framework-sys
    cross_framework CoreFoundation core-foundation-sys
    printf '!<arch>\n' >"$cross/stub/libssp_nonshared.a" # Debian's rustc asks for it on Windows, and zig needs none
}

# cross_framework NAME CRATE: what the linker must know of a framework of macOS, which zig has no stub of: where it is,
# and the names that the crate of its declarations asks for. What is said stands in every macOS, as "text-based stubs".
cross_framework() {
    local folder="$SDKROOT/System/Library/Frameworks/$1.framework" source targets="[ x86_64-macos, arm64-macos ]"
    source="$(cargo metadata --format-version 1 --locked |
        python3 -c 'import json, os, sys; print(*(os.path.dirname(package["manifest_path"])
            for package in json.load(sys.stdin)["packages"] if package["name"] == sys.argv[1]))' "$2")"
    mkdir -p "$folder"
    {
        printf '%s\n' '--- !tapi-tbd' 'tbd-version: 4' "targets: $targets" \
            "install-name: '/System/Library/Frameworks/$1.framework/Versions/A/$1'" \
            'exports:' "  - targets: $targets" '    symbols:'
        grep -rhoE 'pub (fn|static) [A-Za-z_0-9]+' "$source/src" | sed 's/.* /      - _/' | sort -u
        echo '...'
    } >"$folder/$1.tbd"
}
