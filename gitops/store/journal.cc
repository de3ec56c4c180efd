#include "gitops/store/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::store {

namespace {

using FlightJson = nlohmann::json;

constexpr std::string_view kEnd = "\nend\n";
constexpr size_t kSector = 512;

Result<git::Oid> oid_at(const FlightJson& json, const char* key) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return fail(Code::kCorrupt, "the journal has no ", key);
  return git::Oid::parse(found->get_ref<const std::string&>());
}

// A disk writes a sector whole or not at all: what fits into one goes over what was there, and nothing is freed and
// allocated anew for it (which costs as much as a sync). What is longer begins with an empty file, so that a half of it
// is never taken for all.
Result<void> write_over(const std::string& file, std::string_view text, bool synced) {
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  int error = fd < 0 ? errno : 0;
  struct stat info {};
  bool in_place = text.size() == kSector && ::fstat(fd, &info) == 0 && info.st_size == ssize_t{kSector};
  if (error == 0 && !in_place && ::ftruncate(fd, 0) != 0) error = errno;
  while (error == 0 && !text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) text.remove_prefix(static_cast<size_t>(written));
    else if (errno != EINTR) error = errno;
  }
  if (error != 0 && fd >= 0) (void)!::ftruncate(fd, 0);  // half old and half new is neither
  if (error == 0 && synced && ::fsync(fd) != 0) error = errno;
  if (fd >= 0) ::close(fd);
  if (error == 0) return ok();
  return fail(Code::kUnavailable, "cannot write ", file, ": ", std::strerror(error)).may_retry();
}

// With spaces before `end`, so that what is written next has the same size.
std::string filled(std::string text, std::string_view end) {
  size_t size = text.size() + end.size();
  if (size < kSector) text.append(kSector - size, ' ');
  return text + std::string(end);
}

std::string plain_name(std::string name) {
  for (char& c : name) c = c == '/' ? '-' : c;
  return name;
}

}  // namespace

Result<Journal> Journal::open(const std::string& folder, const std::string& name) {
  TRY_DO(make_folders(folder, 0700));
  std::string base = folder + "/" + plain_name(name);
  Journal journal(base + ".flight", base + ".tips.json");
  for (Slot& slot : journal.slots_) {
    slot.there = exists(slot.file);
    (void)read(slot);  // whose turn it is; what is wrong with it, read() says
  }
  if (journal.slots_[0].there || journal.slots_[1].there) TRY_DO(sync_folder(folder));
  return journal;
}

// What was cut off while it was written was never relied on: refs move once it is whole and synced.
Result<std::optional<Flight>> Journal::read(Slot& slot) {
  slot.sequence = 0;
  if (!exists(slot.file)) return std::optional<Flight>();
  TRY(std::string text, read_file(slot.file));
  FlightJson json = FlightJson::parse(std::string_view(text).substr(0, text.rfind(kEnd)), nullptr, false);
  auto corrupt = [&] { return fail(Code::kCorrupt, "the journal ", slot.file, " is damaged"); };
  if (!json.is_object()) return ends_with(text, kEnd) ? corrupt() : Result<std::optional<Flight>>(std::nullopt);
  if (!json["moves"].is_array() || !json["tags"].is_array()) return corrupt();
  Flight flight;
  for (const FlightJson& item : json["moves"]) {
    if (!item.is_object() || !item.contains("ref") || !item["ref"].is_string()) return corrupt();
    Move move{item["ref"].get<std::string>(), {}, {}};
    TRY(move.from, oid_at(item, "from"));
    TRY(move.to, oid_at(item, "to"));
    flight.moves.push_back(std::move(move));
  }
  for (const FlightJson& tag : json["tags"]) {
    if (!tag.is_string()) return corrupt();
    flight.tags.push_back(tag.get<std::string>());
  }
  auto sequence = json.find("sequence");
  if (sequence != json.end() && !sequence->is_number_unsigned()) return corrupt();
  slot.sequence = sequence == json.end() ? 1 : sequence->get<uint64_t>();  // of a version that had one file: 1
  return std::optional<Flight>(std::move(flight));
}

Result<std::optional<Flight>> Journal::read() const {
  std::optional<Flight> newest;
  uint64_t sequence = 0;
  for (Slot slot : slots_) {
    TRY(std::optional<Flight> flight, read(slot));
    if (!flight || slot.sequence <= sequence) continue;
    sequence = slot.sequence;
    newest = std::move(flight);
  }
  if (newest && newest->moves.empty() && newest->tags.empty()) newest.reset();
  return newest;
}

Result<void> Journal::put(const Flight& flight, bool synced) {
  bool second = slots_[1].sequence < slots_[0].sequence;
  Slot& slot = slots_[second ? 1 : 0];
  uint64_t sequence = slots_[second ? 0 : 1].sequence + 1;
  FlightJson json = {{"version", 2}, {"sequence", sequence}, {"moves", FlightJson::array()}, {"tags", flight.tags}};
  for (const Move& move : flight.moves)
    json["moves"].push_back({{"ref", move.ref}, {"from", move.from.hex()}, {"to", move.to.hex()}});
  slot.sequence = 0;
  std::string text = filled(json.dump(), kEnd);
  TRY_DO(write_over(slot.file, text, synced));
  if (synced && !slot.there) TRY_DO(sync_folder(slot.file.substr(0, slot.file.rfind('/'))));
  slot.there = slot.there || synced;
  slot.sequence = sequence;
  return ok();
}

Result<void> Journal::write(const Flight& flight) { return put(flight, true); }

Result<void> Journal::clear() {
  if (slots_[0].sequence == 0 && slots_[1].sequence == 0) return ok();
  return put(Flight{}, false);
}

std::optional<Tips> Journal::known() const {
  auto text = read_file(known_);
  if (!text) return std::nullopt;
  FlightJson json = FlightJson::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto main = oid_at(json, "main");
  auto deploy = oid_at(json, "deploy");
  auto ledger = oid_at(json, "ledger");
  if (!main || !deploy || !ledger) return std::nullopt;
  return Tips{*main, *deploy, *ledger};
}

Result<void> Journal::remember(const Tips& tips) {
  FlightJson json = {{"main", tips.main.hex()}, {"deploy", tips.deploy.hex()}, {"ledger", tips.ledger.hex()}};
  return write_over(known_, filled(json.dump(), "\n"), false);
}

}  // namespace autonomous::store
