// Options of the verbs: one table, from which parsing, help and completion follow.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::daemon {

struct OptionSpec {
  std::string names;  // "-e,--environment"
  std::string value;  // "ENV"; empty: a flag
  std::string help;
  // What completes its value: "" | "file" | "folder" | "environment" | "a|b|c"
  std::string completes = "";
  std::string key() const;  // "environment"
};

struct WordSpec {
  std::string name;  // "TARGET"
  std::string help;
  bool required = false;
  bool many = false;
  std::string completes = "";  // as above, or "target" | "release"
};

struct Options {
  std::vector<std::string> words;
  std::map<std::string, std::string> values;  // by key; flags hold "true"
  bool has(const std::string& key) const { return values.contains(key); }
  std::string get(const std::string& key, const std::string& otherwise = "") const {
    auto found = values.find(key);
    return found == values.end() ? otherwise : found->second;
  }
};

struct VerbSpec {
  std::string name;
  std::string summary;  // one line
  std::string details;  // a paragraph or none
  std::vector<WordSpec> words;
  std::vector<OptionSpec> options;
  std::vector<std::pair<std::string, std::string>> examples;  // command, what it does
};

// kInvalid with the message and what is near; help: set where --help was asked for, with the text to print.
Result<Options> parse_options(const VerbSpec& verb, const std::vector<std::string>& arguments, std::string& help);

}  // namespace autonomous::daemon
