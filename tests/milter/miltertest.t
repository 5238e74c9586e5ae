#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The daemon under miltertest(8), an MTA's side of the protocol that we did not write.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::Harness qw(not_possible run work_dir write_file);

not_possible('miltertest is not installed') if !grep { -x "$_/miltertest" } split /:/, $ENV{PATH};

my $bare = Forcetls::Bare->new(connectors => <<'END');
  { name = "contoso-in"; direction = "inbound"; domains = [ "*.contoso.com" ]; level = "encrypt"; action = "reject"; },
  { name = "fabrikam-in"; direction = "inbound"; domains = [ "fabrikam.com" ]; level = "encrypt"; action = "defer"; }
END
$bare->start;
my $socket = $bare->daemon->socket;

# Runs one dialogue; the script itself says what it expects, by its exit status.
sub dialogue {
    my ($name, $steps) = @_;
    my $script = write_file(work_dir() . '/dialogue.lua', <<"END");
conn = mt.connect("unix:$socket")
if conn == nil then error("no connection") end
if mt.conninfo(conn, "client.example", "192.0.2.1") ~= nil then error("connection refused") end
mt.helo(conn, "client.example")
function reply(what, wanted)
  if mt.getreply(conn) ~= wanted then error(what .. ": got " .. tostring(mt.getreply(conn)) .. ", wanted " .. tostring(wanted)) end
end
function tls()
  mt.macro(conn, SMFIC_MAIL, "{tls_version}", "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384", "{cipher_bits}", "256")
end
$steps
mt.disconnect(conn)
END
    my ($status, $out) = run('miltertest', '-s', $script);
    is($status, 0, $name) or diag $out;
}

dialogue('plaintext from the partner: rejected', <<'END');
mt.mailfrom(conn, "<a@contoso.com>")
reply("MAIL", SMFIR_CONTINUE)
mt.rcptto(conn, "<b@example.org>")
reply("RCPT", SMFIR_REPLYCODE)
END

dialogue('TLS from the partner: goes on to the end', <<'END');
tls()
mt.mailfrom(conn, "<a@sub.contoso.com>")
reply("MAIL", SMFIR_CONTINUE)
mt.rcptto(conn, "<b@example.org>")
reply("RCPT", SMFIR_CONTINUE)
mt.eom(conn)
reply("end of message", SMFIR_CONTINUE)
END

dialogue('action = "defer": a temporary answer', <<'END');
mt.mailfrom(conn, "<a@fabrikam.com>")
reply("MAIL", SMFIR_CONTINUE)
mt.rcptto(conn, "<b@example.org>")
reply("RCPT", SMFIR_REPLYCODE)
END

dialogue('everybody else: accepted at MAIL', <<'END');
mt.mailfrom(conn, "<a@other.example>")
reply("MAIL", SMFIR_ACCEPT)
END

my @lines = $bare->log =~ /(verdict=(?:reject|defer) reason=no-tls)/g;
is_deeply(\@lines, [ 'verdict=reject reason=no-tls', 'verdict=defer reason=no-tls' ], 'the log tells the two refusals apart');
is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
