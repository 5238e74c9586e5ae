#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The TLS policy map as Postfix asks it (socketmap), and as nobody should; what it answers is a test
# of its own (tests/unit/test_tls_policy). Files of trust anchors; who may ask; reloads.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Bare;
use Forcetls::Certificates;
use Forcetls::Harness qw(at_end end_process is_over read_file run start_process wait_for work_dir write_file);
use Forcetls::Socketmap;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $tail = 'servername=hostname protocols=>=TLSv1.2 ciphers=high';
my $encrypt = "OK encrypt $tail";

my $maker = Forcetls::Certificates->new;
my $dir = work_dir();
my %ca = map { $_ => $maker->make($_, subject => "/CN=Root $_", ca => 1) } qw(one two three);
my $store = write_file("$dir/store.pem", join('', map { read_file($ca{$_}{file}) } qw(one two three)), 0644);
mkdir "$dir/stores" or die "$dir/stores: $!\n";
write_file("$dir/stores/$_.pem", read_file($ca{$_}{file}), 0644) for qw(one two);
my $print = 'ab' x 32;

my $settings = qq(trust_store = "$store";);
my $anchored = sub { return qq({ name = "$_[0]"; direction = "outbound"; domains = [ "$_[0].example" ]; level = "secure"; $_[1] }) };
my $connectors = join ",\n", map { "  $_" } (
    '{ name = "contoso-out"; direction = "outbound"; domains = [ "contoso.com", "bücher.example" ]; level = "encrypt"; }',
    '{ name = "fabrikam-out"; direction = "outbound"; domains = [ "*.fabrikam.example" ]; level = "secure"; next_hops = [ "[mail.fabrikam.example]:587" ];
       certificates = ( { name = "mail.fabrikam.example"; } ); }',
    qq({ name = "pinned-out"; direction = "outbound"; domains = [ "pinned.example" ]; level = "fingerprint"; certificates = ( { fingerprint = "$print"; } ); }),
    '{ name = "watched-out"; direction = "outbound"; domains = [ "watched.example" ]; level = "encrypt"; mode = "monitor"; }',
    '{ name = "free-out"; direction = "outbound"; domains = [ "free.fabrikam.example" ]; level = "may"; }',
    '{ name = "over-out"; direction = "outbound"; domains = [ "over.example" ]; level = "secure"; certificates = ( { name = "mx.over.example"; until = "2020-01-01"; } ); }',
    '{ name = "contoso-in"; direction = "inbound"; domains = [ "inbound.example" ]; level = "encrypt"; }',
    $anchored->('own', qq(trust_store = "$ca{one}{file}";)),
    $anchored->('folder', qq(trust_store = "$dir/stores";)),
    $anchored->('root', 'certificates = ( { name = "mx.root.example"; root = "Root two"; } );'),
    $anchored->('roots', 'certificates = ( { name = "a.roots.example"; root = "Root two"; }, { name = "b.roots.example"; root = "Root three"; } );'),
    $anchored->('later', qq(trust_store = "$ca{three}{file}"; enforce_from = "2199-01-01";)),
);

my $bare = Forcetls::Bare->new(tls_policy => 1, policy => 1, settings => $settings, connectors => $connectors);
my $daemon = $bare->daemon;
my $sockets = $bare->socket_dir;
$daemon->own_sockets_folder;
chmod 0644, map { $_->{file} } values %ca;
chmod 0755, "$dir/stores", "$dir/certificates";
write_file("$sockets/ta-" . 'a' x 64 . '.pem', 'of an earlier life');
write_file("$sockets/ta-" . 'b' x 64 . '.new', 'half written');
write_file("$sockets/ta-mine.pem", 'somebody else\'s');
$bare->start;
my $socket = $daemon->tls_policy_socket;

sub client { return Forcetls::Socketmap->new($socket) }
sub netstring { return Forcetls::Socketmap::netstring(@_) }
sub warnings_of { my @lines = $bare->log =~ /tls_policy_socket: (.*)/g; return @lines }

# ---- slow ones, begun first since they take their time ------------------------------------------

