#include "cli/commands/import_ledger.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "cli/client/failure_text.h"
#include "cli/text/faults.h"

namespace sqm::cli {

void Rejects::Add(const RowMapper& mapper, const ImportRow& row, const std::vector<Issue>& issues) {
  if (path_.empty()) return;
  if (writer_ == nullptr) {
    out_.open(path_ + ".part", std::ios::binary | std::ios::trunc);
    writer_ = std::make_unique<CsvWriter>(out_, CsvStyle{.separator = separator_});
    writer_->Write(RejectHeader(mapper));
  }
  writer_->Write(RejectRow(mapper, row.row, issues));
}

bool Rejects::CanBeWritten() const {
  if (path_.empty()) return true;
  std::error_code unknown;
  if (std::filesystem::exists(path_, unknown) &&
      !std::filesystem::is_regular_file(path_, unknown)) {
    errno = ENOTSUP;  // a device or folder: nothing that a file could take the place of
    return false;
  }
  const std::string draft = path_ + ".part";
  const bool can = std::ofstream(draft, std::ios::binary | std::ios::trunc).good();
  const int why = errno;
  std::remove(draft.c_str());
  errno = why;
  return can;
}

bool Rejects::Close(bool& made) {
  made = writer_ != nullptr;
  if (!made) {
    // One of an earlier run would be taken for this one's.
    if (!path_.empty()) std::remove(path_.c_str());
    return true;
  }
  out_.close();
  return out_.good() && std::rename((path_ + ".part").c_str(), path_.c_str()) == 0;
}

void Ledger::Take(const ImportBatch& batch, const ImportAnswer& answer) {
  int index = 0;
  for (const ImportRow& row : batch.rows) {
    if (!row.issues.empty()) {
      Reject(row, row.issues);
      continue;
    }
    switch (answer.outcomes[index]) {
      case type::v1::IMPORT_OUTCOME_CREATED:
        ++summary.created;
        break;
      case type::v1::IMPORT_OUTCOME_UNCHANGED:
        ++summary.unchanged;
        break;
      case type::v1::IMPORT_OUTCOME_UPDATED:
        ++summary.updated;
        break;
      default: {
        const auto told = answer.failures.find(index);
        Reject(row,
               Issues(row, told == answer.failures.end() ? google::rpc::Status() : told->second));
      }
    }
    ++index;
  }
}

std::vector<Issue> Ledger::Issues(const ImportRow& row, const google::rpc::Status& status) {
  const Failure failure = ReadFailure(status);
  std::vector<Issue> issues;
  for (const auto& violation : failure.bad_request.field_violations()) {
    issues.push_back({mapper_.ColumnOfField(violation.field()),
                      mapper_.ValueOfField(violation.field(), row.row),
                      FaultText(violation.description(), language_)});
  }
  if (!issues.empty()) return issues;
  std::string field, reason = Brief(failure, language_);
  const auto& metadata = failure.info.metadata();
  if (failure.code == grpc::StatusCode::ALREADY_EXISTS) {
    field = "external_id";
  } else if (failure.info.reason() == "REFERENCE_NOT_FOUND" && metadata.contains("field") &&
             metadata.contains("name")) {
    field = metadata.at("field");
    reason = Say(language_, Text::kNoSuchReference, metadata.at("name"));
    missing.insert(field);
  }
  issues.push_back({mapper_.ColumnOfField(field), mapper_.ValueOfField(field, row.row), reason});
  return issues;
}

void Ledger::Reject(const ImportRow& row, const std::vector<Issue>& issues) {
  summary.Reject(row.row.line, issues);
  rejects_.Add(mapper_, row, issues);
}

}  // namespace sqm::cli
