#include "gitops/store/index.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/store/ledger.h"
#include "gitops/store/packing.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

constexpr size_t kChecksum = 4;
constexpr uint64_t kMostBytes = 4ull << 30;

uint32_t checksum(std::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    auto some = static_cast<uInt>(std::min<size_t>(bytes.size(), 1u << 30));
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), some);
    bytes.remove_prefix(some);
  }
  return static_cast<uint32_t>(crc);
}

class IndexWriter {
 public:
  std::string out{kIndexMagic};

  void oid(const git::Oid& oid) { out += oid.bytes(); }
  void number(uint64_t number) { pack_number(out, number); }
  void time(Time time) { number(static_cast<uint64_t>(time.time_since_epoch().count())); }
  void text(std::string_view text) { pack_text(out, text); }
  Result<void> entry(const Entry& entry) {
    TRY(std::string line, model::format_entry(entry));
    text(line);
    return ok();
  }
  Result<void> entries(const std::vector<Entry>& list) {
    number(list.size());
    for (const Entry& each : list) TRY_DO(entry(each));
    return ok();
  }
  Result<void> said(const std::vector<Said>& list) {
    number(list.size());
    for (const Said& each : list) {
      number(each.line);
      TRY_DO(entry(each.entry));
    }
    return ok();
  }

  Result<void> target(const TargetState& state) {
    text(state.target.str());
    number(state.last_number);
    number(state.taken_on ? 1 : 0);
    text(state.application_commit);
    number(state.entries);
    number(state.hold ? 1 : 0);
    if (state.hold) {
      const Hold& hold = *state.hold;
      Entry said;
      said.type = EntryType::kHold;
      said.target = state.target;
      if (!hold.by.empty()) said.by = hold.by;
      said.time = hold.since;
      said.until = hold.until;
      said.because = hold.because;
      said.ticket = hold.ticket;
      said.number = hold.number;
      said.artifact = hold.artifact;
      TRY_DO(entry(said));
    }
    number(state.orphaned ? 1 : 0);
    if (state.orphaned) {
      time(state.orphaned->since);
      text(state.orphaned->reason);
    }
    number(state.moved ? 1 : 0);
    if (state.moved) {
      text(state.moved->from.str());
      text(state.moved->names.str());
      time(state.moved->since);
    }
    number(state.moved_away ? 1 : 0);
    if (state.moved_away) {
      text(state.moved_away->to.str());
      time(state.moved_away->since);
    }
    number(state.drift ? 1 : 0);
    if (state.drift) {
      time(state.drift->since);
      oid(state.drift->commit);
      oid(state.drift->tree);
      text(state.drift->by);
    }
    number(state.proposal ? 1 : 0);
    if (state.proposal) {
      TRY_DO(entry(state.proposal->entry));
      TRY_DO(entries(state.proposal->approvals));
    }
    number(state.broken_glass ? 1 : 0);
    if (state.broken_glass) TRY_DO(entry(*state.broken_glass));
    Statements packed = state.said;
    packed.pack();
    std::string statements;
    packed.write(statements);
    number(statements.size());
    out += statements;
    number(state.attempts.size());
    for (size_t i = 0; i < state.attempts.size(); ++i) {
      const Attempt& attempt = state.attempts[i];
      time(attempt.time);
      number(2 * static_cast<uint64_t>(attempt.line) + (attempt.failed ? 1 : 0));
      oid(attempt.source);
    }
    TRY_DO(said(state.newest_attempts));
    TRY_DO(entries(state.asked));
    number(state.releases.size());
    size_t size = 0;
    for (size_t i = 0; i < state.releases.size(); ++i) size += state.releases.bytes(i).size();
    number(size);
    for (size_t i = 0; i < state.releases.size(); ++i) out += state.releases.bytes(i);
    return ok();
  }
};

class IndexReader {
 public:
  IndexReader(std::string_view bytes, std::shared_ptr<const void> owner) : in_(bytes), owner_(std::move(owner)) {}

