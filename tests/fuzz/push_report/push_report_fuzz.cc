// What `git push --porcelain` prints, and what the server says on standard error, parted by a line "===": a verdict for
// each ref that was pushed, or an error.
#include "gitops/git/push_report.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto [out, err] = fuzz::halves(fuzz::text_of(data, size));
  const git::Oid one = *git::Oid::parse(std::string(40, '1'));
  const std::vector<git::PushUpdate> updates = {{"refs/heads/deploy", one, {}},
                                                {"refs/heads/autonomous/ledger/deploy", one, one},
                                                {"refs/tags/release/a/b/c/1", {}, one}};
  if (auto report = git::parse_push_report(updates, out, err)) {
    fuzz::require(report->refs.size() == updates.size(), "each ref has its verdict");
    for (size_t i = 0; i < updates.size(); ++i) {
      fuzz::require(report->refs[i].ref == updates[i].ref, "verdicts come in the order of the refs");
    }
  }
  fuzz::require(git::server_words(err).size() <= (8u << 10) + 100, "a server's words are cut");
  return 0;
}
