#include "daemon/http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "gitops/base/log.h"

namespace autonomous::daemon {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
template <auto fn>
struct Free {
  template <typename T>
  void operator()(T* value) const {
    fn(value);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

auto settle(boost::system::error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

Error openssl_error(const std::string& what) {
  unsigned long code = ::ERR_get_error();  // NOLINT(google-runtime-int): OpenSSL's type
  std::string why = code == 0 ? "" : ::ERR_reason_error_string(code) != nullptr ? ::ERR_reason_error_string(code) : "";
  ::ERR_clear_error();
  return fail(Code::kInvalid, what, why.empty() ? "" : ": ", why);
}

Result<std::shared_ptr<SSL_CTX>> make_context(const std::string& certificate, const std::string& key) {
  std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  if (!context) return fail(Code::kInternal, "no memory for TLS");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  Bio bio(::BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
  Certificate own(::PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!own || ::SSL_CTX_use_certificate(context.get(), own.get()) != 1)
    return openssl_error("tls.certificate is no certificate in PEM");
  while (Certificate next{::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (::SSL_CTX_add0_chain_cert(context.get(), next.get()) != 1) return openssl_error("the chain of tls.certificate");
    (void)next.release();  // the context's now
  }
  ::ERR_clear_error();  // the end of the file is an error to OpenSSL
  bio.reset(::BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  // A passphrase would be asked for on the terminal.
  auto no_passphrase = [](char*, int, int, void*) { return 0; };
  Key secret(::PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!secret) return openssl_error("tls.key is no unencrypted key in PEM");
  if (::SSL_CTX_use_PrivateKey(context.get(), secret.get()) != 1 || ::SSL_CTX_check_private_key(context.get()) != 1)
    return openssl_error("tls.key does not belong to tls.certificate");
  return context;
}

// One client: the encrypted side and our end of the pair.
struct Connection {
  Connection(Tcp::socket socket, std::shared_ptr<SSL_CTX> context_in)
      : context_owner(std::move(context_in)),
        context(adopt(context_owner.get())),
        client(std::move(socket), context),
        plain(client.get_executor()),
        limit(client.get_executor()) {}

  static SSL_CTX* adopt(SSL_CTX* context) {
    ::SSL_CTX_up_ref(context);  // Asio's context frees what it was given
    return context;
  }
  void close() {
    boost::system::error_code ignored;
    client.next_layer().close(ignored);
    plain.close(ignored);
  }

  std::shared_ptr<SSL_CTX> context_owner;
  asio::ssl::context context;
  asio::ssl::stream<Tcp::socket> client;
  Local::socket plain;
  asio::steady_timer limit;  // of the handshake, and of each write to the client
};
using ConnectionPtr = std::shared_ptr<Connection>;

constexpr size_t kTlsPiece = 16u << 10;

// Closes the connection when the time is over; a new call or cancel() takes that back.
void limit_to(const ConnectionPtr& connection, Millis time) {
  connection->limit.expires_after(time);
  connection->limit.async_wait([connection](const boost::system::error_code& error) {
    if (!error) connection->close();
  });
}

// What the client sends.
asio::awaitable<void> pump_in(ConnectionPtr connection) {
  std::array<char, kTlsPiece> buffer;
  boost::system::error_code error;
  while (!error) {
    size_t size = co_await connection->client.async_read_some(asio::buffer(buffer), settle(error));
    if (error) break;
    co_await asio::async_write(connection->plain, asio::buffer(buffer.data(), size), settle(error));
  }
  boost::system::error_code ignored;
  connection->plain.shutdown(Local::socket::shutdown_send, ignored);
}

// What it is answered; the end of that is the end of the connection.
asio::awaitable<void> pump_out(ConnectionPtr connection, Millis stall) {
  std::array<char, kTlsPiece> buffer;
  boost::system::error_code error;
  while (!error) {
    size_t size = co_await connection->plain.async_read_some(asio::buffer(buffer), settle(error));
    if (error) break;
    limit_to(connection, stall);
    co_await asio::async_write(connection->client, asio::buffer(buffer.data(), size), settle(error));
    connection->limit.cancel();
  }
  limit_to(connection, Millis{2'000});  // says goodbye, but does not wait for ever
  co_await connection->client.async_shutdown(settle(error));
  connection->limit.cancel();
  connection->close();
}

asio::awaitable<void> run(ConnectionPtr connection, TlsLimits limits, std::function<void(Local::socket)> serve) {
  boost::system::error_code error;
  limit_to(connection, limits.handshake);
  co_await connection->client.async_handshake(asio::ssl::stream_base::server, settle(error));
  connection->limit.cancel();
  Local::socket served(connection->client.get_executor());
  if (!error) asio::local::connect_pair(served, connection->plain, error);
  if (error) {
    connection->close();  // scanners and wrong protocols: not worth a line
    co_return;
  }
  auto executor = connection->client.get_executor();
  auto in = pump_in(connection);
  asio::co_spawn(executor, std::move(in), asio::detached);
  auto out = pump_out(connection, limits.stall);
  asio::co_spawn(executor, std::move(out), asio::detached);
  serve(std::move(served));
}

}  // namespace

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::make(Read certificate, Read key) {
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(certificate), std::move(key)));
  TRY_DO(identity->refresh());
  return identity;
}

// Under mutex_, or before anybody else knows of us.
Result<void> TlsIdentity::refresh() {
  TRY_WITH(std::string certificate, "in tls.certificate", read_certificate_());
  TRY_WITH(std::string key, "in tls.key", read_key_());
  if (context_ && certificate == certificate_ && key == key_) return ok();
  TRY(context_, make_context(certificate, key));
  certificate_ = std::move(certificate);
  key_ = std::move(key);
  return ok();
}

std::shared_ptr<SSL_CTX> TlsIdentity::current() {
  std::lock_guard lock(mutex_);
  auto before = context_;
  auto fresh = refresh();
  std::string trouble = fresh ? "" : fresh.error().line();
  if (!trouble.empty() && trouble != trouble_)
    log(Level::kError, "the certificate that should serve now is wrong; the one before serves on",
        {{"error", trouble}});
  if (fresh && context_ != before) log(Level::kInfo, "a new certificate serves from now on");
  trouble_ = trouble;
  return context_;
}

void serve_tls(Tcp::socket socket, std::shared_ptr<TlsIdentity> identity, TlsLimits limits,
               std::function<void(Local::socket)> serve) {
  auto executor = socket.get_executor();
  auto connection = std::make_shared<Connection>(std::move(socket), identity->current());
  auto connected = run(std::move(connection), limits, std::move(serve));
  asio::co_spawn(executor, std::move(connected), asio::detached);
}

}  // namespace autonomous::daemon
