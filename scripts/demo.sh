#!/usr/bin/env bash
# One day of contacts and complaints, to the daily report, on a suite that is started and stopped here.
#   scripts/demo.sh [FILE]    FILE: calls to load; none = 5,000 made-up ones, and 900 made-up complaints
#   MAPPING  how FILE is read (default contact_centre_calls)   ZONE  of its times and of the report (UTC)
#   DATE     day of the report   OUT  folder of the reports (default build/demo)   SPEAK   en or zh-CN
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
input=${1:-}
out=${OUT:-build/demo}
zone=${ZONE:-UTC}
today=$(TZ=$zone date +%F)
folder=$(mktemp -d)
trap 'stop_all; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$out"
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

if [ -n "$input" ]; then
  [ -r "$input" ] || { echo "demo: cannot read $input" >&2; exit 1; }
  mapping=${MAPPING:-contact_centre_calls}
  # The middle of the first month of the file that this mapping is for.
  date=${DATE:-2021-01-15}
else
  mapping=sqm_sample
  date=${DATE:-$today}
fi

say "Starting the suite"
start_redis "$folder"
start_suite "$folder/suite.log" --dev --data.dir="$folder/data" --listen.address=127.0.0.1:0
export SQM_LOGIN=$folder/data/dev/login.json
sqm() { "$bin/sqm" --zone "$zone" --lang "${SPEAK:-en}" "$@"; }
sqm status

made_up=
if [ -z "$input" ]; then
  made_up=yes
  say "Making up 5,000 contacts"
  input=$folder/contacts.csv
  sqm sample contacts --count 5000 --seed 1 --date "$date" --days 7 -o "$input"
fi

say "Importing contacts"
rejects=$out/rejects.csv
rm -f "$rejects"
# Refused rows are an answer (exit code 1), not a failure of the demo.
sqm import contacts "$input" --mapping "$mapping" --rejects "$rejects" || [ $? -eq 1 ]

say "Publishing the scorecards; calendar, categories and deadlines of complaints"
sqm seed

if [ -n "$made_up" ]; then
  say "Making up and importing the complaints of 30 days"
  sqm sample cases --count 900 --seed 1 --date "$date" --days 30 -o "$folder/cases.csv"
  sqm complaints import "$folder/cases.csv" --mapping sqm_sample_cases
  say "The most urgent complaints"
  sqm complaints queue breached --page-size 5
fi

say "Evaluating a sample of the contacts of $date (made-up answers, marked as simulated)"
sqm evaluate --sample 40 --seed 1 --date "$date" --scorecard contact-centre-call \
  --evaluator staff/qa-1 --evaluator staff/qa-2 --simulated

report() {
  local day=$1
  sqm report daily --date "$day" --wait 30 -o html --out "$out/daily-$day.html"
  sqm report daily --date "$day" -o json --out "$out/daily-$day.json"
}
say "Daily report of $date"
report "$date"
sqm report daily --date "$date" -o table
reports=("$out/daily-$date.html")
if [ "$date" != "$today" ]; then
  # Evaluations count on the day on which they are submitted, which is today.
  say "Daily report of $today, when the evaluations were made"
  report "$today"
  sqm report daily --date "$today" -o table
  reports+=("$out/daily-$today.html")
fi

say "Done"
for file in "${reports[@]}"; do
  printf 'Report: %s\n' "$(realpath "$file")"
done
if [ -s "$rejects" ]; then printf 'Refused rows: %s\n' "$(realpath "$rejects")"; fi
