// Cases entered, and what is known of them changed.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/field_mask.pb.h>

#include <CLI/CLI.hpp>

#include "cli/commands/cases.h"
#include "cli/commands/option_fields.h"
#include "cli/commands/output.h"
#include "cli/schema/names.h"

namespace sqm::cli {
namespace {

// Sets what options say and may be said again later; `mask` gets its fields. False after a
// complaint.
bool SetKnown(Context& context, const CaseArguments& arguments, v1::Case& one,
              google::protobuf::FieldMask& mask) {
  const CLI::App& command = UsedCommand(*context.app);
  // Also with nothing, which empties the field.
  const auto given = [&](const char* option, const char* path) {
    const CLI::Option* known = command.get_option_no_throw(option);
    const bool is = known != nullptr && known->count() > 0;
    if (is) mask.add_paths(path);
    return is;
  };
  if (given("--subject", "subject")) one.set_subject(arguments.subject);
  if (given("--text", "text")) one.set_text(arguments.text);
  if (given("--product", "product")) one.set_product(arguments.product);
  if (given("--remedy", "remedy_sought")) one.set_remedy_sought(arguments.remedy);
  if (given("--contact", "related_contact")) one.set_related_contact(arguments.contact);
  if (given("--customer", "customer.reference")) {
    one.mutable_customer()->set_reference(arguments.customer);
  }
  if (given("--customer-name", "customer.display_name")) {
    one.mutable_customer()->set_display_name(arguments.customer_name);
  }
  if (given("--phone", "customer.phone")) one.mutable_customer()->set_phone(arguments.phone);
  if (given("--email", "customer.email")) one.mutable_customer()->set_email(arguments.email);
  if (given("--class", "customer.customer_class")) {
    one.mutable_customer()->set_customer_class(arguments.customer_class);
  }
  if (given("--channel", "channel")) {
    const auto channel =
        EnumValue(context, "--channel", v1::CaseChannel_descriptor(), arguments.channel);
    if (!channel) return false;
    one.set_channel(static_cast<v1::CaseChannel>(*channel));
  }
  if (given("--language", "language")) {
    const auto language =
        EnumValue(context, "--language", v1::CaseLanguage_descriptor(), arguments.language);
    if (!language) return false;
    one.set_language(static_cast<v1::CaseLanguage>(*language));
  }
  if (given("--staff", "named_staff")) {
    for (const std::string& staff : arguments.staff) {
      if (!staff.empty()) one.add_named_staff(InCollection("staff", staff));
    }
  }
  if (given("--asset", "named_assets")) {
    for (const std::string& asset : arguments.assets) {
      if (!asset.empty()) one.add_named_assets(InCollection("assets", asset));
    }
  }
  return true;
}

void Create(Context& context, const CaseArguments& arguments) {
  const std::unique_ptr<Output> output = CaseOutput(context);
  if (output == nullptr) return;
  v1::CreateCaseRequest request;
  v1::Case& one = *request.mutable_case_();
  const auto kind = EnumValue(context, "--kind", v1::CaseKind_descriptor(), arguments.kind);
  if (!kind) return;
  one.set_kind(static_cast<v1::CaseKind>(*kind));
  one.set_channel(v1::CASE_CHANNEL_OTHER);
  google::protobuf::FieldMask said;
  if (!SetKnown(context, arguments, one, said)) return;
  one.set_category(InCollection("categories", arguments.category));
  if (!arguments.severity.empty()) {
    const auto severity =
        EnumValue(context, "--severity", v1::CaseSeverity_descriptor(), arguments.severity);
    if (!severity) return;
    one.set_severity(static_cast<v1::CaseSeverity>(*severity));
  }
  if (!arguments.priority.empty()) {
    const auto priority =
        EnumValue(context, "--priority", v1::CasePriority_descriptor(), arguments.priority);
    if (!priority) return;
    one.set_priority(static_cast<v1::CasePriority>(*priority));
  }
  if (!arguments.received.empty() && !ReadTime(context, "--received", arguments.received,
                                               DayMeans::kStart, *one.mutable_received_time())) {
    return;
  }
  if (!arguments.benefit.empty()) {
    one.mutable_suggestion()->set_expected_benefit(arguments.benefit);
  }
  if (one.kind() != v1::CASE_KIND_APPOINTMENT) {
    if (!arguments.at.empty() || !arguments.preparation.empty()) {
      context.UsageError(context.T(Text::kOnlyAppointments));
      return;
    }
    one.set_place(arguments.place);
  } else if (!ReadAppointment(context, arguments, *one.mutable_appointment())) {
    return;
  }
  // Before it is one of them itself.
  v1::SuggestDuplicatesRequest like;
  *like.mutable_case_() = one;
  v1::SuggestDuplicatesResponse known;
  v1::Case made;
  if (context.options.output == "table" && context.connection() != nullptr) {
    // Good to know, and no reason to refuse.
    (void)context.connection()->Call(ComplaintsPath("SuggestDuplicates"), like, known);
  }
  if (!context.Call(ComplaintsPath("CreateCase"), request, made)) return;
  ShowCase(*output, made);
  std::string numbers;
  for (const v1::DuplicateCandidate& candidate : known.candidates()) {
    absl::StrAppend(&numbers, numbers.empty() ? "" : ", ", candidate.number());
  }
  if (!numbers.empty()) context.Note(context.T(Text::kLikelySame, numbers));
}

void Update(Context& context, const CaseArguments& arguments) {
  const std::unique_ptr<Output> output = CaseOutput(context);
  if (output == nullptr) return;
  v1::UpdateCaseRequest request;
  if (!SetKnown(context, arguments, *request.mutable_case_(), *request.mutable_update_mask())) {
    return;
  }
  const CLI::Option* place = UsedCommand(*context.app).get_option_no_throw("--place");
  if (place != nullptr && place->count() > 0) {
    request.mutable_case_()->set_place(arguments.place);
    request.mutable_update_mask()->add_paths("place");
  }
  if (request.update_mask().paths().empty()) {
    context.UsageError(context.T(Text::kNothingToChange));
    return;
  }
  request.mutable_case_()->set_name(CaseName(context, arguments.target));
  if (request.case_().name().empty()) return;
  v1::Case one;
  if (context.Call(ComplaintsPath("UpdateCase"), request, one)) ShowCase(*output, one);
}

// Options of what may be changed later too.
void AddKnown(CLI::App& c, Context& context, const SharedCaseArguments& a) {
  c.add_option("--channel", a->channel, context.T(Text::kHelpCaseChannel));
  AddText(c, "--text", a->text, context.T(Text::kHelpCaseText));
  c.add_option("--customer", a->customer, context.T(Text::kHelpCaseCustomer));
  c.add_option("--customer-name", a->customer_name, context.T(Text::kHelpCaseCustomerName));
  c.add_option("--phone", a->phone, context.T(Text::kHelpCasePhone));
  c.add_option("--email", a->email, context.T(Text::kHelpCaseEmail));
  c.add_option("--class", a->customer_class, context.T(Text::kHelpCaseClass));
  c.add_option("--language", a->language, context.T(Text::kHelpCaseLanguage));
  c.add_option("--product", a->product, context.T(Text::kHelpCaseProduct));
  c.add_option("--place", a->place, context.T(Text::kHelpCasePlace));
  c.add_option("--remedy", a->remedy, context.T(Text::kHelpCaseRemedy));
  c.add_option("--contact", a->contact, context.T(Text::kHelpCaseContact));
  c.add_option("--staff", a->staff, context.T(Text::kHelpCaseStaff))->allow_extra_args(false);
  c.add_option("--asset", a->assets, context.T(Text::kHelpCaseAsset))->allow_extra_args(false);
}

}  // namespace

void AddCaseEntryCommands(CLI::App& group, Context& context, const SharedCaseArguments& a) {
  CLI::App* c =
      CaseCommand(group, context, "create", Text::kHelpCaseCreate,
                  "--kind complaint --channel phone --subject \"…\" --customer AC-1001", a, Create);
  c->add_option("--subject", a->subject, context.T(Text::kHelpCaseSubject))->required();
  c->add_option("--kind", a->kind, context.T(Text::kHelpCaseKind));
  AddKnown(*c, context, a);
  c->add_option("--category", a->category, context.T(Text::kHelpCaseCategory));
  c->add_option("--severity", a->severity, context.T(Text::kHelpCaseSeverity));
  c->add_option("--priority", a->priority, context.T(Text::kHelpCasePriority));
  c->add_option("--received", a->received, context.T(Text::kHelpCaseReceived));
  c->add_option("--benefit", a->benefit, context.T(Text::kHelpCaseBenefit));
  AddAppointmentOptions(*c, context, a);

  c = OnCase(group, context, "update", Text::kHelpCaseUpdate, "--phone 13800000000", a, Update);
  c->add_option("--subject", a->subject, context.T(Text::kHelpCaseSubject));
  AddKnown(*c, context, a);
}

}  // namespace sqm::cli
