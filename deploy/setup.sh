#!/usr/bin/env bash
# Makes a Debian 12 machine ready to build, test and run Gatehouse. It needs git and the Rust toolchain to be
# there and brings everything else: Debian packages, the ONNX Runtime library (pinned by version and SHA-256),
# the sample video and cargo-deny. What is there already is left alone, so running it again costs a second.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo
# shellcheck source-path=SCRIPTDIR source=lib/report.sh
. "$repo/deploy/lib/report.sh"
# shellcheck source-path=SCRIPTDIR source=lib/fetch.sh
. "$repo/deploy/lib/fetch.sh"

readonly RUST_MINIMUM=1.95
readonly ONNXRUNTIME_VERSION=1.31.1
readonly CARGO_DENY_VERSION=0.20.2
readonly SAMPLE_SHA256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf
# Where the sample video lies inside Debian's opencv-doc package.
readonly SAMPLE_MEMBER=./usr/share/doc/opencv-doc/examples/data/vtest.avi
# Free space that the steps need at their peak, measured on an empty system and rounded up.
readonly PACKAGES_MB=2200
readonly PACKAGES_CACHE_MB=600
readonly FILES_MB=800

# To build and run: the compiler, what the `opencv` crate's binding generator reads, what the JPEG library is built with,
# and the two media libraries.
readonly BUILD_PACKAGES=(
    build-essential pkg-config ca-certificates clang-14 libclang1-14 cmake nasm
    libopencv-core-dev libopencv-imgproc-dev
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstrtspserver-1.0-dev
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly gstreamer1.0-libav
)
# To build the console. Left out where a Node.js of another origin is there, which Debian's packages would displace.
readonly CONSOLE_PACKAGES=(nodejs npm)
readonly NODE_MINIMUM=18
# To test: the broker that two-process tests talk to, the database that several hubs share, the shell linter, what kills a
# program at an exact system call, and
# what makes a program's clock jump and stand still.
readonly TEST_PACKAGES=(mosquitto mosquitto-clients postgresql shellcheck strace faketime poppler-utils
    fonts-roboto-unhinted)

