#include <gtest/gtest.h>

#include "gitops/base/log.h"
#include "gitops/http/client.h"

namespace autonomous::http {
namespace {

TEST(Text, EscapesAllButTheUnreserved) { EXPECT_EQ(escape("a/b c~%é"), "a%2Fb%20c~%25%C3%A9"); }

TEST(Text, StatusErrorsSayWhatToDoNext) {
  const Request request{.url = "https://host/x?token=abc"};
  struct {
    int status;
    Code code;
    bool retry;
  } cases[] = {{400, Code::kInvalid, false},    {401, Code::kDenied, false},     {403, Code::kDenied, false},
               {404, Code::kNotFound, false},   {409, Code::kConflict, false},   {412, Code::kConflict, false},
               {429, Code::kUnavailable, true}, {500, Code::kUnavailable, true}, {503, Code::kUnavailable, true}};
  for (const auto& expected : cases) {
    const Error error = status_error(request, Response{.status = expected.status, .body = "no\nway"});
    EXPECT_EQ(error.code(), expected.code) << expected.status;
    EXPECT_EQ(error.retryable(), expected.retry) << expected.status;
    EXPECT_EQ(error.message(), "GET https://host/x: status " + std::to_string(expected.status) + ": no way");
  }
}

TEST(Text, StatusErrorsAreMasked) {
  mask_in_logs("s3cr3t-in-an-answer");
  const Error error = status_error({.url = "http://me:pw@host/"}, {.status = 500, .body = "got s3cr3t-in-an-answer"});
  EXPECT_EQ(error.message(), "GET http://***@host/: status 500: got ***");
}

}  // namespace
}  // namespace autonomous::http
