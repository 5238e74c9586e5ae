/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/sendmail_tls and sendmail_hops: STARTTLS, certificates of clients, hops. */
#include "tests/unit/sendmail_case.h"

static void starttls__not_offered__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { CF_SOUND "O ServerCertFile\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerKeyFile=\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertFile=\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertPath=\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertPath=certs\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerCertFile=@/none.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerKeyFile=@/none.key\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertFile=@/none.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertFile=@/empty.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerKeyFile=@/open.key\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerKeyFile=@/open.key\nO DontBlameSendmail=GroupReadableKeyFile\n",
          ENCRYPT, CF_SOCKET, "" },
        { CF_SOUND "O ServerKeyFile=@/ca.pem\nO DontBlameSendmail=GroupReadableKeyFile\n", ENCRYPT,
          CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O ServerCertFile=@/open.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        { CF_SOUND "O CACertFile=@/open.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered" },
        /* one finding, not two */
        { CF_SOUND "O CACertFile=@/none.pem\n", SECURE, CF_SOCKET, "tls-not-offered" },
        /* a second certificate; a value that cannot be told */
        { CF_SOUND "O ServerCertFile=@/server.pem,@/none.pem\n", ENCRYPT, CF_SOCKET, "" },
        { CF_SOUND "O ServerCertFile=$m/x.pem\n", ENCRYPT, CF_SOCKET, "" },
        /* C lifts it */
        { CF_SOUND "O ServerCertFile\nO TLSSrvOptions=C\n", ENCRYPT, CF_SOCKET, "" },
        /* nobody demands it */
        { "V10\n" CF_FILTER CF_CALLED, OUT, CF_SOCKET, "" },
    };

    (void)state;
    CHECK(rows);
    assert_typed("V10\n" CF_FILTER CF_CALLED, ENCRYPT, CF_SOCKET, "tls-not-offered",
                 "# sendmail.mc, in front of MAILER(...), behind include(`...starttls.m4'):\n"
                 "define(`confSERVER_CERT', `/etc/mail/tls/sendmail-server.crt')dnl\n"
                 "define(`confSERVER_KEY', `/etc/mail/tls/sendmail-common.key')dnl\n"
                 "define(`confCACERT', `/etc/mail/tls/sendmail-server.crt')dnl\n"
                 "define(`confCACERT_PATH', `/etc/mail/tls/no-cas')dnl\n");
    assert_typed(CF_SOUND "O CACertFile=\n", SECURE, CF_SOCKET, "tls-not-offered",
                 "# sendmail.mc, in front of MAILER(...), behind include(`...starttls.m4'):\n"
                 "define(`confCACERT', `/etc/mail/tls/partner-cas.pem')dnl\n");
    assert_typed(CF_SOUND "O CACertFile=@/none.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered",
                 "cp '@/server.pem' '@/none.pem'\n");
    assert_typed(CF_SOUND "O CACertFile=@/none.pem\n", VERIFY, CF_SOCKET, "tls-not-offered",
                 "cat CA-OF-THE-PARTNER.pem >> '@/none.pem'\n");
    assert_typed(CF_SOUND "O ServerKeyFile=@/open.key\nO CACertFile=@/open.pem\n", ENCRYPT,
                 CF_SOCKET, "tls-not-offered",
                 "chmod go-rwx '@/open.key'\nchmod go-w '@/open.pem'\n");
    assert_typed(CF_SOUND "O ServerCertFile=@/none.pem\nO ServerKeyFile=@/none.key\n", ENCRYPT,
                 CF_SOCKET, "tls-not-offered",
                 "(umask 077 && openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "
                 "\"/CN=$(hostname -f)\" -keyout '@/none.key' -out '@/none.pem')\n");
    assert_typed(CF_SOUND "O ServerKeyFile=@/none.key\n", ENCRYPT, CF_SOCKET, "tls-not-offered",
                 "ls -l '@/none.key'   # the key of '@/server.pem'\n");
    assert_typed(CF_SOUND "O ServerCertFile=@/none.pem\n", ENCRYPT, CF_SOCKET, "tls-not-offered",
                 "openssl req -x509 -key '@/server.key' -days 3650 -subj \"/CN=$(hostname -f)\" "
                 "-out '@/none.pem'\n");
}

