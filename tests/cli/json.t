#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# json.t: the documents of --json have the shape that is described at the head of the source that prints them: every
# member is there, always, with the right type, and no other; and each has been seen with a value in at least one case.
# forcetls(1) has the same members.
use strict;
use warnings;

use Forcetls::Command qw(forcetls);
use Forcetls::Harness qw(read_file source_dir work_dir write_file);
use JSON::PP ();
use Test::More;

# ---- shapes --------------------------------------------------------------------------------------
#
# An object is a hash, an array a list of one: its elements' shape. A value is 'string', 'number' (whole), 'boolean',
# 'date', 'moment', 'time', 'null', or the words that it may be: 'yes|no'. With a '?' behind it may be null; objects and
# arrays: maybe(...). A member whose name has a '?' behind it need not be there.

sub maybe { return [ 'maybe', @_ ] }

my $finding = { severity => 'warning|note', word => 'string', where => 'string', text => 'string', type => ['string'] };
my $gaps = {
    satisfiable => 'boolean',
    missing => [
        { entry => 'number', field => 'string', kind => 'never|no-socket|socket|if-trusted|some-pins', text => 'string' }
    ]
};
my $check = {
    file => 'string',
    at => 'date',
    status => 'number',
    diagnostics => [ { severity => 'error|warning|note', file => 'string', line => 'number?', text => 'string' } ],
    notes => [ { severity => 'warning|note', text => 'string' } ],
    settings => maybe(
        {
            mode => 'enforce|monitor',
            (map { $_ => 'string?' } qw(contact milter_socket smtpd_policy_socket tls_policy_socket control_socket
                    socket_group user trust_store)),
            socket_mode => 'string',
            inbound_exempt_networks => ['string'],
            inbound_exempt_authenticated => 'boolean',
            local_transports => ['string'],
        }
    ),
    connectors => maybe(
        [
            {
                name => 'string',
                comment => 'string?',
                file => 'string',
                line => 'number',
                direction => 'inbound|outbound|both',
                domains => 'number',
                level => 'may|encrypt|verify|secure|fingerprint',
                mode => 'enforce|monitor',
                action => 'defer|reject',
                contact => 'string?',
                enforce_from => 'date?',
                trust_store => 'string?',
                enforces => 'boolean',
                next_change => 'date?',
                certificates => [
                    {
                        entry => 'number',
                        line => 'number',
                        (map { $_ => 'string?' } qw(name issuer root organization organizational_unit fingerprint public_key
                                pin_file)),
                        key_bits => 'number?',
                        from => 'date?',
                        until => 'date?',
                        state => 'active|not-yet|past',
                        root_in_trust_store => 'yes|no|expired|unknown?',
                    }
                ],
                not_reported => { 'postfix?' => $gaps, 'sendmail?' => $gaps },
            }
        ]
    ),
    findings => { trust_store => maybe([$finding]), postfix => maybe([$finding]), sendmail => maybe([$finding]) },
};

