#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# check-postfix.t: `forcetls check --postfix DIR` with a real postconf(1). A folder as Debian makes it
# for an "Internet Site", with README's lines added, draws nothing. Then one thing after the other is
# spoilt: the finding is there, what it says to type is typed, and the finding is gone.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Command qw(forcetls);
use Forcetls::Harness qw(at_end read_file run source_dir work_dir write_file);
use Forcetls::Postfix;
use IO::Socket::UNIX;
use JSON::PP ();
use Test::More;

my $programs = Forcetls::Postfix->unpack_or_skip;
my $work = work_dir();
my $queue = "$work/spool";
my ($etc, $conf) = ("$work/etc", "$work/forcetls.conf");

# smtpd's user: one that is not root, so that modes count.
my $owner = $> == 0 ? 'uucp' : getpwuid $>;
my $group = getgrgid((getpwnam $owner)[3]);

sub sh
{
    my ($script) = @_;
    my ($status, $out) = run('sh', '-ec', $script);
    $status == 0 or diag("$script\n$out");
    return $status == 0;
}

# What is typed finds Postfix's commands as on a host that has it.
sub make_commands
{
    mkdir "$work/bin" or die "$work/bin: $!\n";
    for my $name (qw(postconf postmap)) {
        write_file("$work/bin/$name",
            "#!/bin/sh\nLD_LIBRARY_PATH='$programs/usr/lib/postfix' exec '$programs/usr/sbin/$name' "
                . qq("\$@"\n), 0755);
    }
    $ENV{PATH} = "$work/bin:$ENV{PATH}";
}

my (@sockets, $server);

sub make_socket
{
    my ($path) = @_;
    unlink $path;
    push @sockets, IO::Socket::UNIX->new(Local => $path, Listen => 1) // die "$path: $!\n";
    chmod 0660, $path or die "$path: $!\n";
    chown -1, scalar getgrnam $group, $path if $> == 0;
}

sub make_queue
{
    mkdir $_ or die "$_: $!\n" for $queue, "$queue/forcetls";
    chmod 0755, $queue;
    chmod 0750, "$queue/forcetls";
    chown -1, scalar getgrnam $group, "$queue/forcetls" if $> == 0;
    make_socket("$queue/forcetls/$_.sock") for qw(milter policy);
    my $maker = Forcetls::Certificates->new;
    $server = $maker->make('server', subject => '/CN=mx.example.org');
    write_file("$work/cas.pem", read_file($maker->make('ca', subject => '/CN=CA', ca => 1)->{file}));
    write_file("$work/mailname", "mx.example.org\n");
}

# Debian's files, what postfix.postinst sets in them, and README's lines.
sub make_settings
{
    my $share = "$programs/usr/share/postfix";
    -d $etc or mkdir $etc or die "$etc: $!\n";
    write_file("$etc/main.cf", read_file("$share/main.cf.debian") . read_file("$share/main.cf.tls"));
    write_file("$etc/master.cf", read_file("$share/master.cf.dist"));
    write_file("$etc/dynamicmaps.cf", '');
    my @set = (
        'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated '
            . 'defer_unauth_destination',
        'myhostname = mx.example.org', 'alias_maps = hash:/etc/aliases',
        'alias_database = hash:/etc/aliases', "myorigin = $work/mailname",
        'mydestination = $myhostname, example.org, localhost', 'relayhost =',
        'mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128', 'mailbox_size_limit = 0',
        'recipient_delimiter = +', 'inet_interfaces = all', 'inet_protocols = all',
        # README
        'smtpd_milters = unix:forcetls/milter.sock', 'milter_default_action = tempfail',
        'smtpd_tls_ask_ccert = yes', "smtpd_tls_CAfile = $work/cas.pem",
        'smtpd_sender_restrictions = check_policy_service '
            . '{ unix:forcetls/policy.sock, timeout=5s, default_action=DUNNO }',
        'smtpd_tls_fingerprint_digest = sha256',
        # this folder; Debian's own certificate is not on every host
        "smtpd_tls_cert_file = $server->{file}", "smtpd_tls_key_file = $server->{key}",
        "queue_directory = $queue", "mail_owner = $owner", 'setgid_group = dip',
    );
    run('postconf', '-c', $etc, '-e', @set);
    # Debian's Postfix 3.11 chroots nothing any more.
    run('postconf', '-c', $etc, '-F', map { "$_/chroot=y" } qw(smtp/inet cleanup/unix smtp/unix relay/unix));
    utime time - 10, time - 10, "$etc/main.cf", "$etc/master.cf";
}

