#!/usr/bin/env bash
# Tests of deploy/install.sh, the systemd units and the lists of what the Debian packages hold. Everything is installed
# below a folder of its own; needs nothing that Debian does not have.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
repo=$(cd "$here/../.." && pwd)
readonly repo
scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0
skipped=0

# new_tree NAME: a project with stand-ins for what is built and fetched in $tree, an empty system in $system.
new_tree() {
    tree=$scratch/$1
    system=$scratch/$1.system
    mkdir -p "$tree/target/release" "$tree/.native/onnxruntime" "$system"
    cp -r "$repo/deploy" "$repo/models" "$repo/pipelines" "$tree/"
    echo library >"$tree/.native/onnxruntime/libonnxruntime.so.1"
    ln -s libonnxruntime.so.1 "$tree/.native/onnxruntime/libonnxruntime.so"
    local program
    for program in gatehouse-edge gatehouse-hub gatehouse; do
        printf '#!/bin/sh\necho first\n' >"$tree/target/release/$program"
        chmod 755 "$tree/target/release/$program"
    done
}

# run_install OPTIONS...: $status and $output hold what came of it.
run_install() {
    status=0
    output=$(bash "$tree/deploy/install.sh" --root "$system" "$@" 2>&1) || status=$?
}

# expect CODE WORDS...: it ended with this code and said each of these.
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

# expect_same WHAT WANTED FOUND
expect_same() {
    if [[ $2 != "$3" ]]; then
        printf '%s:\n' "$1"
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
        return 1
    fi
}

skip() {
    printf '%s\n' "$1"
    exit 77
}

# files_of FOLDER: every file below it, with its rights, sorted.
files_of() {
    (cd "$1" && find . -type f -printf '%m %P\n' | sort)
}

a_second_installation_changes_nothing() {
    new_tree second
    run_install
    expect 0 "put   /usr/bin/gatehouse-edge" "systemctl enable --now"
    local first
    first=$(cd "$system" && find . -printf '%P %i %m %T@\n' | sort)
    run_install
    expect 0 "everything is there already"
    expect_same "files changed" "$first" "$(cd "$system" && find . -printf '%P %i %m %T@\n' | sort)"
}

a_new_build_is_put_in_place_and_the_configuration_stays() {
    new_tree upgrade
    run_install --only edge
    echo '# ours' >>"$system/etc/gatehouse/edge.toml"
    printf '#!/bin/sh\necho second\n' >"$tree/target/release/gatehouse-edge"
    run_install --only edge
    expect 0 "put   /usr/bin/gatehouse-edge"
    expect_same "the program" second "$("$system/usr/bin/gatehouse-edge")"
    expect_same "the configuration" "# ours" "$(tail -n 1 "$system/etc/gatehouse/edge.toml")"
    expect_same "what was put" 1 "$(grep -c '^put' <<<"$output")"
}

a_configuration_is_not_for_everybody_to_read() {
    new_tree rights
    run_install
    expect 0
    expect_same "rights" "750 640 640 640" "$(cd "$system/etc/gatehouse" && stat -c %a . -- *.toml | tr '\n' ' ' | sed 's/ $//')"
}

an_uninstallation_keeps_configuration_and_data() {
    new_tree removal
    run_install
    mkdir -p "$system/var/lib/gatehouse-edge"
    echo key >"$system/var/lib/gatehouse-edge/node.key"
    run_install --uninstall
    expect 0 "/etc/gatehouse" "/var/lib/gatehouse-edge"
    expect_same "what is left" "640 etc/gatehouse/edge.toml
640 etc/gatehouse/gatehouse.toml
640 etc/gatehouse/hub.toml
644 var/lib/gatehouse-edge/node.key" "$(files_of "$system")"
    run_install --uninstall
    expect 0
}

an_uninstallation_of_one_leaves_the_others_whole() {
    new_tree one
    run_install --only hub --only edge
    run_install --uninstall --only hub
    local after
    after=$(files_of "$system" | grep -v hub.toml)
    rm -rf "$system"
    mkdir "$system"
    run_install --only edge
    expect_same "what is left" "$(files_of "$system")" "$after"
}