#define DAEMON CF_SOUND "O DaemonPortOptions=Name=MTA, "

static void starttls__switched_off_for_a_daemon__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { DAEMON "M=S\n", ENCRYPT, CF_SOCKET, "daemon-without-tls:9" },
        { DAEMON "Modifier=ES\n", ENCRYPT, CF_SOCKET, "daemon-without-tls:9" },
        { DAEMON "M=s\n", ENCRYPT, CF_SOCKET, "" },
        { DAEMON "M=sS, Port=2525\n", ENCRYPT, CF_SOCKET, "" },
        { DAEMON "M=S, Addr=127.0.0.1\n", ENCRYPT, CF_SOCKET, "" },
        { DAEMON "M=S, Port=587\n", ENCRYPT, CF_SOCKET, "" },
    };

    (void)state;
    CHECK(rows);
    assert_typed(DAEMON "M=ESb, Port=25\n", ENCRYPT, CF_SOCKET, "daemon-without-tls",
                 "# sendmail.mc, in place of the line of this daemon:\n"
                 "DAEMON_OPTIONS(`Name=MTA, Port=25, Modifier=Eb')dnl\n");
    assert_typed(DAEMON "M=S\n", ENCRYPT, CF_SOCKET, "daemon-without-tls",
                 "# sendmail.mc, in place of the line of this daemon:\n"
                 "DAEMON_OPTIONS(`Name=MTA')dnl\n");
}

static void certificates__what_connectors_need__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { CF_SOUND "O TLSSrvOptions=V\n", VERIFY, CF_SOCKET, "certificate-not-asked:9" },
        { CF_SOUND "O TLSSrvOptions=C, V\n", PINS, CF_SOCKET, "certificate-not-asked:9" },
        { CF_SOUND "O TLSSrvOptions=CV\n", PINS, CF_SOCKET, "" },
        { CF_SOUND "O TLSSrvOptions=v\n", VERIFY, CF_SOCKET, "" },
        { CF_SOUND "O TLSSrvOptions=V\n", ENCRYPT, CF_SOCKET, "" },
        /* Debian's starttls.m4: our own certificate */
        { CF_SOUND "O CACertFile=@/server.pem\n", SECURE, CF_SOCKET, "no-client-ca:9" },
        { CF_SOUND "O CACertFile=@/server.pem\n", VERIFY, CF_SOCKET, "no-client-ca:9" },
        { CF_SOUND "O CACertFile=@/server.pem\n", ENCRYPT | PINS, CF_SOCKET, "" },
        { CF_SOUND "O CACertFile=@/server.pem\nO CACertPath=@/\n", SECURE, CF_SOCKET, "" },
        { CF_SOUND "O CACertFile=\nO TLSSrvOptions=C\n", SECURE, CF_SOCKET, "no-client-ca:9" },
        /* the public bundle */
        { CF_SOUND "O CACertPath=/etc/ssl/certs\n", VERIFY, CF_SOCKET, "public-client-ca:9" },
        { CF_SOUND "O CACertPath=/etc/ssl/certs/\n", VERIFY, CF_SOCKET, "public-client-ca:9" },
        { CF_SOUND "O CACertPath=/etc/ssl/certs.local\n", VERIFY, CF_SOCKET, "" },
        { CF_SOUND "O CACertPath=/etc/ssl/certs\n", SECURE | PINS, CF_SOCKET, "" },
        { CF_SOUND "O CertFingerprintAlgorithm\n", PINS, CF_SOCKET, "fingerprint-digest:9" },
        { CF_SOUND "O CertFingerprintAlgorithm=sha1\n", PINS, CF_SOCKET, "fingerprint-digest:9" },
        { CF_SOUND "O CertFingerprintAlgorithm=sha512-256\n", PINS, CF_SOCKET,
          "fingerprint-digest:9" },
        { CF_SOUND "O CertFingerprintAlgorithm=SHA256\n", PINS, CF_SOCKET, "" },
        { CF_SOUND "O CertFingerprintAlgorithm=md5\n", SECURE, CF_SOCKET, "" },
        { "V10\n" CF_TLS CF_FILTER CF_CALLED, PINS, CF_SOCKET, "fingerprint-digest" },
    };

    (void)state;
    CHECK(rows);
    assert_typed(CF_SOUND "O TLSSrvOptions=V,C\n", VERIFY, CF_SOCKET, "certificate-not-asked",
                 "# sendmail.mc, in front of MAILER(...), behind include(`...starttls.m4'):\n"
                 "define(`confTLS_SRV_OPTIONS', `C')dnl\n");
    assert_typed(CF_SOUND "O CACertPath=/etc/ssl/certs\n", VERIFY, CF_SOCKET, "public-client-ca",
                 "install -d -m 0755 /etc/mail/tls/no-cas\n"
                 "# sendmail.mc, in front of MAILER(...), behind include(`...starttls.m4'):\n"
                 "define(`confCACERT_PATH', `/etc/mail/tls/no-cas')dnl\n");
}

