// SPDX-License-Identifier: MIT
#include "daemon/http/microhttpd.h"

#include <dlfcn.h>

#include <mutex>
#include <optional>

namespace reactord {

namespace {

/// The name of the interface that <microhttpd.h> declares, in Debian 12 and since.
constexpr const char* kFile = "libmicrohttpd.so.12";

/// False where the library has no function of that name.
template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

std::optional<Microhttpd> functions_of(void* library) {
  Microhttpd all{};
  const bool is_whole =
      find(library, "MHD_start_daemon", all.start_daemon) &&
      find(library, "MHD_stop_daemon", all.stop_daemon) &&
      find(library, "MHD_add_connection", all.add_connection) &&
      find(library, "MHD_run", all.run) && find(library, "MHD_get_timeout", all.get_timeout) &&
      find(library, "MHD_get_daemon_info", all.get_daemon_info) &&
      find(library, "MHD_get_connection_info", all.get_connection_info) &&
      find(library, "MHD_get_connection_values", all.get_connection_values) &&
      find(library, "MHD_lookup_connection_value", all.lookup_connection_value) &&
      find(library, "MHD_create_response_from_buffer", all.create_response_from_buffer) &&
      find(library, "MHD_create_response_from_callback", all.create_response_from_callback) &&
      find(library, "MHD_suspend_connection", all.suspend_connection) &&
      find(library, "MHD_resume_connection", all.resume_connection) &&
      find(library, "MHD_set_response_options", all.set_response_options) &&
      find(library, "MHD_add_response_header", all.add_response_header) &&
      find(library, "MHD_queue_response", all.queue_response) &&
      find(library, "MHD_destroy_response", all.destroy_response);
  return is_whole ? std::optional(all) : std::nullopt;
}

}  // namespace

/// Never unloaded: its threads' locals and GnuTLS' own would be left behind.
const Microhttpd* load_microhttpd(std::string& problem) {
  static std::mutex mutex;
  static std::optional<Microhttpd> loaded;
  const std::lock_guard lock(mutex);
  if (loaded) return &*loaded;
  void* const library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    problem =
        std::string("HTTP needs libmicrohttpd: ") + ::dlerror() + "; apt install libmicrohttpd12";
    return nullptr;
  }
  loaded = functions_of(library);
  if (!loaded) problem = std::string("HTTP needs another ") + kFile + ": a function is missing";
  return loaded ? &*loaded : nullptr;
}

}  // namespace reactord