my $step = { mta => 'postfix|sendmail?', text => 'string' };
my $advice = maybe({ meaning => 'string', administrator => [$step], partner => [ { mta => 'null', text => 'string' } ] });
my %place = (key => 'domains|domains_file?', file => 'string?', line => 'number?');
my $reason = 'string?';
my $explain = {
    asked => {
        from => 'string',
        to => 'string?',
        sender_domains => ['string'],
        recipient_domains => ['string'],
        client => { address => 'string?', name => 'string?', confirmed => 'boolean' },
        helo => 'string?',
        mta => 'postfix|sendmail?',
        at => 'moment',
        local => 'boolean',
        authenticated => 'boolean',
        tls => {
            state => 'plain|encrypted|not-reported',
            protocol => 'string?',
            cipher => 'string?',
            cipher_bits => 'number?',
        },
        certificate => {
            trust => 'trusted|untrusted|none|none-or-untrusted?',
            map { $_ => 'string?' } qw(subject issuer organization organizational_unit fingerprint public_key)
        },
        notes => ['string'],
    },
    logged => maybe(
        {
            line => 'string',
            when => 'string?',
            queue_id => 'string?',
            direction => 'inbound|outbound',
            (map { $_ => 'string?' } qw(verdict would reason connector level from to nrcpt client hop mx tls cipher
                    certificate subject issuer root fingerprint public_key identity age mode text)),
            advice => $advice,
            missing => ['string'],
            compared => 'same|different|unknown?',
        }
    ),
    inbound => maybe(
        {
            connector => maybe(
                {
                    name => 'string',
                    comment => 'string?',
                    file => 'string',
                    line => 'number',
                    level => 'may|encrypt|verify|secure|fingerprint',
                    mode => 'enforce|monitor',
                    action => 'defer|reject',
                    enforce_from => 'date?',
                    next_change => 'date?',
                    identity_shared => 'boolean',
                }
            ),
            matched => maybe(
                {
                    by => 'sender|network|helo|client-name',
                    domain => 'string?',
                    entry => 'string?',
                    network => 'string?',
                    text => 'string',
                    %place
                }
            ),
            candidates => [
                {
                    entry => 'string?',
                    connector => 'string',
                    by => 'sender|network|helo|client-name',
                    domain => 'string?',
                    recipient => 'string?',
                    fate => 'counts|less-strict|less-specific|no-subdomains|only-subdomains|local-domains',
                    outcome => 'none|pass|exempt|fail|unknown?',
                    reason => $reason,
                    would => 'pass|defer|reject?',
                    %place
                }
            ],
            candidates_left_out => 'number',
            exempt => maybe({ reason => 'network|authenticated', list => 'string?', network => 'string?' }),
            demands => [
                {
                    demand => 'string',
                    wanted => 'string',
                    got => 'string',
                    outcome => 'met|unmet|unknown',
                    reason => $reason,
                    entry => 'number?',
                    field => 'string?',
                }
            ],
            certificates => [
                {
                    entry => 'number',
                    line => 'number',
                    wanted => 'string',
                    state => 'active|not-yet|past',
                    outcome => 'met|unmet|unknown?',
                    field => 'string?',
                    closest => 'boolean',
                }
            ],
            outcome => 'none|pass|exempt|fail|unknown',
            reason => $reason,
            verdict => 'pass|defer|reject',
            would => 'pass|defer|reject',
            mode => 'enforce|monitor',
            text => 'string',
            reply => maybe({ code => 'string', status => 'string', text => 'string', line => 'string' }),
            log => 'string?',
            near_miss => maybe({ connector => 'string', domain => 'string', log => 'string' }),
            advice => $advice,
        }
    ),
    outbound => maybe(
        {
            connector => 'string',
            domain => 'string',
            entry => 'string',
            file => 'string?',
            line => 'number?',
            judged => 'boolean',
            outcome => 'pass|fail|unknown?',
            reason => $reason,
            text => 'string?',
            verdict => 'pass|defer|reject?',
            would => 'pass|defer|reject?',
            mode => 'enforce|monitor?',
            confirmed => 'boolean?',
            seen => maybe({ host => 'string', address => 'string?', port => 'number?' }),
            demands => maybe(
                [
                    {
                        demand => 'string',
                        wanted => 'string',
                        got => 'string',
                        outcome => 'met|unmet|unknown',
                        reason => $reason,
                    }
                ]
            ),
            reply => maybe({ code => 'string', status => 'string', text => 'string', line => 'string' }),
            log => 'string?',
            advice => $advice,
        }
    ),
    status => 'number',
};

my @counts = (
    (map { $_ => 'number' } qw(messages recipients exempt exempt_recipients refused would_be_refused)),
    first => 'time?',
    last => 'time?'
);
my @span = (count => 'number', first => 'time?', last => 'time?');
my $state = 'trusted|untrusted|none|none-or-untrusted?';

# The values of a kind that a partner has shown.
sub values_of
{
    return { values => [ { value => 'string', met => 'number', @span, @_ } ], others => 'number' };
}

my $log = {
    first => 'time?',
    last => 'time?',
    since => 'time?',
    until => 'time?',
    lines => {
        map { $_ => 'number' }
            qw(verdicts other_messages other_connectors unreadable outside without_time backwards dropped)
    },
    total => { @counts, near_misses => 'number' },
    connectors => [
        {
            connector => 'string',
            direction => 'inbound|outbound',
            @counts,
            near_misses => 'number',
            last_refusal => 'time?',
            reasons => [
                { reason => 'string', refused => 'number', would_be_refused => 'number', first => 'time?', last => 'time?' }
            ],
            others => { @counts, forgotten => 'number', changes => 'number' },
        }
    ],
    other_connectors => {@counts},
    partners => [
        {
            connector => 'string',
            direction => 'inbound|outbound',
            domain => 'string',
            @counts,
            protocols => values_of(),
            ciphers => values_of(bits => 'number?'),
            certificates => values_of(),
            map { $_ => values_of(certificate => $state) } qw(subjects issuers roots fingerprints)
        }
    ],
    changes => [
        {
            change => 'plaintext|unverified|older-protocol|weaker-cipher|'
                . 'other-issuer|other-root|other-subject|other-fingerprint',
            connector => 'string',
            direction => 'inbound|outbound',
            domain => 'string',
            value => 'string',
            before => 'string',
            certificate => $state,
            refused => 'number',
            @span
        }
    ],
};

