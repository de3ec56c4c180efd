#include "daemon/pipeline/settle.h"

#include <string>
#include <variant>

#include "gitops/base/log.h"

namespace autonomous::daemon {

namespace {

// Who waits for it hears that a number was left out.
void say_burnt(const Flight& flight, uint32_t number) {
  model::ReleaseId id{flight.release.target, number};
  std::string text = "number " + std::to_string(number) + " is burnt: the tag " + id.tag() +
                     " is there already, and it is not the platform's";
  log(Level::kWarning, text, {{"target", id.target.str()}});
  for (const FollowerPtr& follower : flight.followers)
    follower->line({id.target.str(), 0, "commit", text, Progress::Tone::kWarning});
}

}  // namespace

void settle(Board& board, const Flight& flight, const store::DraftResult& result, Time verify_until) {
  std::string target = flight.release.target.str();
  if (const auto* released = std::get_if<store::Released>(&result)) {
    log(Level::kInfo, "released",
        {{"target", target},
         {"release", std::to_string(released->number)},
         {"commit", released->commit.hex()},
         {"source", flight.wish->commit()}});
    for (uint32_t number : released->burnt) say_burnt(flight, number);
    board.post(flight.id, model::Committed{released->number, released->commit.hex(), verify_until});
  } else if (const auto* duplicate = std::get_if<store::Duplicate>(&result)) {
    // Another daemon's, or our own, whose answer was lost.
    std::string what = "it is release " + std::to_string(duplicate->number) + " already";
    log(Level::kInfo, what,
        {{"target", target}, {"commit", duplicate->commit.hex()}, {"source", flight.wish->commit()}});
    board.post(flight.id, model::NothingChanged{what});
  } else if (std::holds_alternative<store::Unchanged>(result)) {
    log(Level::kInfo, "nothing changed", {{"target", target}, {"source", flight.wish->commit()}});
    board.post(flight.id, model::NothingChanged{});
  } else if (const auto* refused = std::get_if<store::Refused>(&result)) {
    log(Level::kWarning, "refused", {{"target", target}, {"error", refused->words}});
    board.post(flight.id, model::Refused{refused->words, false});
  } else if (const auto* postponed = std::get_if<store::Postponed>(&result)) {
    log(Level::kWarning, "sent again later", {{"target", target}, {"why", postponed->words}});
    board.post(flight.id, model::Refused{postponed->words, true});
  } else if (const auto* stale = std::get_if<store::Stale>(&result)) {
    log(Level::kInfo, "computed again", {{"target", target}, {"why", stale->why}});
    board.post(flight.id, model::Stale{});
  }
}

}  // namespace autonomous::daemon