my $fingerprint = join ':', ('AB') x 32;
my %connector = (
    encrypt => 'direction = "inbound"; level = "encrypt";',
    secure => 'direction = "inbound"; level = "secure"; '
        . 'certificates = ( { name = "mail.contoso.com"; issuer = "Contoso CA"; } );',
    verify => 'direction = "inbound"; level = "verify";',
    pins => 'direction = "inbound"; level = "fingerprint"; '
        . qq[certificates = ( { fingerprint = "$fingerprint"; } );],
    out => 'direction = "outbound"; level = "encrypt";',
    out_secure => 'direction = "outbound"; level = "secure";',
);

sub make_conf
{
    my ($kind, $settings) = @_;
    my %key = (
        milter_socket => qq("unix:$queue/forcetls/milter.sock"),
        smtpd_policy_socket => qq("unix:$queue/forcetls/policy.sock"),
        user => '"forcetls"',
        %{ $settings // {} }
    );
    write_file($conf, join('', map { "$_ = $key{$_};\n" } sort keys %key)
            . qq[connectors = ( { name = "x"; domains = [ "*.contoso.com" ]; $connector{$kind} } );\n]);
}

# The findings; the program says everything else too. Postfix's commands wait until a file is no
# longer new: so it is made old.
sub findings
{
    utime time - 10, time - 10, "$etc/main.cf", "$etc/master.cf";
    my ($status, $out, $errors) = forcetls('check', '-c', $conf, '--postfix', $etc, '--json');
    my $said = eval { JSON::PP->new->decode($out) };
    return $said->{findings}{postfix} // do { diag("$out$errors"); [] };
}

sub shown
{
    return join '', map { "$_->{where}: $_->{severity}: $_->{text} [$_->{word}]\n" } @_;
}

# Does what a line says that is not a command: a key of forcetls.conf.
sub edit_conf
{
    my ($line) = @_;
    my $text = read_file($conf);
    if (my ($name, $word) = $line =~ /^# forcetls\.conf, connector x: (\w+) = (".*")$/) {
        $text =~ s/\b$name = "[^"]*"/$name = $word/;
    } elsif (my ($key, $socket) = $line =~ /^# forcetls\.conf: (\w+) = "unix:(.*?)"/) {
        $text =~ s/^$key = .*\n//m;
        $text = qq($key = "unix:$socket";\n$text);
        make_socket($socket);
    }
    write_file($conf, $text);
}

