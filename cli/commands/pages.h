// The answers of a list method: one page, or one page after the other until the end.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "cli/commands/context.h"

namespace sqm::cli {

struct Pages {
  int size = 0;      // 0: what the server takes, or with `all` its most
  bool all = false;  // go on until the end
};

// Calls the method at `path` and shows the resources of type `row` in its answer. `response`: an
// empty message of its answer, which has one repeated field of such resources. `more`: what to say
// where the answer goes on; $0 is the token of the next page. False after a complaint.
bool ShowPages(Context& context, const std::string& path, google::protobuf::Message& request,
               google::protobuf::Message& response, const google::protobuf::Descriptor* row,
               const Pages& pages, Text more);

}  // namespace sqm::cli
