#!/usr/bin/env bash
# Checks that every test that docs/consistency.md names exists, and that every promise names one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
document=docs/consistency.md
failed=0
named=0
while IFS= read -r name; do
  named=$((named + 1))
  file=${name%%:*}
  if [ ! -f "$file" ]; then
    echo "$document: there is no file $file"
    failed=1
    continue
  fi
  [ "$file" = "$name" ] && continue
  test=${name##*: }
  if ! grep -qE "^TEST(_F|_P)?\(${test%.*}, ${test#*.}\)" "$file"; then
    echo "$document: $file has no test $test"
    failed=1
  fi
done < <(sed 's/`/\n/g' "$document" | grep '^tests/')
if grep -E '^\| [A-Z]' "$document" | grep -v 'tests/'; then
  echo "$document: these promises name no test"
  failed=1
fi
[ "$named" -gt 0 ] || { echo "$document: names no test"; failed=1; }
exit $failed
