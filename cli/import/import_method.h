// The messages of an import, whichever resource it loads.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "cli/schema/catalogue.h"
#include "google/rpc/status.pb.h"
#include "sqm/type/v1/import.pb.h"

namespace sqm::cli {

// What became of the rows of one batch.
struct ImportAnswer {
  int64_t sequence = 0;
  std::vector<type::v1::ImportOutcome> outcomes;  // one a row
  std::map<int, google::rpc::Status> failures;    // by index of the row
};

class ImportMethod {
 public:
  // `resource` has an import, and outlives it.
  explicit ImportMethod(const ResourceInfo& resource);

  const google::protobuf::MethodDescriptor* method() const { return resource_->import; }
  const ResourceInfo& resource() const { return *resource_; }
  std::unique_ptr<google::protobuf::Message> NewRequest() const;
  std::unique_ptr<google::protobuf::Message> NewResponse() const;

  // Rows of a request.
  google::protobuf::Message* AddRow(google::protobuf::Message& request) const;
  void DropLastRow(google::protobuf::Message& request) const;
  int RowCount(const google::protobuf::Message& request) const;

  void SetSequence(google::protobuf::Message& request, int64_t sequence) const;
  int64_t SequenceOf(const google::protobuf::Message& request) const;
  void SetFlags(google::protobuf::Message& request, bool update_existing, bool validate_only) const;

  ImportAnswer Read(const google::protobuf::Message& response) const;

 private:
  const ResourceInfo* resource_;
};

}  // namespace sqm::cli
