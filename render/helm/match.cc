#include "render/helm/match.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace autonomous::helm {

namespace {

// One character of UTF-8 (or one bad byte, as Go's RuneError of width 1); advances `text`.
uint32_t take_rune(std::string_view& text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  size_t width = first < 0x80 ? 1 : (first >> 5) == 6 ? 2 : (first >> 4) == 14 ? 3 : (first >> 3) == 30 ? 4 : 0;
  if (width == 0 || width > text.size()) {
    text.remove_prefix(1);
    return 0xFFFD;
  }
  uint32_t rune = width == 1 ? first : first & (0x7F >> width);
  for (size_t i = 1; i < width; ++i) {
    if ((byte(i) >> 6) != 2) {
      text.remove_prefix(1);
      return 0xFFFD;
    }
    rune = rune << 6 | (byte(i) & 0x3F);
  }
  text.remove_prefix(width);
  return rune;
}

// The leading stars, then the text up to the next star that is not in a class (Go's scanChunk).
bool scan_chunk(std::string_view& pattern, std::string_view& chunk) {
  bool star = false;
  while (!pattern.empty() && pattern.front() == '*') {
    pattern.remove_prefix(1);
    star = true;
  }
  bool in_range = false;
  size_t i = 0;
  for (; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\') {
      if (i + 1 < pattern.size()) ++i;
    } else if (c == '[') {
      in_range = true;
    } else if (c == ']') {
      in_range = false;
    } else if (c == '*' && !in_range) {
      break;
    }
  }
  chunk = pattern.substr(0, i);
  pattern.remove_prefix(i);
  return star;
}

// A character of a class, perhaps escaped; nullopt for what Go calls ErrBadPattern.
std::optional<uint32_t> class_rune(std::string_view& chunk) {
  if (chunk.empty() || chunk.front() == '-' || chunk.front() == ']') return std::nullopt;
  if (chunk.front() == '\\') {
    chunk.remove_prefix(1);
    if (chunk.empty()) return std::nullopt;
  }
  std::string_view before = chunk;
  uint32_t rune = take_rune(chunk);
  if (rune == 0xFFFD && before.size() - chunk.size() == 1) return std::nullopt;
  if (chunk.empty()) return std::nullopt;
  return rune;
}

enum class Chunk : uint8_t { kMatched, kFailed, kBad };

// `chunk` begins after "[": whether `rune` is in the class.
Chunk match_class(std::string_view& chunk, uint32_t rune, bool& matched) {
  bool negated = false;
  if (!chunk.empty() && chunk.front() == '^') {
    negated = true;
    chunk.remove_prefix(1);
  }
  bool found = false;
  for (int ranges = 0;; ++ranges) {
    if (!chunk.empty() && chunk.front() == ']' && ranges > 0) {
      chunk.remove_prefix(1);
      break;
    }
    auto low = class_rune(chunk);
    if (!low) return Chunk::kBad;
    uint32_t high = *low;
    if (chunk.front() == '-') {
      chunk.remove_prefix(1);
      auto end = class_rune(chunk);
      if (!end) return Chunk::kBad;
      high = *end;
    }
    if (*low <= rune && rune <= high) found = true;
  }
  matched = found != negated;
  return Chunk::kMatched;
}

// Go's matchChunk: goes on checking the pattern's syntax after a failure.
Chunk match_chunk(std::string_view chunk, std::string_view& name) {
  bool failed = false;
  while (!chunk.empty()) {
    if (!failed && name.empty()) failed = true;
    if (failed && chunk.find_first_of("[\\") == std::string_view::npos) return Chunk::kFailed;
    switch (chunk.front()) {
      case '[': {
        uint32_t rune = 0;
        if (!failed) rune = take_rune(name);
        chunk.remove_prefix(1);
        bool matched = false;
        if (match_class(chunk, rune, matched) == Chunk::kBad) return Chunk::kBad;
        if (!matched) failed = true;
        break;
      }
      case '?':
        if (!failed) {
          if (name.front() == '/') failed = true;
          take_rune(name);
        }
        chunk.remove_prefix(1);
        break;
      case '\\':
        chunk.remove_prefix(1);
        if (chunk.empty()) return Chunk::kBad;
        [[fallthrough]];
      default:
        if (!failed) {
          if (chunk.front() != name.front()) failed = true;
          name.remove_prefix(1);
        }
        chunk.remove_prefix(1);
    }
  }
  return failed ? Chunk::kFailed : Chunk::kMatched;
}

}  // namespace

std::optional<bool> path_match(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    std::string_view chunk;
    bool star = scan_chunk(pattern, chunk);
    if (star && chunk.empty()) return name.find('/') == std::string_view::npos;
    std::string_view rest = name;
    Chunk result = match_chunk(chunk, rest);
    if (result == Chunk::kBad) return std::nullopt;
    if (result == Chunk::kMatched && (rest.empty() || !pattern.empty())) {
      name = rest;
      continue;
    }
    bool found = false;
    for (size_t i = 0; star && i < name.size() && name[i] != '/'; ++i) {
      rest = name.substr(i + 1);
      result = match_chunk(chunk, rest);
      if (result == Chunk::kBad) return std::nullopt;
      if (result != Chunk::kMatched) continue;
      if (pattern.empty() && !rest.empty()) continue;
      name = rest;
      found = true;
      break;
    }
    if (found) continue;
    return false;
  }
  return name.empty();
}

