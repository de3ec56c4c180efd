// What we answer to ls-refs, beside what git answers: the same bytes, or nothing.
#include "gitops/git/upload_refs.h"

#include "bed.h"
#include "gitops/git/pktline.h"

namespace autonomous::git {
namespace {

class UploadRefs : public Bed {
 protected:
  void SetUp() override {
    Repository repository = bare();
    folder = repository.path();
    Oid tree = must(repository.make_tree({}));
    first = commit(repository, tree, {}, "First");
    second = commit(repository, tree, {first}, "Second");
    must(repository.flush());
    // In packed-refs, with what the tags are of.
    for (const char* name : {"refs/heads/main", "refs/heads/a", "refs/heads/a-b", "refs/heads/ab", "refs/other/thing"})
      git(folder, {"update-ref", name, first.hex()});
    git(folder, {"tag", "-a", "-m", "One", "v1", first.hex()});
    git(folder, {"tag", "-a", "-m", "Two", "release/v2", second.hex()});
    git(folder, {"tag", "light", second.hex()});
    git(folder, {"tag", "-a", "-m", "Of a tag", "outer", "v1"});
    git(folder, {"tag", "-a", "-m", "Of a tree", "tree", tree.hex()});
    git(folder, {"pack-refs", "--all"});
    // In files of their own, some before those.
    for (const char* name : {"refs/heads/main", "refs/heads/a.b", "refs/heads/deep/er/one", "refs/heads/zz"})
      git(folder, {"update-ref", name, second.hex()});
    git(folder, {"tag", "-a", "-m", "Three", "v3", second.hex()});
    git(folder, {"tag", "-a", "-m", "Of a tag", "v3-outer", "v3"});
  }

  static std::string request(const std::vector<std::string>& arguments, bool delimiter = true) {
    std::string out = pkt_line("command=ls-refs\n") + pkt_line("agent=git/2.39.5") + pkt_line("object-format=sha1");
    if (delimiter) out += kPktDelimiter;
    for (const std::string& argument : arguments) out += pkt_line(argument + "\n");
    return out.append(kPktFlush);
  }
  std::string from_git(const std::string& body) const {
    ChildResult done = run({"git", "upload-pack", "--stateless-rpc", folder}, body, {"GIT_PROTOCOL=version=2"});
    EXPECT_EQ(done.status, 0) << done.err;
    return done.out;
  }
  std::optional<std::string> ours(const std::string& body) {
    if (!server) server = must(RefServer::open(folder));
    auto asked = parse_ls_refs_request(body);
    return asked ? server->answer(*asked) : std::nullopt;
  }
  // With every choice of options; returns how many answers were compared.
  size_t expect_alike(const std::vector<std::vector<std::string>>& prefixes) {
    size_t compared = 0;
    for (const std::vector<std::string>& some : prefixes) {
      for (int options = 0; options < 8; ++options) {
        std::vector<std::string> arguments;
        if (options & 1) arguments.emplace_back("peel");
        if (options & 2) arguments.emplace_back("symrefs");
        if (options & 4) arguments.emplace_back("unborn");
        for (const std::string& prefix : some) arguments.push_back("ref-prefix " + prefix);
        std::string body = request(arguments);
        auto answer = ours(body);
        EXPECT_EQ(answer.value_or("nothing"), from_git(body)) << body;
        ++compared;
      }
    }
    return compared;
  }

