// import: a CSV file by a mapping into a resource, with every refused row answered for.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/client/import_stream.h"
#include "cli/commands/commands.h"
#include "cli/commands/import_categories.h"
#include "cli/commands/import_ledger.h"
#include "cli/commands/parser.h"
#include "cli/import/row_mapper.h"
#include "cli/text/progress.h"

namespace sqm::cli {
namespace {

// Bad rows that a batch carries along at most, as a multiple of its size.
constexpr size_t kMostRows = 4;
// Good rows of a batch in bytes, about: a quarter of what the server takes.
constexpr size_t kMostBytes = 1 << 20;

struct ImportArguments {
  std::string file;
  std::string mapping;
  std::string resource;  // type that the command loads
  std::string separator;
  std::string rejects;
  size_t batch = 500;
  size_t window = 8;
  bool update_existing = false;
  bool validate_only = false;
  bool create_categories = false;
};

// The shipped mappings of a resource, for people.
std::string MappingsOf(absl::string_view resource, Language language) {
  std::vector<std::string> names;
  for (const ShippedMapping& shipped : ShippedMappings()) {
    if (absl::StrContains(shipped.json, absl::StrCat("\"resource\": \"", resource, "\""))) {
      names.push_back(shipped.name);
    }
  }
  return Listed(language, names);
}

// A shipped mapping by name, or a file. Nothing after a complaint.
std::optional<Mapping> LoadMapping(Context& context, const std::string& word,
                                   const std::string& resource) {
  const Catalogue* catalogue = context.catalogue();
  if (catalogue == nullptr) return std::nullopt;
  std::string json;
  for (const ShippedMapping& shipped : ShippedMappings()) {
    if (shipped.name == word) json = shipped.json;
  }
  if (json.empty() && !std::filesystem::exists(word)) {
    context.UsageError(
        context.T(Text::kNoSuchMapping, word, MappingsOf(resource, context.language())));
    return std::nullopt;
  }
  if (json.empty() && !context.ReadInput(word, json)) return std::nullopt;
  absl::StatusOr<Mapping> mapping = ParseMapping(json, *catalogue);
  if (!mapping.ok()) {
    context.UsageError(context.T(Text::kBadMapping, word, mapping.status().message()));
    return std::nullopt;
  }
  if (mapping->resource->options.type() != resource) {
    context.UsageError(
        context.T(Text::kBadMapping, word,
                  context.T(Text::kMappingOfOther, mapping->resource->options.type(), resource)));
    return std::nullopt;
  }
  return *std::move(mapping);
}

class Import {
 public:
  Import(Context& context, const ImportArguments& arguments, const Mapping& mapping)
      : context_(context), arguments_(arguments), mapping_(mapping), method_(*mapping.resource) {}

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

  void Send(CsvReader& reader, RowMapper& mapper, const Connection& connection) {
    Rejects rejects(arguments_.rejects, mapping_.separator);
    if (!rejects.CanBeWritten()) {
      context_.UsageError(context_.T(Text::kCannotWrite, arguments_.rejects, std::strerror(errno)));
      return;
    }
    Ledger ledger(mapper, rejects, context_.language());
    ImportCategories categories(context_, connection, mapping_, mapper);
    Progress progress(std::cerr, context_.err(), SystemClock::Get(), context_.language(),
                      context_.T(Text::kImporting));
    const absl::Time start = absl::Now();
    Failure failure;
    bool alive = true;
    {
      std::atomic<double> fraction{size_ > 0 ? 0.0 : -1.0};
      ImportStream stream(connection, method_, arguments_.window,
                          [&](const ImportBatch& batch, const ImportAnswer& answer) {
                            ledger.Take(batch, answer);
                            progress.Update(ledger.summary.total(), fraction);
                          });
      std::shared_ptr<ImportBatch> batch = NewBatch();
      size_t bytes = 0;
      ImportRow row;
      while (alive && reader.Next(row.row)) {
        google::protobuf::Message* message = method_.AddRow(*batch->request);
        row.issues = mapper.Map(row.row, *message);
        if (row.issues.empty() && arguments_.create_categories) {
          if (!(alive = categories.Add(row.row, *message))) break;
        }
        if (row.issues.empty()) {
          bytes += message->ByteSizeLong();
        } else {
          method_.DropLastRow(*batch->request);
        }
        batch->rows.push_back(row);
        if (size_ > 0) fraction = static_cast<double>(reader.bytes_read()) / size_;
        const bool full = RowsToSend(*batch) >= arguments_.batch || bytes >= kMostBytes ||
                          batch->rows.size() >= arguments_.batch * kMostRows;
        if (full) {
          alive = stream.Send(batch);
          batch = NewBatch();
          bytes = 0;
        }
      }
      if (alive && RowsToSend(*batch) > 0) {
        stream.Send(batch);
        batch = nullptr;
      }
      failure = stream.Finish();
      // Rows that are all bad need no server; nothing is in flight now.
      if (failure.ok() && alive && batch != nullptr) ledger.Take(*batch, ImportAnswer());
    }
    progress.Finish();
    bool made = false;
    const bool kept = rejects.Close(made);
    ledger.summary.categories = categories.created();
    Report(ledger, absl::Now() - start);
    if (made && kept) context_.Note(context_.T(Text::kRejectsWritten, arguments_.rejects));
    if (!kept) {
      context_.UsageError(context_.T(Text::kCannotWrite, arguments_.rejects, std::strerror(errno)));
    }
    if (!alive || !failure.ok()) context_.Note(context_.T(Text::kImportStopped));
    if (!failure.ok()) context_.Fail(failure);
  }

