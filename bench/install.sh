#!/bin/sh
# Install what the bench compares with, for root on Debian and its like. Nothing is started; a failure is no failure:
# the bench leaves out those rows and says so.
missing=
for pair in nginx:nginx-light aria2c:aria2 curl:curl openssl:openssl; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing to compare with:$missing"
    # Packages of servers start them, unless they are told that the system is not running.
    export SYSTEMD_OFFLINE=1 RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # several words on purpose
    apt-get install --yes --quiet --no-install-recommends $missing >/dev/null ||
        { apt-get update --quiet >/dev/null && apt-get install --yes --quiet --no-install-recommends $missing >/dev/null; } ||
        echo "That failed; the bench goes on without."
else
    echo "Not found, so not compared with:$missing"
fi
exit 0
