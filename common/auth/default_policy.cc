// The shipped policy: one line a resource, one block a role. A new resource is entered in
// Catalogue() with its verbs and in the blocks of the roles that work with it; `*.read` already
// covers reading.
#include <cstdio>
#include <cstdlib>

#include "common/auth/permissions.h"

namespace sqm::auth {
namespace {

std::vector<ResourceVerbs> Catalogue() {
  return {
      {"monitoring.scorecards", {"read", "create", "update", "delete", "publish", "retire"}},
      {"monitoring.contacts", {"read", "create", "update", "delete", "import"}},
      {"monitoring.evaluations",
       {"read", "create", "assign", "start", "submit", "release", "acknowledge", "void", "delete"}},
      {"monitoring.notes", {"read", "create", "update", "agree", "progress", "check", "close"}},
      {"complaints.cases",
       {"read", "create", "import", "update", "acknowledge", "classify", "assign", "handle",
        "approve", "close", "reopen", "withdraw", "reject", "merge", "escalate", "archive"}},
      {"complaints.entries", {"read", "create"}},
      {"complaints.categories", {"read", "create", "update", "retire"}},
      {"complaints.causes", {"read", "create", "update"}},
      {"complaints.calendars", {"read", "create", "update"}},
      {"complaints.deadline_policies", {"read", "create", "update", "retire"}},
      {"complaints.disclosures", {"submit", "track", "grant"}},
      {"complaints.disclosure_panels", {"read", "create", "update"}},
      {"complaints.handlers", {"read", "create", "update"}},
      {"complaints.reply_templates", {"read", "create", "update", "delete"}},
      {"complaints.compensations", {"request", "approve"}},
      {"complaints.suggestions", {"decide"}},
      {"complaints.receipts", {"issue", "track", "rate", "answer"}},
      {"complaints.satisfaction", {"record"}},
      {"complaints.appointments", {"handle"}},
      {"complaints.corrective_actions", {"read", "create", "plan", "handle", "verify"}},
      {"reporting.measures", {"read"}},
      {"reporting.reports", {"read"}},
      {"reporting.runs", {"read", "create"}},
      {"audit.entries", {"read"}},
      {"feed", {"read", "list"}},
  };
}

std::vector<RoleGrant> RoleTable() {
  return {
      // Reads everything, approves what others draft, and alone removes records.
      {Role::kManager,
       {"*.read", "*.approve", "*.decide", "*.publish", "*.retire", "*.void", "*.release",
        "*.close", "*.delete", "complaints.*", "reporting.*"}},
      // Drafts standards (the manager publishes them), scores, imports, makes reports.
      {Role::kQaOfficer,
       {"monitoring.scorecards.read",
        "monitoring.contacts.read",
        "monitoring.evaluations.read",
        "monitoring.notes.read",
        "monitoring.scorecards.create",
        "monitoring.scorecards.update",
        "monitoring.contacts.create",
        "monitoring.contacts.update",
        "monitoring.contacts.import",
        "monitoring.evaluations.create",
        "monitoring.evaluations.assign",
        "monitoring.evaluations.start",
        "monitoring.evaluations.submit",
        "monitoring.evaluations.release",
        "monitoring.evaluations.void",
        "monitoring.notes.create",
        "monitoring.notes.update",
        "monitoring.notes.progress",
        "monitoring.notes.check",
        "monitoring.notes.close",
        "complaints.cases.read",
        "complaints.cases.create",
        "complaints.cases.import",
        "complaints.cases.acknowledge",
        "complaints.cases.classify",
        "complaints.entries.read",
        "complaints.entries.create",
        "complaints.disclosures.*",
        "complaints.reply_templates.*",
        "complaints.categories.*",
        "complaints.calendars.*",
        "complaints.deadline_policies.*",
        "complaints.corrective_actions.*",
        "complaints.causes.*",
        "complaints.receipts.issue",
        "complaints.satisfaction.record",
        "reporting.*"}},
      // Scores and coaches.
      {Role::kSupervisor,
       {"monitoring.scorecards.read",
        "monitoring.contacts.read",
        "monitoring.evaluations.read",
        "monitoring.evaluations.create",
        "monitoring.evaluations.assign",
        "monitoring.evaluations.start",
        "monitoring.evaluations.submit",
        "monitoring.evaluations.release",
        "monitoring.notes.read",
        "monitoring.notes.create",
        "monitoring.notes.update",
        "monitoring.notes.agree",
        "monitoring.notes.progress",
        "monitoring.notes.check",
        "monitoring.notes.close",
        "complaints.cases.*",
        "complaints.entries.*",
        "complaints.categories.read",
        "complaints.causes.read",
        "complaints.calendars.read",
        "complaints.deadline_policies.read",
        "complaints.reply_templates.read",
        "complaints.receipts.issue",
        "complaints.satisfaction.record",
        "complaints.disclosures.*",
        "complaints.handlers.*",
        "complaints.compensations.*",
        "complaints.suggestions.decide",
        "complaints.appointments.handle",
        "complaints.corrective_actions.*",
        "reporting.measures.read",
        "reporting.reports.read",
        "reporting.runs.read"}},
      // Coaches the team, and is evaluated too.
      {Role::kTeamLead,
       {"monitoring.scorecards.read",
        "monitoring.contacts.read",
        "monitoring.evaluations.read",
        "monitoring.evaluations.acknowledge",
        "monitoring.notes.read",
        "monitoring.notes.create",
        "monitoring.notes.update",
        "monitoring.notes.agree",
        "monitoring.notes.progress",
        "monitoring.notes.check",
        "complaints.cases.read",
        "complaints.cases.create",
        "complaints.cases.update",
        "complaints.cases.acknowledge",
        "complaints.cases.classify",
        "complaints.cases.assign",
        "complaints.cases.handle",
        "complaints.cases.approve",
        "complaints.cases.close",
        "complaints.cases.reopen",
        "complaints.cases.withdraw",
        "complaints.cases.reject",
        "complaints.cases.merge",
        "complaints.cases.escalate",
        "complaints.entries.*",
        "complaints.categories.read",
        "complaints.causes.read",
        "complaints.calendars.read",
        "complaints.deadline_policies.read",
        "complaints.reply_templates.read",
        "complaints.receipts.issue",
        "complaints.satisfaction.record",
        "complaints.handlers.read",
        "complaints.compensations.*",
        "complaints.appointments.handle",
        "complaints.corrective_actions.*"}},
      // Own results. Reports hold everybody's scores and stay closed to agents and leads.
      {Role::kAgent,
       {"monitoring.scorecards.read",
        "monitoring.contacts.read",
        "monitoring.evaluations.read",
        "monitoring.evaluations.acknowledge",
        "monitoring.notes.read",
        "monitoring.notes.agree",
        "monitoring.notes.progress",
        "complaints.cases.read",
        "complaints.cases.create",
        "complaints.cases.update",
        "complaints.cases.handle",
        "complaints.cases.close",
        "complaints.cases.reopen",
        "complaints.cases.withdraw",
        "complaints.cases.escalate",
        "complaints.entries.*",
        "complaints.categories.read",
        "complaints.causes.read",
        "complaints.calendars.read",
        "complaints.deadline_policies.read",
        "complaints.reply_templates.read",
        "complaints.receipts.issue",
        "complaints.compensations.request",
        "complaints.appointments.handle",
        "complaints.corrective_actions.read",
        "complaints.corrective_actions.create",
        "complaints.corrective_actions.handle"}},
      {Role::kClerk, {"training.*", "reporting.reports.read"}},
      // A coaching note is where a training need begins.
      {Role::kTrainer, {"training.*", "monitoring.scorecards.read", "monitoring.notes.read"}},
      {Role::kEngineer, {"equipment.*"}},
      {Role::kAuditor, {"*.read"}},
      {Role::kService, {"*"}},
      // A portal's token: nobody known behind it.
      {Role::kCustomer,
       {"complaints.disclosures.submit", "complaints.disclosures.track",
        "complaints.receipts.track", "complaints.receipts.rate", "complaints.receipts.answer"}},
      // Guards are granted nothing: their records (rounds, incidents) are not among the resources
      // above.
  };
}

}  // namespace

const Policy& Policy::Default() {
  static const Policy* const policy = [] {
    absl::StatusOr<Policy> made = Make(Catalogue(), RoleTable());
    if (!made.ok()) {  // a fault of the tables above, not of any input
      std::fprintf(stderr, "default policy: %s\n", made.status().ToString().c_str());
      std::abort();
    }
    return new Policy(*std::move(made));
  }();
  return *policy;
}

}  // namespace sqm::auth
