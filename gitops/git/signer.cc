#include "gitops/git/signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/ssh_wire.h"

namespace autonomous::git {

namespace {

constexpr std::string_view kKeyMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kKeyBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view kKeyEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::string_view kType = "ssh-ed25519";
constexpr size_t kSeedBytes = 32;

std::string key_blob(std::string_view public_key) {
  std::string blob;
  put_string(blob, kType);
  put_string(blob, public_key);
  return blob;
}

Result<std::string> random_bytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    return fail(Code::kInternal, "the system gives no random numbers");
  }
  return bytes;
}

// What ssh-keygen writes for a key without a passphrase.
Result<std::string> private_file(std::string_view seed, std::string_view public_key, std::string_view comment) {
  TRY(std::string check, random_bytes(4));
  std::string inner = check + check;
  put_string(inner, kType);
  put_string(inner, public_key);
  put_string(inner, std::string(seed) + std::string(public_key));
  put_string(inner, comment);
  for (char pad = 1; inner.size() % 8 != 0; ++pad) inner += pad;
  std::string blob(kKeyMagic);
  put_string(blob, "none");
  put_string(blob, "none");
  put_string(blob, "");
  put_u32(blob, 1);
  put_string(blob, key_blob(public_key));
  put_string(blob, inner);
  std::string text = base64_encode(blob), out = std::string(kKeyBegin) + "\n";
  for (size_t at = 0; at < text.size(); at += 70) out += text.substr(at, 70) + "\n";
  return out + std::string(kKeyEnd) + "\n";
}

}  // namespace

struct Signer::Key {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};
  std::string public_key;
  std::string comment;

  static Result<std::shared_ptr<const Key>> make(std::string_view seed, std::string comment) {
    auto made = std::make_shared<Key>();
    made->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                                 reinterpret_cast<const unsigned char*>(seed.data()), seed.size()));
    made->public_key.resize(32);
    size_t size = 32;
    if (!made->key || EVP_PKEY_get_raw_public_key(
                          made->key.get(), reinterpret_cast<unsigned char*>(made->public_key.data()), &size) != 1) {
      return fail(Code::kInvalid, "no Ed25519 key");
    }
    made->comment = std::move(comment);
    return std::shared_ptr<const Key>(std::move(made));
  }
};

Result<Signer> Signer::parse(std::string_view text) {
  std::string_view body = trim(text);
  std::string encoded, blob;
  bool framed =
      starts_with(body, kKeyBegin) && ends_with(body, kKeyEnd) && body.size() > kKeyBegin.size() + kKeyEnd.size();
  if (framed) {
    for (char c : body.substr(kKeyBegin.size(), body.size() - kKeyBegin.size() - kKeyEnd.size())) {
      if (c != '\n' && c != '\r') encoded += c;
    }
  }
  if (!framed || !base64_decode(encoded, blob)) return fail(Code::kInvalid, "no private key in OpenSSH's format");
  WireReader fields(blob);
  bool magic = fields.take(kKeyMagic.size()) == kKeyMagic;
  std::string_view cipher = fields.string(), kdf = fields.string(), options = fields.string();
  if (magic && fields.ok() && (cipher != "none" || kdf != "none")) {
    return fail(Code::kInvalid, "the private key has a passphrase; a daemon needs one without");
  }
  bool one = options.empty() && fields.u32() == 1;
  std::string_view outer = fields.string();
  WireReader inner(fields.string());
  bool whole = magic && one && fields.at_end() && inner.u32() == inner.u32();
  std::string_view type = inner.string();
  if (whole && inner.ok() && type != kType)
    return fail(Code::kInvalid, "the private key is ", one_line(type, 40), "; ssh-ed25519 is needed");
  std::string_view public_key = inner.string(), private_key = inner.string(), comment = inner.string();
  if (!whole || !inner.ok() || private_key.size() != 2 * kSeedBytes || outer != key_blob(public_key)) {
    return fail(Code::kInvalid, "the private key is damaged");
  }
  TRY(auto key, Key::make(private_key.substr(0, kSeedBytes), std::string(comment)));
  if (key->public_key != public_key) return fail(Code::kInvalid, "the private key is damaged: its halves don't match");
  OPENSSL_cleanse(blob.data(), blob.size());
  OPENSSL_cleanse(encoded.data(), encoded.size());
  return Signer(std::move(key));
}

Result<Signer> Signer::load(const std::string& path) {
  TRY(std::string text, read_file(path, 64u << 10));
  TRY_WITH(Signer signer, "while reading the key " + path, parse(text));
  OPENSSL_cleanse(text.data(), text.size());
  return signer;
}

Result<Signer> Signer::load_or_make(const std::string& path, std::string_view comment) {
  if (exists(path)) return load(path);
  TRY(std::string seed, random_bytes(kSeedBytes));
  TRY(auto key, Key::make(seed, std::string(comment)));
  TRY(std::string text, private_file(seed, key->public_key, comment));
  Signer signer(std::move(key));
  // The public half first: with the private one there, both are.
  TRY_DO(write_file_durable(path + ".pub", signer.public_line() + "\n", 0644));
  TRY_DO(write_file_durable(path, text, 0600));
  OPENSSL_cleanse(seed.data(), seed.size());
  OPENSSL_cleanse(text.data(), text.size());
  return signer;
}

Result<std::string> Signer::sign(std::string_view bytes, std::string_view name_space) const {
  TRY(std::string message, signed_bytes(name_space, "sha512", bytes));
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string made(64, '\0');
  size_t size = made.size();
  bool done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->key.get()) == 1 &&
              EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(made.data()), &size,
                             reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  if (!done || size != made.size()) return fail(Code::kInternal, "OpenSSL cannot sign");
  std::string inner, blob = "SSHSIG";
  put_string(inner, kType);
  put_string(inner, made);
  put_u32(blob, 1);
  put_string(blob, key_blob(key_->public_key));
  put_string(blob, name_space);
  put_string(blob, "");
  put_string(blob, "sha512");
  put_string(blob, inner);
  return armour(blob);
}

std::string Signer::public_line() const {
  std::string line = std::string(kType) + " " + base64_encode(key_blob(key_->public_key));
  return key_->comment.empty() ? line : line + " " + one_line(key_->comment);
}

std::string Signer::allowed_signers_line(std::string_view principal) const {
  return std::string(principal) + " namespaces=\"git\" " + std::string(kType) + " " +
         base64_encode(key_blob(key_->public_key));
}

std::string Signer::fingerprint() const { return fingerprint_of(key_blob(key_->public_key)); }

Result<std::string> key_fingerprint(std::string_view public_line) {
  TRY(std::string blob, key_blob_of_line(public_line));
  return fingerprint_of(blob);
}

Result<std::string> signature_fingerprint(std::string_view armoured) {
  TRY(SshSignature signature, parse_signature(armoured));
  return fingerprint_of(signature.key_blob);
}

}  // namespace autonomous::git
