# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034  # setup.sh and fetch.sh own the names that are shared
# How the set-up speaks and how it fails: numbered steps, a sign of life during long commands,
# and for every failure a reason, a remedy and an exit code of its own.

# The exit codes, as `setup.sh --help` lists them.
readonly EXIT_USAGE=2
readonly EXIT_NOT_DEBIAN=10
readonly EXIT_ARCHITECTURE=11
readonly EXIT_RUST=12
readonly EXIT_NO_ROOT=13
readonly EXIT_NETWORK=14
readonly EXIT_HASH=15
readonly EXIT_DISK_FULL=16
readonly EXIT_APT_LOCKED=17
readonly EXIT_INCOMPLETE=18
readonly EXIT_COMMAND=19

# A disk with less than this counts as full when a command has just failed.
readonly FULL_MB=20

# How often a long command shows that it is alive.
readonly HEARTBEAT_SECONDS=10

step_number=0
step_total=0
step_started=0
watched_pid=

# begin_step TITLE: opens the next numbered step.
begin_step() {
    step_number=$((step_number + 1))
    step_started=$SECONDS
    printf '[%d/%d] %s\n' "$step_number" "$step_total" "$1"
}

# end_step TEXT: closes the step with what it came to, and how long it took where that can be felt.
end_step() {
    local took=$((SECONDS - step_started))
    if ((took > 0)); then
        printf '      %s (%d s)\n' "$1" "$took"
    else
        printf '      %s\n' "$1"
    fi
}

note() {
    printf '      %s\n' "$1"
}

# fail CODE REASON REMEDY: the one way out of a set-up that cannot go on.
fail() {
    printf '\nsetup: cannot go on: %s\n  what to do: %s\n' "$2" "$3" >&2
    exit "$1"
}

# watched LABEL COMMAND...: runs the command into the log and shows its last line every few seconds.
# Returns the command's own status; `explain_failure` turns the log into a reason.
watched() {
    local label=$1 started=$SECONDS shown=$SECONDS status=0
    shift
    printf '\n$ %s\n' "$*" >>"$setup_log" || true
    : >"$command_log"
    LC_ALL=C "$@" >"$command_log" 2>&1 </dev/null &
    watched_pid=$!
    while kill -0 "$watched_pid" 2>/dev/null; do
        sleep 0.1
        if ((SECONDS - shown >= HEARTBEAT_SECONDS)); then
            shown=$SECONDS
            note "$label: $((SECONDS - started)) s: $(tail -n 1 "$command_log" | tr -d '\r' | cut -c1-90)"
        fi
    done
    wait "$watched_pid" || status=$?
    watched_pid=
    cat "$command_log" >>"$setup_log" 2>/dev/null || true
    return "$status"
}

# The words by which apt, dpkg, pip, cargo and tar say what kept them.
readonly WORDS_DISK_FULL='no space left on device|not enough free space|os error 28|errno 28|disk quota exceeded'
readonly WORDS_LOCKED='could not get lock|unable to acquire the dpkg frontend lock|unable to lock directory'
readonly WORDS_NETWORK='temporary failure resolving|could not resolve|could not connect|cannot initiate the connection|unable to connect|network is unreachable|connection (timed out|refused|failed|reset)|failed to establish a new connection|max retries exceeded|proxyerror|\(from versions: none\)|failed to fetch|spurious network error|failed to download'

log_says() {
    grep -qiE "$1" "$command_log"
}

fail_network() {
    fail "$EXIT_NETWORK" "$1: the network cannot be reached: $2" \
        "check the connection and, where one is needed, the proxy (http_proxy, https_proxy) and the mirrors (apt sources, PIP_INDEX_URL, cargo's source replacement); then run the set-up again"
}

# free_mb FOLDER: what is free on the disk that the folder, or its nearest existing parent, lies on.
free_mb() {
    local folder=$1
    while [[ ! -e $folder ]]; do folder=$(dirname "$folder"); done
    printf '%s\n' "$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))"
}

explain_disk_or_lock() {
    # On a full disk the log itself may have lost the words.
    if log_says "$WORDS_DISK_FULL" || (($(free_mb "$repo") < FULL_MB)) || (($(free_mb /usr) < FULL_MB)); then
        fail "$EXIT_DISK_FULL" "$1: the disk ran full" \
            "free some space (the set-up needs about $PACKAGES_MB MB under /usr and $FILES_MB MB under $repo) and run it again; it goes on where it stopped"
    fi
    if log_says "$WORDS_LOCKED"; then
        fail "$EXIT_APT_LOCKED" "$1: another program is installing packages: $(grep -iE "$WORDS_LOCKED" "$command_log" | head -n 1 | cut -c1-200)" \
            "wait until it has finished (after a start these are often the automatic updates), or raise GATEHOUSE_APT_LOCK_SECONDS (now $apt_lock_seconds), and run the set-up again"
    fi
}

# explain_failure WHAT: reads the log of the command that just failed and ends with the reason it finds there.
explain_failure() {
    explain_disk_or_lock "$1"
    if log_says "$WORDS_NETWORK"; then
        fail_network "$1" "$(grep -iE "$WORDS_NETWORK" "$command_log" | head -n 1 | cut -c1-200)"
    fi
    printf '%s\n' '----- last lines of the command -----' >&2
    tail -n 15 "$command_log" >&2
    fail "$EXIT_COMMAND" "$1 failed, see the lines above and $setup_log" \
        "mend what the lines above name and run the set-up again; it goes on where it stopped"
}

# need_space FOLDER MEGABYTES WHAT: refuses beforehand what would run the disk full half way.
need_space() {
    local free
    free=$(free_mb "$1")
    if ((free < $2)); then
        fail "$EXIT_DISK_FULL" "$3 needs about $2 MB and $1 has $free MB free" \
            "free some space on the disk of $1, or put the project on a larger one, and run the set-up again"
    fi
}

# sha256_is FILE HASH: true when the file is there and is the pinned one.
sha256_is() {
    [[ -f $1 ]] && [[ $(sha256sum <"$1" | cut -c1-64) == "$2" ]]
}

# require_sha256 FILE HASH WHAT: ends when a file that was just fetched is not the pinned one.
require_sha256() {
    local actual
    actual=$(sha256sum <"$1" | cut -c1-64)
    if [[ $actual != "$2" ]]; then
        fail "$EXIT_HASH" "$3 is not the pinned file: sha256 is $actual, expected $2" \
            "the mirror or a proxy serves another or a damaged file: try again, or fetch from another mirror (PIP_INDEX_URL, apt sources); nothing of it was kept"
    fi
}

# stop_watched: ends the command that still runs when the set-up is interrupted.
stop_watched() {
    if [[ -n $watched_pid ]]; then
        kill "$watched_pid" 2>/dev/null || true
        wait "$watched_pid" 2>/dev/null || true
        watched_pid=
    fi
}