usage() {
    cat <<EOF
Usage: deploy/setup.sh [--for demo|test] [--check] [--offline]

  --for demo   only what building and running needs
  --for test   also what \`make test\` needs: mosquitto, postgresql, shellcheck, strace, faketime, poppler-utils,
               a font, cargo-deny (the default)
  --check      change nothing, only say what is missing
  --offline    fetch nothing; end with code $EXIT_INCOMPLETE if something is missing

Environment:
  GATEHOUSE_SETUP_ANY_OS=1      go on although this is not Debian 12 (untested)
  GATEHOUSE_APT_LOCK_SECONDS=N  wait so long for another package installation (120)
  PIP_INDEX_URL, http_proxy, https_proxy, cargo's and apt's own settings are honoured

Exit codes: 0 ready, 1 a bug in this script, $EXIT_USAGE wrong option, $EXIT_NOT_DEBIAN not Debian 12, $EXIT_ARCHITECTURE unsupported processor,
  $EXIT_RUST Rust missing or too old, $EXIT_NO_ROOT no way to become root, $EXIT_NETWORK no network, $EXIT_HASH hash mismatch,
  $EXIT_DISK_FULL disk full, $EXIT_APT_LOCKED package database locked, $EXIT_INCOMPLETE something is missing (--check, --offline),
  $EXIT_COMMAND another command failed
EOF
}

purpose="test"
mode=install
while (($# > 0)); do
    case $1 in
    --for)
        purpose=${2-}
        if [[ $purpose != demo && $purpose != test ]]; then
            fail "$EXIT_USAGE" "--for \"$purpose\" is not known" "use --for demo or --for test"
        fi
        shift
        ;;
    --check) mode=check ;;
    --offline) mode=offline ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) fail "$EXIT_USAGE" "option \"$1\" is not known" "use --for demo|test, --check, --offline or --help" ;;
    esac
    shift
done

readonly native=$repo/.native
readonly apt_lock_seconds=${GATEHOUSE_APT_LOCK_SECONDS:-120}
if [[ ! $apt_lock_seconds =~ ^[0-9]+$ ]]; then
    fail "$EXIT_USAGE" "GATEHOUSE_APT_LOCK_SECONDS is \"$apt_lock_seconds\"" "give a whole number of seconds, for example 120"
fi
missing=()

check_machine() {
    local name version machine rust
    begin_step "machine"
    name=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "${GATEHOUSE_OS_RELEASE:-/etc/os-release}" 2>/dev/null || true)
    if ! grep -qx 'VERSION_CODENAME="\{0,1\}bookworm"\{0,1\}' "${GATEHOUSE_OS_RELEASE:-/etc/os-release}" 2>/dev/null ||
        ! grep -qx 'ID="\{0,1\}debian"\{0,1\}' "${GATEHOUSE_OS_RELEASE:-/etc/os-release}"; then
        if [[ ${GATEHOUSE_SETUP_ANY_OS:-} != 1 ]]; then
            fail "$EXIT_NOT_DEBIAN" "this is ${name:-an unknown system}, not Debian 12 (bookworm)" \
                "use Debian 12 (a container or a virtual machine will do), or set GATEHOUSE_SETUP_ANY_OS=1 to try anyway on a relative of Debian"
        fi
        note "warning: ${name:-an unknown system} is not Debian 12; going on as GATEHOUSE_SETUP_ANY_OS=1 says, untested"
    fi

    machine=$(uname -m)
    case $machine in
    x86_64)
        wheel_platform=manylinux_2_28_x86_64
        wheel_sha256=1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536
        library_sha256=fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3
        ;;
    aarch64)
        wheel_platform=manylinux_2_28_aarch64
        wheel_sha256=0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc
        library_sha256=8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467
        ;;
    *)
        fail "$EXIT_ARCHITECTURE" "there is no ONNX Runtime $ONNXRUNTIME_VERSION for the processor type $machine" \
            "use a machine with x86_64 or aarch64"
        ;;
    esac

    if ! rust=$(rustc --version 2>/dev/null); then
        fail "$EXIT_RUST" "the Rust compiler is not there (rustc is not on the PATH or does not start)" \
            "install Rust $RUST_MINIMUM or newer from https://rustup.rs, open a new shell and run the set-up again"
    fi
    version=$(cut -d' ' -f2 <<<"$rust")
    if [[ $(printf '%s\n' "$RUST_MINIMUM" "$version" | sort -V | head -n 1) != "$RUST_MINIMUM" ]]; then
        fail "$EXIT_RUST" "Rust is $version, at least $RUST_MINIMUM is needed" "run \`rustup update stable\` and the set-up again"
    fi
    end_step "${name:-unknown system}, $machine, Rust $version"
}

install_packages() {
    local wanted=("${BUILD_PACKAGES[@]}") absent=()
    begin_step "Debian packages"
    if [[ $purpose == test ]]; then wanted+=("${TEST_PACKAGES[@]}"); fi
    if ! node_present; then wanted+=("${CONSOLE_PACKAGES[@]}"); fi
    # The library comes in a Python wheel, so fetching it takes pip.
    if ! sha256_is "$(library_path)" "$library_sha256" && ! python3 -m pip --version >/dev/null 2>&1; then
        wanted+=(python3-pip)
    fi
    mapfile -t absent < <(packages_absent "${wanted[@]}")
    if ((${#absent[@]} == 0)); then
        end_step "all ${#wanted[@]} are there"
    elif may_fetch "Debian packages: ${absent[*]}"; then
        packages_install "${absent[@]}"
        end_step "installed ${#absent[@]} of ${#wanted[@]}"
    fi
}

# Whether a Node.js that the console can be built with is there, with npm.
node_present() {
    local version
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [[ ${version%%.*} =~ ^[0-9]+$ ]] && ((${version%%.*} >= NODE_MINIMUM)) && npm --version >/dev/null 2>&1
}

install_onnxruntime() {
    begin_step "ONNX Runtime $ONNXRUNTIME_VERSION"
    if sha256_is "$(library_path)" "$library_sha256" && [[ -e $native/onnxruntime/libonnxruntime.so ]]; then
        end_step "there"
    elif may_fetch "ONNX Runtime $ONNXRUNTIME_VERSION"; then
        onnxruntime_fetch
        end_step "installed at .native/onnxruntime"
    fi
}

install_sample() {
    begin_step "sample video"
    if sha256_is "$repo/.samples/vtest.avi" "$SAMPLE_SHA256"; then
        end_step "there"
    elif may_fetch "the sample video .samples/vtest.avi"; then
        sample_fetch
        end_step "installed at .samples/vtest.avi"
    fi
}

install_cargo_deny() {
    begin_step "cargo-deny $CARGO_DENY_VERSION"
    if cargo_deny_present; then
        end_step "there"
    elif may_fetch "cargo-deny $CARGO_DENY_VERSION"; then
        cargo_deny_build
        end_step "installed at .native/cargo-tools"
    fi
}

# may_fetch WHAT: in the modes that change nothing, notes what is missing instead; otherwise makes ready to fetch.
may_fetch() {
    if [[ $mode != install ]]; then
        missing+=("$1")
        end_step "MISSING: $1"
        return 1
    fi
    workspace_open
}

main() {
    local started=$SECONDS text
    step_total=4
    if [[ $purpose == test ]]; then step_total=5; fi
    set -E
    trap 'printf "setup: a bug in %s, line %s\n" "${BASH_SOURCE[0]}" "$LINENO" >&2' ERR
    trap 'workspace_close' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    check_machine
    install_packages
    install_onnxruntime
    install_sample
    if [[ $purpose == test ]]; then install_cargo_deny; fi

    if ((${#missing[@]} > 0)); then
        text=$(printf '%s; ' "${missing[@]}")
        fail "$EXIT_INCOMPLETE" "missing: ${text%; }" "run deploy/setup.sh with a network and without --check or --offline"
    fi
    printf 'setup: ready for %s (%d s)\n' "$purpose" "$((SECONDS - started))"
}

main
