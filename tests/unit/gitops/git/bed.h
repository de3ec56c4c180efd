// What these tests share: a temporary folder, the real git program beside us, and short ways to make objects.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().line());
  return *std::move(result);
}
inline void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().line());
}

class Bed : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  ChildResult run(std::vector<std::string> argv, std::string input = "", std::vector<std::string> more_env = {}) const {
    ChildSpec spec;
    spec.argv = std::move(argv);
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                "HOME=" + folder_.path(),
                "GIT_CONFIG_NOSYSTEM=1",
                "GIT_AUTHOR_NAME=Jane Doe",
                "GIT_AUTHOR_EMAIL=jane@example.com",
                "GIT_AUTHOR_DATE=1700000000 +0100",
                "GIT_COMMITTER_NAME=Jane Doe",
                "GIT_COMMITTER_EMAIL=jane@example.com",
                "GIT_COMMITTER_DATE=1700000000 +0100"};
    for (std::string& one : more_env) spec.env.push_back(std::move(one));
    spec.input = std::move(input);
    return must(run_child(Ctx{}.within(Millis(60'000)), spec));
  }

  // Output of `git -C <repository> …` without its last newline; a failure of git fails the test.
  std::string git(const std::string& repository, std::vector<std::string> args, std::string input = "") const {
    std::vector<std::string> argv = {"git", "-C", repository};
    argv.insert(argv.end(), args.begin(), args.end());
    ChildResult done = run(argv, std::move(input));
    EXPECT_EQ(done.status, 0) << args[0] << ": " << done.err;
    if (done.out.ends_with('\n')) done.out.pop_back();
    return done.out;
  }

  // git fsck --strict finds nothing to say.
  void expect_sound(const std::string& repository) const {
    ChildResult done = run({"git", "-C", repository, "fsck", "--strict", "--no-progress", "--no-dangling"});
    EXPECT_EQ(done.status, 0);
    std::string all = done.out + done.err, said;
    for (std::string_view line : split(all, '\n')) {
      if (!line.empty() && !starts_with(line, "notice: HEAD points to an unborn")) said += std::string(line) + "\n";
    }
    EXPECT_EQ(said, "");
  }

  Repository bare(const std::string& name = "repo.git") const { return must(Repository::init_bare(path(name))); }

  static Person jane(int64_t seconds = 1'700'000'000) { return {"Jane Doe", "jane@example.com", seconds, 60}; }

  static Oid commit(Repository& repository, const Oid& tree, std::vector<Oid> parents,
                    const std::string& message = "Change", int64_t seconds = 1'700'000'000) {
    return must(repository.write_commit({tree, std::move(parents), jane(seconds), jane(seconds), message}));
  }

  TempFolder folder_ = must(TempFolder::make("git-test"));
  Ctx ctx_ = Ctx{}.within(Millis(60'000));
};

}  // namespace autonomous::git