# Types all of it.
sub obey
{
    my ($finding) = @_;
    my @lines = @{ $finding->{type} // [] };
    # The user of the folder does not exist here.
    s/ -o forcetls -g \S+ / / for @lines;
    /^#/ ? edit_conf($_) : sh($_) for @lines;
    return grep { !/^#/ || /^# forcetls/ } @lines;
}

my %seen;

# One thing spoilt. Options: conf, settings (of forcetls.conf); main, master (postconf -e, -P);
# lines (of master.cf); before, after (code); severity, if it is no warning; obeyed_by (code: what is
# said is for people).
sub case
{
    my ($word, %option) = @_;
    $seen{$word} = 1;
    subtest $option{name} // $word => sub {
        make_settings();
        make_conf($option{conf} // 'encrypt', $option{settings});
        write_file("$etc/master.cf", read_file("$etc/master.cf") . $option{lines}) if $option{lines};
        run('postconf', '-c', $etc, '-e', @{ $option{main} }) if $option{main};
        run('postconf', '-c', $etc, '-P', @{ $option{master} }) if $option{master};
        $option{before}->() if $option{before};
        my @found = grep { $_->{word} eq $word } @{ findings() };
        is(scalar @found, 1, 'it is found')
            or diag(shown(@{ findings() }));
        is($_->{severity}, $option{severity} // 'warning', 'how serious it is') for @found;
        if ($option{obeyed_by}) {
            ok(@{ $found[0]{type} }, 'it says what to do');
            $option{obeyed_by}->($found[0]);
        } else {
            ok(scalar obey($_), "what is typed: $_->{type}[-1]") for @found;
        }
        my @left = grep { $_->{word} eq $word } @{ findings() };
        is(shown(@left), '', 'it is gone');
        $option{after}->() if $option{after};
    };
}

make_commands();
make_queue();

for my $kind (qw(encrypt secure verify pins)) {
    make_settings();
    make_conf($kind);
    is(shown(@{ findings() }), '', "Debian's default with README's lines, level $kind: nothing");
}

# What contrib has for main.cf, its comments that are settings too.
make_settings();
make_conf('pins');
my $contrib = read_file(source_dir() . '/contrib/postfix/main.cf.forcetls');
my @lines = grep { !/^#|what was there/ } map { s/^#(?=smtpd_|    check_)//r } split /^/m, $contrib;
write_file("$etc/main.cf", join '', read_file("$etc/main.cf"), @lines, "smtpd_tls_CAfile = $work/cas.pem\n");
ok(6 < grep({ /^\w+ =/ } @lines), "contrib's main.cf.forcetls has settings");
is(shown(@{ findings() }), '', 'and they draw nothing');

my $reinject = "127.0.0.1:10025 inet n - n - - smtpd\n"
    . "  -o smtpd_milters= -o receive_override_options=no_milters\n";
my $submission = "submission inet n - y - - smtpd\n  -o { smtpd_sender_restrictions = reject }\n"
    . "  -o smtpd_tls_ask_ccert=no\n";
make_settings();
make_conf('pins');
write_file("$etc/master.cf", read_file("$etc/master.cf") . $reinject . $submission);
is(shown(@{ findings() }), '', "a content filter's way back and contrib's submission: nothing");

# What each service has for itself, and main.cf has not.
make_settings();
make_conf('secure');
run('postconf', '-c', $etc, '-e', 'smtpd_tls_CAfile =', 'smtpd_tls_cert_file =',
    'smtpd_tls_ask_ccert = no');
run('postconf', '-c', $etc, '-P', "smtp/inet/smtpd_tls_CApath=$work/cas",
    "smtp/inet/smtpd_tls_cert_file=$work/cas.pem", 'smtp/inet/smtpd_tls_req_ccert=yes',
    'smtp/inet/smtpd_tls_security_level=encrypt');
is(shown(@{ findings() }), '', 'certificate, CAs and level of a service: nothing');

my $other = 'inet:127.0.0.1:8891';
case('milter-not-attached', main => ['smtpd_milters ='], name => 'no milter');
case('milter-not-attached', main => [ 'smtpd_milters = $filters', "filters = $other" ],
    name => 'another milter',
    after => sub {
        my ($status, $out) = run('postconf', '-c', $etc, '-x', 'smtpd_milters');
        like($out, qr/= unix:forcetls\/milter\.sock, \Q$other\E$/, 'the other one is still there');
    });
case('milter-not-attached', lines => "submission inet n - y - - smtpd -o smtpd_milters=\n",
    name => 'a second smtpd without it');
case('milter-not-attached',
    lines => "submission inet n - y - - smtpd\n  -o { smtpd_milters = { $other, protocol=6 } }\n",
    name => 'a second smtpd with another one in braces',
    after => sub {
        my ($status, $out) = run('postconf', '-c', $etc, '-Px', 'submission/inet/smtpd_milters');
        like($out, qr/= unix:forcetls\/milter\.sock, \{ \Q$other\E, protocol=6 \}$/, 'both are there');
    });
case('milter-elsewhere', main => ['smtpd_milters = unix:/run/forcetls/milter.sock']);
case('milter-unreachable', main => ["smtpd_milters = unix:$queue/forcetls/milter.sock"]);
mkdir "$work/out";
make_socket("$work/out/milter.sock");
case('milter-unreachable', name => 'a socket outside the chroot',
    settings => { milter_socket => qq("unix:$work/out/milter.sock") },
    main => ["smtpd_milters = unix:$work/out/milter.sock"]);
case('no-milters', main => ['receive_override_options = no_milters, no_address_mappings']);
case('no-milters', name => 'no_milters for a service',
    master => ['smtp/inet/receive_override_options=no_address_mappings,no_milters']);
write_file("$work/milter_maps",
    "127.0.0.1 DISABLE\n192.0.2.1 DISABLE\n# a comment\n2001:db8::1\n  inet:127.0.0.1:8891\n");
case('milter-maps', main => ["smtpd_milter_maps = texthash:$work/milter_maps"]);
write_file("$work/milter_maps", "192.0.2.1 DISABLE\n");
case('milter-maps', main => ["smtpd_milter_maps = hash:$work/milter_maps"], name => 'with postmap',
    after => sub { ok(-f "$work/milter_maps.db", 'the table was made') });
case('milter-maps', main => ['smtpd_milter_maps = inline:{ { 192.0.2.1 = DISABLE } }'],
    name => 'in main.cf');
case('milter-default-action', main => ['milter_default_action = accept']);
case('milter-default-action', main => [ 'milter_default_action = accept',
    "smtpd_milters = unix:forcetls/milter.sock, $other" ], name => 'beside another milter');
case('milter-default-action', name => 'accept, and the first smtpd has its own',
    main => ['milter_default_action = accept'],
    master => ['smtp/inet/milter_default_action=tempfail'], lines => "2525 inet n - y - - smtpd\n");
case('milter-fails-hard', main => ['milter_default_action = reject']);
case('milter-fails-hard', name => 'beside another milter that may have it',
    main => [ 'milter_default_action = reject', "smtpd_milters = unix:forcetls/milter.sock, $other" ]);
case('milter-protocol', main => ['milter_protocol = 2']);
case('macro-defaults', main => ['milter_macro_defaults = {cert_issuer}=x, daemon_name=y, cipher=z']);
case('macro-defaults', name => 'in braces, for a service',
    master => ['smtp/inet/milter_macro_defaults={{tls_version}=TLSv1.3}']);
case('macro-defaults', name => 'without braces', main => ['milter_macro_defaults = auth_authen=x']);
case('socket-missing', severity => 'note', before => sub { unlink "$queue/forcetls/milter.sock" },
    obeyed_by => sub { make_socket("$queue/forcetls/milter.sock") });
SKIP: {
    skip 'root only: modes of files that are not ours', 2 if $> != 0;
    case('socket-denied', before => sub { chown 0, 0, "$queue/forcetls/milter.sock" });
    case('socket-denied', before => sub { chmod 0700, "$queue/forcetls" }, name => 'a folder');
}
case('tls-not-offered', main => ['smtpd_tls_security_level = none']);
case('starttls-discarded', main => ['smtpd_discard_ehlo_keywords = silent-discard, STARTTLS, dsn']);
case('no-server-certificate', main => ['smtpd_tls_cert_file ='],
    obeyed_by => sub { run('postconf', '-c', $etc, '-e', "smtpd_tls_cert_file = $server->{file}") });
case('no-server-certificate', name => 'a certificate that is not there',
    main => ["smtpd_tls_cert_file = $work/none.pem"],
    obeyed_by => sub { run('postconf', '-c', $etc, '-e', "smtpd_tls_cert_file = $server->{file}") });
case('no-server-certificate', name => 'chain files that are not there, for a service',
    master => ["smtp/inet/smtpd_tls_chain_files=$server->{key},$work/none.pem"],
    obeyed_by => sub { run('postconf', '-c', $etc, '-PX', 'smtp/inet/smtpd_tls_chain_files') });
case('certificate-not-asked', conf => 'secure', main => ['smtpd_tls_ask_ccert = no']);
case('no-client-ca', conf => 'secure', main => ['smtpd_tls_CAfile =']);
case('client-ca-missing', conf => 'secure', main => ["smtpd_tls_CAfile = $work/none.pem"],
    obeyed_by => sub { $_[0]{type}[0] =~ / into (\S+)$/ and write_file($1, read_file("$work/cas.pem")) });
write_file("$work/junk.pem", "no CA\n");
case('client-ca-missing', conf => 'secure', name => 'a file of CAs without a CA',
    main => ["smtpd_tls_CAfile = $work/junk.pem"],
    obeyed_by => sub { write_file("$work/junk.pem", read_file("$work/cas.pem")) });
case('client-ca-missing', name => 'a folder in its place', main => ["smtpd_tls_CAfile = $work"]);
case('public-client-ca', conf => 'verify',
    main => ['smtpd_tls_CAfile =', 'smtpd_tls_CApath = /etc/ssl/certs']);
case('default-ca-appended', conf => 'verify', main => ['tls_append_default_CA = yes']);
case('default-ca-appended', conf => 'verify', name => 'for a service with a CA of its own',
    main => [ 'smtpd_tls_CAfile =', 'tls_append_default_CA = yes' ],
    master => ["smtp/inet/smtpd_tls_CAfile=$work/cas.pem"]);
case('policy-service-missing', conf => 'pins', main => ['smtpd_sender_restrictions = reject']);
case('policy-service-missing', conf => 'pins', name => 'missing for a service',
    lines => "smtpd pass - - y - - smtpd -o smtpd_sender_restrictions=reject\n");
case('policy-service-missing', conf => 'pins', name => 'in a list that a service has for itself',
    main => [ 'smtpd_sender_restrictions =', 'smtpd_recipient_restrictions = check_policy_service '
        . '{ unix:forcetls/policy.sock, default_action=DUNNO }' ],
    lines => "2525 inet n - y - - smtpd -o smtpd_recipient_restrictions=reject\n");
case('policy-service-elsewhere', conf => 'pins',
    main => ['smtpd_sender_restrictions = check_policy_service '
        . '{ unix:/run/forcetls/policy.sock, default_action=DUNNO }']);
case('policy-service-unreachable', conf => 'pins',
    main => ['smtpd_sender_restrictions = check_policy_service '
        . "{ unix:$queue/forcetls/policy.sock, default_action=DUNNO }"]);
case('policy-service-not-first', conf => 'pins',
    main => ['smtpd_sender_restrictions = permit_mynetworks, check_policy_service '
        . '{ unix:forcetls/policy.sock, default_action=DUNNO }, reject']);
case('policy-service-default-action', conf => 'pins',
    main => ['smtpd_sender_restrictions = check_policy_service unix:forcetls/policy.sock']);
case('delay-reject', conf => 'pins', main => ['smtpd_delay_reject = no']);
case('fingerprint-digest', conf => 'pins', name => 'md5 by an old compatibility level',
    before => sub {
        run('postconf', '-c', $etc, '-X', 'smtpd_tls_fingerprint_digest');
        run('postconf', '-c', $etc, '-e', 'compatibility_level = 3.5');
    });
case('xclient', main => ['smtpd_authorized_xclient_hosts = 192.0.2.1']);
case('xclient', severity => 'note', name => 'a proxy in front of submission',
    lines => "submission inet n - y - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1\n");
case('proxy-protocol', severity => 'note', main => ['smtpd_upstream_proxy_protocol = haproxy'],
    obeyed_by => sub { run('postconf', '-c', $etc, '-X', 'smtpd_upstream_proxy_protocol') });
case('qmqpd', main => ['qmqpd_authorized_clients = 192.0.2.1'],
    lines => "628 inet n - n - - qmqpd\n");

my %map = (tls_policy_socket => qq("unix:$queue/forcetls/tls-policy.sock"));
my $map = 'socketmap:unix:forcetls/tls-policy.sock:forcetls';
case('tls-map-missing', severity => 'note', conf => 'out', name => 'not in forcetls.conf either');
case('tls-map-missing', conf => 'out', settings => \%map,
    name => 'missing for a service', main => ["smtp_tls_policy_maps = $map"],
    master => ['relay/unix/smtp_tls_policy_maps=']);
case('tls-map-elsewhere', conf => 'out', settings => \%map,
    main => ['smtp_tls_policy_maps = socketmap:unix:/run/forcetls/tls-policy.sock:forcetls']);
case('tls-map-unreachable', conf => 'out', settings => \%map,
    main => ["smtp_tls_policy_maps = socketmap:unix:$queue/forcetls/tls-policy.sock:forcetls"]);
case('tls-map-not-first', conf => 'out', settings => \%map,
    main => ["smtp_tls_policy_maps = static:may, $map"]);
case('fallback-relay', conf => 'out', main => ['fallback_relay = [relay.example.org]']);
case('fallback-relay', conf => 'out', name => 'a fallback relay for a service',
    master => ['relay/unix/smtp_fallback_relay=[relay.example.org]']);
SKIP: {
    my ($status, $out) = run('postconf', '-c', $etc, 'tls_required_enable');
    skip 'Postfix 3.10 or later only', 1 if $out !~ /^tls_required_enable = /m;
    case('tls-required', conf => 'out');
}
case('stronger-level', conf => 'out', main => ['smtp_tls_security_level = dane']);
write_file("$work/policy", "contoso.com secure match=mail.contoso.com\nother.example verify\n");
case('stronger-map', conf => 'out',
    main => ["smtp_tls_policy_maps = texthash:$work/policy"]);

my @words = read_file(source_dir() . '/policy/cli/check/postfix_check.c') =~ /^    \{ "([a-z-]+)", NEED/mg;
@seen{qw(socket-denied tls-required)} = (1, 1);    # where they can be had
is_deeply([ sort keys %seen ], [ sort @words ], 'every check is in here');

done_testing();
