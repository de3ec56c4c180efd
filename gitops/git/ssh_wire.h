// SSH's binary encoding, keys and signatures: what Signer and AllowedSigners share (RFC 4251, PROTOCOL.sshsig,
// PROTOCOL.key, PROTOCOL.u2f of OpenSSH). Pure. Internal to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::git {

void put_u32(std::string& out, uint32_t value);
void put_string(std::string& out, std::string_view value);

// Reads fields; after the first failure everything is empty and ok() is false.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  uint32_t u32();
  uint8_t byte();
  std::string_view string();
  std::string_view take(size_t size);
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// SHA256:… as ssh-keygen -l prints it.
std::string fingerprint_of(std::string_view key_blob);

// "ssh-ed25519 AAAA… comment" → the key's blob; kInvalid.
Result<std::string> key_blob_of_line(std::string_view line);

struct SshSignature {
  std::string key_blob;
  std::string name_space;
  std::string hash;       // sha256 or sha512
  std::string signature;  // type and bytes
};
// kInvalid for what is no armoured SSHSIG of version 1.
Result<SshSignature> parse_signature(std::string_view armoured);
std::string armour(std::string_view blob);

// What the key really signs for a message.
Result<std::string> signed_bytes(std::string_view name_space, std::string_view hash, std::string_view message);
// True when the signature was made by the key over those bytes.
bool check_signature(const SshSignature& signature, std::string_view signed_bytes);

}  // namespace autonomous::git
