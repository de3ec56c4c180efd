// Any text as a commit message: what the reader accepts, the writer writes again, and means the same.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "gitops/model/trailers.h"

using autonomous::model::clean_value;
using autonomous::model::format_trailers;
using autonomous::model::indent_foreign;
using autonomous::model::parse_trailers;

namespace {
void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto read = parse_trailers(text)) {
    auto written = format_trailers(*read);
    require(written.has_value(), "what was read can be written");
    auto again = parse_trailers(*written);
    require(again && *again == *read, "what was written is read as the same");
  }
  // Prose from outside never becomes a fact, wherever it stands.
  auto hostile = parse_trailers("subject\n\n" + indent_foreign(text) + "\n");
  require(!hostile, "indented prose holds no trailers");
  const std::string value = clean_value(text);
  require(clean_value(value) == value, "a clean value stays as it is");
  require(value.find('\n') == std::string::npos, "a clean value is one line");
  return 0;
}
