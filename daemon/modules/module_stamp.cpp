// SPDX-License-Identifier: MIT
#include "daemon/modules/module_stamp.h"

#include <elf.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace reactord {

namespace {

constexpr std::string_view kSection = ".reactord.module";
/// Many times what a stamp takes.
constexpr std::size_t kMaxStampBytes = 256;
/// Of the names of all sections, of which even a large shared object has some hundreds.
constexpr std::size_t kMaxNameBytes = 1u << 20;

/// Reads exactly `size` bytes at `offset`; false at the end of the file and where it cannot be
/// read.
bool read_at(int fd, std::uint64_t offset, void* out, std::size_t size) {
  auto* to = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool is_shared_object(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_type == ET_DYN &&
         header.e_shentsize == sizeof(Elf64_Shdr);
}

bool is_named(const Elf64_Shdr& section, const std::string& names) {
  if (section.sh_name >= names.size()) return false;
  return std::string_view(names.c_str() + section.sh_name) == kSection;
}

ModuleStamp no_module(std::string_view why) {
  return {{}, std::string("is no reactord module: ").append(why)};
}

ModuleStamp stamp_in(int fd, const Elf64_Shdr& section) {
  if (section.sh_size == 0 || section.sh_size > kMaxStampBytes)
    return no_module("its stamp has an impossible size");
  std::string text(section.sh_size, '\0');
  if (!read_at(fd, section.sh_offset, text.data(), text.size()))
    return no_module("it is cut off within its stamp");
  text.resize(std::strlen(text.c_str()));
  return {text, {}};
}

}  // namespace

ModuleStamp read_module_stamp(int fd) {
  Elf64_Ehdr header{};
  if (!read_at(fd, 0, &header, sizeof header) || !is_shared_object(header))
    return no_module("it is not a shared object of 64 bits");
  if (header.e_shnum == 0 || header.e_shstrndx >= header.e_shnum)
    return no_module("it has no table of sections");
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (!read_at(fd, header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr)))
    return no_module("it is cut off: its table of sections is missing");
  const Elf64_Shdr& of_names = sections[header.e_shstrndx];
  if (of_names.sh_size > kMaxNameBytes) return no_module("its sections' names are too long");
  std::string names(of_names.sh_size, '\0');
  if (!read_at(fd, of_names.sh_offset, names.data(), names.size()))
    return no_module("it is cut off: its sections' names are missing");
  for (const Elf64_Shdr& section : sections)
    if (is_named(section, names)) return stamp_in(fd, section);
  return no_module("it has no REACTORD_MODULE(...)");
}

}  // namespace reactord
