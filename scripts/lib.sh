# Shared by start.sh and test.sh: what both need before cargo runs.

MINIMUM_RUST=1.95.0

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# Says plainly what is missing: the toolchain is the one thing these scripts do not install.
require_rust() {
    if ! command -v cargo >/dev/null 2>&1; then
        [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        say "No Rust toolchain found. Install Rust $MINIMUM_RUST or later with rustup (https://rustup.rs), then run this again."
        exit 1
    fi
    local have
    have=$(rustc --version | cut -d' ' -f2 | cut -d- -f1)
    if [ "$(printf '%s\n' "$MINIMUM_RUST" "$have" | sort -V | head -n1)" != "$MINIMUM_RUST" ]; then
        say "Rust $have is too old: OncoTwin needs $MINIMUM_RUST or later. Run: rustup update stable"
        exit 1
    fi
}

# Installs the named Debian packages that are not there yet.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            say "These packages are missing and there is no sudo to install them: ${missing[*]}"
            exit 1
        }
        root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
