#include "daemon/pipeline/writer.h"

#include <algorithm>

#include "daemon/pipeline/adopted.h"
#include "daemon/pipeline/entries.h"
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/platform_view.h"
#include "gitops/base/digest.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/maintenance.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kJump(10'000);
constexpr int kMostWithoutTags = 8;  // batches in a row
constexpr std::chrono::minutes kLongestCycle{10};

// Whether what waits to be written is what this release wrote: the key of design.md §5.
bool is_this(const Flight& flight, const store::ReleaseRow& row) {
  if (flight.release.phase != model::Phase::kReady || !flight.assembled) return false;
  const store::Draft& draft = flight.assembled->draft;
  return draft.artifact == row.artifact && draft.intent == row.intent &&
         draft.trailers.input_digest == row.input_digest && draft.on_number < row.number;
}

}  // namespace

Writer::Writer(Board& board, const Clock& clock, std::unique_ptr<store::Record> record, Options options)
    : board_(board),
      clock_(clock),
      record_(std::move(record)),
      options_(std::move(options)),
      poll_(options_.poll),
      verify_timeout_(options_.verify_timeout) {}

void Writer::begin() {
  if (record_) take_in(store::Foreign{});
}

void Writer::run(std::stop_token stop, std::stop_token hard) {
  while (!stop.stop_requested()) {
    auto deadline = std::chrono::steady_clock::now() + kLongestCycle;
    set_deadline(deadline);
    watch_clock();
    cycle(Ctx{hard, deadline});
    set_deadline(std::chrono::steady_clock::time_point::max());
    board_.wait(stop, failures_ == 0 ? Millis(1000) : jittered(model::retry_pause(failures_)));
  }
  refuse_all(fail(Code::kCancelled, "the daemon is stopping").may_retry());
}

void Writer::refuse_all(const Error& error) {
  std::lock_guard lock(mutex_);
  for (Decision& decision : decisions_) decision.promise.set_value(error);
  for (Asked& asked : changes_) asked.promise.set_value(error);
  decisions_.clear();
  for (const auto& job : jobs_) job->promise.set_value(error);
  changes_.clear();
  jobs_.clear();
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
  set_trouble(opened.error().text());
  refuse_all(opened.error());
  return false;
}

Result<std::optional<git::Oid>> Writer::change_main(const Ctx& ctx, store::MainChange change) {
  std::future<Result<std::optional<git::Oid>>> changed;
  {
    std::lock_guard lock(mutex_);
    changes_.push_back({std::move(change), {}});
    changed = changes_.back().promise.get_future();
  }
  board_.wake();
  if (changed.wait_for(ctx.left()) != std::future_status::ready)
    return fail(Code::kTimeout, "main is not changed yet: ", trouble()).may_retry();
  return changed.get();
}

void Writer::change_main_now(const Ctx& ctx) {
  std::deque<Asked> changes;
  {
    std::lock_guard lock(mutex_);
    changes.swap(changes_);
    hinted_ = hinted_ || !changes.empty();  // what comes of it is taken in at once
  }
  for (Asked& asked : changes) asked.promise.set_value(record_->change_main(ctx, asked.change));
}

Result<void> Writer::on_record(const Ctx& ctx, Work work) {
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  std::future<Result<void>> done = job->promise.get_future();
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(job);
  }
  board_.wake();
  if (done.wait_for(ctx.left()) == std::future_status::ready) return done.get();
  std::lock_guard lock(mutex_);
  // Not begun: then it is not done behind the asker's back.
  if (std::erase(jobs_, job) != 0) return fail(Code::kTimeout, "the writer is busy: nothing was done").may_retry();
  return fail(Code::kTimeout, "it takes longer than you waited; it goes on").may_retry();
}

void Writer::do_jobs(const Ctx& ctx) {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::lock_guard lock(mutex_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      hinted_ = true;  // what it changed is taken in next
    }
    job->promise.set_value(job->work(ctx, *record_));
  }
}

std::future<Result<void>> Writer::submit(std::vector<model::Entry> entries) {
  std::future<Result<void>> written;
  {
    std::lock_guard lock(mutex_);
    decisions_.push_back({std::move(entries), {}});
    written = decisions_.back().promise.get_future();
  }
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
  {
    std::lock_guard lock(mutex_);
    notes_.push_back(std::move(entry));
  }
  board_.wake();
}

void Writer::follow_sync(ProgressPtr progress) {
  {
    std::lock_guard lock(mutex_);
    hinted_ = true;
    if (progress) listeners_.push_back(std::move(progress));
  }
  board_.wake();
}

