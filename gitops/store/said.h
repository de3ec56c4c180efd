// Statements: what the ledger says of one target and decides what is in force, oldest first: decisions, drift, moves.
// Kept as deflated lines of the ledger, in chunks, and read where somebody looks: as objects, those of 100,000 approved
// releases would take 350 MB. What is asked for most (when, where, what kind, about which commit) is there without.
//
// A value; copies share what is packed. Reading is safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/oid.h"
#include "gitops/model/entry.h"

namespace autonomous::store {

// An entry, and where it stands in its target's ledger, from 0.
struct Said {
  uint32_t line = 0;
  model::Entry entry;
};

// The same in a few words.
struct SaidHead {
  Time time{};
  git::Oid source;      // the source commit; zero: none
  uint32_t line = 0;    // of its target's ledger, from 0
  uint32_t number = 0;  // Entry::number
  model::EntryType type{};
};

class Statements {
  // Of kChunk entries; the last one may have fewer.
  struct Chunk {
    std::vector<SaidHead> heads;
    std::string_view packed;  // in `owner`
    std::shared_ptr<const void> owner;
    uint32_t unpacked = 0;  // bytes
  };

 public:
  static constexpr size_t kChunk = 32;

  size_t size() const { return packed_ + fresh_.size(); }
  bool empty() const { return size() == 0; }
  const SaidHead& head(size_t i) const;
  // The whole entry. Each call unpacks a chunk: a Reader, where there are several.
  Said operator[](size_t i) const;
  // The number of those before `line`.
  size_t before(uint32_t line) const;

  // kInvalid where it cannot stand in a ledger.
  Result<void> push_back(const Said& said);
  // Packs what came since. Whoever changed a state does so once, before others see it.
  void pack();

  // Reads several, in any order; those beside each other cost little. Keeps the statements alive no longer than they
  // live: a local of whoever looks.
  class Reader {
   public:
    explicit Reader(const Statements& of) : of_(of) {}
    model::Entry entry(size_t i);
    // As the ledger has it, without the line end.
    std::string_view text(size_t i);

   private:
    const Statements& of_;
    size_t chunk_ = SIZE_MAX;  // that lines_ is of
    std::string bytes_;
    std::vector<std::string_view> lines_;
  };
  // One of another's, as it is.
  void copy_from(const Statements& other, size_t i, Reader& reader);

  // ---- for the index (index.h). Packed before.
  void write(std::string& out) const;
  // From the bytes that write() made; `owner` keeps them alive. kCorrupt.
  static Result<Statements> read(std::string_view bytes, const std::shared_ptr<const void>& owner);

 private:
  void pack_chunk(std::vector<SaidHead> heads, const std::string& text);

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  size_t packed_ = 0;  // entries in chunks_
  std::vector<SaidHead> fresh_;
  std::string fresh_text_;  // a line each
};

}  // namespace autonomous::store
