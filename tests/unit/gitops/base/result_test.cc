#include "gitops/base/result.h"

#include <gtest/gtest.h>

namespace autonomous {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Code::kInvalid, n, " is odd");
  return n / 2;
}

Result<int> quarter(int n) {
  TRY(int h, half(n));
  TRY_WITH(int q, "while halving again", half(h));
  return q;
}

TEST(Result, PassesValuesAndErrorsOn) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(7).error().line(), "7 is odd");
  EXPECT_EQ(quarter(6).error().line(), "3 is odd (while halving again)");
}

TEST(Error, ShowsTheLineWithACaretBelowTheColumn) {
  Error error = fail(Code::kInvalid, "unknown key 'prot'")
                    .at({"autonomous.yaml", 4, 6, "\t    prot: 80"})
                    .hint("did you mean 'port'?")
                    .with("while reading shop");
  EXPECT_EQ(error.text(),
            "autonomous.yaml:4:6: unknown key 'prot'\n"
            "  \t    prot: 80\n"
            "  \t    ^\n"
            "  hint: did you mean 'port'?\n"
            "  while reading shop");
  EXPECT_EQ(error.line(), "autonomous.yaml:4:6: unknown key 'prot' (while reading shop)");
}

TEST(Error, CopiesDeeply) {
  Error first = fail(Code::kTimeout, "late").may_retry();
  Error second = first;
  second = std::move(second).with("copy");
  EXPECT_TRUE(first.context().empty());
  EXPECT_TRUE(second.retryable());
  EXPECT_EQ(second.code(), Code::kTimeout);
}

}  // namespace
}  // namespace autonomous
