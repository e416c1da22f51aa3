// import contacts: a CSV file by a mapping, with every refused row answered for.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/client/import_stream.h"
#include "cli/commands/commands.h"
#include "cli/import/row_mapper.h"
#include "cli/import/summary.h"
#include "cli/text/progress.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Contact;
using monitoring::v1::ImportContactsResponse;

// Bad rows that a batch carries along at most, as a multiple of its size.
constexpr size_t kMostRows = 4;

struct Arguments {
  std::string file;
  std::string mapping;
  std::string separator;
  std::string rejects;
  size_t batch = 500;
  size_t window = 8;
  bool update_existing = false;
  bool validate_only = false;
};

// A shipped mapping by name, or a file. Nothing after a complaint.
std::optional<Mapping> LoadMapping(Context& context, const std::string& word) {
  const Catalogue* catalogue = context.catalogue();
  if (catalogue == nullptr) return std::nullopt;
  std::string json;
  std::vector<std::string> names;
  for (const ShippedMapping& shipped : ShippedMappings()) {
    names.push_back(shipped.name);
    if (shipped.name == word) json = shipped.json;
  }
  if (json.empty() && !std::filesystem::exists(word)) {
    context.UsageError(context.T(Text::kNoSuchMapping, word, absl::StrJoin(names, ", ")));
    return std::nullopt;
  }
  if (json.empty() && !context.ReadInput(word, json)) return std::nullopt;
  absl::StatusOr<Mapping> mapping = ParseMapping(json, *catalogue);
  if (!mapping.ok()) {
    context.UsageError(context.T(Text::kBadMapping, word, mapping.status().message()));
    return std::nullopt;
  }
  if (mapping->resource->message != Contact::descriptor()) {
    context.UsageError(context.T(Text::kBadMapping, word, mapping->resource->options.type()));
    return std::nullopt;
  }
  return *std::move(mapping);
}

// The rejects file, written beside its place and put there only when there is something in it.
class Rejects {
 public:
  Rejects(std::string path, char separator) : path_(std::move(path)), separator_(separator) {}

  void Add(const RowMapper& mapper, const ImportRow& row, const std::vector<Issue>& issues) {
    if (path_.empty()) return;
    if (writer_ == nullptr) {
      out_.open(path_ + ".part", std::ios::binary | std::ios::trunc);
      writer_ = std::make_unique<CsvWriter>(out_, CsvStyle{.separator = separator_});
      writer_->Write(RejectHeader(mapper));
    }
    writer_->Write(RejectRow(mapper, row.row, issues));
  }

  // False: it could not be written. `made`: there is a file.
  bool Close(bool& made) {
    made = writer_ != nullptr;
    if (!made) return true;
    out_.close();
    return out_.good() && std::rename((path_ + ".part").c_str(), path_.c_str()) == 0;
  }

 private:
  const std::string path_;
  const char separator_;
  std::ofstream out_;
  std::unique_ptr<CsvWriter> writer_;
};

// Counts and writes down what became of the rows of each batch. Used by the reader of the stream,
// and by the sender only while nothing is in flight.
class Ledger {
 public:
  Ledger(const RowMapper& mapper, Rejects& rejects, Language language)
      : mapper_(mapper), rejects_(rejects), language_(language) {}

  ImportSummary summary;

  void Take(const ImportBatch& batch, const ImportContactsResponse& response) {
    int index = 0;
    int failure = 0;
    for (const ImportRow& row : batch.rows) {
      if (!row.issues.empty()) {
        Reject(row, row.issues);
        continue;
      }
      switch (response.outcomes(index)) {
        case monitoring::v1::IMPORT_OUTCOME_CREATED:
          ++summary.created;
          break;
        case monitoring::v1::IMPORT_OUTCOME_UNCHANGED:
          ++summary.unchanged;
          break;
        case monitoring::v1::IMPORT_OUTCOME_UPDATED:
          ++summary.updated;
          break;
        default: {
          while (failure < response.failures_size() && response.failures(failure).index() < index) {
            ++failure;
          }
          const bool told =
              failure < response.failures_size() && response.failures(failure).index() == index;
          Reject(row,
                 Issues(row, told ? response.failures(failure).status() : google::rpc::Status()));
        }
      }
      ++index;
    }
  }

