#include "gitops/store/owed_tags.h"

#include <algorithm>

namespace autonomous::store {

namespace {

constexpr int kEagerTries = 5;
constexpr size_t kMaxDue = 5000;
// In looks: with the usual poll of some seconds this is from half a minute up to some hours.
constexpr uint64_t kFirstWait = 4;
constexpr uint64_t kLongestWait = 1024;

bool has(const std::vector<Tag>& tags, const std::string& name) {
  return std::any_of(tags.begin(), tags.end(), [&](const Tag& tag) { return tag.first == name; });
}

}  // namespace

bool OwedTags::knows(const std::string& name) const { return has(due_, name) || has(refused_, name); }

std::vector<std::string> OwedTags::names() const {
  std::vector<std::string> names;
  for (const auto* tags : {&refused_, &due_})
    for (const Tag& tag : *tags) names.push_back(tag.first);
  return names;
}

std::vector<std::pair<std::string, std::string>> OwedTags::refused() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Tag& tag : refused_) {
    auto why = why_.find(tag.first);
    out.emplace_back(tag.first, why == why_.end() ? "" : why->second);
  }
  return out;
}

std::vector<Tag> OwedTags::next() {
  refused_too_ = false;
  std::vector<Tag> now;
  if (!due_.empty() && (++tries_ <= kEagerTries || tries_ % kEagerTries == 0)) now = due_;
  if (!refused_.empty() && ++looks_ >= wait_) {
    refused_too_ = true;
    now.insert(now.begin(), refused_.begin(), refused_.end());
  }
  return now;
}

bool OwedTags::lost() {
  if (refused_too_) looks_ = 0;
  if (due_.size() <= kMaxDue) return true;
  due_.clear();
  tries_ = 0;
  return false;
}

std::vector<TagRefusal> OwedTags::done(const std::vector<TagRefusal>& refusals) {
  std::vector<Tag> still;
  std::vector<TagRefusal> news;
  auto keep = [&](const std::vector<Tag>& tried, bool known) {
    for (const Tag& tag : tried) {
      auto refusal =
          std::find_if(refusals.begin(), refusals.end(), [&](const auto& one) { return one.tag == tag.first; });
      if (refusal == refusals.end()) continue;
      still.push_back(tag);
      why_[tag.first] = refusal->why;
      if (!known) news.push_back(*refusal);
    }
  };
  if (refused_too_) {
    keep(refused_, true);
    looks_ = 0;
    wait_ = std::min(2 * wait_, kLongestWait);
  } else {
    still = refused_;
  }
  keep(due_, false);
  if (!news.empty()) {
    looks_ = 0;
    wait_ = kFirstWait;
  }
  if (still.size() > kMaxDue) still.erase(still.begin(), still.end() - kMaxDue);
  refused_ = std::move(still);
  std::erase_if(why_, [&](const auto& one) { return !has(refused_, one.first); });
  due_.clear();
  tries_ = 0;
  return news;
}

}  // namespace autonomous::store
