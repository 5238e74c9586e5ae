#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# A prober that breaks down in every way: what was not answered is unknown, all else goes on, another
# prober is started, and no recipient waits for any of it.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::FakeProber;
use Forcetls::Harness qw(daemon_program read_file wait_for);
use Forcetls::Milter;
use IO::Select;
use Time::HiRes qw(time);

my $prober = Forcetls::FakeProber->new;
$ENV{FORCETLS_PROBER} = $prober->program;

my $settings = <<'END';
probe: { interval = "1h"; retry = "1s"; max_age = "2h"; timeout = "1s"; rate = 10000.0; };
END
my $good = { state => 'tls' };

# Connectors for domains; a partner each.
sub connectors {
    return join ",\n", map {
        my $domain = $_;
        my $name = $domain =~ s/^[.*]+//r =~ s/\./-/gr;
        qq(  { name = "$name"; direction = "outbound"; domains = [ "$domain" ]; level = "encrypt"; action = "reject"; })
    } @_;
}

my $bare = Forcetls::Bare->new(connectors => connectors('contoso.com', 'fabrikam.com', '.below.example'), settings => $settings);

sub session {
    my ($to) = @_;
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25' });
    $mta->helo('client.example');
    $mta->mail('<a@example.org>', macros => { i => 'x' });
    return $mta;
}

sub hop { return { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => ($_[0] =~ /\@([^>]+)/)[0] } }

sub answer { return session()->rcpt($_[0], macros => hop($_[0])) }