/* ---- hops ------------------------------------------------------------------------------------ */

static void hops__no_connector_names_them__noted(void **state)
{
    static const struct sendmail_row rows[] = {
        { CF_SOUND "O FallbackMXhost=fall.example\n", OUT, CF_SOCKET, "fallback-mx:9" },
        { CF_SOUND "OVfall.example\n", OUT, CF_SOCKET, "fallback-mx:9" },
        { CF_SOUND "O FallbackMXhost=[Hop.Example]\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "O FallbackMXhost=\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "O FallbackMXhost=fall.example\n", ALL, CF_SOCKET, "" },
        { CF_SOUND "O FallbackSmartHost=smart.example\n", OUT, CF_SOCKET, "fallback-smart-host:9" },
        { CF_SOUND "O FallBackSmartHost=mx.example.\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "DSsmart.example\n", OUT, CF_SOCKET, "smart-host:9" },
        { CF_SOUND "DSesmtp:[smart.example]\n", OUT, CF_SOCKET, "smart-host:9" },
        { CF_SOUND "DSesmtp:[hop.example]\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "DS[192.0.2.1]\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "DSrelay:[192.0.2.1]:[192.0.2.2]\n", OUT, CF_SOCKET, "smart-host:9" },
        { CF_SOUND "DSrelay:hop.example,other.example:third.example\n", OUT, CF_SOCKET,
          "smart-host:9 smart-host:9" },
        { CF_SOUND "DS[IPv6:2001:db8::1]\n", OUT, CF_SOCKET, "smart-host:9" },
        { CF_SOUND "DS\n", OUT, CF_SOCKET, "" },
    };
    struct findings findings;

    (void)state;
    CHECK(rows);
    sendmail_find(CF_SOUND "O FallbackMXhost=fall.example\n", OUT, CF_SOCKET, &findings);
    assert_string_equal(sendmail_finding(&findings, "fallback-mx")->text,
                        "mail to the partner of connector 'out' goes to 'fall.example' when the "
                        "partner's MX hosts do not answer (FallbackMXhost), which is not in the "
                        "connector's next_hops");
    findings_release(&findings);
    assert_typed(CF_SOUND "DSesmtp:[smart.example]\n", OUT, CF_SOCKET, "smart-host",
                 "next_hops = [ \"[smart.example]\" ];   # forcetls.conf, out\n");
    assert_typed(CF_SOUND "O FallbackMXhost=fall.example\n", OUT, CF_SOCKET, "fallback-mx",
                 "# sendmail.mc, behind the line that defines it:\n"
                 "undefine(`confFALLBACK_MX')dnl\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starttls__not_offered__warned),
        cmocka_unit_test(starttls__switched_off_for_a_daemon__warned),
        cmocka_unit_test(certificates__what_connectors_need__warned),
        cmocka_unit_test(hops__no_connector_names_them__noted),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, sendmail_files_make, sendmail_files_remove);
}
