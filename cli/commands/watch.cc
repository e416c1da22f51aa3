// watch: follows the change feed, and resumes where it was.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"
#include "cli/text/width.h"
#include "sqm/feed/v1/feed.pb.h"

namespace sqm::cli {
namespace {

constexpr char kDefaultService[] = "monitoring";
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(10);

struct WatchArguments {
  std::vector<std::string> types;
  std::string service;
  std::string resume;
  std::string state_file;
  bool snapshot = false;
  bool from_oldest = false;
  int64_t limit = 0;  // 0 = without end
};

class Watcher {
 public:
  Watcher(Context& context, const WatchArguments& arguments, const Catalogue& catalogue,
          absl::TimeZone zone)
      : context_(context), arguments_(arguments), catalogue_(catalogue), zone_(zone) {}

  bool Take(const feed::v1::ChangeBatch& batch) {
    fresh_ = true;
    for (const feed::v1::Change& change : batch.changes()) {
      Show(change);
      if (++shown_ == arguments_.limit) done_ = true;
      if (done_) break;
    }
    // A token stands for the whole batch: a limit that cuts it keeps the one before.
    if (!batch.resume_token().empty() && !done_) {
      token = batch.resume_token();
      if (!arguments_.state_file.empty() && !context_.WriteOutput(arguments_.state_file, token)) {
        done_ = true;
      }
    }
    return !done_;
  }

  std::string token;
  bool done() const { return done_; }
  // Whether anything came since it was last asked.
  bool TookAnything() { return std::exchange(fresh_, false); }

 private:
  void Show(const feed::v1::Change& change) {
    const ResourceInfo* info = catalogue_.FindByType(change.resource_type());
    std::unique_ptr<google::protobuf::Message> body;
    if (info != nullptr) {
      body = NewMessage(info->message);
      if (!body->ParseFromString(change.body())) body = nullptr;
    }
    if (context_.options.output == "table") {
      feed::v1::ChangeKind kind = change.kind();
      std::string line = absl::StrCat(PadLeft(absl::StrCat(change.position()), 8), "  ",
                                      absl::FormatTime("%Y-%m-%d %H:%M:%S", TimeOf(change), zone_),
                                      "  ", PadRight(context_.T(KindText(kind)), 9), "  ",
                                      Printable(change.name()), "  ", Printable(change.actor()));
      if (body != nullptr) absl::StrAppend(&line, "  ", State(*body));
      if (context_.out().width > 0) line = Truncate(line, context_.out().width);
      context_.Print(line + "\n");
      return;
    }
    feed::v1::Change head = change;
    head.clear_body();
    std::string json = JsonText(head, false);
    if (body != nullptr && json.size() > 1) {
      json.pop_back();
      absl::StrAppend(&json, json.size() > 1 ? "," : "", "\"body\":", JsonText(*body, false), "}");
    }
    context_.Print(json + "\n");
  }

  static absl::Time TimeOf(const feed::v1::Change& change) {
    return absl::FromUnixSeconds(change.time().seconds()) +
           absl::Nanoseconds(change.time().nanos());
  }

  static Text KindText(feed::v1::ChangeKind kind) {
    switch (kind) {
      case feed::v1::CHANGE_KIND_CREATED:
        return Text::kCreated;
      case feed::v1::CHANGE_KIND_DELETED:
        return Text::kRemoved;
      case feed::v1::CHANGE_KIND_SNAPSHOT:
        return Text::kPresent;
      default:
        return Text::kUpdated;
    }
  }

  std::string State(const google::protobuf::Message& body) const {
    const auto path = FindPath(body.GetDescriptor(), "state");
    if (!path.ok()) return "";
    return context_.Words(body, *path);
  }

