// SPDX-License-Identifier: MIT
// The handlers of a server: how they are made and started, and called outside of requests. The rest
// of its life is in server.cpp.
#include <fmt/format.h>

#include <new>
#include <stdexcept>

#include "daemon/server/server.h"

namespace reactord {

namespace {

std::string of_module(const HandlerEntry& entry) {
  return entry.origin.empty() ? "" : fmt::format("module {}: ", entry.origin);
}

}  // namespace

void Server::make_handlers(std::span<const HandlerEntry> entries) {
  for (const HandlerEntry& entry : entries) {
    handlers_.push_back(make_handler(entry));
    try {
      commands_.add(*handlers_.back(), entry.name);
    } catch (const std::logic_error& error) {
      throw std::logic_error(of_module(entry) + error.what());
    }
  }
}

std::unique_ptr<Handler> Server::make_handler(const HandlerEntry& entry) {
  const auto settings = config_.handlers.find(entry.name);
  const HandlerCall making{entry.name, {}, "its constructor"};
  const HandlerGuard::Caller caller(dispatcher_.guard(), making);
  try {
    return entry.make(service_,
                      settings == config_.handlers.end() ? nullptr : settings->second.get());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}handler '{}': its constructor threw: {}",
                                         of_module(entry), entry.name, error.what()));
  }
}

/// The problem, or "".
std::string Server::start_handlers() {
  for (std::size_t i = 0; i < handlers_.size(); ++i) {
    const HandlerEntry& entry = handler_entries_[i];
    const HandlerCall starting{entry.name, {}, "start()"};
    const HandlerGuard::Caller caller(dispatcher_.guard(), starting);
    try {
      handlers_[i]->start();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      return fmt::format("{}handler '{}': its start() threw: {}", of_module(entry), entry.name,
                         error.what());
    } catch (...) {
      return fmt::format("{}handler '{}': its start() threw what is no std::exception",
                         of_module(entry), entry.name);
    }
  }
  return {};
}

void Server::call_handler(std::size_t index, std::string_view name,
                          const std::function<void(Handler&)>& call) noexcept {
  dispatcher_.guard().run({handler_entries_[index].name, {}, name},
                          [&] { call(*handlers_[index]); });
}

}  // namespace reactord
