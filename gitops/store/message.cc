#include "gitops/store/message.h"

#include <map>

#include "gitops/base/text.h"

namespace autonomous::store {

namespace {

constexpr size_t kMaxSubject = 100;
constexpr size_t kMaxNames = 500;

// Prose of ours may quote names of others: no line of it may be taken for anything but prose.
std::string prose_lines(std::string_view prose) {
  std::string out;
  for (std::string_view line : split(prose, '\n')) {
    std::string clean = model::clean_value(line, 1000);
    if (clean.empty()) {
      if (!out.empty() && !out.ends_with("\n\n")) out += "\n";
      continue;
    }
    if (clean.front() == '-' || clean.front() == '#') out += "    ";
    out += clean + "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string what_it_is(const model::Trailers& trailers, std::string_view subject) {
  std::string source;
  if (trailers.source) source = trailers.source->commit.substr(0, 7);
  std::string clean = model::clean_value(subject, kMaxSubject);
  if (!clean.empty()) source += (source.empty() ? "" : " ") + clean;
  std::string what;
  if (trailers.rollback_of) what = "rollback to " + std::to_string(trailers.rollback_of->number);
  if (what.empty()) what = source;
  else if (!source.empty()) what += ": " + source;
  return what.empty() ? std::string(model::trigger_name(trailers.trigger)) : what;
}

}  // namespace

std::string release_message(const model::Trailers& trailers, std::string_view block, std::string_view subject,
                            std::string_view prose, std::string_view quoted) {
  const model::ReleaseId& id = trailers.release;
  std::string out =
      id.target.str() + ": release " + std::to_string(id.number) + " (" + what_it_is(trailers, subject) + ")\n\n";
  for (const std::string& paragraph : {prose_lines(prose), model::indent_foreign(quoted)}) {
    if (!paragraph.empty()) out += paragraph + "\n";
  }
  out += "Undo: git revert " + id.tag() + "\n\n";
  return out.append(block);
}

std::string taken_on_message(const TakeOn& taken) {
  std::string out = taken.target.str() + ": " + model::clean_value(taken.what, kMaxSubject) + "\n";
  std::string because = model::indent_foreign(taken.because);
  if (!because.empty()) out += "\n" + because;
  return out;
}

std::string ledger_message(const std::vector<std::string>& names) {
  if (names.size() == 1) return names.front() + "\n";
  std::map<std::string, size_t> counts;
  for (const std::string& name : names) ++counts[name.substr(0, name.find(' '))];
  std::string out = std::to_string(names.size()) + " entries:";
  const char* separator = " ";
  for (const auto& [type, count] : counts) {
    out += separator + std::to_string(count) + " " + type;
    separator = ", ";
  }
  out += "\n\n";
  for (size_t i = 0; i < names.size() && i < kMaxNames; ++i) out += names[i] + "\n";
  if (names.size() > kMaxNames) out += "and " + std::to_string(names.size() - kMaxNames) + " more\n";
  return out;
}

git::Person person(std::string_view name, std::string_view email, Time time) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return {git::clean_name(model::clean_value(name, 200)), git::clean_name(model::clean_value(email, 200)), seconds, 0};
}

std::string person_text(const git::Person& person) { return model::Who::clean(person.name, person.email, "").str(); }

}  // namespace autonomous::store