missing_things_are_named() {
    new_tree missing
    rm "$tree/target/release/gatehouse-hub"
    run_install --only hub
    expect 4 "gatehouse-hub is not there" "cargo build --release"
    rm "$tree/.native/onnxruntime/libonnxruntime.so"
    run_install --only edge
    expect 4 "ONNX Runtime" "deploy/setup.sh"
    rm "$tree"/target/release/*
    run_install
    expect 4 "there is no program"
}

a_program_whose_libraries_are_missing_is_not_installed() {
    command -v cc >/dev/null || skip "there is no C compiler to make such a program with"
    new_tree libraries
    echo 'int there(void) { return 0; }' | cc -shared -o "$scratch/libgone.so" -x c -
    echo 'int there(void); int main(void) { return there(); }' |
        cc -o "$tree/target/release/gatehouse-edge" -x c - -x none "$scratch/libgone.so"
    rm "$scratch/libgone.so"
    run_install --only edge
    expect 4 "libgone.so" "GStreamer"
    expect_same "what was put" "" "$(files_of "$system")"
}

unknown_options_are_refused() {
    new_tree options
    run_install --fast
    expect 2 'option "--fast" is not known'
    run_install --only gate
    expect 2 "use edge, hub or site"
    run_install --from
    expect 2 "--from needs a value"
}

# packaged CRATE: what the Debian package of a crate puts where, sorted.
packaged() {
    local source target mode file
    sed -n '/^assets = \[/,/^\]/s/^ *\["\(.*\)", "\(.*\)", "\(.*\)"\],$/\1 \2 \3/p' "$repo/crates/$1/Cargo.toml" |
        while read -r source target mode; do
            if [[ $target != */ ]]; then
                echo "$mode $target"
                continue
            fi
            for file in "$repo/crates/$1/"$source; do echo "$mode $target${file##*/}"; done
        done | sort
}

a_package_holds_what_an_installation_puts() {
    local what
    for what in edge hub; do
        new_tree "package-$what"
        run_install --only "$what"
        expect 0
        expect_same "gatehouse-$what: installed (<) and packaged (>)" "$(files_of "$system")" "$(packaged "$what")"
    done
}

a_unit_names_only_what_is_installed() {
    new_tree paths
    run_install
    expect 0
    local unit path
    for unit in "$system"/usr/lib/systemd/system/*.service; do
        while read -r path; do
            if [[ ! -e $system$path ]]; then
                printf '%s names %s, which is not installed\n' "${unit##*/}" "$path"
                return 1
            fi
        done < <(grep -oE '(/usr|/etc)/[a-z./-]+' "$unit" | grep -v /usr/share/doc)
    done
}

a_unit_is_understood_by_systemd() {
    command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
    local unit said
    mkdir -p "$scratch/units"
    for unit in "$repo"/deploy/systemd/*.service; do
        # The programs are not installed here.
        sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$scratch/units/${unit##*/}"
    done
    # What it says about other units of this machine is not ours.
    said=$(systemd-analyze verify "$scratch"/units/*.service 2>&1 | grep gatehouse || true)
    expect_same "systemd-analyze verify" "" "$said"
}

a_unit_gives_the_program_little_to_break() {
    command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
    systemd-analyze security --help 2>/dev/null | grep -q -- --offline || skip "this systemd cannot look at a unit that is not loaded"
    local unit said
    for unit in "$repo"/deploy/systemd/*.service; do
        # In tenths, 0 is nothing and 100 everything; a unit without any limit has 96.
        said=$(systemd-analyze security --offline=true --threshold=20 "$unit" 2>&1) || {
            printf '%s\n' "$said" | tail -n 1
            return 1
        }
    done
}

run_one() {
    local name=$1 said code=0
    # A shell of its own for each: what one exports or fails at is not the next one's.
    set +e
    said=$(
        set -e
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

for name in $(declare -F | awk '{ print $3 }' | grep -E '^(a|an|missing|unknown)_'); do
    if (($# == 0)) || [[ " $* " == *" $name "* ]]; then run_one "$name"; fi
done
printf 'installation: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
((failed == 0 && passed > 0))
