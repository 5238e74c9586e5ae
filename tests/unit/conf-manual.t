# SPDX-License-Identifier: ISC
#
# forcetls.conf(5) and the table of keys: each key is documented where it belongs, with its type, and no other; and the
# file in the manual's EXAMPLES draws neither an error nor a warning.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';
my $build = $ENV{abs_top_builddir} // $source;
my $program = "$build/tests/unit/test_conf_keys";
my $page = "$source/policy/conf/forcetls.conf.5";

-x $program or plan skip_all => "$program is not there (cmocka is missing)";

# Which section has whose keys.  "defaults" has those of connectors, but for the ones that its section names.
my %scope_of = (SETTINGS => 'top', PROBE => 'probe', DNS => 'dns', CONNECTORS => 'connector', CERTIFICATES => 'certificate');

sub lines
{
    open my $in, $_[0], $_[1] or die "$_[1]: $!\n";
    chomp(my @lines = <$in>);
    return @lines;
}

my %table;
for (lines('-|', "'$program' --list")) {
    my ($scope, $key, $type) = split /\t/;
    $table{$scope}{$key} = $type;
}
is_deeply([sort keys %table], [sort 'defaults', values %scope_of], 'the table has the scopes that we know');

my (%manual, @twice, @empty, $item, %said, @example);
my ($section, $in_example) = ('', 0);
for (lines('<', $page)) {
    $section = $1 if /^\.Sh (.+)/;
    if (/^\.(?:It|El|Sh|Ss)\b/) {
        push @empty, $item if defined $item && !$said{$item};
        undef $item;
    }
    if (/^\.It Ic (\w+) Pq (.+)$/) {
        my $scope = $scope_of{$section} // "section $section";
        push @twice, "$scope $1" if exists $manual{$scope}{$1};
        $manual{$scope}{$1} = $2;
        $item = "$scope $1";
    } elsif (defined $item && /\w/) {
        $said{$item} = 1;
    }
    if ($section eq 'EXAMPLES') {
        $in_example = 1, next if /^\.Bd/;
        $in_example = 0 if /^\.Ed/;
        push @example, $_ if $in_example;
    }
}
is_deeply(\@twice, [], 'no key is documented twice in a section');
is_deeply(\@empty, [], 'something is said of every key');
for my $scope (sort values %scope_of) {
    my ($wanted, $got) = ($table{$scope}, $manual{$scope} // {});
    is_deeply([grep { !exists $got->{$_} } sort keys %$wanted], [], "$scope: every key is documented");
    is_deeply([grep { !exists $wanted->{$_} } sort keys %$got], [], "$scope: nothing else is documented");
    is_deeply([grep { exists $got->{$_} && $got->{$_} ne $wanted->{$_} } sort keys %$wanted], [],
        "$scope: every type is what the program takes");
}
is_deeply([grep { !exists $table{$_} && /^section/ } sort keys %manual], [], 'no key is documented elsewhere');

# What the section on defaults excludes is what the table excludes.
my ($excluded) = join("\n", lines('<', $page)) =~ /^\.Sh DEFAULTS\n(.*?)^A connector's own value/ms;
my @excluded = sort map { grep { /^\w+$/ } split /[ ,]+/ } $excluded =~ /^\.Ic (.+)$/mg;
is_deeply(\@excluded, [grep { !exists $table{defaults}{$_} } sort keys %{ $table{connector} }],
    'the keys that cannot be in defaults are named');

# The example, with the files that it names.
my $folder = tempdir(CLEANUP => 1);
sub put
{
    my ($name, @text) = @_;
    open my $out, '>', "$folder/$name" or die "$name: $!\n";
    print $out map { "$_\n" } @text;
    close $out or die "$name: $!\n";
}
my @pin = ('-----BEGIN PUBLIC KEY-----', 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESsc500gQi4HCUcYLvLVbQliCRsPA',
    'BDoIOfjq4MH5nlTHQSshIRaDxDk7Wcg4SJSBN5CoXb5vuv7PNqk2ERQINw==', '-----END PUBLIC KEY-----');
put('forcetls.conf', @example);
put('tax-office.domains', 'tax.example');
put("fabrikam-$_.pem", @pin) for 2026, 2027;
cmp_ok(scalar @example, '>', 20, 'there is an example');
is_deeply([lines('-|', "'$program' --read '$folder/forcetls.conf'")], ['rules'], 'it is a good file, without a warning');

SKIP: {
    my $mandoc = grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
    skip 'mandoc is not there', 1 unless $mandoc;
    # Other pages that are not installed here are none of this page's business.
    is_deeply([grep { !/referenced manual not found|outdated mandoc\.db/ } lines('-|', "mandoc -Tlint '$page' 2>&1")], [],
        'mandoc has nothing to say');
}

done_testing;
