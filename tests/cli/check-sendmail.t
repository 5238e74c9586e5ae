#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls check --sendmail, held against what m4 makes of a sendmail.mc.
#
# The base is Debian's own sendmail.mc with its starttls.m4 and the lines of contrib/sendmail: there
# nothing is found. Each case spoils one thing, and the finding appears; then what the finding says
# is typed, the .cf made again, and nothing is found any more. /etc/mail/tls and /run/forcetls are
# folders of the test.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Command qw(forcetls forcetls_program);
use Forcetls::Harness qw(read_file run source_dir work_dir write_file);
use Forcetls::Sendmail;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use Test::More;

forcetls_program();
my $macros = Forcetls::Sendmail->unpack_or_skip . '/usr/share/sendmail';
my $dir = work_dir();
my $run = "$dir/forcetls";      # /run/forcetls
my $tls = "$dir/tls";           # /etc/mail/tls
my $socket = "$run/milter.sock";

# ---- the files of a host ----

sub make_files
{
    my $world = Forcetls::Certificates->new->standard;
    mkdir $tls, 0755 or die "$tls: $!\n";
    write_file("$tls/sendmail-server.crt", read_file($world->{server}{file}));
    write_file("$tls/sendmail-common.key", read_file($world->{server}{key}), 0600);
    write_file("$tls/partner-cas.pem", read_file($world->{root}{file}));
}

my $listener;

sub make_socket
{
    unlink $socket;
    mkdir $run, 0755;
    chmod 0755, $run or die "$run: $!\n";
    $listener = IO::Socket::UNIX->new(Local => $socket, Listen => 1) or die "$socket: $!\n";
}

# Paths of a host become those of the test.
sub here
{
    my ($text) = @_;
    return $text =~ s{/run/forcetls(?![\w-])}{$run}gr =~ s{/etc/mail/tls}{$tls}gr =~
        s{/usr/share/sendmail/cf/}{$macros/cf/}gr;
}

my $next_hops = '';

sub conf
{
    return write_file("$dir/forcetls.conf", <<"EOT");
milter_socket = "unix:$socket";
trust_store = "@{[ source_dir() ]}/tests/cli/files/roots.pem";
connectors = (
  { name = "office";  direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; },
  { name = "known";   direction = "inbound"; domains = [ "hq.example" ]; level = "verify"; },
  { name = "contoso"; direction = "inbound"; domains = [ "contoso.com" ]; level = "secure"; },
  { name = "bank";    direction = "inbound"; domains = [ "bank.example" ]; level = "fingerprint";
    certificates = ( { fingerprint = "@{[ join ':', ('5C') x 32 ]}"; } ); },
  { name = "out";     direction = "outbound"; domains = [ "contoso.com" ]; level = "secure";
    $next_hops }
);
EOT
}

# ---- sendmail.mc ----

my $autoconf = "include(`$macros/cf/debian/autoconf.m4')dnl\n";