void Writer::set_pace(Millis poll, Millis verify_timeout) {
  std::lock_guard lock(mutex_);
  poll_ = poll;
  verify_timeout_ = verify_timeout;
}

void Writer::set_deadline(std::chrono::steady_clock::time_point deadline) {
  std::lock_guard lock(mutex_);
  deadline_ = deadline;
}

bool Writer::hangs() const {
  std::lock_guard lock(mutex_);
  return deadline_ != std::chrono::steady_clock::time_point::max() &&
         std::chrono::steady_clock::now() - deadline_ > std::chrono::minutes(1);
}

std::string Writer::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

std::vector<std::pair<std::string, std::string>> Writer::refused_tags() const {
  std::lock_guard lock(mutex_);
  return refused_tags_;
}

uint64_t Writer::pushes() const {
  std::lock_guard lock(mutex_);
  return pushes_;
}

void Writer::set_trouble(std::string text) {
  std::lock_guard lock(mutex_);
  if (trouble_ != text && !text.empty())
    log(Level::kError, "the GitOps repository cannot be written", {{"error", text}});
  if (!trouble_.empty() && text.empty()) log(Level::kInfo, "the GitOps repository can be written again");
  trouble_ = std::move(text);
}

// A day of daylight saving, a machine that slept, somebody who set the clock: our clock went another way than time.
void Writer::watch_clock() {
  auto steady = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
  Millis ahead = clock_.now().time_since_epoch() - steady;
  Millis jump = ahead - std::exchange(ahead_, ahead);
  if (!clock_known_ || (jump < kJump && jump > -kJump)) {
    clock_known_ = true;
    return;
  }
  log(Level::kWarning, "the clock was set; pauses and deadlines are moved with it",
      {{"by", std::to_string(jump.count() / 1000) + " s"}});
  board_.clock_jumped(jump);
}

void Writer::cycle(const Ctx& ctx) {
  if (!open(ctx)) return;
  do_jobs(ctx);
  change_main_now(ctx);
  const uint32_t before = failures_;
  auto synced = sync(ctx);
  if (!synced) {
    ++failures_;
    set_trouble(synced.error().text());
  }
  board_.judge_gates();
  // Decisions are tried all the same: commit() says itself why nothing can be written.
  commit(ctx);
  failures_ = std::min(failures_, before + 1);  // one look and one push in vain are one failure
  std::vector<std::pair<std::string, std::string>> refused = record_->refused_tags();
  std::lock_guard lock(mutex_);
  refused_tags_ = std::move(refused);
}

Result<void> Writer::sync(const Ctx& ctx) {
  std::vector<ProgressPtr> listeners;
  {
    std::lock_guard lock(mutex_);
    auto now = std::chrono::steady_clock::now();
    if (!hinted_ && now < next_poll_ && view_) return ok();
    hinted_ = false;
    next_poll_ = now + poll_;
    listeners.swap(listeners_);
  }
  auto foreign = record_->sync(ctx);
  if (!foreign) {
    for (const ProgressPtr& listener : listeners) {
      listener->progress({"", 0, "adopt", foreign.error().line(), Progress::Tone::kBad});
      listener->done({});
    }
    return std::move(foreign).error();
  }
  take_in(*foreign);
  tell(listeners, *foreign);
  return ok();
}

void Writer::take_in(const store::Foreign& foreign) {
  for (const store::ForeignChange& change : foreign.changes) {
    log(Level::kInfo, describe(change), {{"target", change.target.str()}});
  }
  bool agreed = view_ && !view_->questions.empty() && judged_ != record_->state()->platform_entries;
  bool news = (!view_ || agreed || looked_at_ != record_->main()) && load_view();
  publish_state();
  // Whoever plans by the new view must not see the old state: at a start it is empty, and everything would be new.
  if (board_.view() != view_) board_.set_view(view_);
  if (news && options_.on_view) options_.on_view(view_);
  if (news && options_.platform_files) owed_ = options_.platform_files(*view_, *state_);
  std::vector<model::Target> released;
  for (const model::Entry& entry : foreign.entries) {
    if (entry.type != model::EntryType::kRelease) continue;
    released.push_back(*entry.target);
    board_.overtaken_elsewhere(entry);
  }
  if (released.empty()) return;
  // What we have in mind for them may be older than what runs now: the heads of the branches say what is wanted.
  for (const model::Target& target : released) board_.supersede_pending(target, "a release that another daemon made");
  if (options_.on_released_elsewhere) options_.on_released_elsewhere(released);
}

