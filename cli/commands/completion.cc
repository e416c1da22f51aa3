// completion: a script for bash, made from the commands themselves.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"

namespace sqm::cli {
namespace {

// The words that may follow one command: its subcommands and long options.
std::string Words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return absl::StrJoin(words, " ");
}

void Cases(const CLI::App& app, const std::string& path, std::string& out) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string own = absl::StrCat(path, path.empty() ? "" : " ", sub->get_name());
    absl::StrAppend(&out, "    '", own, "') words='", Words(*sub), "' ;;\n");
    Cases(*sub, own, out);
  }
}

std::string BashScript(const CLI::App& root, const Catalogue& catalogue) {
  std::vector<std::string> collections;
  for (const ResourceInfo& info : catalogue.resources()) {
    collections.push_back(info.options.collection());
  }
  std::string cases;
  Cases(root, "", cases);
  return absl::StrCat(R"(# bash completion for sqm: source <(sqm completion bash)
_sqm() {
  local current="${COMP_WORDS[COMP_CWORD]}" path='' words word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    [[ $word == -* ]] && continue
    case "$path" in
      list|create|describe) break ;;
    esac
    path="${path:+$path }$word"
  done
  case "$path" in
    '') words=')",
                      Words(root), "' ;;\n", cases, R"(    *) words='' ;;
  esac
  case "$path" in
    list|create|describe) words="$words )",
                      absl::StrJoin(collections, " "), R"(" ;;
  esac
  if [[ $current == -* || -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
  [[ ${#COMPREPLY[@]} -eq 0 ]] && mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _sqm sqm
)");
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Context& context) {
  CLI::App* c = app.add_subcommand("completion", context.T(Text::kHelpCompletion));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleCompletion));
  const std::string help(context.T(Text::kHelpShell));
  c->add_option("SHELL", help)->required()->check(OneOf(context, {"bash"}));
  CLI::App* root = &app;
  c->callback([&context, root] {
    if (const Catalogue* catalogue = context.catalogue(); catalogue != nullptr) {
      context.Print(BashScript(*root, *catalogue));
    }
  });
}

}  // namespace sqm::cli
