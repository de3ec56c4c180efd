// Random texts. A release draws them from a generator seeded by its inputs: the same inputs give the same bytes, so
// they are no secrets there. Elsewhere they come from the system.
#include <openssl/rand.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gitops/base/digest.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/random.h"
#include "render/funcs/slots.h"
#include "render/template/unicode.h"

namespace autonomous::render {

// Blocks of SHA-256(seed, counter): the same on every machine and with every standard library.
class Generator {
 public:
  explicit Generator(std::string seed) : seed_(std::move(seed)) {}

  uint8_t byte(bool deterministic) {
    if (at_ == block_.size()) {
      refill(deterministic);
      at_ = 0;
    }
    return static_cast<uint8_t>(block_[at_++]);
  }

 private:
  void refill(bool deterministic) {
    if (deterministic) {
      Sha256 hash;
      hash.add_field(seed_);
      hash.add_field(std::to_string(counter_++));
      auto digest = hash.finish();
      block_.assign(reinterpret_cast<const char*>(digest.data()), digest.size());
      return;
    }
    block_.resize(256);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(block_.data()), static_cast<int>(block_.size())) != 1) {
      throw std::runtime_error("the system gives no random bytes");
    }
  }

  std::string seed_, block_;
  size_t at_ = 0;
  uint64_t counter_ = 0;
};

std::string random_bytes(Context& cx, size_t count) {
  auto& slot = cx.slot(kRandomSlot);
  if (slot == nullptr) slot = std::make_shared<Generator>(cx.options().seed);
  auto& generator = *static_cast<Generator*>(slot.get());
  std::string out(count, '\0');
  for (char& c : out) c = static_cast<char>(generator.byte(cx.options().deterministic));
  return out;
}

namespace {

// Even over [0, bound); bound > 0.
uint64_t below(Context& cx, uint64_t bound) {
  uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    uint64_t number = 0;
    for (char c : random_bytes(cx, 8)) number = number << 8 | static_cast<uint8_t>(c);
    if (number < limit) return number % bound;
  }
}

constexpr int64_t kMostRandom = 1 << 24;

Value random_text(Context& cx, int64_t count, std::string_view alphabet) {
  if (count <= 0) return Value::of("");  // sprig drops the error for a negative count
  if (count > kMostRandom) return cx.fail_limit("random text is too long");
  std::string out;
  for (int64_t i = 0; i < count; ++i) out += alphabet[below(cx, alphabet.size())];
  return cx.text(out);
}

constexpr std::string_view kDigitsLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

Value func_rand_alpha_num(Context& cx, Args args) { return random_text(cx, args[0].integer(), kDigitsLetters); }
Value func_rand_alpha(Context& cx, Args args) { return random_text(cx, args[0].integer(), kDigitsLetters.substr(10)); }
Value func_rand_numeric(Context& cx, Args args) {
  return random_text(cx, args[0].integer(), kDigitsLetters.substr(0, 10));
}
Value func_rand_ascii(Context& cx, Args args) {
  std::string printable;
  for (char c = ' '; c <= '~'; ++c) printable += c;
  return random_text(cx, args[0].integer(), printable);
}

Value func_rand_bytes(Context& cx, Args args) {
  int64_t count = args[0].integer();
  if (count < 0) return cx.fail("runtime error: makeslice: len out of range");
  if (count > kMostRandom) return cx.fail_limit("random text is too long");
  return cx.text(base64_encode(random_bytes(cx, static_cast<size_t>(count))));
}

Value func_rand_int(Context& cx, Args args) {
  auto gap = static_cast<int64_t>(static_cast<uint64_t>(args[1].integer()) - static_cast<uint64_t>(args[0].integer()));
  if (gap <= 0) return cx.fail("invalid argument to Intn");
  return Value::of_int(
      static_cast<int64_t>(below(cx, static_cast<uint64_t>(gap)) + static_cast<uint64_t>(args[0].integer())));
}

Value func_shuffle(Context& cx, Args args) {
  std::vector<char32_t> runes;
  for (std::string_view rest = args[0].string(); !rest.empty();) {
    Rune rune = decode_rune(rest);
    runes.push_back(rune.value);
    rest.remove_prefix(rune.size);
  }
  if (!cx.spend(runes.size())) return {};
  for (size_t i = runes.size(); i > 1; --i) std::swap(runes[i - 1], runes[below(cx, i)]);
  std::string out;
  for (char32_t rune : runes) append_rune(out, rune);
  return cx.text(out);
}

Value func_uuidv4(Context& cx, Args) {
  std::string bytes = random_bytes(cx, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[static_cast<uint8_t>(bytes[i]) >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return cx.text(out);
}

constexpr Function kRandom[] = {
    {"randAlpha", params(Type::kInt), func_rand_alpha},
    {"randAlphaNum", params(Type::kInt), func_rand_alpha_num},
    {"randAscii", params(Type::kInt), func_rand_ascii},
    {"randBytes", params(Type::kInt), func_rand_bytes},
    {"randInt", params(Type::kInt, Type::kInt), func_rand_int},
    {"randNumeric", params(Type::kInt), func_rand_numeric},
    {"shuffle", params(kText), func_shuffle},
    {"uuidv4", params(), func_uuidv4},
};

}  // namespace

Family random_functions() { return kRandom; }

}  // namespace autonomous::render