bool Writer::load_view() {
  looked_at_ = record_->main();
  store::StatePtr state = record_->state();
  judged_ = state->platform_entries;
  PlatformPtr view = options_.view_at ? options_.view_at(looked_at_, view_)
                                      : view_in_force(record_->repository(), looked_at_, view_, *state);
  for (const Error& error : view->errors)
    log(Level::kError, "the platform.yaml of main is not in force; the one before stays", {{"error", error.text()}});
  for (const store::PolicyQuestion& question : view->questions) {
    bool known = std::any_of(state->platform.begin(), state->platform.end(), [&](const model::Entry& entry) {
      return entry.type == model::EntryType::kPropose && entry.id == question.proposal.id;
    });
    if (known || !asked_.insert(question.proposal.id).second) continue;
    model::Entry proposal = question.proposal;
    proposal.time = clock_.now();
    note(std::move(proposal));
  }
  bool news = !view_ || view_->commit != view->commit;
  view_ = view;
  return news;
}

void Writer::publish_state() {
  store::StatePtr now = record_->state();
  if (now == state_) return;
  store::StatePtr before = std::exchange(state_, now);
  board_.set_state(now);
  for (const auto& [target, state] : now->targets) {
    if (!before || before->find(target) != state) watch_over(target, *state);
  }
}

// Releases whose outcome nobody is finding out (a daemon before us made them, or a person's revert did): the newest is
// verified, older ones were superseded.
void Writer::watch_over(const model::Target& target, const store::TargetState& state) {
  size_t looked_at = 0;
  for (auto row = state.releases.rbegin(); row != state.releases.rend() && looked_at < 50; ++row, ++looked_at) {
    if ((*row)->outcome) break;
    auto flights = board_.flights(target);
    bool known = std::any_of(flights.begin(), flights.end(),
                             [&](const Flight& flight) { return flight.release.number == (*row)->number; });
    if (known) continue;
    bool newest = row == state.releases.rbegin();
    // It is what we wanted, and its answer was lost: who waits for it hears of it.
    auto ours =
        std::find_if(flights.begin(), flights.end(), [&](const Flight& flight) { return is_this(flight, **row); });
    if (ours != flights.end()) {
      board_.post(ours->id, model::CommitBegan{});
      board_.post(ours->id,
                  model::Committed{(*row)->number, (*row)->commit.hex(), newest ? verify_until(target) : Time{}});
      if (newest && options_.on_released) options_.on_released();
      continue;
    }
    auto wish = std::make_shared<Wish>();
    wish->target = target;
    wish->trigger = (*row)->trigger;
    wish->view = view_;
    board_.resume_verifying(wish, **row, newest ? verify_until(target) : Time{});
    if (newest && options_.on_released) options_.on_released();
  }
}

Time Writer::verify_until(const model::Target& target) const {
  const model::Environment* environment =
      view_ ? model::find_environment(*view_->platform, target.environment) : nullptr;
  std::lock_guard lock(mutex_);
  return clock_.now() + (environment && environment->timeout ? *environment->timeout : verify_timeout_);
}

// Each has an answer of its own: one entry that is refused must not make others be written twice.
Result<void> Writer::answer_of(const Result<store::BatchResult>& result, size_t first, size_t count) {
  if (!result) return result.error();
  for (size_t i = first; i < first + count; ++i) {
    if (const auto& error = result->each_entry.at(i)) return *error;
  }
  return ok();
}

