#include "cli/commands/import_categories.h"

#include <absl/strings/ascii.h>
#include <absl/strings/strip.h>

#include <algorithm>

#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/complaints_service.pb.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {
namespace {

constexpr char kMethod[] = "/sqm.complaints.v1.ComplaintsService/CreateCategory";

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

}  // namespace

FieldPath CategoryPath(const Mapping& mapping) {
  for (const FieldRule& rule : mapping.fields) {
    const auto& rules = rule.path.back()->options().GetExtension(options::v1::field);
    if (rules.references() == "complaints/Category") return rule.path;
  }
  return {};
}

ImportCategories::ImportCategories(Context& context, const Connection& connection,
                                   const Mapping& mapping, const RowMapper& mapper)
    : context_(context), connection_(connection), mapper_(mapper), path_(CategoryPath(mapping)) {}

bool ImportCategories::Add(const CsvRow& row, const google::protobuf::Message& message) {
  if (path_.empty()) return true;
  const std::string name =
      ValueText(message, path_, ValueStyle::kFile, context_.language(), absl::UTCTimeZone());
  if (name.empty() || known_.count(name) > 0) return true;
  complaints::v1::CreateCategoryRequest request;
  request.set_category_id(std::string(absl::StripPrefix(name, "categories/")));
  const std::string label = mapper_.ValueOfField(PathText(path_), row);
  if (IsAscii(label)) {
    request.mutable_category()->mutable_label()->set_en(label);
  } else {
    request.mutable_category()->mutable_label()->set_zh(label);
  }
  FillRequestId(request, context_.ids());
  complaints::v1::Category made;
  const Failure failure = connection_.Call(kMethod, request, made);
  if (!failure.ok() && failure.code != grpc::StatusCode::ALREADY_EXISTS) {
    context_.Fail(failure);
    return false;
  }
  if (failure.ok()) ++created_;
  known_.insert(name);
  return true;
}

}  // namespace sqm::cli