sub becomes {
    my ($to, $pattern, $what, $seconds) = @_;
    my $last = '';
    wait_for($seconds // 20, sub { ($last = answer($to)) =~ $pattern });
    return like($last, $pattern, $what);
}

sub count { return scalar $prober->asked($_[0]) }
sub pids { my %pid = map { $_->{pid} => 1 } $prober->asked; return keys %pid }

my $unknown = qr/^451 4\.3\.0 .*its mail servers cannot be looked at now/;

subtest 'a program that cannot be executed' => sub {
    local $ENV{FORCETLS_PROBER} = $prober->program . '-is-not-there';
    $bare->start;
    like($bare->wait_log(qr/^.*forcetls-prober cannot be executed.*$/m),
        qr/forcetls-prober cannot be executed \(\S+-is-not-there: No such file or directory\): 0 next hops without an answer; another one in 1 s$/, 'is told');
    becomes('<b@contoso.com>', $unknown, 'nothing can be told');
    like($bare->wait_log(qr/^.*another one in 2 s$/m), qr/forcetls-prober/, 'another one is tried, after a longer and longer time');
    is($bare->stop, 0, 'the daemon ends with status 0');
};

$prober->set('contoso.com' => $good, 'fabrikam.com' => $good);
$bare->start;
becomes("<b\@$_>", qr/^continue$/, "$_ is known") for qw(contoso.com fabrikam.com);

# What breaks down when it looks at one hop, and what is told of it.
my %breakdowns = (
    crash => qr/forcetls-prober was ended by signal 11: 1 next hop without an answer; another one in 1 s$/m,
    exit => qr/forcetls-prober has ended with status 3: 1 next hop without an answer; another one in 1 s$/m,
    garbage => qr/forcetls-prober writes garbage \(no JSON object at byte \d+\): 1 next hop without an answer; another one in 1 s$/m,
    hang => qr/forcetls-prober hangs: \d next hops? without an answer; another one in 1 s$/m,
);
for my $how (sort keys %breakdowns) {
    subtest "a prober that looks at one hop: $how" => sub {
        my $name = "$how.below.example";
        my $pids = pids();
        $prober->set($name => { act => $how }, "ok-$how.below.example" => $good);
        answer("<b\@$name>");
        ok($prober->wait_asked($name, 1), 'it was asked');
        like($bare->wait_log($breakdowns{$how}), $breakdowns{$how}, 'is told');
        like(answer("<b\@$name>"), $unknown, 'that hop is unknown');
        is(answer("<b\@$_>"), 'continue', "what is known of $_ stays") for qw(contoso.com fabrikam.com);
        becomes("<b\@ok-$how.below.example>", qr/^continue$/, 'another prober looks at others');
        cmp_ok(scalar(pids()), '>', $pids, 'and it is another one');
        $prober->set($name => $good);
        becomes("<b\@$name>", qr/^continue$/, 'the hop has another chance');
    };
}

my %lines = (
    'an answer to nobody' => '{"v":1,"type":"result","id":4711,"hop":"HOP","started":1,"milliseconds":1,"mx":{"state":"none","dnssec":"unknown","left_out":0},"hosts":[]}',
    'of another hop' => '{"v":1,"type":"result","id":ID,"hop":"contoso.com","started":1,"milliseconds":1,"mx":{"state":"none","dnssec":"unknown","left_out":0},"hosts":[]}',
    'without hosts' => '{"v":1,"type":"result","id":ID,"hop":"HOP","started":1,"milliseconds":1,"mx":{"state":"none","dnssec":"unknown","left_out":0}}',
    'of another version' => '{"v":2,"type":"error","id":ID}',
    'an endless line' => 'x' x 300000,
    'bytes' => join('', map { chr } 0 .. 9, 11 .. 255),
);
my $number = 0;
for my $what (sort keys %lines) {
    my $name = 'g' . ++$number . '.below.example';
    $prober->set($name => { raw => $lines{$what} =~ s/HOP/$name/r });
    my $before = () = $bare->log =~ /writes garbage/g;
    answer("<b\@$name>");
    ok(wait_for(15, sub { (() = $bare->log =~ /writes garbage/g) > $before }), "garbage: $what");
    like(answer("<b\@$name>"), $unknown, "$what: unknown");
    $prober->set($name => $good);
    becomes("<b\@$name>", qr/^continue$/, "$what: the hop has another chance");
}
unlike($bare->log, qr/[^\x0a\x20-\x7e]/, 'the log stays printable');
is(answer('<b@contoso.com>'), 'continue', 'what is known stays known');

subtest 'a hop that breaks every prober' => sub {
    $prober->set('poison.below.example' => { act => 'crash' }, map { ("v$_.below.example" => { act => 'silent' }) } 1 .. 5);
    answer("<b\@v$_.below.example>") for 1 .. 5;
    ok($prober->wait_asked("v$_.below.example", 1), "v$_ is under way") for 1 .. 5;
    $prober->set(map { ("v$_.below.example" => $good) } 1 .. 5);
    answer('<b@poison.below.example>');
    ok($prober->wait_asked('poison.below.example', 1), 'and so is the one that breaks it');
    becomes("<b\@v$_.below.example>", qr/^continue$/, "v$_ is looked at again, and found good") for 1 .. 5;
    my $seconds = 3;
    my $end = time + $seconds;
    wait_for($seconds + 1, sub { answer('<b@poison.below.example>'); time > $end });
    cmp_ok(count('poison.below.example'), '<=', 4, 'the one that breaks it is asked about more and more rarely');
    is(answer('<b@contoso.com>'), 'continue', 'and nobody else minds');
};

subtest 'the process that starts it' => sub {
    my ($pid) = map { $_->{pid} } ($prober->asked)[-1];
    my ($starter) = read_file("/proc/$pid/stat") =~ /\) \S (\d+)/;
    $starter //= do {    # it is between two probers
        becomes('<b@s.below.example>', qr/^451/, '') for 1;
        $prober->set('s.below.example' => $good);
        becomes('<b@s.below.example>', qr/^continue$/, 'there is one');
        (read_file('/proc/' . ($prober->asked)[-1]{pid} . '/stat') =~ /\) \S (\d+)/)[0];
    };
    kill 'KILL', $starter;
    like($bare->wait_log(qr/^.*has lost the process that starts it.*$/m), qr/another one in/, 'is killed: told');
    my $alone = qr/until a restart forcetls-prober has no user of its own$/m;
    like($bare->wait_log($alone), $alone, 'and what that means, where the daemon was root') if $> == 0;
    $prober->set('t.below.example' => $good);
    becomes('<b@t.below.example>', qr/^continue$/, 'another one is made');
};
is($bare->stop, 0, 'the daemon ends with status 0');

# ---- when it is started ---------------------------------------------------------------------------