void Writer::commit(const Ctx& ctx) {
  std::vector<Decision> decisions;
  store::Batch batch;
  size_t notes = 0;
  {
    std::lock_guard lock(mutex_);
    while (!decisions_.empty()) {
      decisions.push_back(std::move(decisions_.front()));
      decisions_.pop_front();
    }
    batch.entries = notes_;
    notes = notes_.size();
  }
  for (const Decision& decision : decisions)
    batch.entries.insert(batch.entries.end(), decision.entries.begin(), decision.entries.end());
  std::vector<Flight> outcomes = board_.unrecorded();
  std::vector<size_t> first_words;  // of each outcome, and where the last one's end
  for (const Flight& flight : outcomes) {
    first_words.push_back(batch.entries.size());
    for (model::Entry& entry : last_words(flight, state_.get(), clock_.now()))
      batch.entries.push_back(std::move(entry));
    // In the same commit: who ends us now must not keep what follows from it.
    bool failed = flight.release.outcome == model::Outcome::kFailed && flight.release.number != 0;
    store::ReleaseRowPtr row = state_ ? state_->find({flight.release.target, flight.release.number}) : nullptr;
    bool told = row && row->outcome;  // the answer was lost: what follows stands beside it
    if (!failed || told || !options_.with_failure) continue;
    for (model::Entry& entry : options_.with_failure(flight)) batch.entries.push_back(std::move(entry));
  }
  first_words.push_back(batch.entries.size());
  for (const Flight& flight : board_.proposing()) batch.entries.push_back(propose_entry(flight, clock_.now()));
  for (const Flight& flight : board_.asking()) batch.entries.push_back(ask_entry(*flight.wish, clock_.now()));
  // A decision of the same moment (a hold) stands before the releases that it is about: they wait a cycle.
  std::vector<Flight> flights = decisions.empty() ? board_.take_ready(options_.batch) : std::vector<Flight>{};
  // What people agreed to has come into force since, at the same tip of main.
  std::erase_if(flights, [&](const Flight& flight) {
    const auto& policy = flight.assembled->draft.trailers.policy;
    bool outdated = view_ && policy && policy->commit != view_->commit.hex();
    if (outdated) board_.post(flight.id, model::Stale{});
    return outdated;
  });
  for (const Flight& flight : flights) {
    store::Draft draft = flight.assembled->draft;
    draft.trailers.approved_by = flight.approved_by;
    draft.proposal = flight.proposal;
    draft.past_freeze = passes_freeze(*flight.wish, *state_, clock_.now());
    batch.drafts.push_back(std::move(draft));
    if (flight.assembled->take_on) batch.taken.push_back(*flight.assembled->take_on);
  }
  const size_t owed = owed_.size();
  batch.taken.insert(batch.taken.begin(), owed_.begin(), owed_.end());
  if (batch.entries.empty() && batch.drafts.empty() && batch.taken.empty()) {
    for (const Flight& flight : outcomes) board_.post(flight.id, model::Recorded{});  // nothing was left to say
    return;
  }

  const std::vector<model::Entry> entries = batch.entries;
  Result<store::BatchResult> result = record_->commit(ctx, std::move(batch));
  // What can never be written is given up, and said; what is refused or out of reach is tried again.
  auto settled = [](const Result<void>& answer) {
    return answer || answer.error().code() == Code::kInvalid || answer.error().code() == Code::kCorrupt;
  };
  std::string refused;
  for (size_t i = 0; result && i < entries.size(); ++i) {
    Result<void> answer = answer_of(result, i, 1);
    if (answer) continue;
    if (refused.empty() && !settled(answer)) {
      refused = "the ledger does not take '" + std::string(model::entry_type_name(entries[i].type)) + "'" +
                (entries[i].target ? " of " + entries[i].target->str() : "") + ": " + answer.error().text();
    }
    if (settled(answer))
      log(Level::kError, "an entry cannot stand in the ledger; it is dropped",
          {{"type", model::entry_type_name(entries[i].type)},
           {"target", entries[i].target ? entries[i].target->str() : ""},
           {"error", answer.error().line()}});
  }
  // An entry that the server refuses is offered again by itself: it makes nobody wait whom the server lets through.
  failures_ = result && (refused.empty() || result->accepted > 0) ? 0 : failures_ + 1;
  set_trouble(result ? refused : result.error().text());
  if (!result) {
    std::lock_guard lock(mutex_);
    hinted_ = true;  // some of it may be there: what is sent next is made of what the repository says then
  } else {
    std::lock_guard lock(mutex_);
    pushes_ += result->pushes;
    std::vector<model::Entry> left;
    for (size_t i = 0; i < notes; ++i) {
      if (!settled(answer_of(result, i, 1))) left.push_back(std::move(notes_[i]));
    }
    left.insert(left.end(), std::make_move_iterator(notes_.begin() + static_cast<ptrdiff_t>(notes)),
                std::make_move_iterator(notes_.end()));
    notes_ = std::move(left);
  }
  if (result) {
    // By now as many as were given: a new view of main comes with take_in, below.
    std::vector<store::TakeOn> left, written;
    for (size_t i = 0; i < owed; ++i) {
      const std::optional<Error>& error = result->taken[i];
      if (!error) {
        written.push_back(std::move(owed_[i]));
        continue;
      }
      log(Level::kWarning, "what the platform says of a namespace is not written yet",
          {{"target", owed_[i].target.str()}, {"error", error->line()}});
      left.push_back(std::move(owed_[i]));
    }
    owed_ = std::move(left);
    if (!written.empty() && options_.on_platform_files) options_.on_platform_files(written);
  }
  settle(flights, result);
  if (result) take_in(result->foreign);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    size_t words = first_words[i + 1] - first_words[i];
    if (words > 0 && !settled(answer_of(result, first_words[i], words))) continue;
    const model::Release& release = outcomes[i].release;
    log(release.outcome == model::Outcome::kFailed ? Level::kWarning : Level::kInfo,
        std::string(model::outcome_name(release.outcome)) + (release.reason.empty() ? "" : ": " + release.reason),
        {{"target", release.target.str()}, {"release", std::to_string(release.number)}});
    bool failed = release.outcome == model::Outcome::kFailed && release.number != 0;
    if (failed && options_.on_failed) options_.on_failed(outcomes[i]);
    board_.post(outcomes[i].id, model::Recorded{});
  }
  size_t at = notes;
  for (Decision& decision : decisions) {
    decision.promise.set_value(answer_of(result, at, decision.entries.size()));
    at += decision.entries.size();
  }
  if (!flights.empty() && options_.on_released) options_.on_released();
  bool more = failures_ == 0 && (!board_.unrecorded().empty() || board_.has_ready());
  if (more) board_.wake();
  // Who waits was told. What is ready goes before tags, but they do not wait for ever.
  if (!more || ++without_tags_ >= kMostWithoutTags) {
    without_tags_ = 0;
    record_->make_tags(ctx);
  }
  if (++batches_ >= options_.tidy_every && !more) tidy(ctx);
}

