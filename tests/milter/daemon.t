#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Being a daemon: options, sockets, pid file, privileges, reload, signals, the end. What needs root
# is skipped without it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(at_end daemon_program end_process free_port is_over read_file run source_dir start_process wait_for work_dir write_file);
use Forcetls::Milter;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_DGRAM SOCK_STREAM pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(time);

my ($USAGE, $SOFTWARE, $CONFIG, $CANTCREAT) = (64, 70, 78, 73);
my $program = daemon_program();

# The thread sanitizer runs signal handlers with all signals blocked, so that libmilter gets some
# of them; and then libmilter destroys mutexes that its workers use and unlock later, and never
# joins a thread.
my $tsan = read_file($program) =~ /__tsan_init/;
write_file(work_dir() . '/suppressions', "race:pthread_mutex_destroy\nrace:pthread_cond_destroy\nmutex:pthread_mutex_destroy\nmutex:pthread_mutex_unlock\n");
$ENV{TSAN_OPTIONS} = join ':', $ENV{TSAN_OPTIONS} || (), 'suppressions=' . work_dir() . '/suppressions', 'report_thread_leaks=0', 'atexit_sleep_ms=0';

my $root = $> == 0;
my $my_group = getgrgid((split ' ', $()[0]);
my $conf_count = 0;

# A folder of its own and a configuration in it, where DIR stands for that folder.
sub configuration
{
    my (%setting) = @_;
    my $dir = work_dir() . '/c' . ++$conf_count;
    mkdir $dir, 0755 or die "$dir: $!\n";
    my %all = (
        contact => '"postmaster@example.org"', milter_socket => qq("unix:$dir/milter.sock"),
        connectors => '( { name = "tax"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; } )',
        %setting,
    );
    my $text = join '', map { "$_ = $all{$_};\n" } sort keys %all;
    write_file("$dir/forcetls.conf", $text =~ s/DIR/$dir/gr, 0644);
    return $dir;
}

# A start that is expected to fail: its exit status and what it says.
sub failing
{
    my (@arguments) = @_;
    my ($status, $output) = run('timeout', 30, $program, @arguments);
    return ($status >> 8, $output);
}

# Starts one in the foreground and waits until it is ready.
my %log_of;

sub start
{
    my ($dir, @arguments) = @_;
    my $log = "$dir/log." . keys %log_of;
    my $pid = start_process({ log => $log }, $program, '-f', '-c', "$dir/forcetls.conf", @arguments);
    $log_of{$pid} = $log;
    wait_for(20, sub { read_file($log) =~ /: ready: / || is_over($pid) });
    return $pid;
}

sub log_of { return read_file($log_of{ $_[0] }) }

sub stop
{
    my ($pid, $signal) = @_;
    my $began = time;
    my $status = end_process($pid, $signal // 'TERM');
    return ($status, time - $began);
}

sub wait_log
{
    my ($pid, $pattern, $times) = @_;
    return wait_for(10, sub { my @found = log_of($pid) =~ /$pattern/g; @found >= ($times // 1) });
}

sub answers
{
    my ($socket) = @_;
    my $mta = eval { Forcetls::Milter->new(socket => $socket) } or return 0;
    return defined $mta->negotiate;
}

# The reply to one recipient in plaintext.
sub reply
{
    my ($socket, $sender) = @_;
    my $mta = Forcetls::Milter->new(socket => $socket);
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11' });
    $mta->helo('client.example');
    my $mail = $mta->mail($sender);
    return $mail eq 'continue' ? $mta->rcpt('<b@example.org>') : $mail;
}

my $no_tls = qr/^550 5\.7\.10 /;

sub mode_of { return sprintf '%04o', (lstat $_[0])[2] & 07777 }

# ---- options -----------------------------------------------------------------------------------

subtest 'options' => sub {
    my ($status, $text) = run($program, '-V');
    is($status, 0, '-V');
    like($text, qr/\Aforcetls-milter \d+\.\d+\.\d+\S*\nlibmilter \d+\.\d+\.\d+ \(built with \d+\.\d+\.\d+\)\n\z/, 'both versions');
    is_deeply([ run($program, '--version') ], [ 0, $text ], '--version');
    ($status, my $usage) = run($program, '-h');
    is($status, 0, '-h');
    is_deeply([ run($program, '--help') ], [ 0, $usage ], '--help');
    for my $wrong ([ '-x' ], [ '--nonsense' ], [ '-c' ], [ 'extra' ], [ '-f', 'extra' ], [ '--config' ]) {
        my ($code, $why) = failing(@$wrong);
        is($code, $USAGE, "@$wrong: usage error");
        like($why, qr/\Aforcetls-milter: .*'\Q$wrong->[-1]\E'/, 'and what is wrong with it');
    }
    my %in_usage = $usage =~ /^\s+(-\w), (--\w+)/mg;
    is_deeply([ sort keys %in_usage ], [qw(-P -V -c -f -h -p -u -v)], 'options in the usage text');
    # mdoc: ".It Fl c Ar file , Fl -config Ar file".
    my $page = read_file(source_dir() . '/milter/forcetls-milter.8');
    my %in_page = map { my ($letter, $word) = /\bFl (\w)\b.*?\bFl -(\w+)/; ("-$letter" => "--$word") } $page =~ /^\.It (Fl \w\b.*)$/mg;
    is_deeply(\%in_page, \%in_usage, 'forcetls-milter(8) has the same');
    my ($synopsis) = $page =~ /^\.Sh SYNOPSIS\n(.*?)^\.Sh /ms;
    my %in_synopsis = map { ("-$_" => 1) } map { split // } join('', $synopsis =~ /\bFl (\w+)/g), $synopsis =~ /\bFl \w+ \| (\w+)/;
    is_deeply([ sort keys %in_synopsis ], [ sort keys %in_usage ], 'so has its synopsis');
};

# ---- starts that fail --------------------------------------------------------------------------

subtest 'a broken configuration starts nothing' => sub {
    my $dir = configuration(moed => '"monitor"', contact => '17', connectors => '( { name = "a"; direction = "sideways"; } )');
    for my $how ([ '-f' ], []) {
        my ($status, $text) = failing(@$how, '-c', "$dir/forcetls.conf");
        is($status, $CONFIG, "@$how: EX_CONFIG");
        my @errors = $text =~ /^\Q$dir\E\/forcetls\.conf:\d+: error: .*$/mg;
        cmp_ok(scalar @errors, '>=', 3, 'all errors at once, with file and line') or diag $text;
    }
    ok(!-e "$dir/milter.sock", 'no socket');
    my ($status, $text) = failing('-f', '-c', "$dir/nothing.conf");
    is($status, $CONFIG, 'no such file');
    like($text, qr/nothing\.conf/, 'and which');
};

for my $case (
    [ 'no folder for the socket', { milter_socket => '"unix:DIR/none/milter.sock"' }, $CANTCREAT, qr/the folder 'DIR\/none' does not exist \(or is mistyped\?\); make it with: install -d -m 0750 -o \S+ DIR\/none$/ ],
    [ 'no folder, and a group', { milter_socket => '"unix:DIR/none/milter.sock"', socket_group => qq("$my_group") }, $CANTCREAT, qr/install -d -m 2750 -o \S+ -g $my_group DIR\/none$/ ],
    [ 'no folder for the policy socket', { smtpd_policy_socket => '"unix:DIR/none/policy.sock"' }, $CANTCREAT, qr/the folder 'DIR\/none' does not exist/ ],
    [ 'no such group', { socket_group => '"no-such-group"' }, $CONFIG, qr/there is no group 'no-such-group'/ ],
    [ 'no such user', { user => '"no-such-user"' }, $CONFIG, qr/there is no user 'no-such-user'/ ],
    [ 'the user is root', { user => '"root"' }, $CONFIG, qr/user 'root' is root/ ],
    [ 'a relative socket', { milter_socket => '"unix:forcetls/milter.sock"' }, undef, qr/forcetls\/milter\.sock/ ],
    [ 'an unknown kind of socket', { milter_socket => '"tcp:25"' }, undef, qr/tcp:25/ ],
    [ 'a path that is too long', { milter_socket => '"unix:DIR/' . 'x' x 120 . '"' }, undef, qr/xxxxxx/ ],
    [ 'both sockets the same', { smtpd_policy_socket => '"unix:DIR/milter.sock"' }, undef, qr/milter\.sock/ ],
    [ 'the policy socket by TCP', { smtpd_policy_socket => '"inet:10032@127.0.0.1"' }, undef, qr/unix/ ],
    [ 'an address that is not ours', { milter_socket => '"inet:10032@192.0.2.1"' }, $CANTCREAT, qr/192\.0\.2\.1/ ],
) {
    my ($title, $setting, $wanted, $why) = @$case;
    subtest "does not start: $title" => sub {
        my $dir = configuration(%$setting);
        my ($status, $text) = failing('-f', '-c', "$dir/forcetls.conf");
        if (defined $wanted) {
            is($status, $wanted, 'exit status');
        } else {
            ok($status == $CONFIG || $status == $CANTCREAT, 'exit status') or diag $status;
        }
        $why =~ s/DIR/$dir/g;
        like($text, qr/$why/m, 'and says why');
    };
}

my %with_policy = (smtpd_policy_socket => '"unix:DIR/policy.sock"');

# ---- sockets -----------------------------------------------------------------------------------

subtest 'sockets have the mode and group of the configuration from their first moment on' => sub {
    my @groups = $root ? (scalar getgrnam('mail') ? 'mail' : $my_group) : $my_group;
    for my $mode ('0660', '0600', '0666') {
        my $dir = configuration(%with_policy, socket_mode => qq("$mode"), socket_group => qq("$groups[0]"));
        my $policy = "$dir/policy.sock";
        my $watcher = open(my $seen, '-|') // die "fork: $!\n";
        if (!$watcher) {    # looks all the time, until told to say what it saw
            my (%modes, $done);
            local $SIG{TERM} = sub { $done = 1 };
            until ($done) {
                for my $socket ("$dir/milter.sock", $policy) {
                    $modes{ mode_of($socket) } = 1 if -e $socket;
                }
            }
            print join ' ', sort keys %modes;
            close STDOUT;
            POSIX::_exit(0);
        }
        my $pid = start($dir);
        for my $socket ("$dir/milter.sock", $policy) {
            is(mode_of($socket), $mode, "$mode: $socket");
            is(scalar getgrgid((stat $socket)[5]), $groups[0], 'group');
        }
        kill 'TERM', $watcher;
        is(scalar <$seen>, $mode, 'never another mode');
        close $seen;
        is((stop($pid))[0], 0, 'ends with 0');
        ok(!-e "$dir/milter.sock" && !-e $policy, 'the sockets are removed at the end');
    }
};

sub stale_socket
{
    my ($path) = @_;
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!\n";
    close $listener;
    -S $path or die "$path is gone\n";
}

subtest 'a stale socket is taken over' => sub {
    my $dir = configuration(%with_policy);
    stale_socket("$dir/$_") for qw(milter.sock policy.sock);
    my $pid = start($dir);
    ok(answers("$dir/milter.sock"), 'answers');
    ok(IO::Socket::UNIX->new(Peer => "$dir/policy.sock"), 'there too');
    kill 'KILL', $pid;
    end_process($pid);
    ok(-S "$dir/milter.sock", 'kill -9 leaves the socket behind');
    $pid = start($dir);
    ok(answers("$dir/milter.sock"), 'and the next start takes it over');
    stop($pid);
};

subtest 'what lives, or is no socket, is left alone' => sub {
    for my $name (qw(milter.sock policy.sock)) {
        my $dir = configuration(%with_policy);
        my @command = ('-f', '-c', "$dir/forcetls.conf");

        my $listener = IO::Socket::UNIX->new(Local => "$dir/$name", Listen => 1) or die;
        my $inode = (stat "$dir/$name")[1];
        my ($status, $text) = failing(@command);
        is($status, $CANTCREAT, "$name: another process listens there");
        like($text, qr/another process answers on '\Q$dir\/$name\E'/, 'and it says so');
        is((stat "$dir/$name")[1], $inode, 'its socket is still there');
        my @full = map { IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => "$dir/$name", Blocking => 0) } 1 .. 5;
        ($status, $text) = failing(@command);
        like($text, qr/another process answers on/, 'also when its queue is full');
        close $listener;
        unlink "$dir/$name";

        write_file("$dir/$name", 'precious');
        ($status, $text) = failing(@command);
        is($status, $CANTCREAT, "$name: a file");
        like($text, qr/'\Q$dir\/$name\E' exists and is not a socket/, 'and it says so');
        is(read_file("$dir/$name"), 'precious', 'it is untouched');
        rename "$dir/$name", "$dir/target";

        stale_socket("$dir/elsewhere");
        symlink "$dir/elsewhere", "$dir/$name" or die;
        ($status, $text) = failing(@command);
        like($text, qr/exists and is not a socket/, 'a symbolic link');
        ok(-S "$dir/elsewhere" && -l "$dir/$name", 'it is untouched');
        ok($name eq 'milter.sock' || !-e "$dir/milter.sock", 'nothing is left of the failed start');
    }
};

subtest 'a second start with the same configuration fails, the first one goes on' => sub {
    my $dir = configuration();
    my $pid = start($dir);
    my ($status, $text) = failing('-f', '-c', "$dir/forcetls.conf");
    is($status, $CANTCREAT, 'exit status');
    like($text, qr/is forcetls-milter running already\?/, 'and why');
    ok(answers("$dir/milter.sock"), 'the first one answers');
    stop($pid);
};

subtest 'many starts at once: one wins' => sub {
    my $dir = configuration();
    stale_socket("$dir/milter.sock");
    my @pids = map { start_process({ log => "$dir/many.$_" }, $program, '-f', '-c', "$dir/forcetls.conf") } 1 .. 8;
    wait_for(20, sub { 1 == grep { !is_over($_) } @pids });
    my @alive = grep { !is_over($_) } @pids;
    is(scalar @alive, 1, 'one of eight runs');
    ok(answers("$dir/milter.sock"), 'and answers');
    is((stop($alive[0]))[0], 0, 'and ends');
};

subtest 'TCP' => sub {
    my $port = free_port();
    my $dir = configuration(milter_socket => qq("inet:$port\@127.0.0.1"));
    my $pid = start($dir);
    my $mta = eval { Forcetls::Milter->new(port => $port) };
    ok($mta && $mta->negotiate, 'answers');
    my ($status, $text) = failing('-f', '-c', "$dir/forcetls.conf");
    is($status, $CANTCREAT, 'a second one does not start');
    like($text, qr/another process listens on 'inet:$port\@127\.0\.0\.1'/, 'and says why');
    stop($pid);
    $pid = start($dir);
    ok(answers_port($port), 'the port can be taken again at once');
    stop($pid);
    $pid = start($dir, '-p', "unix:$dir/other.sock");
    ok(answers("$dir/other.sock"), '-p takes the place of milter_socket');
    stop($pid);
};

sub answers_port
{
    my $mta = eval { Forcetls::Milter->new(port => $_[0]) } or return 0;
    return defined $mta->negotiate;
}

# ---- in the background -------------------------------------------------------------------------

# Starts one in the background; gives its pid.
sub background
{
    my ($dir, @arguments) = @_;
    my ($status, $text) = run($program, '-c', "$dir/forcetls.conf", '-P', "$dir/pid", @arguments);
    my ($pid) = read_file("$dir/pid") =~ /\A(\d+)\n\z/;
    at_end(sub { kill 'KILL', $pid if !is_over($pid) }) if $pid;
    return ($status >> 8, $text, $pid);
}

subtest 'the parent exits when its child is ready' => sub {
    my $dir = configuration();
    my ($status, $text, $pid) = background($dir);
    is($status, 0, 'exit status');
    ok($pid && !is_over($pid), 'the pid file names a process');
    ok(answers("$dir/milter.sock"), 'that answers at once');
    is(mode_of("$dir/pid"), '0644', 'mode of the pid file');
    is(readlink "/proc/$pid/cwd", '/', 'it is in the root folder');
    is(readlink "/proc/$pid/fd/$_", '/dev/null', "descriptor $_ is closed") for 0 .. 2;
    my ($session) = read_file("/proc/$pid/stat") =~ /\) \S+ \d+ \d+ (\d+)/;
    is($session, $pid, 'a session of its own');

    my ($code, $why) = background($dir, '-p', "unix:$dir/other.sock");
    is($code, $CANTCREAT, 'a second one with the same pid file does not start');
    like($why, qr/pid file '\Q$dir\E\/pid' is locked by process $pid/, 'and says whose it is');
    is(read_file("$dir/pid"), "$pid\n", 'the pid file is as it was');
    ok(!-e "$dir/other.sock", 'and no socket was made');

    kill 'TERM', $pid;
    ok(wait_for(10, sub { is_over($pid) }), 'it ends');
    ok(!-e "$dir/milter.sock" && !-e "$dir/pid", 'socket and pid file are removed');
};

subtest 'the parent exits with its child\'s status' => sub {
    my $dir = configuration();
    mkdir "$dir/milter.sock" or die;
    my ($status, $text) = background($dir);
    is($status, $CANTCREAT, 'exit status');
    like($text, qr/^forcetls-milter: '\Q$dir\E\/milter\.sock' exists and is not a socket$/m, 'and the reason on stderr');
    ok(!-e "$dir/pid", 'no pid file is left');
    write_file("$dir/target", 'precious');
    symlink "$dir/target", "$dir/pid";
    rmdir "$dir/milter.sock";
    ($status, $text) = background($dir);
    is($status, $CANTCREAT, 'a pid file that is a symbolic link');
    is(read_file("$dir/target"), 'precious', 'is not followed');
};

subtest 'a relative configuration is found again' => sub {
    my $dir = configuration();
    my ($status) = run('/bin/sh', '-c', qq(cd "$dir" && exec "$program" -c forcetls.conf -P pid));
    is($status, 0, 'starts');
    my ($pid) = read_file("$dir/pid") =~ /(\d+)/;
    at_end(sub { kill 'KILL', $pid if !is_over($pid) });
    like(reply("$dir/milter.sock", '<a@tax.example>'), $no_tls, 'with the rules of the file');
    my $text = read_file("$dir/forcetls.conf") =~ s/tax\.example/toll.example/r;
    write_file("$dir/forcetls.conf", $text);
    kill 'USR1', $pid;
    ok(wait_for(10, sub { reply("$dir/milter.sock", '<a@toll.example>') =~ $no_tls }), 'reads it again');
    kill 'TERM', $pid;
    ok(wait_for(10, sub { is_over($pid) }), 'ends');
    ok(!-e "$dir/pid", 'and removes the relative pid file');
};

# ---- privileges --------------------------------------------------------------------------------

sub status_line
{
    my ($pid, $name) = @_;
    my ($value) = read_file("/proc/$pid/status") =~ /^$name:\s+(.*)$/m;
    return join ' ', split ' ', $value // '';
}

subtest 'privileges' => sub {
    my $dir = configuration();
    my $pid = start($dir);
    is(status_line($pid, 'NoNewPrivs'), 1, 'no new privileges');
    my ($soft, $hard) = read_file("/proc/$pid/limits") =~ /^Max open files\s+(\d+)\s+(\d+)/m;
    is($soft, $hard, 'as many descriptors as allowed');
    my @threads = map { read_file("$_/status") =~ /^NoNewPrivs:\s+(\d)/m } glob "/proc/$pid/task/*";
    is(scalar(grep { $_ eq '1' } @threads), scalar @threads, 'in all threads');
    SKIP: {
        skip 'not root', 1 if !$root;
        like(log_of($pid), qr/runs as root, and stays root/, 'root without a user: it says so');
    }
    stop($pid);
    SKIP: {
        skip 'not root', 1 if !$root;
        my ($name, undef, $uid, $gid) = getpwnam('daemon');
        $dir = configuration(user => '"daemon"');
        chmod 0777, $dir;
        $pid = start($dir);
        is(status_line($pid, 'Uid'), join(' ', ($uid) x 4), 'all user ids');
        is(status_line($pid, 'Gid'), join(' ', ($gid) x 4), 'all group ids');
        is(status_line($pid, 'Groups'), $gid, 'supplementary groups');
        is(status_line($pid, 'CapEff'), '0' x 16, 'no capabilities');
        is(status_line($pid, 'CapPrm'), '0' x 16, 'none that could be regained');
        my @uids = map { read_file("$_/status") =~ /^Uid:\s+(.*)/m } glob "/proc/$pid/task/*";
        is(scalar(grep { $_ eq join "\t", ($uid) x 4 } @uids), scalar @uids, 'in all threads');
        is((stat "$dir/milter.sock")[4], $uid, 'the socket belongs to the user');
        unlike(log_of($pid), qr/stays root/, 'no warning');
        is((stop($pid))[0], 0, 'ends with 0');

        my $other = configuration();
        $pid = start($other, '-u', 'daemon');
        is(status_line($pid, 'Uid'), join(' ', ($uid) x 4), '-u does the same');
        is((stop($pid))[0], 0, 'ends with 0');
        ok(-S "$other/milter.sock", 'a socket in root\'s folder cannot be removed any more');
        $pid = start($other, '-u', 'daemon');
        ok(answers("$other/milter.sock"), 'which does not matter to the next start');
        stop($pid);

        chmod 0600, "$dir/forcetls.conf";
        $pid = start($dir);
        like(log_of($pid), qr/a reload will fail, since the user 'daemon' cannot read all that root could:\n.*\Q$dir\E\/forcetls\.conf: error: .*Permission denied/, 'a file that only root can read: it says so');
        kill 'USR1', $pid;
        ok(wait_log($pid, qr/the old rules stay in force/), 'and a reload of it fails');
        like(reply("$dir/milter.sock", '<a@tax.example>'), $no_tls, 'with the old rules in force');
        stop($pid);

        my ($status, $text) = background($other, '-u', 'daemon');
        my ($daemon) = read_file("$other/pid") =~ /(\d+)/;
        is($status, 0, 'a pid file in root\'s folder');
        kill 'TERM', $daemon;
        wait_for(10, sub { is_over($daemon) });
        is(read_file("$other/pid"), '', 'is empty afterwards, since it cannot be removed');
    }
};

# ---- reload ------------------------------------------------------------------------------------

subtest 'reload' => sub {
    my $dir = configuration();
    my $conf = "$dir/forcetls.conf";
    my $good = read_file($conf);
    my $pid = start($dir);
    my $socket = "$dir/milter.sock";
    like(log_of($pid), qr/ready: version \S+, \Q$conf\E: 1 connector, 1 domain, mode enforce, on unix:\Q$socket\E$/m, 'the line of the start');
    like(reply($socket, '<a@tax.example>'), $no_tls, 'the first rules');
    is(reply($socket, '<a@toll.example>'), 'accept', 'no other ones');

    my $open = Forcetls::Milter->new(socket => $socket);
    $open->negotiate;
    $open->connect(macros => { v => 'Postfix 3.7.11' });
    $open->helo('client.example');
    is($open->mail('<a@tax.example>'), 'continue', 'a message is under way');

    write_file($conf, $good =~ s/tax\.example"/toll.example", "duty.example"/r);
    kill 'USR1', $pid;
    ok(wait_log($pid, qr/: reloaded \Q$conf\E: 1 connector, 2 domains, mode enforce$/m), 'SIGUSR1 reloads');
    like(reply($socket, '<a@toll.example>'), $no_tls, 'the new rules are in force');
    is(reply($socket, '<a@tax.example>'), 'accept', 'the old ones are not');
    like($open->rcpt('<b@example.org>'), $no_tls, 'the message keeps the rules that it started with');
    $open->abort;
    is($open->mail('<a@tax.example>'), 'accept', 'its session\'s next one has the new ones');

    write_file($conf, "moed = 1;\n" . $good =~ s/"inbound"/"sideways"/r);
    kill 'USR1', $pid;
    ok(wait_log($pid, qr/\Q$conf\E has \d+ errors: the old rules stay in force$/m), 'a broken file is an error');
    my @errors = log_of($pid) =~ /: \Q$conf\E:\d+: error: /g;
    cmp_ok(scalar @errors, '>=', 2, 'with all diagnostics');
    like(reply($socket, '<a@toll.example>'), $no_tls, 'the old rules are in force');
    unlink $conf;
    kill 'USR1', $pid;
    ok(wait_log($pid, qr/the old rules stay in force$/m, 2), 'so is no file');
    like(reply($socket, '<a@toll.example>'), $no_tls, 'the old rules are in force');

    write_file($conf, $good);
    kill 'HUP', $pid;
    ok(wait_log($pid, qr/: reloaded /, 2), 'SIGHUP reloads too');
    like(reply($socket, '<a@tax.example>'), $no_tls, 'the new rules are in force');

    write_file($conf, $good =~ s/milter\.sock/else.sock/r . qq(socket_mode = "0600";\nuser = "daemon";\n));
    kill 'USR1', $pid;
    ok(wait_log($pid, qr/: reloaded /, 3), 'what only a start can change');
    like(log_of($pid), qr/$_ has changed in the file: that takes a restart/, "$_: it says so") for qw(milter_socket socket_mode user);
    unlike(log_of($pid), qr/(?:socket_group|smtpd_policy_socket) has changed/, 'and nothing else');
    ok(answers($socket), 'the socket is where it was');
    stop($pid);
};

subtest 'reloads in a flood of messages and signals' => sub {
    my $dir = configuration();
    my $pid = start($dir);
    my $socket = "$dir/milter.sock";
    my @clients = map {
        my $client = fork // die "fork: $!\n";
        if (!$client) {
            my $wrong = 0;
            for (1 .. 300) {
                $wrong++ if (eval { reply($socket, '<a@tax.example>') } // '') !~ $no_tls;
            }
            POSIX::_exit($wrong ? 1 : 0);
        }
        $client;
    } 1 .. 4;
    my $wrong = 0;
    my %running = map { $_ => 1 } @clients;
    my $signals = 0;
    while (%running) {
        kill $_, $pid for $tsan ? ('USR1') x 5 : qw(HUP USR1 HUP USR1 HUP);
        $signals += 5;
        for my $client (keys %running) {
            next if waitpid($client, POSIX::WNOHANG()) != $client;
            $wrong++ if $?;
            delete $running{$client};
        }
        select undef, undef, undef, 0.001;
    }
    is($wrong, 0, 'every message was judged');
    cmp_ok($signals, '>', 100, 'enough signals') or diag $signals;
    ok(!is_over($pid), 'it is alive');
    my $reloads = () = log_of($pid) =~ /: reloaded /g;
    cmp_ok($reloads, '>', 1, "$signals signals, $reloads reloads");
    is((stop($pid))[0], 0, 'and ends with 0');
};

# ---- the end -----------------------------------------------------------------------------------

for my $signal (qw(TERM INT)) {
    subtest "SIG$signal" => sub {
        my $dir = configuration();
        my $pid = start($dir);
        my @sessions = map {
            my $mta = Forcetls::Milter->new(socket => "$dir/milter.sock");
            $mta->negotiate;
            $mta->connect;
            $mta->helo('client.example');
            $mta->mail('<a@tax.example>') if $_ % 2;
            $mta;
        } 1 .. 20;
        my ($status, $seconds) = stop($pid, $signal);
        is($status, 0, 'exit status 0, with sessions in mid-message');
        cmp_ok($seconds, '<', 3, 'within seconds');
        note sprintf '%.2f s', $seconds;
        ok($_->closed, 'the session is closed') for @sessions[ 0, 1 ];
        ok(!-e "$dir/milter.sock", 'the socket is removed');
        like(log_of($pid), qr/: stopping\n.*: stopped\n\z/s, 'it says so');
    };
}

subtest 'a second SIGTERM, and a third' => sub {
    my $wrong = 0;
    for my $round (1 .. 10) {
        my $dir = configuration();
        my $pid = start($dir);
        my $mta = Forcetls::Milter->new(socket => "$dir/milter.sock");
        $mta->negotiate;
        kill 'TERM', $pid for 1 .. 1 + $round;
        my $status;
        my $over = wait_for(15, sub {
            kill $_, $pid for qw(TERM INT HUP USR1);
            waitpid($pid, POSIX::WNOHANG()) == $pid ? (($status = $?), 1)[1] : 0;
        });
        $wrong++ if !$over || $status != 0;
    }
    is($wrong, 0, 'exit status 0, ten times');
};

subtest 'SIGTERM while recipients are decided' => sub {
    my $wrong = 0;
    my %replies;
    for (1 .. 5) {
        my $dir = configuration();
        my $pid = start($dir);
        my @clients = map {
            my $client = open(my $from, '-|') // die "fork: $!\n";
            if (!$client) {
                my $mta = Forcetls::Milter->new(socket => "$dir/milter.sock");
                $mta->negotiate;
                $mta->connect(macros => { v => 'Postfix 3.7.11' });
                $mta->helo('client.example');
                $mta->mail('<a@tax.example>');
                $| = 1;
                my $reply;
                for (1 .. 1_000_000) {
                    $reply = substr $mta->rcpt('<b@example.org>'), 0, 9;
                    print "$reply\n" if $_ == 1;
                    last if $reply ne '550 5.7.1';
                }
                print "$reply\n";
                POSIX::_exit(0);
            }
            my $first = <$from>;
            $from;
        } 1 .. 3;
        my ($status, $seconds) = stop($pid);
        $wrong++ if $status != 0 || $seconds > 5;
        for my $client (@clients) {
            chomp(my $reply = <$client>);
            $replies{$reply}++;
            close $client;
        }
    }
    is($wrong, 0, 'exit status 0 within five seconds');
    my @accepted = grep { !/^(?:tempfail|no answer)$/ } keys %replies;
    is_deeply(\@accepted, [], 'the last answer to each is a temporary failure or none') or diag explain \%replies;
};

# ---- the service manager -----------------------------------------------------------------------

for my $kind ('a path', 'an abstract name') {
    subtest "sd_notify: $kind" => sub {
        my $dir = configuration();
        my $path = $kind eq 'a path' ? "$dir/notify" : "\0forcetls-test-$$";
        socket my $listener, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
        bind $listener, pack_sockaddr_un($path) or die "bind: $!\n";
        my $told = '';
        my $hear = sub {
            my ($pattern) = @_;
            return wait_for(10, sub {
                while (defined recv $listener, my $datagram, 4096, Socket::MSG_DONTWAIT()) {
                    $told .= $datagram;
                }
                $told =~ $pattern;
            });
        };
        my $pid = start_process({ log => "$dir/log", env => { NOTIFY_SOCKET => $path =~ s/\0/@/r } }, $program, '-f', '-c', "$dir/forcetls.conf");
        ok($hear->(qr/^READY=1\nMAINPID=$pid\nSTATUS=\S+: 1 connector, 1 domain, mode enforce\n/), 'ready');
        ok(answers("$dir/milter.sock"), 'when it is');
        $told = '';
        kill 'USR1', $pid;
        ok($hear->(qr/^RELOADING=1\nMONOTONIC_USEC=\d+\n(?:STATUS=.*\n)?READY=1\n/), 'reloading, and ready again') or diag $told;
        $told = '';
        is(end_process($pid), 0, 'ends');
        ok($hear->(qr/^STOPPING=1\n/), 'stopping');
    };
}

# ---- libmilter fails ---------------------------------------------------------------------------

SKIP: {
    skip 'prlimit is missing', 1 if !-x '/usr/bin/prlimit';
    subtest 'no threads for libmilter: an error, not a daemon that does nothing' => sub {
        my $dir = configuration();
        plan skip_all => 'not root' if !$root;
        # A user with as many threads as he may have: the daemon's first ones, and no more.
        my $nobody = getpwnam('nobody') // plan skip_all => 'there is no nobody';
        my $others = grep { read_file("$_/status") =~ /^Uid:\s+$nobody\s/m } glob '/proc/[0-9]*/task/*';
        my $found = 0;
        for my $threads (3 .. 9) {
            my $log = "$dir/few.$threads";
            my $pid = start_process({ log => $log }, '/usr/bin/prlimit', '--nproc=' . ($others + $threads), $program, '-f', '-u', 'nobody', '-c', "$dir/forcetls.conf");
            my $over = wait_for(10, sub { is_over($pid) || answers("$dir/milter.sock") });
            my $status = end_process($pid) // -1;
            my $text = read_file($log);
            if ($text =~ /libmilter has ended with an error/) {
                $found++;
                is($status >> 8, $SOFTWARE, "$threads threads: exit status");
            } elsif ($text !~ /: ready: /) {
                isnt($status, 0, "$threads threads: does not start");
                like($text, qr/cannot start/, 'and says why');
            } else {
                is($status, 0, "$threads threads: enough");
            }
        }
        cmp_ok($found, '>', 0, 'libmilter was seen to fail');
    };
}

done_testing();
