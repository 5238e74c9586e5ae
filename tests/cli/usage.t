#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls as a program: usage texts, wrong usage, exit statuses, output that cannot be written; the manual page has what
# the tables have; the completion for bash offers it.
use strict;
use warnings;

use Forcetls::Command qw(forcetls forcetls_program);
use Forcetls::Harness qw(read_file run source_dir work_dir write_file);
use Test::More;

my @commands = qw(check explain log probe status export);

# ---- usage texts -------------------------------------------------------------------------------

my ($status, $usage, $errors) = forcetls('--help');
is($status, 0, '--help');
is($errors, '', 'nothing on stderr');
is_deeply([ $usage =~ /^  ([a-z]+) {2,}\S/mg ], \@commands, 'every command is in it');
is_deeply([ forcetls('-h') ], [ 0, $usage, '' ], '-h is the same');
is_deeply([ forcetls() ], [ 2, '', $usage ], 'without a command: the same on stderr, exit 2');
like((forcetls('--version'))[1], qr/\Aforcetls \d+\.\d+\.\d+\S*\n\z/, '--version');
is_deeply([ forcetls('-V') ], [ forcetls('--version') ], '-V is the same');

my %options;
for my $command (@commands) {
    my ($status, $text, $errors) = forcetls($command, '--help');
    is($status, 0, "$command --help");
    is($errors, '', 'nothing on stderr');
    my @lines = split /\n/, $text;
    cmp_ok(scalar @lines, '<=', 24, 'it fits a screen: lines');
    is_deeply([ grep { length > 80 } @lines ], [], 'it fits a screen: columns');
    is_deeply([ forcetls($command, '-h') ], [ 0, $text, '' ], '-h is the same');
    is_deeply([ forcetls($command, '-c', 'x', '--help') ], [ 0, $text, '' ], 'and behind an option') if $command ne 'log';
    $options{$command} = { map { ($_ => 1) } $text =~ /^  (?:-., |    )(--[a-z-]+)/mg };
    ok($options{$command}{'--json'}, 'there is --json') if $command ne 'export';
}

# ---- wrong usage -------------------------------------------------------------------------------

for my $wrong (
    [ [ 'chekc' ], "unknown command 'chekc'" ],
    [ [ 'check', '--nonsense' ], "unknown option '--nonsense'" ],
    [ [ 'check', '-x' ], "unknown option '-x'" ],
    [ [ 'check', '-c' ], "option '-c' needs an argument" ],
    [ [ 'check', '--json=yes' ], "option '--json' takes no argument" ],
    [ [ 'check', 'extra' ], "unknown argument 'extra'" ],
    [ [ 'check', "--no\e[31m" ], q(unknown option '--no\x1b[31m') ],
    [ [ 'check', '--at', 'soon' ], "'soon'" ],
    [ [ 'check', '--mta', 'exim' ], "'exim'" ],
    [ [ 'explain' ], '--from' ],
    [ [ 'explain', '--from', '<a@b.example>', '--client-addr', '1.2.3' ], "'1.2.3'" ],
    [ [ 'explain', '--from', '<a@b.example>', '-m', 'tls_version' ], "'tls_version'" ],
    [ [ 'log', '--since', 'long ago' ], "'long ago'" ],
    )
{
    my ($arguments, $part) = @$wrong;
    my ($status, $output, $errors) = forcetls(@$arguments);
    is($status, 2, "@$arguments: exit 2" =~ s/\e/ESC/r);
    is($output, '', 'nothing on stdout');
    like($errors, qr/\Aforcetls: .*\Q$part\E/, 'what is wrong');
    unlike($errors, qr/[^\n\x20-\x7e]/, 'printable');
}

# ---- a file that cannot be read is 2, one with errors is 1 -------------------------------------

my $dir = work_dir();
write_file("$dir/broken.conf", "mode = \"enforec\";\nconnectors = ( );\n");
for my $command ([ 'check' ], [ 'explain', '--from', 'a@b.example', '--to', 'c@d.example' ]) {
    my ($status, undef, $errors) = forcetls(@$command, '-c', "$dir/none.conf");
    is($status, 2, "$command->[0]: no such file: exit 2");
    like($errors, qr/\Aforcetls: .*'\Q$dir\E\/none\.conf'/, 'it is named');
}
is((forcetls('check', '-c', "$dir/broken.conf"))[0], 1, 'check: errors in the file: exit 1');
is((forcetls('explain', '--from', 'a@b.example', '-c', "$dir/broken.conf"))[0], 2, 'explain: no rules to explain: exit 2');
is((forcetls('log', "$dir/none.log"))[0], 2, 'log: no such file: exit 2');

# ---- output that cannot be written -------------------------------------------------------------

SKIP: {
    skip 'no /dev/full here', 3 if !-c '/dev/full';
    my $good = source_dir() . '/tests/conf/good-minimal.conf';
    for my $arguments ("check -c $good", "check --json -c $good", "explain -c $good --from a\@b.example --to c\@d.example") {
        my $program = forcetls_program();
        my ($status) = run('sh', '-c', "$program $arguments >/dev/full");
        is($status >> 8, 3, "$arguments on a full disk: exit 3");
    }
}

# ---- the manual page ---------------------------------------------------------------------------

my $page = read_file(source_dir() . '/policy/cli/forcetls.1');
for my $command (@commands) {
    my ($section) = $page =~ /^\.Ss forcetls \Q$command\E\n(.*?)(?=^\.S[sh])/ms;
    ok(defined $section, "forcetls(1) has a part about $command") or next;
    my %documented = map { ("--$_" => 1) } $section =~ /^\.It (?:Fl \w(?: Ar \S+)? , )?Fl -([a-z-]+)/mg;
    is_deeply([ sort keys %documented ], [ sort grep { $_ ne '--help' } keys %{ $options{$command} } ], 'with its options');
}
my ($lint) = (run('sh', '-c', 'mandoc -T lint -W warning ' . source_dir() . '/policy/cli/forcetls.1 2>&1'))[1];
SKIP: {
    skip 'no mandoc here', 1 if system('command -v mandoc >/dev/null 2>&1') != 0;
    is($lint, '', 'mandoc finds nothing wrong with it');
}

# ---- completion --------------------------------------------------------------------------------

# What bash offers for the last of these words.
sub completions
{
    my @words = @_;
    my $script = source_dir() . '/contrib/bash-completion/forcetls';
    my $program = forcetls_program();
    my $list = join ' ', map { "'$_'" } $program, @words;
    my ($status, $output) = run('bash', '-c',
        ". $script && COMP_WORDS=($list) COMP_CWORD=" . scalar(@words) . ' && _forcetls && printf "%s\n" "${COMPREPLY[@]}"');
    return [ sort grep { length } split /\n/, $output ];
}

SKIP: {
    skip 'no bash here', 8 if system('command -v bash >/dev/null 2>&1') != 0;
    is_deeply(completions(''), [ sort @commands, '--help', '--version' ], 'completion: the commands');
    is_deeply(completions('expl'), ['explain'], 'completion: a beginning');
    is_deeply(completions($_, '--'), [ sort keys %{ $options{$_} } ], "completion: the options of $_") for @commands;
    is_deeply(completions('check', '--mta', ''), [qw(postfix sendmail)], 'completion: values of --mta');
    is_deeply(completions('check', '-c', "$dir/bro"), ["$dir/broken.conf"], 'completion: a file');
    is_deeply(completions('log', "$dir/bro"), ["$dir/broken.conf"], 'completion: a file of log');
}

done_testing();
