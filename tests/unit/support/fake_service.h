// SPDX-License-Identifier: MIT
// The test kit for handlers is in daemon/testing/.
#pragma once

#include "daemon/testing/handler_bench.h"
