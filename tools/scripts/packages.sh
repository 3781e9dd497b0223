# SPDX-License-Identifier: MIT
# Installs what is missing from Debian's packages, saying what and why. To be sourced.
#
# Each need is "package|file that it brings|what for": the file tells whether it is there, whoever
# brought it.

build_needs=(
  "g++|/usr/bin/g++|compiles"
  "cmake|/usr/bin/cmake|describes the build"
  "ninja-build|/usr/bin/ninja|runs the build"
  "pkg-config|/usr/bin/pkg-config|finds libraries"
  "libspdlog-dev|/usr/include/spdlog/spdlog.h|logging"
  "libfmt-dev|/usr/include/fmt/format.h|formatting"
  "libtomlplusplus-dev|/usr/include/toml++/toml.h|reads the configuration"
  "doctest-dev|/usr/include/doctest/doctest.h|unit tests"
  "libcli11-dev|/usr/include/CLI/CLI.hpp|command lines"
  "libedit-dev|/usr/include/histedit.h|reactor-cli's prompt"
  "nlohmann-json3-dev|/usr/include/nlohmann/json.hpp|reactor-cli --json"
  "libcrypt-dev|/usr/include/crypt.h|compares passwords with their hashes"
  "libssl-dev|/usr/include/openssl/ssl.h|TLS"
  "libmicrohttpd-dev|/usr/include/microhttpd.h|HTTP listeners"
  "systemtap-sdt-dev|/usr/include/$(uname -m)-linux-gnu/sys/sdt.h|probes for perf and bpftrace"
  "libsystemd-dev|/usr/include/systemd/sd-daemon.h|tells systemd how the daemon is"
)
package_needs=(
  "git|/usr/bin/git|tells the time of the last commit"
  "scdoc|/usr/bin/scdoc|makes the manual pages"
  "python3|/usr/bin/python3|makes the manual page of the configuration"
  "dpkg-dev|/usr/bin/dpkg-shlibdeps|finds the libraries that a package needs"
  "file|/usr/bin/file|tells programs from other files"
  "lintian|/usr/bin/lintian|checks the package"
)
quickstart_needs=(
  "netcat-openbsd|/bin/nc.openbsd|talks to the daemon by hand"
)
test_needs=(
  "git|/usr/bin/git|lists the files to check"
  "systemd|/usr/bin/systemd-socket-activate|passes sockets to the daemon"
  "systemd-container|/usr/bin/systemd-nspawn|boots a machine to check the service in"
  "debootstrap|/usr/sbin/debootstrap|makes that machine's files"
  "scdoc|/usr/bin/scdoc|makes the manual pages"
  "clang|/usr/bin/clang++|the second compiler"
  "libclang-rt-14-dev|/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-$(uname -m).a|libFuzzer"
  "clang-tidy|/usr/bin/clang-tidy|looks for mistakes that compile"
  "lld|/usr/bin/ld.lld|links test programs, in a fifth of the time"
  "clang-format|/usr/bin/clang-format|checks the code's format"
  "python3|/usr/bin/python3|runs the integration tests"
  "python3-pytest|/usr/lib/python3/dist-packages/pytest|runs the integration tests"
  "python3-pytest-xdist|/usr/lib/python3/dist-packages/xdist|runs several of them side by side"
  "python3-pexpect|/usr/lib/python3/dist-packages/pexpect|types at prompts"
  "tmux|/usr/bin/tmux|terminals to type at"
  "zsh|/usr/bin/zsh|takes the completions"
  "fish|/usr/bin/fish|takes the completions"
  "python3-redis|/usr/lib/python3/dist-packages/redis|a client to test with"
  "openssl|/usr/bin/openssl|makes certificates to test with"
  "strace|/usr/bin/strace|makes system calls fail"
  "libmicrohttpd12|/usr/lib/$(uname -m)-linux-gnu/libmicrohttpd.so.12|HTTP listeners"
  "bpftrace|/usr/bin/bpftrace|attaches to the probes"
  "prometheus|/usr/bin/promtool|reads metrics, and plays its rules"
  "redis-tools|/usr/bin/redis-cli|clients to test with"
  "libhiredis-dev|/usr/include/hiredis/hiredis.h|a client library to test with"
  "php-cli|/usr/bin/php|runs the PHP clients"
  "php-redis|/usr/lib/php/20220829/redis.so|a client library to test with"
  "php-predis|/usr/share/php/Predis|a client library to test with"
  "ruby|/usr/bin/ruby|runs the Ruby client"
  "ruby-redis|/usr/share/rubygems-integration/all/gems/redis-4.8.0|a client library to test with"
  "libredis-perl|/usr/share/perl5/Redis.pm|a client library to test with"
  "lua5.1|/usr/bin/lua5.1|runs the Lua client"
  "lua-redis|/usr/share/lua/5.1/redis.lua|a client library to test with"
  "redis-server|/usr/bin/redis-server|a server to compare with"
  "haproxy|/usr/sbin/haproxy|a client to test with"
  "prometheus-redis-exporter|/usr/bin/prometheus-redis-exporter|a client to test with"
  "netcat-openbsd|/bin/nc.openbsd|a client to test with"
  "chromium|/usr/bin/chromium|looks at the page of reactor-load --html"
  "libpq-dev|/usr/include/postgresql/libpq-fe.h|builds the example with a database"
  "postgresql|/usr/lib/postgresql|the database of that example"
  "nodejs|/usr/bin/node|runs the Node clients"
  "npm|/usr/bin/npm|fetches the Node clients"
  "ca-certificates|/etc/ssl/certs/ca-certificates.crt|lets npm trust its registry"
)
bench_needs=(
  "python3|/usr/bin/python3|runs the comparison"
  "redis-server|/usr/bin/redis-server|a server to compare with"
  "redis-tools|/usr/bin/redis-benchmark|the second load generator"
  "memcached|/usr/bin/memcached|a server to compare with"
  "libevent-dev|/usr/include/event2/event.h|an echo server to compare with"
  "libuv1-dev|/usr/include/uv.h|an echo server to compare with"
  "libboost-dev|/usr/include/boost/asio.hpp|an echo server to compare with"
  "nutcracker|/usr/sbin/nutcracker|a relay to compare with"
  "haproxy|/usr/sbin/haproxy|a relay to compare with"
  "valgrind|/usr/bin/valgrind|counts instructions where the processor does not"
)

