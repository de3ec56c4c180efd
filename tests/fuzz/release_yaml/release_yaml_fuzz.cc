// Any text as a release.yaml: what the strict reader takes is exactly what the writer writes.
#include "gitops/store/layout.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  auto read = store::parse_release_yaml(text);
  if (!read) return 0;
  fuzz::require(store::format_release_yaml(*read) == text, "a release.yaml has one form only");
  fuzz::require(store::input_digest(*read) == store::input_digest(*store::parse_release_yaml(text)),
                "a digest is the same each time");
  return 0;
}
