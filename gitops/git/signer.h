// Signer and AllowedSigners: SSH signatures (SSHSIG), as git makes and checks them with gpg.format=ssh.
//
// A Signer holds a private Ed25519 key in memory and may be used by several threads. Signatures of Ed25519 keys are
// deterministic: the same bytes give the same signature.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous::git {

class Signer {
 public:
  // Reads an unencrypted Ed25519 key in OpenSSH's format (what ssh-keygen writes). kInvalid for others, kNotFound.
  static Result<Signer> load(const std::string& path);
  static Result<Signer> parse(std::string_view openssh_private_key);
  // The same; where the file isn't there, makes a key first: <path> (0600) and <path>.pub, durably.
  static Result<Signer> load_or_make(const std::string& path, std::string_view comment = "autonomous");

  // The armoured signature, as in a commit's gpgsig, with a final newline.
  Result<std::string> sign(std::string_view bytes, std::string_view name_space = "git") const;

  std::string public_line() const;                                     // ssh-ed25519 AAAA… comment
  std::string allowed_signers_line(std::string_view principal) const;  // principal namespaces="git" ssh-ed25519 AAAA…
  std::string fingerprint() const;                                     // SHA256:…

 private:
  struct Key;
  explicit Signer(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

// What a check found. `good` counts; the rest explains.
struct Verdict {
  bool good = false;
  std::string principal;    // the allowed signer's name, where good
  std::string fingerprint;  // SHA256:… of the key that signed, where the signature could be read
  std::string reason;       // why not, for people; empty where good
  // The signature is right for its key (whether or not that key is allowed).
  bool intact = false;
};

// An allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS): patterns, namespaces=, valid-after=, valid-before=.
// Keys: ssh-ed25519, sk-ssh-ed25519@openssh.com, ecdsa-sha2-nistp256/384/521, ssh-rsa (2048 bits and more).
// cert-authority lines are refused. Immutable.
class AllowedSigners {
 public:
  // kInvalid with file and line.
  static Result<AllowedSigners> parse(std::string_view text, std::string_view file = "allowed_signers");
  // identity: "" accepts any principal. at: the moment that the validity of keys is judged at; nothing: not judged.
  Verdict verify(std::string_view bytes, std::string_view armoured, std::string_view name_space = "git",
                 std::string_view identity = "", std::optional<Time> at = std::nullopt) const;
  bool empty() const;

  struct Line;

 private:
  std::shared_ptr<const std::vector<Line>> lines_;
};

// SHA256:… of an SSH public key line or of the key that made an armoured signature.
Result<std::string> key_fingerprint(std::string_view public_line);
Result<std::string> signature_fingerprint(std::string_view armoured);

}  // namespace autonomous::git
