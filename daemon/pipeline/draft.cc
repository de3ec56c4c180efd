#include "daemon/pipeline/draft.h"

#include "daemon/pipeline/gates.h"

namespace autonomous::daemon {

store::Author author_of(const Wish& wish) {
  bool pushed = wish.source && wish.trigger == model::Trigger::kPush && !wish.promoted_from;
  if (!wish.by.name.empty() && !pushed) return {wish.by.name, wish.by.email, std::nullopt};
  if (!wish.source) return {wish.by.name, wish.by.email, std::nullopt};
  return {wish.source->author.name, wish.source->author.email, Time(std::chrono::seconds(wish.source->author.seconds))};
}

store::Draft draft_of(const Wish& wish, const store::TargetState* state) {
  store::Draft draft;
  draft.target = wish.target;
  draft.author = author_of(wish);
  if (wish.source) {
    draft.subject = wish.source->subject;
    draft.quoted = wish.source->message;
    draft.source_author = wish.source->author.name + " <" + wish.source->author.email + ">";
  }
  draft.artifact = artifact_of(wish);
  draft.intent = wish.intent;
  draft.on_number = state != nullptr ? state->last_number : 0;
  draft.on_main = wish.view->tip.hex();
  draft.past_hold = wish.past_hold;
  draft.hold = wish.decision;
  draft.even_unchanged = wish.retry_of.has_value() || wish.retire;
  return draft;
}

}  // namespace autonomous::daemon
