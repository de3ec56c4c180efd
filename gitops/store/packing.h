// Packing of texts and numbers into bytes of a cache, and back. Internal to this module; a reader never reads beyond
// its bytes, whatever they hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace autonomous::store {

void pack_number(std::string& out, uint64_t number);
// A digest at the end ("sha256:<64 hex>") takes 32 bytes.
void pack_text(std::string& out, std::string_view text);

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  uint64_t number();
  std::string text();
  // A number of things that are still to come: never more than there are bytes.
  size_t count();
  std::string_view raw(size_t size);
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace autonomous::store
