#!/bin/sh
# Installs paidan from a build: the program, its unit, its catalogs and the shipped rules. Run it again after each build: it
# replaces what belongs to the program and never touches rules that are in use, reports or the database.
#
#     systemd/install.sh [--binary FILE] [--destdir FOLDER]
#
#   --binary FILE      the program; without it .build/release/paidan
#   --destdir FOLDER   installs below FOLDER, for a package or an image, and starts nothing; also as DESTDIR=FOLDER
#
# Ends with 0 when all is in place, else 1 (64: called wrongly) with a line that says what is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(dirname -- "$here")
binary=$top/.build/release/paidan
root=${DESTDIR:-}

fail() {
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

while [ $# -gt 0 ]; do
    case $1 in
        --binary) [ $# -ge 2 ] || fail "--binary: no file named; name the program to install" 64; binary=$2; shift 2 ;;
        --destdir) [ $# -ge 2 ] || fail "--destdir: no folder named; name where to install" 64; root=$2; shift 2 ;;
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "$1: unknown; see --help" 64 ;;
    esac
done
root=${root%/}

[ -f "$binary" ] && [ -x "$binary" ] ||
    fail "$binary: not there; build it first: swift build -c release --static-swift-stdlib --product paidan"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "/usr/bin: only root may write there; run it with sudo, or give --destdir"

# Libraries that only the builder's account can reach would end in a service that never starts.
libraries=$(ldd "$binary" 2>/dev/null || true)
missing=$(printf '%s\n' "$libraries" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | tr '\n' ' ')
[ -z "$missing" ] || fail "$binary: needs $missing, not found here; build it with --static-swift-stdlib, or apt install libsqlite3-0 libsystemd0"
hidden=$(printf '%s\n' "$libraries" | sed -n 's/.*=> \(\/home\/[^ ]*\|\/root\/[^ ]*\|\/tmp\/[^ ]*\) .*/\1/p' | head -n 1)
[ -z "$hidden" ] || fail "$binary: needs $hidden, which the service can't see; build it with --static-swift-stdlib"
toolchain=$(printf '%s\n' "$libraries" | sed -n 's/.*=> \(.*\/libswiftCore\.so\) .*/\1/p')
[ -z "$toolchain" ] || echo "install.sh: note: the program needs the toolchain's $toolchain; --static-swift-stdlib makes it stand alone" >&2

# In one step each, so that a running program or an interrupted installation never meets half a file.
put() { # MODE SOURCE TARGET
    install -D -m "$1" "$2" "$root$3.new"
    mv -f "$root$3.new" "$root$3"
}

put 755 "$binary" /usr/bin/paidan
put 644 "$here/paidan.service" /usr/lib/systemd/system/paidan.service
put 644 "$here/paidan.sysusers" /usr/lib/sysusers.d/paidan.conf
put 644 "$here/paidan.tmpfiles" /usr/lib/tmpfiles.d/paidan.conf
put 644 "$here/paidan.catalog" /usr/lib/systemd/catalog/paidan.catalog
put 644 "$here/paidan.zh_CN.catalog" /usr/lib/systemd/catalog/paidan.zh_CN.catalog

# The shipped rules as they are, to compare with; into use only where there are none yet.
install -d -m 755 "$root/usr/share/paidan" "$root/etc/paidan"
rm -rf "$root/usr/share/paidan/rules"
cp -R "$top/rules" "$root/usr/share/paidan/rules"
chmod -R u=rwX,go=rX "$root/usr/share/paidan/rules"
if [ -z "$(find "$root/etc/paidan/rules" -name '*.yaml' 2>/dev/null | head -n 1)" ]; then
    mkdir -p "$root/etc/paidan/rules"
    cp -R "$root/usr/share/paidan/rules/." "$root/etc/paidan/rules/"
    rules="the shipped rules are in /etc/paidan/rules"
else
    rules="your rules in /etc/paidan/rules stay; the shipped ones are in /usr/share/paidan/rules"
fi

if [ -z "$root" ]; then
    systemd-sysusers paidan.conf
    systemd-tmpfiles --create paidan.conf
    journalctl --update-catalog
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
fi

echo "installed ${root:+below $root }: /usr/bin/paidan, paidan.service, catalogs; $rules"
if [ -z "$root" ] && systemctl --quiet is-active paidan 2>/dev/null; then
    echo "The service still runs the program of before: systemctl restart paidan"
fi
cat <<'NEXT'
Next:
    systemctl enable --now paidan                    # starts it, now and after each boot
    systemctl status paidan                          # open tasks, crews on duty, the rules in force
    usermod --append --groups paidan YOUR-NAME       # who sends reports and uses the commands; then log in again
NEXT
