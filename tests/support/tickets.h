// Resources to store in tests: tickets with comments below them, and write sets of them.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "tests/support/contract_text.h"

namespace sqm::testing {

inline constexpr absl::string_view kTicketFields = R"(
  string name = 1; string etag = 2;
  google.protobuf.Timestamp create_time = 3 [(sqm.options.v1.field) = {indexed: true}];
  string code = 4 [(sqm.options.v1.field) = {unique: true indexed: true}];
  string owner = 5 [(sqm.options.v1.field) = {indexed: true}];
  optional int32 priority = 6 [(sqm.options.v1.field) = {indexed: true}];
  string text = 7 [(sqm.options.v1.field) = {max_length: 5000000}];
)";

// `fields`: what a ticket holds; `more`: further messages.
inline std::string TicketContract(absl::string_view fields, absl::string_view more = "") {
  return absl::StrCat(R"(message Ticket {
    option (sqm.options.v1.resource) = {type: "test/Ticket" collection: "tickets"};)",
                      fields, R"(}
    message Comment { option (sqm.options.v1.resource) = {type: "test/Comment"
      collection: "comments" parent: "test/Ticket"}; string name = 1; string etag = 2;
      string text = 3 [(sqm.options.v1.field) = {indexed: true}]; })",
                      more);
}

// The contract, its registry, and what goes into write sets.
class Tickets {
 public:
  explicit Tickets(const std::string& contract = TicketContract(kTicketFields)) : text_(contract) {
    registry_ = *text_.Registry();
  }

  const contract::Registry& registry() const { return *registry_; }
  const contract::ResourceType& ticket() const { return *registry_->FindType("test/Ticket"); }
  const contract::ResourceType& comment() const { return *registry_->FindType("test/Comment"); }

  // A record of `type` ("Ticket", "Comment") from protobuf's text format.
  store::RecordPtr Record(const contract::ResourceType& type, int64_t version,
                          const std::string& text, bool deleted = false) {
    auto record = std::make_shared<store::Record>();
    record->version = version;
    record->deleted = deleted;
    record->message = text_.Make(type.descriptor->name(), text);
    record->body = record->message->SerializeAsString();
    return record;
  }
  store::Put Create(const contract::ResourceType& type, std::string id, const std::string& text) {
    return {&type, std::move(id), 0, store::ChangeKind::kCreated, Record(type, 1, text)};
  }
  store::Put Create(std::string id, const std::string& text = "") {
    return Create(ticket(), std::move(id), text);
  }
  // `read`: the version that it was read at.
  store::Put Update(std::string id, int64_t read, const std::string& text = "") {
    return {&ticket(), std::move(id), read, store::ChangeKind::kUpdated,
            Record(ticket(), read + 1, text)};
  }
  store::Put Delete(std::string id, int64_t read) {
    return {&ticket(), std::move(id), read, store::ChangeKind::kDeleted,
            Record(ticket(), read + 1, "", true)};
  }
  // That ticket `id` has the code.
  store::UniqueKey Code(std::string value, std::string id) {
    return {&ticket(), "code", std::move(value), std::move(id)};
  }

  static store::WriteSet Write(absl::Time now, std::vector<store::Put> puts = {}) {
    store::WriteSet write_set;
    write_set.tenant = "north";
    write_set.puts = std::move(puts);
    write_set.actor = "staff/ada";
    write_set.method = "/test.Tickets/Do";
    write_set.time = now;
    return write_set;
  }
  // A request id and its payload, each told apart by a number.
  static store::Idempotency Request(uint64_t id, uint64_t payload = 1) {
    store::Idempotency request;
    for (int i = 0; i < 8; ++i) {
      request.key[i] = static_cast<uint8_t>(id >> (8 * i));
      request.payload[i] = static_cast<uint8_t>(payload >> (8 * i));
    }
    return request;
  }

 private:
  ContractText text_;
  std::unique_ptr<contract::Registry> registry_;
};

}  // namespace sqm::testing
