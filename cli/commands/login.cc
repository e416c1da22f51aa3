// login: keeps server and token in the login file. token: what the login says.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"

namespace sqm::cli {
namespace {

// Stores what options, environment and the login file given by --login add up to.
void KeepLogin(Context& context) {
  const absl::StatusOr<ResolvedLogin> resolved = ResolveLogin(context.options.login, Environment);
  if (!resolved.ok()) {
    context.UsageError(resolved.status().message());
    return;
  }
  if (resolved->login.token.empty()) {
    context.UsageError(context.T(Text::kNoToken));
    return;
  }
  if (const auto claims = TokenClaims(resolved->login.token); !claims.ok()) {
    context.UsageError(claims.status().message());
    return;
  }
  const std::string path = DefaultLoginFile(Environment);
  // The commands that follow may be given elsewhere.
  Login kept = resolved->login;
  for (std::string* file : {&kept.ca, &kept.certificate, &kept.key}) {
    if (!file->empty()) *file = std::filesystem::absolute(*file).string();
  }
  const absl::Status written = WriteLogin(path, kept);
  if (!written.ok()) {
    context.UsageError(written.message());
    return;
  }
  context.Note(context.T(Text::kLoginKept, resolved->login.server, path));
}

void ShowToken(Context& context, bool reveal) {
  const absl::StatusOr<ResolvedLogin> resolved = ResolveLogin(context.options.login, Environment);
  if (!resolved.ok()) {
    context.UsageError(resolved.status().message());
    return;
  }
  if (resolved->login.token.empty()) {
    context.UsageError(context.T(Text::kNoToken));
    return;
  }
  if (reveal) {
    context.Print(resolved->login.token + "\n");
    return;
  }
  const absl::StatusOr<std::string> claims = TokenClaims(resolved->login.token);
  if (!claims.ok()) {
    context.UsageError(claims.status().message());
    return;
  }
  if (context.options.output == "json") {
    context.Print(*claims + "\n");
    return;
  }
  Table table({{context.T(Text::kClaim), Align::kLeft, true}, {context.T(Text::kValue)}});
  table.Add({"server", resolved->login.server});
  const auto root = nlohmann::json::parse(*claims, nullptr, /*allow_exceptions=*/false);
  for (const auto& [key, value] : root.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    Tone tone = Tone::kPlain;
    if ((key == "exp" || key == "iat" || key == "nbf") && value.is_number_integer()) {
      const absl::Time time = absl::FromUnixSeconds(value.get<int64_t>());
      text = absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
      if (key == "exp" && time < absl::Now()) {
        tone = Tone::kBad;
        absl::StrAppend(&text, "  ", context.T(Text::kExpired));
      }
    }
    table.Add({key, {text, tone}});
  }
  context.Print(table);
}

}  // namespace

void AddLoginCommands(CLI::App& app, Context& context) {
  CLI::App* login = app.add_subcommand("login", context.T(Text::kHelpLogin));
  login->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleLogin));
  login->callback([&context] { KeepLogin(context); });
  auto reveal = std::make_shared<bool>(false);
  CLI::App* token = app.add_subcommand("token", context.T(Text::kHelpToken));
  token->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleToken));
  token->add_flag("--show", *reveal, context.T(Text::kHelpShowToken));
  token->callback([&context, reveal] { ShowToken(context, *reveal); });
}

}  // namespace sqm::cli
