#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls export: the tables to the byte, and what the mail servers' own programs make of them:
# postmap(1) finds the policy of each name in Postfix's, and Sendmail's rulesets hold each recipient
# to what the access map's lines say.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Command qw(forcetls);
use Forcetls::Harness qw(has_ipv6 mta_root read_file run source_dir work_dir write_file);
use Forcetls::Postfix;
use Forcetls::Sendmail;
use Test::More;

my $dir = work_dir();
my $root = Forcetls::Certificates->new->make('root', subject => '/CN=Example Root CA', ca => 1);
my $file = 'forcetls.conf';
chdir $dir or die "$dir: $!\n";
write_file($file, <<"END", 0644);
defaults: { level = "encrypt"; };
connectors = (
  { name = "contoso-out"; comment = "contract 4711; tls\@contoso.com"; direction = "outbound"; domains = [ "*.contoso.com" ]; level = "secure";
    certificates = (
      { name = "mail.contoso.com"; root = "GlobalSign Root CA"; organization = "Contoso"; key_bits = 2048; from = "2026-02-01"; },
      { name = "mail.contoso.com"; root = "Other Root CA"; until = "2026-02-01"; } ); },
  { name = "headquarters"; direction = "outbound"; domains = [ "hq.example", "legal.contoso.com" ]; level = "verify";
    next_hops = [ "[mail.hq.example]:587", "[192.0.2.7]", "smtps://relay.hq.example:465", "hub.example" ]; },
  { name = "open"; direction = "outbound"; domains = [ ".lab.contoso.com", "pub.contoso.com", "else.example" ]; level = "may"; },
  { name = "trial"; direction = "outbound"; domains = [ "trial.contoso.com" ]; level = "secure"; mode = "monitor"; },
  { name = "below"; direction = "both"; domains = [ ".below.example", "b\xc3\xbccher.example" ]; level = "secure";
    trust_store = "$root->{file}"; forward_secrecy = true; },
  { name = "wild"; direction = "outbound"; domains = [ "wild.example" ]; level = "secure"; min_cipher_bits = 256;
    certificates = ( { name = "*.wild.example"; issuer = "Wild CA"; } ); },
  { name = "pinned"; direction = "outbound"; domains = [ "pin.example" ]; level = "fingerprint";
    certificates = ( { fingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"; } ); },
  { name = "inbound-only"; direction = "inbound"; domains = [ "in.example" ]; }
);
END

# The table of a day; the options come last.
sub export
{
    my ($table, @options) = @_;
    my ($code, $out, $errors) = forcetls('export', $table, '-c', $file, '--at', '2026-01-15', @options);
    return ($code, $out =~ s/\Q$root->{file}\E/ROOTS/gr, $errors);
}

# ---- Postfix -----------------------------------------------------------------------------------

my ($code, $postfix, $errors) = export('postfix');
is($code, 0, 'postfix: exit 0');
is($errors, '', 'nothing on stderr');
is($postfix, <<'END', 'the table');
# TLS policies for Postfix 3.7 and later (smtp_tls_policy_maps).
# Made by forcetls export postfix from forcetls.conf, as it is on 2026-01-15.
#
#   forcetls export postfix > /etc/postfix/forcetls_tls_policy
#   postconf -e 'smtp_tls_policy_maps = texthash:/etc/postfix/forcetls_tls_policy'
#   postfix reload
#
# texthash: reads this file as it is. An indexed one (hash:, lmdb:) needs
# postmap /etc/postfix/forcetls_tls_policy after each export. Levels verify and
# secure trust what smtp_tls_CAfile holds, which is nothing by default. A next
# hop counts only if transport_maps and relayhost spell it as this table does.
# It is a copy: what changes in that file is not in here until it is made again,
# and neither is what a date in it changes.
# The next one: 2026-02-01: entry 1 begins, entry 2 ends (connector
# contoso-out).
# With tls_policy_socket in forcetls.conf Postfix asks the daemon, which needs
# no copy.

# connector contoso-out (forcetls.conf:3), level secure
# contract 4711; tls@contoso.com
# not in the table, judged at RCPT alone: organization, key_bits
# not in the table without --anchors: root 'Other Root CA'; every root of
# smtp_tls_CAfile counts
contoso.com  secure match=mail.contoso.com servername=hostname protocols=>=TLSv1.2 ciphers=high
.contoso.com  secure match=mail.contoso.com servername=hostname protocols=>=TLSv1.2 ciphers=high

# connector headquarters (forcetls.conf:7), level verify
hq.example  verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high
legal.contoso.com  verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high
[192.0.2.7]  verify match=hostname protocols=>=TLSv1.2 ciphers=high
[mail.hq.example]:587  verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high
[relay.hq.example]:465  verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high
hub.example  verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high

# connector open (forcetls.conf:9), level may
# level may: nothing is demanded
# may: so that the line of a parent domain does not count here;
# smtp_tls_security_level does not either
.lab.contoso.com  may
pub.contoso.com  may

# connector trial (forcetls.conf:10), level secure
# mode monitor: nothing is demanded
# may: so that the line of a parent domain does not count here;
# smtp_tls_security_level does not either
trial.contoso.com  may

# connector below (forcetls.conf:11), level secure
# tafile: a chrooted smtp(8) opens it below the queue directory, where a copy
# must be
.below.example  secure match=.below.example:xn--bcher-kva.example:.xn--bcher-kva.example servername=hostname protocols=>=TLSv1.2 ciphers=high exclude=kRSA:kRSAPSK:kPSK:kSRP tafile=ROOTS
xn--bcher-kva.example  secure match=.below.example:xn--bcher-kva.example:.xn--bcher-kva.example servername=hostname protocols=>=TLSv1.2 ciphers=high exclude=kRSA:kRSAPSK:kPSK:kSRP tafile=ROOTS
bücher.example  secure match=.below.example:xn--bcher-kva.example:.xn--bcher-kva.example servername=hostname protocols=>=TLSv1.2 ciphers=high exclude=kRSA:kRSAPSK:kPSK:kSRP tafile=ROOTS

# connector wild (forcetls.conf:13), level secure
# not in the table, judged at RCPT alone: issuer, min_cipher_bits above 128 for
# TLSv1.3
# name *.wild.example: Postfix takes a certificate's name any number of labels
# below it
wild.example  secure match=.wild.example servername=hostname protocols=>=TLSv1.2 ciphers=high exclude=AES128:CAMELLIA128:ARIA128:SEED:IDEA:RC4

# connector pinned (forcetls.conf:15), level fingerprint
pin.example  fingerprint match=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff servername=hostname protocols=>=TLSv1.2 ciphers=high
END

my %policy = (
    'contoso.com' => 'secure match=mail.contoso.com ', 'a.b.contoso.com' => 'secure match=mail.contoso.com ',
    'legal.contoso.com' => 'verify match=hostname ', 'x.legal.contoso.com' => 'secure match=mail.contoso.com ',
    'lab.contoso.com' => 'secure match=mail.contoso.com ', 'x.y.lab.contoso.com' => 'may', 'pub.contoso.com' => 'may', 'x.pub.contoso.com' => 'secure match=mail.contoso.com ',
    'trial.contoso.com' => 'may', 'hq.example' => 'verify match=hostname ', 'x.hq.example' => undef, 'else.example' => undef, 'below.example' => undef,
    'x.below.example' => 'secure match=.below.example:', "b\xc3\xbccher.example" => 'secure match=.below.example:', 'xn--bcher-kva.example' => 'secure match=.below.example:',
    '[mail.hq.example]:587' => 'verify match=hostname ', '[relay.hq.example]:465' => 'verify match=hostname ', '[192.0.2.7]' => 'verify match=hostname protocols=', 'in.example' => undef,
);

# What smtp(8) looks for: the name, then its parents.
sub keys_of
{
    my ($key) = @_;
    return $key if $key =~ /^\[/;
    my @labels = split /\./, $key;
    return ($key, map { '.' . join '.', @labels[ $_ .. $#labels ] } 1 .. $#labels);
}

subtest 'postmap finds what the TLS policy map would say' => sub {
    my ($programs, $why) = Forcetls::Postfix->unpack;
    plan skip_all => $why if !$programs;
    mkdir "$dir/etc" or die "$dir/etc: $!\n";
    write_file("$dir/etc/main.cf", "compatibility_level = 3.6\nqueue_directory = $dir\nmail_owner = uucp\nsetgid_group = dip\ninet_interfaces = 127.0.0.1\n");
    write_file("$dir/etc/dynamicmaps.cf", '');
    write_file("$dir/table", $postfix);
    $ENV{LD_LIBRARY_PATH} = "$programs/usr/lib/postfix";
    my @postmap = ("$programs/usr/sbin/postmap", '-c', "$dir/etc");
    for my $type (qw(texthash hash)) {
        my ($status, $output) = $type eq 'hash' ? run(@postmap, "hash:$dir/table") : (0, '');
        next if $output =~ /hash\/btree support is deprecated/;    # Debian's Postfix 3.11
        is("$status $output", '0 ', "$type: read without a warning");
        for my $name (sort keys %policy) {
            my $found;
            for my $key (keys_of($name)) {
                my ($status, $output) = run(@postmap, '-q', $key, "$type:$dir/table");
                next if $status != 0;
                $found = $output;
                last;
            }
            my $wanted = $policy{$name};
            ok(defined $wanted ? defined $found && index("$found", $wanted) == 0 : !defined $found, "$type: $name")
                or diag("found: " . ($found // 'nothing'));
        }
    }
    delete $ENV{LD_LIBRARY_PATH};
};

# ---- Sendmail ----------------------------------------------------------------------------------

($code, my $sendmail, $errors) = export('sendmail');
is($code, 0, 'sendmail: exit 0');
is($errors, '', 'nothing on stderr');
is($sendmail, <<'END', 'the table');
# TLS rules for Sendmail's access map (TLS_Rcpt:, TLS_Srv:).
# Made by forcetls export sendmail from forcetls.conf, as it is on 2026-01-15.
#
#   forcetls export sendmail > /etc/mail/access.forcetls
#   cat /etc/mail/access /etc/mail/access.forcetls | makemap hash /etc/mail/access
#
# sendmail.mc: FEATURE(`access_db') and FEATURE(`lookupdotdomain'), the latter
# for keys that begin with a dot, and for VERIFY confCACERT or confCACERT_PATH
# with the partners' roots. TEMP: the mail waits; with PERM it would bounce the
# first time that somebody spoils a handshake. Protocols and ciphers are
# Sendmail's own for all partners at once: confCLIENT_SSL_OPTIONS,
# confCIPHER_LIST.
# Make no map of it when forcetls export ended with 2 or more: the table is
# empty or cut off (contrib/sendmail/export-access sees to that). TLS_Rcpt is
# asked after MAIL: where no TLS_Srv holds the host, the sender's address may
# cross in clear before the mail waits.
# It is a copy: what changes in that file is not in here until it is made again,
# and neither is what a date in it changes.
# The next one: 2026-02-01: entry 1 begins, entry 2 ends (connector
# contoso-out).

# connector contoso-out (forcetls.conf:3), level secure
# contract 4711; tls@contoso.com
# CN: Sendmail compares the common name alone, and no subjectAltName: where the
# partner's certificate has another one, the mail waits (forcetls probe
# contoso-out shows it)
# not in the rule: root, min_protocol TLSv1.2
TLS_Rcpt:contoso.com  TEMP+VERIFY:128+CN:mail.contoso.com

# connector headquarters (forcetls.conf:7), level verify
# CN: Sendmail compares the common name alone, and no subjectAltName: where the
# partner's certificate has another one, the mail waits (forcetls probe
# headquarters shows it)
# not in the rule: min_protocol TLSv1.2
TLS_Rcpt:hq.example  TEMP+VERIFY:128+CN
TLS_Rcpt:.hq.example  OK
TLS_Rcpt:legal.contoso.com  TEMP+VERIFY:128+CN
TLS_Rcpt:.legal.contoso.com  TEMP+VERIFY:128+CN:mail.contoso.com
TLS_Srv:192.0.2.7  TEMP+VERIFY:128+CN
TLS_Srv:mail.hq.example  TEMP+VERIFY:128+CN
TLS_Srv:relay.hq.example  TEMP+VERIFY:128+CN
# not in the table: other mail by the next hop hub.example, since TLS_Srv: goes
# by the name of the host

# connector open (forcetls.conf:9), level may
# level may: nothing is demanded
TLS_Rcpt:.lab.contoso.com  OK
TLS_Rcpt:pub.contoso.com  OK
TLS_Rcpt:.pub.contoso.com  TEMP+VERIFY:128+CN:mail.contoso.com

# connector trial (forcetls.conf:10), level secure
# mode monitor: nothing is demanded
# enforced, the rule would be TEMP+VERIFY:128
TLS_Rcpt:trial.contoso.com  OK
TLS_Rcpt:.trial.contoso.com  TEMP+VERIFY:128+CN:mail.contoso.com

# connector below (forcetls.conf:11), level secure
# not in the rule: the names of the certificate, of which Sendmail compares one
# common name at most; any certificate that it trusts will do
# not in the rule: min_protocol TLSv1.2, forward_secrecy, trust_store
# below.example itself is held too, in case that lines with a dot do not count
TLS_Rcpt:below.example  TEMP+VERIFY:128
TLS_Rcpt:xn--bcher-kva.example  TEMP+VERIFY:128
TLS_Rcpt:.xn--bcher-kva.example  OK

# connector wild (forcetls.conf:13), level secure
# not in the rule: the names of the certificate, of which Sendmail compares one
# common name at most; any certificate that it trusts will do
# not in the rule: issuer, min_protocol TLSv1.2
TLS_Rcpt:wild.example  TEMP+VERIFY:256
TLS_Rcpt:.wild.example  OK

# connector pinned (forcetls.conf:15), level fingerprint
# level fingerprint: no rule compares one; the mail is held to encryption, and
# anybody may be at the other end
# not in the rule: pins, min_protocol TLSv1.2
TLS_Rcpt:pin.example  TEMP+ENCR:128
TLS_Rcpt:.pin.example  OK
END

my %good = (verify => 'OK', cipher_bits => 256, server_name => 'mx.partner.example', server_addr => '192.0.2.99', cn_subject => 'mx.partner.example');
my $clear = '403 " other side does not support STARTTLS"';
my @sessions = (
    # ruleset and argument, the session, what comes out
    [ 'tls_rcpt a@contoso.com', { cn_subject => 'mail.contoso.com' }, 'OK' ],
    [ 'tls_rcpt a@contoso.com', {}, '403 " CN " mx . partner . example " does not match " mail . contoso . com' ],
    [ 'tls_rcpt a@contoso.com', { cn_subject => 'mail.contoso.com', verify => 'FAIL' }, '403 " authentication failed"' ],
    [ 'tls_rcpt a@contoso.com', { cn_subject => 'mail.contoso.com', cipher_bits => 112 }, '403 " encryption too weak " 112 " less than " 128' ],
    [ 'tls_rcpt a@contoso.com', { verify => 'NONE', cipher_bits => '', cn_subject => '' }, $clear ],
    [ 'tls_rcpt a@x.y.contoso.com', { verify => 'NONE', cipher_bits => '' }, $clear ],
    [ 'tls_rcpt a@CONTOSO.com', { verify => 'NONE', cipher_bits => '' }, $clear ],
    [ 'tls_rcpt a@legal.contoso.com', {}, 'OK' ],
    [ 'tls_rcpt a@legal.contoso.com', { cn_subject => 'mail.contoso.com' }, '403 " CN " mail . contoso . com " does not match " mx . partner . example' ],
    [ 'tls_rcpt a@x.legal.contoso.com', { cn_subject => 'mail.contoso.com' }, 'OK' ],
    [ 'tls_rcpt a@x.legal.contoso.com', {}, '403 " CN " mx . partner . example " does not match " mail . contoso . com' ],
    [ 'tls_rcpt a@x.y.lab.contoso.com', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_rcpt a@lab.contoso.com', { verify => 'NONE', cipher_bits => '' }, $clear ],
    [ 'tls_rcpt a@pub.contoso.com', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_rcpt a@x.pub.contoso.com', { verify => 'NONE', cipher_bits => '' }, $clear ],
    [ 'tls_rcpt a@trial.contoso.com', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_rcpt a@x.hq.example', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_rcpt a@x.below.example', { verify => 'NONE', cipher_bits => '' }, $clear ],
    [ 'tls_rcpt a@x.below.example', {}, 'OK' ],
    [ 'tls_rcpt a@pin.example', { verify => 'FAIL' }, 'OK' ],
    [ 'tls_rcpt a@pin.example', { verify => 'NONE', cipher_bits => '' }, '403 " encryption too weak " 0 " less than " 128' ],
    [ 'tls_rcpt a@wild.example', { cipher_bits => 128 }, '403 " encryption too weak " 128 " less than " 256' ],
    [ 'tls_rcpt a@else.example', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_rcpt a@in.example', { verify => 'NONE', cipher_bits => '' }, 'OK' ],
    [ 'tls_server OK', { server_name => 'mail.hq.example', cn_subject => 'mail.hq.example' }, 'OK' ],
    [ 'tls_server OK', { server_name => 'mail.hq.example' }, '403 " CN " mx . partner . example " does not match " mail . hq . example' ],
    [ 'tls_server NONE', { server_name => 'relay.hq.example', cipher_bits => '' }, $clear ],
    [ 'tls_server NONE', { server_name => 'other.example', server_addr => '192.0.2.7', cipher_bits => '' }, $clear ],
    [ 'tls_server NONE', { server_name => 'other.example', cipher_bits => '' }, 'OK' ],
);

# sendmail -bt: tests rulesets, and does nothing else.
sub rulesets
{
    my ($programs, $features, @lines) = @_;
    my $work = "$dir/sm";
    -d $work or mkdir $work, 0755 or die "$work: $!\n";
    write_file("$work/service.switch", "hosts files\naliases files\n", 0644);
    write_file("$work/t.mc", join "\n", 'OSTYPE(`linux\')dnl', "define(`confSERVICE_SWITCH_FILE', `$work/service.switch')dnl", 'define(`confDOMAIN_NAME\', `mx.example.org\')dnl',
        'define(`confDONT_PROBE_INTERFACES\', `True\')dnl', "FEATURE(`access_db', `hash -o $work/access')dnl", (map { "FEATURE(`$_')dnl" } 'nocanonify', 'accept_unresolvable_domains', @$features),
        'MAILER(`smtp\')dnl', '');
    my $cf = "$programs/usr/share/sendmail/cf";
    my ($status, $text) = run('m4', "-D_CF_DIR_=$cf/", "$cf/m4/cf.m4", "$work/t.mc");
    $status == 0 or die "m4: $text";
    write_file("$work/t.cf", $text, 0644);
    write_file("$work/access", $sendmail);
    write_file("$work/commands", join '', map { "$_\n" } @lines);
    local $ENV{LD_LIBRARY_PATH} = "$programs/usr/lib/sendmail";
    ($status, $text) = run('sh', '-c', "$programs/usr/libexec/sendmail/makemap -C $work/t.cf hash $work/access < $work/access");
    is("$status $text", '0 ', 'makemap takes every line');
    # It sleeps for a minute where the host's name has no dot.
    my (undef, @named) = (bless { dir => $work, programs => $programs }, 'Forcetls::Sendmail')->_named;
    (undef, $text) = run(@named, 'sh', '-c', "$programs/usr/libexec/sendmail/sendmail -C $work/t.cf -bt < $work/commands");
    return $text;
}

sub results_of
{
    my ($programs, $features, @sessions) = @_;
    my @lines = map {
        my ($call, $session) = @$_;
        my %session = (%good, %$session);
        ((map { ".D{$_}$session{$_}" } sort keys %session), $call)
    } @sessions;
    my $text = rulesets($programs, $features, @lines);
    # Sendmail 8.18.2 says 454 where others say 403.
    return map { s/^\$# error \$\@ 4 \. 7 \. 0 \$: //r =~ s/^454 /403 /r } $text =~ /^tls_(?:rcpt|server) +returns: (.*?)\s*$/mg;
}

subtest 'Sendmail holds each recipient to its line' => sub {
    my $programs = mta_root() . '/sendmail';
    my ($status, $why) = run(source_dir() . '/tests/lib/unpack-mta', 'sendmail', $programs);
    plan skip_all => "Sendmail cannot be had: $why" if $status != 0;
    plan skip_all => 'no m4 here' if (run('m4', '--version'))[0] != 0;
    my @results = results_of($programs, ['lookupdotdomain'], @sessions);
    is(scalar @results, scalar @sessions, 'every ruleset has run') or return;
    for my $i (0 .. $#sessions) {
        my ($call, $session, $wanted) = @{ $sessions[$i] };
        is($results[$i], $wanted, join ' ', $call, map { "$_=$session->{$_}" } sort keys %$session);
    }
    # Without the feature more is held, and what is told.
    my %clear = (verify => 'NONE', cipher_bits => '');
    my @without = ([ 'tls_rcpt a@x.hq.example', \%clear ], [ 'tls_rcpt a@below.example', \%clear ], [ 'tls_rcpt a@x.below.example', \%clear ], [ 'tls_rcpt a@x.contoso.com', \%clear ]);
    is_deeply([ results_of($programs, [], @without) ], [ ($clear) x 4 ], 'without lookupdotdomain names below an entry are held as well');
};

# ---- what cannot be said -----------------------------------------------------------------------

for my $table (qw(postfix sendmail)) {
    ($code, my $out, $errors) = forcetls({}, 'export', $table, '-c', $file, '--at', '2025-01-01');
    is($code, 0, "$table: another day: exit 0");
    like($out, qr/as it is\s(?:# )?on 2025-01-01/, 'it says which');
}
write_file("$dir/over.conf", <<'END');
connectors = ( { name = "over"; direction = "outbound"; domains = [ "over.example" ]; level = "secure"; certificates = ( { name = "a.example"; until = "2026-01-01"; } ); },
  { name = "all"; direction = "outbound"; domains = [ "*" ]; level = "encrypt"; } );
END
($code, my $out, $errors) = forcetls('export', 'postfix', '-c', "$dir/over.conf");
is($code, 1, 'no entry counts any more: exit 1');
like($errors, qr/^forcetls: mail to 'over\.example' will wait: connector over: no entry of certificates counts now$/m, 'whose mail waits is told');
like($out, qr/^over\.example  secure match=nobody\.invalid$/m, 'postfix: a policy that nobody can meet');
like($out =~ s/\n# / /gr, qr/ not in the table: \*, since no key .*smtp_tls_security_level = encrypt'/, 'and what to do about everybody');
($code, $out, $errors) = forcetls('export', 'sendmail', '-c', "$dir/over.conf");
is($code, 1, 'sendmail: exit 1');
like($out, qr/^TLS_Rcpt:over\.example  TEMP\+VERIFY:128\+CN:nobody\.invalid$/m, 'a rule that nobody can meet');
like($out, qr/^TLS_Rcpt:  TEMP\+ENCR:128$/m, 'and one for everybody');

# Trust anchors: those of the connector, and no more of its store.
mkdir "$dir/anchors" or die "$dir/anchors: $!\n";
my $other = Forcetls::Certificates->new->make('other', subject => '/CN=Other Root CA', ca => 1);
write_file("$dir/roots.pem", read_file($root->{file}) . read_file($other->{file}), 0644);
write_file("$dir/anchors.conf", <<"END", 0644);
connectors = ( { name = "a"; direction = "outbound"; domains = [ "a.example" ]; level = "secure"; trust_store = "$dir/roots.pem"; certificates = ( { name = "mx.a.example"; root = "Example Root CA"; } ); },
  { name = "b"; direction = "outbound"; domains = [ "b.example" ]; level = "secure"; trust_store = "$dir/roots.pem"; certificates = ( { name = "mx.b.example"; root = "Missing Root CA"; } ); } );
END
($code, $out, $errors) = forcetls('export', 'postfix', '-c', "$dir/anchors.conf", '--anchors', "$dir/anchors");
is($code, 1, '--anchors, and one has none: exit 1');
my ($anchors) = $out =~ m{^a\.example  secure match=mx\.a\.example .* tafile=(\Q$dir\E/anchors/\S+)$}m;
is(scalar(() = read_file($anchors // '') =~ /BEGIN CERTIFICATE/g), 1, 'tafile names a file with the root that is wanted, alone');
is((run('openssl', 'x509', '-in', $anchors // '', '-noout', '-subject', '-nameopt', 'RFC2253'))[1], "subject=CN=Example Root CA\n", 'it is that one');
like($out, qr/^b\.example  secure match=nobody\.invalid$/m, 'where there is none, the mail waits');
like($errors, qr/^forcetls: mail to 'b\.example' will wait: /m, 'which is told');
unlike($out, qr/not in the table/, 'nothing is missing');
($code, $out, $errors) = forcetls('export', 'postfix', '-c', "$dir/anchors.conf");
is($code, 0, 'without --anchors: exit 0');
like($out =~ s/\n# / /gr, qr/ not in the table without --anchors: root 'Example Root CA'; every root of the file counts/, 'and what is missing');
($code, $out, $errors) = forcetls('export', 'postfix', '-c', "$dir/anchors.conf", '--anchors', "$dir/missing");
is($code, 2, 'no such folder: exit 2');
like($errors, qr{'\Q$dir\E/missing'}, 'said');

write_file("$dir/broken.conf", "connectors = ( { name = \"x\" } );\n");
for (
    [ 'no table', [], qr/which table/ ],
    [ 'another one', ['exim'], qr/'exim'/ ],
    [ 'two', [ 'postfix', 'sendmail' ], qr/'sendmail'/ ],
    [ 'a day that is none', [ 'postfix', '--at', '2026-02-30' ], qr/'2026-02-30'/ ],
    [ 'no file', [ 'postfix', '-c', "$dir/none.conf" ], qr/'\Q$dir\E\/none\.conf'/ ],
    [ 'errors in the file', [ 'postfix', '-c', "$dir/broken.conf" ], qr/has errors/ ],
    )
{
    my ($name, $arguments, $pattern) = @$_;
    my ($code, $out, $errors) = forcetls('export', @$arguments);
    is($code, 2, "$name: exit 2");
    is($out, '', 'nothing on stdout');
    like($errors, $pattern, 'what is wrong');
}
SKIP: {
    skip 'no /dev/full here', 1 if !-c '/dev/full';
    my ($status) = run('sh', '-c', Forcetls::Command::forcetls_program() . " export postfix -c $file >/dev/full");
    cmp_ok($status >> 8, '>=', 2, 'a full disk is told');
}

chdir '/';
done_testing();
