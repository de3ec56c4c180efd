// Any bytes as a tag object and as a commit object. What is signed and the signature make up the whole: nothing stands
// between them that nobody signed.
#include "gitops/git/object.h"
#include "gitops/model/trailers.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  if (auto tag = git::parse_tag(git::hash_object(git::ObjectKind::kTag, bytes), bytes)) {
    fuzz::require(tag->payload + tag->signature == bytes, "a tag is what is signed, and the signature");
    (void)model::parse_trailers(tag->message);
  }
  if (auto commit = git::parse_commit(git::hash_object(git::ObjectKind::kCommit, bytes), bytes)) {
    fuzz::require(commit->payload.size() <= bytes.size(), "what is signed is part of the commit");
    bool other = bytes.find("gpgsig-sha256") != bytes.npos;  // left out of the payload, too
    fuzz::require(other || commit->signature.empty() == (commit->payload == bytes),
                  "an unsigned commit is its own payload");
    fuzz::require(bytes.ends_with(commit->message), "the message is the end of the commit");
  }
  return 0;
}
