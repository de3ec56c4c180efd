// The same server behind TLS: requests, streams, certificates that rotate, and what is no TLS at all.
#include "daemon/http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "daemon/http/server.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/http/client.h"
#include "tests/unit/daemon/http/fake_api.h"

namespace autonomous::daemon {
namespace {

using testing::HasSubstr;

struct Pair {
  std::string certificate, key;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = ::BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  ::BIO_free(bio);
  return text;
}

// A certificate of 127.0.0.1 that signs itself.
Pair make_pair(long serial) {  // NOLINT(google-runtime-int): OpenSSL's type
  EVP_PKEY* key = ::EVP_EC_gen("P-256");
  X509* certificate = ::X509_new();
  ::X509_set_version(certificate, 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), serial);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -3600);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
  ::X509_set_pubkey(certificate, key);
  X509_NAME* name = ::X509_get_subject_name(certificate);
  std::string subject = "test " + std::to_string(serial);
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(subject.c_str()), -1,
                               -1, 0);
  ::X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names = ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  ::X509_add_ext(certificate, names, -1);
  ::X509_EXTENSION_free(names);
  ::X509_sign(certificate, key, ::EVP_sha256());
  BIO* first = ::BIO_new(::BIO_s_mem());
  ::PEM_write_bio_X509(first, certificate);
  BIO* second = ::BIO_new(::BIO_s_mem());
  ::PEM_write_bio_PrivateKey(second, key, nullptr, nullptr, 0, nullptr, nullptr);
  ::X509_free(certificate);
  ::EVP_PKEY_free(key);
  return {text_of(first), text_of(second)};
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.socket = folder.path() + "/socket";
    options.hosting = HostingOptions{folder.path() + "/repos", folder.path() + "/hooks", "/bin/true", ""};
    options.tls_certificate = [this]() -> Result<std::string> { return now.certificate; };
    options.tls_key = [this]() -> Result<std::string> { return now.key; };
    Result<std::unique_ptr<Server>> started = Server::start(std::move(options), api);
    ASSERT_TRUE(started) << started.error().text();
    server = *std::move(started);
  }
  // A client of its own each time: a kept-alive connection would not shake hands again.
  Result<http::Response> get(const std::string& path, const Pair& trusted, const std::string& scheme = "https") {
    http::Client client;
    http::Request request;
    request.url = scheme + server->base_url().substr(server->base_url().find("://")) + path;
    request.via.ca_pem = trusted.certificate;
    return client.send(Ctx{}.within(Millis{60'000}), request);
  }

  TempFolder folder = *TempFolder::make();
  FakeApi api;
  Pair first = make_pair(1), second = make_pair(2), now = first;
  std::unique_ptr<Server> server;
};

TEST_F(TlsTest, AnswersOverTlsAndNothingElseOnThatPort) {
  EXPECT_THAT(server->base_url(), HasSubstr("https://127.0.0.1:"));
  auto answer = get("/healthz", first);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body, "ok\n");
  auto acting = get("/api/v1/status", first);
  ASSERT_TRUE(acting) << acting.error().text();
  EXPECT_EQ(acting->status, 200) << "who is at the other end is known behind TLS, too: " << acting->body;
  EXPECT_FALSE(get("/healthz", second)) << "the client trusts somebody else";
  EXPECT_FALSE(get("/healthz", first, "http"));
  ASSERT_TRUE(get("/healthz", first)) << "plain bytes harm nobody";
}

TEST_F(TlsTest, ACertificateThatRotatesServesAtOnceAndAWrongOneNever) {
  ASSERT_TRUE(get("/healthz", first));
  now = second;
  EXPECT_TRUE(get("/healthz", second));
  EXPECT_FALSE(get("/healthz", first));
  now.key = first.key;
  EXPECT_TRUE(get("/healthz", second)) << "the pair before serves on";
  now = {"no certificate", second.key};
  EXPECT_TRUE(get("/healthz", second));
}

TEST_F(TlsTest, ALargeAnswerComesWhole) {
  std::string large(3u << 20, 'x');
  api.rows = {TargetRow{.target = "local/shop/web", .why = large}};
  auto answer = get("/api/v1/status", first);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_GT(answer->body.size(), large.size());
}

TEST_F(TlsTest, AClientThatLeavesIsLetGo) {
  http::Client client;
  http::Request request;
  request.url = server->base_url() + "/api/v1/events";
  request.via.ca_pem = first.certificate;
  // The first words of a stream that never ends by itself.
  auto stream = client.stream(Ctx{}.within(Millis{60'000}), request, [](std::string_view) { return false; });
  EXPECT_TRUE(get("/healthz", first));
  server->stop(Millis{60'000});  // would wait for a connection that hangs
}

TEST(TlsIdentity, SaysWhatIsWrong) {
  Pair one = make_pair(1), other = make_pair(2);
  auto error = [](std::string certificate, std::string key) {
    auto made = TlsIdentity::make([certificate]() -> Result<std::string> { return certificate; },
                                  [key]() -> Result<std::string> { return key; });
    return made ? std::string() : made.error().line();
  };
  EXPECT_EQ(error(one.certificate, one.key), "");
  EXPECT_EQ(error(other.certificate + one.certificate, other.key), "") << "a chain";
  EXPECT_THAT(error("nothing", one.key), HasSubstr("tls.certificate is no certificate in PEM"));
  EXPECT_THAT(error(one.certificate, "nothing"), HasSubstr("tls.key is no unencrypted key in PEM"));
  EXPECT_THAT(error(one.certificate, other.key), HasSubstr("tls.key does not belong to tls.certificate"));
  auto missing = TlsIdentity::make([]() -> Result<std::string> { return fail(Code::kNotFound, "no such file"); },
                                   []() -> Result<std::string> { return std::string(); });
  EXPECT_THAT(missing.error().line(), HasSubstr("no such file (in tls.certificate)"));
}

}  // namespace
}  // namespace autonomous::daemon
