// history FOLDER [--targets N] [--releases N] [--tags N] [--batch N]
//
// Makes a state folder of a daemon, whose record has so many releases: signed, with outcomes, numbers without gaps, as
// the store itself writes them, so that `autonomous audit` finds nothing in it. FOLDER/repos/gitops.git is the record,
// FOLDER/keys/signing the key. --tags: so many of the newest releases keep their tag (all by default). --batch: so many
// releases a push (5,000 by default: the ledger is rewritten once for each push).
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "gitops/base/file.h"
#include "gitops/git/repository.h"
#include "gitops/git/signer.h"
#include "gitops/store/record.h"
#include "tests/support/history/history.h"

namespace {

using namespace autonomous;
using namespace autonomous::history;

struct Options {
  std::string folder;
  size_t targets = 1000, releases = 1000, tags = SIZE_MAX, batch = 5000;
};

Result<void> make(const Options& options) {
  for (const char* part : {"/repos", "/keys", "/journal", "/cache"}) TRY_DO(make_folders(options.folder + part, 0700));
  FakeClock clock(parse_time("2025-01-01T00:00:00Z").value());
  store::RecordConfig config;
  config.repository = options.folder + "/repos/gitops.git";
  config.journal = options.folder + "/journal";
  TRY(git::Signer signer, git::Signer::load_or_make(options.folder + "/keys/signing", "autonomous@localhost"));
  config.signer = std::make_shared<git::Signer>(std::move(signer));
  config.tag_window = options.tags < options.releases ? static_cast<uint32_t>(options.tags) : 0;
  config.platform_yaml =
      "version: 1\nenvironments:\n  dev: {from: branch main}\n  test: {from: branch main}\n"
      "  staging: {from: branch main}\n  production: {from: branch main}\n";
  TRY(auto record, store::Record::open(Ctx{}, std::move(config), clock));
  TRY(git::TreeEntry platform, record->repository().entry(record->main(), store::kPlatformFile));
  model::PolicyFact policy{record->main().hex(), platform.oid.hex()};
  std::map<model::Target, uint32_t> numbers;
  std::vector<std::pair<model::Target, uint32_t>> open;  // without an outcome so far
  for (size_t made = 0; made < options.releases || !open.empty();) {
    clock.advance(Millis(600'000));
    store::Batch batch;
    for (const auto& [target, number] : open) batch.entries.push_back(outcome_of(target, number, clock.now()));
    open.clear();
    for (size_t i = 0; i < options.batch && made < options.releases; ++i, ++made) {
      model::Target target = target_at(made % options.targets);
      uint32_t number = ++numbers[target];
      batch.drafts.push_back(draft_of(target, number));
      batch.drafts.back().trailers.policy = policy;
      open.emplace_back(target, number);
    }
    TRY(store::BatchResult done, record->commit(Ctx{}, std::move(batch)));
    if (done.entries) return *done.entries;
    for (const store::DraftResult& each : done.drafts) {
      if (const auto* refused = std::get_if<store::Refused>(&each)) return fail(Code::kInternal, refused->words);
      if (const auto* stale = std::get_if<store::Stale>(&each)) return fail(Code::kInternal, stale->why);
    }
    // The oldest tags leave, 500 at a time, as they do where a window is kept.
    for (size_t left = options.batch + 500; left >= 500; left -= 500) TRY_DO(record->sync(Ctx{}));
    if (made % 5000 == 0) std::fprintf(stderr, "\r%zu of %zu releases", made, options.releases);
  }
  std::fprintf(stderr, "\n");
  return ok();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    size_t* number = argument == "--targets"    ? &options.targets
                     : argument == "--releases" ? &options.releases
                     : argument == "--tags"     ? &options.tags
                     : argument == "--batch"    ? &options.batch
                                                : nullptr;
    if (number != nullptr && i + 1 < argc) *number = std::strtoull(argv[++i], nullptr, 10);
    else options.folder = argument;
  }
  if (options.folder.empty() || options.targets == 0 || options.batch == 0) {
    std::fprintf(stderr, "usage: history FOLDER [--targets N] [--releases N] [--tags N] [--batch N]\n");
    return 2;
  }
  auto made = make(options);
  if (!made) std::fprintf(stderr, "history: %s\n", made.error().text().c_str());
  return made ? 0 : 1;
}
