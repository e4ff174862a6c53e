#!/usr/bin/env bash
# Tests of deploy/setup.sh: every way it can fail, each in a copy of its own with stand-ins for the commands
# that would touch the machine. Run it alone or through `make test`; needs nothing that Debian does not have.
# shellcheck disable=SC2016  # the stand-ins expand their own variables
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
repo=$(cd "$here/../.." && pwd)
readonly repo
scratch=$(mktemp -d)
readonly scratch
mounted=()
passed=0
failed=0
skipped=0

clean_up() {
    local folder
    for folder in "${mounted[@]}"; do umount "$folder" || true; done
    rm -rf "$scratch"
}
trap clean_up EXIT

# stand_in NAME: the script on standard input takes the place of the command NAME.
stand_in() {
    { printf '#!/bin/bash\n' && cat; } >"$fakes/$1"
    chmod 755 "$fakes/$1"
}

# new_copy NAME: a project of its own in $copy, on a machine that has every package and a good Rust.
new_copy() {
    copy=$scratch/$1
    fakes=$copy.fakes
    mkdir -p "$copy" "$fakes"
    chmod 777 "$scratch" "$copy" "$fakes"
    cp -r "$repo/deploy" "$copy/"
    printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n' >"$fakes/os-release"
    stand_in dpkg-query <<'EOF'
shift 3
for name; do [[ " ${ABSENT:-} " == *" $name "* ]] || printf 'ii  %s\n' "$name"; done
EOF
    stand_in apt-get <<<'echo "$*" >>"$0.called"; exit 0'
    stand_in sudo <<<'while [[ $1 == -* ]]; do shift; done; "$@"'
    stand_in uname <<<'echo x86_64'
    stand_in node <<<'echo v18.20.4'
    stand_in npm <<<'echo 9.2.0'
    stand_in rustc <<<'echo "rustc 1.95.0 (59807616e 2026-04-14)"'
    stand_in cargo-deny <<<"echo cargo-deny $(sed -n 's/^readonly CARGO_DENY_VERSION=//p' "$repo/deploy/setup.sh")"
    stand_in df <<<'printf "h\ndisk 0 0 9999999 0%% /\n"'
}

# with_installed: gives the copy the fetched files of this project; false where they are not there.
with_installed() {
    [[ -e $repo/.native/onnxruntime/libonnxruntime.so && -e $repo/.samples/vtest.avi ]] || return 1
    mkdir -p "$copy/.native" "$copy/.samples"
    cp -r "$repo/.native/onnxruntime" "$copy/.native/"
    cp "$repo/.samples/vtest.avi" "$copy/.samples/"
}

# set_up OPTIONS...: runs the copy's set-up; $status and $output hold what came of it.
set_up() {
    status=0
    output=$(PATH="$fakes:$PATH" GATEHOUSE_OS_RELEASE="$fakes/os-release" bash "$copy/deploy/setup.sh" "$@" 2>&1) || status=$?
}

# expect CODE WORDS...: the set-up ended with this code and said each of these.
expect() {
    local words
    if ((status != $1)); then
        printf 'ended with %s instead of %s\n%s\n' "$status" "$1" "$output"
        return 1
    fi
    shift
    for words; do
        if [[ $output != *"$words"* ]]; then
            printf 'did not say "%s":\n%s\n' "$words" "$output"
            return 1
        fi
    done
}

expect_not_called() {
    if [[ -e $fakes/$1.called ]]; then
        printf '%s was called: %s\n' "$1" "$(cat "$fakes/$1.called")"
        return 1
    fi
}

skip() {
    printf '%s\n' "$1"
    exit 77
}

a_ready_machine_is_left_alone_within_two_seconds() {
    new_copy ready
    with_installed || skip "the library and the video are not installed here"
    set_up
    expect 0 "setup: ready for test"
    local started=$EPOCHREALTIME took
    set_up
    took=$(((${EPOCHREALTIME/./} - ${started/./}) / 1000))
    if ((took > 2000)); then
        printf 'the second run took %s ms\n' "$took"
        return 1
    fi
    expect_not_called apt-get
}

another_system_is_refused_and_can_be_forced() {
    new_copy system
    printf 'PRETTY_NAME="Fedora Linux 42"\nID=fedora\n' >"$fakes/os-release"
    set_up --check
    expect 10 "this is Fedora Linux 42, not Debian 12" "what to do:"
    GATEHOUSE_SETUP_ANY_OS=1 set_up --check
    expect 18 "warning: Fedora Linux 42 is not Debian 12"
}

another_debian_is_refused() {
    new_copy release
    printf 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_CODENAME=bullseye\n' >"$fakes/os-release"
    set_up --check
    expect 10 "Debian GNU/Linux 11 (bullseye)"
}

an_unsupported_processor_is_refused() {
    new_copy processor
    stand_in uname <<<'echo riscv64'
    set_up --check
    expect 11 "riscv64" "x86_64 or aarch64"
}

