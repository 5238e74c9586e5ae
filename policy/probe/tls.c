/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "policy/probe/memory.h"
#include "policy/x509/chain_revocation.h"

/* All certificates of a server together; OpenSSL's own bound is 100 kB. */
#define CHAIN_BYTES_MOST 65536L
#define INTERMEDIATES_MOST 10

/* Of Diffie-Hellman groups that the server has made up. One of 10,000 bits, which OpenSSL would
 * take, is seconds of work. Less than OpenSSL's least is as good as nothing. */
#define GROUP_BITS_MOST 4096
#define GROUP_STRENGTH_LEAST 80

/* Every cipher but those without a certificate or without encryption. */
#define CIPHERS "ALL:!aNULL:!eNULL:@SECLEVEL=0"

struct tls_client {
    SSL_CTX *context;
    X509 *certificate; /* NULL: we have none */
    EVP_PKEY *key;
    STACK_OF(X509) * intermediates;
};

struct tls {
    const struct tls_client *client;
    SSL *ssl;
    BIO *in, *out;      /* the session's; what came, and what is to go */
    bool done;          /* the handshake */
    bool asked;         /* for our certificate */
    bool refused;       /* by an alert */
    bool group_refused; /* the server's, by us */
    int alert;
    unsigned long error; /* OpenSSL's, of the first failure */
};

/* ---- what all sessions share ---------------------------------------------------------------- */

bool tls_library_start(void)
{
    return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
                                OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
                            NULL) == 1;
}

/* The server asks for a certificate: ours, or none. */
static int on_asked(SSL *ssl, void *unused)
{
    struct tls *tls = SSL_get_app_data(ssl);
    const struct tls_client *client = tls->client;

    (void)unused;
    tls->asked = true;
    if (client->certificate != NULL)
        (void)SSL_use_cert_and_key(ssl, client->certificate, client->key, client->intermediates, 1);
    ERR_clear_error();
    return 1;
}

/* Alerts that come. */
static void on_event(const SSL *ssl, int where, int value)
{
    struct tls *tls = SSL_get_app_data(ssl);

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL) {
        tls->refused = true;
        tls->alert = value & 0xff;
    }
}

/* Instead of OpenSSL's security levels: everything goes but a group that costs too much. */
static int is_acceptable(const SSL *ssl, const SSL_CTX *context, int operation, int strength,
                         int nid, void *key, void *unused)
{
    struct tls *tls;

    (void)context;
    (void)nid;
    (void)unused;
    if (operation != SSL_SECOP_TMP_DH || ssl == NULL || key == NULL)
        return 1;
    if (strength >= GROUP_STRENGTH_LEAST && EVP_PKEY_get_bits(key) <= GROUP_BITS_MOST)
        return 1;
    tls = SSL_get_app_data(ssl);
    tls->group_refused = true;
    return 0;
}

struct tls_client *tls_client_new(struct why *why)
{
    struct tls_client *client = memory_new(1, sizeof(*client));
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, 0) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
        SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp) != 1) {
        (void)why_fail(why, "OpenSSL: %s", ERR_reason_error_string(ERR_peek_error()));
        SSL_CTX_free(context);
        free(client);
        return NULL;
    }
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_security_callback(context, is_acceptable);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_LEGACY_SERVER_CONNECT);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* SSL_read() comes back after every record, so that no server keeps it busy. */
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_max_cert_list(context, CHAIN_BYTES_MOST);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_cb(context, on_asked, NULL);
    SSL_CTX_set_info_callback(context, on_event);
    client->context = context;
    return client;
}

static void forget_certificate(struct tls_client *client)
{
    X509_free(client->certificate);
    EVP_PKEY_free(client->key);
    sk_X509_pop_free(client->intermediates, X509_free);
    client->certificate = NULL;
    client->key = NULL;
    client->intermediates = NULL;
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    forget_certificate(client);
    SSL_CTX_free(client->context);
    free(client);
}