my $silent_half = client();
$silent_half->say('20:forcetls con');
my $silent_answered = client();
$silent_answered->ask('contoso.com');
my $trickle = client();
my $trickler = fork // die "fork: $!\n";
if (!$trickler) {    # half a byte a second would be enough to be never idle
    $trickle->say('900:');
    for (1 .. 60) {
        $trickle->say('a') or last;
        select undef, undef, undef, 0.5;
    }
    POSIX::_exit(0);
}
at_end(sub { end_process($trickler) });
my $deaf = client();
my $deaf_one = fork // die "fork: $!\n";
if (!$deaf_one) {    # asks and asks, and reads no answer
    my $questions = netstring('forcetls contoso.com') x 1000;
    1 while $deaf->say($questions);
    POSIX::_exit(0);
}
at_end(sub { end_process($deaf_one) });
my $began = time;

# ---- answers -----------------------------------------------------------------------------------

subtest 'every question is answered' => sub {
    my $client = client();
    for my $case (
        [ 'a partner', 'contoso.com', $encrypt ],
        [ 'in any case', 'CONTOSO.Com', $encrypt ],
        [ 'as a U-label', 'bücher.example', $encrypt ],
        [ 'as an A-label', 'XN--bcher-kva.example', $encrypt ],
        [ 'not below an exact entry', 'mail.contoso.com', 'NOTFOUND ' ],
        [ 'below', 'a.b.fabrikam.example', "OK secure match=mail.fabrikam.example $tail" ],
        [ 'a next hop', '[mail.fabrikam.example]:587', "OK secure match=mail.fabrikam.example $tail" ],
        [ 'another port of it', '[mail.fabrikam.example]:25', 'NOTFOUND ' ],
        [ 'pins', 'pinned.example', "OK fingerprint match=$print $tail" ],
        [ 'monitor mode', 'watched.example', 'NOTFOUND ' ],
        [ 'an exception', 'free.fabrikam.example', 'NOTFOUND ' ],
        [ 'inbound only', 'inbound.example', 'NOTFOUND ' ],
        [ 'not yet enforced', 'later.example', 'NOTFOUND ' ],
        [ 'nobody', 'stranger.example', 'NOTFOUND ' ],
        [ 'a parent, as Postfix goes on to ask', '.com', 'NOTFOUND ' ],
        [ 'a parent that is a partner', '.fabrikam.example', 'NOTFOUND ' ],
        [ 'nothing', '', 'NOTFOUND ' ],
        [ 'dates that are over', 'over.example', qr/^TEMP connector over-out: / ],
        [ 'odd bytes', "\0\xff \x01,:", 'NOTFOUND ' ],
        [ 'a key of 1000 bytes', 'a' x 1000, 'NOTFOUND ' ],
    ) {
        my ($title, $key, $wanted) = @$case;
        my $answer = $client->ask($key);
        ref $wanted ? like($answer, $wanted, $title) : is($answer, $wanted, $title);
    }
};

subtest 'another map\'s name is an error that Postfix logs, and so do we' => sub {
    my $client = client();
    is($client->ask('contoso.com', 'Forcetls'), 'PERM no such map: smtp_tls_policy_maps must end with :forcetls', 'PERM');
    is($client->ask('contoso.com', "x\n" . 'y' x 60), 'PERM no such map: smtp_tls_policy_maps must end with :forcetls', 'whatever it is called');
    is($client->ask('contoso.com'), $encrypt, 'the connection goes on');
    ok($bare->wait_log(qr/tls_policy_socket: asked for the map 'Forcetls', and mail waits: smtp_tls_policy_maps must end with :forcetls\n/), 'in our log');
};