# ---- a document and its shape --------------------------------------------------------------------

my (%seen, @faults);

my %types = (
    string => qr/\A".*"\z/s,
    number => qr/\A-?[0-9]+\z/,
    boolean => qr/\A(?:true|false)\z/,
    null => qr/\Anull\z/,
    date => qr/\A"\d{4}-\d\d-\d\d"\z/,
    moment => qr/\A"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\z/,
    time => qr/\A"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"\z/,
);
my $coder = JSON::PP->new->allow_nonref->ascii;

sub compare_object
{
    my ($path, $shape, $value) = @_;
    my %wanted = map { s/\?\z//r => $shape->{$_} } keys %$shape;
    push @faults, "$path.$_: not documented" for grep { !exists $wanted{$_} } sort keys %$value;
    push @faults, "$path.$_: missing" for grep { !/\?\z/ && !exists $value->{$_} } sort keys %$shape;
    compare("$path.$_", $wanted{$_}, $value->{$_}) for grep { exists $wanted{$_} } sort keys %$value;
}

sub compare_leaf
{
    my ($path, $shape, $value) = @_;
    my $text = $coder->encode($value);
    my $words = $shape =~ s/\?\z//r;
    return if !defined $value && $words ne $shape;
    my $pattern = $types{$words} // qr/\A"(?:$words)"\z/;
    push @faults, "$path: $text is no $words" if $text !~ $pattern;
    $seen{$path}++;
}

sub compare
{
    my ($path, $shape, $value) = @_;
    if (ref $shape eq 'ARRAY' && @$shape == 2) {
        return if !defined $value;
        $shape = $shape->[1];
    }
    return compare_leaf($path, $shape, $value) if !ref $shape;
    if (ref $shape ne ref $value) {
        push @faults, "$path: no " . (ref $shape eq 'HASH' ? 'object' : 'array');
    } elsif (ref $shape eq 'HASH') {
        compare_object($path, $shape, $value);
    } else {
        compare("$path\[]", $shape->[0], $_) for @$value;
    }
}

# The values that a shape has, as paths; and the names of its members.
sub leaves
{
    my ($path, $shape) = @_;
    return $path if !ref $shape;
    return leaves($path, $shape->[1]) if ref $shape eq 'ARRAY' && @$shape == 2;
    return leaves("$path\[]", $shape->[0]) if ref $shape eq 'ARRAY';
    return map { leaves("$path." . s/\?\z//r, $shape->{$_}) } sort keys %$shape;
}

sub member_names
{
    my %names = map { $_ => 1 } map { /(\w+)/g } @_;
    return sort keys %names;
}

# What comes for the cases has the shape; all of it has come; the comment has its members.
sub check_shape
{
    my ($name, $shape, $source, $other_words, @cases) = @_;
    %seen = ();
    for my $case (@cases) {
        my ($option, @arguments) = ref $case eq 'HASH' ? ($case, @{ $case->{arguments} }) : ({}, @$case);
        my (undef, $out, $errors) = forcetls($option, $name, @arguments, '--json');
        @faults = ();
        my $document = eval { JSON::PP->new->utf8->decode($out) };
        push @faults, "no JSON: $out$errors" if !defined $document;
        compare('', $shape, $document) if defined $document;
        is(join("\n", @faults), '', "$name: the shape of: @arguments" =~ tr/\x20-\x7e/./cr);
        is($out =~ tr/\x20-\x7e\n//cr, $out, 'printable');
    }
    my @paths = leaves('', $shape);
    is(join("\n", grep { !$seen{$_} } @paths), '', "$name: every member was seen with a value");

    my ($comment) = read_file(source_dir() . "/policy/cli/$source") =~ m{^(/\*\n.*?\*/)}ms;
    my %told = map { $_ => 1 } $comment =~ /\w+/g;
    my @names = member_names(@paths);
    is(join("\n", grep { !$told{$_} } @names), '', "$name: every member is in the comment at the head of $source");
    my %known = map { $_ => 1 } @names, split ' ', $other_words;
    is(join("\n", grep { /_/ && !$known{$_} } sort keys %told), '', 'and what looks like a member there is one');

    my ($part) = read_file(source_dir() . '/policy/cli/forcetls.1') =~ /^\.Ss forcetls $name --json\n(.*?)(?=^\.S[sh])/ms;
    %told = map { $_ => 1 } ($part // '') =~ /\w+/g;
    is(join("\n", grep { !$told{$_} } @names), '', "$name: every member is in the manual");
    is(join("\n", grep { /_/ && !$known{$_} } sort keys %told), '', 'and what looks like a member there is one');
}

# ---- cases -----------------------------------------------------------------------------------------

my $work = work_dir();
my $pin = join ':', ('5F') x 32;
my $tool = "$work/bin";
mkdir $tool or die "$tool: $!\n";
chdir source_dir() . '/tests/cli/files' or die "tests/cli/files: $!\n";
write_file("$tool/postconf", read_file('postconf'), 0755);
my $with_postconf = { PATH => "$tool:$ENV{PATH}" };

# What none of the files there has.
write_file("$work/everything.conf", <<"END");
contact = "postmaster\@example.org";
milter_socket = "unix:/run/forcetls/milter.sock";
smtpd_policy_socket = "unix:/run/forcetls/policy.sock";
tls_policy_socket = "unix:/run/forcetls/tls-policy.sock";
control_socket = "unix:/run/forcetls/control.sock";
socket_group = "postfix";
user = "forcetls";
trust_store = "${\ source_dir() }/tests/cli/files/roots.pem";
connectors = (
  { name = "all"; comment = "B\303\274ro"; contact = "tls\@example.org"; direction = "both";
    domains = [ "all.example" ]; level = "fingerprint"; enforce_from = "2026-11-01";
    trust_store = "${\ source_dir() }/tests/cli/files/roots.pem";
    certificates = ( { name = "mail.all.example"; issuer = "Issuing CA"; organization = "Corp"; organizational_unit = "Mail";
                       fingerprint = "$pin"; from = "2026-12-01"; until = "2027-01-01"; },
                     { root = "Example Root CA"; key_bits = 2048; fingerprint = "$pin"; },
                     { public_key = "$pin"; },
                     { pin_file = "${\ source_dir() }/tests/cli/files/roots.pem"; } ); },
  { name = "cloud"; direction = "inbound"; domains = [ "cloud.example" ]; level = "secure";
    certificates = ( { name = "mail.protection.outlook.com"; } ); }
);
END

my @at = ('--at', '2026-11-20');
check_shape('check', $check, 'check/check_json.c', '',
    [ '-c', 'partners.conf', @at ],
    [ '-c', 'changeover.conf', '--at', '2027-12-01' ],
    [ '-c', 'errors.conf', @at ],
    [ '-c', 'warnings.conf', @at ],
    [ '-c', 'monitor.conf' ],
    [ '-c', 'no-partners.conf' ],
    [ '-c', 'outbound.conf', @at ],
    { arguments => [ '-c', 'outbound.conf', @at, '--postfix' ], env => $with_postconf },
    [ '-c', 'mta.conf', @at, '--mta', 'postfix', '--sendmail', 'bare.cf' ],
    [ '-c', 'mta.conf', @at, '--sendmail', 'nowhere.cf' ],
    [ '-c', "$work/everything.conf", @at, '--mta', 'postfix' ]);

my @tls = map { ('-m', $_) } qw(tls_version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 cipher_bits=256);
my @from = ('--client-addr', '192.0.2.25', '--mta', 'postfix');
my @distinguished = ('-m', 'verify=OK', '-m', 'cn_subject=mail.contoso.example', '-m', 'cn_issuer=Issuing+20CA',
    '-m', 'cert_subject=/O=Partner+20Corp/OU=Mail/CN=mail.contoso.example', '-m', "cert_fp=$pin");
my $header = '2026-11-20T12:00:00+00:00 mx forcetls-milter[812]:';
my $tls13 = 'tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384/256 certificate=trusted';
my @lines = (
    "$header NOQUEUE: outbound verdict=defer reason=starttls-failed connector=contoso level=secure from=<a\@example.org> "
        . 'to=<b@contoso.example> client=localhost[127.0.0.1] hop=mx1.contoso.example[192.0.2.9]:25 mx=insecure '
        . "$tls13 subject=\"mail.contoso.example\" issuer=\"Issuing CA\" root=\"Example Root CA\" age=312 "
        . 'mode=enforce text="451 4.7.5 Encryption needed"',
    "$header 4Xq11l2bYz: inbound verdict=pass connector=cloud level=secure from=<a\@cloud.example> nrcpt=2 "
        . "client=mx.cloud.example[192.0.2.9] $tls13 subject=\"mail.protection.outlook.com\" issuer=\"Issuing CA\" "
        . 'fingerprint=' . '5f' x 32 . ' public_key=' . '5f' x 32 . ' identity=shared mode=enforce',
    "a\xfc\e[31m forcetls-milter[812]: NOQUEUE: inbound verdict=monitor would=reject reason=no-tls connector=courts "
        . 'level=encrypt from=<> to=<b@example.org> client=mx.courts.example[198.51.100.60] tls=none mode=monitor '
        . 'text="550 5.7.10 \\xfc"',
);
my @contoso = ('-c', 'partners.conf', @at, '--from', "a\xfc\e[31m\@contoso.example", '--helo', "\n");
my @ours = ('--to', 'b%a.example@hr.example.org');
my @out = ('-c', 'outbound.conf', @at, '--from', 'a@example.org', '--to', 'b@fabrikam.example');
my $plain = read_file(source_dir() . "/tests/cli/files/fabrikam.facts") =~ s/"state":"tls"/"state":"no-starttls"/r;
check_shape('explain', $explain, 'explain/explain_report.c', 'domains_file probe_json',
    [ '-c', 'partners.conf', @at, '--from', 'a@tax.example', '--to', 'b@example.org', '--helo', 'h', @from ],
    [ '-c', 'partners.conf', @at, '--from', 'a@tax.example' ],
    [ '-c', 'partners.conf', @at, '--from', '<>', @ours, '--helo', 'mail.contoso.example', @from, @tls ],
    [ '-c', 'partners.conf', @at, '--from', 'a@tax.example', '--client-addr', '192.0.2.250', '--client-name', 'x.example' ],
    [ '-c', 'partners.conf', @at, '--from', 'a@tax.example', '-m', 'auth_authen=a' ],
    [ '-c', 'partners.conf', @at, '--from', 'a@sub.bank.example', @from ],
    [ '-c', 'partners.conf', @at, '--from', 'a%contoso.example@x.contoso.example', @ours, @from, @tls ],
    [ @contoso, '--mta', 'sendmail', @tls, @distinguished ],
    [ '-c', 'partners.conf', @at, '--from', 'a@clinic.example', '--to', 'b@example.org', @from, @tls,
        '-p', "ccert_fingerprint=$pin", '-p', "ccert_pubkey_fingerprint=$pin" ],
    [ '-c', 'changeover.conf', '--at', '2026-10-31', '--from', 'a@contoso.example', @from, @tls,
        '-m', 'cert_subject=mail.contoso.example', '-m', 'cert_issuer=New Issuing CA' ],
    [ '-c', 'changeover.conf', @at, '--from', 'a@contoso.example', @from ],
    [ @out ],
    [ @out, '--hop', 'fabrikam.facts' ],
    [ @out, '--hop', 'fabrikam.facts', '-m', 'rcpt_mailer=smtp', '-m', 'rcpt_host=[192.0.2.99]' ],
    { arguments => [ @out, '--hop', '-' ], stdin => $plain },
    [ '-c', 'outbound.conf', @at, '--log', $lines[0] ],
    [ '-c', "$work/everything.conf", @at, '--log', $lines[1] ],
    { arguments => [ '-c', 'changeover.conf', @at, '--log', '-' ], stdin => "$lines[2]\n" });

# More connectors, and more partners of one, than are kept.
sub crowd
{
    my @names = ((map { [ "c$_", 'example.org' ] } 1 .. 1010), map { [ 'c1', "p$_.example" ] } 1 .. 2010);
    return join '', map {
        "$header 4Xq11l2bYz: inbound verdict=pass connector=$_->[0] level=encrypt from=<a\@$_->[1]> nrcpt=1 "
            . "client=x[192.0.2.9] tls=TLSv1.3 mode=enforce\n"
    } @names;
}

check_shape('log', $log, 'log/log_json.c', 'log_json',
    ['maillog'],
    [ '-S', '2026-11-18', '-U', '2026-11-20', '-C', 'bank', 'maillog' ],
    [ '-S', '2027-01-01', 'maillog' ],
    { arguments => [], stdin => join '', map { "$_\n" } @lines, $lines[0] =~ s/Example Root CA/Old Root CA/r },
    { arguments => [], stdin => crowd() });

done_testing();