  std::string folder;
  Oid first, second;
  std::unique_ptr<RefServer> server;
};

const std::vector<std::vector<std::string>> kPrefixes = {
    {},
    {""},
    {"HEAD"},
    {"H"},
    {"HEADS"},
    {"r"},
    {"refs/"},
    {"refs/heads/"},
    {"refs/heads/main"},
    {"refs/heads/mai"},
    {"refs/heads/mainly"},
    {"refs/heads/a"},
    {"refs/heads/a-", "refs/heads/a.", "refs/heads/ab"},
    {"refs/heads/deep"},
    {"refs/heads/deep/er/"},
    {"refs/tags/", "HEAD", "refs/heads/z"},
    {"refs/tags/v3"},
    {"refs/tags/release/"},
    {"refs/heads/", "refs/heads/a", "refs/heads/"},
    {"refs/nothing/"},
    {"objects/", "config", "main"},
    {"refs/../objects/", "refs//heads/", "refs/heads/.."},
    {"HEAD", "main", "refs/main", "refs/tags/main", "refs/heads/main", "refs/remotes/main", "refs/remotes/main/HEAD"},
};

TEST_F(UploadRefs, AreGitsBytes) { EXPECT_EQ(expect_alike(kPrefixes), kPrefixes.size() * 8); }

TEST_F(UploadRefs, FollowEveryChange) {
  expect_alike({{"refs/heads/"}});
  git(folder, {"update-ref", "refs/heads/main", first.hex()});
  expect_alike({{"refs/heads/"}, {}});
  git(folder, {"pack-refs", "--all"});
  expect_alike({{"refs/heads/"}, {}});
  git(folder, {"update-ref", "-d", "refs/heads/a"});
  expect_alike({{"refs/heads/"}, {}});
  // Objects that another process packed after the repository was opened here.
  std::string work = path("work");
  git(path(""), {"clone", "-q", "-b", "main", folder, work});
  for (int i = 0; i < 3; ++i) {
    git(work, {"commit", "-q", "--allow-empty", "-m", "More"});
    git(work, {"push", "-q", "origin", "main"});
    expect_alike({{"refs/heads/main"}});
    git(folder, {"repack", "-adq"});
    expect_alike({{"refs/heads/main"}, {}});
  }
}

TEST_F(UploadRefs, AnUnbornAndADetachedHeadAreShownAsGitDoes) {
  git(folder, {"symbolic-ref", "HEAD", "refs/heads/nowhere"});
  expect_alike({{}, {"HEAD"}, {"refs/heads/"}});
  git(folder, {"update-ref", "--no-deref", "HEAD", second.hex()});
  expect_alike({{}, {"HEAD"}});
}

TEST_F(UploadRefs, AnEmptyRepositoryHasNone) {
  folder = bare("empty.git").path();
  expect_alike({{}, {"HEAD"}, {"refs/"}});
}

// With the settings of those that the daemon hosts.
TEST_F(UploadRefs, HostedRepositoriesAreAnsweredForByUs) {
  Repository hosted = must(Repository::init_bare(path("hosted.git"), {.hosted = true}));
  folder = hosted.path();
  Oid tip = commit(hosted, must(hosted.make_tree({})), {}, "First");
  must(hosted.flush());
  git(folder, {"update-ref", "refs/heads/deploy", tip.hex()});
  EXPECT_TRUE(ours(request({})));
  expect_alike({{}, {"refs/heads/"}});
}

TEST_F(UploadRefs, WithoutArgumentsAllAreShown) {
  std::string body = request({}, false);
  auto answer = ours(body);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, from_git(body));
}

TEST_F(UploadRefs, WhatIsOutOfTheOrdinaryIsGits) {
  std::string all = request({});
  ASSERT_TRUE(ours(all));
  for (const char* key : {"transfer.hideRefs", "uploadpack.hiderefs"}) {
    git(folder, {"config", key, "refs/tags"});
    EXPECT_FALSE(ours(all)) << key;
    git(folder, {"config", "--unset", key});
  }
  git(folder, {"config", "lsrefs.unborn", "ignore"});
  EXPECT_FALSE(ours(all));
  git(folder, {"config", "--remove-section", "lsrefs"});
  ASSERT_TRUE(ours(all));
  git(folder, {"symbolic-ref", "refs/heads/link", "refs/heads/main"});
  EXPECT_FALSE(ours(all));
  EXPECT_TRUE(ours(request({"ref-prefix refs/tags/"})));
  git(folder, {"symbolic-ref", "-d", "refs/heads/link"});
  must(write_file(folder + "/refs/heads/broken", std::string(40, 'd') + "\n"));
  EXPECT_FALSE(ours(all));
  must(write_file(folder + "/refs/heads/broken", "no oid\n"));
  EXPECT_FALSE(ours(all));
  must(write_file(folder + "/refs/heads/broken", ""));
  EXPECT_FALSE(ours(all));
}

TEST(LsRefsRequest, IsTakenWholeAndInGitsGrammarOnly) {
  auto line = [](std::string_view text) { return pkt_line(text); };
  std::string start = line("command=ls-refs\n");
  auto taken = parse_ls_refs_request(start + "0001" + line("peel\n") + line("ref-prefix refs/heads/\n") + "0000");
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->peel);
  EXPECT_FALSE(taken->symrefs);
  EXPECT_EQ(taken->prefixes, std::vector<std::string>{"refs/heads/"});
  for (const std::string& body :
       {std::string(), line("command=fetch\n") + "0000", start, start + "0001", start + "0001" + line("peel\n"),
        start + "0001" + line("pell\n") + "0000", start + line("object-format=sha256\n") + "0000",
        start + line("server-option=x\n") + "0000", start + "0000" + start + "0000", start + "00010001" + "0000",
        start + "0002", std::string("0014command=ls-refs")}) {
    EXPECT_FALSE(parse_ls_refs_request(body)) << body;
  }
}

}  // namespace
}  // namespace autonomous::git