missing_rust_is_refused() {
    new_copy no-rust
    stand_in rustc <<<'exit 127'
    set_up --check
    expect 12 "the Rust compiler is not there" "rustup"
}

old_rust_is_refused() {
    new_copy old-rust
    stand_in rustc <<<'echo "rustc 1.70.0 (90c541806 2023-05-31)"'
    set_up --check
    expect 12 "Rust is 1.70.0, at least 1.95 is needed" "rustup update"
}

unknown_options_and_values_are_refused() {
    new_copy options
    set_up --fast
    expect 2 'option "--fast" is not known'
    set_up --for production
    expect 2 '--for "production" is not known' "demo or --for test"
    GATEHOUSE_APT_LOCK_SECONDS=soon set_up
    expect 2 'GATEHOUSE_APT_LOCK_SECONDS is "soon"'
}

check_and_offline_name_what_is_missing_and_fetch_nothing() {
    new_copy offline
    export ABSENT="pkg-config mosquitto"
    set_up --check
    expect 18 "Debian packages: mosquitto pkg-config" "ONNX Runtime" "vtest.avi"
    set_up --offline
    expect 18 "missing: Debian packages: mosquitto pkg-config;"
    expect_not_called apt-get
}

without_root_packages_are_refused_before_anything_is_fetched() {
    new_copy no-root
    export ABSENT=mosquitto
    stand_in sudo <<<'exit 1'
    if ((EUID == 0)); then
        # Root needs no sudo: take on the identity of nobody.
        setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null || skip "cannot become another user here"
        status=0
        output=$(PATH="$fakes:/usr/bin:/bin" GATEHOUSE_OS_RELEASE="$fakes/os-release" setpriv --reuid 65534 --regid 65534 \
            --clear-groups bash "$copy/deploy/setup.sh" 2>&1 </dev/null) || status=$?
    else
        set_up </dev/null
    fi
    expect 13 "sudo" "apt-get install --no-install-recommends mosquitto"
    expect_not_called apt-get
}

without_a_network_packages_cannot_be_fetched() {
    new_copy no-network
    export ABSENT=mosquitto
    # What apt-get says with no name server: the update is content, the installation knows no package.
    stand_in apt-get <<'EOF'
if [[ $* == *update* ]]; then
    echo "Err:1 http://deb.debian.org/debian bookworm InRelease"
    echo "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'"
    exit 0
fi
echo "E: Unable to locate package mosquitto"
exit 100
EOF
    set_up
    expect 14 "the network cannot be reached" "deb.debian.org" "http_proxy"
}

a_broken_source_of_the_owners_does_not_stop_the_set_up() {
    new_copy third-party
    export ABSENT=mosquitto
    stand_in apt-get <<'EOF'
if [[ $* == *update* ]]; then
    echo "W: Failed to fetch http://packages.example.org/InRelease  Could not connect to packages.example.org:80"
    exit 0
fi
[[ $* == *install* ]] && touch "$0.installed"
[[ $* == *download* ]] && { echo "could not connect" >&2; exit 100; }
exit 0
EOF
    with_installed || skip "the library and the video are not installed here"
    set_up
    expect 0 "warning: not every package list could be read" "packages.example.org"
    [[ -e $fakes/apt-get.installed ]]
}

without_a_network_the_library_cannot_be_fetched() {
    new_copy no-index
    stand_in python3 <<'EOF'
[[ $* == *--version* ]] && exit 0
echo "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection'"
echo "ERROR: Could not find a version that satisfies the requirement onnxruntime==1.31.1 (from versions: none)"
exit 1
EOF
    set_up
    expect 14 "fetching ONNX Runtime" "PIP_INDEX_URL"
}

a_held_package_lock_is_named_after_the_wait() {
    new_copy locked
    export ABSENT=mosquitto
    stand_in apt-get <<'EOF'
echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4242 (unattended-upgr)"
exit 100
EOF
    GATEHOUSE_APT_LOCK_SECONDS=0 set_up
    expect 17 "held by process 4242 (unattended-upgr)" "GATEHOUSE_APT_LOCK_SECONDS (now 0)"
}

a_package_lock_that_is_released_in_time_is_waited_for() {
    new_copy released
    with_installed || skip "the library and the video are not installed here"
    export ABSENT=mosquitto
    stand_in apt-get <<'EOF'
if [[ ! -e $0.tried ]]; then
    touch "$0.tried"
    echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4242 (apt)"
    exit 100
fi
EOF
    GATEHOUSE_APT_LOCK_SECONDS=30 set_up
    expect 0 "waiting for it (at most 30 s)"
}

another_wheel_than_the_pinned_one_is_refused() {
    new_copy wheel
    stand_in python3 <<'EOF'
[[ $* == *--version* ]] && exit 0
while [[ $1 != --dest ]]; do shift; done
echo tampered >"$2/onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl"
EOF
    set_up
    expect 15 "the wheel of ONNX Runtime" "sha256 is" "expected"
    [[ ! -e $copy/.native/onnxruntime ]]
}

