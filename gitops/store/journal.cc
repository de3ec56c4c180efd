#include "gitops/store/journal.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::store {

namespace {

using FlightJson = nlohmann::json;

Result<git::Oid> oid_at(const FlightJson& json, const char* key) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return fail(Code::kCorrupt, "the journal has no ", key);
  return git::Oid::parse(found->get_ref<const std::string&>());
}

std::string plain_name(std::string name) {
  for (char& c : name) c = c == '/' ? '-' : c;
  return name;
}

}  // namespace

Result<Journal> Journal::open(const std::string& folder, const std::string& name) {
  TRY_DO(make_folders(folder, 0700));
  std::string base = folder + "/" + plain_name(name);
  return Journal(base + ".flight.json", base + ".tips.json");
}

Result<std::optional<Flight>> Journal::read() const {
  if (!exists(flight_)) return std::optional<Flight>();
  TRY(std::string text, read_file(flight_));
  FlightJson json = FlightJson::parse(text, nullptr, false);
  auto corrupt = [&] { return fail(Code::kCorrupt, "the journal ", flight_, " is damaged"); };
  if (!json.is_object() || !json["moves"].is_array() || !json["tags"].is_array()) return corrupt();
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
  return std::optional<Flight>(std::move(flight));
}

Result<void> Journal::write(const Flight& flight) {
  FlightJson json = {{"version", 1}, {"moves", FlightJson::array()}, {"tags", flight.tags}};
  for (const Move& move : flight.moves)
    json["moves"].push_back({{"ref", move.ref}, {"from", move.from.hex()}, {"to", move.to.hex()}});
  return write_file_durable(flight_, json.dump(1) + "\n", 0600);
}

Result<void> Journal::clear() {
  if (unlink(flight_.c_str()) != 0 && errno != ENOENT) return fail(Code::kUnavailable, "cannot remove ", flight_);
  return ok();
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
  return write_file(known_, json.dump() + "\n", 0600);
}

}  // namespace autonomous::store
