#!/usr/bin/env bash
# Puts a built tree on a machine that has no Debian packages for it: programs, models, units, user, folders. Running it
# again brings what has changed and leaves the configuration alone.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo
readonly EXIT_USAGE=2 EXIT_NO_ROOT=3 EXIT_MISSING=4 EXIT_PACKAGED=5
readonly USER_NAME=gatehouse
readonly ALL=(edge hub site)

usage() {
    cat <<END
Usage: deploy/install.sh [--only edge|hub|site] [--from FOLDER] [--root FOLDER] [--uninstall]

  --only WHAT    edge: the node at a gate; hub; site: both in one process (may be given again; all that are built)
  --from FOLDER  where the built programs are (target/release)
  --root FOLDER  install below this folder instead of /, for images; starts and stops nothing
  --uninstall    take the programs and units away; configuration and data stay

Exit codes: 0 done, $EXIT_USAGE wrong option, $EXIT_NO_ROOT not root, $EXIT_MISSING something that is needed is not there,
  $EXIT_PACKAGED a Debian package has installed the programs
END
}

# fail CODE REASON REMEDY
fail() {
    printf 'install: cannot go on: %s\n  what to do: %s\n' "$2" "$3" >&2
    exit "$1"
}

program_of() {
    if [[ $1 == site ]]; then echo gatehouse; else echo "gatehouse-$1"; fi
}

from=$repo/target/release
root=
action=install
chosen=()
while (($# > 0)); do
    case $1 in
    --only | --from | --root)
        if [[ -z ${2-} ]]; then fail "$EXIT_USAGE" "$1 needs a value" "see deploy/install.sh --help"; fi
        case $1 in
        --only)
            if [[ " ${ALL[*]} " != *" $2 "* ]]; then
                fail "$EXIT_USAGE" "--only \"$2\" is not known" "use edge, hub or site"
            fi
            chosen+=("$2")
            ;;
        --from) from=$2 ;;
        --root) root=${2%/} ;;
        esac
        shift
        ;;
    --uninstall) action=uninstall ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) fail "$EXIT_USAGE" "option \"$1\" is not known" "see deploy/install.sh --help" ;;
    esac
    shift
done

# A machine that runs and is not an image under --root.
live() {
    [[ -z $root && -d /run/systemd/system ]]
}

changed=0

# put MODE FILE TARGET: copies a file where it differs from what is there.
put() {
    local target=$root$3
    if [[ -f $target ]] && cmp -s "$2" "$target" && [[ $(stat -c %a "$target") == "$1" ]]; then return 0; fi
    mkdir -p "$(dirname "$target")"
    # A program that runs is replaced beside it and never half there.
    install -m "$1" "$2" "$target.new"
    mv -f "$target.new" "$target"
    printf 'put   %s\n' "$3"
    changed=$((changed + 1))
}

# put_once MODE FILE TARGET: what the owner of the machine may have changed stays as it is.
put_once() {
    if [[ ! -e $root$3 ]]; then put "$1" "$2" "$3"; fi
}

check_program() {
    local program=$1 absent
    if [[ ! -x $from/$program ]]; then
        fail "$EXIT_MISSING" "$from/$program is not there" "build it: cargo build --release --workspace --bins"
    fi
    absent=$({ ldd "$from/$program" 2>/dev/null || true; } | sed -n 's/^\s*\(\S*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')
    if [[ -n $absent ]]; then
        fail "$EXIT_MISSING" "$program needs libraries that this machine lacks: $absent" \
            "install GStreamer 1.22 with its base, good, bad and libav plug-ins, and OpenCV 4.6 (core, imgproc)"
    fi
}

refuse_packaged() {
    if [[ -z $root ]] && command -v dpkg-query >/dev/null && dpkg-query -S "/usr/bin/$1" >/dev/null 2>&1; then
        fail "$EXIT_PACKAGED" "/usr/bin/$1 comes from a Debian package" "upgrade the package, or remove it first: apt remove $1"
    fi
}

make_user() {
    if [[ -n $root ]]; then
        # The image makes it when it starts, from the sysusers.d file.
        return 0
    elif command -v systemd-sysusers >/dev/null; then
        systemd-sysusers "/usr/lib/sysusers.d/$1.conf"
    else
        local group
        for group in gpio video render; do getent group "$group" >/dev/null || groupadd --system "$group"; done
        id "$USER_NAME" >/dev/null 2>&1 ||
            useradd --system --user-group --no-create-home --home-dir /var/lib/gatehouse --shell /usr/sbin/nologin "$USER_NAME"
    fi
}

# make_folders FOLDER...: the services make these too; keys and models may be wanted before they first start.
make_folders() {
    if [[ -z $root ]]; then install -d -o "$USER_NAME" -g "$USER_NAME" -m 700 "$@"; fi
}

