// SPDX-License-Identifier: MIT
// Files that are nearly modules. Real ones: tests/integration/modules_test.py.
#include "daemon/modules/module_stamp.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "daemon/reactor/unique_fd.h"

namespace reactord {
namespace {

/// A file of three sections (none, the names, the stamp), of which a test changes what it wants.
struct ElfFile {
  Elf64_Ehdr header{};
  Elf64_Shdr sections[3] = {};
  std::string names{"\0.names\0.reactord.module\0", 25};
  std::string stamp = "reactord-1 some compiler";

  ElfFile() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = ET_DYN;
    header.e_shoff = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 3;
    header.e_shstrndx = 1;
    sections[1].sh_offset = sizeof header + sizeof sections;
    sections[1].sh_size = names.size();
    sections[2].sh_name = 8;
    sections[2].sh_offset = sections[1].sh_offset + names.size();
    sections[2].sh_size = stamp.size();
  }

  [[nodiscard]] std::string bytes() const {
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out.append(reinterpret_cast<const char*>(sections), sizeof sections);
    return out + names + stamp;
  }
};

ModuleStamp stamp_of(const std::string& bytes) {
  const UniqueFd file(::memfd_create("module", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return read_module_stamp(file.get());
}

std::string problem_with(const ElfFile& file) {
  return stamp_of(file.bytes()).problem;
}

TEST_CASE("module stamp: it is read out of its section") {
  const ModuleStamp stamp = stamp_of(ElfFile().bytes());
  CHECK(stamp.problem.empty());
  CHECK(stamp.text == "reactord-1 some compiler");
}

TEST_CASE("module stamp: a file that is cut off anywhere is no module") {
  const std::string whole = ElfFile().bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(stamp_of(whole.substr(0, length)).problem.starts_with("is no reactord module: "));
  }
}

TEST_CASE("module stamp: any byte may be wrong") {
  const std::string whole = ElfFile().bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned change : {1u, 0x80u, 0xffu}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      const ModuleStamp stamp = stamp_of(changed);
      CHECK((stamp.text.empty() || stamp.problem.empty()));
    }
  }
}

TEST_CASE("module stamp: sizes that no file has take no memory") {
  ElfFile long_stamp;
  long_stamp.sections[2].sh_size = std::uint64_t{1} << 40;
  CHECK(problem_with(long_stamp) == "is no reactord module: its stamp has an impossible size");
  long_stamp.sections[2].sh_size = 257;
  CHECK(problem_with(long_stamp) == "is no reactord module: its stamp has an impossible size");
  ElfFile long_names;
  long_names.sections[1].sh_size = std::uint64_t{1} << 40;
  CHECK(problem_with(long_names) == "is no reactord module: its sections' names are too long");
  long_names.sections[1].sh_size = (1u << 20) + 1;
  CHECK(problem_with(long_names) == "is no reactord module: its sections' names are too long");
}

TEST_CASE("module stamp: what is no shared object, or has no stamp") {
  ElfFile other;
  other.header.e_type = ET_EXEC;
  CHECK(problem_with(other) == "is no reactord module: it is not a shared object of 64 bits");
  ElfFile without;
  without.sections[2].sh_name = 1;
  CHECK(problem_with(without) == "is no reactord module: it has no REACTORD_MODULE(...)");
  ElfFile no_sections;
  no_sections.header.e_shnum = 0;
  CHECK(problem_with(no_sections) == "is no reactord module: it has no table of sections");
}

}  // namespace
}  // namespace reactord
