#include "gitops/model/entry.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "gitops/base/text.h"

namespace autonomous::model {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 25> kTypes = {
    "release", "failed",           "outcome", "unchanged",  "orphaned", "found",  "taken-on", "hold",     "resume",
    "propose", "approve",          "reject",  "cancel",     "mark-bad", "unmark", "freeze",   "unfreeze", "break-glass",
    "drift",   "rewrite-accepted", "key",     "tag-window", "moved",    "ask",    "burnt"};
constexpr std::array<std::string_view, 6> kVerdicts = {"healthy",   "failed",   "superseded",
                                                       "cancelled", "rejected", "unverified"};
constexpr size_t kMaxTextBytes = 64 * 1024;
constexpr int kVersion = 1;

bool is_oid_text(std::string_view text) { return text.size() == 40 && is_hex(text); }

template <size_t N>
std::optional<size_t> position(const std::array<std::string_view, N>& names, std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

// The texts of an entry and their keys: one table for both ways. Order is the order on the line.
struct TextField {
  std::string_view key;
  std::string Entry::*member;
};
constexpr std::array<TextField, 16> kFactTexts = {{{"artifact", &Entry::artifact},
                                                   {"input_digest", &Entry::input_digest},
                                                   {"intent", &Entry::intent},
                                                   {"subject", &Entry::subject},
                                                   {"author", &Entry::author},
                                                   {"tree", &Entry::tree},
                                                   {"previous", &Entry::previous},
                                                   {"step", &Entry::step},
                                                   {"resource", &Entry::resource},
                                                   {"reason", &Entry::reason},
                                                   {"looked_at", &Entry::looked_at},
                                                   {"key", &Entry::key},
                                                   {"origin", &Entry::origin},
                                                   {"image", &Entry::image},
                                                   {"role", &Entry::role},
                                                   {"signature", &Entry::signature}}};
constexpr std::array<TextField, 4> kDecisionTexts = {
    {{"id", &Entry::id}, {"because", &Entry::because}, {"ticket", &Entry::ticket}, {"scope", &Entry::scope}}};

Result<void> put_text(Json& json, std::string_view key, const std::string& value) {
  if (value.empty()) return ok();
  if (value.size() > kMaxTextBytes) return fail(Code::kLimit, "ledger entry: ", key, " is longer than 64 KiB");
  if (!is_utf8(value)) return fail(Code::kInvalid, "ledger entry: ", key, " is not UTF-8");
  json[std::string(key)] = value;
  return ok();
}

Result<void> put_oid(Json& json, std::string_view key, const std::string& value) {
  if (!value.empty() && !is_oid_text(value))
    return fail(Code::kInvalid, "ledger entry: ", key, " '", one_line(value, 60), "' is no oid");
  return put_text(json, key, value);
}

Result<void> put_source(Json& json, const SourceFact& source) {
  Json object;
  TRY_DO(put_text(object, "url", source.url));
  TRY_DO(put_oid(object, "commit", source.commit));
  TRY_DO(put_text(object, "ref", source.ref));
  json["source"] = std::move(object);
  return ok();
}

Result<void> put_who(Json& json, const Who& who) {
  Json object;
  TRY_DO(put_text(object, "name", who.name));
  TRY_DO(put_text(object, "email", who.email));
  TRY_DO(put_text(object, "how", who.how));
  json["by"] = std::move(object);
  return ok();
}

Result<void> put_steps(Json& json, const std::vector<StepTime>& steps) {
  if (steps.empty()) return ok();
  Json object = Json::object();
  for (const StepTime& step : steps) {
    if (step.name.empty() || !is_utf8(step.name)) return fail(Code::kInvalid, "ledger entry: a step has no name");
    object[step.name] = step.took.count();
  }
  json["steps_ms"] = std::move(object);
  return ok();
}

// ---- reading. Every helper leaves the value alone where the key is absent.

Error bad(std::string_view key) { return fail(Code::kInvalid, "ledger entry: '", key, "' is not what it should be"); }

Result<void> get_text(const Json& json, std::string_view key, std::string& into) {
  auto found = json.find(key);
  if (found == json.end()) return ok();
  if (!found->is_string()) return bad(key);
  into = found->get_ref<const std::string&>();
  if (into.size() > kMaxTextBytes) return bad(key);
  return ok();
}

Result<void> get_oid(const Json& json, std::string_view key, std::string& into) {
  TRY_DO(get_text(json, key, into));
  if (!into.empty() && !is_oid_text(into)) return bad(key);
  return ok();
}

Result<void> get_time(const Json& json, std::string_view key, std::optional<Time>& into) {
  std::string text;
  TRY_DO(get_text(json, key, text));
  if (text.empty()) return ok();
  TRY(into, parse_time(text));
  return ok();
}

Result<void> get_source(const Json& json, Entry& entry) {
  auto found = json.find("source");
  if (found == json.end()) return ok();
  if (!found->is_object()) return bad("source");
  SourceFact source;
  TRY_DO(get_text(*found, "url", source.url));
  TRY_DO(get_oid(*found, "commit", source.commit));
  TRY_DO(get_text(*found, "ref", source.ref));
  entry.source = std::move(source);
  return ok();
}

Result<void> get_who(const Json& json, Entry& entry) {
  auto found = json.find("by");
  if (found == json.end()) return ok();
  if (!found->is_object()) return bad("by");
  Who who;
  TRY_DO(get_text(*found, "name", who.name));
  TRY_DO(get_text(*found, "email", who.email));
  TRY_DO(get_text(*found, "how", who.how));
  entry.by = std::move(who);
  return ok();
}

Result<void> get_steps(const Json& json, Entry& entry) {
  auto found = json.find("steps_ms");
  if (found == json.end()) return ok();
  if (!found->is_object()) return bad("steps_ms");
  for (const auto& [name, took] : found->items()) {
    if (!took.is_number_integer()) return bad("steps_ms");
    entry.steps.push_back({name, Millis(took.get<int64_t>())});
  }
  return ok();
}

Result<void> get_head(const Json& json, Entry& entry) {
  std::string type, target;
  TRY_DO(get_text(json, "type", type));
  TRY(entry.type, parse_entry_type(type));
  std::optional<Time> time;
  TRY_DO(get_time(json, "time", time));
  if (!time) return bad("time");
  entry.time = *time;
  TRY_DO(get_text(json, "target", target));
  if (!target.empty()) {
    TRY(entry.target, Target::parse(target));
  }
  if (auto number = json.find("number"); number != json.end()) {
    if (!number->is_number_unsigned() || number->get<uint64_t>() == 0 || number->get<uint64_t>() > UINT32_MAX)
      return bad("number");
    entry.number = number->get<uint32_t>();
  }
  return get_time(json, "until", entry.until);
}

Result<void> get_names(const Json& json, Entry& entry) {
  std::string trigger, verdict;
  TRY_DO(get_text(json, "trigger", trigger));
  if (!trigger.empty()) {
    TRY(entry.trigger, parse_trigger(trigger));
  }
  TRY_DO(get_text(json, "verdict", verdict));
  if (!verdict.empty()) {
    TRY(entry.verdict, parse_verdict(verdict));
  }
  if (auto removed = json.find("removed"); removed != json.end()) {
    if (!removed->is_boolean()) return bad("removed");
    entry.removed = removed->get<bool>();
  }
  return ok();
}

// What each type cannot do without.
Result<void> check(const Entry& entry) {
  auto need = [&](bool there, std::string_view what) -> Result<void> {
    if (there) return ok();
    return fail(Code::kInvalid, "ledger entry of type ", entry_type_name(entry.type), ": ", what, " is missing");
  };
  switch (entry.type) {
    case EntryType::kRelease:
      TRY_DO(need(entry.target && entry.number > 0, "the release"));
      TRY_DO(need(!entry.commit.empty(), "the commit"));
      return need(!entry.tag.empty(), "the tag");
    case EntryType::kOutcome:
      TRY_DO(need(entry.target && entry.number > 0, "the release"));
      return need(entry.verdict.has_value(), "the verdict");
    case EntryType::kHold:
    case EntryType::kResume:
    case EntryType::kFailed:
    case EntryType::kUnchanged:
    case EntryType::kOrphaned:
    case EntryType::kFound:
    case EntryType::kTakenOn:
    case EntryType::kDrift: return need(entry.target.has_value(), "the target");
    case EntryType::kBurnt: return need(entry.target && entry.number > 0, "the number");
    case EntryType::kMarkBad:
    case EntryType::kUnmark: return need(!entry.artifact.empty(), "the artifact");
    case EntryType::kPropose:
      TRY_DO(need(entry.target.has_value() || !entry.scope.empty(), "the target"));
      TRY_DO(need(!entry.id.empty(), "the proposal's id"));
      return need(!entry.tree.empty(), "the tree");
    case EntryType::kApprove:
    case EntryType::kReject:
      TRY_DO(need(entry.target.has_value() || !entry.scope.empty(), "the target"));
      TRY_DO(need(entry.by.has_value(), "who"));
      return need(!entry.id.empty(), "the proposal's id");
    case EntryType::kAsk:
      TRY_DO(need(entry.target.has_value(), "the target"));
      TRY_DO(need(entry.trigger.has_value(), "what it is"));
      return need(!entry.id.empty(), "its id");
    case EntryType::kCancel: return need(entry.target.has_value(), "the target");
    case EntryType::kBreakGlass:
      TRY_DO(need(entry.target.has_value(), "the target"));
      return need(!entry.because.empty(), "the reason");
    case EntryType::kFreeze:
    case EntryType::kUnfreeze: return need(entry.target.has_value() || !entry.scope.empty(), "the scope");
    case EntryType::kRewriteAccepted: return need(!entry.commit.empty(), "the commit");
    case EntryType::kKey: return need(!entry.key.empty(), "the key");
    case EntryType::kTagWindow: return need(entry.number > 0, "how many tags stay");
    case EntryType::kMoved:
      TRY_DO(need(entry.target.has_value(), "the target"));
      if (entry.removed) return need(Target::parse(entry.origin).has_value(), "the target that it went to");
      TRY_DO(need(ReleaseId::parse(entry.origin).has_value(), "the release that it continues"));
      return need(Target::parse(entry.scope).has_value(), "the target whose names it bears");
    default: return ok();
  }
}

Result<Json> entry_json(const Entry& entry) {
  Json json;
  json["v"] = kVersion;
  json["type"] = entry_type_name(entry.type);
  json["time"] = format_time(entry.time);
  if (entry.target) {
    TRY(Target target, Target::parse(entry.target->str()));
    json["target"] = target.str();
  }
  if (entry.number > 0) json["number"] = entry.number;
  TRY_DO(put_oid(json, "commit", entry.commit));
  if (entry.verdict) json["verdict"] = verdict_name(*entry.verdict);
  if (entry.by) TRY_DO(put_who(json, *entry.by));
  for (const TextField& field : kDecisionTexts) TRY_DO(put_text(json, field.key, entry.*field.member));
  if (entry.until) json["until"] = format_time(*entry.until);
  if (entry.trigger) json["trigger"] = trigger_name(*entry.trigger);
  if (entry.source) TRY_DO(put_source(json, *entry.source));
  for (const TextField& field : kFactTexts) TRY_DO(put_text(json, field.key, entry.*field.member));
  if (entry.removed) json["removed"] = true;
  TRY_DO(put_steps(json, entry.steps));
  TRY_DO(put_text(json, "tag", entry.tag));  // last: it is long
  return json;
}

}  // namespace

std::string_view entry_type_name(EntryType type) { return kTypes.at(static_cast<size_t>(type)); }

Result<EntryType> parse_entry_type(std::string_view name) {
  auto found = position(kTypes, name);
  if (!found) return fail(Code::kInvalid, "'", one_line(name, 40), "' is no type of a ledger entry");
  return static_cast<EntryType>(*found);
}

std::string_view verdict_name(Verdict verdict) { return kVerdicts.at(static_cast<size_t>(verdict)); }

Result<Verdict> parse_verdict(std::string_view name) {
  auto found = position(kVerdicts, name);
  if (!found) return fail(Code::kInvalid, "'", one_line(name, 40), "' is no outcome");
  return static_cast<Verdict>(*found);
}

Result<std::string> format_entry(const Entry& entry) {
  TRY_DO(check(entry));
  TRY(Json json, entry_json(entry));
  // Never throws: every text was checked to be UTF-8. Escapes line ends and control characters, so it is one line.
  return json.dump() + "\n";
}

Result<Entry> parse_entry(std::string_view line) {
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(Code::kInvalid, "ledger entry: '", one_line(line, 80), "' is no JSON object");
  auto version = json.find("v");
  if (version == json.end() || !version->is_number_integer()) return bad("v");
  if (version->get<int64_t>() != kVersion)
    return fail(Code::kInvalid, "ledger entry: written by a newer version of this program");
  Entry entry;
  TRY_DO(get_head(json, entry));
  TRY_DO(get_names(json, entry));
  TRY_DO(get_oid(json, "commit", entry.commit));
  TRY_DO(get_who(json, entry));
  TRY_DO(get_source(json, entry));
  for (const TextField& field : kDecisionTexts) TRY_DO(get_text(json, field.key, entry.*field.member));
  for (const TextField& field : kFactTexts) TRY_DO(get_text(json, field.key, entry.*field.member));
  TRY_DO(get_steps(json, entry));
  TRY_DO(get_text(json, "tag", entry.tag));
  TRY_DO(check(entry));
  return entry;
}

bool is_decision(EntryType type) {
  switch (type) {
    case EntryType::kHold:
    case EntryType::kResume:
    case EntryType::kPropose:
    case EntryType::kApprove:
    case EntryType::kReject:
    case EntryType::kCancel:
    case EntryType::kMarkBad:
    case EntryType::kUnmark:
    case EntryType::kFreeze:
    case EntryType::kUnfreeze:
    case EntryType::kBreakGlass:
    case EntryType::kAsk: return true;
    default: return false;
  }
}

}  // namespace autonomous::model
