# SPDX-License-Identifier: ISC
#
# Forcetls::Model: sessions of an adversary, and what must become of them. Each is made from what is
# true of it (the domains that it means, what the MTA saw of TLS, where the MTA sends it), so that the
# expectation comes from how it was made and from the few rules below, and not from the engine.
#
#   my $session = $model->inbound;           # a hash, see _session()
#   $model->expected($session)               # pass, 4, 5, or no (4 or 5)
package Forcetls::Model;

use strict;
use warnings;

# ---- the connectors ------------------------------------------------------------------------------

my @connectors = (
    { name => 'exact', direction => 'inbound', domains => 'exact.example', level => 'secure', action => 'reject',
        cn => 'mail.exact.example', issuer => 'Exact CA' },
    { name => 'tree', direction => 'inbound', domains => '*.tree.example', level => 'encrypt', action => 'reject' },
    { name => 'below', direction => 'inbound', domains => '.below.example', level => 'verify', action => 'defer' },
    { name => 'idn', direction => 'inbound', domains => '*.xn--bcher-kva.example', level => 'encrypt', action => 'reject',
        protocol => 1.3 },
    { name => 'inner', direction => 'inbound', domains => 'inner.tree.example', level => 'may', action => 'reject' },
    { name => 'watched', direction => 'inbound', domains => 'watched.example', level => 'encrypt', action => 'reject', mode => 'monitor' },
    { name => 'bank', direction => 'inbound', domains => 'bank.example', level => 'encrypt', action => 'reject',
        network => '198.51.100' },
    { name => 'books', direction => 'inbound', domains => 'publisher.example', level => 'encrypt', action => 'reject',
        ours => 'books.example' },
    { name => 'good-out', direction => 'outbound', domains => '*.good.example', level => 'encrypt', action => 'reject' },
    { name => 'bad-out', direction => 'outbound', domains => 'bad.example', level => 'encrypt', action => 'reject' },
    { name => 'silent-out', direction => 'outbound', domains => 'silent.example', level => 'encrypt', action => 'reject' },
    { name => 'hq-out', direction => 'outbound', domains => 'hq.example', level => 'encrypt', action => 'reject',
        hop => '[mail.hq.example]:587' },
    { name => 'may-out', direction => 'outbound', domains => 'may.example', level => 'may', action => 'reject' },
    { name => 'watched-out', direction => 'outbound', domains => 'watched-out.example', level => 'encrypt', action => 'reject',
        mode => 'monitor' },
);

# What the probers of the test find.
my %found = ('good.example' => 'tls', 'sub.good.example' => 'tls', 'bad.example' => 'plain', '[mail.hq.example]:587' => 'tls');

sub new { return bless {}, $_[0] }

