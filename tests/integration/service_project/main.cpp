// SPDX-License-Identifier: MIT
#include "reactord/run.h"

reactord::HandlerEntry greet_handler();

int main(int argc, char** argv) {
  return reactord::run(argc, argv, {greet_handler()});
}