/* A key that has a passphrase is one that cannot be read: nobody is there to be asked. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static bool read_certificates(struct tls_client *client, BIO *file)
{
    X509 *next;

    client->certificate = PEM_read_bio_X509(file, NULL, no_passphrase, NULL);
    client->intermediates = memory_need(sk_X509_new_null());
    if (client->certificate == NULL)
        return false;
    while (sk_X509_num(client->intermediates) < INTERMEDIATES_MOST &&
           (next = PEM_read_bio_X509(file, NULL, no_passphrase, NULL)) != NULL) {
        if (sk_X509_push(client->intermediates, next) <= 0)
            (void)memory_need(NULL);
    }
    return true;
}

bool tls_client_use_certificate(struct tls_client *client, const char *certificate, const char *key,
                                struct why *why)
{
    BIO *certificate_file = BIO_new_file(certificate, "r");
    BIO *key_file = BIO_new_file(key, "r");
    bool used = false;

    forget_certificate(client);
    if (certificate_file == NULL || !read_certificates(client, certificate_file))
        (void)why_fail(why, "cannot read a certificate from '%s'", certificate);
    else if (key_file == NULL ||
             (client->key = PEM_read_bio_PrivateKey(key_file, NULL, no_passphrase, NULL)) == NULL)
        (void)why_fail(why, "cannot read a key from '%s'", key);
    else if (X509_check_private_key(client->certificate, client->key) != 1)
        (void)why_fail(why, "the key in '%s' is not the one of the certificate in '%s'", key,
                       certificate);
    else
        used = true;
    if (!used)
        forget_certificate(client);
    BIO_free(certificate_file);
    BIO_free(key_file);
    ERR_clear_error();
    return used;
}

/* ---- a session ------------------------------------------------------------------------------ */

struct tls *tls_new(const struct tls_client *client, const char *server_name)
{
    struct tls *tls = memory_new(1, sizeof(*tls));

    tls->client = client;
    tls->ssl = memory_need(SSL_new(client->context));
    tls->in = memory_need(BIO_new(BIO_s_mem()));
    tls->out = memory_need(BIO_new(BIO_s_mem()));
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    (void)SSL_set_app_data(tls->ssl, tls);
    SSL_set_connect_state(tls->ssl);
    if (server_name != NULL)
        (void)SSL_set_tlsext_host_name(tls->ssl, server_name);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

void tls_feed(struct tls *tls, const void *data, size_t length)
{
    if (length > 0 && BIO_write(tls->in, data, (int)length) != (int)length)
        (void)memory_need(NULL);
}

size_t tls_fetch(struct tls *tls, void *data, size_t size)
{
    int length = BIO_read(tls->out, data, (int)size);

    return length > 0 ? (size_t)length : 0;
}

/* What a call of OpenSSL's that did not succeed came to. */
static enum tls_status status_of(struct tls *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        return TLS_AGAIN;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return TLS_CLOSED;
    if (tls->error == 0)
        tls->error = ERR_peek_error();
    ERR_clear_error();
    return TLS_FAILED;
}

enum tls_status tls_handshake(struct tls *tls)
{
    int result = SSL_do_handshake(tls->ssl);

    tls->done = result == 1;
    return tls->done ? TLS_DONE : status_of(tls, result);
}

/* After a record that brought no data (a session ticket, say) OpenSSL wants to read again, although
 * more may be there already. */
enum tls_status tls_read(struct tls *tls, void *data, size_t size, size_t *length)
{
    size_t left = BIO_ctrl_pending(tls->in), before;
    enum tls_status status;

    *length = 0;
    do {
        int result = SSL_read_ex(tls->ssl, data, size, length);

        if (result == 1)
            return TLS_DONE;
        *length = 0;
        status = status_of(tls, result);
        before = left;
        left = BIO_ctrl_pending(tls->in);
    } while (status == TLS_AGAIN && left > 0 && left < before);
    return status;
}

enum tls_status tls_write(struct tls *tls, const void *data, size_t length)
{
    size_t written;
    int result = SSL_write_ex(tls->ssl, data, length, &written);