 private:
  // The server's complaints, put in the words of the file.
  std::vector<Issue> Issues(const ImportRow& row, const google::rpc::Status& status) const {
    const Failure failure = ReadFailure(status);
    std::vector<Issue> issues;
    for (const auto& violation : failure.bad_request.field_violations()) {
      issues.push_back({mapper_.ColumnOfField(violation.field()),
                        mapper_.ValueOfField(violation.field(), row.row), violation.description()});
    }
    if (!issues.empty()) return issues;
    const std::string field = failure.code == grpc::StatusCode::ALREADY_EXISTS ? "external_id" : "";
    issues.push_back({field.empty() ? "" : mapper_.ColumnOfField(field),
                      field.empty() ? "" : mapper_.ValueOfField(field, row.row),
                      Brief(failure, language_)});
    return issues;
  }

  void Reject(const ImportRow& row, const std::vector<Issue>& issues) {
    summary.Reject(row.row.line, issues);
    rejects_.Add(mapper_, row, issues);
  }

  const RowMapper& mapper_;
  Rejects& rejects_;
  const Language language_;
};

class Import {
 public:
  Import(Context& context, const Arguments& arguments, const Mapping& mapping)
      : context_(context), arguments_(arguments), mapping_(mapping) {}

  void Run() {
    std::ifstream file;
    if (arguments_.file != "-") {
      file.open(arguments_.file, std::ios::binary);
      std::error_code error;
      size_ = static_cast<double>(std::filesystem::file_size(arguments_.file, error));
      if (!file || error) {
        context_.UsageError(context_.T(Text::kCannotRead, arguments_.file, error.message()));
        return;
      }
    }
    CsvReader reader(arguments_.file == "-" ? std::cin : static_cast<std::istream&>(file),
                     {.separator = mapping_.separator});
    ConvertContext convert;
    if (!Zone(convert)) return;
    CsvRow header;
    if (!reader.Next(header)) {
      context_.UsageError(context_.T(Text::kEmptyFile, arguments_.file));
      return;
    }
    if (!header.fields.empty() && (absl::StartsWith(header.fields[0], "\xFF\xFE") ||
                                   absl::StartsWith(header.fields[0], "\xFE\xFF"))) {
      context_.UsageError(context_.T(Text::kUtf16, arguments_.file));
      return;
    }
    absl::StatusOr<RowMapper> mapper = RowMapper::Bind(mapping_, header.fields, convert);
    if (!mapper.ok()) {
      context_.UsageError(mapper.status().message());
      return;
    }
    Connection* connection = context_.connection();
    if (connection != nullptr) Send(reader, *mapper, *connection);
  }

 private:
  // --zone over the mapping's zone over UTC, which is said.
  bool Zone(ConvertContext& convert) {
    convert.nonexistent = mapping_.nonexistent;
    convert.ambiguous = mapping_.ambiguous;
    convert.language = context_.language();
    const bool given = context_.options.zone != "UTC";
    if (!given && !mapping_.zone.empty()) context_.options.zone = mapping_.zone;
    if (!given && mapping_.zone.empty()) context_.Note(context_.T(Text::kZoneIsUtc));
    return context_.Zone(convert.zone);
  }