# The connectors as the file has them; `change` is { NAME => { KEY => VALUE } }: another file than the
# model's.
sub configuration {
    my ($self, %change) = @_;
    my @texts;
    for my $row (@connectors) {
        my %c = (%$row, %{ $change{ $row->{name} } // {} });
        my $text = join ' ', map { "$_ = \"$c{$_}\";" } qw(name direction level action);
        $text .= qq( domains = [ "$c{domains}" ];);
        $text .= qq( certificates = ( { name = "$c{cn}"; issuer = "$c{issuer}"; } );) if $c{cn} && $c{level} eq 'secure';
        $text .= qq( min_protocol = "TLSv$c{protocol}";) if $c{protocol};
        $text .= qq( mode = "$c{mode}";) if $c{mode};
        $text .= qq( client_networks = [ "$c{network}.0/24" ];) if $c{network};
        $text .= qq( local_domains = [ "$c{ours}" ];) if $c{ours};
        $text .= qq( next_hops = [ "$c{hop}" ];) if $c{hop};
        push @texts, "  { $text }";
    }
    return join(",\n", @texts) . "\n";
}

# Files that are a little wrong, each to be found out.
sub mutations {
    return (
        [ 'a level too low', tree => { level => 'may' } ],
        [ 'a level too high', inner => { level => 'encrypt' } ],
        [ 'a certificate of another name', exact => { cn => 'mail.exact.example.evil.test' } ],
        [ 'a certificate of another issuer', exact => { issuer => 'Other CA' } ],
        [ 'any certificate', exact => { level => 'verify' } ],
        [ 'no certificate', below => { level => 'encrypt' } ],
        [ 'subdomains too many', exact => { domains => '*.exact.example' } ],
        [ 'subdomains too few', tree => { domains => 'tree.example' } ],
        [ 'the domain itself, too', below => { domains => '*.below.example' } ],
        [ 'any client', bank => { network => '0.0' =~ s/.*/203.0.113/r } ],
        [ 'an old protocol', idn => { protocol => '' } ],
        [ 'monitor mode', bank => { mode => 'monitor' } ],
        [ 'no monitor mode', watched => { mode => 'enforce' } ],
        [ 'a milder action', tree => { action => 'defer' } ],
        [ 'any recipient', books => { ours => '' } ],
        [ 'another next hop', 'hq-out' => { hop => '[smarthost.example]:587' } ],
        [ 'monitor mode outbound', 'bad-out' => { mode => 'monitor' } ],
        [ 'an exception outbound', 'silent-out' => { level => 'may' } ],
        [ 'no subdomains outbound', 'good-out' => { domains => 'good.example' } ],
    );
}

# ---- what must be --------------------------------------------------------------------------------

sub _covers {
    my ($pattern, $name) = @_;
    return $name eq $pattern if $pattern !~ /^(\*?)\.(.*)/;
    return ($1 && $name eq $2) || substr($name, -length(".$2")) eq ".$2";
}

# The connector of the longest entry that covers a name, an exact one first.
sub _connector {
    my ($direction, $name, $ours) = @_;
    for my $c (sort { length($b->{domains} =~ s/^\*?\.//r) <=> length($a->{domains} =~ s/^\*?\.//r) } @connectors) {
        next if $c->{direction} ne $direction || !_covers($c->{domains}, $name);
        next if $c->{ours} && !grep { $_ eq 'any' || $_ eq $c->{ours} } @$ours;
        return $c;
    }
    return;
}

# What a demand comes to with the others of its connector: one that is seen not to be met counts most.
sub _together
{
    my (@outcomes) = @_;
    for my $outcome (qw(fail no unknown)) {
        return $outcome if grep { $_ eq $outcome } @outcomes;
    }
    return 'pass';
}

sub _certificate_outcome {
    my ($c, $t) = @_;
    return $t->{certificate} if $t->{certificate} =~ /^(?:unknown|no)$/;
    return 'fail' if $t->{certificate} ne 'trusted';
    return 'pass' if $c->{level} eq 'verify';
    return 'no' if !defined $t->{cn};
    return lc $t->{cn} eq $c->{cn} && $t->{issuer} eq $c->{issuer} ? 'pass' : 'fail';
}

# What a connector says of a client's session: pass, fail, unknown; or no, where it is none of its
# business to say which of the two.
sub _inbound_outcome {
    my ($c, $s) = @_;
    my $t = $s->{truth};
    return 'pass' if $c->{level} eq 'may';
    my $tls = $t->{tls} =~ /^(?:unknown|no)$/ ? $t->{tls} : $t->{tls} ne 'yes' || $t->{protocol} < ($c->{protocol} || 1.2) ? 'fail' : 'pass';
    my $certificate = $c->{level} eq 'encrypt' ? 'pass' : _certificate_outcome($c, $t);
    # Of a session that is not known it does not matter what its certificate was.
    $certificate = 'no' if $certificate eq 'fail' && $tls =~ /^(?:unknown|no)$/;
    return _together($c->{network} && $s->{client} !~ /^\Q$c->{network}\E\./ ? 'fail' : (), $tls, $certificate);
}

# Where a partner's mail goes: pass, fail, defer.
sub _outbound_outcome {
    my ($c, $s) = @_;
    my @names = @{ $s->{meant_to} };
    return 'pass' if $c->{level} eq 'may';
    return 'defer' if $s->{way} eq 'not told';
    my @found;
    for my $hop (@{ $s->{hops} }) {
        my $own = grep { $_ eq $hop && (_connector('outbound', $_, ['any']) // {}) == $c } @names;
        return 'defer' if !$own && ($c->{hop} // '') ne $hop;
        push @found, $found{$hop} // 'unknown';
    }
    return (grep { $_ ne 'tls' } @found) ? 'defer' : 'pass';    # seen once only: no 5xx
}

sub _strictest {
    my (@answers) = @_;
    for my $answer (5, 'no', 4) {
        return $answer if grep { $_ eq $answer } @answers;
    }
    return 'pass';
}

sub _answer {
    my ($c, $outcome) = @_;
    return 'pass' if $outcome eq 'pass' || ($c->{mode} // '') eq 'monitor';
    return 'no' if $outcome eq 'no';
    return $outcome eq 'fail' && $c->{action} eq 'reject' ? 5 : 4;
}

sub expected {
    my ($self, $s) = @_;
    my (@answers, @partners);
    if ($s->{null}) {
        my @own = grep { $_->{network} && $s->{client} =~ /^\Q$_->{network}\E\./ } @connectors;
        @own = grep { defined } map { _connector('inbound', $_, $s->{ours}) } @{ $s->{host_names} } if !@own;
        my @each = map { _answer($_, _inbound_outcome($_, $s)) } @own;
        push @answers, @each if !grep { $_ eq 'pass' } @each;
    }
    for my $name (@{ $s->{meant_from} }) {
        my $c = _connector('inbound', $name, $s->{ours}) or next;
        push @answers, _answer($c, _inbound_outcome($c, $s));
    }
    for my $name ($s->{way} eq 'stays here' ? () : @{ $s->{meant_to} }) {
        my $c = _connector('outbound', $name, ['any']) or next;
        push @partners, $c if $c->{level} ne 'may' && ($c->{mode} // '') ne 'monitor';
        push @answers, _answer($c, _outbound_outcome($c, $s));
    }
    my $answer = _strictest(@answers);
    # Whose MTA has not asked what we want to be told is told less, and nothing that is not known passes.
    return 'no' if $s->{order} eq 'connect-again' && ($answer ne 'pass' || @partners);
    # The header comes after RCPT.
    return $answer eq 'pass' && $s->{header} && @partners ? 5 : $answer;
}

# ---- spelling ------------------------------------------------------------------------------------

sub _pick { return $_[ int rand @_ ] }

my @dots = ("\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1");

# A full-width letter or digit (U+FF01 is "!").
sub _wide_character {
    my ($c) = @_;
    my $code = 0xff01 + ord($c) - ord '!';
    return join '', map { chr } 0xe0 | $code >> 12, 0x80 | $code >> 6 & 0x3f, 0x80 | $code & 0x3f;
}

my %spelling = (
    plain => sub { $_[0] },
    upper => sub { uc $_[0] },
    mixed => sub { $_[0] =~ s/([a-z])/(rand) < 0.5 ? uc $1 : $1/egr },
    'trailing dot' => sub { "$_[0]." },
    'ideographic dots' => sub { $_[0] =~ s/\./_pick(@dots)/egr },
    'trailing ideographic dot' => sub { $_[0] . _pick(@dots) },
    'full width' => sub { $_[0] =~ s/([a-z0-9])/_wide_character($1)/egr },
    'full width capitals' => sub { $_[0] =~ s/([a-z])/_wide_character(uc $1)/egr },
    'soft hyphens' => sub { $_[0] =~ s/([a-z])(?=[a-z])/$1 . ((rand) < 0.3 ? "\xc2\xad" : '')/egr },
    'zero width spaces' => sub { $_[0] =~ s/(\.)/\xe2\x80\x8b$1/gr },
    'U-label' => sub { $_[0] =~ s/xn--bcher-kva/b\xc3\xbccher/r },
    'U-label, capital' => sub { $_[0] =~ s/xn--bcher-kva/B\xc3\x9cCHER/r },
    'U-label, decomposed' => sub { $_[0] =~ s/xn--bcher-kva/bu\xcc\x88cher/r },
);

# What changes the letters of an A-label makes another label of it.
sub _spell {
    my ($name) = @_;
    my @ways = grep { $name !~ /xn--/ || /label|plain|upper|mixed|trailing|dots/ } sort keys %spelling;
    return $spelling{ _pick(@ways) }->($name);
}

# %D: a domain that is meant; %O: another that is; %N: one in quotes, which is not.
my @shapes = (
    '<u@%D>', '<u@%D>', '<u@%D>', 'u@%D', '<"u"@%D>', '<"u v"@%D>', '<"u@%N"@%D>', '<"u%%%N"@%D>', '<u@%O@%D>', '<u@%D@%O>',
    '<@%O:u@%D>', '<@%D:u@%O>', '<@%D,@%O:u@[192.0.2.1]>', '<u%%%D@%O>', '<u%%%O@%D>', '<u%%%O%%%D>', '<%D!u@%O>', '<%O!u@%D>',
    '<%D!%O!u>', '<u@%D(%N)>', '<(%N)u@%D>', '<u @ %D>', '<"u@%D>', '<u\\"@%D>', '<u%%%D@[192.0.2.1]>', '<u+tag@%D>', '<=?u@%D>',
    '<u@%D >', '<u@[IPv6:::1]@%D>', '<@%D:u>',
);

# An address, and the names that it means.
sub _address {
    my ($name, $other) = @_;
    my $shape = _pick(@shapes);
    my @meant = ($shape =~ /%D/ ? $name : (), $shape =~ /%O/ ? $other : ());
    my %text = (D => _spell($name), O => _spell($other), N => _spell(_pick('exact.example', 'tree.example', 'bad.example')), '%' => '%');
    return ($shape =~ s/%([DON%])/$text{$1}/gr, @meant);
}

# Names around a partner's: itself, below it, and look-alikes.
my @relations = ('%s', '%s', '%s', 'mail.%s', 'a.b.c.%s', '_x.%s', 'a--b.%s', 'xn--zz.%s', '-.%s', '123.%s', 'evil%s', 'evil-%s', '%s.evil.test', '%sx',
    'mail.%s.evil.test', 'mail%s', '%s-evil.test', 'x.%s.test');
my @inbound_names = map { $_->{domains} =~ s/^\*?\.//r } grep { $_->{direction} eq 'inbound' } @connectors;
my @outbound_names = map { $_->{domains} =~ s/^\*?\.//r } grep { $_->{direction} eq 'outbound' } @connectors;

sub _around { return sprintf _pick(@relations), _pick(@_) }

# Letters that look like a partner's and are others: another domain, whatever a reader sees.
my @confusables = ("tr\xd0\xb5e.example", "\xd1\x82ree.example", "tr\xc3\xa9e.example", "ex\xd0\xb0ct.example", "tree\xc2\xb7example",
    "b\xc3\xbbcher.example", 'bucher.example', 'buecher.example', "tree.exa\xe2\x84\x93mple", 'tree,example', "bank\xd9\xabexample");

# ---- macros --------------------------------------------------------------------------------------

my @aead = ('{tls_version}' => 'TLSv1.3', '{cipher}' => 'TLS_AES_256_GCM_SHA384', '{cipher_bits}' => '256');
my @old = ('{tls_version}' => 'TLSv1.2', '{cipher}' => 'ECDHE-RSA-AES256-GCM-SHA384', '{cipher_bits}' => '256');

# What the MTA says of TLS, and what is true of it.
my @tls = (
    (map { [ {}, 'plain' ] } 1 .. 12),
    (map { [ {@aead}, 'yes', 1.3 ] } 1 .. 12),
    (map { [ {@old}, 'yes', 1.2 ] } 1 .. 6),
    [ { @old, '{tls_version}' => 'TLSv1.1', '{cipher}' => 'ECDHE-RSA-AES256-SHA' }, 'yes', 1.1 ],
    [ { @old, '{tls_version}' => 'TLSv1', '{cipher}' => 'AES128-SHA', '{cipher_bits}' => '128' }, 'yes', 1.0 ],
    [ { @old, '{tls_version}' => 'SSLv3', '{cipher}' => 'AES128-SHA' }, 'no' ],
    [ { @old, '{tls_version}' => 'SSLv2', '{cipher}' => 'RC4-MD5' }, 'no' ],
    [ { @old, '{cipher}' => 'NULL-SHA256', '{cipher_bits}' => '0' }, 'weak' ],
    [ { @old, '{cipher}' => 'NULL-SHA256' }, 'no' ],
    [ { @old, '{cipher}' => 'AECDH-NULL-SHA', '{cipher_bits}' => '0' }, 'no' ],
    [ { @old, '{cipher}' => 'DES-CBC3-SHA', '{cipher_bits}' => '112' }, 'weak' ],
    [ { @old, '{cipher}' => 'EXP-RC4-MD5', '{cipher_bits}' => '40' }, 'no' ],
    [ { @aead, '{cipher_bits}' => '0' }, 'weak' ],
    [ { @aead, '{cipher_bits}' => '127' }, 'no' ],
    (map { [ { @aead, '{tls_version}' => $_ }, 'unknown' ] } 'TLSv9', 'tlsv1.3', 'TLSv1.3 ', ' TLSv1.3', 'TLSv1.30', 'yes', "TLSv1.3\n", 'x' x 60000),
    (map { [ { @aead, '{cipher_bits}' => $_ }, 'unknown' ] } '', 'x', '-1', '+256', '256 ', '0x100', '99999999999999999999', '2' x 5000),
    (map { [ { @aead, '{cipher}' => $_ }, 'no' ] } '', 'x', '(NONE)', 'AES128-SHA', 'x' x 5000, "TLS_AES_256_GCM_SHA384\n"),
    [ { @old, '{cipher}' => 'TLS_AES_256_GCM_SHA384' }, 'no' ],
    [ { '{tls_version}' => '', '{cipher}' => '', '{cipher_bits}' => '' }, 'plain' ],
    [ { '{tls_version}' => 'TLSv1.3' }, 'unknown' ],
    [ { '{cipher}' => 'TLS_AES_256_GCM_SHA384' }, 'unknown' ],
    [ { '{cipher_bits}' => '256' }, 'plain' ],
    [ { '{verify}' => 'OK', '{cipher_bits}' => '256' }, 'no' ],
    [ { '{cert_issuer}' => 'Exact CA', '{cert_subject}' => 'mail.exact.example' }, 'unknown' ],
);

# Certificates as Postfix says them: what is true (none: none, or not trusted), name, issuer.
my @postfix_certificates = (
    (map { [ {}, 'none' ] } 1 .. 4),
    (map { [ { '{cert_subject}' => 'mail.exact.example', '{cert_issuer}' => 'Exact CA' }, 'trusted', 'mail.exact.example', 'Exact CA' ] } 1 .. 6),
    [ { '{cert_subject}' => 'mail.exact.example' }, 'none' ],
    [ { '{cert_subject}' => 'mail.exact.example', '{cert_issuer}' => '' }, 'none' ],
    [ { '{cert_subject}' => '', '{cert_issuer}' => 'Exact CA' }, 'trusted', undef ],
    [ { '{cert_subject}' => 'mail.exact.example', '{cert_issuer}' => '/C=BE/CN=Exact CA' }, 'unknown' ],
    (map { [ { '{cert_subject}' => 'mail.exact.example', '{cert_issuer}' => $_ }, 'trusted', 'mail.exact.example', $_ ] }
        'Other CA', 'exact ca 2', "Exact CA\n", 'Exact CA ', 'Exact+20CA', 'x' x 5000),
    (map { [ { '{cert_subject}' => $_, '{cert_issuer}' => 'Exact CA' }, 'trusted', $_, 'Exact CA' ] }
        'mail.exact.example.evil.test', 'exact.example', '*.exact.example', 'xmail.exact.example', "mail.exact.example\n", 'mail.exact.example/CN=x',
        '%n%s%x', 'mail exact example', 'mail@exact.example', "mail.exact.example\x01", 'x' x 5000, 'BadCertificateUnknown'),
);

# And as Sendmail does.
sub _sendmail {
    my ($verify, $cn, $issuer) = @_;
    return { '{verify}' => $verify, '{cn_subject}' => $cn, '{cn_issuer}' => $issuer, '{cert_subject}' => "/CN=$cn", '{cert_issuer}' => "/CN=$issuer" };
}
my @sendmail_certificates = (
    (map { [ _sendmail('NO', '', ''), 'none' ] } 1 .. 4),
    (map { [ _sendmail('OK', 'mail.exact.example', 'Exact+20CA'), 'trusted', 'mail.exact.example', 'Exact CA' ] } 1 .. 6),
    [ _sendmail('TRUSTED', 'mail.exact.example', 'Exact+20CA'), 'trusted', 'mail.exact.example', 'Exact CA' ],
    [ _sendmail('FAIL', 'mail.exact.example', 'Exact+20CA'), 'none' ],
    (map { [ _sendmail($_, 'mail.exact.example', 'Exact+20CA'), 'no' ] } 'NO', 'NOT', 'NONE', 'CLEAR', 'TEMP', 'PROTOCOL', 'SOFTWARE', 'DANE_FAIL', '', 'ok',
        'OK ', 'OKAY', 'x' x 3000),
    (map { [ _sendmail('OK', $_, 'Exact+20CA'), 'trusted', undef ] } 'BadCertificateUnknown', 'BadCertificateContainsNUL', 'BadCertificateTooLong', ''),
    (map { [ _sendmail('OK', $_, 'Exact+20CA'), 'trusted', $_ ] } 'mail.exact.example+00', 'mail.exact.example+0A', 'mail+2Eexact+2Eexample.evil.test'),
    [ _sendmail('OK', 'mail.exact.example', 'Exact CA 2'), 'trusted', 'mail.exact.example', 'Exact CA 2' ],
);

# ---- sessions ------------------------------------------------------------------------------------

my @orders = (('plain') x 4, qw(rset second-mail next-message connect-again helo-twice no-helo second-rcpt));
my %stays = ('{rcpt_mailer}' => 'local', '{rcpt_host}' => 'mx.example.org');

sub _mta {
    my ($mta) = @_;
    return $mta eq 'postfix' ? (v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25') : (v => '8.18.1', i => '57xLocal');
}

sub _session {
    my (%given) = @_;
    my $mta = $given{mta} // _pick('postfix', 'postfix', 'sendmail');
    my %good = $mta eq 'postfix' ? (@aead, '{cert_subject}' => 'mail.exact.example', '{cert_issuer}' => 'Exact CA')
        : (@aead, %{ _sendmail('OK', 'mail.exact.example', 'Exact+20CA') });
    return {
        kind => 'session', order => 'plain', client => '192.0.2.1', helo => 'client.test', host_names => [], ours => ['example.org'],
        to => '<b@example.org>', meant_to => [], meant_from => [], way => 'stays here', hops => [], rcpt => {%stays}, rcpt_good => {%stays},
        good => \%good, connect => { _mta($mta) }, to_the_end => (rand) < 0.2, null => 0, %given, mta => $mta };
}

# What the MTA says of TLS at MAIL, and what is true.
sub _with_tls {
    my ($s, $tls, $certificate) = @_;
    my ($macros, $state, $protocol) = @$tls;
    my ($more, $trust, $cn, $issuer) = $state eq 'plain' || !%$macros ? ({}, 'none') : @$certificate;
    $s->{mail} = { i => 'x', %$more, %$macros };
    $state = 'unknown' if $state eq 'plain' && grep { /cert/ } keys %$more;
    $s->{truth} = { tls => $state, protocol => $protocol // 0, certificate => $trust, cn => $cn, issuer => $issuer };
    return $s;
}

# Our side: a recipient, and which of our domains it could mean.
sub _our_recipient {
    my ($s) = @_;
    my @cases = (
        [ '<b@example.org>', 'example.org' ], [ '<b@books.example>', 'books.example' ], [ '<b@BOOKS.example.>', 'books.example' ],
        [ '<b%books.example@example.org>', 'books.example', 'example.org' ], [ '<@books.example:b@example.org>', 'books.example', 'example.org' ],
        [ '<postmaster>', 'any' ], [ '<b@[192.0.2.7]>', 'any' ], [ '<"b@books.example"@example.org>', 'example.org' ],
        [ '<b@notbooks.example>', 'notbooks.example' ] );
    ($s->{to}, my @ours) = @{ _pick(@cases) };
    $s->{ours} = \@ours;
    return $s;
}

# A session with a partner's name in it somewhere.
sub inbound {
    my ($self) = @_;
    my $s = _our_recipient(_session(kind => 'inbound', order => _pick(@orders), client => _pick('192.0.2.1', '198.51.100.1', '2001:db8::1')));
    my $kind = int rand 20;
    if ($kind == 0) {
        @$s{qw(from null helo)} = ('<>', 1, _pick('tree.example', 'mx.TREE.example.', 'exact.example', 'client.test', 'eviltree.example', '[192.0.2.1]'));
        $s->{host_names} = $s->{order} eq 'no-helo' ? [] : [ lc $s->{helo} =~ s/\.$//r ];
    } elsif ($kind == 1) {
        ($s->{from}) = '<u@' . _pick(@confusables) . '>';
    } else {
        ($s->{from}, my @meant) = _address(_around(@inbound_names), _around(@inbound_names, 'unrelated.test', 'unrelated.test'));
        $s->{meant_from} = \@meant;
    }
    return _with_tls($s, _pick(@tls), _pick($s->{mta} eq 'postfix' ? @postfix_certificates : @sendmail_certificates));
}

# A session that nothing is wrong with.
sub legitimate {
    my ($self) = @_;
    my $s = _our_recipient(_session(kind => 'legitimate', order => _pick(@orders)));
    my ($certificates, $kind) = ($s->{mta} eq 'postfix' ? \@postfix_certificates : \@sendmail_certificates, int rand 10);
    my @nobody = ('<u@unrelated.test>', '<"a b"@unrelated.test>', '<u@[192.0.2.1]>', '<u@[IPv6:2001:db8::1]>', '<root>', '<bounce@mail_1.news.test>',
        '<SRS0=x=y=exact.example=u@forwarder.test>', '<prvs=1=u@unrelated.test>', '<"u@tree.example"@unrelated.test>', '<u@exact.example.unrelated.test>',
        '<u@sub.exact.example>', '<u@below.example>', "<u\@b\xc3\xbccher.test>", '<u@watched.example>', '<u@inner.tree.example>', '<u=tree.example@lists.test>',
        '<u@localhost>', '<u@-x.test>', '<u@x..test>', '<u@evil-bank.example>');
    if ($kind < 4) {
        $s->{from} = _pick(@nobody);
        return _with_tls($s, _pick(@tls), _pick(@$certificates));
    }
    if ($kind == 4) {
        @$s{qw(from null)} = ('<>', 1);
        return _with_tls($s, _pick(@tls), _pick(@$certificates));
    }
    my $name = _pick(qw(exact.example tree.example mail.tree.example a.below.example xn--bcher-kva.example bank.example publisher.example));
    $s->{client} = '198.51.100.9' if $name eq 'bank.example';
    $s->{from} = '<' . _pick('u', '"u v"', 'u+tag', '=?u') . '@' . _spell($name) . '>';
    $s->{meant_from} = [$name];
    $s->{mail} = { i => 'x', %{ $s->{good} } };
    $s->{truth} = { tls => 'yes', protocol => 1.3, certificate => 'trusted', cn => 'mail.exact.example', issuer => 'Exact CA' };
    return $s;
}

# Mail of ours to a partner, and where the MTA says that it goes.
sub outbound {
    my ($self) = @_;
    my $s = _session(kind => 'outbound', order => _pick(@orders), from => '<a@example.org>');
    my ($to, @meant) = _address(_pick((map { ($_, $_) } @outbound_names), 'sub.good.example', _around(@outbound_names)), _pick(@outbound_names, 'unrelated.test'));
    @$s{qw(to meant_to way)} = ($to, \@meant, 'hops');
    my ($own, $macros) = (_pick(@meant), {});
    my $kind = int rand 14;
    my %hops = (
        0 => [ ['[smarthost.example]'] ], 1 => [ ['unrelated.test'] ], 2 => [ [ $own, '[smarthost.example]' ] ], 3 => [ ["$own:587"] ], 4 => [ ["[$own]"] ],
        5 => [ ['[mail.hq.example]:587'] ], 6 => [ ["mx1.$own"] ], 7 => [ ["x$own"] ] );
    if (exists $hops{$kind}) {
        $s->{hops} = $hops{$kind}[0];
    } elsif ($kind == 8) {
        @$s{qw(way rcpt)} = ('not told', _pick({ i => 'x' }, { '{rcpt_mailer}' => 'smtp' }, { '{rcpt_host}' => $own }, { '{rcpt_mailer}' => '', '{rcpt_host}' => '' },
            { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => '' }, { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => 'x' x 5000 },
            { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => ',' x 50 }, { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => "[$own" },
            { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => "$own:99999" }, { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => join(',', ($own) x 200) }));
    } elsif ($kind == 9) {
        @$s{qw(way rcpt)} = ('stays here', _pick({%stays}, { '{rcpt_mailer}' => 'discard', '{rcpt_host}' => $own }));
    } else {
        $s->{hops} = [$own];
        $s->{header} = [ _pick('TLS-Required', 'tls-required'), _pick('No', ' no', "\fNO ") ] if $s->{to_the_end};
    }
    if ($s->{way} eq 'hops') {
        my $sendmail = $s->{mta} eq 'sendmail';
        my $dot = $sendmail && $s->{hops}[0] !~ /[\[:]/ ? '.' : '';
        $s->{rcpt} = { '{rcpt_mailer}' => $sendmail ? 'esmtp' : 'smtp', '{rcpt_host}' => join($sendmail ? ':' : ', ', map { uc } @{ $s->{hops} }) . $dot };
        $s->{hops} = [ map { split /:/ } @{ $s->{hops} } ] if $sendmail;    # there a colon is a list's
    }
    return _with_tls($s, $tls[0], $postfix_certificates[0]);
}

# A recipient of one partner, to its own hop.
sub simple_outbound {
    my ($self, $name) = @_;
    my $s = _session(kind => 'outbound', mta => 'postfix', from => '<a@example.org>', to => "<b\@$name>", meant_to => [$name], way => 'hops', hops => [$name],
        rcpt => { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => $name }, to_the_end => 0);
    return _with_tls($s, $tls[0], $postfix_certificates[0]);
}

1;
