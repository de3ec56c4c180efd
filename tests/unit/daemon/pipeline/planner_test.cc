#include "daemon/pipeline/planner.h"

#include <gtest/gtest.h>

#include "daemon/pipeline/draft.h"
#include "daemon/pipeline/gates.h"
#include "gitops/base/file.h"
#include "gitops/git/refs.h"

namespace autonomous::daemon {
namespace {

constexpr const char* kTwoApps =
    "version: 1\nproject: shop\napps:\n"
    "  web: {image: registry.example.com/web:1, port: 8080, paths: [web]}\n"
    "  api: {image: registry.example.com/api:1, port: 8080, paths: [api]}\n";

class PlannerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempFolder::make();
    ASSERT_TRUE(folder);
    folder_ = std::make_unique<TempFolder>(std::move(*folder));
    auto made = git::Repository::init_bare(folder_->path() + "/shop.git");
    ASSERT_TRUE(made) << made.error().text();
    repository_ = std::make_unique<git::Repository>(std::move(*made));
    input_.source = {"shop", "http://git.example.com/shop.git", "", folder_->path() + "/shop.git", "", ""};
    input_.branch = input_.default_branch = "main";
    set_platform(std::string(model::kDefaultPlatform));
    input_.state = std::make_shared<store::State>();
  }

  void set_platform(const std::string& text) {
    auto view = std::make_shared<PlatformView>();
    auto parsed = model::parse_platform(text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    view->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
    input_.view = view;
  }

  git::Oid commit(const std::map<std::string, std::string>& files) {
    git::Oid tree = git::Oid::zero();
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : files) updates.push_back({path, *repository_->write_blob(content)});
    tree = *repository_->update_tree(tree, updates);
    std::vector<git::Oid> parents;
    if (!last_.is_zero()) parents.push_back(last_);
    git::Person jane{"Jane Doe", "jane@example.com", 1'700'000'000 + ++count_, 0};
    last_ = *repository_->write_commit({tree, parents, jane, jane, "Change number " + std::to_string(count_) + "\n"});
    EXPECT_TRUE(repository_->flush());
    return last_;
  }

  Plan plan_at(const git::Oid& oid) {
    input_.commit = oid;
    return plan(*repository_, input_);
  }

  // The ledger says that the target was released from `source`.
  void released(const model::Target& target, const git::Oid& source) {
    auto state = std::make_shared<store::State>(*input_.state);
    auto record = std::make_shared<store::TargetState>();
    record->target = target;
    record->last_number = 1;
    auto row = std::make_shared<store::ReleaseRow>();
    row->number = 1;
    row->source_commit = source.hex();
    record->releases.push_back(row);
    state->targets[target] = record;
    input_.state = state;
  }

  std::vector<std::string> wanted(const Plan& plan) {
    std::vector<std::string> out;
    for (const WishPtr& wish : plan.wishes) out.push_back(wish->target.str());
    return out;
  }

  std::unique_ptr<TempFolder> folder_;
  std::unique_ptr<git::Repository> repository_;
  PlanInput input_;
  git::Oid last_;
  int count_ = 0;
};

using Names = std::vector<std::string>;

TEST_F(PlannerTest, TheFirstCommitIsAboutEveryApp) {
  Plan plan = plan_at(commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}, {"api/a", "1"}}));
  EXPECT_TRUE(plan.errors.empty());
  EXPECT_EQ(wanted(plan), (Names{"local/shop/api", "local/shop/web"}));
  EXPECT_EQ(plan.wishes[0]->source->subject, "Change number 1");
  EXPECT_EQ(plan.wishes[0]->by.how, "commit, unverified");
}

TEST_F(PlannerTest, PathsDecideWhichAppsACommitTouches) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}, {"api/a", "1"}});
  released({"local", "shop", "web"}, first);
  released({"local", "shop", "api"}, first);
  Plan plan = plan_at(commit({{"autonomous.yaml", kTwoApps}, {"web/a", "2"}, {"api/a", "1"}}));
  EXPECT_EQ(wanted(plan), Names{"local/shop/web"});
  ASSERT_EQ(plan.skipped.size(), 1u);
  EXPECT_EQ(plan.skipped[0].gate, "paths");
}

TEST_F(PlannerTest, WhatIsReleasedAlreadyIsNoNews) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}});
  released({"local", "shop", "web"}, first);
  Plan plan = plan_at(first);
  EXPECT_EQ(wanted(plan), Names{"local/shop/api"});
}

