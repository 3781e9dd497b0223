// SPDX-License-Identifier: MIT
// Stands in for libFuzzer where there is none: runs a target over the inputs that are kept, and
// then over random ones: changed copies of those, and the pieces that frames and replies are made
// of, put together so that most get past the first byte.
//
//   NAME_fuzz ITERATIONS SEED [FILE|FOLDER...]    the same arguments give the same inputs
//   NAME_fuzz FILE|FOLDER...                      these alone
#include <dirent.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace std::string_view_literals;

constexpr std::array kPieces = {
    "*"sv,
    "$"sv,
    "\r\n"sv,
    "\r"sv,
    "\n"sv,
    "0"sv,
    "1"sv,
    "2"sv,
    "4"sv,
    "7"sv,
    "-"sv,
    "-1"sv,
    "+"sv,
    " "sv,
    "\0"sv,
    "\xff"sv,
    "PING"sv,
    "application/openmetrics-text"sv,
    "text/plain"sv,
    ";q="sv,
    ","sv,
    "0."sv,
    "localhost"sv,
    "machine"sv,
    ".evil"sv,
    "["sv,
    "]"sv,
    ":"sv,
    "\""sv,
    "'"sv,
    "\\"sv,
    "\\x"sv,
    "e"sv,
    "99"sv,
    "?"sv,
    "|"sv,
    "/"sv,
    "*1\r\n"sv,
    "*2\r\n"sv,
    "$0\r\n\r\n"sv,
    "$1\r\na\r\n"sv,
    "$4\r\nPING\r\n"sv,
    "$100\r\n"sv,
    "2147483648"sv,
    "18446744073709551616"sv,
    "*1\r\n$4\r\nPING\r\n"sv,
    "0123456789012345"sv,
    // Of replies.
    "+OK\r\n"sv,
    "-ERR no\r\n"sv,
    ":1\r\n"sv,
    "_\r\n"sv,
    "%1\r\n"sv,
    "|1\r\n"sv,
    ">1\r\n"sv,
    "*?\r\n"sv,
    "$?\r\n"sv,
    ";1\r\na\r\n"sv,
    ";0\r\n"sv,
    ".\r\n"sv,
    "=5\r\ntxt:a\r\n"sv,
};

class Inputs {
 public:
  Inputs(std::mt19937::result_type seed, const std::vector<std::string>& kept)
      : random_(seed), kept_(kept) {}

  std::string next() { return kept_.empty() || below(2) == 0 ? of_pieces() : changed_copy(); }

 private:
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  char any_byte() { return static_cast<char>(below(256)); }

  std::string of_pieces() {
    std::string input;
    input.push_back(static_cast<char>(below(4)));
    input.push_back(any_byte());
    for (std::size_t pieces = 1 + below(16); pieces > 0; --pieces)
      input += kPieces[below(kPieces.size())];
    if (below(4) == 0) input[2 + below(input.size() - 2)] = any_byte();
    return input;
  }

  std::string changed_copy() {
    std::string input = kept_[below(kept_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
    return input;
  }

  void change(std::string& input) {
    constexpr std::size_t kLongestCut = 16;
    const std::size_t at = below(input.size() + 1);
    switch (below(4)) {
      case 0:
        input.insert(at, kPieces[below(kPieces.size())]);
        return;
      case 1:
        input.erase(at, 1 + below(kLongestCut));
        return;
      case 2:
        if (at < input.size()) input[at] = any_byte();
        return;
      default:
        add_part_of_another(input, at);
    }
  }

  void add_part_of_another(std::string& input, std::size_t at) {
    const std::string& other = kept_[below(kept_.size())];
    const std::size_t from = below(other.size() + 1);
    const std::size_t most = other.size() - from;
    input.replace(at, below(2) == 0 ? 0 : input.npos, other, from, below(most + 1));
  }

  std::mt19937 random_;
  const std::vector<std::string>& kept_;
};

std::string_view current_input;

/// What a target did not like, as printf(1) takes it.
void tell_input(int) {
  std::fputs("the input, for printf:\n", stderr);
  for (const char byte : current_input)
    std::fprintf(stderr, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  std::fputs("\n", stderr);
}

void run(std::string_view input) {
  current_input = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

// By functions of the C library, which MemorySanitizer watches: the C++ library is not compiled for
// it.

std::string content_of(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  std::string content;
  std::array<char, 4096> some;
  while (const std::size_t bytes = std::fread(some.data(), 1, some.size(), file))
    content.append(some.data(), bytes);
  std::fclose(file);
  return content;
}

/// Those of a folder, or the file itself.
void add_files(const std::string& path, std::vector<std::string>& files) {
  DIR* const folder = ::opendir(path.c_str());
  if (folder == nullptr) return files.push_back(path);
  while (const dirent* const entry = ::readdir(folder))
    if (entry->d_name[0] != '.') files.push_back(path + "/" + entry->d_name);
  ::closedir(folder);
}

/// In the order of their names, so that it does not depend on the file system.
std::vector<std::string> contents_of(int count, char** paths) {
  std::vector<std::string> files;
  for (int i = 0; i < count; ++i) add_files(paths[i], files);
  std::sort(files.begin(), files.end());
  std::vector<std::string> contents;
  for (const std::string& file : files) contents.push_back(content_of(file));
  return contents;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || (is_number(argv[1]) && (argc < 3 || !is_number(argv[2])))) {
    std::fprintf(stderr, "usage: %s [ITERATIONS SEED] [FILE|FOLDER...]\n", argv[0]);
    return 2;
  }
  ::signal(SIGABRT, tell_input);
  const bool is_random = is_number(argv[1]);
  const int first_path = is_random ? 3 : 1;
  const std::vector<std::string> kept = contents_of(argc - first_path, argv + first_path);
  for (const std::string& input : kept) run(input);
  if (!is_random) return 0;
  Inputs inputs(static_cast<std::mt19937::result_type>(std::strtoul(argv[2], nullptr, 10)), kept);
  for (unsigned long left = std::strtoul(argv[1], nullptr, 10); left > 0; --left)
    run(inputs.next());
  return 0;
}
