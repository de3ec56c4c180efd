// Refusals: what the server refused by itself and what comes again all the same (an outcome, a note, a file beside the
// Applications). It is offered after everything else, and less and less often, so that it holds nobody up.
//
// Known by what it says, not by when: an outcome is put together anew for each batch. Owned by the writer's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "gitops/base/clock.h"
#include "gitops/model/entry.h"
#include "gitops/store/record.h"

namespace autonomous::store {

// What stands for it among the refusals; "" where it cannot be written at all.
std::string name_of(const model::Entry& entry);
std::string name_of(const TakeOn& taken);

class Refusals {
 public:
  // So many are kept; the one whose turn is longest past makes room.
  static constexpr size_t kMost = 1000;

  struct Refusal {
    std::string words;  // the server's
    uint32_t times = 0;
    Time next{};  // before then it is not offered
  };

  bool empty() const { return by_name_.empty(); }
  // Null: it was not refused by itself, or was taken since.
  const Refusal* find(const std::string& name) const;
  // It was refused once more. The first time costs it its place only: a person may say the same again at once.
  const Refusal& add(const std::string& name, std::string_view words, Time now);
  void taken(const std::string& name) { by_name_.erase(name); }

 private:
  std::map<std::string, Refusal> by_name_;
};

}  // namespace autonomous::store
