// What lies in a repository: packed-refs, and the bytes of trees, which anybody may have pushed.
#include <set>

#include "gitops/git/internal.h"
#include "gitops/git/ref_files.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

void packed_refs(const std::string& text) {
  auto refs = git::PackedRefs::parse(text);
  if (!refs) return;
  for (const git::PackedRefs::Line& line : refs->lines()) {
    fuzz::require(!line.name.empty() && line.name.find('\n') == std::string_view::npos, "a ref's name is one line");
    fuzz::require(refs->find(line.name).has_value(), "a ref that is listed is found");
    (void)refs->below(line.name);
  }
}

void tree(std::string_view bytes) {
  auto entries = git::parse_tree(bytes);
  std::vector<git::TreeEntry> dropped;
  auto kept = git::without_names(
      bytes, [](std::string_view name) { return name.size() % 2 == 1; }, dropped);
  fuzz::require(!entries || kept, "what can be read can be taken apart");
  if (!entries) return;
  auto written = git::encode_tree(*entries);
  fuzz::require(written && git::parse_tree(*written) && *git::parse_tree(*written) == *entries,
                "what was read is written, and read as the same");
  for (const git::TreeEntry& entry : *entries) {
    auto found = git::find_in_tree(bytes, entry.name);
    fuzz::require(found && *found && (*found)->oid == entry.oid, "an entry that is listed is found");
  }
  auto rest = git::parse_tree(*kept);
  fuzz::require(rest && rest->size() + dropped.size() == entries->size(), "nothing is lost between the two parts");
  auto whole = git::merge_tree(*kept, dropped);
  fuzz::require(whole && git::parse_tree(*whole) && *git::parse_tree(*whole) == *entries, "the parts make the whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  packed_refs(std::string(text));
  tree(text);
  return 0;
}
