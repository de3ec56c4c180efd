// The two kinds of file patterns that helm knows: Go's filepath.Match (.helmignore, --show-only), and gobwas globs with
// '/' as the separator (.Files.Glob).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace autonomous::helm {

// filepath.Match: '*' and '?' stop at '/', [classes] with ranges and '^', '\' escapes. nullopt: "syntax error in
// pattern" (as Go, only where matching comes across the error, or at the pattern's end).
std::optional<bool> path_match(std::string_view pattern, std::string_view name);

// A gobwas glob, compiled with separator '/': '*' within a part, '**' across parts, '?', [abc] [!a-z], {a,b,{c,d}},
// '\'.
class Glob {
 public:
  // nullopt where gobwas refuses the pattern.
  static std::optional<Glob> compile(std::string_view pattern);
  bool match(std::string_view name) const;

 private:
  std::string pattern_;
};

// Go's path.Base and path.Clean.
std::string_view base_name(std::string_view path);
std::string clean_path(std::string_view path);

}  // namespace autonomous::helm
