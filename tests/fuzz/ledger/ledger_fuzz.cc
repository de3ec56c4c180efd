// Any line as an entry of the ledger: what the reader takes, the writer writes again, on one line, meaning the same.
#include "gitops/model/entry.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto read = model::parse_entry(fuzz::text_of(data, size));
  if (!read) return 0;
  auto written = model::format_entry(*read);
  if (!written) return 0;  // the reader takes what a newer daemon may write
  fuzz::require(written->find('\n') == written->size() - 1, "an entry is one line");
  auto again = model::parse_entry(*written);
  fuzz::require(again && *again == *read, "what was written is read as the same");
  return 0;
}
