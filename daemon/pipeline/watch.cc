#include "daemon/pipeline/watch.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kLongestQuestion(20'000);
constexpr Millis kLongestFetch(10 * 60'000);
constexpr Millis kLongestPause(5 * 60'000);
constexpr Millis kBetweenHints(1000);

// What one connection serves: scheme, host and port; for local paths, this machine.
std::string host_of(const std::string& url) {
  size_t scheme = url.find("://");
  if (scheme != std::string::npos) return to_lower(url.substr(0, std::min(url.find('/', scheme + 3), url.size())));
  size_t colon = url.find(':'), slash = url.find('/');
  return colon < slash ? "ssh://" + to_lower(url.substr(0, colon)) : "file://";
}

}  // namespace

SourceWatch::SourceWatch(Sources& sources, Options options, OnHeads on_heads)
    : sources_(sources), options_(options), on_heads_(std::move(on_heads)), random_(options.seed) {}

SourceWatch::~SourceWatch() { stop(); }

void SourceWatch::start() {
  for (unsigned i = 0; i < std::max(1u, options_.askers); ++i)
    threads_.emplace_back([this](std::stop_token stop) { ask_loop(stop); });
  for (unsigned i = 0; i < std::max(1u, options_.fetchers); ++i)
    threads_.emplace_back([this](std::stop_token stop) { fetch_loop(stop); });
}

void SourceWatch::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  changed_.notify_all();
}

void SourceWatch::set(const std::vector<SourceRepository>& sources) {
  std::lock_guard lock(mutex_);
  for (auto& [project, item] : items_) item.wanted = false;
  for (const SourceRepository& source : sources) {
    Item& item = items_[source.project];
    bool moved = item.source.remote != source.remote;
    item.wanted = true;
    item.source = source;
    if (!moved) continue;
    item.host = host_of(source.remote);
    item.due = {};
    item.failures = 0;
  }
  std::erase_if(items_, [](const auto& entry) { return !entry.second.wanted && entry.second.phase == Phase::kIdle; });
  changed_.notify_all();
}

void SourceWatch::look(bool fresh) {
  std::lock_guard lock(mutex_);
  for (auto& [project, item] : items_) {
    item.due = {};
    item.fresh = item.fresh || fresh;
  }
  changed_.notify_all();
}

void SourceWatch::hint(const std::string& project) {
  std::lock_guard lock(mutex_);
  auto found = items_.find(project);
  if (found == items_.end()) return;
  Item& item = found->second;
  Moment soon = item.began == Moment{} ? Moment{} : item.began + kBetweenHints;
  if (soon >= item.due) return;  // one that is under way may have asked before the move: then there is one after it
  item.due = soon;
  changed_.notify_all();
}

Result<void> SourceWatch::look_now(const Ctx& ctx, const std::string& project) {
  std::unique_lock lock(mutex_);
  auto found = items_.find(project);
  if (found == items_.end()) return fail(Code::kNotFound, project, " has no source elsewhere");
  // One that is under way may have asked before what is looked for was there.
  uint64_t wanted = found->second.asked + 1;
  found->second.due = {};
  changed_.notify_all();
  auto until = std::chrono::steady_clock::now() + ctx.left();
  bool through = changed_.wait_until(lock, ctx.stop, until, [&] {
    found = items_.find(project);
    return found == items_.end() || found->second.done >= wanted;
  });
  if (found == items_.end()) return fail(Code::kNotFound, project, " is no longer bound to a source");
  if (!through) return fail(Code::kTimeout, found->second.source.url, " has not answered yet").may_retry();
  if (found->second.error) return Error(*found->second.error);
  return ok();
}

void SourceWatch::set_pace(Millis poll, uint32_t jitter) {
  std::lock_guard lock(mutex_);
  options_.poll = poll;
  options_.jitter = jitter;
}

