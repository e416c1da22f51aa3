#include "cli/commands/output.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <iostream>

#include "cli/text/csv.h"

namespace sqm::cli {
namespace {

constexpr size_t kTableBlock = 2000;  // rows
constexpr size_t kTableColumns = 16;  // looked at
constexpr size_t kShownColumns = 8;

Tone ToneOf(const FieldPath& path, const std::string& text) {
  if (path.back()->name() != "passing" || text.empty()) return Tone::kPlain;
  return text == "true" || text == "yes" || text == "是" ? Tone::kGood : Tone::kBad;
}

}  // namespace

std::unique_ptr<Output> Output::Make(Context& context, const google::protobuf::Descriptor* type,
                                     bool one) {
  const std::string& format = context.options.output;
  Form form = Form::kTable;
  if (format == "json") {
    form = Form::kJson;
  } else if (format == "jsonl") {
    form = Form::kLines;
  } else if (format == "csv") {
    form = Form::kCsv;
  } else if (format != "table") {
    context.UsageError(context.T(Text::kNoSuchFormat, format, "table, json, jsonl, csv"));
    return nullptr;
  }
  absl::TimeZone zone;
  if (!context.Zone(zone)) return nullptr;
  std::vector<FieldPath> columns;
  if (!context.options.columns.empty()) {
    for (absl::string_view name : absl::StrSplit(context.options.columns, ',')) {
      absl::StatusOr<FieldPath> path = FindPath(type, name);
      if (!path.ok()) {
        context.UsageError(context.T(Text::kNoSuchField, type->name(), name));
        return nullptr;
      }
      columns.push_back(*std::move(path));
    }
  } else if (form == Form::kCsv || one) {
    columns = FileColumns(type);
  } else {
    columns = TableColumns(type, kTableColumns);
  }
  return std::unique_ptr<Output>(new Output(context, form, std::move(columns), zone, one));
}

void Output::Add(const google::protobuf::Message& message) {
  ++added_;
  switch (form_) {
    case Form::kJson:
      if (one_) {
        context_.Print(JsonText(message, /*pretty=*/true) + "\n");
      } else {
        context_.Print(absl::StrCat(added_ == 1 ? "[\n" : ",\n", JsonText(message, false)));
      }
      return;
    case Form::kLines:
      context_.Print(JsonText(message, false) + "\n");
      return;
    case Form::kCsv: {
      CsvWriter writer(std::cout, {.separator = ',', .crlf = true, .escape_formulas = true});
      std::vector<std::string> fields;
      if (added_ == 1) {
        for (const FieldPath& path : columns_) fields.push_back(PathText(path));
        writer.Write(fields);
        fields.clear();
      }
      for (const FieldPath& path : columns_) {
        fields.push_back(context_.Shown(
            ValueText(message, path, ValueStyle::kFile, context_.language(), zone_)));
      }
      writer.Write(fields);
      return;
    }
    case Form::kTable:
      break;
  }
  if (one_) {
    Upright(message);
    return;
  }
  std::vector<Cell> cells;
  for (const FieldPath& path : columns_) {
    std::string text = context_.Words(message, path);
    const Tone tone = ToneOf(path, text);
    cells.emplace_back(std::move(text), tone);
  }
  rows_.push_back(std::move(cells));
  if (rows_.size() >= kTableBlock) Flush();
}

void Output::Upright(const google::protobuf::Message& message) {
  Table table({{context_.T(Text::kField), Align::kLeft, true},
               {context_.T(Text::kValue), Align::kLeft, false, true}});
  for (const FieldPath& path : columns_) {
    const std::string text = context_.Words(message, path);
    if (!text.empty()) {
      table.Add({ColumnOf(path, context_.language()).title, {text, ToneOf(path, text)}});
    }
  }
  context_.Print(table);
}

void Output::Flush() {
  if (rows_.empty()) return;
  std::vector<size_t> shown;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool says = std::any_of(rows_.begin(), rows_.end(),
                                  [i](const auto& row) { return !row[i].text.empty(); });
    if (asked_ || (says && shown.size() < kShownColumns)) shown.push_back(i);
  }
  std::vector<Column> columns;
  for (const size_t i : shown) columns.push_back(ColumnOf(columns_[i], context_.language()));
  Table table(std::move(columns));
  for (auto& row : rows_) {
    std::vector<Cell> cells;
    for (const size_t i : shown) cells.push_back(std::move(row[i]));
    table.Add(std::move(cells));
  }
  rows_.clear();
  context_.Print(table);
}

void Output::Finish() {
  if (form_ == Form::kJson && !one_) context_.Print(added_ == 0 ? "[]\n" : "\n]\n");
  if (form_ == Form::kCsv && added_ == 0 && !one_) {
    CsvWriter writer(std::cout, {.separator = ',', .crlf = true});
    std::vector<std::string> header;
    for (const FieldPath& path : columns_) header.push_back(PathText(path));
    writer.Write(header);
  }
  if (form_ == Form::kTable && !one_) {
    Flush();
    context_.Note(added_ == 1 ? context_.T(Text::kOneRow) : context_.T(Text::kRows, added_));
  }
  std::cout.flush();
}

}  // namespace sqm::cli
