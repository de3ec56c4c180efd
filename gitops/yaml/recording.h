// Part of read.cc: nodes kept to be read again, because an anchor names them, because `<<` takes them in reverse order,
// or because an error has to show them. Aliases inside stay references: what they stand for is counted when replayed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/yaml/events.h"

namespace autonomous::yaml {

struct Recording;

// A node inside a recording: the item it starts at.
struct NodeRef {
  const Recording* recording = nullptr;
  uint32_t index = 0;
};

struct Recording {
  struct Item {
    Event::Type type;
    bool plain_implicit = false;
    uint32_t end = 0;   // one past the node's last item
    uint32_t text = 0;  // offsets into `pool`
    uint32_t text_size = 0;
    uint32_t tag = 0;
    uint32_t tag_size = 0;
    NodeRef target;  // of an alias; its text is the anchor's name
  };

  std::vector<Item> items;
  std::string pool;

  std::string_view text(const Item& item) const { return {pool.data() + item.text, item.text_size}; }
  std::string_view tag(const Item& item) const { return {pool.data() + item.tag, item.tag_size}; }
  uint32_t keep(std::string_view text) {
    pool += text;
    return static_cast<uint32_t>(pool.size() - text.size());
  }
};

using Anchors = std::map<std::string, NodeRef, std::less<>>;

// One step of a document, live or replayed. Texts live until the next step.
struct Step {
  Event::Type type = Event::Type::kStreamEnd;
  bool plain_implicit = false;
  std::string_view text;  // of an alias: the anchor's name
  std::string_view tag;
  std::string_view anchor;
  NodeRef target;                         // of an alias
  const Recording::Item* item = nullptr;  // where it was replayed from
};

}  // namespace autonomous::yaml
