# Shared by the scripts; to be sourced. Needs nothing but Rust: what else is missing, it installs (Debian's packages).
packages=()

# need COMMAND PACKAGE…: the packages to be installed when there is no such command.
need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }

as_root=()
((EUID == 0)) || as_root=(sudo)

install_needed() {
    ((${#packages[@]})) || return 0
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}"
}

need cc gcc libc6-dev # compiles SQLite
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
if ! command -v cargo >/dev/null; then
    echo "$0: there is no cargo; install Rust first (https://rustup.rs)." >&2
    exit 1
fi

# What drives the pages in a browser: the program, and the packages of tests/browser.
ready_browser() {
    if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; then
        echo "$0: node $(node --version) is too old; install 20 or later (https://nodejs.org)." >&2
        exit 1
    fi
    cargo build --quiet --locked
    [[ tests/browser/node_modules/.package-lock.json -nt tests/browser/package-lock.json ]] ||
        npm ci --prefix tests/browser --no-audit --no-fund
}
