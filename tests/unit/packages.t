# SPDX-License-Identifier: ISC
#
# The recipes of packages and of a container (contrib/debian, contrib/fedora, contrib/container) keep up with the sources:
# the version, what is needed for building, what is installed.
use strict;
use warnings;
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';

sub slurp
{
    my ($file) = @_;
    open my $in, '<', "$source/$file" or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

my ($version) = slurp('configure.ac') =~ /^AC_INIT\(\[forcetls\], \[([0-9.]+)\]\)/m or die "configure.ac has no version\n";
my $control = slurp('contrib/debian/control');
my $spec = slurp('contrib/fedora/forcetls.spec');
my $recipe = slurp('contrib/container/Containerfile');

like(slurp('contrib/debian/changelog'), qr/\Aforcetls \(\Q$version\E-\d+\) /, "contrib/debian/changelog begins with $version");
like($spec, qr/^Version: +\Q$version\E$/m, 'contrib/fedora/forcetls.spec is of that version');
like($spec, qr/^%changelog\n\* .* - \Q$version\E-\d+$/m, 'and its changelog too');

# "header FILE|build|Debian's packages|Fedora's", the table that configure's messages come from.
my @headers = slurp('build-aux/deps.sh') =~ /^(header .*)$/mg;
cmp_ok(scalar @headers, '>', 8, 'build-aux/deps.sh has a table');
my ($needs) = $control =~ /^Build-Depends:\n((?: .*\n)+)/m;
for my $row (@headers) {
    my ($what, $place, $debian, $fedora) = split /\|/, $row;
    like($needs, qr/^ \Q$debian\E(?: <!nocheck>)?,$/m, "Debian: $debian");
    like($spec, qr/^BuildRequires: +\Q$fedora\E$/m, "Fedora: $fedora");
    like($recipe, qr/\s\Q$debian\E\s/, "container: $debian") if $place eq 'build';
}

# What make install puts somewhere has a place in the list of the RPM; Debian's package takes all of it.
my $listed = ($spec =~ /^%files\n(.*?)^%changelog/ms)[0];
for my $file (map { glob "$source/$_" } qw(policy/cli/*.[1-8] policy/conf/*.[1-8] milter/*.[1-8])) {
    my ($name) = $file =~ m{([^/]+)\z};
    like($listed, qr{/\Q$name\E\*$}m, "the RPM has $name");
}
like($listed, qr{/\Q$_\E$}m, "the RPM has $_") for qw(forcetls forcetls-milter forcetls-prober forcetls-milter.service forcetls.conf);

for my $script (qw(debian/rules debian/tests/mail)) {
    ok(-x "$source/contrib/$script", "contrib/$script can be run");
}
done_testing;
