// What text goes through when sigs.k8s.io/yaml turns a value to JSON and reads that JSON as YAML: internal to the
// reader and the emitter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace autonomous::yaml {

// encoding/json's: each byte that isn't UTF-8 becomes U+FFFD.
std::string to_valid_utf8(std::string_view text);

// `text` after json.Marshal and yaml.v2's reading of the quoted JSON string: U+0085 is a line break there and folds
// into a space. nullopt where yaml.v2 refuses the JSON ("control characters are not allowed": \x7f, C1, U+FFFE …).
std::optional<std::string> through_json(std::string_view text);

// Whether the text is all of printable ASCII, \n, \r and \t: then through_json changes nothing.
bool is_plain_ascii(std::string_view text);

// The characters of the quoted JSON string: yaml.v2 takes no key of more than 1024.
size_t json_length(std::string_view text);

// The character at `at`; its length in bytes, or 0 where it isn't valid UTF-8.
size_t decode_rune(std::string_view text, size_t at, uint32_t& rune);

}  // namespace autonomous::yaml
