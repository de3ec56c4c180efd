// Keys and certificates, as sprig makes them with crypto/x509. In a release they are errors: a key made from the
// repository's contents would be no secret, and a random one no release.
#include <arpa/inet.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "gitops/base/clock.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/random.h"
#include "render/funcs/secrets.h"
#include "render/template/format.h"

namespace autonomous::render {
namespace {

template <auto release>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Buffer = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using KeyMaker = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;

constexpr std::string_view kSecretInstead =
    "keep it in a Secret of your own, or let cert-manager make it, and name that Secret in the values";

std::string contents(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

Pkey make_key(int type, int bits) {
  KeyMaker maker(EVP_PKEY_CTX_new_id(type, nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_keygen_init(maker.get()) != 1) return {};
  if (type == EVP_PKEY_RSA) EVP_PKEY_CTX_set_rsa_keygen_bits(maker.get(), bits);
  if (type == EVP_PKEY_EC) EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker.get(), NID_X9_62_prime256v1);
  if (EVP_PKEY_keygen(maker.get(), &key) != 1) return {};
  return Pkey(key);
}

Pkey make_dsa_key() {
  KeyMaker maker(EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr));
  EVP_PKEY* parameters = nullptr;
  EVP_PKEY_paramgen_init(maker.get());
  EVP_PKEY_CTX_set_dsa_paramgen_bits(maker.get(), 2048);
  EVP_PKEY_CTX_set_dsa_paramgen_q_bits(maker.get(), 256);
  if (EVP_PKEY_paramgen(maker.get(), &parameters) != 1) return {};
  Pkey owned(parameters);
  KeyMaker second(EVP_PKEY_CTX_new(parameters, nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_keygen_init(second.get()) != 1 || EVP_PKEY_keygen(second.get(), &key) != 1) return {};
  return Pkey(key);
}

// "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"; PKCS#8 for the others.
std::string key_pem(EVP_PKEY* key) {
  Buffer out(BIO_new(BIO_s_mem()));
  int type = EVP_PKEY_base_id(key);
  if (type == EVP_PKEY_RSA || type == EVP_PKEY_EC || type == EVP_PKEY_DSA) {
    PEM_write_bio_PrivateKey_traditional(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  }
  return contents(out.get());
}

struct Pem {
  std::string type, bytes;
};
std::optional<Pem> first_pem(std::string_view text) {
  Buffer in(BIO_new_mem_buf(text.data() == nullptr ? "" : text.data(), static_cast<int>(text.size())));
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(in.get(), &name, &header, &data, &size) != 1) return {};
  Pem pem{name, std::string(reinterpret_cast<char*>(data), static_cast<size_t>(size))};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return pem;
}

// sprig's parsePrivateKeyPEM; `error` is its text when there is no key.
Pkey parse_key(std::string_view text, std::string& error) {
  auto pem = first_pem(text);
  if (!pem) {
    error = "no PEM data in input";
    return {};
  }
  const auto* at = reinterpret_cast<const unsigned char*>(pem->bytes.data());
  auto size = static_cast<long>(pem->bytes.size());
  int type = 0;
  if (pem->type == "PRIVATE KEY") {
    Pkey key(d2i_AutoPrivateKey(nullptr, &at, size));
    if (key == nullptr) error = "decoding PEM as PKCS#8: x509: failed to parse private key";
    return key;
  }
  if (!pem->type.ends_with(" PRIVATE KEY")) {
    error = "no private key data in PEM block of type " + pem->type;
    return {};
  }
  std::string kind = pem->type.substr(0, pem->type.size() - 12);
  if (kind == "RSA") type = EVP_PKEY_RSA;
  if (kind == "EC") type = EVP_PKEY_EC;
  if (kind == "DSA") type = EVP_PKEY_DSA;
  if (type == 0) {
    error = "invalid private key type " + pem->type;
    return {};
  }
  Pkey key(d2i_PrivateKey(type, nullptr, &at, size));
  if (key == nullptr) error = "parsing " + kind + " private key from PEM: the key can't be read";
  return key;
}

Value certificate_value(Context& cx, std::string_view cert, std::string_view key) {
  Field* fields = cx.arena().array<Field>(2);
  new (fields) Field{.name = "Cert", .json = "", .value = cx.text(cert)};
  new (fields + 1) Field{.name = "Key", .json = "", .value = cx.text(key)};
  auto* structure = cx.arena().make<Struct>();
  structure->fields = std::span<const Field>(fields, 2);
  return Value::of(structure, Type::kCertificate);
}

// What a certificate shall say.
struct Request {
  std::string name;
  std::vector<std::string> addresses;  // 4 or 16 bytes each
  std::vector<std::string> names;      // of DNS, in any characters of ASCII: Go checks no more
  int64_t days = 0;
  bool authority = false;
};

bool add_alternatives(Context& cx, Value ips, Value names, Request& request) {
  for (Value ip : ips.is_list() ? ips.items() : Args()) {
    if (!ip.is_string()) {
      cx.fail("error parsing ip: ", to_text(cx, ip.unwrapped()), " is not a string");
      return false;
    }
    std::string text(ip.string());
    char bytes[16];
    size_t size = inet_pton(AF_INET, text.c_str(), bytes) == 1    ? 4
                  : inet_pton(AF_INET6, text.c_str(), bytes) == 1 ? 16
                                                                  : 0;
    if (size == 0) {
      cx.fail("error parsing ip: ", text);
      return false;
    }
    std::string address(bytes, size);
    // To4: an IPv4 address within IPv6 is written short.
    if (address.starts_with(std::string_view("\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12))) address.erase(0, 12);
    request.addresses.push_back(std::move(address));
  }
  for (Value name : names.is_list() ? names.items() : Args()) {
    if (!name.is_string()) {
      cx.fail("error processing alternate dns name: ", to_text(cx, name.unwrapped()), " is not a string");
      return false;
    }
    request.names.emplace_back(name.string());
  }
  return true;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& text) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, text.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// crypto/x509's marshalSANs: the names, then the addresses, none of them read any further.
bool add_alternative_names(X509* certificate, const Request& request) {
  if (request.names.empty() && request.addresses.empty()) return true;
  std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
  auto add = [&](int kind, ASN1_STRING* value, const std::string& bytes) {
    ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, kind, value);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const std::string& name : request.names) add(GEN_DNS, ASN1_IA5STRING_new(), name);
  for (const std::string& address : request.addresses) add(GEN_IPADD, ASN1_OCTET_STRING_new(), address);
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

// encoding/asn1 takes the narrower type where it is enough; OpenSSL's own choice has a limit of 64 characters, Go none.
int name_type(std::string_view text) {
  constexpr std::string_view kOthers = " '()+,-./:=?";
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && kOthers.find(c) == std::string_view::npos) return V_ASN1_UTF8STRING;
  }
  return V_ASN1_PRINTABLESTRING;
}

// Issued by itself when `issuer` is null.
std::string make_certificate(Context& cx, const Request& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  X509* cert = certificate.get();
  X509_set_version(cert, 2);
  std::string serial = random_bytes(cx, 16);
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), 16, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
  BN_free(number);
  auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch()).count();
  ASN1_TIME_set(X509_getm_notBefore(cert), now);
  ASN1_TIME_adj(X509_getm_notAfter(cert), now, static_cast<int>(request.days), 0);
  X509_NAME* subject = X509_get_subject_name(cert);
  if (!request.name.empty() && X509_NAME_add_entry_by_NID(subject, NID_commonName, name_type(request.name),
                                                          reinterpret_cast<const unsigned char*>(request.name.data()),
                                                          static_cast<int>(request.name.size()), -1, 0) != 1) {
    return "";
  }
  X509_set_issuer_name(cert, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509_set_pubkey(cert, key);
  X509* by = issuer == nullptr ? cert : issuer;
  bool good =
      add_extension(cert, by, NID_key_usage,
                    request.authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                                      : "critical,digitalSignature,keyEncipherment") &&
      add_extension(cert, by, NID_ext_key_usage, "serverAuth,clientAuth") &&
      add_extension(cert, by, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (good && request.authority) good = add_extension(cert, by, NID_subject_key_identifier, "hash");
  if (good && issuer != nullptr && X509_get0_subject_key_id(issuer) != nullptr) {
    good = add_extension(cert, by, NID_authority_key_identifier, "keyid");
  }
  good = good && add_alternative_names(cert, request);
  bool own_digest = EVP_PKEY_base_id(issuer_key) == EVP_PKEY_ED25519;
  if (!good || X509_sign(cert, issuer_key, own_digest ? nullptr : EVP_sha256()) <= 0) return "";
  Buffer out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), cert);
  return contents(out.get());
}

Value issue(Context& cx, const Request& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  constexpr int64_t kMostDays = 2'900'000;  // the year 9999
  if (request.days > kMostDays || request.days < -kMostDays) {
    return cx.fail("error creating certificate: x509: cannot represent time as GeneralizedTime");
  }
  for (const std::string& name : request.names) {
    bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii)
      return cx.fail("error creating certificate: x509: ", quote_go(name), " cannot be encoded as an IA5String");
  }
  std::string cert = make_certificate(cx, request, key, issuer, issuer_key);
  if (cert.empty()) return cx.fail("error creating certificate: x509: what it shall say can't be encoded");
  return certificate_value(cx, cert, key_pem(key));
}

// The key that was given, or a new one; nullptr after cx.fail().
Pkey key_for(Context& cx, const Value* given) {
  if (given == nullptr) {
    if (!cx.spend(1'000'000)) return {};
    return make_key(EVP_PKEY_RSA, 2048);
  }
  std::string error;
  Pkey key = parse_key(given->string(), error);
  if (key == nullptr) cx.fail("parsing private key: ", error);
  return key;
}

template <bool with_key>
Value func_gen_ca(Context& cx, Args args) {
  if (refuse_in_release(cx, with_key ? "genCAWithKey" : "genCA", kSecretInstead)) return {};
  Pkey key = key_for(cx, with_key ? &args[2] : nullptr);
  if (key == nullptr) return {};
  Request request{std::string(args[0].string()), {}, {}, args[1].integer(), true};
  return issue(cx, request, key.get(), nullptr, key.get());
}

template <bool with_key>
Value func_gen_self_signed(Context& cx, Args args) {
  if (refuse_in_release(cx, with_key ? "genSelfSignedCertWithKey" : "genSelfSignedCert", kSecretInstead)) return {};
  Request request{std::string(args[0].string()), {}, {}, args[3].integer(), false};
  Pkey key = key_for(cx, with_key ? &args[4] : nullptr);
  if (key == nullptr || !add_alternatives(cx, args[1], args[2], request)) return {};
  return issue(cx, request, key.get(), nullptr, key.get());
}

Certificate parse_certificate(const Pem& pem) {
  const auto* at = reinterpret_cast<const unsigned char*>(pem.bytes.data());
  return Certificate(d2i_X509(nullptr, &at, static_cast<long>(pem.bytes.size())));
}

template <bool with_key>
Value func_gen_signed(Context& cx, Args args) {
  if (refuse_in_release(cx, with_key ? "genSignedCertWithKey" : "genSignedCert", kSecretInstead)) return {};
  Request request{std::string(args[0].string()), {}, {}, args[3].integer(), false};
  Pkey key = key_for(cx, with_key ? &args[5] : nullptr);
  if (key == nullptr) return {};
  auto field = [&](std::string_view name) { return args[4].structure()->find(name)->value.string(); };
  auto pem = first_pem(field("Cert"));
  if (!pem) return cx.fail("unable to decode certificate");
  Certificate issuer = parse_certificate(*pem);
  if (issuer == nullptr)
    return cx.fail("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate");
  std::string error;
  Pkey issuer_key = parse_key(field("Key"), error);
  if (issuer_key == nullptr) return cx.fail("error parsing private key: ", error);
  if (!add_alternatives(cx, args[1], args[2], request)) return {};
  return issue(cx, request, key.get(), issuer.get(), issuer_key.get());
}

Value func_gen_private_key(Context& cx, Args args) {
  std::string_view type = args[0].string();
  bool known = type.empty() || type == "rsa" || type == "dsa" || type == "ecdsa" || type == "ed25519";
  if (!known) return cx.text("Unknown type " + std::string(type));
  if (refuse_in_release(cx, "genPrivateKey", kSecretInstead) || !cx.spend(10'000'000)) return {};
  Pkey key = type == "dsa"       ? make_dsa_key()
             : type == "ecdsa"   ? make_key(EVP_PKEY_EC, 0)
             : type == "ed25519" ? make_key(EVP_PKEY_ED25519, 0)
                                 : make_key(EVP_PKEY_RSA, 4096);
  return key == nullptr ? Value::of("failed to generate private key") : cx.text(key_pem(key.get()));
}

Value func_build_custom_cert(Context& cx, Args args) {
  std::string cert, key, error;
  if (decode_base64(args[0].string(), cert)) return cx.fail("unable to decode base64 certificate");
  if (decode_base64(args[1].string(), key)) return cx.fail("unable to decode base64 private key");
  auto pem = first_pem(cert);
  if (!pem) return cx.fail("unable to decode certificate");
  if (parse_certificate(*pem) == nullptr) {
    return cx.fail("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
  }
  if (parse_key(key, error) == nullptr) return cx.fail("error parsing private key: ", error);
  return certificate_value(cx, cert, key);
}

constexpr Function kCertificates[] = {
    {"buildCustomCert", params(kText, kText), func_build_custom_cert},
    {"genCA", params(kText, Type::kInt), func_gen_ca<false>},
    {"genCAWithKey", params(kText, Type::kInt, kText), func_gen_ca<true>},
    {"genPrivateKey", params(kText), func_gen_private_key},
    {"genSelfSignedCert", params(kText, Type::kList, Type::kList, Type::kInt), func_gen_self_signed<false>},
    {"genSelfSignedCertWithKey", params(kText, Type::kList, Type::kList, Type::kInt, kText),
     func_gen_self_signed<true>},
    {"genSignedCert", params(kText, Type::kList, Type::kList, Type::kInt, Type::kCertificate), func_gen_signed<false>},
    {"genSignedCertWithKey", params(kText, Type::kList, Type::kList, Type::kInt, Type::kCertificate, kText),
     func_gen_signed<true>},
};

}  // namespace

Family certificate_functions() { return kCertificates; }

}  // namespace autonomous::render
