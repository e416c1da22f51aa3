#include "common/base/utf8.h"

#include <gtest/gtest.h>

namespace sqm {
namespace {

TEST(SoundUtf8, KeepsWhatIsSoundAndReplacesTheRest) {
  EXPECT_EQ(SoundUtf8(""), "");
  EXPECT_EQ(SoundUtf8("aé客😀"), "aé客😀");
  EXPECT_EQ(SoundUtf8("客\xE5\xAE"), "客�") << "cut within a character";
  EXPECT_EQ(SoundUtf8("\xE5\xAEx"), "�x");
  EXPECT_EQ(SoundUtf8("\xFF\xFE/y"), "��/y");
  EXPECT_EQ(SoundUtf8("\xC0\xAF"), "�") << "longer than need be";
  EXPECT_EQ(SoundUtf8("\xED\xA0\x80z"), "�z") << "a surrogate";
  EXPECT_EQ(SoundUtf8("\xAE"), "�");
}

}  // namespace
}  // namespace sqm
