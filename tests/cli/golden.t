#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# golden.t [--update] [FILE.golden ...]: what forcetls prints, compared to the byte with what somebody has read and found
# good: tests/cli/*.golden.
#
#   # a comment
#   === what this case shows
#   $ forcetls check -c two.conf --at 2026-11-01       (a shell command; a line that ends in "\" goes on)
#   (exit 1)
#   ... both of its streams, as they are ...
#
# Commands run in tests/cli/files, on a page of 80 columns, without colour, in UTC, and see a clock only where they are
# not given a day. --update writes what is printed now into the files: read the difference before you commit it.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(build_dir read_file run write_file);
use Test::More;

my $update = @ARGV && $ARGV[0] eq '--update' && shift @ARGV;
my @files = @ARGV ? map { abs_path($_) } @ARGV : sort glob "$FindBin::Bin/*.golden";

# A file as pieces: [ text before, name, command, exit status, output ].
sub cases
{
    my ($file) = @_;
    my ($head, @blocks) = split /^(?==== )/m, read_file($file);
    return $head, map {
        /\A=== ([^\n]*)\n((?:#[^\n]*\n)*)\$ ((?:[^\n]*\\\n)*[^\n]*)\n\(exit (\d+)\)\n(.*)\z/s
            or die "$file: not a case:\n$_";
        { name => $1, comment => $2, command => $3, status => $4, output => $5 }
    } @blocks;
}

sub as_text
{
    my ($case) = @_;
    return "=== $case->{name}\n$case->{comment}\$ $case->{command}\n(exit $case->{status})\n$case->{output}";
}

my $programs = $ENV{FORCETLS_PROGRAMS} // build_dir() . '/policy/cli';
-x "$programs/forcetls" or die "there is no program $programs/forcetls: run make first\n";
$ENV{PATH} = "$programs:$ENV{PATH}";
@ENV{qw(COLUMNS TERM TZ NO_COLOR LC_ALL)} = (80, 'xterm', 'UTC', 1, 'C.UTF-8');
chdir "$FindBin::Bin/files" or die "$FindBin::Bin/files: $!\n";

for my $file (@files) {
    my ($head, @cases) = cases($file);
    my $short = basename($file, '.golden');
    for my $case (@cases) {
        my ($status, $output) = run('sh', '-c', $case->{command});
        $status = $status & 127 ? 128 + ($status & 127) : $status >> 8;
        # What stands before the next case is for the eye.
        $output =~ s/\n*\z/\n\n/ if $output ne '';
        if ($update) {
            @$case{qw(status output)} = ($status, $output);
            next;
        }
        my $good = is("(exit $status)\n$output", "(exit $case->{status})\n$case->{output}", "$short: $case->{name}");
        my ($wide) = grep { length > 80 && !/^\s*\S+$/ } split /\n/, $output;
        diag "a line of more than 80 columns: $wide" if !$good && defined $wide;
    }
    write_file($file, join '', $head, map { as_text($_) } @cases) if $update;
}
done_testing();
