// SPDX-License-Identifier: MIT
// GNU libmicrohttpd, loaded when a listener wants it: whoever serves no HTTP has neither it nor
// what it brings along (GnuTLS) in the process. Its functions, under their names without "MHD_".
//   https://www.gnu.org/software/libmicrohttpd/manual/libmicrohttpd.html
#pragma once

#include <microhttpd.h>

#include <string>

namespace reactord {

struct Microhttpd {
  decltype(&MHD_start_daemon) start_daemon;
  decltype(&MHD_stop_daemon) stop_daemon;
  decltype(&MHD_add_connection) add_connection;
  decltype(&MHD_run) run;
  decltype(&MHD_get_timeout) get_timeout;
  decltype(&MHD_get_daemon_info) get_daemon_info;
  decltype(&MHD_get_connection_info) get_connection_info;
  decltype(&MHD_get_connection_values) get_connection_values;
  decltype(&MHD_lookup_connection_value) lookup_connection_value;
  decltype(&MHD_create_response_from_buffer) create_response_from_buffer;
  decltype(&MHD_create_response_from_callback) create_response_from_callback;
  decltype(&MHD_suspend_connection) suspend_connection;
  decltype(&MHD_resume_connection) resume_connection;
  decltype(&MHD_set_response_options) set_response_options;
  decltype(&MHD_add_response_header) add_response_header;
  decltype(&MHD_queue_response) queue_response;
  decltype(&MHD_destroy_response) destroy_response;
};

/// Null, and `problem` says why, where it cannot be had. Takes milliseconds the first time; from
/// any thread.
[[nodiscard]] const Microhttpd* load_microhttpd(std::string& problem);

}  // namespace reactord
