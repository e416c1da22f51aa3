#include "cli/import/mapping.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/time/time.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>

#include "common/base/task.h"

namespace sqm::cli {
namespace {

using nlohmann::json;

absl::Status Wrong(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status CheckKeys(const json& object, absl::string_view where,
                       std::initializer_list<absl::string_view> known) {
  if (!object.is_object()) return Wrong(where, "must be an object");
  for (const auto& entry : object.items()) {
    bool found = false;
    for (absl::string_view key : known) found = found || key == entry.key();
    if (!found) {
      return Wrong(where, absl::StrCat("unknown key `", entry.key(),
                                       "`; known: ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

// The text under `key`; nothing where it is absent.
absl::StatusOr<std::optional<std::string>> TextAt(const json& object, absl::string_view where,
                                                  const char* key) {
  if (!object.contains(key)) return std::optional<std::string>();
  if (!object[key].is_string()) return Wrong(absl::StrCat(where, ".", key), "must be a string");
  return std::optional<std::string>(object[key].get<std::string>());
}

absl::StatusOr<std::vector<std::string>> TextsAt(const json& object, absl::string_view where,
                                                 const char* key) {
  std::vector<std::string> texts;
  if (!object.contains(key)) return texts;
  if (!object[key].is_array()) return Wrong(absl::StrCat(where, ".", key), "must be an array");
  for (const json& element : object[key]) {
    if (!element.is_string()) return Wrong(absl::StrCat(where, ".", key), "must hold strings");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

// Whether `key` is set; false where it is absent.
absl::StatusOr<bool> FlagAt(const json& object, absl::string_view where, const char* key) {
  if (!object.contains(key)) return false;
  if (!object[key].is_boolean()) {
    return Wrong(absl::StrCat(where, ".", key), "must be true or false");
  }
  return object[key].get<bool>();
}

absl::Status ReadLocalTime(const json& root, Mapping& mapping) {
  if (!root.contains("local_time")) return absl::OkStatus();
  const json& object = root["local_time"];
  RETURN_IF_ERROR(CheckKeys(object, "local_time", {"zone", "nonexistent", "ambiguous"}));
  ASSIGN_OR_RETURN(const auto zone, TextAt(object, "local_time", "zone"));
  ASSIGN_OR_RETURN(const auto nonexistent, TextAt(object, "local_time", "nonexistent"));
  ASSIGN_OR_RETURN(const auto ambiguous, TextAt(object, "local_time", "ambiguous"));
  mapping.zone = zone.value_or("");
  absl::TimeZone loaded;
  if (!mapping.zone.empty() && !absl::LoadTimeZone(mapping.zone, &loaded)) {
    return Wrong("local_time.zone", absl::StrCat("`", mapping.zone, "` is no IANA zone"));
  }
  if (nonexistent == "later") {
    mapping.nonexistent = NonexistentTime::kLater;
  } else if (nonexistent.value_or("reject") != "reject") {
    return Wrong("local_time.nonexistent", "must be `reject` or `later`");
  }
  if (ambiguous == "later") {
    mapping.ambiguous = AmbiguousTime::kLater;
  } else if (ambiguous == "reject") {
    mapping.ambiguous = AmbiguousTime::kReject;
  } else if (ambiguous.value_or("earlier") != "earlier") {
    return Wrong("local_time.ambiguous", "must be `earlier`, `later` or `reject`");
  }
  return absl::OkStatus();
}

bool IsTime(const FieldPath& path) {
  const auto* type = path.back()->message_type();
  return type != nullptr && type->full_name() == "google.protobuf.Timestamp";
}

absl::Status CheckType(const FieldRule& rule, absl::string_view where) {
  const google::protobuf::FieldDescriptor* field = rule.path.back();
  const bool known_message = field->message_type() != nullptr &&
                             (field->message_type()->full_name() == "google.protobuf.Timestamp" ||
                              field->message_type()->full_name() == "google.protobuf.Duration");
  if (field->is_repeated() || (field->message_type() != nullptr && !known_message) ||
      field->type() == google::protobuf::FieldDescriptor::TYPE_BYTES) {
    return Wrong(where, "lists, bytes and whole messages cannot come from a column");
  }
  if (!rule.formats.empty() && !known_message) {
    return Wrong(where, "formats are for times and durations");
  }
  if ((rule.as_id || rule.as_hash) &&
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return Wrong(where, "`as` is for strings");
  }
  if (field->message_type() != nullptr &&
      field->message_type()->full_name() == "google.protobuf.Duration") {
    for (const std::string& format : rule.formats) {
      if (format != "seconds" && format != "minutes" && format != "HH:MM:SS" && format != "MM:SS") {
        return Wrong(where, absl::StrCat("`", format,
                                         "`: a duration is `seconds`, `minutes`, `HH:MM:SS` or "
                                         "`MM:SS`"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<FieldRule> ReadField(const json& object, const std::string& where,
                                    const ResourceInfo& resource) {
  RETURN_IF_ERROR(CheckKeys(object, where,
                            {"field", "column", "columns", "join", "named", "constant", "required",
                             "empty", "values", "as", "prefix", "formats", "not_before"}));
  FieldRule rule;
  ASSIGN_OR_RETURN(const auto field, TextAt(object, where, "field"));
  if (!field.has_value()) return Wrong(where, "`field` is missing");
  absl::StatusOr<FieldPath> path = FindPath(resource.import_rows->message_type(), *field);
  if (!path.ok()) return Wrong(absl::StrCat(where, ".field"), path.status().message());
  rule.path = *std::move(path);
  ASSIGN_OR_RETURN(const auto column, TextAt(object, where, "column"));
  ASSIGN_OR_RETURN(rule.columns, TextsAt(object, where, "columns"));
  ASSIGN_OR_RETURN(const auto constant, TextAt(object, where, "constant"));
  const int sources = (column.has_value() ? 1 : 0) + (rule.columns.empty() ? 0 : 1) +
                      (constant.has_value() ? 1 : 0);
  if (sources != 1) return Wrong(where, "give exactly one of `column`, `columns`, `constant`");
  if (column.has_value()) rule.columns = {*column};
  rule.constant = constant.value_or("");
  ASSIGN_OR_RETURN(rule.required, FlagAt(object, where, "required"));
  ASSIGN_OR_RETURN(rule.named, FlagAt(object, where, "named"));
  ASSIGN_OR_RETURN(const auto join, TextAt(object, where, "join"));
  rule.join = join.value_or(" ");
  ASSIGN_OR_RETURN(rule.empty, TextsAt(object, where, "empty"));
  ASSIGN_OR_RETURN(rule.formats, TextsAt(object, where, "formats"));
  ASSIGN_OR_RETURN(const auto prefix, TextAt(object, where, "prefix"));
  rule.prefix = prefix.value_or("");
  ASSIGN_OR_RETURN(const auto as, TextAt(object, where, "as"));
  if (as.has_value() && *as != "id" && *as != "hash") {
    return Wrong(absl::StrCat(where, ".as"), "must be `id` or `hash`");
  }
  rule.as_id = as == "id";
  rule.as_hash = as == "hash";
  if (object.contains("values")) {
    const std::string at = absl::StrCat(where, ".values");
    if (!object["values"].is_object()) return Wrong(at, "must be an object");
    for (const auto& entry : object["values"].items()) {
      if (!entry.value().is_string()) return Wrong(at, "must hold strings");
      rule.values[entry.key()] = entry.value().get<std::string>();
    }
  }
  RETURN_IF_ERROR(CheckType(rule, where));
  ASSIGN_OR_RETURN(const auto not_before, TextAt(object, where, "not_before"));
  if (not_before.has_value()) {
    absl::StatusOr<FieldPath> other = FindPath(resource.import_rows->message_type(), *not_before);
    if (!other.ok()) return Wrong(absl::StrCat(where, ".not_before"), other.status().message());
    rule.not_before = *std::move(other);
    if (!IsTime(rule.path) || !IsTime(rule.not_before)) {
      return Wrong(absl::StrCat(where, ".not_before"), "is for times");
    }
  }
  return rule;
}

}  // namespace

absl::StatusOr<Mapping> ParseMapping(absl::string_view text, const Catalogue& catalogue) {
  const json root = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return Wrong("mapping", "is not JSON");
  RETURN_IF_ERROR(CheckKeys(root, "mapping",
                            {"name", "title", "resource", "separator", "local_time", "fields"}));
  Mapping mapping;
  ASSIGN_OR_RETURN(const auto name, TextAt(root, "mapping", "name"));
  mapping.name = name.value_or("");
  if (root.contains("title")) {
    RETURN_IF_ERROR(CheckKeys(root["title"], "title", {"en", "zh"}));
    ASSIGN_OR_RETURN(const auto en, TextAt(root["title"], "title", "en"));
    ASSIGN_OR_RETURN(const auto zh, TextAt(root["title"], "title", "zh"));
    mapping.title_en = en.value_or("");
    mapping.title_zh = zh.value_or(mapping.title_en);
  }
  ASSIGN_OR_RETURN(const auto type, TextAt(root, "mapping", "resource"));
  mapping.resource = catalogue.FindByType(type.value_or(""));
  if (mapping.resource == nullptr) {
    return Wrong("resource", absl::StrCat("`", type.value_or(""), "` is no resource type"));
  }
  if (mapping.resource->import == nullptr) {
    return Wrong("resource", absl::StrCat("`", *type, "` has no import"));
  }
  ASSIGN_OR_RETURN(const auto separator, TextAt(root, "mapping", "separator"));
  if (separator.has_value()) {
    if (separator->size() != 1 || *separator == "\"" || *separator == "\n" || *separator == "\r") {
      return Wrong("separator", "must be one character, not a quote or a line end");
    }
    mapping.separator = separator->front();
  }
  RETURN_IF_ERROR(ReadLocalTime(root, mapping));
  if (!root.contains("fields") || !root["fields"].is_array() || root["fields"].empty()) {
    return Wrong("fields", "must be an array that is not empty");
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < root["fields"].size(); ++i) {
    const std::string where = absl::StrCat("fields[", i, "]");
    ASSIGN_OR_RETURN(FieldRule rule, ReadField(root["fields"][i], where, *mapping.resource));
    if (!seen.insert(PathText(rule.path)).second) {
      return Wrong(where, absl::StrCat("`", PathText(rule.path), "` is mapped twice"));
    }
    if (!rule.not_before.empty() && !seen.contains(PathText(rule.not_before))) {
      return Wrong(absl::StrCat(where, ".not_before"), "must name a field that is mapped before");
    }
    mapping.fields.push_back(std::move(rule));
  }
  return mapping;
}

}  // namespace sqm::cli
