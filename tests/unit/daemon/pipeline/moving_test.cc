#include "daemon/pipeline/moving.h"

#include <gtest/gtest.h>

#include "daemon/pipeline/gates.h"

namespace autonomous::daemon {
namespace {

const model::Target kOld{"local", "shop", "web"};
const model::Target kNew{"local", "shop", "site"};
const model::Target kFar{"local", "blog", "site"};

class MovingTest : public testing::Test {
 protected:
  void SetUp() override {
    auto& old = put(kOld);
    old.last_number = 7;
    auto row = std::make_shared<store::ReleaseRow>();
    row->number = 7;
    old.releases.push_back(row);
    app_.name = "site";
    app_.renamed_from = "web";
  }
  store::TargetState& put(const model::Target& target) {
    auto record = std::make_shared<store::TargetState>();
    record->target = target;
    state_.targets[target] = record;
    return *record;
  }
  store::TargetState& change(const model::Target& target) {
    auto copy = std::make_shared<store::TargetState>(*state_.find(target));
    state_.targets[target] = copy;
    return *copy;
  }
  std::optional<Moving> move_to(const model::Target& target, bool consent = false) {
    return moving(state_, target, app_, consent, Time{Millis{1000}});
  }

  store::State state_;
  model::App app_;
};

TEST_F(MovingTest, TheLastReleaseIsWhatItGoesOnAfter) {
  auto move = move_to(kNew);
  ASSERT_TRUE(move);
  EXPECT_EQ(move->moved.from.str(), "local/shop/web/7");
  EXPECT_EQ(move->moved.names, kOld);
  EXPECT_EQ(move->waits, "");
  EXPECT_EQ(names_of(state_, kNew, &app_), kOld);
  EXPECT_EQ(names_of(state_, kNew, nullptr), kNew) << "before it moved";
}

TEST_F(MovingTest, WithoutAnythingThatRunsItIsANewApp) {
  app_.renamed_from = "nothing";
  EXPECT_FALSE(move_to(kNew));
  app_.renamed_from = "";
  EXPECT_FALSE(move_to(kNew));
  app_.renamed_from = "web";
  auto retired = std::make_shared<store::ReleaseRow>();
  retired->number = 8;
  retired->trigger = model::Trigger::kRetire;
  change(kOld).releases.push_back(retired);
  EXPECT_FALSE(move_to(kNew));
}

TEST_F(MovingTest, ItMovesOnce) {
  auto& site = put(kNew);
  site.moved = store::Moved{{kOld, 7}, kOld, {}};
  change(kOld).moved_away = store::MovedAway{kNew, {}};
  EXPECT_FALSE(move_to(kNew)) << "its release was refused, and is tried again";
  EXPECT_EQ(names_of(state_, kNew, &app_), kOld);
  auto row = std::make_shared<store::ReleaseRow>();
  row->number = 8;
  change(kNew).releases.push_back(row);
  change(kNew).last_number = 8;
  EXPECT_FALSE(move_to(kNew));
  // Another one cannot have the same objects, and the old name is taken by them.
  EXPECT_NE(move_to({"local", "shop", "third"})->waits.find("became local/shop/site"), std::string::npos);
  EXPECT_NE(gone_elsewhere(*state_.find(kOld)).find("choose another name"), std::string::npos);
  // Back again: the names are its own.
  app_.renamed_from = "site";
  auto back = move_to(kOld);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->moved.from.str(), "local/shop/site/8");
  EXPECT_EQ(back->moved.names, kOld);
}

TEST_F(MovingTest, AHoldHoldsItsObjectsToo) {
  store::Hold hold;
  hold.by.name = "Jane";
  change(kOld).hold = hold;
  EXPECT_NE(move_to(kNew)->waits.find("is held by Jane"), std::string::npos);
}

TEST_F(MovingTest, AnotherProjectsAppIsTakenOverByConsentOnly) {
  app_.renamed_from = "shop/web";
  EXPECT_NE(move_to(kFar)->waits.find("gone from the spec of shop"), std::string::npos);
  change(kOld).orphaned = store::Orphaned{{}, "gone"};
  EXPECT_NE(move_to(kFar)->waits.find("autonomous deploy local/blog/site --move"), std::string::npos);
  EXPECT_EQ(move_to(kFar, true)->waits, "");
}

TEST_F(MovingTest, TheGatesSaySo) {
  Wish wish;
  wish.target = kNew;
  auto view = std::make_shared<PlatformView>();
  view->platform =
      std::shared_ptr<const model::Platform>(model::parse_platform(model::kDefaultPlatform).value.release());
  wish.view = view;
  wish.app = std::make_shared<model::App>(app_);
  EXPECT_FALSE(blocked_by(wish, state_, Time{}));
  store::Hold hold;
  change(kOld).hold = hold;
  EXPECT_EQ(blocked_by(wish, state_, Time{}).gate, "move");
  change(kOld).hold.reset();
  change(kOld).moved_away = store::MovedAway{kNew, {}};
  wish.target = kOld;
  wish.app = nullptr;  // a rollback
  Blocked gone = blocked_by(wish, state_, Time{});
  EXPECT_EQ(gone.gate, "gone");
  EXPECT_FALSE(never_goes(wish, gone)) << "waiting would not help";
}

TEST_F(MovingTest, NamedIsTheSameAppUnderAnotherName) {
  auto app = std::make_shared<const model::App>(app_);
  EXPECT_EQ(named(app, {"local", app_.project, "site"}), app);
  auto other = named(app, {"local", "old", "web"});
  EXPECT_EQ(other->name, "web");
  EXPECT_EQ(other->project, "old");
  EXPECT_EQ(other->known_as, "site");
}

}  // namespace
}  // namespace autonomous::daemon
