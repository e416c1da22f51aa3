#include "common/observe/log_format.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/time.h>

#include <charconv>
#include <cmath>

namespace sqm::observe {
namespace {

constexpr absl::string_view kCut = "…[cut]";
// Room for the closing words of a line that reached its bound.
constexpr size_t kTail = 128;

// The code point at the front of `text`, and its length. A malformed one gives U+FFFD and the
// length of its longest valid beginning (Unicode 15, 3.9, "substitution of maximal subparts").
char32_t Decode(absl::string_view text, size_t* length) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  *length = 1;
  if (lead < 0x80) return lead;
  size_t need = 0;
  char32_t point = 0;
  unsigned char low = 0x80, high = 0xBF;  // of the second byte: no overlong, surrogate, > U+10FFFF
  if (lead >= 0xC2 && lead <= 0xDF) {
    need = 1;
    point = lead & 0x1Fu;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    need = 2;
    point = lead & 0x0Fu;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    need = 3;
    point = lead & 0x07u;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0xFFFD;
  }
  for (size_t i = 1; i <= need; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return 0xFFFD;
    point = point << 6 | (byte(i) & 0x3Fu);
    low = 0x80;
    high = 0xBF;
    *length = i + 1;
  }
  return point;
}

bool NeedsEscape(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) ||  // C0, DEL, C1
         point == 0x2028 || point == 0x2029 ||                // line separators
         point == 0x200E || point == 0x200F || point == 0x061C ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);  // bidi
}

void AppendDouble(double value, std::string& out) {
  // JSON has no words for these.
  if (!std::isfinite(value)) {
    absl::StrAppend(&out, "\"", std::isnan(value) ? "NaN" : (value > 0 ? "Infinity" : "-Infinity"),
                    "\"");
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  out.append(buffer, end.ptr);
}

void AppendValue(const Field::Value& value, std::string& out) {
  if (const auto* text = std::get_if<absl::string_view>(&value)) {
    out += '"';
    AppendEscaped(*text, Logger::kMaxValueBytes, out);
    out += '"';
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    absl::StrAppend(&out, *integer);
  } else if (const auto* natural = std::get_if<uint64_t>(&value)) {
    absl::StrAppend(&out, *natural);
  } else if (const auto* number = std::get_if<double>(&value)) {
    AppendDouble(*number, out);
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

// Appends each field through `append`, up to the bound of a line; says how many were left out.
template <typename Append>
void AppendFields(Fields fields, uint64_t suppressed, Append append, std::string& out) {
  size_t dropped = 0;
  for (const Field& field : fields) {
    const size_t before = out.size();
    append(field);
    if (out.size() <= Logger::kMaxLineBytes - kTail) continue;
    out.resize(before);
    ++dropped;
  }
  if (suppressed > 0) append(Field("suppressed", suppressed));
  if (dropped > 0) append(Field("fields_dropped", dropped));
}

bool IsReserved(absl::string_view key) {
  return key == "time" || key == "level" || key == "message";
}

}  // namespace

void AppendEscaped(absl::string_view text, size_t max_bytes, std::string& out) {
  const bool cut = text.size() > max_bytes;
  size_t end = cut ? max_bytes : text.size();
  // Cut between characters. No character begins more than three bytes earlier.
  for (int back = 0; cut && back < 3 && end > 0 && (text[end] & 0xC0) == 0x80; ++back) --end;
  text = text.substr(0, end);
  size_t length = 0;
  for (size_t i = 0; i < text.size(); i += length) {
    const char32_t point = Decode(text.substr(i), &length);
    if (point == '"' || point == '\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (point == '\n') {
      out += "\\n";
    } else if (point == '\t') {
      out += "\\t";
    } else if (NeedsEscape(point)) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint32_t>(point));
    } else if (point == 0xFFFD) {
      out += "\xEF\xBF\xBD";
    } else {
      out.append(text.data() + i, length);
    }
  }
  if (cut) out.append(kCut.data(), kCut.size());
}

std::string JsonLine(absl::Time time, Level level, absl::string_view message, Fields fields,
                     uint64_t suppressed) {
  std::string out = absl::StrCat(
      "{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()),
      "\",\"level\":\"", NameOf(level), "\",\"message\":\"");
  AppendEscaped(message, Logger::kMaxValueBytes, out);
  out += '"';
  AppendFields(
      fields, suppressed,
      [&out](const Field& field) {
        out += IsReserved(field.key) ? ",\"field_" : ",\"";
        AppendEscaped(field.key, Logger::kMaxKeyBytes, out);
        out += "\":";
        AppendValue(field.value, out);
      },
      out);
  out += "}\n";
  return out;
}

std::string PeopleLine(absl::Time time, Level level, absl::string_view message, Fields fields,
                       uint64_t suppressed) {
  absl::string_view colour = "\x1b[2m", word = "DEBUG  ";
  if (level == Level::kInfo) colour = "\x1b[32m", word = "INFO   ";
  if (level == Level::kWarning) colour = "\x1b[33m", word = "WARNING";
  if (level == Level::kError) colour = "\x1b[31m", word = "ERROR  ";
  std::string out =
      absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%E3S", time, absl::LocalTimeZone()), " ",
                   colour, word, "\x1b[0m ");
  AppendEscaped(message, Logger::kMaxValueBytes, out);
  AppendFields(
      fields, suppressed,
      [&out](const Field& field) {
        out += ' ';
        AppendEscaped(field.key, Logger::kMaxKeyBytes, out);
        out += '=';
        AppendValue(field.value, out);
      },
      out);
  out += '\n';
  return out;
}

}  // namespace sqm::observe
