// SPDX-License-Identifier: MIT
// What must hold between the keys of a configuration: limits, and the parts of its listeners.
#include "config/check.h"

#include <doctest/doctest.h>

#include <string>

#include "config/toml/loader.h"
#include "tests/unit/config/config_fixtures.h"

namespace reactord {
namespace {

using test::good;
using test::handlers;
using test::ProblemRow;
using test::problems_of;

TEST_CASE("limits that defeat each other") {
  const ProblemRow rows[] = {
      {"[limits]\nmax_inline = \"2KiB\"\nmax_frame = \"1KiB\"\n",
       "2:14: limits.max_inline (2KiB) must not be more than limits.max_frame (1KiB): an inline "
       "line is "
       "a frame too"},
      {"[limits]\nmax_frame = \"16MiB\"\nmax_buffer_memory = \"8MiB\"\n",
       "2:13: limits.max_frame (16MiB) must not be more than limits.max_buffer_memory (8MiB): a "
       "frame "
       "of that size could never be received whole"},
      {"[limits]\noutput_high_water = \"512MiB\"\n",
       "2:21: limits.output_high_water (512MiB) must not be more than limits.max_buffer_memory "
       "(256MiB): one slow reader would be closed before it is paused"},
      // A bad value is reported alone: what it would have meant for others is not known.
      {"[limits]\nmax_inline = \"x\"\nmax_frame = \"1KiB\"\n",
       "2:14: limits.max_inline: expected a size such as \"64KiB\", found 'x'"},
      {"[limits]\nmax_inline = \"1KiB\"\nmax_frame = \"1KiB\"\n", ""},
  };
  test::check_rows(rows);
}

TEST_CASE("a limit that is not set follows a smaller one that is") {
  const LimitSettings frame = good("[limits]\nmax_frame = \"32KiB\"\n").limits;
  CHECK_EQ(frame.max_inline.bytes, 32u << 10);
  const LimitSettings memory = good("[limits]\nmax_buffer_memory = \"64KiB\"\n").limits;
  CHECK_EQ(memory.max_frame.bytes, 64u << 10);
  CHECK_EQ(memory.max_inline.bytes, 64u << 10);
  CHECK_EQ(memory.output_high_water.bytes, 64u << 10);
  const LimitSettings defaults;
  CHECK_EQ(good("[limits]\nmax_frame = \"64MiB\"\n").limits.max_inline, defaults.max_inline);
}

TEST_CASE("a listener's parts must fit together") {
  const ProblemRow rows[] = {
      {"[[listener]]\n",
       "1:1: listener.address: a listener needs an address, such as address = \"127.0.0.1:12345\""},
      {"[[listener]]\naddress = []\n", "2:11: listener.address: the list must not be empty"},
      {"[[listener]]\naddress = \"nowhere\"\n",
       "2:11: listener.address: 'nowhere' has no port: expected \"127.0.0.1:12345\", "
       "\"[::1]:12345\", "
       "\"unix:/run/reactord.sock\" or \"systemd\""},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[listener.tls]\n",
       "3:1: listener.tls.certificate: TLS needs a certificate: name its PEM file"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\ntls = true\n",
       "3:7: expected the table [listener.tls], found true or false"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[listener.tls]\ncertificate = \"a\"\nkey = "
       "[\"b\", \"c\"]\n",
       "5:7: listener.tls.key: there are 2 keys for 1 certificates: name one for each, in their "
       "order, or none where each stands in its certificate's file"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[listener.tls]\ncertificate = \"a\"\n"
       "client_auth = \"required\"\n",
       "5:15: listener.tls.client_auth: clients' certificates are held against those of client_ca: "
       "name its PEM file"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[listener.tls]\ncertificate = \"a\"\n"
       "client_ca = \"b\"\n",
       "5:13: listener.tls.client_ca has no effect here: no client is asked for a certificate "
       "unless client_auth says \"optional\" or \"required\""},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[listener.tls]\ncertificate = \"a\"\n"
       "min_version = \"1.1\"\n",
       "5:15: listener.tls.min_version: expected one of \"1.2\", \"1.3\", found '1.1'; did you "
       "mean "
       "'1.2'?"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\ncertificate = \"a\"\n",
       "3:1: unknown key 'certificate' in [[listener]]; it belongs in [listener.tls]"},
      {"[[listener]]\nname = \"\"\naddress = \"1.2.3.4:1\"\n",
       "2:8: listener.name: must not be empty"},
      {"[[listener]]\nname = \"a b\"\naddress = \"1.2.3.4:1\"\n",
       "2:8: listener.name: 'a b' has more than letters, digits, '.', '_' and '-'"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nframing = \"line\"\n",
       "1:1: listener.handler: a line or raw listener needs a handler, one of \"greet\", "
       "\"count\", "
       "\"plain\""},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nframing = \"raw\"\nhandler = \"gret\"\n",
       "4:11: listener.handler: there is no handler 'gret': expected one of \"greet\", \"count\", "
       "\"plain\"; did you mean 'greet'?"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nframing = \"raw\"\nhandler = \"parts\"\n",
       "4:11: listener.handler: no listener can be bound to 'parts': expected one of \"greet\", "
       "\"count\", \"plain\""},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nhandler = \"greet\"\n",
       "3:1: listener.handler has no effect here: a command listener has no handler of its own: "
       "each "
       "request names its command"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nframing = \"raw\"\nhandler = \"greet\"\n"
       "inline_replies = \"resp\"\nallow_commands = \"all\"\n",
       "5:1: listener.inline_replies has no effect here: only a command listener has inline "
       "commands\n"
       "6:1: listener.allow_commands has no effect here: only a command listener knows commands; "
       "this "
       "one has its handler"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nmode = \"0660\"\n",
       "3:1: listener.mode has no effect here: only Unix sockets have a mode"},
      {"[[listener]]\naddress = \"unix:/a\"\nallow = [\"::1\"]\n",
       "3:1: listener.allow has no effect here: peers of a Unix socket have no address; its mode "
       "says "
       "who may connect"},
      {"[[listener]]\naddress = \"systemd\"\n",
       "2:11: listener.address: \"systemd\" finds its sockets by the listener's name: give it one"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nallow = [\"10.0.0.0/8\", \"10.0.0.1/8\",\n\"x\"]\n",
       "3:24: listener.allow: '10.0.0.1/8' has bits set behind its prefix; did you mean "
       "'10.0.0.0/8'?\n"
       "4:1: listener.allow: 'x' is no address block: expected \"10.0.0.0/8\", \"2001:db8::/32\" "
       "or an "
       "address"},
      // With framing misspelt nobody knows whether a handler belongs here.
      {"[[listener]]\naddress = \"1.2.3.4:1\"\nframing = \"lines\"\nhandler = \"greet\"\n",
       "3:11: listener.framing: expected one of \"command\", \"line\", \"raw\", found 'lines'; did "
       "you "
       "mean 'line'?"},
  };
  test::check_rows(rows);
}

