#!/usr/bin/env bash
# Checks form and contracts; fails on any difference and says which.   scripts/lint.sh [check...]
#   format   clang-format 14 over every C++ file
#   text     nothing that belongs to one machine; no unfinished marks
#   sources  every source file is named by a CMakeLists.txt
#   scripts  shellcheck
#   protos   buf lint; buf breaking against SINCE (ACCEPT_BREAKING=1: a change that is meant to break)
#   tidy     clang-tidy 14 on the C++ files changed since SINCE, uncommitted ones included
# SINCE: a commit; default: where the branch left the main line, or the last commit on the main line.
# FIX=1 lets clang-format and clang-tidy change the files.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
failed=()
files() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ -f "$f" ] && echo "$f"; done; }

check_format() {
  local list
  mapfile -t list < <(files '*.cc' '*.h')
  [ ${#list[@]} -eq 0 ] && return 0
  if [ -n "${FIX:-}" ]; then clang-format -i "${list[@]}"; fi
  printf '%s\n' "${list[@]}" | xargs -P "$(nproc)" -n 20 clang-format --dry-run --Werror 2>&1 |
    grep -E 'error:' | sort -u | head -n 40
  return "${PIPESTATUS[1]}"
}

check_text() {
  local found=0 list
  mapfile -t list < <(files . | grep -vE '^scripts/lint\.sh$')
  # Absolute paths of a checkout, package mirrors, and marks of unfinished work.
  if grep -nIE '(^|[^A-Za-z0-9._/-])/(work|home|root|farm)/[A-Za-z]' "${list[@]}"; then
    echo "text: these lines name a path of one machine"; found=1
  fi
  if grep -nIE 'registry\.[a-z.]+\.(org|com|io)|npmjs|pypi\.org|deb\.debian\.org' "${list[@]}"; then
    echo "text: these lines name a package registry"; found=1
  fi
  if grep -nIwE 'TODO|FIXME|XXX|HACK' "${list[@]}"; then
    echo "text: unfinished work"; found=1
  fi
  if grep -nIE '[[:blank:]]+$' "${list[@]}" | grep -vE '\.(svg|csv):' | head -n 20 | grep .; then
    echo "text: blanks at the end of a line"; found=1
  fi
  return $found
}

# A test that no list names would be missed by nobody.
check_sources() {
  local file folder name found=0
  while read -r file; do
    folder=$(dirname "$file") name=$(basename "$file" .cc)
    until grep -qwsF -- "$name" "$folder/CMakeLists.txt"; do
      if [ "$folder" = . ]; then
        git grep -qF "/$name.cc" -- '*CMakeLists.txt' '*.cmake' && break
        echo "sources: $file is built by nothing: name it in a CMakeLists.txt"; found=1
        break
      fi
      folder=$(dirname "$folder")
    done
  done < <(files '*.cc')
  return $found
}

check_scripts() {
  local list
  mapfile -t list < <({ files '*.sh'; grep -lE '^#!.*\b(ba)?sh\b' .ci/run scripts/* deploy/*/* 2>/dev/null; } | sort -u)
  shellcheck "${list[@]}"
}

since() {
  local since=${SINCE:-}
  if [ -z "$since" ]; then
    since=$(git merge-base HEAD origin/main 2>/dev/null || true)
    if [ -z "$since" ] || [ "$since" = "$(git rev-parse HEAD)" ]; then
      since=$(git rev-parse -q --verify HEAD~1 || git hash-object -t tree /dev/null)
    fi
  fi
  git rev-parse "$since"
}

check_protos() {
  # The tool's version is pinned in package.json; nothing of it is run at install.
  if [ ! -x node_modules/.bin/buf ] || [ package.json -nt node_modules/.package-lock.json ]; then
    npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error ||
      { echo "protos: npm install failed"; return 1; }
  fi
  node_modules/.bin/buf lint || return 1
  local since
  since=$(since) || return 1
  [ -n "${ACCEPT_BREAKING:-}" ] || git diff --quiet "$since" -- protos ||
    ! git cat-file -e "$since:buf.yaml" 2>/dev/null ||
    node_modules/.bin/buf breaking --against ".git#ref=$since"
}

check_tidy() {
  local since list ready
  since=$(since) || return 1
  mapfile -t list < <({
    git diff --name-only --diff-filter=d "$since" -- '*.cc' '*.h'
    git ls-files -o --exclude-standard -- '*.cc' '*.h'
  } | sort -u)
  # A header is checked through a source file that includes it: its own, or the first that does.
  mapfile -t list < <(for f in "${list[@]}"; do
    case "$f" in
      *.cc) echo "$f" ;;
      *) if [ -f "${f%.h}.cc" ]; then echo "${f%.h}.cc"; else git grep -lF "\"$f\"" -- '*.cc' | head -n 1; fi ;;
    esac
  done | sort -u)
  [ ${#list[@]} -eq 0 ] && return 0
  # clang must be able to read every compile command: no GCC precompiled headers, no GCC-only flags.
  scripts/deps.sh test || return 1
  cmake --preset tidy -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null || return 1
  ninja -C build/tidy -t targets all | sed -nE 's/^(generated(-bench)?\/[^:]*\.pb\.h):.*/\1/p' |
    xargs ninja -C build/tidy >/dev/null || return 1
  mapfile -t ready < <(for f in "${list[@]}"; do
    grep -qF "$PWD/$f\"" build/tidy/compile_commands.json && echo "$f"
  done)
  echo "tidy: ${#ready[@]} files changed since ${since:0:10}"
  [ ${#ready[@]} -eq 0 ] && return 0
  local arguments=(-p build/tidy --quiet "--extra-arg-before=-include$PWD/scripts/clang14.h")
  [ -n "${FIX:-}" ] && arguments+=(--fix)
  printf '%s\n' "${ready[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy "${arguments[@]}" 2>/dev/null
}

for check in "${@:-all}"; do
  case "$check" in
    all) set -- format text sources scripts protos tidy ;;
    format | text | sources | scripts | protos | tidy) ;;
    *) echo "lint: no check '$check'" >&2; exit 2 ;;
  esac
done
for check in "$@"; do
  SECONDS=0
  if "check_$check"; then echo "lint: $check ok (${SECONDS} s)"; else echo "lint: $check FAILED"; failed+=("$check"); fi
done
[ ${#failed[@]} -eq 0 ] || { echo "lint: failed: ${failed[*]}" >&2; exit 1; }
