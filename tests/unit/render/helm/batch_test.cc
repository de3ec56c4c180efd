#include "render/helm/batch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/batch_line.h"

namespace autonomous::helm {
namespace {

using nlohmann::json;

struct BatchTest : ::testing::Test {
  TempFolder folder = *TempFolder::make();
  std::string chart = folder.path() + "/chart";
  int status = -1;

  void SetUp() override {
    ASSERT_TRUE(make_folders(chart + "/templates"));
    ASSERT_TRUE(write_file(chart + "/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"));
    ASSERT_TRUE(
        write_file(chart + "/templates/a.yaml",
                   "n: {{ .Release.Name }}\nns: {{ .Release.Namespace }}\nv: {{ required \"say v\" .Values.v }}\n"));
  }

  std::vector<json> run(const std::string& lines, const FetchChart& fetch = nullptr) {
    FILE* in = ::fmemopen(const_cast<char*>(lines.data()), lines.size(), "r");
    char* text = nullptr;
    size_t size = 0;
    FILE* out = ::open_memstream(&text, &size);
    status = run_batch(in, out, fetch);
    std::fclose(in);
    std::fclose(out);
    std::vector<json> answers;
    for (std::string_view line : split(std::string_view(text, size), '\n')) {
      if (!line.empty()) answers.push_back(json::parse(line));
    }
    std::free(text);
    return answers;
  }
  std::string line(const std::string& name, const std::string& more) {
    return json{{"name", name}, {"chart", chart}}.dump().substr(
               0, json{{"name", name}, {"chart", chart}}.dump().size() - 1) +
           ", " + more + "}\n";
  }
};

TEST_F(BatchTest, OneLineIn_OneLineOut) {
  auto answers = run(line("a", R"("namespace": "n1", "set": ["v=1"])"));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(
      answers[0],
      json({{"name", "a"}, {"ok", true}, {"manifest", "---\n# Source: web/templates/a.yaml\nn: a\nns: n1\nv: 1\n"}}));
  EXPECT_EQ(status, 0);
}

TEST_F(BatchTest, ABadLineStopsNoOther) {
  std::string lines = line("a", R"("set": ["v=1"])") + "not json\n" + "[]\n" + line("no-v", R"("set": [])") +
                      R"({"name": "lost", "chart": "/nowhere"})" + "\n   \n" + line("z", R"("set": ["v=2"])");
  auto answers = run(lines);
  ASSERT_EQ(answers.size(), 6u);
  EXPECT_EQ(answers[0]["ok"], true);
  EXPECT_EQ(answers[1], json({{"name", ""}, {"ok", false}, {"error", "this line is no JSON"}}));
  EXPECT_EQ(answers[2]["error"], "each line has to be a JSON object");
  EXPECT_EQ(answers[3],
            json({{"name", "no-v"}, {"ok", false}, {"error", "execution error at (web/templates/a.yaml:3:6): say v"}}));
  EXPECT_EQ(answers[4], json({{"name", "lost"}, {"ok", false}, {"error", "path \"/nowhere\" not found"}}));
  EXPECT_EQ(answers[5]["ok"], true);
  EXPECT_EQ(status, 1);
}

TEST_F(BatchTest, TheOrderIsKept) {
  std::string lines;
  for (int i = 0; i < 500; ++i) {
    // Some take long, so that the others would overtake them.
    std::string v = i % 7 == 0 ? std::string(20'000, 'x') : std::to_string(i);
    lines += line("app" + std::to_string(i), "\"set-string\": [\"v=" + v + "\"]");
  }
  auto answers = run(lines);
  ASSERT_EQ(answers.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(answers[static_cast<size_t>(i)]["name"], "app" + std::to_string(i));
  EXPECT_EQ(status, 0);
}

// Who asks one thing and waits for the answer before asking the next must get it.
TEST_F(BatchTest, AnswersComeBeforeTheInputEnds) {
  int to[2], from[2];
  ASSERT_EQ(::pipe(to), 0);
  ASSERT_EQ(::pipe(from), 0);
  std::thread batch([&] {
    FILE* in = ::fdopen(to[0], "r");
    FILE* out = ::fdopen(from[1], "w");
    status = run_batch(in, out, nullptr);
    std::fclose(in);
    std::fclose(out);
  });
  FILE* answers = ::fdopen(from[0], "r");
  char* text = nullptr;
  size_t size = 0;
  for (const char* name : {"a", "b"}) {
    std::string question = line(name, R"("set": ["v=1"])");
    ASSERT_EQ(::write(to[1], question.data(), question.size()), static_cast<ssize_t>(question.size()));
    ASSERT_GT(::getline(&text, &size, answers), 0);
    EXPECT_EQ(json::parse(text)["name"], name);
  }
  ::close(to[1]);
  batch.join();
  EXPECT_EQ(status, 0);
  std::free(text);
  std::fclose(answers);
}

TEST_F(BatchTest, AChartIsFetchedOnceForAll) {
  std::atomic<int> fetched = 0;
  FetchChart fetch = [&](const RemoteChart& wanted) -> Result<FetchedChart> {
    ++fetched;
    return fail(Code::kUnavailable, "no network to ", wanted.chart, " ", wanted.version);
  };
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += R"({"name": "a", "chart": "oci://h/web", "version": "^1"})"
             "\n";
  auto answers = run(lines, fetch);
  ASSERT_EQ(answers.size(), 20u);
  for (const json& answer : answers) EXPECT_EQ(answer["error"], "no network to oci://h/web ^1");
  EXPECT_EQ(fetched, 1);
}

TEST_F(BatchTest, NothingInNothingOut) {
  EXPECT_TRUE(run("\n").empty());
  EXPECT_EQ(status, 0);
}

std::string error_of(const std::string& text) {
  BatchLine line;
  auto read = read_batch_line(text, line);
  return read ? "" : read.error().message();
}

TEST(BatchLine, WhatIsWrongIsNamed) {
  EXPECT_EQ(error_of(R"({"chart": "c", "valeus": []})"), "unknown key \"valeus\"; did you mean \"values\"?");
  EXPECT_EQ(error_of(R"({"chart": "c", "values": "v.yaml"})"), "\"values\" has to be a list of texts");
  EXPECT_EQ(error_of(R"({"chart": "c", "set": [1]})"), "\"set\" has to be a list of texts");
  EXPECT_EQ(error_of(R"({"chart": "c", "no-hooks": "yes"})"), "\"no-hooks\" has to be true or false");
  EXPECT_EQ(error_of(R"({"chart": "c", "helm": 5})"), "\"helm\" has to be 3 or 4");
  EXPECT_EQ(error_of(R"({"chart": "c", "name": null})"), "\"name\" has to be a text");
  EXPECT_EQ(error_of(R"({"name": "n"})"), "\"chart\" is missing");
  EXPECT_EQ(error_of(R"({"chart": "c")"), "this line is no JSON");
}

TEST(BatchLine, EveryKey) {
  BatchLine line;
  ASSERT_TRUE(read_batch_line(
      R"({"name":"n","chart":"c","namespace":"ns","helm":"3","kube-version":"1.30","api-versions":["a"],"show-only":["s"],
          "include-crds":true,"skip-crds":false,"skip-tests":true,"no-hooks":true,"is-upgrade":true,
          "skip-schema-validation":true,"values":["v"],"set":["a=1"],"set-string":["b=1"],"set-json":["c=1"],
          "set-file":["d=f"],"set-literal":["e=1"],"version":"1","repo":"r","username":"u","password":"p","ca-file":"f",
          "cert-file":"f","key-file":"f","registry-config":"f","plain-http":true,"insecure-skip-tls-verify":true,
          "pass-credentials":true})",
      line));
  EXPECT_EQ(line.input.helm, HelmVersion::k3);
  EXPECT_EQ(line.input.sets.size(), 5u);
  EXPECT_EQ(line.input.release_name, "n");
  EXPECT_TRUE(line.remote.plain_http && line.remote.insecure && line.remote.pass_credentials);
  EXPECT_FALSE(line.remote.warn_inexact);
}

// Whatever comes in, a line has one answer and nothing falls over.
TEST(BatchLine, Rubbish) {
  std::mt19937 random(7);
  const std::string good = R"({"name":"n","chart":"c","values":["v"],"set":["a=1"],"helm":4,"no-hooks":true})";
  for (int i = 0; i < 3'000; ++i) {
    std::string text = good;
    for (uint32_t n = random() % 4; n < 4; ++n) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 5); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 9));
      }
      if (text.empty()) text = "{";
    }
    BatchLine line;
    auto read = read_batch_line(text, line);
    EXPECT_TRUE(read || !read.error().message().empty());
  }
  BatchLine line;
  EXPECT_FALSE(read_batch_line(std::string(200'000, '['), line));
  EXPECT_FALSE(read_batch_line("{\"chart\": " + std::string(200'000, '['), line));
}

}  // namespace
}  // namespace autonomous::helm