// When nothing waits: a release is not held up by upkeep.
void Writer::tidy(const Ctx& ctx) {
  batches_ = 0;
  auto done = git::tidy(ctx.within(Millis(60'000)), options_.git, record_->repository());
  if (!done)
    log(Level::kWarning, "the packs of the GitOps repository could not be rolled up", {{"error", done.error().line()}});
}

void Writer::settle(const std::vector<Flight>& flights, const Result<store::BatchResult>& result) {
  for (size_t i = 0; i < flights.size(); ++i) {
    if (result) {
      settle_one(flights[i], result->drafts.at(i));
    } else {
      // Of the repository, not of this release: it waits.
      board_.post(flights[i].id, model::Refused{result.error().text(), true});
    }
  }
}

// Who waits for it hears that a number was left out.
void Writer::say_burnt(const Flight& flight, uint32_t number) {
  model::ReleaseId id{flight.release.target, number};
  std::string text = "number " + std::to_string(number) + " is burnt: the tag " + id.tag() +
                     " is there already, and it is not the platform's";
  log(Level::kWarning, text, {{"target", id.target.str()}});
  for (const FollowerPtr& follower : flight.followers)
    follower->line({id.target.str(), 0, "commit", text, Progress::Tone::kWarning});
}

void Writer::settle_one(const Flight& flight, const store::DraftResult& result) {
  std::string target = flight.release.target.str();
  if (const auto* released = std::get_if<store::Released>(&result)) {
    log(Level::kInfo, "released",
        {{"target", target},
         {"release", std::to_string(released->number)},
         {"commit", released->commit.hex()},
         {"source", flight.wish->commit()}});
    for (uint32_t number : released->burnt) say_burnt(flight, number);
    board_.post(flight.id,
                model::Committed{released->number, released->commit.hex(), verify_until(flight.release.target)});
  } else if (const auto* duplicate = std::get_if<store::Duplicate>(&result)) {
    // Another daemon's, or our own, whose answer was lost.
    std::string what = "it is release " + std::to_string(duplicate->number) + " already";
    log(Level::kInfo, what,
        {{"target", target}, {"commit", duplicate->commit.hex()}, {"source", flight.wish->commit()}});
    board_.post(flight.id, model::NothingChanged{what});
  } else if (std::holds_alternative<store::Unchanged>(result)) {
    log(Level::kInfo, "nothing changed", {{"target", target}, {"source", flight.wish->commit()}});
    board_.post(flight.id, model::NothingChanged{});
  } else if (const auto* refused = std::get_if<store::Refused>(&result)) {
    log(Level::kWarning, "refused", {{"target", target}, {"error", refused->words}});
    board_.post(flight.id, model::Refused{refused->words, false});
  } else if (const auto* postponed = std::get_if<store::Postponed>(&result)) {
    log(Level::kWarning, "sent again later", {{"target", target}, {"why", postponed->words}});
    board_.post(flight.id, model::Refused{postponed->words, true});
  } else if (const auto* stale = std::get_if<store::Stale>(&result)) {
    log(Level::kInfo, "computed again", {{"target", target}, {"why", stale->why}});
    board_.post(flight.id, model::Stale{});
  }
}

}  // namespace autonomous::daemon
