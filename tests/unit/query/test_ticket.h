// A message with every kind of indexed field, built at run time, so that these tests need no
// contract of a service.
#pragma once

#include <absl/random/bit_gen_ref.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "common/query/field.h"

namespace sqm::query {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

const google::protobuf::Descriptor& TicketDescriptor();
// Its indexed fields; the column of "title" is called `the "title"`, to need quoting.
const FieldSet& TicketFields();
// From protobuf text format; the process stops where it is malformed.
MessagePtr Ticket(absl::string_view text);
// Few different values, many of them unset, so that ties, NULLs and matches are common.
MessagePtr RandomTicket(absl::BitGenRef random);

}  // namespace sqm::query
