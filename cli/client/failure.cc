#include "cli/client/failure.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>

#include "cli/schema/catalogue.h"
#include "cli/schema/value.h"
#include "cli/text/faults.h"
#include "cli/text/width.h"
#include "sqm/options/v1/options.pb.h"
#include "sqm/type/v1/error_reason.pb.h"

namespace sqm::cli {
namespace {

// The catalogue's own label, where the server sent no localized message.
std::string ReasonLabel(const std::string& reason, Language language) {
  const auto* value = type::v1::ErrorReason_descriptor()->FindValueByName("ERROR_REASON_" + reason);
  if (value == nullptr) return "";
  const auto& label = value->options().GetExtension(options::v1::label);
  return language == Language::kChinese ? label.zh() : label.en();
}

std::string Headline(const Failure& failure, Language language) {
  if (!failure.localized.message().empty()) return Printable(failure.localized.message());
  std::string label = ReasonLabel(failure.info.reason(), language);
  if (!label.empty()) return label;
  if (failure.code == grpc::StatusCode::UNAVAILABLE) return Say(language, Text::kNoServer);
  if (failure.code == grpc::StatusCode::DEADLINE_EXCEEDED) return Say(language, Text::kTooSlow);
  return Say(language, Text::kCallFailed);
}

// The words of states as people read them, where it is known whose states they are.
std::string StatesInWords(const std::string& words, const std::string& resource,
                          Language language) {
  const absl::StatusOr<Catalogue> catalogue = Catalogue::Load();
  const ResourceInfo* info = catalogue.ok() ? catalogue->FindByName(resource) : nullptr;
  const auto* field = info == nullptr ? nullptr : info->message->FindFieldByName("state");
  const auto* states = field == nullptr ? nullptr : field->enum_type();
  std::vector<std::string> said;
  for (const absl::string_view word : absl::StrSplit(words, ',')) {
    said.emplace_back(Printable(word));
    for (int i = 1; states != nullptr && i < states->value_count(); ++i) {
      if (EnumWord(states->value(i)) == word) said.back() = EnumLabel(states->value(i), language);
    }
  }
  return absl::StrJoin(said, language == Language::kChinese ? "、" : ", ");
}

// What a rule means to who is refused: in Chinese the reason too, for services give it in English.
std::string RuleAdvice(const std::string& rule, Language language) {
  struct Known {
    absl::string_view rule, en, zh;
  };
  static constexpr Known kRules[] = {
#define SQM_RULE(rule, en, zh) {rule, en, zh},
#include "cli/text/rules.def"
#undef SQM_RULE
  };
  for (const Known& known : kRules) {
    if (known.rule == rule) {
      return std::string(language == Language::kChinese ? known.zh : known.en);
    }
  }
  return "";
}

// The commands that lead a case on to the states, one after the other.
std::string CommandsTo(const std::string& states, absl::string_view current) {
  static const auto* const commands =
      new std::map<absl::string_view, absl::string_view>{{"ACKNOWLEDGED", "acknowledge"},
                                                         {"CLASSIFIED", "classify"},
                                                         {"ASSIGNED", "assign"},
                                                         {"WAITING_CUSTOMER", "wait"},
                                                         {"WAITING_THIRD_PARTY", "wait"},
                                                         {"RESPONSE_PROPOSED", "propose"},
                                                         {"APPROVED", "approve"},
                                                         {"REPLIED", "reply"},
                                                         {"REOPENED", "reopen"},
                                                         {"CONFIRMED", "confirm"},
                                                         {"PREPARED", "prepare"},
                                                         {"EXECUTED", "execute"},
                                                         {"ADOPTED", "adopt"},
                                                         {"REWARDED", "reward"},
                                                         {"CLOSED", "close"},
                                                         {"WITHDRAWN", "withdraw"},
                                                         {"REJECTED", "reject"},
                                                         {"MERGED", "merge"},
                                                         {"ARCHIVED", "archive"}};
  std::vector<absl::string_view> words;
  for (const absl::string_view state : absl::StrSplit(states, ',')) {
    absl::string_view word;
    if (state == "INVESTIGATING") {
      word = absl::StartsWith(current, "WAITING") ? "resume"
             : current == "RESPONSE_PROPOSED"     ? "return"
                                                  : "start";
    } else if (state == "CLASSIFIED" && current == "ASSIGNED") {
      word = "refuse";
    } else if (state == "REOPENED" && current == "REPLIED") {
      word = "escalate";
    } else if (const auto known = commands->find(state); known != commands->end()) {
      word = known->second;
    }
    if (!word.empty() && (words.empty() || words.back() != word)) words.push_back(word);
  }
  return absl::StrJoin(words, ", ");
}

// `text` with `word` replaced where it stands by itself, not as a part of another path.
std::string ReplaceWord(absl::string_view text, absl::string_view word, absl::string_view by) {
  const auto part = [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '/'; };
  std::string out;
  size_t done = 0;
  for (size_t at = 0; (at = text.find(word, at)) != absl::string_view::npos; at += word.size()) {
    const absl::string_view after = text.substr(at + word.size());
    if (at > 0 && (part(text[at - 1]) || text[at - 1] == '.')) continue;
    if (!after.empty() && (part(after[0]) || after[0] == '[')) continue;
    if (after.size() > 1 && after[0] == '.' && part(after[1])) continue;
    absl::StrAppend(&out, text.substr(done, at - done), by);
    done = at + word.size();
  }
  return absl::StrCat(out, text.substr(done));
}

// The collection, `categories`, of the resource that is not there or has the wrong field; a
// placeholder where it is unknown.
std::string CollectionOf(const Failure& failure, Language language) {
  const absl::StatusOr<Catalogue> catalogue = Catalogue::Load();
  const auto name = failure.info.metadata().find("name");
  const auto field = failure.info.metadata().find("field");
  const ResourceInfo* info = nullptr;
  if (catalogue.ok() && name != failure.info.metadata().end()) {
    info = catalogue->FindByName(name->second);
  } else if (catalogue.ok() && field != failure.info.metadata().end() &&
             absl::StrContains(field->second, '.')) {
    info = catalogue->Find(field->second.substr(0, field->second.find('.')));
  }
  if (info != nullptr) return info->options.collection();
  return language == Language::kChinese ? "资源" : "RESOURCE";
}

// What to do next, by reason or, without one, by code.
std::string Advice(const Failure& failure, Language language) {
  static const auto* const by_reason = new std::map<std::string, Text>{
      {"UNAUTHENTICATED", Text::kAdviceSignIn},
      {"WRONG_TENANT", Text::kAdviceSignIn},
      {"PERMISSION_DENIED", Text::kAdvicePermission},
      {"INVALID_FIELD_MASK", Text::kAdviceMask},
      {"INVALID_FILTER", Text::kAdviceFilter},
      {"INVALID_ORDER_BY", Text::kAdviceFilter},
      {"INVALID_NAME", Text::kAdviceName},
      {"ETAG_MISMATCH", Text::kAdviceEtag},
      {"ALREADY_EXISTS", Text::kAdviceExists},
      {"CONFLICT", Text::kAdviceRetry},
      {"OVERLOADED", Text::kAdviceRetry},
      {"RATE_LIMITED", Text::kAdviceRetry},
      {"UNAVAILABLE", Text::kAdviceRetry},
      {"HISTORY_LOST", Text::kAdviceSnapshot},
      {"INVALID_RESUME_TOKEN", Text::kAdviceSnapshot},
      {"INTERNAL", Text::kAdviceInternal},
      {"STORE_FULL", Text::kAdviceStoreFull},
      {"DEADLINE_EXCEEDED", Text::kAdviceDeadline},
  };
  if (!failure.advice.empty()) return failure.advice;
  if (failure.info.reason() == "INVALID_FIELD") {
    return failure.command.empty()
               ? Say(language, Text::kAdviceFields, CollectionOf(failure, language))
               : Say(language, Text::kAdviceOptions, failure.command);
  }
  const auto found = by_reason->find(failure.info.reason());
  if (found != by_reason->end()) return Say(language, found->second);
  if (absl::EndsWith(failure.info.reason(), "NOT_FOUND")) {
    return Say(language, Text::kAdviceNotFound, CollectionOf(failure, language));
  }
  if (failure.info.reason() == "WRONG_STATE") {
    const auto& metadata = failure.info.metadata();
    const auto allowed = metadata.find("allowed_states");
    if (allowed == metadata.end() || allowed->second.empty()) {
      return Say(language, Text::kAdviceFinal);
    }
    const auto found_resource = metadata.find("resource");
    const std::string resource = found_resource == metadata.end() ? "" : found_resource->second;
    std::string advice =
        Say(language, Text::kAdviceState, StatesInWords(allowed->second, resource, language));
    const auto current = metadata.find("current_state");
    if (absl::StartsWith(resource, "cases/") && current != metadata.end()) {
      absl::StrAppend(
          &advice, " ",
          Say(language, Text::kAdviceCommands, CommandsTo(allowed->second, current->second)));
    }
    return advice;
  }
  if (const auto rule = failure.info.metadata().find("rule");
      rule != failure.info.metadata().end()) {
    return RuleAdvice(rule->second, language);
  }
  switch (failure.code) {
    case grpc::StatusCode::UNAVAILABLE:
      return Say(language, Text::kAdviceServer);
    case grpc::StatusCode::UNAUTHENTICATED:
      return Say(language, Text::kAdviceSignIn);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Say(language, Text::kAdviceDeadline);
    case grpc::StatusCode::UNIMPLEMENTED:
      return Say(language, Text::kAdviceVersion);
    default:
      return "";
  }
}

// With its faults in the reader's language.
Failure Told(Failure failure, Language language) {
  for (auto& violation : *failure.bad_request.mutable_field_violations()) {
    const std::string said = FaultText(violation.description(), language);
    absl::StrReplaceAll({{absl::StrCat(violation.field(), ": ", violation.description()),
                          absl::StrCat(violation.field(), ": ", said)}},
                        &failure.message);
    violation.set_description(said);
  }
  failure.message = FaultText(failure.message, language);  // how many there are more
  return failure;
}

}  // namespace

absl::string_view CodeName(grpc::StatusCode code) {
  static constexpr absl::string_view kNames[] = {"OK",
                                                 "CANCELLED",
                                                 "UNKNOWN",
                                                 "INVALID_ARGUMENT",
                                                 "DEADLINE_EXCEEDED",
                                                 "NOT_FOUND",
                                                 "ALREADY_EXISTS",
                                                 "PERMISSION_DENIED",
                                                 "RESOURCE_EXHAUSTED",
                                                 "FAILED_PRECONDITION",
                                                 "ABORTED",
                                                 "OUT_OF_RANGE",
                                                 "UNIMPLEMENTED",
                                                 "INTERNAL",
                                                 "UNAVAILABLE",
                                                 "DATA_LOSS",
                                                 "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

Failure ReadFailure(const google::rpc::Status& status) {
  Failure failure;
  failure.code = static_cast<grpc::StatusCode>(status.code());
  failure.message = status.message();
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&failure.info) || detail.UnpackTo(&failure.bad_request) ||
        detail.UnpackTo(&failure.precondition) || detail.UnpackTo(&failure.resource) ||
        detail.UnpackTo(&failure.localized)) {
      continue;
    }
    if (detail.UnpackTo(&retry)) {
      failure.retry_seconds = static_cast<double>(retry.retry_delay().seconds()) +
                              static_cast<double>(retry.retry_delay().nanos()) / 1e9;
    }
  }
  return failure;
}