  git::Oid oid() {
    std::string_view bytes = in_.raw(git::Oid::kBytes);
    return bytes.empty() ? git::Oid() : git::Oid::from_bytes(bytes.data());
  }
  uint64_t number() { return in_.number(); }
  Time time() { return Time(Millis(static_cast<int64_t>(in_.number()))); }
  std::string text() { return in_.text(); }
  size_t count() { return in_.count(); }
  bool at_end() const { return in_.at_end(); }
  bool ok() const { return in_.ok(); }
  Result<Entry> entry() { return model::parse_entry(in_.text()); }
  Result<std::vector<Entry>> entries() {
    std::vector<Entry> list(in_.count());
    for (Entry& each : list) {
      TRY(each, entry());
    }
    return list;
  }
  Result<std::vector<Said>> said() {
    std::vector<Said> list(in_.count());
    for (Said& each : list) {
      each.line = static_cast<uint32_t>(number());
      TRY(each.entry, entry());
    }
    return list;
  }

  Result<std::shared_ptr<TargetState>> target() {
    auto state = std::make_shared<TargetState>();
    TRY(state->target, model::Target::parse(in_.text()));
    state->last_number = static_cast<uint32_t>(number());
    state->taken_on = number() != 0;
    state->application_commit = text();
    state->entries = static_cast<uint32_t>(number());
    if (number() != 0) {
      TRY(Entry hold, entry());
      state->hold = Hold{
          hold.by.value_or(model::Who{}), hold.time, hold.until, hold.because, hold.ticket, hold.number, hold.artifact};
    }
    if (number() != 0) {
      Time since = time();
      state->orphaned = Orphaned{since, text()};
    }
    if (number() != 0) {
      Moved moved;
      TRY(moved.from, model::ReleaseId::parse(in_.text()));
      TRY(moved.names, model::Target::parse(in_.text()));
      moved.since = time();
      state->moved = std::move(moved);
    }
    if (number() != 0) {
      MovedAway away;
      TRY(away.to, model::Target::parse(in_.text()));
      away.since = time();
      state->moved_away = std::move(away);
    }
    if (number() != 0) {
      Drift drift;
      drift.since = time();
      drift.commit = oid();
      drift.tree = oid();
      drift.by = text();
      state->drift = std::move(drift);
    }
    if (number() != 0) {
      Proposal proposal;
      TRY(proposal.entry, entry());
      TRY(proposal.approvals, entries());
      state->proposal = std::move(proposal);
    }
    if (number() != 0) {
      TRY(Entry glass, entry());
      state->broken_glass = std::move(glass);
    }
    std::string_view statements = in_.raw(number());
    TRY(state->said, Statements::read(statements, owner_));
    for (size_t left = in_.count(); left > 0; --left) {
      Attempt attempt;
      attempt.time = time();
      uint64_t place = number();
      attempt.line = static_cast<uint32_t>(place / 2);
      attempt.failed = place % 2 != 0;
      attempt.source = oid();
      state->attempts.push_back(attempt);
    }
    TRY(state->newest_attempts, said());
    TRY(state->asked, entries());
    uint64_t rows = number();
    std::string_view bytes = in_.raw(number());
    TRY(state->releases, Rows::unpack(bytes, static_cast<uint32_t>(rows), owner_));
    return state;
  }

 private:
  Unpacker in_;
  std::shared_ptr<const void> owner_;
};

Error damaged() { return fail(Code::kCorrupt, "the index is damaged"); }

}  // namespace

Result<std::string> index_bytes(const State& state) {
  IndexWriter writer;
  writer.oid(state.deploy);
  writer.oid(state.ledger);
  writer.oid(state.main);
  writer.oid(state.policy);
  TRY_DO(writer.entries(state.platform));
  writer.number(state.platform_entries);
  writer.number(state.keys.size());
  for (const std::string& key : state.keys) writer.text(key);
  writer.number(state.bad.size() + state.freezes.size());
  for (const auto& [artifact, bad] : state.bad) {
    Entry said;
    said.type = EntryType::kMarkBad;
    said.artifact = artifact;
    said.time = bad.since;
    if (!bad.by.empty()) said.by = bad.by;
    said.because = bad.because;
    TRY_DO(writer.entry(said));
  }
  for (const auto& [scope, freeze] : state.freezes) {
    Entry said;
    said.type = EntryType::kFreeze;
    said.scope = scope;
    said.time = freeze.since;
    said.until = freeze.until;
    if (!freeze.by.empty()) said.by = freeze.by;
    said.because = freeze.because;
    TRY_DO(writer.entry(said));
  }
  writer.number(state.targets.size());
  for (const auto& [target, each] : state.targets) TRY_DO(writer.target(*each));
  uint32_t sum = checksum(writer.out);
  for (size_t i = 0; i < kChecksum; ++i) writer.out += static_cast<char>(sum >> (8 * i));
  return std::move(writer.out);
}

