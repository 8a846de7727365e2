#!/usr/bin/env bash
# How fast `crosscut data download` is beside `curl --parallel`, from a server on this machine to the disk.
#
#   docs/bench/download.sh [PROGRAM] [FILES] [CONNECTIONS] [SYMBOLS]
#
# 1. FILES files of 20 MB of noise, conversion off, against curl: same server, same files, same number of connections,
#    in turns, three times each. The ratio of the medians is printed; checksums are computed by crosscut alone.
# 2. A generated archive of SYMBOLS months of trades: fetched alone, converted alone, and both at once. The ratio of both
#    at once to the longer of the two is printed, and the largest resident size.
# Needs curl 7.66 or newer and GNU time. Everything is written below a temporary folder and removed.
set -euo pipefail

program=$(realpath "${1:-target/release/crosscut}")
files=${2:-200} connections=${3:-8} symbols=${4:-16}
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# Serves a folder; sets `server` and `url`.
serve() {
    "$program" data serve --dir "$1" 2>"$folder/served" >/dev/null &
    server=$!
    until grep -q 'http://' "$folder/served"; do sleep 0.05; done
    url=$(grep -o 'http://[0-9.:]*' "$folder/served")
}

# Runs a command; prints wall seconds, processor seconds and the largest resident size in MB.
timed() { command time -f '%e %U %S %M' -o "$folder/time" "$@" >/dev/null 2>&1 || { echo "failed: $*" >&2; exit 1; }
    awk '{printf "%.2f %.2f %.0f\n", $1, $2 + $3, $4 / 1024}' "$folder/time"; }

# The middle one of three lines by the first column.
middle() { sort -n | sed -n 2p; }

download() { # kind folder options...
    local kind=$1 place=$2; shift 2
    timed "$program" data download --exchange binance_futures --kind "$kind" --start-date 2024-01 --end-date 2024-01 \
        --mirror "$url" --hub "$place/hub" --raw "$place/raw" --connections "$connections" "$@"
}

mkdir -p noise/data/futures/um/monthly/aggTrades
# Ten files under all the names: what is measured is the way to the disk, not the server's disk.
for n in $(seq 0 9); do head -c 20000000 /dev/urandom > "noise/$n"; done
for n in $(seq -w 1 "$files"); do
    name=N${n}USDT at=noise/data/futures/um/monthly/aggTrades/N${n}USDT
    mkdir -p "$at"
    ln "noise/${n: -1}" "$at/$name-aggTrades-2024-01.zip"
    (cd "$at" && sha256sum "$name-aggTrades-2024-01.zip" > "$name-aggTrades-2024-01.zip.CHECKSUM")
done
serve noise
(cd noise && find data -name '*.zip') | while read -r path; do
    printf 'url = "%s/%s"\noutput = "curl/%s"\n' "$url" "$path" "$(basename "$path")"
done > list
: > curl.times; : > own.times
for _ in 1 2 3; do
    rm -rf curl own; mkdir curl
    timed curl --silent --parallel --parallel-max "$connections" --config list >> curl.times
    rm -rf curl
    download agg_trades own --convert=false >> own.times
    rm -rf own
done
kill "$server"
read -r curl_wall curl_cpu curl_mb <<< "$(middle < curl.times)"
read -r own_wall own_cpu own_mb <<< "$(middle < own.times)"
echo "$files files of 20 MB, $connections connections: curl $curl_wall s ($curl_cpu CPU s, $curl_mb MB)," \
     "crosscut $own_wall s ($own_cpu CPU s, $own_mb MB)," \
     "$(awk "BEGIN {printf \"%.0f %% of curl's rate\", 100 * $curl_wall / $own_wall}")"
rm -rf noise

"$program" data generate --dir made --symbols "$symbols" --days 31 --trades-per-day 50000 --start 2024-01-01 >/dev/null
serve made
download agg_trades both > both.times
download agg_trades alone --convert=false > fetch.times
timed "$program" data import --venue v --hub imported alone/raw/binance_futures/data > import.times
read -r both_wall both_cpu both_mb < both.times
read -r fetch_wall fetch_cpu fetch_mb < fetch.times
read -r import_wall import_cpu import_mb < import.times
echo "$symbols months of trades, $(du -sm made | cut -f1) MB: fetched $fetch_wall s ($fetch_cpu CPU s)," \
     "converted $import_wall s ($import_cpu CPU s, $import_mb MB), both at once $both_wall s ($both_cpu CPU s, $both_mb MB)," \
     "$(awk "BEGIN {longer = $fetch_wall > $import_wall ? $fetch_wall : $import_wall; printf \"%.2f times the longer\", $both_wall / longer}")"
