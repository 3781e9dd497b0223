// SPDX-License-Identifier: MIT
// Where perf, bpftrace and their like can look into the running daemon: all of its probes (USDT),
// with their arguments. tools/probes has scripts that use them.
//
// A probe is one nop and a note in the binary that says where each argument lies. Nothing else
// happens while nobody looks: so no argument is computed for a probe, and none of them reads the
// clock, since whoever looks has one. A `text` is a pointer to bytes that end with a NUL.
//
//   accept(fd, text listener)                    taken from the backlog
//   open(client, fd, is_admin)                   a connection now, after TLS, PROXY and limits
//   close(client, text reason, received, sent)   the close reason, as in the log; bytes
//   request_begin(client, bytes)                 of a whole frame; the client by its CLIENT ID
//   request_end(client, result)                  0 replied, 1 or 2 its reply comes later, 3 put
//                                                off, 4 or 5 the connection ends behind it
//   reply_late(client, replies)                  so many replies that were to come have come
//   handler_begin(client, text command, words)   the command's whole name: "client|list"
//   handler_end(client, text command, result)    0 replied, 1 pending, 2 or 3 it ends the
//                                                connection, 255 it threw
//   send(client, wanted, sent, status)           bytes; 0 ok, 1 would block, 4 lost
//   turn_begin(events)                           the loop is awake, with so many of them
//   turn_end(nanoseconds)                        of the turn, without the sleep
#pragma once

#if !defined(REACTORD_NO_PROBES) && __has_include(<sys/sdt.h>)

#include <sys/sdt.h>

/// As STAP_PROBEn(), whose compiler takes its many lines of directives for many instructions, and
/// then inlines less around it.
#define REACTORD_PROBE_(name, count, arguments)                                                   \
  do {                                                                                            \
    __asm__ __volatile__ __inline__(_SDT_ASM_BODY(reactord, name, _SDT_ASM_ARGS,                  \
                                                  (count))::_SDT_ASM_OPERANDS_##count arguments); \
    __asm__ __volatile__ __inline__(_SDT_ASM_BASE);                                               \
  } while (0)

#define REACTORD_PROBE_ACCEPT(fd, listener) REACTORD_PROBE_(accept, 2, (fd, listener))
#define REACTORD_PROBE_OPEN(client, fd, is_admin) REACTORD_PROBE_(open, 3, (client, fd, is_admin))
#define REACTORD_PROBE_CLOSE(client, reason, received, sent) \
  REACTORD_PROBE_(close, 4, (client, reason, received, sent))
#define REACTORD_PROBE_REQUEST_BEGIN(client, bytes) \
  REACTORD_PROBE_(request_begin, 2, (client, bytes))
#define REACTORD_PROBE_REQUEST_END(client, result) REACTORD_PROBE_(request_end, 2, (client, result))
#define REACTORD_PROBE_REPLY_LATE(client, replies) REACTORD_PROBE_(reply_late, 2, (client, replies))
#define REACTORD_PROBE_HANDLER_BEGIN(client, command, words) \
  REACTORD_PROBE_(handler_begin, 3, (client, command, words))
#define REACTORD_PROBE_HANDLER_END(client, command, result) \
  REACTORD_PROBE_(handler_end, 3, (client, command, result))
#define REACTORD_PROBE_HANDLER_THREW(client, command) \
  REACTORD_PROBE_HANDLER_END(client, command, static_cast<unsigned char>(255))
#define REACTORD_PROBE_SEND(client, wanted, sent, status) \
  REACTORD_PROBE_(send, 4, (client, wanted, sent, status))
#define REACTORD_PROBE_TURN_BEGIN(events) REACTORD_PROBE_(turn_begin, 1, (events))
#define REACTORD_PROBE_TURN_END(nanoseconds) REACTORD_PROBE_(turn_end, 1, (nanoseconds))

#else

// Looked at by nobody, and not evaluated.
#define REACTORD_PROBE_ACCEPT(fd, listener) static_cast<void>(0)
#define REACTORD_PROBE_OPEN(client, fd, is_admin) static_cast<void>(0)
#define REACTORD_PROBE_CLOSE(client, reason, received, sent) static_cast<void>(0)
#define REACTORD_PROBE_REQUEST_BEGIN(client, bytes) static_cast<void>(0)
#define REACTORD_PROBE_REQUEST_END(client, result) static_cast<void>(0)
#define REACTORD_PROBE_REPLY_LATE(client, replies) static_cast<void>(0)
#define REACTORD_PROBE_HANDLER_BEGIN(client, command, words) static_cast<void>(0)
#define REACTORD_PROBE_HANDLER_END(client, command, result) static_cast<void>(0)
#define REACTORD_PROBE_HANDLER_THREW(client, command) static_cast<void>(0)
#define REACTORD_PROBE_SEND(client, wanted, sent, status) static_cast<void>(0)
#define REACTORD_PROBE_TURN_BEGIN(events) static_cast<void>(0)
#define REACTORD_PROBE_TURN_END(nanoseconds) static_cast<void>(0)

#endif