  void Send(CsvReader& reader, const RowMapper& mapper, const Connection& connection) {
    Rejects rejects(arguments_.rejects, mapping_.separator);
    Ledger ledger(mapper, rejects, context_.language());
    Progress progress(std::cerr, context_.err(), SystemClock::Get(), context_.language(),
                      context_.T(Text::kImporting));
    const absl::Time start = absl::Now();
    Failure failure;
    {
      std::atomic<double> fraction{size_ > 0 ? 0.0 : -1.0};
      ImportStream stream(connection, arguments_.window,
                          [&](const ImportBatch& batch, const ImportContactsResponse& response) {
                            ledger.Take(batch, response);
                            progress.Update(ledger.summary.total(), fraction);
                          });
      auto batch = std::make_shared<ImportBatch>();
      ImportRow row;
      bool alive = true;
      while (alive && reader.Next(row.row)) {
        Contact* contact = batch->request.add_contacts();
        row.issues = mapper.Map(row.row, *contact);
        if (!row.issues.empty()) batch->request.mutable_contacts()->RemoveLast();
        batch->rows.push_back(row);
        if (size_ > 0) fraction = static_cast<double>(reader.bytes_read()) / size_;
        const bool full = static_cast<size_t>(batch->request.contacts_size()) >= arguments_.batch ||
                          batch->rows.size() >= arguments_.batch * kMostRows;
        if (full) {
          alive = stream.Send(Ready(batch));
          batch = std::make_shared<ImportBatch>();
        }
      }
      if (alive && batch->request.contacts_size() > 0) {
        stream.Send(Ready(batch));
        batch = nullptr;
      }
      failure = stream.Finish();
      // Rows that are all bad need no server; nothing is in flight now.
      if (failure.ok() && batch != nullptr) ledger.Take(*batch, ImportContactsResponse());
    }
    progress.Finish();
    bool made = false;
    const bool kept = rejects.Close(made);
    Report(ledger.summary, absl::Now() - start);
    if (made && kept) context_.Note(context_.T(Text::kRejectsWritten, arguments_.rejects));
    if (!kept) context_.UsageError(context_.T(Text::kCannotWrite, arguments_.rejects, ""));
    if (!failure.ok()) {
      context_.Note(context_.T(Text::kImportStopped));
      context_.Fail(failure);
    }
  }

  std::shared_ptr<ImportBatch> Ready(const std::shared_ptr<ImportBatch>& batch) const {
    batch->request.set_update_existing(arguments_.update_existing);
    batch->request.set_validate_only(arguments_.validate_only);
    return batch;
  }

  void Report(const ImportSummary& summary, absl::Duration took) {
    context_.Print(summary.Outcomes(context_.language()));
    const double seconds = std::max(0.001, absl::ToDoubleSeconds(took));
    context_.Note(context_.T(Text::kImportRate, summary.total(),
                             absl::FormatDuration(absl::Trunc(took, absl::Milliseconds(1))),
                             static_cast<int64_t>(static_cast<double>(summary.total()) / seconds)));
    if (arguments_.validate_only) context_.Note(context_.T(Text::kOnlyChecked));
    if (summary.rejected == 0) return;
    context_.Print("\n");
    context_.Print(summary.Reasons(context_.language()));
    if (arguments_.rejects.empty()) context_.Note(context_.T(Text::kUseRejects));
    context_.exit_code = kRefused;
  }

  Context& context_;
  const Arguments& arguments_;
  const Mapping& mapping_;
  double size_ = 0;
};

void Run(Context& context, const Arguments& arguments) {
  std::optional<Mapping> mapping = LoadMapping(context, arguments.mapping);
  if (!mapping.has_value()) return;
  if (!arguments.separator.empty()) {
    mapping->separator = arguments.separator == "\\t" ? '\t' : arguments.separator.front();
  }
  std::error_code error;
  if (!arguments.rejects.empty() &&
      std::filesystem::equivalent(arguments.file, arguments.rejects, error)) {
    context.UsageError(context.T(Text::kSameFile, arguments.rejects));
    return;
  }
  Import(context, arguments, *mapping).Run();
}

}  // namespace

void AddImportCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("import", context.T(Text::kHelpImport));
  group->require_subcommand(1);
  auto a = std::make_shared<Arguments>();
  CLI::App* c = group->add_subcommand("contacts", context.T(Text::kHelpImportContacts));
  std::string footer = context.T(Text::kExamples) + "\n" + context.T(Text::kExampleImport);
  c->footer(footer);
  c->add_option("FILE", a->file, context.T(Text::kHelpImportFile))->required();
  c->add_option("--mapping", a->mapping, context.T(Text::kHelpMapping))->required();
  c->add_option("--separator", a->separator, context.T(Text::kHelpSeparator));
  c->add_option("--rejects", a->rejects, context.T(Text::kHelpRejects));
  c->add_option("--batch", a->batch, context.T(Text::kHelpBatch))->check(CLI::Range(1, 1000));
  c->add_option("--window", a->window, context.T(Text::kHelpWindow))->check(CLI::Range(1, 64));
  c->add_flag("--update-existing", a->update_existing, context.T(Text::kHelpUpdateExisting));
  c->add_flag("--validate-only", a->validate_only, context.T(Text::kHelpValidateOnly));
  c->callback([&context, a] { Run(context, *a); });
}

}  // namespace sqm::cli
