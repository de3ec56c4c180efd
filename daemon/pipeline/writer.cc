// What others ask of the writer, and its cycle. writer_take_in.cc: what is there; writer_commit.cc: what goes out.
#include "daemon/pipeline/writer.h"

#include <algorithm>

#include "daemon/pipeline/adopted.h"
#include "gitops/base/log.h"
#include "gitops/git/maintenance.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

namespace {

constexpr std::chrono::minutes kLongestCycle{10};
constexpr Millis kBetweenSuggested(1000);

}  // namespace

Writer::Writer(Board& board, const Clock& clock, std::unique_ptr<store::Record> record, Options options)
    : board_(board),
      clock_(clock),
      record_(std::move(record)),
      options_(std::move(options)),
      poll_(options_.poll),
      verify_timeout_(options_.verify_timeout),
      main_(clock, options_.view_at) {}

// ---- any thread

std::future<Result<void>> Writer::submit(std::vector<model::Entry> entries) {
  std::future<Result<void>> written = inbox_.decide(std::move(entries));
  board_.wake();
  return written;
}

Result<void> Writer::decide(const Ctx& ctx, std::vector<model::Entry> entries) {
  std::future<Result<void>> written = submit(std::move(entries));
  if (written.wait_for(ctx.left()) != std::future_status::ready)
    return fail(Code::kTimeout, "it is not written down yet: ", trouble()).may_retry();
  return written.get();
}

void Writer::note(model::Entry entry) {
  if (entry.time == Time{}) entry.time = clock_.now();  // said again after its answer was lost, it is the same entry
  inbox_.note(std::move(entry));
  board_.wake();
}

Result<std::optional<git::Oid>> Writer::change_main(const Ctx& ctx, store::MainChange change) {
  std::future<Result<std::optional<git::Oid>>> changed = inbox_.change_main(std::move(change));
  board_.wake();
  if (changed.wait_for(ctx.left()) != std::future_status::ready)
    return fail(Code::kTimeout, "main is not changed yet: ", trouble()).may_retry();
  return changed.get();
}

Result<void> Writer::on_record(const Ctx& ctx, Inbox::Work work) {
  auto job = std::make_shared<Inbox::Job>();
  job->work = std::move(work);
  std::future<Result<void>> done = job->promise.get_future();
  inbox_.add(job);
  board_.wake();
  if (done.wait_for(ctx.left()) == std::future_status::ready) return done.get();
  // Not begun: then it is not done behind the asker's back.
  if (inbox_.withdraw(job)) return fail(Code::kTimeout, "the writer is busy: nothing was done").may_retry();
  return fail(Code::kTimeout, "it takes longer than you waited; it goes on").may_retry();
}

void Writer::follow_sync(ProgressPtr progress) {
  inbox_.ask_for_look(std::move(progress));
  board_.wake();
}

void Writer::suggest_look() {
  if (inbox_.suggest_look()) board_.wake();
}

void Writer::set_pace(Millis poll, Millis verify_timeout) {
  poll_ = poll;
  verify_timeout_ = verify_timeout;
}

// ---- its own

void Writer::begin() {
  pulse_.set_trouble(record_ ? "" : options_.why_away);
  if (!record_) return;
  board_.set_rewritten(record_->rewritten());
  take_in(store::Foreign{});
}

void Writer::run(std::stop_token stop, std::stop_token hard) {
  while (!stop.stop_requested()) {
    auto deadline = std::chrono::steady_clock::now() + kLongestCycle;
    pulse_.cycle_begins(deadline);
    watch_clock();
    cycle(Ctx{hard, deadline});
    pulse_.cycle_ends();
    board_.wait(stop, failures_ == 0 ? Millis(1000) : jittered(model::retry_pause(failures_)));
  }
  inbox_.refuse_all(fail(Code::kCancelled, "the daemon is stopping").may_retry());
}

void Writer::watch_clock() {
  auto steady = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
  std::optional<Millis> jump = clock_watch_.read(clock_.now(), steady);
  if (!jump) return;
  log(Level::kWarning, "the clock was set; pauses and deadlines are moved with it",
      {{"by", std::to_string(jump->count() / 1000) + " s"}});
  board_.clock_jumped(*jump);
}

void Writer::cycle(const Ctx& ctx) {
  if (!open(ctx)) return;
  do_jobs(ctx);
  for (Inbox::MainWish& wish : inbox_.take_changes()) wish.promise.set_value(record_->change_main(ctx, wish.change));
  const uint32_t before = failures_;
  auto synced = sync(ctx);
  if (!synced) {
    ++failures_;
    pulse_.set_trouble(synced.error().text());
  }
  board_.set_rewritten(record_->rewritten());
  board_.judge_gates();
  // Decisions are tried all the same: commit() says itself why nothing can be written.
  commit(ctx);
  board_.set_rewritten(record_->rewritten());
  failures_ = std::min(failures_, before + 1);  // one look and one push in vain are one failure
  pulse_.set_refused_tags(record_->refused_tags());
}

// A daemon that starts while its repository is away serves, says so, and goes on when it is back.
bool Writer::open(const Ctx& ctx) {
  if (record_) return true;
  auto opened = options_.open(ctx);
  if (opened) {
    record_ = *std::move(opened);
    failures_ = 0;
    return true;
  }
  ++failures_;
  pulse_.set_trouble(opened.error().text());
  inbox_.refuse_all(opened.error());
  return false;
}

void Writer::do_jobs(const Ctx& ctx) {
  while (Inbox::JobPtr job = inbox_.take_job()) job->promise.set_value(job->work(ctx, *record_));
}

Result<void> Writer::sync(const Ctx& ctx) {
  auto now = std::chrono::steady_clock::now();
  auto listeners = inbox_.take_look(now >= next_poll_ || !main_.view(), now - looked_ >= kBetweenSuggested);
  if (!listeners) return ok();
  looked_ = now;
  next_poll_ = now + poll_.load();
  auto foreign = record_->sync(ctx);
  if (!foreign) {
    for (const ProgressPtr& listener : *listeners) {
      listener->progress({"", 0, "adopt", foreign.error().line(), Progress::Tone::kBad});
      listener->done({});
    }
    return std::move(foreign).error();
  }
  take_in(*foreign);
  tell(*listeners, *foreign);
  return ok();
}

// When nothing waits: a release is not held up by upkeep.
void Writer::tidy(const Ctx& ctx) {
  batches_ = 0;
  auto done = git::tidy(ctx.within(Millis(60'000)), options_.git, record_->repository());
  if (!done)
    log(Level::kWarning, "the packs of the GitOps repository could not be rolled up", {{"error", done.error().line()}});
}

}  // namespace autonomous::daemon