Millis SourceWatch::pause(uint32_t failures) {
  double spread = static_cast<double>(options_.jitter) / 100.0;
  std::uniform_real_distribution<double> jitter(1.0 - spread, 1.0 + spread);
  int64_t millis = options_.poll.count();
  for (uint32_t i = 1; i < failures && millis < kLongestPause.count(); ++i) millis *= 2;
  if (failures > 0) millis = std::min(millis, std::max(kLongestPause.count(), options_.poll.count()));
  return Millis(static_cast<int64_t>(static_cast<double>(millis) * jitter(random_)));
}

// The one that is due longest, of a host that nobody asks right now.
SourceWatch::Item* SourceWatch::next_to_ask(Moment now, Moment& wake_at) {
  Item* best = nullptr;
  for (auto& [project, item] : items_) {
    if (item.phase != Phase::kIdle || !item.wanted || busy_hosts_.contains(item.host)) continue;
    if (item.due > now) wake_at = std::min(wake_at, item.due);
    else if (best == nullptr || item.due < best->due) best = &item;
  }
  return best;
}

SourceWatch::Item* SourceWatch::next_to_fetch() {
  for (auto& [project, item] : items_) {
    if (item.phase == Phase::kToFetch) return &item;
  }
  return nullptr;
}

void SourceWatch::ask_loop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    Moment now = std::chrono::steady_clock::now(), wake_at = now + std::chrono::hours(1);
    Item* item = next_to_ask(now, wake_at);
    if (item == nullptr) {
      changed_.wait_until(lock, stop, wake_at, [&] {
        Moment earliest = wake_at;
        return next_to_ask(std::chrono::steady_clock::now(), earliest) != nullptr || earliest < wake_at;
      });
      continue;
    }
    item->phase = Phase::kAsking;
    item->due = Moment::max();  // stays so, unless somebody asks for another look meanwhile
    item->began = now;
    ++item->asked;
    bool fresh = std::exchange(item->fresh, false);
    SourceRepository source = item->source;
    std::string host = item->host;
    busy_hosts_.insert(host);
    lock.unlock();
    auto asked = sources_.ask(Ctx{stop}.within(kLongestQuestion), source);
    lock.lock();
    busy_hosts_.erase(host);
    item = &items_.at(source.project);  // only idle ones are forgotten
    if (asked && !asked->wanted.empty()) {
      item->phase = Phase::kToFetch;
      item->answer = *std::move(asked);
      item->answer_fresh = fresh;
    } else {
      item->phase = Phase::kFetching;  // belongs to us until its heads are taken in
      finish(lock, source, asked ? Result<std::vector<BranchHead>>(std::move(asked->heads)) : std::move(asked).error(),
             fresh);
    }
    changed_.notify_all();
  }
}

void SourceWatch::fetch_loop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [&] { return next_to_fetch() != nullptr; });
    Item* item = stop.stop_requested() ? nullptr : next_to_fetch();
    if (item == nullptr) continue;
    item->phase = Phase::kFetching;
    Asked answer = std::move(item->answer);
    bool fresh = item->answer_fresh;
    SourceRepository source = item->source;
    lock.unlock();
    auto heads = sources_.fetch(Ctx{stop}.within(kLongestFetch), source, std::move(answer));
    lock.lock();
    finish(lock, source, std::move(heads), fresh);
    changed_.notify_all();
  }
}

void SourceWatch::finish(std::unique_lock<std::mutex>& lock, const SourceRepository& source,
                         Result<std::vector<BranchHead>> heads, bool fresh) {
  // It may have been bound to another address since.
  if (items_.at(source.project).source.remote == source.remote) {
    lock.unlock();
    on_heads_(source, heads, fresh);
    lock.lock();
  }
  Item& item = items_.at(source.project);
  item.phase = Phase::kIdle;
  item.done = item.asked;
  item.failures = heads ? 0 : item.failures + 1;
  item.error = heads ? std::nullopt : std::optional<Error>(heads.error());
  if (item.due == Moment::max()) item.due = std::chrono::steady_clock::now() + pause(item.failures);
  if (!item.wanted) items_.erase(source.project);
}

}  // namespace autonomous::daemon