TEST_CASE("an admin listener takes commands, and from this machine alone") {
  const std::string admin = "[[listener]]\nname = \"a\"\nrole = \"admin\"\n";
  const std::string elsewhere =
      " can be reached from other machines; an admin listener is at \"unix:PATH\", 127.0.0.1, "
      "[::1] or \"systemd\"";
  const ProblemRow rows[] = {
      {admin + "address = [\"unix:/a\", \"127.0.0.1:1\", \"[::1]:1\", \"systemd\"]\n", ""},
      {admin + "address = \"unix:/a\"\ngroup = \"adm\"\nmode = \"0600\"\n", ""},
      {admin + "address = \"127.9.9.9:1\"\nframing = \"command\"\n", ""},
      {admin + "address = \"0.0.0.0:1\"\n", "4:11: listener.address: '0.0.0.0:1'" + elsewhere},
      {admin + "address = [\"unix:/a\", \"[::]:1\", \"10.0.0.1:1\"]\n",
       "4:11: listener.address: '[::]:1'" + elsewhere + "\n4:11: listener.address: '10.0.0.1:1'" +
           elsewhere},
      // One problem, not another about the handler that such a framing needs.
      {admin + "address = \"unix:/a\"\nframing = \"line\"\n",
       "5:11: listener.framing: an admin listener takes commands: its framing is \"command\""},
      {admin + "address = \"unix:/a\"\nframing = \"raw\"\nhandler = \"greet\"\n",
       "5:11: listener.framing: an admin listener takes commands: its framing is \"command\""},
      {admin + "address = \"127.0.0.1:1\"\ngroup = \"adm\"\n",
       "5:1: listener.group has no effect here: only Unix sockets have a group"},
      // With the role misspelt nobody knows which addresses are good.
      {"[[listener]]\nrole = \"admn\"\naddress = \"0.0.0.0:1\"\nframing = \"command\"\n",
       "2:8: listener.role: expected one of \"public\", \"admin\", \"http\", found 'admn'; did you "
       "mean "
       "'admin'?"},
      {"[server]\nmax_admin_connections = 0\n",
       "2:25: server.max_admin_connections: 0 is out of range, which is from 1 to 1000: they are "
       "for people and their scripts, and set apart from max_connections"},
  };
  test::check_rows(rows);
}