Result<StatePtr> parse_index(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  std::string_view bytes = *owner;
  if (bytes.size() < kIndexMagic.size() + kChecksum || !bytes.starts_with(kIndexMagic))
    return fail(Code::kCorrupt, "no index of this version");
  uint32_t sum = 0;
  for (size_t i = 0; i < kChecksum; ++i)
    sum |= uint32_t{static_cast<uint8_t>(bytes[bytes.size() - kChecksum + i])} << (8 * i);
  bytes.remove_suffix(kChecksum);
  if (checksum(bytes) != sum) return damaged();
  bytes.remove_prefix(kIndexMagic.size());
  IndexReader reader(bytes, owner);
  auto state = std::make_shared<State>();
  state->deploy = reader.oid();
  state->ledger = reader.oid();
  state->main = reader.oid();
  state->policy = reader.oid();
  TRY(state->platform, reader.entries());
  state->platform_entries = static_cast<uint32_t>(reader.number());
  for (size_t left = reader.count(); left > 0; --left) state->keys.push_back(reader.text());
  for (size_t left = reader.count(); left > 0; --left) {
    TRY(Entry said, reader.entry());
    apply_everywhere(*state, said);
  }
  for (size_t left = reader.count(); left > 0; --left) {
    TRY(auto target, reader.target());
    if (target->proposal) state->proposals.insert(target->target);
    if (!target->asked.empty()) state->asked.insert(target->target);
    state->targets[target->target] = target;
  }
  if (!reader.at_end()) return damaged();
  return StatePtr(std::move(state));
}

// Not synced: what a power cut leaves of it is found to be damaged, and git is read instead.
Result<void> save_index(const std::string& file, const State& state) {
  TRY(std::string bytes, index_bytes(state));
  std::string part = file + ".part";
  TRY_DO(make_folders(file.substr(0, file.rfind('/'))));  // a cache may have been deleted
  TRY_DO(write_file(part, bytes, 0600));
  if (::rename(part.c_str(), file.c_str()) == 0) return ok();
  Error error = fail(Code::kUnavailable, "cannot replace ", file, ": ", std::strerror(errno)).may_retry();
  ::unlink(part.c_str());
  return error;
}

StatePtr load_index(const std::string& file) {
  if (file.empty() || !exists(file)) return nullptr;
  auto bytes = read_file(file, kMostBytes);
  Result<StatePtr> state = bytes ? parse_index(*std::move(bytes)) : Result<StatePtr>(bytes.error());
  if (state) return *state;
  log(Level::kWarning, "the index cannot be used; the ledger is read instead",
      {{"file", file}, {"error", state.error().line()}});
  return nullptr;
}

Result<StatePtr> fold_from(const StatePtr& known, const git::Repository& repository, const Tips& tips) {
  if (known && !known->ledger.is_zero() && repository.has(known->ledger)) {
    auto grew = repository.is_ancestor(known->ledger, tips.ledger);
    if (grew && *grew) {
      Builder more(known);
      if (read_ledger(repository, known->ledger, tips.ledger, more))
        return more.finish(tips.deploy, tips.ledger, tips.main);
    }
  }
  Builder builder;
  TRY_DO(read_ledger(repository, git::Oid(), tips.ledger, builder));
  return builder.finish(tips.deploy, tips.ledger, tips.main);
}

Result<void> prove_index(const std::string& file, const git::Repository& repository) {
  StatePtr indexed = load_index(file);
  if (!indexed) return fail(Code::kNotFound, "there is no index at ", file, "; the next start makes one");
  Tips tips{indexed->main, indexed->deploy, indexed->ledger};
  TRY(StatePtr folded, fold_from(nullptr, repository, tips));
  TRY(std::string ours, index_bytes(*indexed));
  TRY(std::string gits, index_bytes(*folded));
  if (ours == gits) return ok();
  for (const auto& [target, state] : folded->targets) {
    State one, other;
    one.targets[target] = state;
    if (TargetPtr there = indexed->find(target)) other.targets[target] = there;
    auto a = index_bytes(one), b = index_bytes(other);
    if (!a || !b || *a != *b)
      return fail(Code::kCorrupt, "the index is not what git says of ", target.str())
          .hint("stop the daemon, delete " + file + ", and start it");
  }
  return fail(Code::kCorrupt, "the index is not what git says")
      .hint("stop the daemon, delete " + file + ", and start it");
}

}  // namespace autonomous::store
