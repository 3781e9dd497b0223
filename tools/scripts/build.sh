# SPDX-License-Identifier: MIT
# Builds a preset, quietly unless it fails. To be sourced, with pipefail set and the current
# directory at the top.

# A compiler cache is used where there is one.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# Where no terminal watches, one line in so many seconds says how far it is.
tell_every_seconds=${REACTORD_TELL_EVERY_SECONDS:-30}

# show_progress: copies its input, and shows ninja's "[N/M]" of it.
show_progress() {
  local line told=$SECONDS
  while IFS= read -r line; do
    printf '%s\n' "$line"
    [[ $line =~ ^\[[0-9]+/[0-9]+\] ]] || continue
    if [ -t 2 ]; then
      printf '\r  %s ' "${BASH_REMATCH[0]}" >&2
    elif [ $((SECONDS - told)) -ge "$tell_every_seconds" ]; then
      printf '  compiling: %s\n' "${BASH_REMATCH[0]}" >&2
      told=$SECONDS
    fi
  done
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

# build_preset PRESET LOG [TARGET...]: configures where needed, and builds.
build_preset() {
  local preset=$1 log=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}; } 2>&1 |
    show_progress >"$log"; then
    grep -E -A 12 'error|Error|FAILED' "$log" | head -n 60 >&2
    echo "The build failed; all of it is in $log" >&2
    return 1
  fi
}
