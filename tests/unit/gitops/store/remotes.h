// The record on a remote, through a mirror: here a bare repository on disk, pushed to by the git program.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "bed.h"
#include "gitops/git/remote.h"

namespace autonomous::store {

inline std::shared_ptr<git::Remote> remote_on_disk(const std::string& url) {
  git::GitProgram program;
  program.allow_file = true;
  return std::make_shared<git::Remote>(git::Remote::make({url}, program).value());
}

class Remotes : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(git::Repository::init_bare(url()));
    open();
  }
  std::string url() const { return bed_.path("remote.git"); }
  RecordConfig config(std::string_view name = "mirror") {
    RecordConfig config = bed_.config();
    config.repository = bed_.path(name);
    config.journal = bed_.path(std::string(name) + "-journal");
    config.remote = remote_on_disk(url());
    return config;
  }
  Record& open() { return bed_.open(config()); }
  Record& record() { return bed_.record(); }
  std::string remote(std::vector<std::string> args) { return bed_.git(std::move(args), url()); }
  std::string clone() {
    std::string to = bed_.path("clone");
    bed_.git({"clone", "-q", "-b", "deploy", url(), to}, url());
    return to;
  }
  // A hook of the server; its exit status is that of `script`.
  void hook(const std::string& name, const std::string& script) {
    ASSERT_TRUE(make_folders(url() + "/hooks"));
    ASSERT_TRUE(write_file(url() + "/hooks/" + name, "#!/bin/sh\n" + script, 0755));
    chmod((url() + "/hooks/" + name).c_str(), 0755);
  }

  Bed bed_;
};

}  // namespace autonomous::store