Failure ReadFailure(const grpc::Status& status) {
  google::rpc::Status wire;
  // Without details, or with damaged ones, code and message still tell what happened.
  if (!wire.ParseFromString(status.error_details())) wire.Clear();
  wire.set_code(status.error_code());
  wire.set_message(status.error_message());
  return ReadFailure(wire);
}

Failure LocalFailure(grpc::StatusCode code, absl::string_view message) {
  Failure failure;
  failure.code = code;
  failure.message = std::string(message);
  return failure;
}

void NameOptions(Failure& failure, absl::string_view command,
                 const std::function<std::string(absl::string_view)>& option_of) {
  const auto replace = [&](const std::string& path) {
    const std::string option = path.empty() ? "" : option_of(path);
    if (option.empty()) return option;
    // Only where it is what is wrong: the same word may stand in what is said of it.
    failure.message = ReplaceWord(failure.message, path + ":", option + ":");
    failure.localized.set_message(ReplaceWord(failure.localized.message(), path, option));
    failure.command = std::string(command);
    return option;
  };
  for (auto& violation : *failure.bad_request.mutable_field_violations()) {
    const std::string option = replace(violation.field());
    if (!option.empty()) violation.set_field(option);
  }
  const auto field = failure.info.metadata().find("field");
  if (field != failure.info.metadata().end() &&
      absl::StartsWith(failure.message, absl::StrCat(field->second, ":"))) {
    replace(field->second);
  }
}