TEST_F(PlannerTest, ABaseThatIsGoneMeansThatEverythingMayHaveChanged) {
  released({"local", "shop", "web"}, *git::Oid::parse(std::string(40, 'a')));
  Plan plan = plan_at(commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}}));
  EXPECT_EQ(wanted(plan), (Names{"local/shop/api", "local/shop/web"}));
}

TEST_F(PlannerTest, AnAppThatVanishesIsNamedNotDropped) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}});
  released({"local", "shop", "web"}, first);
  released({"local", "shop", "api"}, first);
  Plan plan =
      plan_at(commit({{"autonomous.yaml",
                       "version: 1\nproject: shop\napps:\n  web: {image: registry.example.com/web:1, port: 8080}\n"},
                      {"web/a", "1"}}));
  ASSERT_EQ(plan.vanished.size(), 1u);
  EXPECT_EQ(plan.vanished[0].str(), "local/shop/api");
}

TEST_F(PlannerTest, AFifthThatVanishesAtOnceNeedsAPerson) {
  auto spec = [](const std::vector<std::string>& apps) {
    std::string text = "version: 1\nproject: shop\napps:\n";
    for (const std::string& app : apps) text += "  " + app + ": {image: \"registry.example.com/a:1\", port: 8080}\n";
    return text;
  };
  const std::vector<std::string> all = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  git::Oid first = commit({{"autonomous.yaml", spec(all)}});
  for (const std::string& app : all) released({"local", "shop", app}, first);
  Plan one = plan_at(commit({{"autonomous.yaml", spec({"a", "b", "c", "d", "e", "f", "g", "h", "i"})}}));
  EXPECT_EQ(one.vanished.size(), 1u) << "one app may go";
  EXPECT_TRUE(one.doubts.empty());
  Plan two = plan_at(commit({{"autonomous.yaml", spec({"a", "b", "c", "d", "e", "f", "g", "h", "new"})}}));
  EXPECT_TRUE(two.vanished.empty()) << "nothing is orphaned";
  ASSERT_TRUE(two.doubts.contains("local"));
  const Doubt& doubt = *two.doubts.at("local");
  EXPECT_EQ(doubt.apps, 10u);
  EXPECT_NE(doubt.text.find("2 of 10 apps are gone from the spec"), std::string::npos) << doubt.text;
  EXPECT_NE(doubt.text.find("autonomous deploy shop -e local --commit " + last_.hex().substr(0, 7) + " --vanished"),
            std::string::npos);
  ASSERT_FALSE(two.wishes.empty());
  for (const WishPtr& wish : two.wishes) EXPECT_EQ(blocked_by(*wish, *input_.state, Time{}).gate, "vanished");
  // Once they are orphaned, the rest goes.
  auto state = std::make_shared<store::State>(*input_.state);
  for (const model::Target& target : doubt.vanished) {
    auto orphaned = std::make_shared<store::TargetState>(*state->targets[target]);
    orphaned->orphaned = store::Orphaned{Time{}, "said"};
    state->targets[target] = orphaned;
  }
  EXPECT_FALSE(blocked_by(*two.wishes[0], *state, Time{}));
  input_.state = state;
  EXPECT_TRUE(plan_at(last_).doubts.empty()) << "what was said is not asked again";
}

TEST_F(PlannerTest, ARenamedAppDoesNotVanish) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}});
  released({"local", "shop", "web"}, first);
  released({"local", "shop", "api"}, first);
  const std::string renamed =
      "version: 1\nproject: shop\napps:\n"
      "  site: {image: registry.example.com/web:1, port: 8080, renamed-from: web}\n"
      "  api: {image: registry.example.com/api:1, port: 8080}\n";
  Plan plan = plan_at(commit({{"autonomous.yaml", renamed}}));
  EXPECT_TRUE(plan.errors.empty());
  EXPECT_TRUE(plan.vanished.empty());
  EXPECT_EQ(wanted(plan), (Names{"local/shop/api", "local/shop/site"}));
}

TEST_F(PlannerTest, AnAppThatIsStillThereCannotBeTheOldNameOfAnother) {
  Plan plan = plan_at(commit({{"autonomous.yaml",
                               "version: 1\nproject: shop\napps:\n"
                               "  web: {image: registry.example.com/web:1, port: 8080}\n"
                               "  site: {image: registry.example.com/web:1, port: 8080, renamed-from: web}\n"}}));
  ASSERT_EQ(plan.errors.size(), 1u);
  EXPECT_NE(plan.errors[0].text().find("the app 'web' is still here"), std::string::npos) << plan.errors[0].text();
  EXPECT_EQ(plan.errors[0].place()->line, 5u);
}

