#include "daemon/pipeline/inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

namespace autonomous::daemon {
namespace {

model::Entry hold(const std::string& reason) {
  model::Entry entry;
  entry.type = model::EntryType::kHold;
  entry.reason = reason;
  return entry;
}

std::string reasons(const std::vector<model::Entry>& entries) {
  std::string out;
  for (const model::Entry& one : entries) out += one.reason + " ";
  return out;
}

template <class Answer>
bool answered(const std::future<Answer>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

class Silent : public ProgressSink {
 public:
  void progress(const Progress&) override {}
  void done(const std::vector<Outcome>&) override {}
};

TEST(Inbox, DecisionsAreTakenOnceInTheirOrder) {
  Inbox inbox;
  auto first = inbox.decide({hold("a"), hold("b")});
  auto second = inbox.decide({hold("c")});
  Inbox::Entries taken = inbox.take_entries();
  ASSERT_EQ(taken.decisions.size(), 2u);
  EXPECT_EQ(reasons(taken.decisions[0].entries), "a b ");
  EXPECT_EQ(reasons(taken.decisions[1].entries), "c ");
  EXPECT_TRUE(inbox.take_entries().decisions.empty());

  taken.decisions[1].promise.set_value(ok());
  EXPECT_FALSE(answered(first));
  ASSERT_TRUE(answered(second));
  EXPECT_TRUE(second.get());
}

TEST(Inbox, NotesStayUntilTheyAreWrittenAndNewOnesComeAfterThem) {
  Inbox inbox;
  for (const char* reason : {"a", "b", "c"}) inbox.note(hold(reason));
  EXPECT_EQ(reasons(inbox.take_entries().notes), "a b c ");
  inbox.note(hold("d"));  // while those are written
  inbox.drop_notes({true, false, true});
  EXPECT_EQ(reasons(inbox.take_entries().notes), "b d ");
  inbox.drop_notes({});
  EXPECT_EQ(reasons(inbox.take_entries().notes), "b d ");
}

TEST(Inbox, ItIsLookedAtTheStartWhenDueAndWhenAsked) {
  Inbox inbox;
  EXPECT_TRUE(inbox.take_look(false)) << "at the start";
  EXPECT_FALSE(inbox.take_look(false));
  EXPECT_TRUE(inbox.take_look(true));
  EXPECT_FALSE(inbox.take_look(false));
  inbox.ask_for_look(nullptr);
  auto look = inbox.take_look(false);
  ASSERT_TRUE(look);
  EXPECT_TRUE(look->empty());
}

TEST(Inbox, WhatWasSuggestedWaitsUntilTheLastLookIsLongAgo) {
  Inbox inbox;
  ASSERT_TRUE(inbox.take_look(true));
  EXPECT_TRUE(inbox.suggest_look());
  EXPECT_FALSE(inbox.suggest_look()) << "a storm is one suggestion";
  EXPECT_FALSE(inbox.take_look(false));
  EXPECT_TRUE(inbox.take_look(false, true));
  EXPECT_FALSE(inbox.take_look(false, true)) << "nobody suggested another one";
  EXPECT_TRUE(inbox.suggest_look());
  ASSERT_TRUE(inbox.take_look(true)) << "that one will do";
  EXPECT_FALSE(inbox.take_look(false, true));
}

TEST(Inbox, AListenerHearsOfOneLook) {
  Inbox inbox;
  ASSERT_TRUE(inbox.take_look(true));
  auto listener = std::make_shared<Silent>();
  inbox.ask_for_look(listener);
  auto look = inbox.take_look(false);
  ASSERT_TRUE(look);
  EXPECT_EQ(*look, std::vector<ProgressPtr>{listener});
  look = inbox.take_look(true);
  ASSERT_TRUE(look);
  EXPECT_TRUE(look->empty());
}

TEST(Inbox, WhatAJobOrAChangeOfMainDidIsLookedAtNext) {
  Inbox inbox;
  ASSERT_TRUE(inbox.take_look(true));
  EXPECT_EQ(inbox.take_job(), nullptr);
  EXPECT_TRUE(inbox.take_changes().empty());
  EXPECT_FALSE(inbox.take_look(false)) << "there was nothing to do";

  auto job = std::make_shared<Inbox::Job>();
  inbox.add(job);
  EXPECT_EQ(inbox.take_job(), job);
  EXPECT_TRUE(inbox.take_look(false));

  auto changed = inbox.change_main({});
  EXPECT_EQ(inbox.take_changes().size(), 1u);
  EXPECT_TRUE(inbox.take_look(false));
}

TEST(Inbox, AJobCanBeWithdrawnUntilItIsBegun) {
  Inbox inbox;
  auto first = std::make_shared<Inbox::Job>(), second = std::make_shared<Inbox::Job>();
  inbox.add(first);
  inbox.add(second);
  EXPECT_EQ(inbox.take_job(), first);
  EXPECT_FALSE(inbox.withdraw(first));
  EXPECT_TRUE(inbox.withdraw(second));
  EXPECT_EQ(inbox.take_job(), nullptr);
}

TEST(Inbox, WhoWaitsForAnAnswerIsRefusedAndNotesStay) {
  Inbox inbox;
  auto decided = inbox.decide({hold("a")});
  auto changed = inbox.change_main({});
  auto job = std::make_shared<Inbox::Job>();
  auto done = job->promise.get_future();
  inbox.add(job);
  inbox.note(hold("n"));
  inbox.refuse_all(fail(Code::kCancelled, "the daemon is stopping"));
  ASSERT_TRUE(answered(decided) && answered(changed) && answered(done));
  EXPECT_EQ(decided.get().error().message(), "the daemon is stopping");
  EXPECT_EQ(changed.get().error().code(), Code::kCancelled);
  EXPECT_EQ(done.get().error().code(), Code::kCancelled);
  Inbox::Entries left = inbox.take_entries();
  EXPECT_TRUE(left.decisions.empty());
  EXPECT_EQ(reasons(left.notes), "n ");
  EXPECT_EQ(inbox.take_job(), nullptr);
}

TEST(Inbox, ManyPutInWhileOneTakesAndNothingIsLostOrTakenTwice) {
  constexpr int kThreads = 4, kEach = 50;
  Inbox inbox;
  std::atomic<int> putting = kThreads, answers = 0, jobs = 0, withdrawn = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        inbox.note(hold(std::to_string(thread) + "." + std::to_string(i)));
        auto job = std::make_shared<Inbox::Job>();
        job->work = [](const Ctx&, store::Record&) { return ok(); };
        inbox.add(job);
        inbox.ask_for_look(nullptr);
        if (inbox.decide({hold("decided")}).get()) ++answers;
        if (inbox.withdraw(job)) ++withdrawn;
      }
      --putting;
    });
  }
  std::set<std::string> written;
  for (bool last = false; !last;) {
    last = putting == 0;  // read before: what was put in until then is taken now
    while (inbox.take_job()) ++jobs;
    inbox.take_look(true);
    Inbox::Entries taken = inbox.take_entries();
    for (const model::Entry& note : taken.notes) EXPECT_TRUE(written.insert(note.reason).second) << note.reason;
    inbox.drop_notes(std::vector<bool>(taken.notes.size(), true));
    for (Inbox::Decision& decision : taken.decisions) decision.promise.set_value(ok());
  }
  EXPECT_EQ(answers, kThreads * kEach);
  EXPECT_EQ(jobs + withdrawn, kThreads * kEach);
  EXPECT_EQ(written.size(), static_cast<size_t>(kThreads * kEach));
}

}  // namespace
}  // namespace autonomous::daemon
