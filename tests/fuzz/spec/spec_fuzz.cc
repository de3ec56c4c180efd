// Any text as autonomous.yaml, as platform.yaml and as an overlay: a value or errors, and each error names a line.
#include "gitops/model/platform.h"
#include "gitops/model/spec.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

template <typename T>
void check(const model::Parsed<T>& parsed) {
  fuzz::require(parsed.value != nullptr || !parsed.errors.empty(), "what cannot be read says why");
  for (const Error& error : parsed.errors) {
    fuzz::require(!error.message().empty(), "an error has words");
    fuzz::require(!error.text().empty(), "an error can be shown");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check(model::parse_spec(text, "autonomous.yaml"));
  check(model::parse_platform(text));
  check(model::parse_overlay(text, "overlay.yaml"));
  return 0;
}
