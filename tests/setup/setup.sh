#!/bin/bash
# Puts the real nginx builds and the Python programs that the tests need under target, installing nothing that runs.
#
#   target/nginx/VERSION/nginx         1.18.0, 1.22.1 and 1.26.3 as Debian built them
#   target/nginx/faulty/NAME/nginx     1.26.3 with one fault in it (fault.c)
#   target/nginx/fuse2fs/fuse2fs       a file system that cannot exchange two names, with its library
#   target/python/bin                  what requirements.txt names, in an environment of its own
#   target/salt/bin                    Salt, the same way; with the argument `salt` only, it takes minutes
#
# Quick when all of it is there. The mirror and the keyring are the machine's own: apt names them, and pip its index.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/target/nginx
faults=(exits-with-NGINX segfaults-at-start exits-2 hangs answers-500 segfaults-per-request slow-answers
    goes-bad needs-a-variable resists starts-slowly sleeps-in-D)
commands=(gcc patchelf ip unshare nsenter flock)
packages=(gcc libc6-dev patchelf iproute2 util-linux)
libraries=(libssl3 libpcre2-8-0 zlib1g libcrypt1)

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# What a finished set-up looks like: these files, in this place (the faulty builds name their library by path, and
# the programs of a Python environment their interpreter).
stamp() { { cat "$@"; echo "$root"; } | sha256sum; }
nginx_stamp() { stamp "$here/setup.sh" "$here/fault.c"; }
nginx_is_ready() { ! missing_commands && [ "$(cat "$out/.ready" 2>/dev/null)" = "$(nginx_stamp)" ]; }
# An environment of Python programs has a name and the list of what is in it.
python_is_ready() { [ "$(cat "$root/target/$1/.ready" 2>/dev/null)" = "$(stamp "$here/$2")" ]; }

missing_commands() {
    for command in "${commands[@]}"; do
        command -v "$command" >/dev/null || { [ -x "/usr/sbin/$command" ] || return 0; }
    done
    return 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
    say "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >&2
}

# Prints `URI KEYRING` of the entry that this machine takes its main Debian packages from.
own_mirror() {
    local uri release entry keyring separator=
    IFS='|' read -r uri release entry < <(
        apt-get indextargets --no-release-info --format '$(REPO_URI)|$(RELEASE)|$(SOURCESENTRY)' \
            'Identifier: Packages' 'Component: main' |
            grep -E "\|($VERSION_CODENAME|stable|oldstable)\|" | head -n 1) || true
    [ -n "${uri:-}" ] || die "apt knows no Debian mirror with the suite $VERSION_CODENAME"
    # The stanza (deb822) or the line (one-line style) that names this mirror and this suite.
    [[ ${entry%:*} == *.sources ]] || separator='\n'
    keyring=$(awk -v RS="$separator" -v uri="${uri%/}" -v suite="$release" '
        index($0, uri) && index($0, suite) && match($0, /[Ss]igned-[Bb]y[:=][ ]*\/[^] \n]+/) {
            key = substr($0, RSTART, RLENGTH); sub(/^[^\/]*/, "", key); print key; exit
        }' "${entry%:*}")
    echo "$uri ${keyring:-}"
}

# Downloads into the working directory from other releases of the same mirror; the system's apt is left alone.
download() {
    local uri keyring apt suite
    read -r uri keyring < <(own_mirror)
    mkdir -p apt/lists/partial apt/cache/archives/partial
    for suite in bullseye bookworm trixie; do
        echo "deb ${keyring:+[signed-by=$keyring] }$uri $suite main"
    done > apt/sources.list
    apt=(apt-get -qq -o Dir::Etc::SourceList="$PWD/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User="$(id -un)"
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        -o Acquire::Retries=3)
    "${apt[@]}" update >&2
    "${apt[@]}" download "$@" >&2
}

# unpack PACKAGE-FILE PATTERN... : the files that match, flat, into the working directory.
unpack() {
    local deb=$1 tree pattern
    shift
    tree=$(mktemp -d -p "$PWD")
    dpkg-deb -x "$deb" "$tree"
    for pattern in "$@"; do
        find "$tree" -path "$pattern" -exec cp -P {} . \;
    done
    rm -r "$tree"
}

# The program finds its libraries where it lies.
libraries_beside() { patchelf --set-rpath "$(dirname "$1")" "$1"; }

