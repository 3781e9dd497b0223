// SPDX-License-Identifier: MIT
// Shows replies as the options and the terminal want them: data on standard output, errors on
// standard error, JSON all on standard output.
#pragma once

#include <string>

#include "protocol/replies/reply.h"
#include "tools/reactor-cli/command_line/options.h"
#include "tools/reactor-cli/output/output.h"
#include "tools/reactor-cli/output/render.h"
#include "tools/reactor-cli/output/reply_shape.h"

namespace reactord::cli {

class Printer {
 public:
  Printer(const Options& options, Output& output);

  [[nodiscard]] Output& output() { return output_; }

  /// Prints the reply; false when it is an error. Call output().flush() before waiting. The shape
  /// counts with --json; and in a pipe, where INFO's lines end as a pipe's lines do.
  bool print(const Reply& reply, Shape shape = Shape::as_it_is);
  /// As print() shows what is no error: whole lines, for who must show them elsewhere.
  [[nodiscard]] std::string shown(const Reply& reply, Shape shape = Shape::as_it_is) const;

 private:
  void print_plain(std::string_view text, Shape shape);

  Output& output_;
  Style style_;
  bool json_;
};

}  // namespace reactord::cli