std::string Brief(const Failure& given, Language language) {
  const Failure failure = Told(given, language);
  std::string text = Headline(failure, language);
  for (const auto& violation : failure.bad_request.field_violations()) {
    absl::StrAppend(&text, " ", violation.field(), ": ", violation.description());
  }
  const auto rule = failure.info.metadata().find("rule");
  if (rule != failure.info.metadata().end()) {
    absl::StrAppend(&text, " ", rule->second, ": ", failure.message);
  }
  return Printable(text);
}

std::string Explain(const Failure& given, Language language) {
  const Failure failure = Told(given, language);
  std::string out = absl::StrCat(Say(language, Text::kError), Headline(failure, language), "\n");
  absl::StrAppend(&out, "  ", CodeName(failure.code), failure.info.reason().empty() ? "" : " / ",
                  failure.info.reason());
  if (!failure.message.empty()) absl::StrAppend(&out, ": ", Printable(failure.message));
  absl::StrAppend(&out, "\n");
  // Where there is but one, the message says it already.
  const bool single =
      failure.bad_request.field_violations_size() + failure.precondition.violations_size() == 1;
  const auto add = [&](absl::string_view of, absl::string_view description) {
    if (single && absl::StrContains(failure.message, description)) return;
    absl::StrAppend(&out, "  - ", Printable(of), ": ", Printable(description), "\n");
  };
  for (const auto& violation : failure.bad_request.field_violations()) {
    add(violation.field(), violation.description());
  }
  for (const auto& violation : failure.precondition.violations()) {
    add(violation.subject(), violation.description());
  }
  const std::string advice = Advice(failure, language);
  // What the message says already is not said again, unless the advice goes by it.
  const auto said = [&](absl::string_view value) {
    return std::any_of(value.begin(), value.end(), absl::ascii_isalpha) &&
           ReplaceWord(failure.message, value, "") != failure.message;
  };
  if (!failure.resource.resource_name().empty() && !said(failure.resource.resource_name())) {
    absl::StrAppend(&out, "  ", Say(language, Text::kResource), " ",
                    Printable(failure.resource.resource_name()), "\n");
  }
  const std::map<std::string, std::string> metadata(failure.info.metadata().begin(),
                                                    failure.info.metadata().end());
  for (const auto& [key, value] : metadata) {
    if (value.empty() || (said(value) && !absl::StrContains(advice, key))) continue;
    absl::StrAppend(&out, "  ", Printable(key), " = ", Printable(value), "\n");
  }
  if (failure.retry_seconds > 0) {
    absl::StrAppend(&out, "  ", Say(language, Text::kRetryAfter, failure.retry_seconds), "\n");
  }
  if (!advice.empty()) absl::StrAppend(&out, "→ ", advice, "\n");
  return out;
}

ExitCode ExitCodeOf(const Failure& failure) {
  if (failure.ok()) return kDone;
  const bool silent = failure.info.reason().empty();
  if (failure.code == grpc::StatusCode::UNAVAILABLE) return kUnavailable;
  if (failure.code == grpc::StatusCode::DEADLINE_EXCEEDED && silent) return kUnavailable;
  return kRefused;
}

}  // namespace sqm::cli
