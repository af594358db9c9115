#!/bin/sh
# The road from a rehearsal cloud to a verified folder. Nothing outside this machine is contacted.
#
#     sh examples/rehearse.sh FOLDER
#
# FOLDER is new or empty. It keeps the cloud, a trust store of its own, and the lockbox in FOLDER/stick/update.
set -eu

folder=${1:?"usage: rehearse.sh FOLDER"}
command -v lockstick >/dev/null || {
    echo "rehearse.sh: lockstick is not on the path; activate its environment first: . .venv/bin/activate" >&2
    exit 1
}
mkdir -p "$folder"

# A store for this rehearsal alone, so that this machine does not believe a rehearsal's roots for ever.
LOCKSTICK_TRUST_STORE=$folder/trust
export LOCKSTICK_TRUST_STORE

lockstick sandbox serve --data "$folder/cloud" >"$folder/cloud.log" 2>&1 &
cloud=$!
# Some shells report the end of a program that they were told to end.
trap '{ kill "$cloud" && wait "$cloud"; } 2>/dev/null || true' EXIT

# Its addresses appear when it takes requests.
until grep -q '^credentials' "$folder/cloud.log"; do
    kill -0 "$cloud" || { cat "$folder/cloud.log" >&2; exit 1; }
    sleep 0.2
done

lockstick sandbox define rehearsal --data "$folder/cloud"
lockstick build rehearsal --credentials "$folder/cloud/credentials.zip" --output "$folder/stick/update"
lockstick trust add rehearsal --from "$folder/cloud/credentials.zip"
lockstick verify "$folder/stick"
echo "Done: a lockbox that was built and proven is in $folder/stick/update."
