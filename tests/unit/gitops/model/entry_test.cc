#include "gitops/model/entry.h"

#include <gtest/gtest.h>

#include <random>

namespace autonomous::model {
namespace {

Time at(std::string_view text) { return parse_time(text).value(); }

Entry full_entry() {
  Entry entry;
  entry.type = EntryType::kOutcome;
  entry.time = at("2026-11-23T20:14:05.123Z");
  entry.target = Target{"production", "shop", "web"};
  entry.number = 42;
  entry.id = "p1";
  entry.by = Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
  entry.because = "it is \"broken\"\nreally";
  entry.ticket = "CHG1";
  entry.until = at("2026-12-01T00:00:00Z");
  entry.scope = "production";
  entry.artifact = "sha256:1";
  entry.input_digest = "sha256:2";
  entry.intent = "x";
  entry.trigger = Trigger::kRollback;
  entry.source = SourceFact{"https://example.com/a.git", std::string(40, 'a'), "refs/heads/main"};
  entry.subject = "Fix the cart";
  entry.author = "J <j@example.com>";
  entry.commit = std::string(40, 'b');
  entry.tree = std::string(40, 'c');
  entry.previous = std::string(40, 'd');
  entry.tag = "object 1\n\nRelease: x\n";
  entry.removed = true;
  entry.verdict = Verdict::kFailed;
  entry.step = "verify";
  entry.resource = "Deployment web";
  entry.reason = "pod crashed";
  entry.looked_at = "Argo CD";
  entry.steps = {{"render", Millis(3)}, {"push", Millis(12)}};
  entry.key = "ssh-ed25519 AAAA";
  return entry;
}

TEST(Entry, IsReadAsItWasWritten) {
  Entry entry = full_entry();
  auto line = format_entry(entry);
  ASSERT_TRUE(line) << line.error().text();
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  auto read = parse_entry(*line);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, entry);
}

TEST(Entry, EachTypeAndVerdictHasAName) {
  for (int i = 0; i <= static_cast<int>(EntryType::kMoved); ++i) {
    auto type = static_cast<EntryType>(i);
    EXPECT_EQ(parse_entry_type(entry_type_name(type)).value(), type);
    Entry entry = full_entry();
    entry.type = type;
    if (type == EntryType::kMoved) {
      entry.removed = false;
      entry.origin = "local/shop/web/7";
      entry.scope = "local/shop/web";
    }
    auto line = format_entry(entry);
    ASSERT_TRUE(line) << line.error().text();
    EXPECT_EQ(parse_entry(*line).value().type, type);
  }
  for (int i = 0; i <= static_cast<int>(Verdict::kUnverified); ++i) {
    auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(parse_verdict(verdict_name(verdict)).value(), verdict);
  }
}

TEST(Entry, AbsentFieldsStayOut) {
  Entry entry;
  entry.type = EntryType::kHold;
  entry.time = at("2026-11-23T20:14:05Z");
  entry.target = Target{"local", "shop", "web"};
  EXPECT_EQ(format_entry(entry).value(),
            "{\"v\":1,\"type\":\"hold\",\"time\":\"2026-11-23T20:14:05Z\",\"target\":\"local/shop/web\"}\n");
}

TEST(Entry, UnknownKeysOfLaterVersionsAreTaken) {
  auto entry = parse_entry(R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","mood":{"x":[1]}})");
  ASSERT_TRUE(entry) << entry.error().text();
  EXPECT_EQ(entry->target->str(), "a/b/c");
}

TEST(Entry, WrongLinesAreRefused) {
  for (std::string_view line :
       {"", "[]", "{", "{}", R"({"v":2,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c"})",
        R"({"v":1,"type":"holds","time":"2026-11-23T20:14:05Z","target":"a/b/c"})",
        R"({"v":1,"type":"hold","time":"yesterday","target":"a/b/c"})", R"({"v":1,"type":"hold","target":"a/b/c"})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z"})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b"})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","number":0})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","number":-1})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","because":7})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","by":"me"})",
        R"({"v":1,"type":"hold","time":"2026-11-23T20:14:05Z","target":"a/b/c","steps_ms":{"a":"b"}})",
        R"({"v":1,"type":"release","time":"2026-11-23T20:14:05Z","target":"a/b/c","number":1,"tag":"x"})",
        R"({"v":1,"type":"release","time":"2026-11-23T20:14:05Z","target":"a/b/c","number":1,"tag":"x","commit":"12"})",
        R"({"v":1,"type":"outcome","time":"2026-11-23T20:14:05Z","target":"a/b/c","number":1})"}) {
    EXPECT_FALSE(parse_entry(line)) << line;
  }
}

TEST(Entry, BrokenLinesAreRefusedOrReadAgain) {
  std::string good = format_entry(full_entry()).value();
  std::mt19937 random(13);
  for (int round = 0; round < 4000; ++round) {
    std::string line = good;
    size_t at = random() % line.size();
    if (random() % 2 == 0) line[at] = static_cast<char>(random());
    else line.erase(at, random() % 12 + 1);
    auto read = parse_entry(line);
    if (!read) continue;
    auto again = format_entry(*read);
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(parse_entry(*again).value(), *read);
  }
}

TEST(Entry, WhatCannotBeReadAgainIsNotWritten) {
  Entry entry = full_entry();
  entry.reason = "\xff";
  EXPECT_FALSE(format_entry(entry));
  entry = full_entry();
  entry.commit = "short";
  EXPECT_FALSE(format_entry(entry));
  entry = full_entry();
  entry.target->app = "Not A Name";
  EXPECT_FALSE(format_entry(entry));
  entry = full_entry();
  entry.reason = std::string(100'000, 'x');
  EXPECT_EQ(format_entry(entry).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace autonomous::model
