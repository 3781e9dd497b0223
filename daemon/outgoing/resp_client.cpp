// SPDX-License-Identifier: MIT
#include "daemon/outgoing/resp_client.h"

#include "daemon/outgoing/back_off.h"
#include "daemon/outgoing/connector.h"
#include "daemon/outgoing/resp_client_core.h"
#include "daemon/outgoing/server_connector.h"

namespace reactord {

RespClient::RespClient(Service& service, RespClientSettings settings)
    : RespClient(service, settings,
                 std::make_unique<ServerConnector>(service, server_address(settings.address),
                                                   settings.connect_timeout),
                 random_of_system()) {}

RespClient::RespClient(Service& service, RespClientSettings settings,
                       std::unique_ptr<Connector> connector, std::function<double()> random)
    : core_(std::make_unique<Core>(service, std::move(settings), std::move(connector),
                                   std::move(random))) {}

RespClient::~RespClient() = default;

std::uint64_t RespClient::request(std::span<const std::string_view> words, RespCallback callback) {
  return core_->request(words, std::move(callback));
}
void RespClient::cancel(std::uint64_t ticket) {
  core_->cancel(ticket);
}
bool RespClient::is_connected() const {
  return core_->is_connected();
}
bool RespClient::is_available() const {
  return core_->is_available();
}
int RespClient::protocol() const {
  return core_->protocol();
}
std::size_t RespClient::pending() const {
  return core_->pending();
}
std::size_t RespClient::pending_bytes() const {
  return core_->pending_bytes();
}
const RespClientSettings& RespClient::settings() const {
  return core_->settings();
}
void RespClient::on_state(std::function<void(bool, std::string_view)> callback) {
  core_->on_state(std::move(callback));
}
void RespClient::on_push(std::function<void(std::string_view)> callback) {
  core_->on_push(std::move(callback));
}
RespClient::Counters RespClient::counters() const {
  return core_->counters();
}

}  // namespace reactord