a_damaged_library_is_noticed_by_a_later_run() {
    new_copy damaged
    with_installed || skip "the library and the video are not installed here"
    printf 'x' >>"$(readlink -f "$copy/.native/onnxruntime/libonnxruntime.so")"
    printf 'x' >>"$copy/.samples/vtest.avi"
    set_up --check
    expect 18 "MISSING: ONNX Runtime" "MISSING: the sample video"
}

another_sample_video_than_the_pinned_one_is_refused() {
    new_copy sample
    with_installed || skip "the library and the video are not installed here"
    echo old >"$copy/.samples/vtest.avi"
    local package=$fakes/opencv-doc
    mkdir -p "$package/DEBIAN" "$package/usr/share/doc/opencv-doc/examples/data"
    printf 'Package: opencv-doc\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n' >"$package/DEBIAN/control"
    echo tampered >"$package/usr/share/doc/opencv-doc/examples/data/vtest.avi"
    dpkg-deb --build "$package" "$fakes/opencv-doc_1_all.deb" >/dev/null
    stand_in apt-get <<<"[[ \$* != *download* ]] || cp '$fakes/opencv-doc_1_all.deb' ."
    set_up
    expect 15 "the sample video is not the pinned file"
    [[ $(cat "$copy/.samples/vtest.avi") == old ]]
}

a_disk_with_too_little_space_is_refused_beforehand() {
    new_copy small-disk
    stand_in df <<<'printf "h\ndisk 0 0 102400 0%% /\n"'
    set_up
    expect 16 "has 100 MB free" "free some space"
    expect_not_called apt-get
}

a_disk_that_runs_full_on_the_way_is_named() {
    new_copy full-disk
    if ((EUID != 0)) || ! mount -t tmpfs -o size=25m none "$copy" 2>/dev/null; then
        skip "only root can mount a small disk"
    fi
    mounted+=("$copy")
    cp -r "$repo/deploy" "$copy/"
    # The disk looks large enough at first.
    stand_in df <<<'[[ -e $0.asked ]] && exec /bin/df "$@"; touch "$0.asked"; printf "h\ndisk 0 0 9999999 0%% /\n"'
    stand_in python3 <<'EOF'
[[ $* == *--version* ]] && exit 0
while [[ $1 != --dest ]]; do shift; done
exec head -c 100000000 /dev/zero >"$2/onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl"
EOF
    set_up
    expect 16 "fetching ONNX Runtime" "the disk ran full"
    umount "$copy"
    mounted=()
}

an_unknown_failure_shows_the_last_lines_of_the_command() {
    new_copy unknown
    export ABSENT=mosquitto
    stand_in apt-get <<<'[[ $* == *update* ]] && exit 0; echo "E: dpkg was interrupted, run dpkg --configure -a"; exit 100'
    set_up
    expect 19 "dpkg was interrupted" "setup.log"
}

an_interrupted_set_up_leaves_nothing_half_done() {
    new_copy interrupted
    stand_in python3 <<<'[[ $* == *--version* ]] && exit 0; echo $$ >"$0.pid"; exec sleep 60'
    PATH="$fakes:$PATH" GATEHOUSE_OS_RELEASE="$fakes/os-release" bash "$copy/deploy/setup.sh" >/dev/null 2>&1 &
    local running=$! deadline=$((SECONDS + 10))
    until [[ -s $fakes/python3.pid ]] || ((SECONDS > deadline)); do sleep 0.05; done
    kill -TERM "$running"
    status=0
    wait "$running" || status=$?
    output=
    expect 143
    if kill -0 "$(cat "$fakes/python3.pid")" 2>/dev/null; then
        printf 'the download still runs\n'
        return 1
    fi
    if compgen -G "$copy/.native/setup.??????" >/dev/null; then
        printf 'the scratch folder is still there\n'
        return 1
    fi
}

run_one() {
    local name=$1 said code=0
    # A shell of its own for each: what one exports or fails at is not the next one's.
    set +e
    said=$(
        set -e
        trap 'for folder in "${mounted[@]}"; do umount "$folder"; done' EXIT
        "$name" 2>&1
    )
    code=$?
    set -e
    case $code in
    0)
        passed=$((passed + 1))
        printf 'ok       %s\n' "$name"
        ;;
    77)
        skipped=$((skipped + 1))
        printf 'skipped  %s: %s\n' "$name" "$said"
        ;;
    *)
        failed=$((failed + 1))
        printf 'FAILED   %s\n%s\n' "$name" "$said"
        ;;
    esac
}

for name in $(declare -F | awk '{ print $3 }' | grep -E '^(a|an|another|check|missing|old|unknown|without)_'); do
    if (($# == 0)) || [[ " $* " == *" $name "* ]]; then run_one "$name"; fi
done
printf 'set-up: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
((failed == 0 && passed > 0))
