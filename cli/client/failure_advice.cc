#include "cli/client/failure_advice.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <map>
#include <vector>

#include "cli/schema/catalogue.h"
#include "cli/schema/value.h"
#include "cli/text/width.h"

namespace sqm::cli {
namespace {

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
  return Listed(language, said);
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

}  // namespace

std::string CommandsTo(absl::string_view states, absl::string_view current, Language language) {
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
  return Listed(language, words);
}

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
      absl::StrAppend(&advice, language == Language::kChinese ? "" : " ",
                      Say(language, Text::kAdviceCommands,
                          CommandsTo(allowed->second, current->second, language)));
    }
    return advice;
  }
  if (const auto rule = failure.info.metadata().find("rule");
      rule != failure.info.metadata().end()) {
    return RuleAdvice(rule->second, language);
  }
  switch (failure.code) {
    case grpc::StatusCode::UNAVAILABLE:
      // As OpenSSL says it, for gRPC has no code of its own.
      return Say(language, absl::StrContains(failure.message, "certificate verify failed")
                               ? Text::kAdviceCertificate
                               : Text::kAdviceServer);
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

}  // namespace sqm::cli