    return result == 1 ? TLS_DONE : status_of(tls, result);
}

void tls_close(struct tls *tls)
{
    if (tls->done && tls->error == 0)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

void tls_describe_failure(const struct tls *tls, char *text, size_t size)
{
    const char *reason = ERR_reason_error_string(tls->error);

    if (tls->refused)
        (void)snprintf(text, size, "alert: %s", SSL_alert_desc_string_long(tls->alert));
    else if (tls->group_refused)
        (void)snprintf(text, size,
                       "a Diffie-Hellman group that is too small, or larger than %d bits",
                       GROUP_BITS_MOST);
    else
        (void)snprintf(text, size, "%s", reason != NULL ? reason : "TLS failed");
}

bool tls_was_refused(const struct tls *tls)
{
    return tls->refused;
}

/* ---- facts ---------------------------------------------------------------------------------- */

/* The server's key signs the key exchange. */
static bool signs_key_exchange(const SSL_CIPHER *cipher)
{
    int kind = SSL_CIPHER_get_kx_nid(cipher);

    return kind == NID_kx_ecdhe || kind == NID_kx_dhe;
}

static bool is_tls13(const struct tls *tls)
{
    return SSL_version(tls->ssl) == TLS1_3_VERSION;
}

bool tls_has_shown(const struct tls *tls)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);

    if (tls->done)
        return true;
    return tls->asked && cipher != NULL && !is_tls13(tls) && signs_key_exchange(cipher);
}

static void copy(char *target, size_t size, const char *text)
{
    (void)snprintf(target, size, "%s", text != NULL ? text : "");
}

/* The group's name among TLS's (x25519, secp256r1, ffdhe2048); one of the server's own (DHE before
 * TLSv1.3) has none, only a size. */
static void get_group(const struct tls *tls, char *text, size_t size)
{
    long group = SSL_get_negotiated_group(tls->ssl);
    EVP_PKEY *key = NULL;

    text[0] = '\0';
    if (group != 0 && SSL_group_to_name(tls->ssl, (int)group) != NULL) {
        copy(text, size, SSL_group_to_name(tls->ssl, (int)group));
        return;
    }
    if (SSL_get_peer_tmp_key(tls->ssl, &key) == 1)
        (void)snprintf(text, size, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
}

/* "Required": it asked, got none, and ended the session with an alert. */
static enum client_certificate client_certificate_of(const struct tls *tls)
{
    if (!tls->asked)
        return CERTIFICATE_NOT_ASKED;
    return tls->refused && tls->client->certificate == NULL ? CERTIFICATE_REQUIRED
                                                            : CERTIFICATE_ASKED;
}

/* What a response says that came with the certificate (RFC 6066, 8). */
static enum staple staple_of(const struct tls *tls, const struct chain *chain)
{
    const unsigned char *response = NULL;
    long length = SSL_get_tlsext_status_ocsp_resp(tls->ssl, &response);
    struct revocation_judgement judgement;

    if (response == NULL || length <= 0)
        return STAPLE_NONE;
    chain_judge_ocsp(chain, (struct span){ (const char *)response, (size_t)length }, &judgement);
    switch (judgement.state) {
    case REVOCATION_GOOD:
        return STAPLE_GOOD;
    case REVOCATION_REVOKED:
        return STAPLE_REVOKED;
    case REVOCATION_UNKNOWN:
        return STAPLE_UNKNOWN;
    default:
        return STAPLE_INVALID;
    }
}

void tls_get_found(const struct tls *tls, struct tls_found *found, struct chain **chain)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    STACK_OF(X509) *certificates = SSL_get_peer_cert_chain(tls->ssl);

    *found = (struct tls_found){ .bits = SSL_CIPHER_get_bits(cipher, NULL) };
    copy(found->protocol, sizeof(found->protocol), SSL_get_version(tls->ssl));
    copy(found->cipher, sizeof(found->cipher), SSL_CIPHER_get_name(cipher));
    get_group(tls, found->group, sizeof(found->group));
    found->forward_secrecy = is_tls13(tls) || (cipher != NULL && signs_key_exchange(cipher));
    found->client_certificate = client_certificate_of(tls);
    *chain = memory_need(chain_new(certificates));
    found->staple = staple_of(tls, *chain);
    ERR_clear_error();
}
