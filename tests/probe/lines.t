#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The prober's own language: lines that are none, requests that cannot be, settings, the end of its
# input and of its output. policy/probe/FORMAT is what it promises.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Dns;
use Forcetls::Harness qw(free_port read_file run wait_for work_dir write_file);
use Forcetls::Prober qw(prober_is_sanitized prober_program);
use Forcetls::ScriptedSmtp;
use JSON::PP ();
use Test::More;

my $closed = '[127.0.0.1]:' . free_port();
my $probe = sub { my ($id, %more) = @_; JSON::PP->new->canonical->encode({ v => 1, type => 'probe', id => $id, hop => $closed, private => JSON::PP::true, stores => [], %more }) };

sub is_error
{
    my ($prober, $line, $pattern, $name, $id) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $prober->put("$line\n");
    my $answer = $prober->hear;
    like($answer->{text} // '', $pattern, $name);
    is_deeply({ map { $_ => $answer->{$_} } grep { $_ ne 'text' } keys %$answer }, { v => 1, type => 'error', defined $id ? (id => $id) : () }, "$name: an error" . (defined $id ? ' with its id' : ''));
}

subtest 'lines that are no requests' => sub {
    my $prober = Forcetls::Prober->new;
    my @cases = (
        [ 'empty', '', qr/^no JSON object/ ], [ 'a word', 'probe', qr/^no JSON object/ ], [ 'a number', '1', qr/^no JSON object/ ],
        [ 'a list', '[1]', qr/^no JSON object/ ], [ 'half an object', '{"v":1,', qr/^no JSON object/ ], [ 'two objects', '{"v":1}{"v":1}', qr/^no JSON object/ ],
        [ 'no UTF-8', qq({"v":1,"type":"probe","id":1,"hop":"\xff"}), qr/^no JSON object/ ], [ 'a NUL', qq({"v":1,"type":"probe\0"}), qr/^no JSON object/ ],
        [ 'a NUL, escaped', '{"v":1,"type":"probe\u0000"}', qr/^no JSON object/ ], [ 'a member twice', '{"v":1,"v":1}', qr/^no JSON object/ ],
        [ 'deeper than anybody needs', '[' x 30000, qr/^no JSON object/ ], [ 'a large number', '{"v":1,"type":"cancel","id":99999999999999999999}', qr/^no JSON object/ ],
        [ 'too long', '{"v":1,"x":"' . 'x' x 70000 . '"}', qr/^a line is too long$/ ], [ 'far too long', 'x' x 5_000_000, qr/^a line is too long$/ ],
        [ 'no version', '{"type":"cancel","id":1}', qr/^"v" must be 1$/, 1 ], [ 'another version', '{"v":2,"type":"cancel","id":1}', qr/^"v" must be 1$/, 1 ],
        [ 'no type', '{"v":1,"id":5}', qr/^"type" must be /, 5 ], [ 'another type', '{"v":1,"type":"result","id":5}', qr/^"type" must be /, 5 ],
        [ 'no id', '{"v":1,"type":"probe","hop":"a.example"}', qr/^a probe needs an "id"/ ], [ 'an id that is no number', '{"v":1,"type":"probe","id":"1","hop":"a.example"}', qr/^a probe needs an "id"/ ],
        [ 'ping without id', '{"v":1,"type":"ping"}', qr/^ping needs an "id"/ ],
        [ 'cancel without id', '{"v":1,"type":"cancel"}', qr/needs an "id"/ ], [ 'no hop', '{"v":1,"type":"probe","id":-7}', qr/^a probe needs a "hop"$/, -7 ],
        [ 'stores that are none', '{"v":1,"type":"probe","id":1,"hop":"a.example","stores":"x"}', qr/^"stores": /, 1 ],
        [ 'more stores than there may be', '{"v":1,"type":"probe","id":1,"hop":"a.example","stores":["1","2","3","4","5","6","7","8","9"]}', qr/^"stores": must be a list of at most 8/, 1 ],
        [ 'a path that is too long', '{"v":1,"type":"probe","id":1,"hop":"a.example","stores":["' . 'x' x 513 . '"]}', qr/^"stores": has a path/, 1 ],
        [ 'private that is no boolean', '{"v":1,"type":"probe","id":1,"hop":"a.example","private":1}', qr/^"private": /, 1 ],
    );
    push @cases, map { [ "hop '$_'", $probe->(9, hop => $_), qr/^"hop": /, 9 ] } '', ' ', '[]', '[a', 'a]', 'a b', 'a..b', 'a%b', 'a:0', 'a:65536', 'a:x', '[a]:', '[a]b', 'smtps://', 'http://a',
        'a@b', 'x' x 300, '127.0.0.1', "a\e.example";
    is_error($prober, @{$_}[ 1, 2, 0, 3 ]) for @cases;
    is($prober->probe($closed)->{hosts}[0]{addresses}[0]{state}, 'unreachable', 'it goes on');
    is($prober->stop, 0, 'and ends with 0');
};

subtest 'settings' => sub {
    my @wrong = (
        [ port => 0 ], [ port => 65536 ], [ port => 'smtp' ], [ helo => 'a b' ], [ helo => "a\nRCPT" ], [ helo => 'x' x 256 ], [ helo => 7 ], [ timeout => 0 ], [ timeout => -1 ],
        [ timeout => 'x' ], [ timeout => 1e9 ], [ max_parallel => 0 ], [ max_parallel => 1e6 ], [ max_parallel => 1.5 ], [ rate => 0 ], [ rate => -1 ], [ source_address => '::1' ],
        [ source_address => 'x' ], [ source_address6 => '127.0.0.1' ], [ private_addresses => 1 ], [ own_addresses => 'x' ], [ own_addresses => ['x'] ], [ own_addresses => [7] ],
        [ own_names => ['a b'] ], [ own_names => 'a.example' ], [ certificate => '/x' ], [ key => '/x' ], [ dns_servers => ['localhost'] ], [ dns_servers => ['127.0.0.1@x'] ],
        [ dns_servers => ['127.0.0.1@0'] ], [ trust_anchor => 7 ],
    );
    for (@wrong) {
        my ($name, $value) = @$_;
        my $prober = Forcetls::Prober->new(settings => undef);
        my $line = JSON::PP->new->canonical->encode({ v => 1, type => 'settings', $name => $value });
        is_error($prober, $line, qr/^"(?:$name|certificate)"/, $line);
        is($prober->stop, 0, "$name: it ends with 0");
    }
    my $prober = Forcetls::Prober->new(settings => { port => 2525, unknown => { member => [1] } });
    is_error($prober, '{"v":1,"type":"settings"}', qr/^settings come once/, 'settings again');
    is($prober->probe('[127.0.0.1]')->{hosts}[0]{addresses}[0]{port}, 2525, 'the first ones count, and a member that is not known is passed over');
    my $late = Forcetls::Prober->new(settings => undef);
    $late->put($probe->(1) . "\n");
    is($late->hear->{type}, 'result', 'a probe without settings');
    is_error($late, '{"v":1,"type":"settings"}', qr/^settings come once/, 'settings after a probe');
    my $anchor = Forcetls::Prober->new(settings => { trust_anchor => '/nonexistent' });
    like($anchor->hear->{text}, qr{^cannot read the trust anchor '/nonexistent'}, 'a trust anchor that cannot be read is told');
    is($anchor->probe($closed)->{hosts}[0]{addresses}[0]{state}, 'unreachable', 'and done without');
    my $garbage = Forcetls::Prober->new(settings => { trust_anchor => write_file(work_dir() . '/anchor', "this is no key\n", 0644) });
    like($garbage->hear->{text}, qr/libunbound/, 'one that is none is told');
    is(Forcetls::Prober::summary($garbage->probe('a.example')), 'servfail', 'and every lookup fails');
};

subtest 'answers' => sub {
    my $prober = Forcetls::Prober->new;
    for my $id (0, -1, 9007199254740993, 9223372036854775807) {
        $prober->put($probe->($id) . "\n");
        is($prober->hear->{id}, $id, "id $id");
    }
    my $upper = 'Missing.LOCALHOST';
    my $answer = $prober->probe($upper);
    is($answer->{hop}, $upper, 'the hop as it was written');
    my $now = time;
    $answer = $prober->probe($closed);
    cmp_ok(abs($answer->{started} - $now), '<=', 2, 'when it began');
    cmp_ok($answer->{milliseconds}, '<', 2000, 'how long it took');
    is($answer->{v}, 1, 'the version');
};

subtest 'the end of the input' => sub {
    my $slow = Forcetls::ScriptedSmtp->start(script => [ [ wait => 1 ], "554 no\r\n", [ expect => 'QUIT' ], "221 bye\r\n" ]);
    my $prober = Forcetls::Prober->new;
    my @ids = map { $prober->ask_for($_) } $slow->hop, $closed;
    $prober->end_input;
    my @answers = $prober->answers(@ids);
    is_deeply([ map { $_->{hosts}[0]{addresses}[0]{state} } @answers ], [qw(rejected unreachable)], 'what was asked is answered');
    is($prober->wait_end, 0, 'then it ends with 0');

    $prober = Forcetls::Prober->new;
    $prober->put($probe->(1));
    $prober->end_input;
    is($prober->hear->{type}, 'result', 'the last line needs no end');
    is($prober->wait_end, 0, 'and it ends with 0');
    $prober = Forcetls::Prober->new(settings => undef);
    is($prober->stop, 0, 'nothing at all');
};

subtest 'nobody reads' => sub {
    my $prober = Forcetls::Prober->new;
    close $prober->{out};
    $prober->ask_for($closed);
    is($prober->wait_end, 74 << 8, 'it ends with EX_IOERR');

    # Long answers, from addresses that are not connected to; requests come as long as somebody takes them.
    my $dns = Forcetls::Dns->start('wide.example' => { A => [ map { "10.0.0.$_" } 1 .. 50 ] });
    $prober = Forcetls::Prober->new(settings => { dns_servers => [ $dns->server ], trust_anchor => '', private_addresses => JSON::PP::false });
    my $many = 1500;
    my $child = fork // die "fork: $!\n";
    if (!$child) {
        $prober->put($probe->($_, hop => 'x' x 60_000) . "\n") for 1 .. 200;
        $prober->put($probe->($_, hop => 'wide.example', private => JSON::PP::false) . "\n") for 1 .. $many;
        POSIX::_exit(0);
    }
    wait_for(3, sub { 0 });
    my $resident = $prober->resident;
    SKIP: {
        skip 'a sanitizer keeps what was freed', 1 if prober_is_sanitized();
        cmp_ok($resident, '<', 60_000, "$resident kB after three seconds without a reader");
    }
    my %seen;
    for (1 .. 200 + $many) {
        my $line = $prober->hear // last;
        $seen{ $line->{type} }++;
    }
    is_deeply(\%seen, { error => 200, result => $many }, 'all of it is there when somebody reads');
    waitpid $child, 0;
    is($prober->stop, 0, 'and it is well');
};

subtest 'by hand' => sub {
    my ($in, $out) = map { work_dir() . "/$_" } 'in', 'out';
    write_file($in, join '', map { "$_\n" } $probe->(1), 'garbage', $probe->(2));
    my $program = prober_program();
    my ($status) = run('sh', '-c', "$program <$in >$out");
    is($status, 0, 'from a file into a file');
    is_deeply([ sort map { JSON::PP::decode_json($_)->{type} } split /\n/, read_file($out) ], [qw(error result result)], 'all is there');
    ($status, my $text) = run('sh', '-c', "cat $in | $program | cat");
    is(scalar(split /\n/, $text), 3, 'through pipes');
    ($status, $text) = run($program, '-h');
    is($status, 0, '-h');
    like($text, qr/^usage: forcetls-prober/, 'the usage');
    ($status, $text) = run($program, '-V');
    like($text, qr/^forcetls-prober \d/, '-V');
    for my $arguments ([ '-x', qr/unknown option '-x'/ ], [ '--xyz', qr/unknown option '--xyz'/ ], [ 'x', qr/unknown argument 'x'/ ], [ '-u', qr/option '-u' needs an argument/ ]) {
        ($status, $text) = run($program, $arguments->[0]);
        is($status, 64 << 8, "$arguments->[0]: EX_USAGE");
        like($text, $arguments->[1], 'and why');
    }
    ($status, $text) = run($program, '-u', 'nobody-has-this-name');
    isnt($status, 0, 'a user that there is not');
    like($text, qr/nobody-has-this-name|only root can become/, 'and why');
};

done_testing();
