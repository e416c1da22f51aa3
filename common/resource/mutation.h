// What a handler decided to write, in terms of messages: becomes a write set when it is committed.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "common/store/write_set.h"

namespace sqm::resource {

// The version a message was read at stands in its etag, so putting it back needs nothing else.
class Mutation {
 public:
  enum class Kind { kCreate, kUpdate, kDelete, kRequire };
  struct Step {
    Kind kind;
    std::shared_ptr<google::protobuf::Message> resource;
  };

  // A new resource; its `name` is set.
  Mutation& Create(const google::protobuf::Message& resource) {
    return Add(Kind::kCreate, resource);
  }
  // The same without a copy.
  Mutation& Create(std::shared_ptr<google::protobuf::Message> resource) {
    steps_.push_back(Step{Kind::kCreate, std::move(resource)});
    return *this;
  }
  // A changed one, read before.
  Mutation& Update(const google::protobuf::Message& resource) {
    return Add(Kind::kUpdate, resource);
  }
  Mutation& Delete(const google::protobuf::Message& resource) {
    return Add(Kind::kDelete, resource);
  }
  // One that the decision rests on: it must not have changed since it was read.
  Mutation& Require(const google::protobuf::Message& resource) {
    return Add(Kind::kRequire, resource);
  }
  // An invariant that spans a list; `position` from Resources::ReadGuard.
  Mutation& Guard(std::string name, int64_t position) {
    guards_.push_back(store::Guard{std::move(name), position});
    return *this;
  }
  // The feed does not say who did it, nor under which request id.
  Mutation& Anonymous() {
    anonymous_ = true;
    return *this;
  }
  // The response to remember for the request id, where it is not the first resource written.
  Mutation& Respond(const google::protobuf::Message& response) {
    response_ = response.SerializeAsString();
    return *this;
  }

  // Which element of a batch it is: each is remembered by its own.
  Mutation& OfElement(size_t index) {
    element_ = index;
    return *this;
  }

  const std::optional<size_t>& element() const { return element_; }
  bool anonymous() const { return anonymous_; }
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<store::Guard>& guards() const { return guards_; }
  const std::optional<std::string>& response() const { return response_; }

 private:
  Mutation& Add(Kind kind, const google::protobuf::Message& resource) {
    std::shared_ptr<google::protobuf::Message> copy(resource.New());
    copy->CopyFrom(resource);
    steps_.push_back(Step{kind, std::move(copy)});
    return *this;
  }
  std::vector<Step> steps_;
  std::vector<store::Guard> guards_;
  std::optional<std::string> response_;
  std::optional<size_t> element_;
  bool anonymous_ = false;
};

}  // namespace sqm::resource