  std::shared_ptr<ImportBatch> NewBatch() const {
    auto batch = std::make_shared<ImportBatch>();
    batch->request = method_.NewRequest();
    method_.SetFlags(*batch->request, arguments_.update_existing, arguments_.validate_only);
    return batch;
  }

  size_t RowsToSend(const ImportBatch& batch) const {
    return static_cast<size_t>(method_.RowCount(*batch.request));
  }

  void Report(const Ledger& ledger, absl::Duration took) {
    const ImportSummary& summary = ledger.summary;
    const bool tables = context_.options.output == "table";
    context_.Print(tables ? summary.Outcomes(context_.language()).Format(context_.out())
                          : summary.Json(/*pretty=*/context_.options.output == "json"));
    const double seconds = std::max(0.001, absl::ToDoubleSeconds(took));
    context_.Note(context_.T(Text::kImportRate, summary.total(),
                             DurationWords(context_.language(), took),
                             static_cast<int64_t>(static_cast<double>(summary.total()) / seconds)));
    if (arguments_.validate_only) context_.Note(context_.T(Text::kOnlyChecked));
    if (summary.rejected == 0) return;
    if (tables) {
      context_.Print("\n");
      context_.Print(summary.Reasons(context_.language()));
    }
    if (ledger.missing.contains(PathText(CategoryPath(mapping_)))) {
      context_.Note(context_.T(Text::kUseCreateCategories));
    }
    if (arguments_.rejects.empty()) context_.Note(context_.T(Text::kUseRejects));
    context_.exit_code = kRefused;
  }

  Context& context_;
  const ImportArguments& arguments_;
  const Mapping& mapping_;
  const ImportMethod method_;
  double size_ = 0;
};

void Run(Context& context, const ImportArguments& arguments) {
  const std::string& format = context.options.output;
  if (format != "table" && format != "json" && format != "jsonl") {
    context.UsageError(context.T(Text::kNoSuchFormat, format, "table, json, jsonl"));
    return;
  }
  std::optional<Mapping> mapping = LoadMapping(context, arguments.mapping, arguments.resource);
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

ImportTarget CasesImport(const char* name) {
  return {.name = name,
          .resource = "complaints/Case",
          .help = Text::kHelpImportCases,
          .example = Text::kExampleImportCases,
          .categories = true};
}

void AddImportOf(CLI::App& group, Context& context, const ImportTarget& target) {
  auto a = std::make_shared<ImportArguments>();
  a->resource = target.resource;
  CLI::App* c = group.add_subcommand(target.name, context.T(target.help));
  std::string footer = context.T(Text::kExamples) + "\n" + context.T(target.example);
  c->footer(footer);
  c->add_option("FILE", a->file, context.T(Text::kHelpImportFile))->required();
  c->add_option("--mapping", a->mapping,
                context.T(Text::kHelpMapping, MappingsOf(target.resource, context.language())))
      ->required();
  c->add_option("--separator", a->separator, context.T(Text::kHelpSeparator));
  c->add_option("--rejects", a->rejects, context.T(Text::kHelpRejects));
  c->add_option("--batch", a->batch, context.T(Text::kHelpBatch))->check(Between(context, 1, 1000));
  c->add_option("--window", a->window, context.T(Text::kHelpWindow))
      ->check(Between(context, 1, 64));
  c->add_flag("--update-existing", a->update_existing, context.T(Text::kHelpUpdateExisting));
  CLI::Option* check =
      c->add_flag("--validate-only", a->validate_only, context.T(Text::kHelpValidateOnly));
  if (target.categories) {
    // A check stores nothing, and without the categories it would find fault with every row.
    c->add_flag("--create-categories", a->create_categories, context.T(Text::kHelpCreateCategories))
        ->excludes(check);
  }
  c->callback([&context, a] { Run(context, *a); });
}

void AddImportCommand(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("import", context.T(Text::kHelpImport));
  group->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleImport));
  group->require_subcommand(1);
  AddImportOf(*group, context,
              {.name = "contacts",
               .resource = "monitoring/Contact",
               .help = Text::kHelpImportContacts,
               .example = Text::kExampleImport});
  AddImportOf(*group, context, CasesImport("cases"));
}

}  // namespace sqm::cli