namespace {

// gobwas: the end of the class that begins at pattern[i] == '['; npos where it does not end.
size_t class_end(std::string_view pattern, size_t i) {
  size_t at = i + 1;
  if (at < pattern.size() && pattern[at] == '!') ++at;
  if (at < pattern.size() && pattern[at] == ']') return std::string_view::npos;
  while (at < pattern.size() && pattern[at] != ']') at += pattern[at] == '\\' ? 2 : 1;
  return at < pattern.size() ? at : std::string_view::npos;
}

bool glob_class(std::string_view body, uint32_t rune) {
  bool negated = !body.empty() && body.front() == '!';
  if (negated) body.remove_prefix(1);
  bool found = false;
  while (!body.empty()) {
    if (body.front() == '\\' && body.size() > 1) body.remove_prefix(1);
    uint32_t low = take_rune(body);
    uint32_t high = low;
    if (body.size() > 1 && body.front() == '-') {
      body.remove_prefix(1);
      high = take_rune(body);
    }
    if (low <= rune && rune <= high) found = true;
  }
  return found != negated;
}

// Splits the alternatives of "{…}" whose '{' is at pattern[i]; returns where '}' is, npos without one.
size_t alternatives(std::string_view pattern, size_t i, std::vector<std::string_view>* out) {
  size_t depth = 0;
  size_t start = i + 1;
  for (size_t at = i; at < pattern.size(); ++at) {
    char c = pattern[at];
    if (c == '\\') {
      ++at;
    } else if (c == '[') {
      size_t end = class_end(pattern, at);
      if (end == std::string_view::npos) return end;
      at = end;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      if (out != nullptr) out->push_back(pattern.substr(start, at - start));
      return at;
    } else if (c == ',' && depth == 1) {
      if (out != nullptr) out->push_back(pattern.substr(start, at - start));
      start = at + 1;
    }
  }
  return std::string_view::npos;
}

bool glob_match(std::string_view pattern, std::string_view name, uint32_t& fuel);

bool glob_star(std::string_view pattern, std::string_view name, uint32_t& fuel) {
  bool deep = pattern.size() > 1 && pattern[1] == '*';
  std::string_view rest = pattern.substr(deep ? 2 : 1);
  for (size_t i = 0;; ++i) {
    if (glob_match(rest, name.substr(i), fuel)) return true;
    if (i == name.size() || (!deep && name[i] == '/')) return false;
  }
}

bool glob_match(std::string_view pattern, std::string_view name, uint32_t& fuel) {
  if (fuel == 0) return false;
  --fuel;
  while (!pattern.empty()) {
    char c = pattern.front();
    if (c == '*') return glob_star(pattern, name, fuel);
    if (c == '{') {
      std::vector<std::string_view> choices;
      size_t end = alternatives(pattern, 0, &choices);
      for (std::string_view choice : choices) {
        std::string joined = std::string(choice) + std::string(pattern.substr(end + 1));
        if (glob_match(joined, name, fuel)) return true;
      }
      return false;
    }
    if (name.empty()) return false;
    if (c == '?') {
      if (name.front() == '/') return false;
      take_rune(name);
      pattern.remove_prefix(1);
    } else if (c == '[') {
      size_t end = class_end(pattern, 0);
      if (!glob_class(pattern.substr(1, end - 1), take_rune(name))) return false;
      pattern.remove_prefix(end + 1);
    } else {
      if (c == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      if (pattern.front() != name.front()) return false;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    }
  }
  return name.empty();
}

}  // namespace

std::optional<Glob> Glob::compile(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    size_t end = i;
    if (pattern[i] == '\\') {
      ++i;
      continue;
    }
    if (pattern[i] == '[') {
      end = class_end(pattern, i);
      if (end != std::string_view::npos) i = end;
    } else if (pattern[i] == '{') {
      end = alternatives(pattern, i, nullptr);
    }
    if (end == std::string_view::npos) return std::nullopt;
  }
  Glob glob;
  glob.pattern_ = pattern;
  return glob;
}

bool Glob::match(std::string_view name) const {
  uint32_t fuel = 1'000'000;  // a pattern with many stars and braces is exponential
  return glob_match(pattern_, name, fuel);
}

std::string_view base_name(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash != std::string_view::npos && path.size() > 1) path.remove_prefix(slash + 1);
  return path;
}

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  bool rooted = path.front() == '/';
  std::vector<std::string_view> parts;
  size_t at = 0;
  while (at <= path.size()) {
    size_t slash = std::min(path.find('/', at), path.size());
    std::string_view part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

}  // namespace autonomous::helm