  Context& context_;
  const WatchArguments& arguments_;
  const Catalogue& catalogue_;
  const absl::TimeZone zone_;
  int64_t shown_ = 0;
  bool done_ = false;
  bool fresh_ = false;
};

void Watch(Context& context, const WatchArguments& arguments) {
  const Catalogue* catalogue = context.catalogue();
  Connection* connection = context.connection();
  absl::TimeZone zone;
  if (catalogue == nullptr || connection == nullptr || !context.Zone(zone)) return;
  const auto method = catalogue->FindMethod("sqm.feed.v1.FeedService/WatchChanges");
  if (!method.ok()) {
    context.UsageError(context.T(Text::kUnknownMethod, "WatchChanges", ""));
    return;
  }
  feed::v1::WatchChangesRequest request;
  for (const std::string& word : arguments.types) {
    const ResourceInfo* info = catalogue->Find(word);
    if (info == nullptr) {
      context.UsageError(context.T(Text::kNoSuchResource, word, ""));
      return;
    }
    request.add_resource_types(info->options.type());
  }
  // A type says whose feed it is in.
  std::string service = arguments.service;
  for (const std::string& type : request.resource_types()) {
    const std::string own = type.substr(0, type.find('/'));
    if (service.empty()) service = own;
    if (service != own) {
      context.UsageError(context.T(Text::kOneFeed, service, own));
      return;
    }
  }
  request.set_service(service.empty() ? kDefaultService : service);
  if (context.options.output == "table") context.Note(context.T(Text::kTimesIn, zone.name()));
  Watcher watcher(context, arguments, *catalogue, zone);
  watcher.token = arguments.resume;
  if (watcher.token.empty() && !arguments.state_file.empty() &&
      std::filesystem::exists(arguments.state_file)) {
    if (!context.ReadInput(arguments.state_file, watcher.token)) return;
    absl::StripAsciiWhitespace(&watcher.token);
  }
  absl::Duration pause = kFirstPause;
  for (;;) {
    request.set_resume_token(watcher.token);
    request.set_include_snapshot(arguments.snapshot && watcher.token.empty());
    request.set_from_oldest(arguments.from_oldest && watcher.token.empty());
    const Failure failure =
        connection->Stream(*method, request, [&](const google::protobuf::Message& message) {
          return watcher.Take(static_cast<const feed::v1::ChangeBatch&>(message));
        });
    if (watcher.done()) break;
    const bool came = watcher.TookAnything();
    // A server that stops ends its streams: go on from the last token. One that never answered is
    // not waited for, unless it answered before.
    const bool again = failure.ok() || (failure.code == grpc::StatusCode::UNAVAILABLE &&
                                        (came || !watcher.token.empty()));
    if (!again) {
      context.Fail(failure);
      break;
    }
    pause = came ? kFirstPause : std::min(pause * 2, kLongestPause);
    context.Note(context.T(Text::kReconnecting, watcher.token));
    absl::SleepFor(pause);
  }
  if (!watcher.token.empty()) context.Note(context.T(Text::kResumeWith, watcher.token));
}

}  // namespace

void AddWatchCommand(CLI::App& app, Context& context) {
  auto a = std::make_shared<WatchArguments>();
  CLI::App* c = app.add_subcommand("watch", context.T(Text::kHelpWatch));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleWatch));
  c->add_option("TYPES", a->types, context.T(Text::kHelpTypes));
  c->add_option("--service", a->service, context.T(Text::kHelpFeedService));
  c->add_option("--resume", a->resume, context.T(Text::kHelpResume));
  c->add_option("--state", a->state_file, context.T(Text::kHelpState));
  c->add_flag("--snapshot", a->snapshot, context.T(Text::kHelpSnapshot));
  c->add_flag("--from-oldest", a->from_oldest, context.T(Text::kHelpFromOldest));
  c->add_option("--limit", a->limit, context.T(Text::kHelpLimit))
      ->check(Between(context, int64_t{0}, int64_t{1'000'000'000'000'000}));
  c->callback([&context, a] { Watch(context, *a); });
}

}  // namespace sqm::cli