# Passwords of cameras are read by the service and nobody else.
close_configuration() {
    local file
    chmod 750 "$root/etc/gatehouse"
    for file in "$root"/etc/gatehouse/*.toml; do
        if [[ ! -e $file ]]; then continue; fi
        chmod 640 "$file"
        if [[ -z $root ]]; then chown "root:$USER_NAME" "$file"; fi
    done
    if [[ -z $root ]]; then chown "root:$USER_NAME" "$root/etc/gatehouse"; fi
}

install_what_looks() {
    local library=$repo/.native/onnxruntime/libonnxruntime.so file
    if [[ ! -e $library ]]; then
        fail "$EXIT_MISSING" "the ONNX Runtime is not in .native/onnxruntime" "run deploy/setup.sh"
    fi
    put 644 "$library" /usr/lib/gatehouse/libonnxruntime.so
    put 644 "$repo/models/manifest.toml" /usr/share/gatehouse/models/manifest.toml
    for file in "$repo"/models/bundled/*.onnx; do
        put 644 "$file" "/usr/share/gatehouse/models/bundled/${file##*/}"
    done
    for file in "$repo"/pipelines/*.toml; do put 644 "$file" "/usr/share/gatehouse/pipelines/${file##*/}"; done
    for file in "$repo"/pipelines/access/*; do put 644 "$file" "/usr/share/gatehouse/pipelines/access/${file##*/}"; done
    put 644 "$repo/deploy/edge-configuration.md" /usr/share/doc/gatehouse-edge/edge-configuration.md
    put 644 "$repo/deploy/systemd/gatehouse-edge.udev" /usr/lib/udev/rules.d/60-gatehouse-edge.rules
    put 644 "$repo/deploy/systemd/gatehouse-edge.sysusers" /usr/lib/sysusers.d/gatehouse-edge.conf
}

install_one() {
    local program
    program=$(program_of "$1")
    refuse_packaged "$program"
    check_program "$program"
    case $1 in
    edge | site)
        install_what_looks
        make_user gatehouse-edge
        ;;
    hub)
        put 644 "$repo/deploy/systemd/gatehouse-hub.sysusers" /usr/lib/sysusers.d/gatehouse-hub.conf
        make_user gatehouse-hub
        ;;
    esac
    case $1 in
    edge)
        make_folders /var/lib/gatehouse /var/lib/gatehouse/models /var/lib/gatehouse-edge
        put_once 640 "$repo/deploy/edge.toml" /etc/gatehouse/edge.toml
        ;;
    hub)
        make_folders /var/lib/gatehouse-hub
        put_once 640 "$repo/deploy/hub.toml" /etc/gatehouse/hub.toml
        ;;
    site)
        make_folders /var/lib/gatehouse /var/lib/gatehouse/models /var/lib/gatehouse-site
        # A site's configuration is a node's; a broker and a hub are in the program.
        sed 's|/var/lib/gatehouse-edge|/var/lib/gatehouse-site|' "$repo/deploy/edge.toml" >"$scratch/site.toml"
        put_once 640 "$scratch/site.toml" /etc/gatehouse/gatehouse.toml
        ;;
    esac
    close_configuration
    put 755 "$from/$program" "/usr/bin/$program"
    put 644 "$repo/deploy/systemd/$program.service" "/usr/lib/systemd/system/$program.service"
    units+=("$program.service")
}

install_all() {
    local what units=()
    if ((${#chosen[@]} == 0)); then
        for what in "${ALL[@]}"; do
            if [[ -x $from/$(program_of "$what") ]]; then chosen+=("$what"); fi
        done
    fi
    if ((${#chosen[@]} == 0)); then
        fail "$EXIT_MISSING" "there is no program in $from" "build them: cargo build --release --workspace --bins"
    fi
    for what in "${chosen[@]}"; do install_one "$what"; done
    if live && ((changed > 0)); then
        systemctl daemon-reload
        # A machine without GPIO lines may have no udev either.
        udevadm control --reload 2>/dev/null || true
        udevadm trigger --subsystem-match=gpio 2>/dev/null || true
        systemctl try-restart "${units[@]}"
    fi
    if ((changed == 0)); then
        printf 'install: everything is there already\n'
    else
        printf 'install: done. Write /etc/gatehouse/*.toml, then: systemctl enable --now %s\n' "${units[*]}"
    fi
}

uninstall_all() {
    local what program path
    if ((${#chosen[@]} == 0)); then chosen=("${ALL[@]}"); fi
    for what in "${chosen[@]}"; do
        program=$(program_of "$what")
        refuse_packaged "$program"
        if live && [[ -e /usr/lib/systemd/system/$program.service ]]; then systemctl disable --now "$program.service"; fi
        rm -f "$root/usr/bin/$program" "$root/usr/lib/systemd/system/$program.service"
    done
    if [[ ! -e $root/usr/bin/gatehouse-hub ]]; then rm -f "$root/usr/lib/sysusers.d/gatehouse-hub.conf"; fi
    # What both the node and the site use goes with the last of them.
    if [[ ! -e $root/usr/bin/gatehouse-edge && ! -e $root/usr/bin/gatehouse ]]; then
        rm -rf "$root/usr/lib/gatehouse" "$root/usr/share/gatehouse" "$root/usr/share/doc/gatehouse-edge"
        rm -f "$root/usr/lib/udev/rules.d/60-gatehouse-edge.rules" "$root/usr/lib/sysusers.d/gatehouse-edge.conf"
    fi
    if live; then systemctl daemon-reload; fi
    printf 'install: taken away. These stay:\n'
    for path in "$root"/etc/gatehouse "$root"/var/lib/gatehouse*; do
        if [[ -e $path ]]; then printf '  %s\n' "$path"; fi
    done
}

if [[ -z $root ]] && ((EUID != 0)); then
    fail "$EXIT_NO_ROOT" "only root can install" "run it with sudo"
fi
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${action}_all"
