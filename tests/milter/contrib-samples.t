# SPDX-License-Identifier: ISC
#
# What the documents show is what the programs take: every sample configuration, every connector in README and every
# option and reason of the manual page.
#
# A configuration is given to the daemon itself, with a milter socket in a folder that does not exist: so the daemon reads
# all of the file, says all that it has to say about it, and ends before it has opened anything.
use strict;
use warnings;
use Test::More;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);

my $source = $ENV{abs_top_srcdir} // abs_path(dirname(__FILE__) . '/../..');
my $build = $ENV{abs_top_builddir} // $source;
my ($daemon) = grep { defined && -x } $ENV{FORCETLS_MILTER}, "$build/forcetls-milter", "$build/milter/forcetls-milter";
plan skip_all => 'there is no forcetls-milter, run make first' if !defined $daemon;

my $dir = tempdir('forcetls-samples.XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub slurp
{
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

sub write_to
{
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return $file;
}

# What the daemon says about a configuration: whether it was read, and the diagnostics.
sub read_by_daemon
{
    my ($file) = @_;
    my $said = `exec "$daemon" -c "$file" -p "unix:$dir/no-such-folder/milter.sock" 2>&1 </dev/null`;
    my $status = $? >> 8;
    my @diagnostics = grep { /^\Q$file\E:\d+: / } split /\n/, $said;
    # 73: no socket. 78 as well where this machine has no such user or group, which is looked at behind the file.
    my $read = $status == 73 || ($status == 78 && $said =~ /there is no (?:user|group) '/);
    return ($read && !grep({ /: error: / } @diagnostics), \@diagnostics, $said);
}

# -- the test's own tool ---------------------------------------------------------------------------

{
    my ($good) = read_by_daemon(write_to("$dir/broken.conf", "mode = \"enforce\";\nmoode = \"x\";\n"));
    ok !$good, 'a broken file is seen to be broken';
}

# -- contrib ---------------------------------------------------------------------------------------

# Warnings that a sample draws on purpose, and says so.
my %expected = (
    'container/forcetls.conf' => qr/no connector, nothing is demanded of anybody/,
    'sendmail/forcetls.conf' => qr/Postfix reports a client's fingerprint only with smtpd_policy_socket/,
);

my @samples = grep { slurp($_) =~ /^connectors\s*=/m } glob "$source/contrib/*/*.conf";
cmp_ok scalar @samples, '>=', 3, 'there are samples in contrib';
for my $file (@samples) {
    my $name = basename(dirname($file)) . '/' . basename($file);
    my ($good, $diagnostics, $said) = read_by_daemon($file);
    ok $good, "contrib/$name is read without an error" or diag $said;
    my @unexpected = grep { !$expected{$name} || !/$expected{$name}/ } @$diagnostics;
    is_deeply \@unexpected, [], "contrib/$name draws no warning that it does not speak of";
}

# -- README ----------------------------------------------------------------------------------------

my $readme = slurp("$source/README");

# The whole connectors lists of "Adding a partner" and "Outbound", as they stand there.
my @lists = $readme =~ /^    (connectors = \(\n.*?\n    \);)/gms;
is scalar @lists, 2, 'README has two lists of connectors to copy';
for my $list (@lists) {
    my ($name) = $list =~ /name = "([\w-]+)"/;
    my ($good, $diagnostics, $said) = read_by_daemon(write_to("$dir/readme.conf", $list));
    ok $good && !@$diagnostics, "$name of README is read without an error or a warning" or diag $said;
}

# The patterns of "Which pattern?": each begins with a level and ends at an empty line.
my ($chapter) = $readme =~ /^5  WHICH PATTERN\?\n(.*?)^6  /ms;
my @patterns = $chapter =~ /^ {8}(level = "\w+";.*?)\n\n/gms;
is scalar @patterns, 3, 'README shows three patterns';
write_to("$dir/contoso.pem", a_pin());
for my $pattern (@patterns) {
    my ($level) = $pattern =~ /"(\w+)"/;
    # The abbreviated fingerprint stands for a whole one.
    (my $whole = $pattern) =~ s/5C:0E:34:1F:\.\.\.:40:17/join ':', ('5C') x 32/e;
    my $file = write_to("$dir/$level.conf", "smtpd_policy_socket = \"unix:$dir/no-such-folder/policy.sock\";\n"
        . "connectors = ( { name = \"contoso-in\"; direction = \"inbound\"; domains = [ \"*.contoso.com\" ]; $whole } );\n");
    my ($good, $diagnostics, $said) = read_by_daemon($file);
    ok $good && !@$diagnostics, "the pattern with level $level is read without an error or a warning" or diag $said;
}

# What pin_file names: a bare public key is a pin as well as a certificate, and needs no openssl.
sub a_pin
{
    return <<'PEM';
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
PEM
}

# -- forcetls-milter(8) ----------------------------------------------------------------------------

my $page = slurp("$source/milter/forcetls-milter.8");
my %options = `exec "$daemon" -h` =~ /^  -(\w), --([\w-]+)/gm;
cmp_ok scalar keys %options, '>=', 7, 'the usage text has options';
is_deeply [grep { $page !~ /^\.It Fl \Q$_\E (?:Ar \w+ )?, Fl -\Q$options{$_}\E(?: |$)/m } sort keys %options], [],
    'forcetls-milter(8) has every option, with both its names';
my %on_page = map { $_ => 1 } $page =~ /^\.It Fl (\w)/gm;
is_deeply [grep { !$options{$_} } sort keys %on_page], [], '... and no others';

my @reasons = slurp("$source/policy/verdict.c") =~ /^\s*\[REASON_\w+\] = \{ "([\w-]+)"/gm;
cmp_ok scalar @reasons, '>=', 20, 'policy/verdict.c has reasons';
is_deeply [grep { $_ ne 'none' && $page !~ /(?:^| )\Q$_\E(?: |$)/m } @reasons], [],
    'forcetls-milter(8) has every reason';

SKIP: {
    skip 'there is no mandoc', 1 if !grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
    # Manual pages that this machine lacks are none of the page's faults.
    my @lint = grep { !/referenced manual not found|outdated mandoc\.db|lacks .* entry/ }
        `mandoc -Tlint "$source/milter/forcetls-milter.8" 2>&1`;
    is_deeply \@lint, [], 'mandoc -Tlint has nothing to say about forcetls-milter(8)';
}

done_testing;
