// Pushes to a remote whose answers get lost, or that a proxy does not let through.
#include <algorithm>
#include <atomic>

#include "../git/git_server.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

TEST_F(Remotes, ALostAnswerIsFoundOut) {
  RecordConfig cut = config();
  bool armed = false;
  cut.fault = [&armed](Point point) -> Result<void> {
    if (armed && point == Point::kRefsMoved) return fail(Code::kUnavailable, "the connection broke");
    return ok();
  };
  bed_.open(std::move(cut));
  armed = true;
  Draft draft = push_draft(record(), kWeb, "1");
  ASSERT_FALSE(record().commit(Ctx{}, batch_of({draft})));
  armed = false;
  auto again = record().commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(std::get<Duplicate>(again->drafts[0]).number, 1u);
  open();
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
}

// A server whose answers get lost: as soon as `deploy` has moved, `then` is done beside it, and the connection breaks.
class LostAnswers : public Remotes {
 protected:
  void after_the_next_push(const std::string& then) {
    hook("reference-transaction",
         "[ \"$1\" = committed ] && [ -e armed ] && grep -q refs/heads/deploy || exit 0\n"
         "rm armed\n"
         "export GIT_AUTHOR_NAME=Bob GIT_AUTHOR_EMAIL=bob@example.com GIT_COMMITTER_NAME=Bob "
         "GIT_COMMITTER_EMAIL=bob@example.com\n" +
             then + "\nkill -9 $PPID\n");
    ASSERT_TRUE(write_file(url() + "/armed", ""));
  }
  // Everything that a batch may hold besides releases, all of one moment.
  Batch decisions() {
    Batch batch;
    for (model::EntryType type : {model::EntryType::kHold, model::EntryType::kPropose, model::EntryType::kApprove,
                                  model::EntryType::kMarkBad, model::EntryType::kFreeze}) {
      model::Entry entry;
      entry.type = type;
      entry.target = kDb;
      entry.time = bed_.clock().now();
      entry.by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
      entry.because = "because";
      if (type == model::EntryType::kPropose || type == model::EntryType::kApprove) entry.id = "abcdef012345";
      if (type == model::EntryType::kMarkBad) entry.artifact = "artifact-9";
      if (type == model::EntryType::kFreeze) entry.scope = "production";
      batch.entries.push_back(std::move(entry));
    }
    Draft db = push_draft(record(), kDb, "1");
    for (model::Entry& entry : batch.entries) {
      if (entry.id.empty()) continue;
      entry.artifact = db.artifact;
      entry.input_digest = db.trailers.input_digest;
      entry.tree = tree_of_files(db.files).value().hex();
    }
    batch.drafts = {push_draft(record(), kWeb, "1")};
    return batch;
  }
  void expect_all_said_once() {
    StatePtr now = record().state();
    ASSERT_TRUE(now->find(kDb));
    EXPECT_EQ(now->find(kDb)->said.size(), 3u) << "hold, propose, approve";
    for (model::EntryType type : {model::EntryType::kMarkBad, model::EntryType::kFreeze})
      EXPECT_EQ(
          std::count_if(now->platform.begin(), now->platform.end(), [&](const auto& e) { return e.type == type; }), 1)
          << model::entry_type_name(type);
    ASSERT_TRUE(now->find(kWeb));
    EXPECT_EQ(now->find(kWeb)->last_number, 1u);
    EXPECT_FALSE(now->find(kWeb)->drift);
    EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
    EXPECT_EQ(remote({"fsck", "--strict", "--no-dangling"}), "");
  }
  static constexpr const char* kSomebodyCommits =
      "git update-ref refs/heads/deploy $(git commit-tree -p deploy -m 'By hand' 'deploy^{tree}')";
};

TEST_F(LostAnswers, SomebodyWentOnFromOurs) {
  after_the_next_push(kSomebodyCommits);
  auto done = record().commit(Ctx{}, decisions());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_FALSE(done->entries) << done->entries->text();
  ASSERT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_EQ(done->pushes, 1u);
  EXPECT_TRUE(done->foreign.changes.empty());
  EXPECT_EQ(remote({"log", "-1", "--format=%s", "deploy"}), "By hand\n");
  expect_all_said_once();
  EXPECT_TRUE(record().sync(Ctx{}).value().quiet());
}

