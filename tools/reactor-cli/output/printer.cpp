// SPDX-License-Identifier: MIT
#include "tools/reactor-cli/output/printer.h"

namespace reactord::cli {

Printer::Printer(const Options& options, Output& output)
    : output_(output),
      style_{output.is_terminal(), output.has_color(), options.framing == Framing::line},
      json_(options.json) {}

bool Printer::print(const Reply& reply, Shape shape) {
  const bool is_error = reply.kind == Reply::Kind::error;
  if (is_error && !json_) {
    output_.flush();  // keeps answers and errors in order where both go to one place
    output_.server_error(reply.text);
    return false;
  }
  if (reply.kind == Reply::Kind::text && !json_ && !style_.terminal) {
    print_plain(reply.text, shape);
    return true;
  }
  output_.write(shown(reply, shape));
  return !is_error;
}

std::string Printer::shown(const Reply& reply, Shape shape) const {
  std::string text;
  if (json_) {
    render_json(shape == Shape::as_it_is ? reply : structured(reply, shape), style_.terminal, text);
  } else {
    render(reply, style_, text);
  }
  return text;
}

void Printer::print_plain(std::string_view text, Shape shape) {
  if (shape == Shape::info) {
    std::string lines(text);
    std::erase(lines, '\r');
    output_.write(lines);
  } else {
    output_.write(text);  // as it is, and not copied: it may be large
  }
  output_.write("\n");
}

}  // namespace reactord::cli
