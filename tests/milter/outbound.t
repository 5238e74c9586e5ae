#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Mail to partners, over the bare milter protocol: what is known of the next hop decides at RCPT, by
# a prober that finds what the test wants it to find.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::FakeProber;
use Forcetls::Harness qw(wait_for work_dir);
use Forcetls::LogLine;
use Forcetls::Milter;

my $prober = Forcetls::FakeProber->new;
$ENV{FORCETLS_PROBER} = $prober->program;

# Short times: facts are looked at again after a second where something is wrong, and are too old for
# a 5xx after an hour.
my $settings = <<'END';
probe: { interval = "1h"; retry = "1s"; max_age = "2h"; timeout = "1s"; rate = 10000.0; };
END

my $connectors = <<'END';
  { name = "contoso-out"; direction = "outbound"; domains = [ "contoso.com" ]; level = "encrypt"; action = "reject"; },
  { name = "fabrikam-out"; direction = "outbound"; domains = [ "*.fabrikam.com" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mx1.fabrikam.com"; root = "Example Root CA"; } ); },
  { name = "hq-out"; direction = "outbound"; domains = [ "hq.example" ]; level = "encrypt"; action = "reject";
    next_hops = [ "[mail.hq.example]:587" ]; },
  { name = "below-out"; direction = "outbound"; domains = [ ".below.example" ]; level = "encrypt"; },
  { name = "wider-out"; direction = "outbound"; domains = [ "*.open.example" ]; level = "may"; },
  { name = "watched-out"; direction = "outbound"; domains = [ "watched.example" ]; level = "encrypt"; mode = "monitor"; action = "reject"; },
  { name = "both"; direction = "both"; domains = [ "both.example" ]; level = "encrypt"; action = "reject"; },
  { name = "tax-in"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; }
END

my @domains = qw(contoso.com fabrikam.com both.example watched.example);
my $good = { state => 'tls' };
$prober->set(map { $_ => $good } @domains, '[mail.hq.example]:587');

my $bare = Forcetls::Bare->new(connectors => $connectors, settings => $settings);
$bare->start;
ok($prober->wait_asked($_, 1), "$_ is looked at ahead of time") for @domains, '[mail.hq.example]:587';

my %postfix = (v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25');
my %local = (v => 'Postfix 3.7.11', i => '4XqLocal', '{client_port}' => '0', '{daemon_port}' => '0',
    '{client_addr}' => '127.0.0.1');

# A connection after CONNECT and HELO.
sub session {
    my (%arg) = @_;
    my $mta = $bare->connect;
    $mta->negotiate(%{ $arg{offer} || {} });
    $mta->connect(macros => { %postfix, %{ $arg{connect} || {} } }, addr => $arg{addr});
    $mta->helo('client.example');
    return $mta;
}

# The macros of a recipient that smtp(8) sends to a hop (its domain, unless the test says another one).
sub hop {
    my ($to, $hop, $mailer) = @_;
    return { '{rcpt_mailer}' => $mailer // 'smtp', '{rcpt_host}' => $hop // ($to =~ /\@([^>]+)/)[0] };
}

# The answer to one recipient of one message in a new session.
sub answer {
    my ($to, %arg) = @_;
    my $mta = session(%arg);
    my $mail = $mta->mail($arg{from} || '<a@example.org>', macros => { i => 'x', %{ $arg{mail} || {} } });
    return "MAIL: $mail" if $mail ne 'continue';
    return $mta->rcpt($to, macros => $arg{rcpt} // hop($to, $arg{hop}));
}

# Until the answer is this one: facts come when they come.
sub becomes {
    my ($to, $pattern, $what, %arg) = @_;
    my $last = '';
    wait_for($arg{seconds} // 15, sub { ($last = answer($to, %arg)) =~ $pattern });
    return like($last, $pattern, $what);
}

# How often a hop was asked about, and what a test adds to it.
sub count { return scalar $prober->asked($_[0]) }

# ---- the session ---------------------------------------------------------------------------------

subtest 'negotiation asks for what outbound connectors need' => sub {
    my $mta = $bare->connect;
    my ($version, $actions, $steps, $lists) = $mta->negotiate;
    is($steps & 0x7f, 0x10, 'headers and their end too, and still no body');
    is($steps & 0x40080, 0x40080, 'which are not replied to');
    ok(!($steps & 0x200), 'DATA');
    ok(!($steps & 0x800), 'refused recipients are not asked for');
    like($lists->{3}, qr/\{rcpt_mailer\} \{rcpt_host\}/, 'and where recipients go');
    is($actions & ~$Forcetls::Milter::SETSYMLIST, 0, 'no right to change anything');
};

my ($settings_line) = grep { $_->{type} eq 'settings' } $prober->asked;
is_deeply([ @$settings_line{qw(timeout rate port private_addresses)} ], [ 1, 10000, 25, JSON::PP::false ],
    'the prober has the file\'s settings');
my ($asked) = $prober->asked('[mail.hq.example]:587');
ok($asked->{private}, 'a hop of next_hops may have a private address');
ok(!($prober->asked('contoso.com'))[0]{private}, 'an MX may not');
is_deeply($asked->{stores}, [''], 'the trust stores that the file names');

# ---- decisions -----------------------------------------------------------------------------------

subtest 'a hop that meets the demands' => sub {
    becomes('<b@contoso.com>', qr/^continue$/, 'passes');
    becomes('<b@fabrikam.com>', qr/^continue$/, 'with a certificate, too');
    my $mta = session();
    $mta->mail('<a@example.org>', macros => { i => 'x' });
    is($mta->rcpt("<b$_\@contoso.com>", macros => hop('<b@contoso.com>')), 'continue', "recipient $_") for 1 .. 2;
    is($mta->rcpt('<b@other.example>', macros => hop('<b@other.example>')), 'continue', 'and nobody\'s');
    is($mta->data, 'continue', 'its data is wanted');
    is($mta->header('Subject', ' x'), '', 'headers are not answered');
    is($mta->end_of_headers, '', 'nor is their end');
    is($mta->end_of_message(macros => { i => '4XqPass1' }), 'continue', 'the end');
    like($bare->wait_log(qr/^.*4XqPass1: outbound.*$/m),
        qr/4XqPass1: outbound verdict=pass connector=contoso-out level=encrypt from=<a\@example\.org> nrcpt=2 client=unknown\[192\.0\.2\.1\] hop=mx1\.contoso\.com\[192\.0\.2\.9\]:25 mx=insecure tls=TLSv1\.3 cipher=TLS_AES_256_GCM_SHA384\/256 certificate=trusted subject="mx1\.contoso\.com" issuer="Example Issuing CA" root="Example Root CA" fingerprint=(?:aa){32} age=\d+ mode=enforce$/,
        'one line for what passed');
};

subtest 'two connectors share what was found and never a verdict' => sub {
    becomes('<b@fabrikam.com>', qr/^continue$/, 'the partner of secure');
    is(count('fabrikam.com'), 1, 'was looked at once');
    like(answer('<b@sub.fabrikam.com>', hop => 'fabrikam.com'), qr/^451 4\.7\.5 Wrong next hop: /,
        'the MX of another domain of a connector is no way');
};

subtest 'failures: a 5xx needs two probes' => sub {
    $prober->set('both.example' => { state => 'no-starttls' });
    my $before = count('both.example');
    $bare->daemon->reload(settings => $settings =~ s/port = \d+; |interval = "1h"/interval = "59m"/r);
    ok($prober->wait_asked('both.example', $before + 1), 'looked at again');
    my $text = qr/ Encryption needed: mail to both\.example may only be sent over TLS \(connector both\): mx1\.both\.example does not offer STARTTLS; postmaster\@example\.org$/;
    my $first = '';
    wait_for(10, sub { ($first = answer('<b@both.example>')) !~ /^continue/ });
    like($first, qr/^451 4\.7\.4$text/, 'seen once: 4xx');
    ok($prober->wait_asked('both.example', $before + 2), 'looked at once more');
    becomes('<b@both.example>', qr/^550 5\.7\.4$text/, 'seen twice: 5xx');
    my @asked = map { $_->{time} } $prober->asked('both.example');
    cmp_ok($asked[-1] - $asked[-2], '>=', 1, 'and no sooner than retry');
    my @lines;
    wait_for(10, sub { @lines = grep { ($_->field('verdict') // '') eq 'reject' } Forcetls::LogLine::all($bare->log) });
    is($lines[-1]->faults, '', 'the log line has the form that it should have');
    like($lines[-1]->line, qr/^x: outbound verdict=reject reason=starttls-not-offered connector=both level=encrypt from=<a\@example\.org> to=<b\@both\.example> client=unknown\[192\.0\.2\.1\] hop=mx1\.both\.example\[192\.0\.2\.9\]:25 mx=insecure tls=none age=\d+ mode=enforce text="550 5\.7\.4 Encryption needed: /,
        'and says which host');
    $prober->set('both.example' => $good);
    becomes('<b@both.example>', qr/^continue$/, 'mended: it passes again after the next look');
};

subtest 'what cannot be told now is no failure' => sub {
    my %unknown = (
        'busy' => [ { state => 'busy', reply => '454 4.7.0 TLS not available' }, qr/^451 4\.4\.1 .*'454 4\.7\.0 TLS not available'/ ],
        'unreachable' => [ { state => 'unreachable' }, qr/^451 4\.4\.1 / ],
        'a time-out of the DNS' => [ { mx => 'timeout' }, qr/^451 4\.4\.3 / ],
        'no such domain' => [ { mx => 'nxdomain' }, qr/^451 4\.4\.3 .*no such domain/ ],
        'a null MX' => [ { mx => 'null-mx' }, qr/^451 4\.4\.3 .*takes no mail/ ],
    );
    my $number = 0;
    for my $name (sort keys %unknown) {
        my $domain = 'u' . ++$number . '.below.example';
        $prober->set($domain => $unknown{$name}[0]);
        becomes("<b\@$domain>", $unknown{$name}[1], $name);
    }
};

subtest 'a probe that could not tell leaves what is known' => sub {
    $prober->set('contoso.com' => { mx => 'servfail' }, 'fabrikam.com' => { state => 'busy' });
    my %before = map { $_ => count($_) } qw(contoso.com fabrikam.com);
    $bare->daemon->reload(settings => $settings =~ s/interval = "1h"/interval = "58m"/r);
    ok($prober->wait_asked($_, $before{$_} + 2), "$_ is looked at again, and again after retry") for sort keys %before;
    is(answer("<b\@$_>"), 'continue', "$_ still passes") for sort keys %before;
    $prober->set(map { $_ => $good } keys %before);
};

subtest 'where it goes' => sub {
    is(answer('<b@hq.example>', hop => '[mail.hq.example]:587'), 'continue', 'to one of next_hops');
    is(answer('<b@hq.example>', hop => '[mail.hq.example]:submission'), 'continue', 'by the name of its port');
    like(answer('<b@contoso.com>', hop => '[smarthost.example]'),
        qr/^451 4\.7\.5 Wrong next hop: mail to contoso\.com may only go to its own servers \(connector contoso-out\): .*'\[smarthost\.example\]'/,
        'somewhere else');
    is(answer('<b@contoso.com>', rcpt => hop('', 'mail.example.org', 'local')), 'continue', 'nowhere');
    like(answer('<b@contoso.com>', rcpt => { i => 'x' }), qr/^451 4\.3\.5 .*\{rcpt_host\}/, 'the MTA does not say');
    is(answer('<b@contoso.com>', connect => { v => '8.18.1' }, rcpt => hop('', 'contoso.com.', 'esmtp')), 'continue',
        'as Sendmail writes it');
    is(answer('<b@x.open.example>'), 'continue', 'level may demands nothing');
    is(answer('<b@other.example>', hop => '[smarthost.example]'), 'continue', 'nobody\'s mail goes where it likes');
};

subtest 'odd recipients: every reading counts' => sub {
    $prober->set('watched.example' => { state => 'no-starttls' });
    for my $to ('<u%contoso.com@example.org>', '<contoso.com!u@example.org>', '<@contoso.com:u@example.org>') {
        like(answer($to, hop => '[smarthost.example]'), qr/^451 4\.7\.5 Wrong next hop: /, $to);
    }
    is(answer('<u%contoso.com@example.org>', rcpt => hop('', 'mail.example.org', 'local')), 'continue', 'unless it stays here');
};

subtest 'the stricter direction counts, and both are told' => sub {
    is(answer('<b@contoso.com>', from => '<a@tax.example>', mail => Forcetls::Milter::postfix_tls()), 'continue', 'both pass');
    like(answer('<b@contoso.com>', from => '<a@tax.example>'), qr/^550 5\.7\.10 .*connector tax-in/, 'inbound refuses');
    like(answer('<b@contoso.com>', from => '<two@tax.example>', hop => '[elsewhere.example]'), qr/^550 5\.7\.10 .*connector tax-in/,
        'inbound is stricter');
    my @lines;
    wait_for(10, sub { @lines = grep { ($_->field('from') // '') eq '<two@tax.example>' } Forcetls::LogLine::all($bare->log); @lines >= 2 });
    is(join(' ', map { $_->direction . ' ' . $_->field('verdict') } @lines), 'inbound reject outbound defer', 'a line for each');
    like(answer('<b@contoso.com>', from => '<a@tax.example>', mail => Forcetls::Milter::postfix_tls(), hop => '[elsewhere.example]'),
        qr/^451 4\.7\.5 Wrong next hop/, 'outbound is stricter');
};

subtest 'monitor mode' => sub {
    my $before = count('watched.example');
    $bare->daemon->reload(settings => $settings =~ s/interval = "1h"/interval = "57m"/r);
    ok($prober->wait_asked('watched.example', $before + 1));
    ok(wait_for(10, sub { is_monitored('<b@watched.example>') }), 'the line says what would be');
    is(answer('<b@watched.example>'), 'continue', 'the mail passes');
};

sub is_monitored {
    my ($to) = @_;
    answer($to);
    return $bare->log =~ /outbound verdict=monitor would=(?:defer|reject) reason=starttls-not-offered connector=watched-out/;
}

# ---- on demand -----------------------------------------------------------------------------------

subtest 'a name below a suffix is looked at when mail goes there' => sub {
    $prober->set('a.below.example' => $good);
    is(count('a.below.example'), 0, 'not before');
    my $mta = session();
    $mta->mail('<a@example.org>', macros => { i => 'x' });
    like($mta->rcpt('<b@a.below.example>', macros => hop('<b@a.below.example>')),
        qr/^451 4\.7\.5 .*\(connector below-out\): its mail servers have not been looked at yet/, 'the first is put off');
    becomes('<b@a.below.example>', qr/^continue$/, 'the next ones pass');
    answer('<b@a.below.example>') for 1 .. 20;
    is(count('a.below.example'), 1, 'one probe is enough for all of them');
};

subtest 'made-up names' => sub {
    answer("<b\@x$_.below.example>") for (1 .. 20, 1 .. 20, 1 .. 20);
    ok($prober->wait_asked("x$_.below.example", 1), "x$_ was looked at") for 1, 20;
    my @asked = grep { ($_->{hop} // '') =~ /^x\d+\.below/ } $prober->asked;
    cmp_ok(scalar(@asked), '<=', 20, 'each once');
    is(answer('<b@c.below.example>', from => '<a@tax.example>'), '550 5.7.10 Encryption needed: mail from tax.example must arrive over TLS (connector tax-in): this session is not encrypted; postmaster@example.org',
        'a recipient that inbound refuses');
    answer('<b@d.below.example>');
    ok($prober->wait_asked('d.below.example', 1), 'others are looked at');
    is(count('c.below.example'), 0, 'costs no probe');
};

# ---- the end of the message ----------------------------------------------------------------------

subtest 'TLS-Required: No' => sub {
    my %headers = (
        'No' => 1, ' no' => 1, "\t NO \r\n\t" => 1, 'Yes' => 0, 'No (comment)' => 0, '' => 0, 'Nothing' => 0,
    );
    for my $value (sort keys %headers) {
        my $mta = session();
        $mta->mail('<a@example.org>', macros => { i => 'x' });
        is($mta->rcpt('<b@contoso.com>', macros => hop('<b@contoso.com>')), 'continue');
        $mta->header('Subject', ' No');
        $mta->header('TLS-required', $value);
        $mta->end_of_headers;
        my $text = '550 5.7.10 Encryption needed: mail to contoso.com may only be sent over TLS (connector contoso-out): the message has the header TLS-Required: No; postmaster@example.org';
        is($mta->end_of_message(macros => { i => '4XqHeader' }), $headers{$value} ? $text : 'continue', "'" . $value =~ s/\s/ /gr . "'");
        is($mta->mail('<a@example.org>', macros => { i => 'y' }), 'continue');
        is($mta->rcpt('<b@contoso.com>', macros => hop('<b@contoso.com>')), 'continue');
        is($mta->end_of_message(macros => { i => '4XqAfter' }), 'continue', 'the next message is another one');
    }
    like($bare->wait_log(qr/^.*4XqHeader: outbound verdict=reject.*$/m),
        qr/4XqHeader: outbound verdict=reject reason=tls-not-required connector=contoso-out level=encrypt from=<a\@example\.org> to=<b\@contoso\.com> /, 'the log');
    for my $to ('<b@other.example>', '<b@x.open.example>') {
        my $mta = session();
        $mta->mail('<a@example.org>', macros => { i => 'x' });
        $mta->rcpt($to, macros => hop($to));
        $mta->rcpt('<b@both.example>', macros => hop('<b@both.example>', '[elsewhere.example]'));
        $mta->header('TLS-Required', 'No');
        $mta->end_of_headers;
        is($mta->end_of_message(macros => { i => 'x' }), 'continue', "$to may go without; and one that was refused does not count");
    }
    my $mta = session();
    $mta->mail('<a@example.org>', macros => { i => 'x' });
    is($mta->rcpt('<b@watched.example>', macros => hop('<b@watched.example>')), 'continue');
    is($mta->data, 'continue', 'monitor mode: its header is looked at');
    $mta->header('TLS-Required', 'No');
    $mta->end_of_headers;
    is($mta->end_of_message(macros => { i => '4XqWatched' }), 'continue', 'monitor mode lets it pass');
    like($bare->wait_log(qr/^.*4XqWatched.*tls-not-required.*$/m), qr/verdict=monitor would=reject reason=tls-not-required connector=watched-out/, 'and says so');
};

subtest 'mail that did not come by SMTP' => sub {
    $prober->set('both.example' => { state => 'no-starttls' });
    my $before = count('both.example');
    $bare->daemon->reload(settings => $settings =~ s/interval = "1h"/interval = "56m"/r);
    ok($prober->wait_asked('both.example', $before + 1));
    becomes('<b@both.example>', qr/^(?:451 4|550 5)\.7\.4/, 'a hop without TLS');
    my $mta = session(connect => \%local, addr => '127.0.0.1');
    is($mta->mail('a@example.org', macros => { i => '4XqLocal' }), 'continue', 'MAIL');
    is($mta->rcpt('b@contoso.com', macros => { i => '4XqLocal' }), 'continue', 'RCPT is never refused');
    is($mta->rcpt('b@both.example', macros => { i => '4XqLocal' }), 'continue', 'even that which may not pass');
    is($mta->data, 'continue', 'its data is wanted');
    $mta->end_of_headers;
    like($mta->end_of_message(macros => { i => '4XqLocal' }), qr/^550 5\.7\.4 .*connector both.*does not offer STARTTLS/,
        'the message is refused for it');
    like($bare->wait_log(qr/^.*4XqLocal: outbound.*$/m), qr/verdict=reject reason=starttls-not-offered connector=both .*to=<b\@both\.example>/, 'the log');
    $mta = session(connect => \%local, addr => '127.0.0.1');
    $mta->mail('a@example.org', macros => { i => '4XqLocal2' });
    is($mta->rcpt('b@contoso.com', macros => { i => '4XqLocal2' }), 'continue');
    is($mta->end_of_message(macros => { i => '4XqLocal2' }), 'continue', 'to a hop that is good it passes');
    $mta = session(connect => \%local, addr => '127.0.0.1');
    $mta->mail('a@example.org', macros => { i => '4XqLocal3' });
    $mta->rcpt('b@e.below.example', macros => { i => '4XqLocal3' });
    like($mta->end_of_message(macros => { i => '4XqLocal3' }), qr/^550 5\.7\.5 .*not been looked at yet/, 'what is not known is no pass');
    $prober->set('both.example' => $good);
};

subtest 'with a TLS policy map, which holds the delivery' => sub {
    $prober->set('both.example' => { state => 'no-starttls' }, 'f.below.example' => { act => 'silent' });
    my $before = count('both.example');
    my $map = 'tls_policy_socket = "unix:' . work_dir() . qq(/sockets/map.sock";\n);
    $bare->daemon->reload(settings => $map . $settings =~ s/interval = "1h"/interval = "55m"/r);
    like($bare->wait_log(qr/^.*not served before a restart.*$/m), qr/tls_policy_socket is not served/, 'a map that comes with a reload: it says that it is not there yet');
    like(answer('<b@f.below.example>'), qr/^451 4\.7\.5 /, 'and accepts nothing for its sake');
    is($bare->stop, 0, 'a restart');
    $bare->start;
    ok($prober->wait_asked('both.example', $before + 1));
    becomes('<b@both.example>', qr/^(?:451 4|550 5)\.7\.4/, 'a hop without TLS is refused all the same');
    is(answer('<b@f.below.example>'), 'continue', 'one that is not known passes');
    my $mta = session(connect => \%local, addr => '127.0.0.1');
    $mta->mail('a@example.org', macros => { i => '4XqLocal4' });
    is($mta->rcpt("b\@$_", macros => { i => '4XqLocal4' }), 'continue') for qw(both.example f.below.example);
    is($mta->end_of_message(macros => { i => '4XqLocal4' }), 'continue', 'mail that did not come by SMTP passes');
    like($bare->wait_log(qr/^.*4XqLocal4: outbound.*below-out.*$/m), qr/verdict=pass reason=not-probed-yet connector=below-out level=encrypt from=<a\@example\.org> nrcpt=1 /,
        'its log line says why it should not');
    like($bare->wait_log(qr/^.*4XqLocal4: outbound.*connector=both.*$/m), qr/verdict=pass reason=starttls-not-offered connector=both .*nrcpt=1 .*hop=mx1\.both\.example/, 'a line for each connector');
    $prober->set('both.example' => $good);
    is($bare->stop, 0, 'without it again');
    $bare->daemon->configure(settings => $settings =~ s/interval = "1h"/interval = "56m"/r);
    my @hops = (@domains, '[mail.hq.example]:587');
    my %seen = map { $_ => count($_) } @hops;
    $bare->start;
    ok($prober->wait_asked($_, $seen{$_} + 1)) for @hops;
    becomes("<b\@$_>", qr/^continue$/, "$_ is known again") for @domains;
};

subtest 'mail that is nobody\'s ends early, and not too early' => sub {
    my $mta = session();
    is($mta->mail('<a@example.org>', macros => { i => 'x' }), 'continue', 'MAIL: a later recipient may be a partner');
    is($mta->rcpt('<b@other.example>', macros => hop('<b@other.example>')), 'continue', 'RCPT: likewise');
    is($mta->data, 'accept', 'DATA: nobody\'s');
    is($mta->mail('<a@example.org>', macros => { i => 'y' }), 'continue', 'the next message is seen');
    is($mta->rcpt('<b@other.example>', macros => hop('<b@other.example>')), 'continue', 'its first recipient is nobody\'s');
    like($mta->rcpt('<b@contoso.com>', macros => hop('', '[elsewhere.example]')), qr/^451 4\.7\.5 /, 'the second is judged all the same');
    is($mta->data, 'accept', 'and refused, so that nothing is left');
    is($mta->mail('<a@tax.example>', macros => Forcetls::Milter::postfix_tls()), 'continue');
    $mta->rcpt('<b@other.example>', macros => hop('<b@other.example>'));
    is($mta->data, 'continue', 'inbound mail has a log line at its end');
    is($mta->end_of_headers, '', 'also without any header');
    is($mta->end_of_message(macros => { i => '4XqInbound' }), 'continue');
    like($bare->wait_log(qr/^.*4XqInbound: inbound.*$/m), qr/verdict=pass connector=tax-in/);
};

subtest 'an MTA of old' => sub {
    my $mta = session(offer => { version => 2, actions => 0x3f, steps => 0x7f });
    is($mta->mail('<a@example.org>', macros => { i => 'x' }), 'continue');
    is($mta->rcpt('<b@contoso.com>', macros => hop('<b@contoso.com>')), 'continue', 'that sends {rcpt_host} by itself');
    is($mta->header('TLS-Required', 'No'), 'continue', 'headers are answered where they have to be');
    is($mta->end_of_headers, 'continue', 'and so is their end');
    like($mta->end_of_message(macros => { i => 'x' }), qr/^550 5\.7\.10 .*TLS-Required/, 'the end');
};

# ---- reload --------------------------------------------------------------------------------------

subtest 'reload' => sub {
    my %before = map { $_ => count($_) } @domains;
    my $settings_before = grep { $_->{type} eq 'settings' } $prober->asked;
    $prober->set('new.example' => $good);
    $bare->daemon->reload(settings => $settings =~ s/interval = "1h"/interval = "56m"/r,
        connectors => $connectors =~ s/"contoso\.com"/"contoso.com", "new.example"/r);
    becomes('<b@new.example>', qr/^continue$/, 'a new partner is looked at');
    is(answer('<b@contoso.com>'), 'continue', 'what is known of the others stays');
    is(count('contoso.com'), $before{'contoso.com'}, 'and they are not looked at again');

    $bare->daemon->reload(settings => $settings =~ s/interval = "1h"/interval = "56m"/r . qq(trust_store = "/etc/ssl";\n));
    ok($prober->wait_asked('contoso.com', $before{'contoso.com'} + 1), 'another trust store: all are looked at again');
    is_deeply(($prober->asked('contoso.com'))[-1]{stores}, ['/etc/ssl'], 'against that one');
    becomes('<b@fabrikam.com>', qr/^continue$/, 'and judged by it');
    is(scalar(grep { $_->{type} eq 'settings' } $prober->asked), $settings_before, 'by the same prober');

    my $demanding = $connectors =~ s/(name = "contoso-out".*)"encrypt";/$1"encrypt"; ciphers = [ "TLS_CHACHA20_POLY1305_SHA256" ];/r;
    isnt($demanding, $connectors);
    my $same = $settings =~ s/interval = "1h"/interval = "56m"/r . qq(trust_store = "/etc/ssl";\n);
    my $count = count('contoso.com');
    $bare->daemon->reload(settings => $same, connectors => $demanding);
    is(count('contoso.com'), $count, 'new demands alone: nobody is looked at again');
    becomes('<b@contoso.com>', qr/^(?:451 4|550 5)\.7\.6 .*TLS_AES_256_GCM_SHA384, which is not allowed/, 'what is known is judged by them');
    ok(wait_for(10, sub { answer('<b@contoso.com>'); count('contoso.com') > $count }), 'and looked at again, since it does not do');
    $bare->daemon->reload(connectors => $connectors);

    $bare->daemon->reload(settings => $settings =~ s/rate/helo_name = "mx.example.org"; rate/r);
    ok(wait_for(10, sub { grep { ($_->{helo} // '') eq 'mx.example.org' } $prober->asked }), 'other settings: another prober');
    becomes('<b@contoso.com>', qr/^continue$/, 'which works');
};

subtest 'a session from before the first outbound connector' => sub {
    $bare->daemon->reload(connectors => ($connectors =~ /(\{ name = "tax-in".*)/s)[0]);
    my $mta = session();
    is($mta->mail('<a@example.org>', macros => { i => 'x' }), 'accept', 'without outbound connectors mail ends at MAIL');
    my ($steps) = ($bare->connect->negotiate)[2];
    is($steps & 0x7f, 0x70, 'and no headers are asked for');
    $bare->daemon->reload(connectors => $connectors);
    is($mta->mail('<a@example.org>', macros => { i => 'x' }), 'continue', 'with them it goes on');
    like($mta->rcpt('<b@contoso.com>'), qr/^451 4\.3\.0 The TLS policy has changed since this session began/,
        'a partner\'s recipient cannot be judged in this session');
    is($mta->rcpt('<b@other.example>'), 'continue', 'others do not suffer');
    is($mta->end_of_message(macros => { i => 'x' }), 'continue');
    becomes('<b@contoso.com>', qr/^continue$/, 'a new session can');
};

is($bare->stop, 0, 'the daemon ends with status 0');
ok(wait_for(10, sub { !grep { kill 0, $_->{pid} } ($prober->asked)[-1] }), 'and the prober with it');
done_testing;