lab_needs=(
  "iproute2|/sbin/tc|makes hosts and the cable between them"
  "tcpdump|/usr/bin/tcpdump|captures packets"
  "procps|/sbin/sysctl|sets what a host keeps"
  "netcat-openbsd|/bin/nc.openbsd|a client by hand"
  "python3|/usr/bin/python3|runs the exercises"
  "python3-redis|/usr/lib/python3/dist-packages/redis|a client library"
  "nodejs|/usr/bin/node|runs the Node client"
  "npm|/usr/bin/npm|fetches the Node client"
  "ca-certificates|/etc/ssl/certs/ca-certificates.crt|lets npm trust its registry"
)

# as_root COMMAND...: runs it as root, by sudo where needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    echo "This needs root, and there is no sudo. As root, run: $*" >&2
    return 1
  fi
}

# install_missing NEED...: returns non-zero if something is still missing.
install_missing() {
  local need package file purpose missing=()
  for need in "$@"; do
    IFS='|' read -r package file purpose <<<"$need"
    [ -e "$file" ] && continue
    [[ " ${missing[*]} " == *" $package "* ]] && continue
    [ ${#missing[@]} -gt 0 ] || echo "Installing from Debian's packages:"
    printf '  %-26s %s\n' "$package" "$purpose"
    missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here; install these by hand." >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  if { as_root apt-get update && as_root apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 30 "$log" >&2
    rm -f "$log"
    echo "apt-get could not install: ${missing[*]}" >&2
    return 1
  fi
}
