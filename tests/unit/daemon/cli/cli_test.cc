// The commands against a real server with a pipeline that only remembers.
#include "daemon/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "daemon/cli/command.h"
#include "daemon/cli/progress.h"
#include "daemon/http/server.h"
#include "daemon/pipeline/daemon.h"
#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "tests/unit/daemon/http/fake_api.h"

namespace autonomous::daemon {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Said {
  int status = -1;
  std::string out, err;
};

class CliTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.socket = folder.path() + "/autonomous.sock";
    options.hosting = HostingOptions{folder.path() + "/repos", folder.path() + "/hooks", "/bin/true", ""};
    Result<std::unique_ptr<Server>> started = Server::start(std::move(options), api);
    ASSERT_TRUE(started) << started.error().text();
    server = *std::move(started);
    variables = {{"STATE_DIRECTORY", folder.path()}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", folder.path()}};
    api.rows = {row("local/shop/web", TargetState::kLive, ""),
                row("staging/shop/web", TargetState::kHeld, "held by Jane: incident"),
                row("local/shop/worker", TargetState::kFailed, "ImagePullBackOff\x1b[31m"),
                row("local/blog/site", TargetState::kReleasing, "")};
  }
  static TargetRow row(const std::string& target, TargetState state, const std::string& why) {
    return TargetRow{.target = target,
                     .state = state,
                     .release = 7,
                     .why = why,
                     .source_commit = std::string(40, 'a'),
                     .subject = "Fix the cart",
                     .since = Time{Millis{1'000'000}}};
  }
  Said run(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(answers);
    Surroundings around{out, err, in};
    around.out_terminal = terminal;
    around.in_terminal = terminal;
    around.folder = folder.path();
    around.variable = [this](const std::string& name) { return variables.contains(name) ? variables[name] : ""; };
    FakeClock clock(Time{Millis{1'000'000 + 180'000}});
    around.stop = stop.get_token();
    around.run_daemon = [this](const DaemonOptions& options) {
      daemon = options;
      return 0;
    };
    Surroundings with_clock{out,
                            err,
                            in,
                            around.out_terminal,
                            around.in_terminal,
                            0,
                            around.folder,
                            around.variable,
                            clock,
                            around.stop,
                            around.run_daemon};
    int status = run_cli(arguments, with_clock);
    return Said{status, out.str(), err.str()};
  }

  TempFolder folder = *TempFolder::make();
  FakeApi api;
  std::unique_ptr<Server> server;
  std::map<std::string, std::string> variables;
  std::string answers;
  bool terminal = false;
  std::stop_source stop;
  DaemonOptions daemon;
};

TEST_F(CliTest, StatusIsOneScreen) {
  Said said = run({"status"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out,
            "TARGET             STATE        RELEASE  COMMIT                AGE  WHY\n"
            "local/shop/web     ✓ live       7        aaaaaaa Fix the cart  3m\n"
            "staging/shop/web   ‖ held       7        aaaaaaa Fix the cart  3m   held by Jane: incident\n"
            "local/shop/worker  ✗ failed     7        aaaaaaa Fix the cart  3m   ImagePullBackOff [31m\n"
            "local/blog/site    … releasing  7        aaaaaaa Fix the cart  3m\n");
}

TEST_F(CliTest, ColoursComeOnlyWhereTheyAreWanted) {
  terminal = true;
  EXPECT_THAT(run({"status"}).out, HasSubstr("\x1b[32m✓ live"));
  variables["NO_COLOR"] = "1";
  EXPECT_THAT(run({"status"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(CliTest, TargetsMayBeShort) {
  EXPECT_THAT(run({"status", "worker"}).out, Not(HasSubstr("shop/web")));
  EXPECT_EQ(run({"config", "site"}).status, 0);
  EXPECT_THAT(run({"config", "web", "-e", "staging"}).out, HasSubstr("staging/shop/web"));
  EXPECT_THAT(run({"config", "staging/shop/web"}).out, HasSubstr("env.A  1.10  autonomous.yaml:3"));
  Said several = run({"config", "web"});
  EXPECT_EQ(several.status, 2);
  EXPECT_THAT(several.err, HasSubstr("'web' is several targets local/shop/web, staging/shop/web"));
  Said none = run({"config", "wrker"});
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.err, HasSubstr("did you mean worker?"));
}

TEST_F(CliTest, TheFolderTellsTheProject) {
  api.rows.push_back(row("local/blog/web", TargetState::kLive, ""));
  ASSERT_TRUE(write_file(folder.path() + "/autonomous.yaml", "version: 1\nproject: blog\napps: {web: {image: x}}\n"));
  EXPECT_THAT(run({"config", "web"}).out, HasSubstr("local/blog/web"));
  EXPECT_EQ(run({"deploy", "--no-wait"}).status, 0);
  ASSERT_FALSE(api.asked.empty());
  EXPECT_EQ(api.asked.back().first, "deploy blog/ ");
}

TEST_F(CliTest, ActionsAreFollowedToTheirEnd) {
  Said said = run({"rollback", "worker", "--to", "3", "--because", "errors", "--ticket", "CHG1"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out,
            "rollback local/shop/worker to 3\n"
            "  local/shop/web  release 4  soon\n"
            "local/shop/web  commit   release 4\n"
            "✓ local/shop/web  release 4  live\n");
  ASSERT_EQ(api.asked.size(), 1U);
  EXPECT_EQ(api.asked[0].second.because, "errors");
  EXPECT_EQ(api.asked[0].second.ticket, "CHG1");
  EXPECT_EQ(api.asked[0].second.who.how, "socket uid " + std::to_string(::getuid()));
}

TEST_F(CliTest, ActionsAsJsonPrintOneObject) {
  Said said = run({"retry", "worker", "-o", "json"});
  json body = json::parse(said.out);
  EXPECT_EQ(body["outcomes"][0]["verdict"], "done");
  EXPECT_EQ(body["accepted"]["summary"], "retry local/shop/worker");
  EXPECT_THAT(said.err, HasSubstr("release 4"));
}

TEST_F(CliTest, DryRunsAndNoWaitReturnAtOnce) {
  EXPECT_THAT(run({"retry", "worker", "--dry-run"}).out, HasSubstr("dry run: retry local/shop/worker"));
  EXPECT_TRUE(api.asked.back().second.dry_run);
  Said said = run({"retry", "worker", "--no-wait"});
  EXPECT_EQ(said.out, "retry local/shop/worker\n  local/shop/web  release 4  soon\n");
}

TEST_F(CliTest, RetiringAsksFirst) {
  EXPECT_EQ(run({"retire", "worker"}).status, 2) << "nobody can be asked";
  terminal = true;
  answers = "n\n";
  EXPECT_EQ(run({"retire", "worker"}).status, 1);
  EXPECT_TRUE(api.asked.empty());
  answers = "y\n";
  EXPECT_EQ(run({"retire", "worker"}).status, 0);
  EXPECT_EQ(api.asked.size(), 1U);
}

TEST_F(CliTest, LettingGoStopsNothingAndAsksNothing) {
  EXPECT_EQ(run({"retire", "worker", "--keep-running"}).status, 0);
  ASSERT_EQ(api.asked.size(), 1U);
  EXPECT_EQ(api.asked.back().first, "let go of local/shop/worker");
}

TEST_F(CliTest, EjectingNeedsAnEmptyFolder) {
  EXPECT_THAT(run({"eject", "web"}).err, HasSubstr("where to? --to FOLDER"));
  Said as = run({"eject", "web", "--to", "out", "--as", "zip"});
  EXPECT_EQ(as.status, 2);
  EXPECT_THAT(as.err, HasSubstr("--as takes manifests or chart, not 'zip'"));
  ASSERT_TRUE(make_folders(folder.path() + "/work"));
  ASSERT_TRUE(write_file(folder.path() + "/work/mine.txt", "mine"));
  Said full = run({"eject", "web", "--to", "work"});
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("is not empty (mine.txt)"));
}

TEST_F(CliTest, HoldsTakeADuration) {
  EXPECT_EQ(run({"hold", "worker", "--until", "1h"}).status, 0);
  EXPECT_EQ(api.asked[0].first, "hold local/shop/worker until 1970-01-01T01:19:40Z");
  EXPECT_EQ(run({"hold", "worker", "--until", "soon"}).status, 2);
}

TEST_F(CliTest, CtrlCDetaches) {
  api.on_push = nullptr;
  stop.request_stop();
  Said said = run({"retry", "worker"});
  EXPECT_EQ(said.status, 6);
}

TEST_F(CliTest, ExitStatusesSayWhatKindOfFailure) {
  api.failure = fail(Code::kDenied, "not allowed for you");
  EXPECT_EQ(run({"retry", "worker"}).status, 4);
  api.failure = fail(Code::kNotFound, "no such release");
  EXPECT_EQ(run({"show", "worker/9"}).status, 3);
  api.failure = fail(Code::kConflict, "already held");
  EXPECT_EQ(run({"hold", "worker"}).status, 1);
  Said away = run({"status", "--server", "unix:" + folder.path() + "/nobody"});
  EXPECT_EQ(away.status, 5);
  EXPECT_THAT(away.err, HasSubstr("start one with `autonomous daemon`"));
  EXPECT_EQ(run({"status", "--server", "ftp://x"}).status, 2);
}

TEST_F(CliTest, TheServerMayBeNamed) {
  variables["STATE_DIRECTORY"] = "/nowhere";
  EXPECT_EQ(run({"status"}).status, 5);
  EXPECT_EQ(run({"status", "--server", server->base_url()}).status, 0);
  variables["AUTONOMOUS_SERVER"] = "unix:" + folder.path() + "/autonomous.sock";
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(CliTest, LookingVerbsPrint) {
  EXPECT_THAT(run({"why", "worker"}).out, HasSubstr("  ✗ hold     held\n→ live\n"));
  EXPECT_THAT(run({"why", "abcdef"}).out, HasSubstr("abcdef"));
  EXPECT_THAT(run({"releases", "worker"}).out, HasSubstr("local/shop/web/3  ✓ healthy, live"));
  EXPECT_EQ(api.last_filter.environment, "local");
  EXPECT_EQ(api.last_filter.app, "worker");
  EXPECT_THAT(run({"show", "worker/3"}).out, HasSubstr("Release  local/shop/worker/3"));
  EXPECT_THAT(run({"show", "release/local/shop/worker/3"}).out, HasSubstr("Release  local/shop/worker/3"));
  EXPECT_THAT(run({"where", "abcdef12"}).out, HasSubstr("local/shop/web  ✓ live"));
  EXPECT_THAT(run({"diff", "worker"}).out, HasSubstr("local/shop/worker: release 1 → now\n-a\n+b\n"));
  Said refused = run({"diff", "shop", "--commit", "bbbb"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("! StatefulSet search: volume data grows from 5Gi to 8Gi\n"
                                     "✗ it would be refused: a.yaml:1: StatefulSet db: volume data cannot shrink\n"
                                     "    hint: copy it\nDeployment/web changed\n"));
  EXPECT_THAT(
      run({"diff", "shop", "--commit", "bbbb", "-o", "markdown"}).out,
      HasSubstr("**It would be refused**\n\n- a.yaml:1: StatefulSet db: volume data cannot shrink   hint: copy it\n\n"
                "**Before you merge**\n\n- StatefulSet search: volume data grows from 5Gi to 8Gi\n\n<details>"));
  Said as_json = run({"diff", "shop", "--commit", "bbbb", "-o", "json"});
  EXPECT_THAT(as_json.out, HasSubstr("\"steps\""));
  EXPECT_THAT(as_json.out, HasSubstr("\"refused\""));
  EXPECT_EQ(run({"diff", "shop", "--commit", "cccc"}).status, 0);
  EXPECT_THAT(run({"doctor"}).out, testing::StartsWith("✓ daemon  answers at unix:"));
  EXPECT_THAT(run({"doctor"}).out, HasSubstr("\n✓ state  writable\n"));
  EXPECT_EQ(run({"where", "not-a-commit"}).status, 3);
  EXPECT_THAT(run({"show", "worker", "5"}).out, HasSubstr("Release  local/shop/worker/5"));
  EXPECT_EQ(run({"verify", "web", "no-such-clone"}).status, 3);
}

TEST_F(CliTest, EveryVerbHasHelpWithExamples) {
  for (const Verb& verb : verbs()) {
    Said said = run({verb.spec.name, "--help"});
    EXPECT_EQ(said.status, 0) << verb.spec.name;
    EXPECT_THAT(said.out, HasSubstr("Examples:")) << verb.spec.name;
    EXPECT_THAT(run({"--help"}).out, HasSubstr("\n  " + verb.spec.name + " "));
  }
  for (const char* name :
       {"daemon", "init",   "connect",  "deploy", "retry",   "retire",     "rollback", "hold",  "resume",
        "status", "why",    "releases", "show",   "where",   "config",     "diff",     "audit", "verify",
        "eject",  "import", "render",   "doctor", "version", "completion", "schema"}) {
    EXPECT_EQ(run({"help", name}).status, 0) << name;
  }
}

TEST_F(CliTest, WrongUseIsToldWithWhatIsNear) {
  Said verb = run({"statsu"});
  EXPECT_EQ(verb.status, 2);
  EXPECT_THAT(verb.err, HasSubstr("did you mean status?"));
  Said option = run({"hold", "worker", "--becuase", "x"});
  EXPECT_EQ(option.status, 2);
  EXPECT_THAT(option.err, HasSubstr("unknown option --becuase: did you mean --because?"));
  EXPECT_EQ(run({}).status, 2);
  EXPECT_EQ(run({"status", "-o", "yaml"}).status, 2);
  EXPECT_EQ(run({"retire"}).status, 2);
}

TEST_F(CliTest, TheDaemonGetsAbsolutePaths) {
  EXPECT_EQ(run({"daemon", "--state", "s", "--listen", "127.0.0.1:0", "--check"}).status, 0);
  EXPECT_EQ(daemon.state, folder.path() + "/s");
  EXPECT_EQ(daemon.listen, "127.0.0.1:0");
  EXPECT_TRUE(daemon.check);
}

TEST_F(CliTest, InitWritesWhatItFound) {
  std::string project = folder.path() + "/My Shop";
  ASSERT_TRUE(make_folders(project + "/k8s"));
  ASSERT_TRUE(write_file(
      project + "/k8s/web.yaml",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: r.example.com/web:1}]}}}\n"));
  Said shown = run({"init", "My Shop", "--dry-run"});
  EXPECT_EQ(shown.status, 0) << shown.out << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("project my-shop"));
  EXPECT_FALSE(exists(project + "/autonomous.yaml"));
  EXPECT_EQ(run({"init", "My Shop"}).status, 0);
  EXPECT_TRUE(exists(project + "/autonomous.yaml"));
  Said again = run({"init", "My Shop", "-o", "json"});
  EXPECT_EQ(json::parse(again.out)["written"], false);
}

TEST_F(CliTest, CompletionsAreValidScripts) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    Said said = run({"completion", shell});
    EXPECT_EQ(said.status, 0);
    EXPECT_THAT(said.out, HasSubstr("rollback"));
    if (!find_program(shell)) continue;
    ASSERT_TRUE(write_file(folder.path() + "/script", said.out));
    ChildSpec check;
    check.argv = {shell, "-n", folder.path() + "/script"};
    check.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    Result<ChildResult> checked = run_child(Ctx{}.within(Millis{60'000}), check);
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->status, 0) << checked->err;
  }
  EXPECT_EQ(run({"completion", "tcsh"}).status, 2);
}

TEST_F(CliTest, BashCompletesVerbsOptionsAndChoices) {
  ASSERT_TRUE(write_file(
      folder.path() + "/script",
      run({"completion", "bash"}).out +
          "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _autonomous; echo \"${COMPREPLY[*]}\"; }\n"
          "try autonomous roll\ntry autonomous status --out\ntry autonomous status -o j\ntry autonomous completion f\n"));
  ChildSpec spec;
  spec.argv = {"bash", folder.path() + "/script"};
  spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  Result<ChildResult> said = run_child(Ctx{}.within(Millis{60'000}), spec);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->out, "rollback\n--output\njson\nfish\n") << said->err;
}

TEST(ProgressView, TellsHowItEnded) {
  std::ostringstream out;
  ProgressView view(out, Style{});
  EXPECT_TRUE(view.line(""));
  EXPECT_TRUE(view.line("not json"));
  EXPECT_TRUE(view.line(R"({"progress":{"target":"a/b/c","step":"sync","text":"odd \u001b[2J text","tone":"bad"}})"));
  EXPECT_FALSE(view.line(
      R"({"done":[{"target":"a/b/c","verdict":"done"},{"target":"a/b/d","verdict":"waiting","text":"held"},{"target":"a/b/e","verdict":"failed","release":2,"text":"no"}]})"));
  EXPECT_EQ(view.ended(), Ended::kFailed);
  EXPECT_EQ(out.str(), "a/b/c  sync     odd  [2J text\n✓ a/b/c  done\n… a/b/d  held\n✗ a/b/e  release 2  no\n");
}

TEST(Style, TablesCountCharacters) {
  Table table({"A", "B"});
  table.add({{"日本"}, {"x"}});
  table.add({{"é"}, {"a long last column"}});
  EXPECT_EQ(table.str(Style{}, 0), "A     B\n日本  x\né     a long last column\n");
  EXPECT_EQ(table.str(Style{}, 17), "A     B\n日本  x\né     a long las…\n");
}

}  // namespace
}  // namespace autonomous::daemon
