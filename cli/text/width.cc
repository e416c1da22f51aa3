#include "cli/text/width.h"

#include <absl/strings/strip.h>
#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace sqm::cli {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";
constexpr utf8proc_int32_t kEmojiSelector = 0xFE0F;

// One code point at `at`, or -1 for an invalid byte. `length` is how many bytes to go on.
utf8proc_int32_t Decode(absl::string_view text, size_t at, size_t& length) {
  utf8proc_int32_t point = -1;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
  const utf8proc_ssize_t read =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
  length = read > 0 ? static_cast<size_t>(read) : 1;
  return read > 0 ? point : -1;
}

bool IsRegionalIndicator(utf8proc_int32_t point) { return point >= 0x1F1E6 && point <= 0x1F1FF; }

// The grapheme cluster that begins at `at`: its bytes and columns.
struct Cluster {
  size_t bytes = 0;
  size_t columns = 0;
};

Cluster ClusterAt(absl::string_view text, size_t at) {
  Cluster cluster;
  size_t length = 0;
  utf8proc_int32_t state = 0;
  utf8proc_int32_t previous = Decode(text, at, length);
  cluster.bytes = length;
  if (previous < 0) {
    cluster.columns = 1;
    return cluster;
  }
  cluster.columns = static_cast<size_t>(std::max(0, utf8proc_charwidth(previous)));
  while (at + cluster.bytes < text.size()) {
    const utf8proc_int32_t next = Decode(text, at + cluster.bytes, length);
    if (next < 0 || utf8proc_grapheme_break_stateful(previous, next, &state)) break;
    cluster.bytes += length;
    cluster.columns =
        std::max(cluster.columns, static_cast<size_t>(std::max(0, utf8proc_charwidth(next))));
    // A flag of two letters, and what the selector turns into an emoji, are drawn wide.
    if (next == kEmojiSelector || IsRegionalIndicator(next)) cluster.columns = 2;
    previous = next;
  }
  return cluster;
}

bool IsHidden(utf8proc_int32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0x2028 || point == 0x2029;
}

// Whether it begins with what no line begins with.
bool IsStop(absl::string_view text) {
  static constexpr absl::string_view kStops[] = {"，", "。", "、", "；", "：", "！", "？",
                                                 "）", "》", "】", "」", "”",  "’",  ",",
                                                 ".",  ";",  ":",  "!",  "?",  ")"};
  return std::any_of(std::begin(kStops), std::end(kStops), [text](absl::string_view stop) {
    return text.substr(0, stop.size()) == stop;
  });
}

// Whether it is what no line ends with.
bool IsOpening(absl::string_view cluster) {
  return cluster == "（" || cluster == "《" || cluster == "【" || cluster == "「";
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const Cluster cluster = ClusterAt(text, at);
    columns += cluster.columns;
    at += cluster.bytes;
  }
  return columns;
}

std::string Truncate(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t columns = 0;
  size_t at = 0;
  while (at < text.size()) {
    const Cluster cluster = ClusterAt(text, at);
    if (columns + cluster.columns > width - 1) break;
    columns += cluster.columns;
    at += cluster.bytes;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::vector<std::string> Wrap(absl::string_view text, size_t width) {
  absl::ConsumeSuffix(&text, "\n");
  std::vector<std::string> lines;
  const auto end = [&](absl::string_view line) {
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    lines.emplace_back(line);
  };
  size_t begin = 0;
  size_t columns = 0;
  size_t gap = 0;     // after the last place of the line where it may be broken; 0: none
  size_t before = 0;  // columns up to there
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      end(text.substr(begin, at - begin));
      begin = ++at;
      columns = gap = before = 0;
      continue;
    }
    const Cluster cluster = ClusterAt(text, at);
    // Twice where what follows the gap leaves no room either.
    while (columns > 0 && columns + cluster.columns > width && text[at] != ' ') {
      const size_t broken = gap > begin ? gap : at;
      end(text.substr(begin, broken - begin));
      columns = gap > begin ? columns - before : 0;
      begin = broken;
      gap = before = 0;
    }
    const absl::string_view drawn = text.substr(at, cluster.bytes);
    columns += cluster.columns;
    at += cluster.bytes;
    // After a space, and after what is written without spaces, but not before a stop nor after what
    // opens a bracket.
    if (drawn == " " || (cluster.columns == 2 && !IsStop(text.substr(at)) && !IsOpening(drawn))) {
      gap = at;
      before = columns;
    }
  }
  end(text.substr(begin));
  return lines;
}

std::string PadRight(absl::string_view text, size_t width) {
  const size_t columns = DisplayWidth(text);
  return std::string(text) + std::string(width > columns ? width - columns : 0, ' ');
}

std::string PadLeft(absl::string_view text, size_t width) {
  const size_t columns = DisplayWidth(text);
  return std::string(width > columns ? width - columns : 0, ' ') + std::string(text);
}

std::string Printable(absl::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  size_t length = 0;
  for (size_t at = 0; at < text.size(); at += length) {
    const utf8proc_int32_t point = Decode(text, at, length);
    if (point == '\n' && lines) {
      out += '\n';
    } else if (point == '\n' || point == '\t' || point == '\r') {
      out += ' ';
    } else if (point < 0 || IsHidden(point)) {
      out.append(kReplacement.data(), kReplacement.size());
    } else {
      out.append(text.data() + at, length);
    }
  }
  return out;
}

bool IsUtf8(absl::string_view text) {
  size_t length = 0;
  for (size_t at = 0; at < text.size(); at += length) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      length = 1;
    } else if (Decode(text, at, length) < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace sqm::cli
