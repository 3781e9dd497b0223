// SPDX-License-Identifier: MIT
#include "tests/simulation/kernel/service_manager.h"

#include <algorithm>

namespace simulation {

Moment ServiceManager::next_read() {
  const Moment pause = std::chrono::microseconds(random_.between(10, 800));
  return reads_until_ = std::max(reads_until_, timeline_.now()) + pause;
}

void ServiceManager::be_slow(Moment pause) {
  reads_until_ = std::max(reads_until_, timeline_.now()) + pause;
}

void ServiceManager::store(const std::string& name, std::shared_ptr<OpenFile> file,
                           bool is_polled) {
  auto entry = std::make_shared<Entry>(Entry{name, is_polled, FilesOnTheirWay({std::move(file)})});
  timeline_.at(next_read(), [this, entry] {
    take_out_hung_up();
    if (store_.size() < kMostStored) store_.push_back(std::move(*entry));
  });
}

void ServiceManager::remove(const std::string& name) {
  timeline_.at(next_read(), [this, name] {
    std::erase_if(store_, [&](const Entry& entry) { return entry.name == name; });
  });
}

void ServiceManager::take_out_hung_up() {
  std::erase_if(store_, [](const Entry& entry) {
    return entry.is_polled && (entry.file.all().front()->poll() & (EPOLLHUP | EPOLLERR)) != 0;
  });
}

std::vector<ServiceManager::Stored> ServiceManager::stored() const {
  std::vector<Stored> all;
  for (const Entry& entry : store_) all.emplace_back(entry.name, entry.file.all().front());
  return all;
}

}  // namespace simulation
