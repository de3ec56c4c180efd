// Flags: command line flags as spf13/pflag reads them, with its error texts. Small on purpose: the front starts with
// it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::helm {

// strconv.ParseBool, with its error.
Result<bool> parse_bool(std::string_view text);

class Flags {
 public:
  enum class Kind : uint8_t { kBool, kString, kStringArray, kStringSlice, kStringToString, kDuration, kInt, kFloat };

  struct Flag {
    std::string_view name;
    char letter = 0;
    Kind kind = Kind::kString;
    std::string_view usage{};  // "" hides it from help
    void* into = nullptr;      // bool*, std::string* or std::vector<std::string>*, by kind; may be null: only checked
    std::string_view bare_value{};  // what `--flag` alone means ("" = it needs an argument); bools: "true"
    std::string_view deprecated{};  // the notice that its use prints
    // What else its value has to be; may give notices of its own. Null: nothing.
    Result<void> (*check)(const std::string& value, std::vector<std::string>& notices) = nullptr;
    bool given = false;
  };

  Flags() = default;
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  void add(Flag flag) { flags_.push_back(flag); }
  // Parses all; what is no flag goes to `rest`. Deprecation notices go to `notices`, a line each.
  Result<void> parse(const std::vector<std::string>& arguments, std::vector<std::string>& rest,
                     std::vector<std::string>& notices);
  bool given(std::string_view name) const;
  bool asks_help() const { return help_; }  // asked for anywhere, as long as the rest is right
  std::string usages() const;               // aligned lines for --help

 private:
  Flag* find(std::string_view name);
  Flag* find(char letter);
  Result<void> set(Flag& flag, const std::string& value, std::vector<std::string>& notices);
  Result<void> parse_long(const std::string& argument, const std::vector<std::string>& arguments, size_t& at,
                          std::vector<std::string>& notices);
  Result<void> parse_short(const std::string& argument, const std::vector<std::string>& arguments, size_t& at,
                           std::vector<std::string>& notices);

  std::vector<Flag> flags_;
  bool help_ = false;
  Flag help_flag_{.name = "help", .letter = 'h', .kind = Kind::kBool, .into = &help_};
};

}  // namespace autonomous::helm