# Debian's, as lines. What sendmailconfig(8) writes beside it is left out; the macros' version is
# read from the unpacked package.
sub debian
{
    my $text = here(read_file("$macros/cf/debian/sendmail.mc"));
    $text =~ s{^include\(`/etc/mail/m4/.*\n}{}mg;
    $text =~ s{^(include\(`.*/m4/cf\.m4'\)dnl\n)}{$1$autoconf}m
        or die "Debian's sendmail.mc is not what it was\n";
    write_file("$tls/starttls.m4", here(read_file("$macros/examples/tls/starttls.m4")));
    return split /^/, $text;
}

# contrib/sendmail/forcetls.mc, with the lines for levels verify and secure.
sub ours
{
    my @lines = grep { !/^dnl(?! define)/ } split /^/,
        here(read_file(source_dir() . '/contrib/sendmail/forcetls.mc'));
    s/^dnl // for @lines;
    return @lines;
}

# Puts lines in front of MAILER().
sub with
{
    my ($mc, @lines) = @_;
    return map { /^MAILER_DEFINITIONS/ ? (@lines, $_) : $_ } @$mc;
}

my $count = 0;

sub make_cf
{
    my @mc = @_;
    my $name = "$dir/" . ++$count;
    write_file("$name.mc", join '', @mc);
    my ($status, $cf) = run('m4', "-D_CF_DIR_=$macros/cf/", "$name.mc");
    $status == 0 or die "m4 makes no sendmail.cf:\n$cf";
    return write_file("$name.cf", $cf);
}

# ---- forcetls ----

# Its exit status, and the findings.
sub check
{
    my @mc = @_;
    my ($status, $out, $errors) =
        forcetls('check', '--json', '-c', conf(), '--sendmail', make_cf(@mc));
    is($errors, '', 'nothing goes wrong');
    return ($status, @{ decode_json($out)->{findings}{sendmail} });
}

sub words { return join ' ', map { $_->{word} } @_ }

# ---- what is typed ----

# A line of m4 comes to where the line above it says; a command is run.
sub type
{
    my ($mc, $finding) = @_;
    my ($place, @mc) = ('', @$mc);
    for my $line (map { here($_) } @{ $finding->{type} }) {
        if ($line =~ /^# sendmail\.mc, (.*)/) {
            $place = $1;
        } elsif ($line =~ /^(?:define|undefine)\(/) {
            @mc = with(\@mc, "$line\n");
        } elsif ($place =~ /^in place/ && $line =~ /^INPUT_MAIL_FILTER\(`(\w+)'/) {
            my $name = $1;
            @mc = map { /^(?:INPUT_)?MAIL_FILTER\(`$name'/ ? "$line\n" : $_ } @mc;
        } elsif ($line =~ /^INPUT_MAIL_FILTER\(/) {
            @mc = with(\@mc, "$line\n");
        } elsif ($line =~ /^DAEMON_OPTIONS\(`.*(Name=[\w-]+)/) {
            my $name = $1;
            @mc = map { /^DAEMON_OPTIONS\(`.*$name\b/ ? "$line\n" : $_ } @mc;
        } elsif ($line =~ /^next_hops = .*?;/) {
            $next_hops = $&;
        } elsif ($line eq 'systemctl start forcetls-milter') {
            make_socket();
        } elsif ($line =~ /^(?:install|chmod) /) {
            my ($status, $out) = run('sh', '-c', $line);
            is($status, 0, $line) or diag($out);
        } else {
            fail("what is this: $line");
        }
    }
    return @mc;
}

# ---- the base ----

make_files();
make_socket();
my @debian = debian();
my $starttls = "include(`$tls/starttls.m4')dnl\n";
my @base = with(\@debian, $starttls, ours());

subtest 'Debian, starttls.m4 and the lines of contrib/sendmail' => sub {
    my ($status, @findings) = check(@base);
    is(words(@findings), '', 'nothing is found');
    is($status, 0, 'exit status');
};

subtest 'the same, with daemons that others reach' => sub {
    my ($status, @findings) = check(map { s/, *Addr=127\.0\.0\.1//r } @base);
    is(words(@findings), '', 'nothing is found');
};

subtest 'the two lines of README are enough for levels encrypt and fingerprint' => sub {
    my @lines = map { s/^ +//r =~ s/\) +\(.*/)/r }
        read_file(source_dir() . '/README') =~ /^ +((?:INPUT_MAIL_FILTER|define)\(`.*\n)/mg;
    is(scalar @lines, 2, 'lines in README');
    my $conf = conf();
    my $text = read_file($conf);
    write_file($conf, $text =~ s/^.*"(?:known|contoso)";.*\n//mgr);
    my ($status, $out) = forcetls('check', '-c', $conf, '--sendmail',
        make_cf(with(\@debian, $starttls, map { here($_) } @lines)));
    like($out, qr/Nothing doubtful was found\.\n\z/, 'nothing is found');
};

# ---- one thing spoilt ----

my $filter = qr/^INPUT_MAIL_FILTER\(`forcetls'/;

# Changes the lines that match.
sub changed
{
    my ($pattern, $change) = @_;
    return sub {
        my $done = 0;
        my @mc = map { /$pattern/ ? do { $done = 1; $change->($_) } : $_ } @base;
        $done or die "no line matches $pattern\n";
        return @mc;
    };
}

sub added
{
    my @lines = @_;
    return sub { with(\@base, map { "$_\n" } @lines) };
}

sub without { my ($pattern) = @_; return changed($pattern, sub { () }) }

my $public = q{DAEMON_OPTIONS(`Name=MTA-2, Port=2525, };

my @cases = (
    ['milter-not-attached', without($filter)],
    ['milter-elsewhere', changed($filter, sub { s/milter\.sock/other.sock/r })],
    ['milter-not-called', changed($filter, sub { s/^INPUT_//r })],
    ['daemon-without-milter',
        added(q{MAIL_FILTER(`clamav', `S=unix:/run/clamav/milter.sock, F=T')dnl},
            $public . q{InputMailFilters=clamav, forcetls')dnl})],
    ['daemon-without-milter', added($public . q{InputMailFilters=')dnl})],
    ['milter-fails-open', changed($filter, sub { s/ F=T,//r })],
    ['milter-fails-hard', changed($filter, sub { s/ F=T,/ F=R,/r })],
    ['milter-timeouts', changed($filter, sub { s/, T=[^']*//r })],
    ['milter-timeouts', changed($filter, sub { s/R:30s/R:30m/r })],
    ['socket-unsafe', sub { chmod 0775, $run; @base }],
    ['socket-missing', sub { unlink $socket; @base }],
    ['tls-not-offered', without(qr/starttls\.m4/)],
    ['tls-not-offered', sub { chmod 0644, "$tls/sendmail-common.key"; @base }],
    ['daemon-without-tls', added($public . q{M=S')dnl})],
    ['certificate-not-asked', added(q{define(`confTLS_SRV_OPTIONS', `V')dnl})],
    ['no-client-ca', without(qr/^define\(`confCACERT'/)],
    ['public-client-ca', without(qr/^define\(`confCACERT_PATH'/)],
    ['public-client-ca', sub {
        my $bundle = '/etc/ssl/certs/ca-certificates.crt';
        return -e $bundle ? added("define(`confCACERT', `$bundle')dnl")->() : ();
    }],
    ['fingerprint-digest', without(qr/^define\(`confCERT_FINGERPRINT/)],
    ['fingerprint-digest', added(q{define(`confCERT_FINGERPRINT_ALGORITHM', `sha1')dnl})],
    ['fallback-mx', added(q{define(`confFALLBACK_MX', `fall.example')dnl})],
    ['fallback-smart-host', added(q{define(`confFALLBACK_SMARTHOST', `smart.example')dnl})],
    ['smart-host', added(q{define(`SMART_HOST', `esmtp:[smart.example]')dnl})],
);

for my $case (@cases) {
    my ($word, $spoil) = @$case;
    subtest $word => sub {
        my @mc = $spoil->();
        plan skip_all => 'no public CAs here (Debian: ca-certificates)' if !@mc;
        my ($status, @findings) = check(@mc);
        is(words(@findings), $word, 'it is found, and nothing else') or return;
        my $finding = $findings[0];
        note "$finding->{where}: $finding->{severity}: $finding->{text}";
        note join "\n", @{ $finding->{type} };
        is($status, $finding->{severity} eq 'note' ? 0 : 1, 'exit status');
        @mc = type(\@mc, $finding);
        ($status, @findings) = check(@mc);
        is(words(@findings), '', 'after what it says was typed, nothing is found');
        is($status, 0, 'exit status');
        $next_hops = '';
    };
}

# Found, without a line to be typed that a test could take.
subtest 'milter-unknown' => sub {
    my ($status, @findings) =
        check(added(q{define(`confINPUT_MAIL_FILTERS', `forcetls, clamav')dnl})->());
    is(words(@findings), 'milter-unknown', 'it is found');
};
subtest 'socket-denied' => sub {
    chmod 0600, $socket or die "$socket: $!\n";
    my ($status, @findings) = check(added(q{define(`confRUN_AS_USER', `nobody')dnl})->());
    is(words(@findings), 'socket-denied', 'it is found');
    make_socket();
};

# ---- findings as text ----

subtest 'text' => sub {
    my $cf = make_cf(changed($filter, sub { s/ F=T,//r })->());
    my ($before) = read_file($cf) =~ /\A(.*?\n)Xforcetls/s;
    my $where = "$cf:" . (1 + ($before =~ tr/\n//));
    my ($status, $out) =
        forcetls({ env => { COLUMNS => 200 } }, 'check', '-c', conf(), '--sendmail', $cf);
    like($out, qr/^\Q$where\E: warning: filter 'forcetls' has no F=T: /m, 'where, and what');
    like(
        $out,
        qr/^    INPUT_MAIL_FILTER\(`forcetls', `S=unix:\Q$socket\E, F=T, T=.*'\)dnl\nThen, once: make /m,
        'what to type'
    );
    is($status, 1, 'exit status');
};

# ---- not a sendmail.cf ----

subtest 'files that are no sendmail.cf' => sub {
    my $submit = here(read_file("$macros/cf/debian/submit.mc"));
    $submit =~ s{^include\(`/etc/mail/.*\n}{}mg;
    $submit =~ s{^(include\(`.*/m4/cf\.m4'\)dnl\n)}{$1$autoconf}m;
    make_cf(@base);
    my %wrong = (
        "$dir/$count.mc" => qr/not a sendmail\.cf, but the \.mc file .*: name the \.cf \('/,
        make_cf($submit) => qr/this is the submission program's file \(UseMSP\)/,
        '/etc/passwd' => qr{not a sendmail\.cf: .*\('/etc/passwd'\)},
        "$dir/absent.cf" => qr/cannot open the file: No such file or directory \('/,
        $dir => qr/not a regular file \('/,
    );
    for my $file (sort keys %wrong) {
        my ($status, $out, $errors) = forcetls('check', '-c', conf(), '--sendmail', $file);
        like($errors, qr/\Aforcetls: cannot read Sendmail's settings: $wrong{$file}/, $file);
        is($status, 2, 'exit status');
    }
};

done_testing();
