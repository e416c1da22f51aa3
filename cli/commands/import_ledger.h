// What became of the rows of an import: counted, and the refused ones written down.
#pragma once

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/client/import_stream.h"
#include "cli/import/row_mapper.h"
#include "cli/import/summary.h"

namespace sqm::cli {

// The rejects file, written beside its place and put there only when there is something in it.
class Rejects {
 public:
  // An empty path: nothing is written.
  Rejects(std::string path, char separator) : path_(std::move(path)), separator_(separator) {}

  void Add(const RowMapper& mapper, const ImportRow& row, const std::vector<Issue>& issues);
  // Before rows are sent: whether there can be a file; errno says why not.
  bool CanBeWritten() const;
  // False: it could not be written, errno says why. `made`: there is a file.
  bool Close(bool& made);

 private:
  const std::string path_;
  const char separator_;
  std::ofstream out_;
  std::unique_ptr<CsvWriter> writer_;
};

// Used by the reader of the stream, and by the sender only while nothing is in flight.
class Ledger {
 public:
  // All must outlive it.
  Ledger(const RowMapper& mapper, Rejects& rejects, Language language)
      : mapper_(mapper), rejects_(rejects), language_(language) {}

  ImportSummary summary;
  // A row was refused because what it names in a field is not there: the paths of such fields.
  std::set<std::string> missing;

  void Take(const ImportBatch& batch, const ImportAnswer& answer);

 private:
  // The server's complaints, put in the words of the file.
  std::vector<Issue> Issues(const ImportRow& row, const google::rpc::Status& status);
  void Reject(const ImportRow& row, const std::vector<Issue>& issues);

  const RowMapper& mapper_;
  Rejects& rejects_;
  const Language language_;
};

}  // namespace sqm::cli