TEST_CASE("a Unix path that is too long") {
  const std::string problems =
      problems_of("[[listener]]\naddress = \"unix:/" + std::string(107, 'a') + "\"\n");
  CHECK(problems.starts_with("2:11: listener.address: the path of 'unix:/aaaaaa"));
  CHECK(problems.ends_with("...' has 108 bytes; a Unix socket's may have 107"));
}

TEST_CASE("two listeners cannot have one name or one place") {
  const ProblemRow rows[] = {
      {"[[listener]]\nname = \"a\"\naddress = \"1.2.3.4:1\"\n"
       "[[listener]]\nname = \"a\"\naddress = \"1.2.3.4:2\"\n",
       "5:8: listener.name: 'a' is the name of the listener in line 1 already"},
      {"[[listener]]\nname = \"listener2\"\naddress = \"1.2.3.4:1\"\n"
       "[[listener]]\naddress = \"1.2.3.4:2\"\n",
       "4:1: listener.name: 'listener2' is the name of the listener in line 1 already"},
      {"[[listener]]\naddress = \"1.2.3.4:1\"\n[[listener]]\naddress = \"1.2.3.4:1\"\n",
       "4:11: listener.address: '1.2.3.4:1' is taken by '1.2.3.4:1' of the listener in line 1"},
      {"[[listener]]\naddress = \"0.0.0.0:1\"\n[[listener]]\naddress = \"1.2.3.4:1\"\n",
       "4:11: listener.address: '1.2.3.4:1' is taken by '0.0.0.0:1' of the listener in line 1"},
      {"[[listener]]\naddress = \"unix:/a\"\n[[listener]]\naddress = \"unix:/a\"\n",
       "4:11: listener.address: 'unix:/a' is taken by 'unix:/a' of the listener in line 1"},
      {"[[listener]]\naddress = [\"[::1]:1\", \"[::1]:1\"]\n",
       "2:11: listener.address: '[::1]:1' and '[::1]:1' in one list are the same place"},
      // Different ports, families and names are different places; so is port 0, each time.
      {"[[listener]]\naddress = [\"0.0.0.0:1\", \"[::]:1\", \"127.0.0.1:0\", \"127.0.0.1:0\"]\n"
       "[[listener]]\naddress = \"127.0.0.1:2\"\n",
       ""},
      {"[[listener]]\nname = \"a\"\naddress = \"systemd\"\n[[listener]]\nname = \"b\"\n"
       "address = \"systemd\"\n",
       ""},
  };
  test::check_rows(rows);
}

}  // namespace
}  // namespace reactord
