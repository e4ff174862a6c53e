# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034  # setup.sh and report.sh own the names that are shared
# How each missing thing is fetched, checked and put in place. A file appears under its final name only when it
# is complete and its hash is the pinned one, so an interrupted set-up leaves nothing half done.

readonly APT_PATIENCE=(-o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30)

work=

# workspace_open: a scratch folder on the project's own disk, one set-up at a time.
workspace_open() {
    if [[ -n $work ]]; then return 0; fi
    need_space "$repo" "$FILES_MB" "the set-up"
    mkdir -p "$native" "$repo/.samples"
    exec 9>"$native/setup.lock"
    if ! flock --nonblock 9; then
        note "another set-up of this project is running, waiting for it"
        flock 9
    fi
    work=$(mktemp -d "$native/setup.XXXXXX")
    setup_log=$native/setup.log
    command_log=$work/command.log
    : >"$setup_log"
}

workspace_close() {
    stop_watched
    if [[ -n $work ]]; then rm -rf "$work"; fi
}

library_path() {
    printf '%s\n' "$native/onnxruntime/libonnxruntime.so.$ONNXRUNTIME_VERSION"
}

# packages_absent NAME...: prints those that are not installed.
packages_absent() {
    # It fails where it has never heard of one, and lists the others all the same.
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <({ dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^ii *//p' | sort -u)
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# require_root PACKAGES: finds out before anything is downloaded whether packages can be installed at all.
require_root() {
    local remedy="run as root: apt-get install --no-install-recommends $* ; then run the set-up again as yourself"
    if ((EUID == 0)); then return 0; fi
    if ! command -v sudo >/dev/null; then
        fail "$EXIT_NO_ROOT" "packages are missing, you are not root and sudo is not there" "$remedy"
    fi
    # With a terminal sudo may ask for the password here, once, in the foreground.
    if ! { if [[ -t 0 ]]; then sudo -v; else sudo -n true; fi; } 2>/dev/null; then
        fail "$EXIT_NO_ROOT" "packages are missing and sudo does not let you become root" "$remedy"
    fi
}

# apt_get LABEL ARGUMENTS...: waits for another installation up to the limit, then gives up with its status.
apt_get() {
    local label=$1 deadline=$((SECONDS + apt_lock_seconds)) status=0
    shift
    while :; do
        status=0
        watched "$label" as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y -o Dpkg::Use-Pty=0 \
            "${APT_PATIENCE[@]}" "$@" || status=$?
        if ((status == 0)) || ! log_says "$WORDS_LOCKED" || ((SECONDS >= deadline)); then return "$status"; fi
        note "another program is installing packages, waiting for it (at most $apt_lock_seconds s)"
        sleep 1
    done
}

packages_install() {
    local had_broker=yes unreached=
    require_root "$@"
    need_space /usr "$PACKAGES_MB" "installing the Debian packages"
    need_space /var/cache/apt "$PACKAGES_CACHE_MB" "downloading the Debian packages"
    note "to install: $*"
    if [[ -n $(packages_absent mosquitto) ]]; then had_broker=no; fi
    # A broken source of the owner's is no reason to stop as long as the packages can be had from the others.
    if ! apt_get "reading the package lists" update || log_says "$WORDS_NETWORK"; then
        explain_disk_or_lock "reading Debian's package lists"
        unreached=$(grep -E '^(E|W|Err)' "$command_log" | head -n 1 | cut -c1-200 || true)
        note "warning: not every package list could be read: $unreached"
    fi
    if ! apt_get "installing" install --no-install-recommends "$@"; then
        if [[ -n $unreached ]] && log_says 'unable to locate package|no installation candidate'; then
            fail_network "reading Debian's package lists" "$unreached"
        fi
        explain_failure "installing Debian packages"
    fi
    # Debian starts a broker on port 1883 with the package; the tests start their own and the port is the owner's.
    if [[ $had_broker == no && -d /run/systemd/system && -z $(packages_absent mosquitto) ]]; then
        as_root systemctl disable --now mosquitto.service >>"$setup_log" 2>&1 ||
            note "warning: could not stop the mosquitto service, it listens on port 1883"
    fi
}

onnxruntime_fetch() {
    local python=python3 wheel library=$work/libonnxruntime.so
    # A Python of the user's own may come without pip; Debian's has it by now.
    if ! "$python" -m pip --version >/dev/null 2>&1; then python=/usr/bin/python3; fi
    if ! watched "downloading" "$python" -m pip download --disable-pip-version-check --no-input --retries 2 --timeout 30 \
        --no-deps --no-cache-dir --dest "$work" --only-binary=:all: --python-version 312 --implementation cp \
        --abi cp312 --platform "$wheel_platform" "onnxruntime==$ONNXRUNTIME_VERSION"; then
        explain_failure "fetching ONNX Runtime $ONNXRUNTIME_VERSION"
    fi
    wheel=$work/onnxruntime-$ONNXRUNTIME_VERSION-cp312-cp312-$wheel_platform.whl
    require_sha256 "$wheel" "$wheel_sha256" "the wheel of ONNX Runtime $ONNXRUNTIME_VERSION"
    if ! watched "unpacking" "$python" -c \
        'import shutil, sys, zipfile; shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]), open(sys.argv[3], "wb"))' \
        "$wheel" "onnxruntime/capi/libonnxruntime.so.$ONNXRUNTIME_VERSION" "$library"; then
        explain_failure "unpacking ONNX Runtime $ONNXRUNTIME_VERSION"
    fi
    require_sha256 "$library" "$library_sha256" "the library of ONNX Runtime $ONNXRUNTIME_VERSION"
    mkdir -p "$native/onnxruntime"
    mv -f "$library" "$(library_path)"
    ln -sfn "libonnxruntime.so.$ONNXRUNTIME_VERSION" "$native/onnxruntime/libonnxruntime.so"
    rm -f "$wheel"
}

sample_fetch() {
    local video=$work/vtest.avi package
    # Where the system's package lists are missing or old, lists of our own do, so this step never needs root.
    local private=(-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache")
    local download=(env -C "$work" LC_ALL=C apt-get -q -o APT::Sandbox::User= "${APT_PATIENCE[@]}")
    if ! watched "downloading opencv-doc (96 MB)" "${download[@]}" download opencv-doc; then
        mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
        if ! watched "reading the package lists" "${download[@]}" "${private[@]}" update ||
            ! watched "downloading opencv-doc (96 MB)" "${download[@]}" "${private[@]}" download opencv-doc; then
            explain_failure "fetching Debian's opencv-doc package"
        fi
    fi
    package=$(find "$work" -maxdepth 1 -name 'opencv-doc_*.deb' | head -n 1)
    # shellcheck disable=SC2016  # the inner shell expands them
    if ! watched "unpacking" bash -c 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -xO -f - "$2" >"$3"' unpack \
        "$package" "$SAMPLE_MEMBER" "$video"; then
        explain_failure "unpacking the sample video"
    fi
    require_sha256 "$video" "$SAMPLE_SHA256" "the sample video"
    mv -f "$video" "$repo/.samples/vtest.avi"
    rm -f "$package"
}

# cargo_deny_present: one of the user's own counts when it is the pinned version.
cargo_deny_present() {
    [[ $(PATH="$native/cargo-tools/bin:$PATH" cargo-deny --version 2>/dev/null) == "cargo-deny $CARGO_DENY_VERSION" ]]
}

cargo_deny_build() {
    note "compiling it takes about three minutes of one core"
    # A checker that runs for two seconds a day is worth no optimised build of its own.
    if ! watched "compiling" env CARGO_TARGET_DIR="$work/cargo-deny" CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_TERM_COLOR=never \
        cargo install --locked cargo-deny --version "$CARGO_DENY_VERSION" --root "$native/cargo-tools"; then
        explain_failure "building cargo-deny $CARGO_DENY_VERSION"
    fi
}
