#include "tests/fault/simulation/checker.h"

#include <algorithm>

#include "gitops/model/trailers.h"

namespace autonomous::fault {

using model::Entry;
using model::EntryType;

void Checker::release(Folded& target, const Entry& entry) {
  std::string id = entry.target->str() + "/" + std::to_string(entry.number);
  if (entry.number != target.last + 1)
    throw Violation(id + " follows release " + std::to_string(target.last) + ": numbers are used once, without gaps");
  target.last = entry.number;
  auto trailers = model::parse_trailers(entry.tag);
  if (!trailers) throw Violation(id + " has a tag that cannot be read: " + trailers.error().line());
  if (!entry.intent.empty() && !target.intents.insert(entry.intent).second)
    throw Violation(id + " was made for " + entry.intent + ", and so was an earlier one");
  bool by_itself = trailers->trigger == model::Trigger::kPush || trailers->trigger == model::Trigger::kConfiguration;
  if (by_itself && target.hold && (!target.hold->until || *target.hold->until > entry.time))
    throw Violation(id + " went past a hold");
  for (const std::string& scope : {entry.target->environment, entry.target->str()}) {
    auto freeze = frozen_.find(scope);
    if (by_itself && freeze != frozen_.end() && (!freeze->second || *freeze->second > entry.time))
      throw Violation(id + " went past a freeze of " + scope);
  }
  if (by_itself && bad_.contains(entry.artifact)) throw Violation(id + " is of an artifact that was marked bad");
  if (trailers->source && by_itself) target.told.push_back(trailers->source->commit);
  if (trailers->source && trailers->trigger == model::Trigger::kRetry) target.told.push_back(trailers->source->commit);
  if (trailers->source && trailers->trigger == model::Trigger::kRequest)
    target.told.push_back(trailers->source->commit);
  ++releases_;
}

void Checker::check(const std::vector<Entry>& ledger) {
  if (ledger.size() < read_ || (read_ > 0 && ledger[read_ - 1] != last_))
    throw Violation("the ledger did more than grow");
  for (; read_ < ledger.size(); ++read_) {
    const Entry& entry = last_ = ledger[read_];
    if (model::is_decision(entry.type)) decisions_.push_back(entry);
    if (entry.type == EntryType::kMarkBad) bad_.insert(entry.artifact);
    if (entry.type == EntryType::kUnmark) bad_.erase(entry.artifact);
    if (entry.type == EntryType::kFreeze) frozen_[entry.scope] = entry.until;
    if (entry.type == EntryType::kUnfreeze) frozen_.erase(entry.scope);
    if (!entry.target) continue;
    Folded& target = targets_[*entry.target];
    switch (entry.type) {
      case EntryType::kRelease: release(target, entry); break;
      case EntryType::kOutcome:
        if (entry.number == 0 || entry.number > target.last)
          throw Violation("an outcome of " + entry.target->str() + "/" + std::to_string(entry.number) +
                          ", which is not there");
        if (!target.outcomes.insert(entry.number).second)
          throw Violation(entry.target->str() + "/" + std::to_string(entry.number) + " has two outcomes");
        ++outcomes_;
        break;
      case EntryType::kUnchanged:
        if (entry.source) target.told.push_back(entry.source->commit);
        break;
      case EntryType::kFailed:
        if (entry.source) target.failed.push_back(entry.source->commit);
        break;
      case EntryType::kHold: target.hold = Held{entry.until}; break;
      case EntryType::kResume: target.hold.reset(); break;
      default: break;
    }
  }
}

void Checker::check_end() const {
  for (const auto& [target, folded] : targets_) {
    if (folded.outcomes.size() != folded.last)
      throw Violation(target.str() + " has " + std::to_string(folded.last) + " releases and " +
                      std::to_string(folded.outcomes.size()) + " outcomes");
  }
}

const std::vector<std::string>& Checker::told_of(const model::Target& target) const {
  static const std::vector<std::string> none;
  auto found = targets_.find(target);
  return found == targets_.end() ? none : found->second.told;
}

const std::vector<std::string>& Checker::failed_of(const model::Target& target) const {
  static const std::vector<std::string> none;
  auto found = targets_.find(target);
  return found == targets_.end() ? none : found->second.failed;
}

bool Checker::has_outcome(const model::Target& target, uint32_t number) const {
  auto found = targets_.find(target);
  return found != targets_.end() && found->second.outcomes.contains(number);
}

bool Checker::has_decision(const Entry& decision) const {
  return std::any_of(decisions_.begin(), decisions_.end(), [&](const Entry& entry) {
    return entry.type == decision.type && entry.time == decision.time && entry.by == decision.by &&
           entry.target == decision.target && entry.scope == decision.scope && entry.until == decision.until &&
           entry.artifact == decision.artifact;
  });
}

uint32_t Checker::last_of(const model::Target& target) const {
  auto found = targets_.find(target);
  return found == targets_.end() ? 0 : found->second.last;
}

}  // namespace autonomous::fault
