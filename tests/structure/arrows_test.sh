#!/usr/bin/env bash
# Includes point one way (README.md, "How it is built"): a folder may include itself, the folders named for it below, and nothing else of ours.
# Usage: arrows_test.sh SOURCE_FOLDER
set -euo pipefail
cd "${1:?the source folder}"

# folder: what it may include
allowed() {
  case $1 in
    gitops/base) echo "" ;;
    gitops/yaml) echo "gitops/base" ;;
    gitops/model) echo "gitops/base gitops/yaml" ;;
    gitops/http) echo "gitops/base" ;;
    gitops/git) echo "gitops/base gitops/http" ;;
    gitops/store) echo "gitops/base gitops/yaml gitops/model gitops/git" ;;
    render/*) echo "gitops/base gitops/yaml gitops/model render" ;;
    plugins/*) echo "gitops/base gitops/model gitops/http plugins/ports" ;;
    plugins) echo "gitops/base gitops/model gitops/http plugins" ;;
    daemon|daemon/*) echo "gitops render plugins daemon" ;;
  esac
}

wrong=0 checked=0
while IFS=: read -r file include; do
  folder=$(dirname "$file")
  target=$(dirname "$(sed -E 's/.*#include "([^"]+)".*/\1/' <<<"$include")")
  case $folder in render/*/*|plugins/*/*|daemon/*/*|gitops/*/*) folder=$(cut -d/ -f1-2 <<<"$folder") ;; esac
  checked=$((checked + 1))
  [ "$target" = "$folder" ] && continue
  fine=no
  for may in $(allowed "$folder"); do
    case $target in "$may"|"$may"/*) fine=yes ;; esac
  done
  [ "$fine" = yes ] || { echo "$file includes $target: $folder may include only: $folder $(allowed "$folder")"; wrong=$((wrong + 1)); }
done < <(grep -rHE '^#include "(gitops|render|plugins|daemon)/' --include='*.h' --include='*.cc' gitops render plugins daemon)

# Asio and Beast cost seconds a file: only the HTTP server sees them.
if grep -rnE '#include <boost/(asio|beast)' --include='*.h' --include='*.cc' gitops render plugins daemon | grep -v '^daemon/http/'; then
  echo "Asio and Beast stay in daemon/http"; wrong=$((wrong + 1))
fi
if grep -rnE '#include <(git2|git2/|curl/)' --include='*.h' --include='*.cc' gitops render plugins daemon | grep -vE '^gitops/(git|http)/'; then
  echo "libgit2 stays in gitops/git, libcurl in gitops/http"; wrong=$((wrong + 1))
fi
[ "$checked" -gt 0 ] || { echo "no includes found: is this the source folder?"; exit 1; }
echo "$checked includes checked, $wrong wrong"
[ "$wrong" = 0 ]