subtest 'however it comes' => sub {
    my $client = client();
    $client->say(netstring('forcetls contoso.com') x 500);
    is_deeply([ map { $client->hear } 1 .. 500 ], [ ($encrypt) x 500 ], 'many questions in one packet');
    $client->say($_) for split //, netstring('forcetls contoso.com');
    is($client->hear, $encrypt, 'byte by byte');
    my $two = netstring('forcetls contoso.com') . netstring('forcetls stranger.example');
    my $answers = 0;
    for my $length (1 .. length($two) - 1) {
        my $split = client();
        $split->say(substr $two, 0, $length);
        $split->say(substr $two, $length);
        $answers++ if ($split->hear // '') eq $encrypt && ($split->hear // '') eq 'NOTFOUND ';
    }
    is($answers, length($two) - 1, 'two questions, cut at every byte');
    $client->say(netstring('forcetls contoso.com'));
    $client->shut;
    is($client->hear, $encrypt, 'a peer that closes its side still gets the answer');
    ok($client->is_closed, 'and then we close ours');
    my $big = client();
    my $asker = fork // die "fork: $!\n";
    if (!$asker) {
        $big->say(netstring('forcetls pinned.example') x 50_000);
        POSIX::_exit(0);
    }
    my $right = grep { ($big->hear // '') =~ /^OK fingerprint match=$print / } 1 .. 50_000;
    is($right, 50_000, 'more questions than there is room for answers, of a peer that reads slowly');
    end_process($asker);
};

# ---- what nobody should say --------------------------------------------------------------------

subtest 'garbage is closed, and the others go on' => sub {
    my $good = client();
    for my $case (
        [ 'no length', ':contoso.com,' ], [ 'a letter', 'x' ], [ 'HTTP', "GET / HTTP/1.0\r\n\r\n" ], [ 'a NUL', "\0" ], [ 'a leading zero', '020:forcetls contoso.com,' ],
        [ 'too many digits', '100000:' ], [ 'a length beyond all bounds', '18446744073709551636:forcetls contoso.com,' ], [ 'a negative one', '-1:,' ],
        [ 'a key of 1001 bytes', netstring('forcetls ' . 'a' x 1001) ], [ 'no comma', '20:forcetls contoso.com;' ], [ 'no colon', '20,' ],
        [ 'no key', netstring('forcetls') ], [ 'nothing at all', '0:,' ], [ 'zeros', "\0" x 100_000 ], [ 'digits without end', '9' x 100_000 ],
        [ 'random bytes', join '', map { chr int rand 256 } 1 .. 100_000 ], [ 'a good question, and then garbage', netstring('forcetls contoso.com') . 'garbage' ],
    ) {
        my ($title, $bytes) = @$case;
        my $client = client();
        $client->say($bytes);
        is($client->hear, $encrypt, 'the good one is answered') if $title =~ /good/;
        ok($client->is_closed, $title);
    }
    is($good->ask('contoso.com'), $encrypt, 'a connection that was open all the time');
    ok($bare->wait_log(qr/tls_policy_socket: a client that does not speak the socketmap protocol was disconnected/), 'the log says so');
    my $lines = () = $bare->log =~ /socketmap protocol was disconnected/g;
    cmp_ok($lines, '<=', 3, 'but not for each of them');
};

subtest 'connect and close, a thousand times each way' => sub {
    for my $how (
        [ 'at once', '' ], [ 'in the middle of a length', '2' ], [ 'in the middle of a question', '20:forcetls c' ], [ 'before the answer', netstring('forcetls contoso.com') ],
    ) {
        my ($title, $bytes) = @$how;
        for (1 .. 1000) {
            my $client = client();
            $client->say($bytes);
            $client->leave;
        }
        is(client()->ask('contoso.com'), $encrypt, "$title: it goes on");
    }
};

subtest 'two thousand connections' => sub {
    my @children = map {
        my $child = open(my $from, '-|') // die "fork: $!\n";
        if (!$child) {
            my @clients = map { client() } 1 .. 500;
            my $answered = grep { ($_->ask('contoso.com') // '') eq $encrypt } @clients;
            $answered += grep { ($_->ask('stranger.example') // '') eq 'NOTFOUND ' } @clients;
            $| = 1;
            print "$answered\n";
            sleep 30;    # until we are told to end
            POSIX::_exit(0);
        }
        at_end(sub { end_process($child) });
        [ $child, $from ];
    } 1 .. 4;
    my @answered = map { my $from = $_->[1]; scalar <$from> } @children;
    is_deeply([ map { $_ + 0 } @answered ], [ (1000) x 4 ], 'all are answered, all are open');
    is(client()->ask('contoso.com'), $encrypt, 'and so is one more');
    for my $child (@children) {
        end_process($child->[0]);
        close $child->[1];
    }
};

SKIP: {
    skip 'only root can become somebody else', 1 if $> != 0;
    subtest 'who may ask' => sub {
        my @stat = stat $socket;
        is(sprintf('%04o', $stat[2] & 07777), '0660', 'socket_mode');
        is(scalar getgrgid $stat[5], $bare->socket_group, 'socket_group');
        my $status = system $^X, '-MIO::Socket::UNIX', '-e', <<'END', $socket;
            my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
            $) = "$gid $gid"; $( = $gid; ($<, $>) = ($uid, $uid);
            exit(IO::Socket::UNIX->new(Peer => $ARGV[0]) ? 1 : $!{EACCES} ? 0 : 2);
END
        is($status, 0, 'nobody else gets in');
    };
}

# ---- trust anchors -----------------------------------------------------------------------------

sub pem_of { return join '', map { read_file($ca{$_}{file}) =~ /(-----BEGIN.*-----END[^\n]*\n)/s } sort @_ }

# The file that a policy names, as it lies in the folder.
sub tafile
{
    my ($domain, $policy) = @_;
    my ($file) = ($policy // '') =~ m{^OK secure .* tafile=(?:\Q$sockets\E|sockets)/(ta-([0-9a-f]{64})\.pem)$} or return '';
    my $text = read_file("$sockets/$file");
    is(sha256_hex($text), $2, "$domain: called by what is in it");
    is(sprintf('%04o', (stat "$sockets/$file")[2] & 07777), '0644', 'mode 0644: smtp(8) is somebody else');
    return $text;
}

subtest 'files of trust anchors' => sub {
    my $client = client();
    is(tafile($_->[0], $client->ask("$_->[0].example")), pem_of(@{ $_->[1] }), $_->[2])
        for [ 'own', ['one'], 'a trust store of its own' ], [ 'folder', [qw(one two)], 'a folder' ], [ 'root', ['two'], 'narrowed to a root' ],
        [ 'roots', [qw(two three)], 'to two' ];
    like($client->ask('own.example'), qr{ tafile=\Q$sockets\E/ta-}, 'the whole path, where there is no queue directory');
    mkdir "$dir/$_" or die "$dir/$_: $!\n" for qw(active incoming maildrop);
    like($client->ask('own.example'), qr{ tafile=sockets/ta-}, 'the way from the queue directory, once there is one');
    is(scalar(my @files = glob "$sockets/ta-*.pem"), 7, 'five, one of them for later, and two that are not ours or old');
};

subtest 'a reload: the files of the new rules are there before they count' => sub {
    my $client = client();
    my $before = $client->ask('own.example');
    my $text = $connectors =~ s/\Q$ca{one}{file}\E/$ca{two}{file}/r =~ s/name = "contoso-out"(.*?)"encrypt"/name = "contoso-out"$1"may"/r;
    $daemon->reload(connectors => $text);
    is($client->ask('contoso.com'), 'NOTFOUND ', 'the old connection is answered by the new rules');
    my $after = $client->ask('own.example');
    is(tafile('own', $after), pem_of('two'), 'another trust store');
    ok(-f "$sockets/" . ($before =~ m{(ta-[^/]*)$})[0], 'the old file stays for those who were told of it');
    $daemon->reload(connectors => $connectors);
    is($client->ask('contoso.com'), $encrypt, 'and back');
};

subtest 'a store or a folder that fails: mail of that partner waits, others go on' => sub {
    my $client = client();
    my $gone = write_file("$dir/gone.pem", read_file($ca{one}{file}), 0644);
    $daemon->reload(connectors => "$connectors,\n" . $anchored->('gone', 'certificates = ( { name = "mx.gone.example"; root = "Root nine"; } );'));
    like($client->ask('gone.example'), qr/^TEMP connector gone: /, 'no such root: TEMP');
    ok($bare->wait_log(qr/connector gone: mail to it waits, its trust anchors cannot be had \(for tls_policy_socket\): the trust store has no certificate of that name \('Root nine'\)/),
        'in the log');
    like($client->ask('own.example'), qr/^OK secure/, 'the others have theirs');
    if ($> == 0) {
        my ($uid, $gid) = (stat $sockets)[4, 5];
        chown 0, $gid, $sockets;
        $daemon->reload(connectors => $connectors =~ s/root = "Root two"; \} \);/root = "Root one"; } );/r);
        like($client->ask('root.example'), qr/^OK secure .*ta-/, 'what is there already need not be written');
        unlink grep { read_file($_) eq pem_of('one') } glob "$sockets/ta-*.pem";
        $daemon->reload;
        like($client->ask('root.example'), qr/^TEMP connector root: /, 'a folder that cannot be written to: TEMP');
        like($client->ask('contoso.com'), qr/^OK encrypt/, 'the others go on');
        ok($bare->wait_log(qr{cannot write the file '\Q$sockets\E/ta-[0-9a-f]+\.pem' as the user \d+: Permission denied}), 'in the log');
        chown $uid, $gid, $sockets;
    }
    $daemon->reload(connectors => $connectors);
    is(tafile('root', $client->ask('root.example')), pem_of('two'), 'mended: all is well');
};

subtest 'what no rules name any more is removed' => sub {
    ok(wait_for(40, sub { !-e "$sockets/ta-" . 'a' x 64 . '.pem' }), 'a file of an earlier life');
    ok(!-e "$sockets/ta-" . 'b' x 64 . '.new', 'one that was half written');
    ok(-e "$sockets/ta-mine.pem", 'and nothing else');
    like(client()->ask('own.example'), qr/^OK secure/, 'what is named');
    is(tafile('own', client()->ask('own.example')), pem_of('one'), 'stays');
    is(scalar(my @files = glob "$sockets/ta-*"), 6, 'five, and the one that is not ours');
};

subtest 'slow ones are closed after ten seconds' => sub {
    ok($silent_half->is_closed(15), 'half a question and then silence');
    ok($trickle->is_closed(15), 'a byte now and then');
    ok(wait_for(15, sub { is_over($deaf_one) }), 'one that fetches no answers');
    ok($silent_answered->is_silent(0), 'but not one that just asks nothing');
    is($silent_answered->ask('contoso.com'), $encrypt, 'it may go on');
    my $took = time - $began;
    cmp_ok($took, '>=', 9, 'and not before') or diag $took;
    ok($bare->wait_log(qr/tls_policy_socket: a client that is too slow was disconnected/), 'the log says so');
    end_process($_) for $trickler, $deaf_one;
};

subtest 'nothing leaks' => sub {
    my ($before) = read_file('/proc/' . $daemon->pid . '/status') =~ /^VmRSS:\s+(\d+)/m;
    my @children = map {
        my $child = fork // die "fork: $!\n";
        if (!$child) {
            for (1 .. 300) {
                my $client = client();
                $client->say(netstring('forcetls contoso.com') x 1000);    # and away, unread
                $client->leave;
            }
            POSIX::_exit(0);
        }
        $child;
    } 1 .. 2;
    waitpid $_, 0 for @children;
    is(client()->ask('contoso.com'), $encrypt, 'it goes on');
    my ($after) = read_file('/proc/' . $daemon->pid . '/status') =~ /^VmRSS:\s+(\d+)/m;
    cmp_ok($after - $before, '<', 8000, 'kilobytes more') or diag "$before, $after";
    my @open = glob '/proc/' . $daemon->pid . '/fd/*';
    cmp_ok(scalar @open, '<', 40, 'descriptors');
};

ok($bare->alive, 'it is alive');
is($bare->stop, 0, 'and ends with 0');
ok(!-e $socket, 'its socket is removed');

# ---- limits ------------------------------------------------------------------------------------

SKIP: {
    skip 'prlimit is missing', 1 if !-x '/usr/bin/prlimit';
    subtest 'more connections than there may be wait, and are served in the end' => sub {
        my $log = "$dir/few";
        my $pid = start_process({ log => $log }, '/usr/bin/prlimit', '--nofile=256:256', Forcetls::Harness::daemon_program(), '-f', '-c', $daemon->config_file);
        wait_for(20, sub { read_file($log) =~ /: ready: / || is_over($pid) });
        my @clients = map { client() } 1 .. 80;    # a quarter of 256 is served
        $_->say(netstring('forcetls contoso.com')) for @clients;
        is($clients[$_]->hear, $encrypt, "connection $_ is served") for 0, 63;
        ok($clients[64]->is_silent(0.2), 'the next one waits');
        ok(wait_for(10, sub { read_file($log) =~ /tls_policy_socket: too many connections: further ones wait/ }), 'the log says so');
        $_->leave for @clients[ 0 .. 15 ];
        is($clients[79]->hear, $encrypt, 'the last one is served when there is room');
        is(end_process($pid), 0, 'and it ends');
    };
}

done_testing();
