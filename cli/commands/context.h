// What every command shares: options, languages, streams, the catalogue, the connection.
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/client/connection.h"
#include "cli/client/failure.h"
#include "cli/schema/catalogue.h"
#include "cli/schema/value.h"
#include "cli/text/language.h"
#include "cli/text/table.h"
#include "cli/text/terminal.h"
#include "common/base/ids.h"

// Not CLI11's header, which is heavy: commands that build options include it themselves.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sqm::cli {

struct GlobalOptions {
  LoginOptions login;
  std::string language;
  double deadline_seconds = 30;
  std::string output = "table";
  std::string columns;  // comma separated
  std::string zone = "UTC";
  bool no_colour = false;
};

// Prefix of the methods of monitoring.
inline constexpr char kMonitoring[] = "/sqm.monitoring.v1.MonitoringService/";

// Owned by main; used by one thread, except Call on the connection.
class Context {
 public:
  explicit Context(Language language);

  GlobalOptions options;
  // Set by the command that ran.
  int exit_code = kDone;
  // The command line, whose options a failure names; null where there is none.
  const CLI::App* app = nullptr;

  Language language() const { return language_; }
  const Terminal& out() const { return out_; }
  const Terminal& err() const { return err_; }
  IdSource& ids() { return ids_; }
  // After the options are read, before anything is done: looks at colour, form and zone. False
  // after a complaint.
  bool Settle();

  template <typename... Args>
  std::string T(Text text, const Args&... args) const {
    return Say(language_, text, args...);
  }

  // Null after a complaint: the exit code is set.
  const Catalogue* catalogue();
  Connection* connection();
  // What a table shows where the caller names no columns.
  void TableColumns(absl::string_view columns);
  // The zone of --zone; false after a complaint.
  bool Zone(absl::TimeZone& zone);
  // A value as people read it, in the language and in the zone that Zone found; empty where the
  // message has no such field.
  std::string Words(const google::protobuf::Message& message, const FieldPath& path);
  std::string Words(const google::protobuf::Message& message, absl::string_view path);
  // Says in which zone the times are that were shown, if there were any.
  void NoteZone() const;

  // Prints and keeps the exit code.
  void Fail(const Failure& failure);
  void UsageError(absl::string_view message);
  void Note(absl::string_view message) const;  // on stderr
  void Print(absl::string_view text) const;    // on stdout
  // Data as it is; on a terminal without what would drive it.
  std::string Shown(absl::string_view text) const;
  void Print(const Table& table) const { Print(table.Format(out_, ThisYear())); }
  // Whether -o asks for a table or for data; false after a complaint about another form.
  bool TableOrData();
  bool wants_data() const { return options.output != "table"; }
  // The table or, as -o says, its rows under the keys.
  void PrintRows(const Table& table, absl::Span<const char* const> keys) const;
  // The text for people; for programs always in English.
  std::string Word(Text text) const { return Say(data_language(), text); }
  Language data_language() const { return wants_data() ? Language::kEnglish : language_; }
  // Whether all that was printed has arrived; false after a complaint. A reader that went away
  // (`| head`) wanted no more.
  bool CheckPrinted();

  // A typed call; false after a complaint.
  bool Call(const std::string& method, const google::protobuf::Message& request,
            google::protobuf::Message& response);

  // Reads a file, or stdin for `-`; false after a complaint.
  bool ReadInput(const std::string& path, std::string& text);
  // Writes a file atomically, or stdout for an empty path or `-`; false after a complaint.
  bool WriteOutput(const std::string& path, absl::string_view text);

 private:
  // In the zone that Zone found.
  int64_t ThisYear() const;

  const Language language_;
  Terminal out_;
  Terminal err_;
  absl::TimeZone zone_ = absl::UTCTimeZone();
  bool showed_time_ = false;
  RandomIds ids_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Connection> connection_;
};

std::string Environment(const char* name);

}  // namespace sqm::cli
