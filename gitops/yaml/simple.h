// Simple: a quick scanner for the plain part of YAML, which is nearly all that charts are written in and all that they
// render to: block maps and lists by indentation, plain and block scalars, quoted ones on one line, comments, `{}`,
// `[]` and lists of words in brackets. libyaml takes some 130 instructions a byte, and most of a render; this takes a
// tenth of that.
//
// It says either exactly what libyaml would say, event by event, or nothing: anchors, tags, flow maps, quoted
// scalars over several lines, several documents, tabs, and everything that might be an error are left to libyaml. So it
// has no errors, and whoever doubts it compares the two (tests/unit/gitops/yaml/simple_test.cc does, on texts mangled
// at random).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/yaml/events.h"

namespace autonomous::yaml {

struct SimpleEvent {
  Event::Type type = Event::Type::kStreamEnd;
  Style style = Style::kPlain;
  bool implicit = false;  // of a scalar: its text decides what it is; of a document: without `---`
  std::string_view text;  // of a scalar; in the text that was read, or in the pool
};

// The events of one text, kStreamEnd included. Views into the text, which must outlive this.
class SimpleEvents {
 public:
  // False: not in the plain part, or beyond the limits; events() is then rubbish.
  bool scan(std::string_view text, const Limits& limits);
  const std::vector<SimpleEvent>& events() const { return events_; }

 private:
  std::vector<SimpleEvent> events_;
  std::deque<std::string> pool_;  // texts that differ from what is written: escapes, folded lines
};

}  // namespace autonomous::yaml
