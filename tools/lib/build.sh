# SPDX-License-Identifier: MIT
# Builds a preset, quietly unless it fails. To be sourced, with the current directory at the top.

# A compiler cache is used where there is one.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# build_preset PRESET LOG [TARGET...]: configures where needed, and builds.
build_preset() {
  local preset=$1 log=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}; } \
    >"$log" 2>&1; then
    grep -E -A 12 'error|Error|FAILED' "$log" | head -n 60 >&2
    echo "The build failed; all of it is in $log" >&2
    return 1
  fi
}