TEST_F(PlannerTest, AnAppOfABrokenSpecDoesNotVanish) {
  released({"local", "shop", "api"}, commit({{"autonomous.yaml", kTwoApps}}));
  Plan plan = plan_at(commit({{"autonomous.yaml", "version: 1\napps: {web: {imag: x}}\n"}}));
  EXPECT_FALSE(plan.errors.empty());
  EXPECT_TRUE(plan.vanished.empty());
  EXPECT_TRUE(plan.wishes.empty());
}

TEST_F(PlannerTest, EveryErrorCarriesItsPlace) {
  Plan plan = plan_at(
      commit({{"autonomous.yaml", "version: 1\nproject: shop\napps:\n  web:\n    imag: nginx\n    prot: 80\n"}}));
  ASSERT_GE(plan.errors.size(), 2u);
  ASSERT_NE(plan.errors[0].place(), nullptr);
  EXPECT_EQ(plan.errors[0].place()->file, "autonomous.yaml");
  EXPECT_EQ(plan.errors[0].place()->line, 5u);
}

TEST_F(PlannerTest, ABranchThatFeedsNothingReleasesNothing) {
  input_.branch = "feature";
  Plan plan = plan_at(commit({{"autonomous.yaml", kTwoApps}}));
  EXPECT_TRUE(plan.environments.empty());
  EXPECT_TRUE(plan.wishes.empty());
  EXPECT_TRUE(plan.errors.empty());
}

TEST_F(PlannerTest, AMonorepoFolderIsAProjectOfItsOwn) {
  input_.source.folder = "shops/first";
  git::Oid first =
      commit({{"shops/first/autonomous.yaml", kTwoApps}, {"shops/first/web/a", "1"}, {"other/web/a", "1"}});
  released({"local", "shop", "web"}, first);
  released({"local", "shop", "api"}, first);
  EXPECT_TRUE(
      plan_at(commit({{"shops/first/autonomous.yaml", kTwoApps}, {"shops/first/web/a", "1"}, {"other/web/a", "2"}}))
          .wishes.empty());
  EXPECT_EQ(wanted(plan_at(commit({{"shops/first/autonomous.yaml", kTwoApps}, {"shops/first/web/a", "2"}}))),
            Names{"local/shop/web"});
}

TEST_F(PlannerTest, ANakedDockerfileSaysWhatIsMissing) {
  Plan plan = plan_at(commit({{"Dockerfile", "FROM scratch\nEXPOSE 8080\n"}}));
  EXPECT_TRUE(plan.wishes.empty());
  ASSERT_EQ(plan.errors.size(), 1u);
  EXPECT_NE(plan.errors[0].text().find("autonomous init"), std::string::npos);
}

TEST_F(PlannerTest, WhatMainSaysOtherwiseIsWantedAgain) {
  git::Oid head = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}, {"api/a", "1"}});
  released({"local", "shop", "web"}, head);
  released({"local", "shop", "api"}, head);
  EXPECT_TRUE(plan_at(head).wishes.empty());
  input_.configured_otherwise = [](const model::Target& target) { return target.app == "web"; };
  Plan plan = plan_at(head);
  ASSERT_EQ(plan.wishes.size(), 1u);
  EXPECT_EQ(plan.wishes[0]->target.app, "web");
  EXPECT_EQ(plan.wishes[0]->trigger, model::Trigger::kConfiguration);
}

TEST_F(PlannerTest, WhoChangedMainIsWhoWantsIt) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}});
  released({"local", "shop", "web"}, first);
  input_.configuration = true;
  input_.configured_by = [&](const model::Target& target, const Neighbours&) {
    EXPECT_EQ(target.project, "shop");
    return std::vector<ConfigChange>{{"config/local/shop/web.yaml", first, {"Olaf", "olaf@example.com", 1, 0}, "More"}};
  };
  Plan plan = plan_at(first);
  ASSERT_EQ(wanted(plan), (Names{"local/shop/api", "local/shop/web"}));
  const Wish& wish = *plan.wishes[1];
  EXPECT_EQ(wish.trigger, model::Trigger::kConfiguration);
  EXPECT_EQ(wish.by.str(), "Olaf <olaf@example.com> (commit, unverified)");
  EXPECT_EQ(wish.because, "More");
  store::Draft draft = draft_of(wish, nullptr);
  EXPECT_EQ(draft.author.name, "Olaf");
  EXPECT_EQ(draft.source_author, "Jane Doe <jane@example.com>") << "she is still the author of what runs";
}