TEST_F(LostAnswers, OnlyOneOfTheRefsMoved) {
  std::string ledger = remote({"rev-parse", "autonomous/ledger/deploy"});
  after_the_next_push("git update-ref refs/heads/autonomous/ledger/deploy " + ledger.substr(0, 40));
  auto done = record().commit(Ctx{}, decisions());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_TRUE(done->foreign.changes.empty()) << "our own release is no drift";
  expect_all_said_once();
}

// The remote cannot even be asked afterwards: the same batch comes again, later.
TEST_F(LostAnswers, TheSameBatchAgainSaysNothingTwice) {
  after_the_next_push(std::string(kSomebodyCommits) + "\nmv \"$PWD\" \"$PWD.away\"");
  Batch batch = decisions();
  ASSERT_FALSE(record().commit(Ctx{}, batch));
  ASSERT_EQ(rename((url() + ".away").c_str(), url().c_str()), 0);
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_FALSE(done->entries) << done->entries->text();
  EXPECT_TRUE(std::holds_alternative<Duplicate>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_EQ(done->pushes, 0u);
  expect_all_said_once();
}

TEST_F(LostAnswers, AnAdoptionIsMadeOnce) {
  release(record(), kWeb, "1");
  release(record(), kWeb, "2");
  std::string work = clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  after_the_next_push(kSomebodyCommits);
  auto foreign = record().sync(Ctx{});
  ASSERT_TRUE(foreign) << foreign.error().text();
  ASSERT_EQ(foreign->changes.size(), 1u);
  EXPECT_EQ(foreign->changes[0].adopted_as, 3u);
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 3u);
  EXPECT_EQ(remote({"tag", "-l", "*web/3"}), "release/local/shop/web/3\n");
}

// A proxy in front of the remote that takes no long requests.
class ShortRequests : public Remotes {
 protected:
  void SetUp() override {
    Remotes::SetUp();
    bed_.git({"config", "http.receivepack", "true"}, url());
  }
  // `answer`: of the proxy, to what is too long. Nothing: it hangs up.
  void serve(std::string answer) {
    server_ = std::make_unique<git::GitServer>(
        url().substr(0, url().rfind('/')),
        [this, answer](const git::GitServer::Request& request) -> std::optional<std::string> {
          bool push = request.method == "POST" && request.target.ends_with("/git-receive-pack");
          return push && request.body.size() > limit_ ? std::optional(answer) : std::nullopt;
        });
    RecordConfig config = this->config("behind");
    config.remote = std::make_shared<git::Remote>(git::Remote::make({server_->url("/remote.git")}, {}).value());
    bed_.open(std::move(config));
  }
  Draft big(const model::Target& target) {
    Draft draft = push_draft(record(), target, "1");
    uint32_t random = 1;
    for (int i = 0; i < 60'000; ++i)
      draft.files["values.yaml"] += std::to_string((random = random * 1664525u + 1013904223u) >> 28);
    return draft;
  }
  std::atomic<size_t> limit_ = 20'000;  // read on the proxy's thread
  std::unique_ptr<git::GitServer> server_;
};

TEST_F(ShortRequests, WhatIsTooMuchAtOnceGoesInParts) {
  serve("HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  model::Target api{"local", "shop", "api"};
  auto done =
      record().commit(Ctx{}, batch_of({push_draft(record(), api, "1"), big(kDb), push_draft(record(), kWeb, "1")}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0]));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[2]));
  const auto* refused = std::get_if<Refused>(&done->drafts[1]);
  ASSERT_NE(refused, nullptr) << done->drafts[1].index();
  EXPECT_NE(refused->words.find("413"), std::string::npos) << refused->words;
  EXPECT_NE(refused->words.find("client_max_body_size"), std::string::npos) << refused->words;
  EXPECT_EQ(remote({"rev-list", "--count", "deploy"}), "3\n");
}

TEST_F(ShortRequests, AProxyThatHangsUpIsFoundOutToo) {
  serve("");
  Batch batch = batch_of({big(kDb), push_draft(record(), kWeb, "1")});
  EXPECT_FALSE(record().commit(Ctx{}, batch)) << "once is bad luck";
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Postponed>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[1])) << done->drafts[1].index();
  // Alone it is the repository's trouble, and nobody's verdict.
  auto alone = record().commit(Ctx{}, batch_of({batch.drafts[0]}));
  ASSERT_FALSE(alone);
  EXPECT_TRUE(alone.error().retryable());
  limit_ = 1'000'000;
  auto through = record().commit(Ctx{}, batch_of({batch.drafts[0]}));
  ASSERT_TRUE(through) << through.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(through->drafts[0]));
}

}  // namespace
}  // namespace autonomous::store
