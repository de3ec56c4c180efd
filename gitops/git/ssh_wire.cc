#include "gitops/git/ssh_wire.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

#include <memory>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

constexpr std::string_view kMagic = "SSHSIG";
constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view kEnd = "-----END SSH SIGNATURE-----";
constexpr size_t kLongestSignature = 64u << 10;
constexpr size_t kFewestRsaBits = 2048;

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* handle) const {
    function(handle);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

std::string sha2(std::string_view hash, std::string_view bytes) {
  std::string out(hash == "sha512" ? SHA512_DIGEST_LENGTH : SHA256_DIGEST_LENGTH, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (hash == "sha512") {
    SHA512(raw(bytes), bytes.size(), to);
  } else {
    SHA256(raw(bytes), bytes.size(), to);
  }
  return out;
}

bool verify(EVP_PKEY* key, const EVP_MD* digest, std::string_view signature, std::string_view bytes) {
  DigestContext context(EVP_MD_CTX_new());
  return key != nullptr && context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(bytes), bytes.size()) == 1;
}

bool verify_ed25519(std::string_view public_key, std::string_view signature, std::string_view bytes) {
  if (public_key.size() != 32 || signature.size() != 64) return false;
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(public_key), public_key.size()));
  return verify(key.get(), nullptr, signature, bytes);
}

Key key_from(const char* type, OSSL_PARAM_BLD* builder) {
  Params params(OSSL_PARAM_BLD_to_param(builder));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return Key(key);
}

bool verify_rsa(WireReader key_fields, std::string_view type, std::string_view signature, std::string_view bytes) {
  std::string_view e = key_fields.string(), n = key_fields.string();
  if (!key_fields.at_end() || n.size() > 2049 || e.size() > 64) return false;
  Number exponent(BN_bin2bn(raw(e), static_cast<int>(e.size()), nullptr));
  Number modulus(BN_bin2bn(raw(n), static_cast<int>(n.size()), nullptr));
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!exponent || !modulus || !builder || static_cast<size_t>(BN_num_bits(modulus.get())) < kFewestRsaBits)
    return false;
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  Key key = key_from("RSA", builder.get());
  // ssh-rsa itself is SHA-1: never for signatures of this kind.
  const EVP_MD* digest = type == "rsa-sha2-512" ? EVP_sha512() : type == "rsa-sha2-256" ? EVP_sha256() : nullptr;
  if (digest == nullptr || !key) return false;
  std::string padded(signature);  // leading zeros may have been left out
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(key.get()));
  if (padded.size() < size) padded.insert(0, size - padded.size(), '\0');
  return verify(key.get(), digest, padded, bytes);
}

bool verify_ecdsa(WireReader key_fields, std::string_view type, std::string_view signature, std::string_view bytes) {
  std::string_view curve = key_fields.string(), point = key_fields.string();
  if (!key_fields.at_end() || type != "ecdsa-sha2-" + std::string(curve)) return false;
  const char* group = curve == "nistp256"   ? "prime256v1"
                      : curve == "nistp384" ? "secp384r1"
                      : curve == "nistp521" ? "secp521r1"
                                            : nullptr;
  const EVP_MD* digest = curve == "nistp256" ? EVP_sha256() : curve == "nistp384" ? EVP_sha384() : EVP_sha512();
  WireReader numbers(signature);
  std::string_view r = numbers.string(), s = numbers.string();
  if (group == nullptr || !numbers.at_end() || r.size() > 67 || s.size() > 67) return false;
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  EcSignature pair(ECDSA_SIG_new());
  if (!builder || !pair) return false;
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  Key key = key_from("EC", builder.get());
  Number number_r(BN_bin2bn(raw(r), static_cast<int>(r.size()), nullptr)),
      number_s(BN_bin2bn(raw(s), static_cast<int>(s.size()), nullptr));
  if (!number_r || !number_s || ECDSA_SIG_set0(pair.get(), number_r.get(), number_s.get()) != 1) return false;
  (void)number_r.release();  // the pair's now
  (void)number_s.release();
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return false;
  bool good = verify(key.get(), digest, {reinterpret_cast<char*>(der), static_cast<size_t>(size)}, bytes);
  OPENSSL_free(der);
  return good;
}

