#include "services/complaints/reply_template.h"

#include <absl/algorithm/container.h>
#include <absl/functional/function_ref.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <optional>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "common/contract/registry.h"
#include "services/complaints/case_deadlines.h"
#include "services/complaints/case_states.h"
#include "services/complaints/day_text.h"

namespace sqm::complaints {
namespace {

constexpr absl::string_view kFields[] = {"number",        "kind",     "category",
                                         "received_date", "due_date", "answer"};
constexpr absl::string_view kNothing = "—";

// The body with each field replaced by what `value` says; why it cannot be read, as the error.
absl::StatusOr<std::string> Fill(const std::string& body, const std::string& field,
                                 absl::FunctionRef<std::string(absl::string_view)> value) {
  std::string text;
  for (size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c != '{' && c != '}') {
      text += c;
      continue;
    }
    if (i + 1 < body.size() && body[i + 1] == c) {
      text += c;
      ++i;
      continue;
    }
    const size_t end = c == '{' ? body.find('}', i) : std::string::npos;
    if (end == std::string::npos) {
      return InvalidField(
          field, absl::StrCat("has a ", std::string(1, c), " at byte ", i, " without its other"));
    }
    const absl::string_view name = absl::string_view(body).substr(i + 1, end - i - 1);
    if (!absl::c_linear_search(kFields, name)) {
      return InvalidField(field, absl::StrCat("has an unknown field {", name, "}; fields are ",
                                              absl::StrJoin(kFields, ", ")));
    }
    text += value(name);
    i = end;
  }
  return text;
}

std::string In(bool chinese, const type::v1::Text& text) {
  const std::string& wanted = chinese ? text.zh() : text.en();
  return wanted.empty() ? (chinese ? text.en() : text.zh()) : wanted;
}

}  // namespace

absl::Status CheckTemplate(const v1::ReplyTemplate& reply) {
  FieldErrors errors;
  if (reply.body_zh().empty() && reply.body_en().empty()) {
    errors.Add("reply_template.body_zh", "or body_en must be given");
  }
  if (reply.label().en().empty() && reply.label().zh().empty()) {
    errors.Add("reply_template.label", "must be given in at least one language");
  }
  RETURN_IF_ERROR(errors.ToStatus());
  const auto nothing = [](absl::string_view) { return std::string(); };
  RETURN_IF_ERROR(Fill(reply.body_zh(), "reply_template.body_zh", nothing).status());
  return Fill(reply.body_en(), "reply_template.body_en", nothing).status();
}

absl::StatusOr<v1::RenderReplyResponse> RenderReply(const v1::ReplyTemplate& reply,
                                                    const v1::Case& one,
                                                    const v1::Category* category,
                                                    const v1::RenderReplyRequest& request,
                                                    absl::Time now, absl::TimeZone zone) {
  if (reply.kinds_size() > 0 && !absl::c_linear_search(reply.kinds(), one.kind())) {
    return RuleViolated(
        "template-for-other-kinds",
        absl::StrCat(reply.name(), " is not for cases of kind ", KindName(one.kind())),
        {{"kind", KindName(one.kind())}});
  }
  v1::CaseLanguage language = request.language();
  const bool asked = language != v1::CASE_LANGUAGE_UNSPECIFIED;
  if (!asked) language = one.language();
  if (language == v1::CASE_LANGUAGE_UNSPECIFIED) language = v1::CASE_LANGUAGE_ZH;
  bool chinese = language == v1::CASE_LANGUAGE_ZH;
  if ((chinese ? reply.body_zh() : reply.body_en()).empty()) {
    if (asked) {
      return RuleViolated("template-language-missing",
                          absl::StrCat(reply.name(), " has no text in this language"));
    }
    chinese = !chinese;
  }
  const std::string& body = chinese ? reply.body_zh() : reply.body_en();
  if (!request.answer().empty() && !absl::StrContains(body, "{answer}")) {
    return RuleViolated(
        "template-without-answer",
        absl::StrCat(reply.name(), " has no {answer} where the answer would stand"));
  }
  const auto date = [&](const google::protobuf::Timestamp& time) {
    return DayText(chinese, absl::ToCivilDay(FromTimestamp(time), zone));
  };
  // Empty: there is nothing.
  const auto value_of = [&](absl::string_view name) -> std::string {
    if (name == "number") return one.number();
    if (name == "answer") return request.answer();
    if (name == "kind") {
      return contract::LabelOf(v1::CaseKind_descriptor()->FindValueByNumber(one.kind()), chinese);
    }
    if (name == "category") return category == nullptr ? "" : In(chinese, category->label());
    if (name == "received_date") return date(one.received_time());
    const std::optional<absl::Time> due = AnswerDue(one, now);
    return due ? date(ToTimestamp(*due)) : "";
  };
  v1::RenderReplyResponse response;
  const auto value = [&](absl::string_view name) {
    std::string text = value_of(name);
    if (!text.empty()) return text;
    if (!absl::c_linear_search(response.missing(), name)) response.add_missing(std::string(name));
    return std::string(kNothing);
  };
  ASSIGN_OR_RETURN(*response.mutable_text(), Fill(body, "template", value));
  response.set_language(chinese ? v1::CASE_LANGUAGE_ZH : v1::CASE_LANGUAGE_EN);
  return response;
}

}  // namespace sqm::complaints
