// Get, List, Create, Update, Delete, BatchGet and BatchCreate, once, for every resource.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <string>

#include "common/resource/resources.h"
#include "common/rpc/pipeline.h"

namespace sqm::resource {

// The rules that a resource adds to the generic operations. Each may be empty. They run on every
// attempt, so they decide from what they are given and what they read.
struct Hooks {
  // Checks and completes a resource about to be created; its name is set.
  std::function<Task<absl::Status>(rpc::Call&, Message& resource)> on_create;
  // Checks and completes a changed resource.
  std::function<Task<absl::Status>(rpc::Call&, const Message& before, Message& after)> on_update;
  // Adds to what a change writes, e.g. what a timeline says of it.
  std::function<void(rpc::Call&, const Message& before, const Message& after, Mutation&)>
      with_update;
  // Checks whether the resource may be deleted.
  std::function<Task<absl::Status>(rpc::Call&, const Message& resource)> on_delete;
  // on_delete looks at what refers to the resource: of a deletion and a new reference at the same
  // time one is tried again.
  bool looks_at_referrers = false;
  // Names what on_create and on_update look at beyond the resource itself, e.g. all policies of a
  // tenant: of two changes that look at it at the same time one is tried again.
  std::string guard;
};

class StandardMethods {
 public:
  StandardMethods(rpc::Pipeline& pipeline, Resources& resources)
      : pipeline_(pipeline), resources_(resources) {}

  // Rules of a resource type, e.g. "monitoring/Contact".
  void SetHooks(absl::string_view type, Hooks hooks);
  // Gives every standard method of the services in `package` its handler. A message that lacks
  // what the method needs ends the process with a word on what it lacks.
  void Register(absl::string_view package);

 private:
  struct Shape;
  rpc::UnaryHandler HandlerOf(const contract::MethodInfo& method);
  Task<absl::StatusOr<rpc::Reply>> Get(rpc::Call& call, const Message& request, const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> List(rpc::Call& call, const Message& request,
                                        const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> Create(rpc::Call& call, const Message& request,
                                          const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> Update(rpc::Call& call, const Message& request,
                                          const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> Delete(rpc::Call& call, const Message& request,
                                          const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> BatchGet(rpc::Call& call, const Message& request,
                                            const Shape& shape);
  Task<absl::StatusOr<rpc::Reply>> BatchCreate(rpc::Call& call, const Message& request,
                                               const Shape& shape);
  // What a create writes, checked.
  Task<absl::StatusOr<Mutation>> Draft(rpc::Call& call, const Message& request, const Shape& shape);
  // Takes the place of the guard, if there is one, before what it stands for is read.
  Task<absl::StatusOr<Mutation>> Guarded(const rpc::Call& call, std::string guard);

  rpc::Pipeline& pipeline_;
  Resources& resources_;
  absl::flat_hash_map<std::string, Hooks> hooks_;
};

}  // namespace sqm::resource
