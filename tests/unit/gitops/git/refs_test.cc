#include "gitops/git/refs.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/unit/gitops/git/bed.h"

namespace autonomous::git {
namespace {

using ::testing::HasSubstr;

class RefsTest : public Bed {
 protected:
  Repository repository_ = bare();
  Oid one_ = commit(repository_, must(repository_.write(ObjectKind::kTree, "")), {}, "one");
  Oid two_ = commit(repository_, empty_tree(), {one_}, "two");
  Oid three_ = commit(repository_, empty_tree(), {two_}, "three");

  Result<void> update(std::vector<RefUpdate> updates) { return update_refs(ctx_, repository_, std::move(updates)); }
  std::string listed(const std::string& prefix = "refs/") {
    std::string text;
    for (const Ref& ref : must(list_refs(repository_, prefix))) text += ref.name + " " + ref.oid.hex() + "\n";
    return text;
  }
  std::string listed_by_git() {
    return git(repository_.path(), {"for-each-ref", "--format=%(refname) %(objectname)"}) + "\n";
  }
  std::string file(const std::string& name) { return repository_.path() + "/" + name; }
};

TEST_F(RefsTest, OneRefIsALooseFile) {
  must(update({{"refs/heads/main", one_, Oid()}}));
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/main")), one_);
  EXPECT_EQ(must(read_ref(repository_, "HEAD")), one_);
  EXPECT_EQ(git(repository_.path(), {"rev-parse", "refs/heads/main"}), one_.hex());
  EXPECT_FALSE(exists(file("packed-refs")));
  EXPECT_EQ(read_ref(repository_, "refs/heads/none").error().code(), Code::kNotFound);
}

TEST_F(RefsTest, SeveralRefsMoveTogetherOrNotAtAll) {
  must(update({{"refs/heads/deploy", one_, Oid()}, {"refs/heads/ledger/deploy", one_, Oid()}}));
  Result<void> wrong = update(
      {{"refs/heads/deploy", two_, one_}, {"refs/heads/ledger/deploy", two_, two_}, {"refs/heads/new", two_, Oid()}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kConflict);
  EXPECT_THAT(wrong.error().message(), HasSubstr("refs/heads/ledger/deploy is " + one_.hex()));
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/deploy")), one_);
  EXPECT_EQ(listed(), listed_by_git());
  must(update(
      {{"refs/heads/deploy", two_, one_}, {"refs/heads/ledger/deploy", two_, one_}, {"refs/heads/new", two_, Oid()}}));
  EXPECT_EQ(listed(), listed_by_git());
  EXPECT_EQ(listed("refs/heads/l"), "refs/heads/ledger/deploy " + two_.hex() + "\n");
  expect_sound(repository_.path());
}

TEST_F(RefsTest, LooseValuesDoNotHideATransaction) {
  must(update({{"refs/heads/a", one_, {}}, {"refs/heads/b", one_, {}}}));
  git(repository_.path(), {"update-ref", "refs/heads/a", two_.hex()});
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/a")), two_);
  must(update({{"refs/heads/a", three_, two_}, {"refs/heads/b", two_, one_}}));
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/a")), three_);
  EXPECT_FALSE(exists(file("refs/heads/a")));
  EXPECT_EQ(listed(), listed_by_git());
}

TEST_F(RefsTest, TagsArePeeledForGit) {
  Oid tag = must(repository_.write_tag({one_, ObjectKind::kCommit, "release/a/1", jane(), "release"}));
  must(update({{"refs/tags/release/a/1", tag, Oid()}, {"refs/heads/main", one_, Oid()}}));
  EXPECT_THAT(must(read_file(file("packed-refs"))), HasSubstr("^" + one_.hex()));
  EXPECT_THAT(git(repository_.path(), {"ls-remote", "."}), HasSubstr(one_.hex() + "\trefs/tags/release/a/1^{}"));
  EXPECT_EQ(git(repository_.path(), {"rev-parse", "release/a/1^{}"}), one_.hex());
  EXPECT_EQ(must(repository_.peel_commit(tag)), one_);
  expect_sound(repository_.path());
}

TEST_F(RefsTest, ThousandTagsAreOneFile) {
  std::vector<RefUpdate> updates;
  for (int i = 0; i < 1000; ++i) updates.push_back({"refs/tags/release/p/" + std::to_string(i), one_, Oid()});
  must(update(updates));
  EXPECT_EQ(must(list_refs(repository_, "refs/tags/")).size(), 1000u);
  EXPECT_EQ(listed(), listed_by_git());
  EXPECT_EQ(run({"find", repository_.path() + "/refs", "-type", "f"}).out, "");
}

TEST_F(RefsTest, WhoKeepsAJournalMovesBranchesWithoutWritingAllTagsAnew) {
  std::vector<RefUpdate> tags;
  for (int i = 0; i < 300; ++i)
    tags.push_back({"refs/tags/release/local/shop/web" + std::to_string(i) + "/1", one_, Oid()});
  must(update(tags));  // more than are kept open
  EXPECT_EQ(must(list_refs(repository_, "refs/tags/")).size(), 300u);
  EXPECT_FALSE(exists(file("refs/tags/release"))) << "no folders for whoever lists refs";
  std::string before = must(read_file(file("packed-refs")));
  std::vector<RefUpdate> moves = {{"refs/heads/deploy", one_, Oid()}, {"refs/heads/ledger/deploy", one_, Oid()}};
  must(update_refs(ctx_, repository_, moves, Millis(10'000), CutLeaves::kSome));
  EXPECT_EQ(must(read_file(file("packed-refs"))), before);
  Result<void> wrong =
      update_refs(ctx_, repository_, {{"refs/heads/deploy", two_, one_}, {"refs/heads/ledger/deploy", two_, two_}},
                  Millis(10'000), CutLeaves::kSome);
  EXPECT_EQ(wrong.error().code(), Code::kConflict);
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/deploy")), one_) << "still none where one may not";
  git(repository_.path(), {"pack-refs", "--all"});
  must(update_refs(ctx_, repository_, {{"refs/heads/deploy", two_, one_}, {"refs/heads/ledger/deploy", two_, one_}},
                   Millis(10'000), CutLeaves::kSome));
  must(update_refs(ctx_, repository_, {{"refs/heads/deploy", Oid(), two_}, {"refs/heads/ledger/deploy", three_, two_}},
                   Millis(10'000), CutLeaves::kSome));
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/ledger/deploy")), three_);
  EXPECT_EQ(listed(), listed_by_git());
  expect_sound(repository_.path());
}

TEST_F(RefsTest, Deletes) {
  must(update({{"refs/heads/a", one_, {}}, {"refs/heads/b", one_, {}}}));
  git(repository_.path(), {"update-ref", "refs/heads/a", two_.hex()});
  EXPECT_FALSE(update({{"refs/heads/a", Oid(), one_}}));
  must(update({{"refs/heads/a", Oid(), two_}}));
  EXPECT_EQ(listed(), "refs/heads/b " + one_.hex() + "\n");
  EXPECT_EQ(listed(), listed_by_git());
  must(update({{"refs/heads/gone", Oid(), Oid()}}));
}

TEST_F(RefsTest, NamesAreChecked) {
  for (const char* bad : {"main", "HEAD", "refs/heads/a..b", "refs/heads/a b", "refs/heads/.a", "refs/heads/a.lock",
                          "refs/heads/", "refs/../x", "refs/heads/a\n", "refs/heads/@{"}) {
    EXPECT_FALSE(update({{bad, one_, {}}})) << bad;
    EXPECT_FALSE(is_ref_name(bad)) << bad;
  }
  EXPECT_FALSE(update({{"refs/heads/a", one_, {}}, {"refs/heads/a", two_, {}}}));
  // Nothing names an object that isn't there.
  EXPECT_FALSE(update({{"refs/heads/a", Oid::from_bytes("aaaaaaaaaaaaaaaaaaaa"), {}}}));
  EXPECT_EQ(listed(), "");
}

TEST_F(RefsTest, ANameCannotBeAFolderOfAnother) {
  must(update({{"refs/heads/a", one_, {}}}));
  EXPECT_EQ(update({{"refs/heads/a/b", one_, {}}}).error().code(), Code::kConflict);
  must(update({{"refs/heads/p/q", one_, {}}, {"refs/heads/r", one_, {}}}));
  EXPECT_EQ(update({{"refs/heads/p", one_, {}}}).error().code(), Code::kConflict);
  EXPECT_EQ(update({{"refs/heads/r/s", one_, {}}}).error().code(), Code::kConflict);
  EXPECT_EQ(update({{"refs/heads/x", one_, {}}, {"refs/heads/x/y", one_, {}}}).error().code(), Code::kConflict);
  // Empty folders that git left are no obstacle.
  must(make_folders(file("refs/heads/left/behind")));
  must(update({{"refs/heads/left", one_, {}}}));
  EXPECT_EQ(listed(), listed_by_git());
}

TEST_F(RefsTest, TheLockOfADeadProcessIsRemovedALiveOneIsWaitedFor) {
  must(write_file(file("refs/heads/main.lock"), ""));
  must(update_refs(ctx_, repository_, {{"refs/heads/main", one_, Oid()}}, Millis(20)));
  EXPECT_EQ(must(read_ref(repository_, "refs/heads/main")), one_);
  must(write_file(file("packed-refs.lock"), ""));
  FILE* held = std::fopen(file("packed-refs.lock").c_str(), "r");
  Result<void> waited = update_refs(Ctx{}.within(Millis(150)), repository_,
                                    {{"refs/heads/a", one_, {}}, {"refs/heads/b", one_, {}}}, Millis(20));
  std::fclose(held);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code(), Code::kUnavailable);
  EXPECT_TRUE(waited.error().retryable());
  EXPECT_FALSE(exists(file("refs/heads/a.lock")));
  EXPECT_EQ(remove_stale_locks(repository_.path()).size(), 1u);
  must(update({{"refs/heads/a", one_, {}}, {"refs/heads/b", one_, {}}}));
}

TEST_F(RefsTest, CompetingWritersLoseNothing) {
  must(update({{"refs/heads/count", one_, Oid()}, {"refs/heads/other", one_, Oid()}}));
  constexpr int kEach = 20;
  auto work = [&](int who) {
    Repository mine = must(Repository::open(repository_.path()));
    for (int done = 0; done < kEach;) {
      Oid old = must(read_ref(mine, "refs/heads/count"));
      Oid next = must(
          mine.write_commit({empty_tree(), {old}, jane(), jane(), std::to_string(who) + " " + std::to_string(done)}));
      Result<void> moved = update_refs(ctx_, mine, {{"refs/heads/count", next, old}, {"refs/heads/other", next, {}}});
      if (moved) ++done;
      else if (moved.error().code() != Code::kConflict) throw std::runtime_error(moved.error().line());
    }
  };
  std::thread first(work, 1), second(work, 2);
  for (int i = 0; i < 5; ++i) run({"git", "-C", repository_.path(), "pack-refs", "--all", "--prune"});
  first.join();
  second.join();
  EXPECT_EQ(git(repository_.path(), {"rev-list", "--count", "refs/heads/count"}), std::to_string(2 * kEach + 1));
  expect_sound(repository_.path());
}

}  // namespace
}  // namespace autonomous::git
