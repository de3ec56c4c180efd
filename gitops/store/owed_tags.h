// OwedTags: the release tags whose releases happened and that are still to be made. They never hold anybody up: new
// ones go at once, those that did not get through or that were refused go with a later push or look, less and less
// often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gitops/git/oid.h"
#include "gitops/store/wire.h"

namespace autonomous::store {

class OwedTags {
 public:
  bool empty() const { return due_.empty() && refused_.empty(); }
  bool knows(const std::string& name) const;
  void add(Tag tag) { due_.push_back(std::move(tag)); }
  // The last `count` that were added: their releases did not happen.
  void take_back(size_t count) { due_.resize(due_.size() - count); }
  // All of them, for the journal: release/…
  std::vector<std::string> names() const;
  // Those that were refused when they were tried last, and why.
  std::vector<std::pair<std::string, std::string>> refused() const;

  // What is to be tried now; empty: nothing yet. Counts as one look or push.
  std::vector<Tag> next();
  // The try did not get through. False: they are too many to be kept, and dropped.
  bool lost();
  // It got through, but for those that were refused. Gives the refusals that are news.
  std::vector<TagRefusal> done(const std::vector<TagRefusal>& refusals);

 private:
  std::vector<Tag> due_;                    // not refused by anybody
  std::vector<Tag> refused_;                // the oldest first
  std::map<std::string, std::string> why_;  // of refused_
  bool refused_too_ = false;                // the try that is under way has them
  int tries_ = 0;                           // of due_
  uint64_t looks_ = 0;                      // since refused_ were tried last
  uint64_t wait_ = 0;                       // so many looks before they are tried again
};

}  // namespace autonomous::store
