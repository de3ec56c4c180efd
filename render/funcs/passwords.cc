// Passwords and AES. What salts itself anew at each call is an error in a release: its bytes would change, or, seeded,
// anyone with the repository could make them again.
#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "gitops/base/digest.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/random.h"
#include "render/funcs/secrets.h"

namespace autonomous::render {

bool refuse_in_release(Context& cx, std::string_view name, std::string_view instead) {
  if (!cx.options().deterministic) return false;
  cx.fail(name,
          " gives something new at each render, and a release must be the same whenever it is rendered: ", instead);
  return true;
}

namespace {

constexpr std::string_view kHashBefore = "put the finished hash into a Secret of your own and name that in the values";

std::string bcrypt_text(Context& cx, std::string_view password) {
  if (password.size() > 72) return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
  if (password.find('\0') != std::string_view::npos)
    return "failed to encrypt string with bcrypt: password holds a zero byte";
  std::string random = random_bytes(cx, 16);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  auto data = std::make_unique<crypt_data>();
  if (crypt_gensalt_rn("$2a$", 10, random.data(), static_cast<int>(random.size()), setting, sizeof setting) ==
      nullptr) {
    return "failed to encrypt string with bcrypt: no salt";
  }
  const char* hash = crypt_rn(std::string(password).c_str(), setting, data.get(), sizeof *data);
  return hash == nullptr ? "failed to encrypt string with bcrypt: no hash" : hash;
}

Value func_bcrypt(Context& cx, Args args) {
  if (refuse_in_release(cx, "bcrypt", kHashBefore)) return {};
  return cx.text(bcrypt_text(cx, args[0].string()));
}

Value func_htpasswd(Context& cx, Args args) {
  if (refuse_in_release(cx, "htpasswd", kHashBefore)) return {};
  std::string_view user = args[0].string();
  if (user.find(':') != std::string_view::npos) return cx.text("invalid username: " + std::string(user));
  return cx.text(std::string(user) + ":" + bcrypt_text(cx, args[1].string()));
}

std::span<const std::string_view> password_shapes(std::string_view type) {
  static constexpr std::string_view kMaximum[] = {"anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"};
  static constexpr std::string_view kLong[] = {
      "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno",
      "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno",
      "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno",
      "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno"};
  static constexpr std::string_view kMedium[] = {"CvcnoCvc", "CvcCvcno"};
  static constexpr std::string_view kShort[] = {"Cvcn"};
  static constexpr std::string_view kBasic[] = {"aaanaaan", "aannaaan", "aaannaaa"};
  static constexpr std::string_view kPin[] = {"nnnn"};
  if (type == "maximum") return kMaximum;
  if (type == "long") return kLong;
  if (type == "medium") return kMedium;
  if (type == "short") return kShort;
  if (type == "basic") return kBasic;
  if (type == "pin") return kPin;
  return {};
}

std::string_view password_letters(char kind) {
  switch (kind) {
    case 'V': return "AEIOU";
    case 'C': return "BCDFGHJKLMNPQRSTVWXYZ";
    case 'v': return "aeiou";
    case 'c': return "bcdfghjklmnpqrstvwxyz";
    case 'A': return "AEIOUBCDFGHJKLMNPQRSTVWXYZ";
    case 'a': return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    case 'n': return "0123456789";
    case 'o': return "@&%?,=[]_:-+*$#!'^~;()/.";
    default: return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
  }
}

void append_big_endian(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

// The Master Password algorithm: the same inputs give the same password.
Value func_derive_password(Context& cx, Args args) {
  auto shapes = password_shapes(args[1].string());
  if (shapes.empty()) return cx.text("cannot find password template " + std::string(args[1].string()));
  constexpr uint64_t kScryptFuel = 2'000'000;  // it takes a tenth of a second
  if (!cx.spend(kScryptFuel)) return {};
  std::string_view password = args[2].string(), user = args[3].string(), site = args[4].string();
  const std::string prefix = "com.lyndir.masterpassword";
  std::string salt = prefix;
  append_big_endian(salt, static_cast<uint32_t>(user.size()));
  salt += user;
  std::string key(64, '\0');
  if (EVP_PBE_scrypt(password.data() == nullptr ? "" : password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), 32768, 8, 2, uint64_t{128} << 20,
                     reinterpret_cast<unsigned char*>(key.data()), key.size()) != 1) {
    return cx.text("failed to derive password: scrypt failed");
  }
  std::string message = prefix;
  append_big_endian(message, static_cast<uint32_t>(site.size()));
  message += site;
  append_big_endian(message, static_cast<uint32_t>(args[0].unsigned_integer()));
  unsigned char seed[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), seed, &size);
  std::string out;
  std::string_view shape = shapes[seed[0] % shapes.size()];
  for (size_t i = 0; i < shape.size(); ++i) {
    std::string_view letters = password_letters(shape[i]);
    out += letters[seed[i + 1] % letters.size()];
  }
  return cx.text(out);
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// AES-256-CBC without padding; the key is the password's first 32 bytes, filled up with zeros.
std::string aes(std::string_view password, std::string_view iv, std::string_view input, bool encrypt) {
  std::string key(password.substr(0, 32));
  key.resize(32, '\0');
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, bytes(key), bytes(iv), encrypt ? 1 : 0);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  std::string out(input.size() + 16, '\0');
  int size = 0;
  EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(input),
                   static_cast<int>(input.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

Value func_encrypt_aes(Context& cx, Args args) {
  if (args[1].string().empty()) return Value::of("");
  if (refuse_in_release(cx, "encryptAES", "encrypt once, keep the result in the values, and use decryptAES")) return {};
  std::string content(args[1].string());
  size_t padding = 16 - content.size() % 16;
  content.append(padding, static_cast<char>(padding));
  std::string iv = random_bytes(cx, 16);
  return cx.text(base64_encode(iv + aes(args[0].string(), iv, content, true)));
}

Value func_decrypt_aes(Context& cx, Args args) {
  if (args[1].string().empty()) return Value::of("");
  std::string crypt;
  if (auto bad = decode_base64(args[1].string(), crypt)) {
    return cx.fail("illegal base64 data at input byte ", std::to_string(*bad));
  }
  if (crypt.size() < 16) {
    const size_t capacity = args[1].string().size() / 4 * 3;  // Go's slice has room for what such a text can hold
    return cx.fail("runtime error: slice bounds out of range [:16] with capacity ", std::to_string(capacity));
  }
  if (crypt.size() % 16 != 0) return cx.fail("crypto/cipher: input not full blocks");
  if (crypt.size() == 16) return cx.fail("runtime error: index out of range [-1]");
  std::string plain_text =
      aes(args[0].string(), std::string_view(crypt).substr(0, 16), std::string_view(crypt).substr(16), false);
  auto padding = static_cast<uint8_t>(plain_text.back());
  if (padding > plain_text.size()) {
    return cx.fail("runtime error: slice bounds out of range [:-", std::to_string(padding - plain_text.size()), "]");
  }
  return cx.text(std::string_view(plain_text).substr(0, plain_text.size() - padding));
}

constexpr Function kPasswords[] = {
    {"bcrypt", params(kText), func_bcrypt},
    {"decryptAES", params(kText, kText), func_decrypt_aes},
    {"derivePassword", params(Type::kUint32, kText, kText, kText, kText), func_derive_password},
    {"encryptAES", params(kText, kText), func_encrypt_aes},
    {"htpasswd", params(kText, kText), func_htpasswd},
};

}  // namespace

Family password_functions() { return kPasswords; }

}  // namespace autonomous::render
