#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds every target with the compiler, the flags and the engine that OSS-Fuzz names, into $OUT: the
# program, its corpus, and the libraries that it loads. Downloads nothing.
set -eu
work=${WORK:-/tmp}/reactord

# The libraries of the distribution are built with libstdc++.
export CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"
cmake -S "$SRC/reactord" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=None -DREACTORD_FUZZ=ON \
  -DREACTORD_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DREACTORD_PRECOMPILE=OFF -DREACTORD_TOGETHER=ALL \
  -DCMAKE_BUILD_RPATH='$ORIGIN/lib'
cmake --build "$work" --target fuzz_targets

mkdir -p "$OUT/lib"
for program in "$work"/bin/*_fuzz; do
  name=$(basename "$program")
  cp "$program" "$OUT/"
  (cd "$SRC/reactord/tests/fuzz/corpus/${name%_fuzz}" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
  ldd "$program" | awk '$3 ~ /^\// { print $3 }' | grep -v -E '/lib(c|m|pthread|dl|rt|gcc_s)\.so' |
    xargs -r cp -L -n -t "$OUT/lib"
done
