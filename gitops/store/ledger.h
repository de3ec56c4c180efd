// Ledger: reading and extending the branch autonomous/ledger/<branch>, as trees of .jsonl segments. Holds nothing;
// works on a git::Repository of the caller's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/oid.h"
#include "gitops/git/repository.h"
#include "gitops/model/entry.h"
#include "gitops/store/record.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// What was added between two commits of the ledger (zero: nothing), into `builder`; `added` gets the entries too, where
// given. kCorrupt where a line is not an entry, or where the ledger did more than grow: the place names the file.
Result<void> read_ledger(const git::Repository& repository, const git::Oid& from, const git::Oid& to, Builder& builder,
                         std::vector<model::Entry>* added = nullptr);

// The entries of one segment file.
Result<std::vector<model::Entry>> read_segment(const git::Repository& repository, const git::Oid& ledger,
                                               const std::string& file);
// Entry number `line` (from 0) of a target. kNotFound.
Result<model::Entry> read_entry(const git::Repository& repository, const git::Oid& ledger, const model::Target& target,
                                uint32_t line);

constexpr uint64_t kMaxInput = 16u << 20;  // bytes of a kept spec, or of a file of one
// The digest that an input is kept by: of its bytes, or of the names and bytes of its files, in the order of the names.
std::string digest_of(const KeptInput& input);
// A spec or chart that the ledger keeps; kNotFound. kCorrupt where it is not what its digest says.
Result<KeptInput> read_input(const git::Repository& repository, const git::Oid& ledger, std::string_view digest);

// Collects lines and inputs, then makes the new tree.
class LedgerWriter {
 public:
  // `line`: the entry as format_entry writes it. `index`: of the entry among those of its target, from 0.
  void add(const model::Entry& entry, std::string_view line, uint32_t index);
  // Fine when it is there already.
  Result<void> keep(git::Repository& repository, const git::Oid& ledger_tree, const std::string& digest,
                    const KeptInput& input);
  bool empty() const { return lines_.empty() && updates_.empty(); }
  const std::vector<std::string>& names() const { return names_; }
  Result<git::Oid> write(git::Repository& repository, const git::Oid& ledger_tree);

 private:
  std::map<std::string, std::string> lines_;  // by segment file
  std::vector<git::TreeUpdate> updates_;
  std::vector<std::string> names_;  // what the commit's message lists
};

}  // namespace autonomous::store
