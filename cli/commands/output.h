// Messages of one type as a table, JSON, JSON lines or CSV.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/commands/context.h"
#include "cli/schema/columns.h"
#include "cli/text/table.h"

namespace sqm::cli {

// Writes to stdout as messages come; tables in blocks, so that memory stays bounded.
class Output {
 public:
  // Null after a complaint: unknown format, column or zone. `one`: a single message, which JSON
  // shows without a list around it and a table shows upright.
  static std::unique_ptr<Output> Make(Context& context, const google::protobuf::Descriptor* type,
                                      bool one);

  void Add(const google::protobuf::Message& message);
  // Once, at the end.
  void Finish();

 private:
  enum class Form { kTable, kJson, kLines, kCsv };
  Output(Context& context, Form form, std::vector<FieldPath> columns, absl::TimeZone zone, bool one)
      : context_(context),
        form_(form),
        columns_(std::move(columns)),
        zone_(zone),
        one_(one),
        asked_(!context.options.columns.empty()) {}
  // Prints the rows that are held, without the columns that say nothing unless they were asked for.
  void Flush();
  void Upright(const google::protobuf::Message& message);

  Context& context_;
  const Form form_;
  const std::vector<FieldPath> columns_;
  const absl::TimeZone zone_;
  const bool one_;
  const bool asked_;  // the caller named the columns
  int64_t added_ = 0;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace sqm::cli