subtest 'the first outbound connectors come with a reload' => sub {
    $prober->set('*' => undef, 'contoso.com' => $good);
    my $inbound = '  { name = "tax-in"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; }';
    $bare->daemon->configure(connectors => $inbound);
    $bare->start;
    my $daemon = $bare->daemon->pid;
    my @children = grep { read_file($_) =~ /\) \S $daemon / } glob '/proc/[0-9]*/stat';
    is("@children", '', 'inbound alone: no process is there, alive or dead');
    $bare->daemon->reload(connectors => $inbound . ",\n" . connectors('contoso.com'));
    becomes('<b@contoso.com>', qr/^continue$/, 'the prober is started');
    if ($> == 0) {
        like($bare->wait_log(qr/^.*came with a reload.*$/m), qr/the first outbound connectors came with a reload: until a restart forcetls-prober has no user of its own$/,
            'as the daemon\'s user, which is told');
        my ($pid) = map { $_->{pid} } ($prober->asked)[-1];
        my ($uid) = read_file("/proc/$pid/status") =~ /^Uid:\s+(\d+)/m;
        isnt($uid, 0, 'which is not root');
    }
    $bare->daemon->reload(connectors => $inbound);
    my ($pid) = map { $_->{pid} } ($prober->asked)[-1];
    ok(wait_for(10, sub { !kill 0, $pid }), 'without outbound connectors it is ended');
    $bare->daemon->reload(connectors => $inbound . ",\n" . connectors('contoso.com'));
    becomes('<b@contoso.com>', qr/^continue$/, 'and started again with them');
    is($bare->stop, 0, 'the daemon ends with status 0');
};

# ---- a burst -------------------------------------------------------------------------------------

# Sends RCPT in all sessions at once, and gives the milliseconds until the last was answered.
sub burst_once {
    my ($sessions, $recipients) = @_;
    my $select = IO::Select->new(map { $_->{handle} } @$sessions);
    my %session = map { $_->{handle} => $_ } @$sessions;
    my @replies;
    my @packets = map {
        my $macros = hop($_);
        my $data = 'R' . join '', map { "$_\0$macros->{$_}\0" } sort keys %$macros;
        pack('N a1 a*', 1 + length $data, 'D', $data) . pack('N a1 a*', 2 + length $_, 'R', "$_\0");
    } @$recipients;
    my $start = time;
    syswrite $sessions->[$_]{handle}, $packets[$_] for 0 .. $#$sessions;
    while (@replies < @$sessions) {
        my @ready = $select->can_read(10) or last;
        for my $handle (@ready) {
            push @replies, $session{$handle}->_reply;
            $select->remove($handle);
        }
    }
    return (1000 * (time - $start), @replies);
}

# The best of some tries: other programs may want the machine too. What it takes on an idle machine is a figure of bench_burst.
my $most = read_file(daemon_program()) =~ /__[at]san_init/ ? 2500 : 1000;
sub burst {
    my ($what, @recipients) = @_;
    my $best;
    for (1 .. 5) {
        my @sessions = map { session() } @recipients;
        my ($milliseconds, @replies) = burst_once(\@sessions, \@recipients);
        $_->close for @sessions;
        my $deferred = grep { /^451 / } @replies;
        return fail("$what: $deferred were answered with a 451") if $deferred != @recipients;
        $best = $milliseconds if !defined $best || $milliseconds < $best;
        last if $best < $most;
    }
    return cmp_ok($best, '<', $most, sprintf '%s: all %d were answered within %d ms (%.0f ms)', $what, scalar @recipients, $most, $best);
}

my $partners = 100;
$prober->set(map { ("p$_.example" => { act => 'silent' }) } 1 .. $partners);
$bare->daemon->configure(connectors => connectors((map { "p$_.example" } 1 .. $partners), '.below.example'));
$bare->start;
ok(wait_for(10, sub { $prober->asked >= 60 }), 'a prober that gets no answer from anybody');
my @known = map { '<b@p' . (1 + $_ % $partners) . '.example>' } 1 .. 500;

burst('a prober that waits', @known);
burst('a prober that waits, names that nobody has seen', map { "<b\@made-up-$_.below.example>" } 1 .. 500);
kill 'STOP', ($prober->asked)[-1]{pid};
burst('a prober that was stopped', @known);
kill 'KILL', ($prober->asked)[-1]{pid};
$prober->set('*' => { act => 'crash' });
ok($bare->wait_log(qr/forcetls-prober (?:was ended by signal 9|hangs)/), 'the prober is killed, and each new one ends at once');
burst('no prober', @known);
is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
