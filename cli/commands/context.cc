#include "cli/commands/context.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/client/failure_text.h"
#include "cli/commands/option_fields.h"
#include "cli/schema/columns.h"
#include "cli/text/width.h"

namespace sqm::cli {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Context::Context(Language language)
    : language_(language),
      out_(LookAtTerminal(STDOUT_FILENO)),
      err_(LookAtTerminal(STDERR_FILENO)) {}

bool Context::Settle() {
  if (options.no_colour) {
    out_.colour = false;
    err_.colour = false;
  }
  static constexpr absl::string_view kForms[] = {"table", "json", "jsonl", "csv", "html"};
  if (std::find(std::begin(kForms), std::end(kForms), options.output) == std::end(kForms)) {
    UsageError(T(Text::kNoSuchFormat, options.output, "table, json, jsonl, csv"));
    return false;
  }
  absl::TimeZone zone;
  return Zone(zone);
}

const Catalogue* Context::catalogue() {
  if (catalogue_ == nullptr) {
    absl::StatusOr<Catalogue> loaded = Catalogue::Load();
    if (!loaded.ok()) {
      Fail(LocalFailure(grpc::StatusCode::INTERNAL, loaded.status().message()));
      return nullptr;
    }
    catalogue_ = std::make_unique<Catalogue>(*std::move(loaded));
  }
  return catalogue_.get();
}

Connection* Context::connection() {
  if (connection_ != nullptr) return connection_.get();
  absl::StatusOr<ResolvedLogin> login = ResolveLogin(options.login, Environment);
  if (!login.ok()) {
    UsageError(login.status().message());
    return nullptr;
  }
  if (!login->exposed_file.empty()) Note(T(Text::kExposedLogin, login->exposed_file));
  absl::StatusOr<std::unique_ptr<Connection>> opened =
      Connection::Open(login->login, absl::Seconds(options.deadline_seconds), language_);
  if (!opened.ok()) {
    UsageError(opened.status().message());
    return nullptr;
  }
  connection_ = *std::move(opened);
  return connection_.get();
}

bool Context::Zone(absl::TimeZone& zone) {
  if (!absl::LoadTimeZone(options.zone, &zone)) {
    UsageError(T(Text::kNoSuchZone, options.zone));
    return false;
  }
  zone_ = zone;
  return true;
}

void Context::TableColumns(absl::string_view columns) {
  if (options.columns.empty() && options.output == "table") options.columns = std::string(columns);
}

std::string Context::Words(const google::protobuf::Message& message, const FieldPath& path) {
  std::string text = ValueText(message, path, ValueStyle::kPeople, language_, zone_);
  showed_time_ = showed_time_ || (IsTime(path) && !text.empty());
  return text;
}

std::string Context::Words(const google::protobuf::Message& message, absl::string_view path) {
  const auto found = FindPath(message.GetDescriptor(), path);
  return found.ok() ? Words(message, *found) : std::string();
}

void Context::NoteZone() const {
  if (showed_time_) Note(T(Text::kTimesIn, zone_.name()));
}

void Context::Fail(const Failure& failure) {
  Failure told = failure;
  // Programs have written requests, people options.
  if (app != nullptr && !wants_data()) {
    const CLI::App& command = UsedCommand(*app);
    NameOptions(told, CommandPath(command),
                [&](absl::string_view path) { return OptionOf(command, path); });
  }
  std::string text = Explain(told, language_);
  if (err_.colour)
    text = absl::StrCat("\x1b[31m", text.substr(0, text.find('\n')), "\x1b[0m",
                        text.substr(text.find('\n')));
  std::cerr << text;
  exit_code = ExitCodeOf(failure);
}

void Context::UsageError(absl::string_view message) {
  std::cerr << T(Text::kError) << message << '\n';
  exit_code = kUsage;
}

void Context::Note(absl::string_view message) const { std::cerr << message << '\n'; }

void Context::Print(absl::string_view text) const {
  std::cout.write(text.data(), static_cast<std::streamsize>(text.size()));
  std::cout.flush();
}

std::string Context::Shown(absl::string_view text) const {
  return out_.interactive ? Printable(text, /*lines=*/true) : std::string(text);
}

int64_t Context::ThisYear() const { return absl::ToCivilSecond(absl::Now(), zone_).year(); }

bool Context::TableOrData() {
  if (options.output == "table" || options.output == "json" || options.output == "jsonl") {
    return true;
  }
  UsageError(T(Text::kNoSuchFormat, options.output, "table, json, jsonl"));
  return false;
}

void Context::PrintRows(const Table& table, absl::Span<const char* const> keys) const {
  if (wants_data()) {
    Print(table.Data(options.output, keys));
  } else {
    Print(table);
  }
}

bool Context::CheckPrinted() {
  errno = 0;
  std::cout.flush();
  if (std::cout) return true;
  pollfd reader = {STDOUT_FILENO, POLLOUT, 0};
  if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0) return true;
  UsageError(T(Text::kCannotWrite, "stdout", std::strerror(errno != 0 ? errno : EIO)));
  return false;
}

bool Context::Call(const std::string& method, const google::protobuf::Message& request,
                   google::protobuf::Message& response) {
  Connection* const server = connection();
  if (server == nullptr) return false;
  // The connection repeats what the server did not answer: a mutation is then to be the same one.
  const std::unique_ptr<google::protobuf::Message> sent(request.New());
  sent->CopyFrom(request);
  FillRequestId(*sent, ids_);
  const Failure failure = server->Call(method, *sent, response);
  if (failure.ok()) return true;
  Fail(failure);
  return false;
}

bool Context::ReadInput(const std::string& path, std::string& text) {
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return true;
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    UsageError(T(Text::kCannotRead, path, std::strerror(errno)));
    return false;
  }
  text.assign(std::istreambuf_iterator<char>(in), {});
  return true;
}

bool Context::WriteOutput(const std::string& path, absl::string_view text) {
  if (path.empty() || path == "-") {
    Print(Shown(text));
    return true;
  }
  // What is no file, a pipe for example, is written to and not put another file in its place.
  std::error_code unknown;
  const bool special =
      std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown);
  const std::string draft = special ? path : absl::StrCat(path, ".part");
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out || (!special && std::rename(draft.c_str(), path.c_str()) != 0)) {
    UsageError(T(Text::kCannotWrite, path, std::strerror(errno)));
    if (!special) std::remove(draft.c_str());
    return false;
  }
  return true;
}

}  // namespace sqm::cli