fetch_nginx() {
    local work=$out/work
    rm -rf "$work" && mkdir -p "$work" && cd "$work"
    say "downloading nginx 1.18.0, 1.22.1 and 1.26.3 from this machine's mirror"
    download nginx-light/bullseye libssl1.1/bullseye libpcre3/bullseye nginx/bookworm nginx/trixie
    local version package
    for version in 1.18.0 1.22.1 1.26.3; do
        package=$(ls nginx*_"$version"-*.deb)
        rm -rf "${out:?}/$version" && mkdir -p "$out/$version" && cd "$out/$version"
        unpack "$work/$package" '*/usr/sbin/nginx'
        if [ "$version" = 1.18.0 ]; then
            unpack "$(ls "$work"/libssl1.1_*.deb)" '*/libssl.so.*' '*/libcrypto.so.*'
            unpack "$(ls "$work"/libpcre3_*.deb)" '*/libpcre.so.*'
            # A library path in the environment would be lost at USR2: nginx clears it.
            libraries_beside "$out/$version/nginx"
        fi
        if ldd nginx | grep -q 'not found'; then install_packages "${libraries[@]}"; fi
        ./nginx -v 2>&1 | grep -q "nginx/$version" || die "$out/$version/nginx does not run here"
        cd "$work"
    done
    cd "$root" && rm -r "$work"
}

# Its library has no rename2, so the kernel answers every RENAME_EXCHANGE with EINVAL.
fetch_fuse2fs() {
    local work=$out/work
    rm -rf "$work" "$out/fuse2fs" && mkdir -p "$work" "$out/fuse2fs" && cd "$work"
    say "downloading fuse2fs from this machine's mirror"
    download fuse2fs/bookworm libfuse2/bookworm
    cd "$out/fuse2fs"
    unpack "$(ls "$work"/fuse2fs_*.deb)" '*/bin/fuse2fs'
    unpack "$(ls "$work"/libfuse2_*.deb)" '*/libfuse.so.2*'
    libraries_beside "$out/fuse2fs/fuse2fs"
    if ldd fuse2fs | grep -q 'not found'; then die "$out/fuse2fs/fuse2fs does not run here"; fi
    cd "$root" && rm -r "$work"
}

build_faulty() {
    local name directory
    for name in "${faults[@]}"; do
        directory=$out/faulty/$name
        mkdir -p "$directory"
        gcc -Wall -Wextra -Werror -O1 -shared -fPIC -D"FAULT=\"$name\"" -o "$directory/fault.so" "$here/fault.c"
        cp "$out/1.26.3/nginx" "$directory/nginx"
        patchelf --add-needed "$directory/fault.so" "$directory/nginx"
        NEEDED=1 "$directory/nginx" -v 2>&1 | grep -q 'nginx/1.26.3' || die "$directory/nginx does not run"
    done
}

prepare_nginx() {
    . /etc/os-release
    if [ "${ID:-}" != debian ]; then
        die "needs Debian 12: there apt brings ${packages[*]} ${libraries[*]}, and nginx 1.18.0, 1.22.1 and 1.26.3 are unpacked"
    fi
    if missing_commands; then install_packages "${packages[@]}"; fi
    export PATH=$PATH:/usr/sbin:/sbin
    local version
    for version in 1.18.0 1.22.1 1.26.3; do
        [ -x "$out/$version/nginx" ] || { fetch_nginx; break; }
    done
    [ -x "$out/fuse2fs/fuse2fs" ] || fetch_fuse2fs
    # Where target was moved they still name the place that it came from.
    libraries_beside "$out/1.18.0/nginx"
    libraries_beside "$out/fuse2fs/fuse2fs"
    build_faulty
    nginx_stamp > "$out/.ready"
    say "ready: $out"
}

# Debian keeps what `venv` needs in a package of its own.
prepare_python() {
    local python=$root/target/$1
    rm -rf "$python"
    if ! python3 -m venv "$python" >/dev/null 2>&1; then
        install_packages python3 python3-venv
        rm -rf "$python" && python3 -m venv "$python" >&2
    fi
    "$python/bin/pip" --quiet --disable-pip-version-check install --requirement "$here/$2" >&2
    stamp "$here/$2" > "$python/.ready"
    say "ready: $python"
}

environments=(python requirements.txt)
if [ "${1:-}" = salt ]; then environments=(salt salt.txt); fi
if nginx_is_ready && python_is_ready "${environments[@]}"; then exit 0; fi
mkdir -p "$out"
exec 9> "$out/.lock"
flock 9
nginx_is_ready || prepare_nginx
python_is_ready "${environments[@]}" || prepare_python "${environments[@]}"
