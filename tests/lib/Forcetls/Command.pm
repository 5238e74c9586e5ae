# SPDX-License-Identifier: ISC
#
# Forcetls::Command: runs the administrator's command, forcetls(1), as a user at a terminal would.
#
#   FORCETLS=FILE   the program under test (default: policy/cli/forcetls of the build)
package Forcetls::Command;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use Forcetls::Harness qw(build_dir read_file work_dir);
use POSIX ();

our @EXPORT_OK = qw(forcetls forcetls_program);

sub forcetls_program
{
    my $program = $ENV{FORCETLS} // build_dir() . '/policy/cli/forcetls';
    -x $program or die "there is no program $program: run make first, or set FORCETLS\n";
    return $program;
}

# Runs it to its end: its exit status (128 and the signal's number where one ended it), what it
# wrote to stdout, and to stderr. A hash as the first argument: stdin => text, env => { NAME =>
# value, or undef to take it out }. The page is 80 columns wide unless env says otherwise.
sub forcetls
{
    my $option = ref $_[0] ? shift : {};
    my @arguments = @_;
    my ($in, $out, $errors) = map { File::Temp->new(DIR => work_dir(), TEMPLATE => 'run.XXXXXX') } 1 .. 3;
    binmode $in;
    print {$in} $option->{stdin} // '';
    $in->flush;
    my $program = forcetls_program();
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my %env = (COLUMNS => 80, TZ => 'UTC', %{ $option->{env} // {} });
        defined $env{$_} ? $ENV{$_} = $env{$_} : delete $ENV{$_} for keys %env;
        open STDIN, '<', $in->filename;
        open STDOUT, '>', $out->filename;
        open STDERR, '>', $errors->filename;
        exec { $program } $program, @arguments or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return ($status, read_file($out->filename), read_file($errors->filename));
}

1;
