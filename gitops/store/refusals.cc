#include "gitops/store/refusals.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/model/release.h"

namespace autonomous::store {

std::string name_of(const model::Entry& entry) {
  model::Entry timeless = entry;
  timeless.time = Time{};
  auto line = model::format_entry(timeless);
  return line ? "entry " + sha256_hex(*line) : "";
}

std::string name_of(const TakeOn& taken) {
  std::string said = taken.target.str() + '\n' + taken.what + '\n';
  for (const auto& [path, content] : taken.files)
    said += path + '\n' + (content ? sha256_hex(*content) : "removed") + '\n';
  return "files " + sha256_hex(said);
}

const Refusals::Refusal* Refusals::find(const std::string& name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

const Refusals::Refusal& Refusals::add(const std::string& name, std::string_view words, Time now) {
  if (by_name_.size() >= kMost && !by_name_.contains(name)) {
    by_name_.erase(std::min_element(by_name_.begin(), by_name_.end(), [](const auto& one, const auto& other) {
      return one.second.next < other.second.next;
    }));
  }
  Refusal& refusal = by_name_[name];
  refusal.words = words;
  ++refusal.times;
  refusal.next = refusal.times == 1 ? now : now + model::retry_pause(refusal.times);
  return refusal;
}

}  // namespace autonomous::store
