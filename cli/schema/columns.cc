#include "cli/schema/columns.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/text/headings.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsWellKnown(const FieldDescriptor* field) {
  return field->message_type() != nullptr &&
         (field->message_type()->full_name() == "google.protobuf.Timestamp" ||
          field->message_type()->full_name() == "google.protobuf.Duration");
}

bool IsText(const FieldDescriptor* field) {
  return field->message_type() != nullptr &&
         field->message_type()->full_name() == "sqm.type.v1.Text";
}

bool IsShort(const FieldDescriptor* field) {
  return !field->is_repeated() && field->type() != FieldDescriptor::TYPE_BYTES &&
         (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || IsWellKnown(field) ||
          IsText(field));
}

// Lower comes first; 0 leaves the field out of a table.
int Rank(const FieldDescriptor* field) {
  const std::string& name = field->name();
  const auto& rules = field->options().GetExtension(options::v1::field);
  if (!IsShort(field) || name == "etag") return 0;
  if (name == "name") return 1;
  if (name == "number" || name == "display_name" || name == "title" || name == "label") return 2;
  // A column in which no row has a value is not shown: this one is where something was deleted.
  if (name == "state" || name == "delete_time") return 3;
  // Kept in the contract for machines; a person asks for them by --columns.
  if (name == "create_time" || name == "update_time") return 0;
  return rules.indexed() || name == "zone" ? 4 : 0;
}

std::vector<FieldPath> Every(const Descriptor* message, bool (*wanted)(const FieldDescriptor*)) {
  std::vector<FieldPath> paths;
  for (int i = 0; i < message->field_count(); ++i) {
    if (wanted(message->field(i))) paths.push_back({message->field(i)});
  }
  return paths;
}

}  // namespace

std::vector<FieldPath> TableColumns(const Descriptor* message, size_t limit) {
  std::vector<FieldPath> paths =
      Every(message, [](const FieldDescriptor* field) { return Rank(field) > 0; });
  std::stable_sort(paths.begin(), paths.end(), [](const FieldPath& a, const FieldPath& b) {
    return Rank(a.front()) < Rank(b.front());
  });
  if (paths.size() < 2) paths = Every(message, IsShort);
  if (paths.empty()) paths = FileColumns(message);
  if (paths.size() > limit) paths.resize(limit);
  return paths;
}

std::vector<FieldPath> FileColumns(const Descriptor* message) {
  return Every(message, [](const FieldDescriptor*) { return true; });
}

bool IsTime(const FieldPath& path) {
  const Descriptor* type = path.back()->message_type();
  return type != nullptr && type->full_name() == "google.protobuf.Timestamp";
}

Column ColumnOf(const FieldPath& path, Language language) {
  const FieldDescriptor* field = path.back();
  Column column;
  for (const FieldDescriptor* part : path) {
    const absl::string_view between = language == Language::kChinese ? "·" : ".";
    absl::StrAppend(&column.title, column.title.empty() ? "" : between,
                    Heading(language, part->name()));
  }
  const std::string& unit = field->options().GetExtension(options::v1::field).unit();
  if (!unit.empty() && !IsWellKnown(field)) {
    const bool chinese = language == Language::kChinese;
    absl::StrAppend(&column.title, chinese ? "（" : " (", UnitWord(language, unit),
                    chinese ? "）" : ")");
  }
  const bool number = field->cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
                      field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM &&
                      field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
                      field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
  const bool decimal =
      field->options().GetExtension(options::v1::field).decimal_digits_plus_one() > 0;
  const bool duration = field->message_type() != nullptr &&
                        field->message_type()->full_name() == "google.protobuf.Duration";
  column.align =
      (number || decimal || duration) && !field->is_repeated() ? Align::kRight : Align::kLeft;
  column.keep = field->name() == "name" || field->name() == "number";
  return column;
}

}  // namespace sqm::cli