// A key in a hardware token signs what the token saw: the application, flags and a counter come with it.
bool verify_sk_ed25519(WireReader key_fields, WireReader signature, std::string_view bytes) {
  std::string_view public_key = key_fields.string(), application = key_fields.string();
  std::string_view inner = signature.string();
  std::string_view flags_and_counter = signature.take(5);
  if (!key_fields.at_end() || !signature.at_end()) return false;
  std::string seen = sha2("sha256", application) + std::string(flags_and_counter) + sha2("sha256", bytes);
  return verify_ed25519(public_key, inner, seen);
}

}  // namespace

void put_u32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

void put_string(std::string& out, std::string_view value) {
  put_u32(out, static_cast<uint32_t>(value.size()));
  out += value;
}

std::string_view WireReader::take(size_t size) {
  if (!ok_ || rest_.size() < size) {
    ok_ = false;
    return {};
  }
  std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

uint32_t WireReader::u32() {
  uint32_t value = 0;
  for (char c : take(4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

uint8_t WireReader::byte() {
  std::string_view taken = take(1);
  return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
}

std::string_view WireReader::string() { return take(u32()); }

std::string fingerprint_of(std::string_view key_blob) {
  std::string text = base64_encode(sha2("sha256", key_blob));
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

Result<std::string> key_blob_of_line(std::string_view line) {
  auto words = split(trim(line), ' ');
  std::string blob;
  if (words.size() < 2 || !base64_decode(words[1], blob))
    return fail(Code::kInvalid, "no SSH public key: ", one_line(line, 60));
  WireReader fields(blob);
  if (fields.string() != words[0] || !fields.ok())
    return fail(Code::kInvalid, "no SSH public key: ", one_line(line, 60));
  return blob;
}

std::string armour(std::string_view blob) {
  std::string text = base64_encode(blob), out = std::string(kBegin) + "\n";
  for (size_t at = 0; at < text.size(); at += 70) out += text.substr(at, 70) + "\n";
  return out + std::string(kEnd) + "\n";
}

Result<SshSignature> parse_signature(std::string_view armoured) {
  std::string_view text = trim(armoured);
  if (!starts_with(text, kBegin) || !ends_with(text, kEnd) || text.size() < kBegin.size() + kEnd.size() ||
      text.size() > kLongestSignature) {
    return fail(Code::kInvalid, "no SSH signature");
  }
  std::string encoded, blob;
  for (char c : text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size())) {
    if (c != '\n' && c != '\r' && c != ' ') encoded += c;
  }
  // One text for one signature: a decoder that ignores the last bits would take several.
  if (!base64_decode(encoded, blob) || base64_encode(blob) != encoded)
    return fail(Code::kInvalid, "an SSH signature is not base64");
  WireReader fields(blob);
  bool magic = fields.take(kMagic.size()) == kMagic && fields.u32() == 1;
  SshSignature signature;
  signature.key_blob = fields.string();
  signature.name_space = fields.string();
  std::string_view reserved = fields.string();
  signature.hash = fields.string();
  signature.signature = fields.string();
  if (!magic || !fields.at_end() || !reserved.empty() || signature.name_space.empty()) {
    return fail(Code::kInvalid, "an SSH signature of an unknown form");
  }
  return signature;
}

Result<std::string> signed_bytes(std::string_view name_space, std::string_view hash, std::string_view message) {
  if (hash != "sha256" && hash != "sha512")
    return fail(Code::kInvalid, "an SSH signature over an unknown hash: ", one_line(hash, 20));
  std::string bytes(kMagic);
  put_string(bytes, name_space);
  put_string(bytes, "");
  put_string(bytes, hash);
  put_string(bytes, sha2(hash, message));
  return bytes;
}

bool check_signature(const SshSignature& signature, std::string_view bytes) {
  WireReader key(signature.key_blob), made(signature.signature);
  std::string_view key_type = key.string(), made_type = made.string();
  if (!key.ok() || !made.ok()) return false;
  if (key_type == "sk-ssh-ed25519@openssh.com") return made_type == key_type && verify_sk_ed25519(key, made, bytes);
  std::string_view value = made.string();
  if (!made.at_end()) return false;
  if (key_type == "ssh-rsa") return verify_rsa(key, made_type, value, bytes);
  if (made_type != key_type) return false;
  if (key_type == "ssh-ed25519") {
    std::string_view public_key = key.string();
    return key.at_end() && verify_ed25519(public_key, value, bytes);
  }
  return starts_with(key_type, "ecdsa-sha2-") && verify_ecdsa(key, key_type, value, bytes);
}

}  // namespace autonomous::git
