// measure open STATE | commit STATE TIMES [DRAFTS] | remote STATE URL TIMES DRAFTS | poll URL TIMES | libgit2 STATE
// TIMES | fetch URL FOLDER
//
// STATE is a folder that tests/support/history made. Prints one JSON object: milliseconds of each time, those that the
// processor worked for it, fsyncs and bytes written of each, and the memory in the end.
#include <git2.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gitops/base/file.h"
#include "gitops/git/remote.h"
#include "gitops/git/signer.h"
#include "gitops/http/client.h"
#include "tests/support/history/history.h"

namespace {
std::atomic<uint64_t> fsyncs = 0, written = 0;
}

// In place of the C library's: whoever calls them in this process is counted.
extern "C" int fsync(int fd) {
  ++fsyncs;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  ssize_t done = ::syscall(SYS_write, fd, bytes, size);
  if (done > 0) written += static_cast<uint64_t>(done);
  return done;
}

namespace {

using namespace autonomous;
using namespace autonomous::history;
using Steady = std::chrono::steady_clock;

double since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

double worked() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

size_t resident_kb() {
  ::malloc_trim(0);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

struct Measured {
  std::vector<double> ms, cpu, tags;  // tags: milliseconds until they were there too
  std::vector<uint64_t> fsyncs, bytes;
  void print() const {
    std::printf("{");
    print_list("ms", ms);
    print_list("cpu", cpu);
    print_list("tags", tags);
    print_list("fsyncs", fsyncs);
    print_list("bytes", bytes);
    std::printf("\"resident_kb\": %zu}\n", resident_kb());
  }

 private:
  template <typename T>
  static void print_list(const char* name, const std::vector<T>& list) {
    std::printf("\"%s\": [", name);
    for (size_t i = 0; i < list.size(); ++i) std::printf("%s%s", i == 0 ? "" : ", ", std::to_string(list[i]).c_str());
    std::printf("], ");
  }
};

template <typename F>
Result<void> timed(Measured& measured, F&& what) {
  uint64_t syncs = fsyncs, bytes = written;
  auto start = Steady::now();
  double before = worked();
  TRY_DO(what());
  measured.ms.push_back(since(start));
  measured.cpu.push_back(worked() - before);
  measured.fsyncs.push_back(fsyncs - syncs);
  measured.bytes.push_back(written - bytes);
  return ok();
}

Result<store::RecordConfig> config_of(const std::string& state) {
  store::RecordConfig config;
  config.repository = state + "/repos/gitops.git";
  config.journal = state + "/journal";
  config.index = state + "/cache/gitops.index";
  TRY(git::Signer signer, git::Signer::load_or_make(state + "/keys/signing"));
  config.signer = std::make_shared<git::Signer>(std::move(signer));
  return config;
}

// Releases of `drafts` targets at a time, `times` times, each another version.
Result<Measured> release(store::RecordConfig config, size_t times, size_t drafts) {
  TRY(auto record, store::Record::open(Ctx{}, std::move(config), system_clock()));
  TRY_DO(record->sync(Ctx{}));
  Measured measured;
  size_t targets = record->state()->targets.size();
  if (targets == 0) targets = drafts;
  for (size_t i = 0; i < times; ++i) {
    store::Batch batch;
    for (size_t j = 0; j < drafts; ++j) {
      model::Target target = target_at((i * drafts * 7 + j) % targets);
      auto state = record->state()->find(target);
      batch.drafts.push_back(draft_of(target, (state ? state->last_number : 0) + 1));
    }
    size_t wanted = batch.drafts.size();
    TRY_DO(timed(measured, [&]() -> Result<void> {
      TRY(store::BatchResult done, record->commit(Ctx{}, std::move(batch)));
      for (const store::DraftResult& each : done.drafts)
        wanted -= std::holds_alternative<store::Released>(each) ? 1 : 0;
      return wanted == 0 ? ok() : Result<void>(fail(Code::kInternal, wanted, " drafts were not released"));
    }));
    auto start = Steady::now();
    record->make_tags(Ctx{});
    measured.tags.push_back(since(start));
  }
  return measured;
}

git::GitProgram program(const std::string& home) { return {"git", home, true}; }

git::HttpSend sender(http::Client& client) {
  return [&client](const Ctx& ctx, const git::HttpRequest& request) -> Result<git::HttpResponse> {
    http::Request out{.method = request.method, .url = request.url, .headers = request.headers, .body = request.body};
    out.max_body = request.max_body;
    TRY(http::Response response, client.send(ctx, out));
    return git::HttpResponse{response.status, std::move(response.headers), std::move(response.body)};
  };
}

Result<Measured> open_state(const std::string& state) {
  Measured measured;
  TRY(store::RecordConfig config, config_of(state));
  std::unique_ptr<store::Record> record;
  TRY_DO(timed(measured, [&]() -> Result<void> {
    TRY(record, store::Record::open(Ctx{}, config, system_clock()));
    return ok();
  }));
  TRY_DO(timed(measured, [&]() -> Result<void> {
    TRY_DO(record->sync(Ctx{}));
    return ok();
  }));
  measured.print();
  std::fflush(stdout);
  record.reset();
  return Measured{};
}

Result<Measured> to_remote(const std::string& state, const std::string& url, size_t times, size_t drafts) {
  http::Client client;
  TRY(store::RecordConfig config, config_of(state));
  config.repository = state + "/cache/mirror.git";
  config.index = state + "/cache/mirror.index";
  config.journal = state + "/cache/journal";
  config.tags_later = true;
  git::RemoteSettings settings;
  settings.url = url;
  TRY(git::Remote remote, git::Remote::make(std::move(settings), program(state), sender(client)));
  config.remote = std::make_shared<git::Remote>(std::move(remote));
  return release(std::move(config), times, drafts);
}

Result<Measured> poll(const std::string& url, size_t times) {
  http::Client client;
  git::RemoteSettings settings;
  settings.url = url;
  TRY(git::Remote remote, git::Remote::make(std::move(settings), program("/tmp"), sender(client)));
  Measured measured;
  for (size_t i = 0; i <= times; ++i) {
    TRY_DO(timed(measured, [&]() -> Result<void> {
      TRY_DO(remote.ls_refs(Ctx{}, {"refs/heads/main", "refs/heads/deploy", "refs/heads/autonomous/ledger/deploy"}));
      return ok();
    }));
  }
  measured.ms.erase(measured.ms.begin());  // learns about the server
  return measured;
}

// As a program would that takes libgit2 at its word: one blob in, the index written as a tree, a commit. Unsigned, and
// not synced.
Result<Measured> plain_libgit2(const std::string& state, size_t times) {
  git_libgit2_init();
  git_repository* repository = nullptr;
  git_oid tip{};
  if (git_repository_open(&repository, (state + "/repos/gitops.git").c_str()) != 0 ||
      git_reference_name_to_id(&tip, repository, "refs/heads/deploy") != 0)
    return fail(Code::kInternal, "libgit2 cannot open it");
  Measured measured;
  for (size_t i = 0; i < times; ++i) {
    TRY_DO(timed(measured, [&]() -> Result<void> {
      git_commit* parent = nullptr;
      git_tree *tree = nullptr, *fresh = nullptr;
      git_index* index = nullptr;
      git_oid blob{}, root{}, commit{};
      git_signature* who = nullptr;
      std::string text = "image: registry.example.com/web:" + std::to_string(i) + "\n";
      std::string path = store::target_folder(target_at(i)) + "/values.yaml";
      git_index_entry entry{};
      entry.mode = GIT_FILEMODE_BLOB;
      entry.path = path.c_str();
      bool done = git_commit_lookup(&parent, repository, &tip) == 0 && git_commit_tree(&tree, parent) == 0 &&
                  git_index_new(&index) == 0 && git_index_read_tree(index, tree) == 0 &&
                  git_blob_create_from_buffer(&blob, repository, text.data(), text.size()) == 0;
      entry.id = blob;
      done = done && git_index_add(index, &entry) == 0 && git_index_write_tree_to(&root, index, repository) == 0 &&
             git_tree_lookup(&fresh, repository, &root) == 0 &&
             git_signature_new(&who, "A", "a@example.com", 1, 0) == 0;
      const git_commit* parents[] = {parent};
      done =
          done && git_commit_create(&commit, repository, nullptr, who, who, nullptr, "Change", fresh, 1, parents) == 0;
      if (done) tip = commit;
      git_signature_free(who);
      git_index_free(index);
      git_tree_free(fresh);
      git_tree_free(tree);
      git_commit_free(parent);
      return done ? ok() : Result<void>(fail(Code::kInternal, "libgit2 failed"));
    }));
  }
  git_repository_free(repository);
  return measured;
}

Result<Measured> libgit2_fetch(const std::string& url, const std::string& folder) {
  git_libgit2_init();
  git_repository* repository = nullptr;
  git_remote* remote = nullptr;
  if (git_repository_init(&repository, folder.c_str(), 1) != 0 ||
      git_remote_create_anonymous(&remote, repository, url.c_str()) != 0)
    return fail(Code::kInternal, "libgit2 cannot prepare");
  char head[] = "+refs/heads/main:refs/heads/main";
  char* specs[] = {head};
  git_strarray refspecs{specs, 1};
  git_fetch_options options{};
  git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  Measured measured;
  for (int i = 0; i < 4; ++i) {
    TRY_DO(timed(measured, [&]() -> Result<void> {
      if (git_remote_fetch(remote, &refspecs, &options, nullptr) != 0)
        return fail(Code::kInternal, "libgit2: ", git_error_last()->message);
      return ok();
    }));
  }
  measured.ms.erase(measured.ms.begin());
  git_remote_free(remote);
  git_repository_free(repository);
  return measured;
}

size_t count_of(const char* text) { return std::strtoull(text, nullptr, 10); }

Result<Measured> run(const std::vector<std::string>& words) {
  auto is = [&](const char* name, size_t least) { return words.size() >= least && words[0] == name; };
  if (is("open", 2)) return open_state(words[1]);
  if (is("commit", 3)) {
    TRY(store::RecordConfig config, config_of(words[1]));
    return release(std::move(config), count_of(words[2].c_str()), words.size() > 3 ? count_of(words[3].c_str()) : 1);
  }
  if (is("remote", 5)) return to_remote(words[1], words[2], count_of(words[3].c_str()), count_of(words[4].c_str()));
  if (is("poll", 3)) return poll(words[1], count_of(words[2].c_str()));
  if (is("libgit2", 3)) return plain_libgit2(words[1], count_of(words[2].c_str()));
  if (is("fetch", 3)) return libgit2_fetch(words[1], words[2]);
  return fail(Code::kInvalid, "usage: the comment at the top of measure.cc");
}

}  // namespace

int main(int argc, char** argv) {
  auto measured = run({argv + 1, argv + argc});
  if (!measured) {
    std::fprintf(stderr, "measure: %s\n", measured.error().text().c_str());
    return 1;
  }
  if (!measured->ms.empty()) measured->print();
  return 0;
}