TEST_F(PlannerTest, APushThatMainOvertookIsStillThePushersOwn) {
  git::Oid first = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}});
  released({"local", "shop", "web"}, first);
  git::Oid second = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "2"}});
  input_.configuration = true;
  Plan plan = plan_at(second);
  ASSERT_EQ(wanted(plan), (Names{"local/shop/api", "local/shop/web"}));
  EXPECT_EQ(plan.wishes[1]->trigger, model::Trigger::kPush);
  EXPECT_EQ(draft_of(*plan.wishes[1], nullptr).author.name, "Jane Doe");
}

TEST_F(PlannerTest, WhatWasLetGoOfAndComesBackIsTakenOnAgain) {
  git::Oid head = commit({{"autonomous.yaml", kTwoApps}, {"web/a", "1"}, {"api/a", "1"}});
  released({"local", "shop", "web"}, head);
  released({"local", "shop", "api"}, head);
  auto state = std::make_shared<store::State>(*input_.state);
  auto gone = std::make_shared<store::TargetState>(*state->targets[{"local", "shop", "web"}]);
  gone->application_commit = std::string(40, 'a');  // that took it away
  state->targets[{"local", "shop", "web"}] = gone;
  input_.state = state;
  EXPECT_TRUE(plan_at(head).wishes.empty()) << "nothing reconciles here";
  set_platform(
      "version: 1\ninstances: {argocd: {kind: argocd, url: \"https://argocd.example.com\"}}\n"
      "environments: {local: {from: branch main, instances: [argocd]}}\n");
  EXPECT_EQ(wanted(plan_at(head)), Names{"local/shop/web"});
}

TEST_F(PlannerTest, AWishKnowsTheAppsThatItsConfigurationNames) {
  const std::string spec =
      "version: 1\nproject: shop\napps:\n"
      "  web: {image: registry.example.com/web:1, port: 8080, env: {API: {from: api.url}}, needs: [db]}\n"
      "  api: {image: registry.example.com/api:1, port: 9000}\n"
      "  db: {type: postgres, version: \"16\", size: 1Gi}\n"
      "environments:\n  local: {apps: {api: {port: 9001}}}\n";
  Plan plan = plan_at(commit({{"autonomous.yaml", spec}}));
  ASSERT_TRUE(plan.errors.empty()) << plan.errors.front().text();
  ASSERT_EQ(plan.wishes.size(), 3u);
  const Neighbours& web = plan.wishes[2]->neighbours;
  ASSERT_EQ(web.size(), 2u);
  EXPECT_EQ(web.at("api")->ports.at(0).number, 9001) << "as it is in this environment";
  EXPECT_EQ(web.at("db")->type, model::AppType::kPostgres);
  EXPECT_TRUE(plan.wishes[0]->neighbours.empty());
}

TEST_F(PlannerTest, UnderAStrictNetworkAWishKnowsWhoCalls) {
  const std::string spec =
      "version: 1\nproject: shop\napps:\n"
      "  api: {image: registry.example.com/api:1, port: 9000}\n"
      "  lonely: {image: registry.example.com/l:1, port: 80}\n"
      "  web: {image: registry.example.com/web:1, port: 8080, env: {API: {from: api.url}}}\n";
  auto view = std::make_shared<PlatformView>(*input_.view);
  auto platform = std::make_shared<model::Platform>(*view->platform);
  for (auto& [name, environment] : platform->environments) environment.policies.strict_network = true;
  view->platform = platform;
  input_.view = view;
  Plan plan = plan_at(commit({{"autonomous.yaml", spec}}));
  ASSERT_EQ(plan.wishes.size(), 3u);
  EXPECT_TRUE(plan.wishes[0]->neighbours.contains("web"));
  EXPECT_TRUE(plan.wishes[1]->neighbours.empty());
  EXPECT_TRUE(plan.wishes[2]->neighbours.contains("api"));
}

TEST_F(PlannerTest, AProjectHasNoMoreAppsThanTheLimit) {
  input_.max_apps = 1;
  Plan plan = plan_at(commit({{"autonomous.yaml", kTwoApps}}));
  ASSERT_EQ(plan.errors.size(), 1u);
  EXPECT_EQ(plan.errors[0].code(), Code::kLimit);
  EXPECT_TRUE(plan.wishes.empty());
}

}  // namespace
}  // namespace autonomous::daemon
