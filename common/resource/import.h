// Import: batches of rows on a stream, each row answered by itself. Once, for every resource.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/resource/resources.h"
#include "common/rpc/pipeline.h"

namespace sqm::resource {

// The rules that a resource adds to its import. `on_row` and `is_same` must be there.
struct ImportRules {
  // Prepares for a batch before its rows are looked at, e.g. asks at once for all that they name.
  // May be empty.
  std::function<Task<void>(rpc::Call&, const std::vector<const Message*>& rows)> before_batch;
  // Checks a row and completes the resource that it becomes, which holds what the row says of it
  // and has no name yet. Its errors name fields by their path in the row.
  std::function<Task<absl::Status>(rpc::Call&, const Message& row, Message& resource)> on_row;
  // Gives a new resource what it gets once, such as a number. Where there is such a rule, what is
  // there already is looked up before, so that nothing is used up for it.
  std::function<Task<absl::Status>(rpc::Call&, Message& resource)> on_create;
  // What new resources have in common that look at each other in on_create: of one group, which is
  // not empty, each is stored before the next is completed. May be empty.
  std::function<std::string(const rpc::Call&, const Message& resource)> group_of;
  // Whether the row would change nothing of what is stored.
  std::function<bool(const Message& stored, const Message& resource)> is_same;
  // Checks and completes a resource that is to replace the stored one; it has that one's name.
  std::function<Task<absl::Status>(rpc::Call&, const Message& stored, Message& resource)>
      on_replace;
};

// Gives the method at `path` its handler. Its request has `sequence`, a list of rows,
// `update_existing` and `validate_only`; a row is the resource, or holds it in a field. Its answer
// has `sequence`, `outcomes` and `failures` as of sqm.type.v1. Messages that lack some of that end
// the process with a word on it.
//
// Answers every batch once it is durable. Idempotent by external id: a resource that is there with
// the same content is UNCHANGED; with other content it is UPDATED if the batch asks for that, else
// refused with ALREADY_EXISTS. One that is deleted meanwhile is ABORTED / CONFLICT: sent again, the
// row creates another one. A row that is refused stops no other.
void HandleImport(rpc::Pipeline& pipeline, Resources& resources, absl::string_view path,
                  absl::string_view type, ImportRules rules);

}  // namespace sqm::resource
