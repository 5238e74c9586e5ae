# SPDX-License-Identifier: ISC
#
# Forcetls::Postfix: a private Postfix beside whatever mail server the host has.
#
# Its programs are unpacked from the distribution's package, its configuration, queue, data and
# log lie in the work folder, its smtpd listens on a free port of the loopback, and what it
# accepts is discarded (a line "status=sent" in its log is all that remains). It needs no user of
# its own: two system users that every Debian has stand in for "postfix" and "postdrop". Nothing
# below /etc or /var/spool is read for it or written by it.
package Forcetls::Postfix;

use strict;
use warnings;

use Forcetls::Harness
    qw(at_end free_port has_ipv6 is_over mta_root not_possible read_file run source_dir
    wait_for wait_port work_dir write_file);

# Postfix wants an owner that nobody shares, and a group that is not the owner's.
my $mail_owner = 'uucp';
my $setgid_group = 'dip';

# Unpacks Postfix (once a build tree): the folder; or undef and why it cannot be had.
sub unpack
{
    my $dir = mta_root() . '/postfix';
    my ($status, $out) = run(source_dir() . '/tests/lib/unpack-mta', 'postfix', $dir);
    return $dir if $status == 0;
    $out =~ s/\A(?:.*\n)*(?:unpack-mta: )?(.*)\n\z/$1/;    # its last line says why
    return (undef, "Postfix cannot be had: $out");
}

# The same; a machine that cannot have it skips the test.
sub unpack_or_skip
{
    my ($dir, $why) = __PACKAGE__->unpack;
    not_possible($why) if !$dir;
    return $dir;
}

# Options:
#   certificates  what Forcetls::Certificates::standard() gave
#   main          more lines of main.cf (they win over ours)
#   milter        value of smtpd_milters; default unix:forcetls/milter.sock, '' for none
#   policy        1: the line that attaches the policy feed
#   chroot        1: Debian's master.cf as it is packaged, but for the port of smtpd, and made
#                 chrooted where the package no longer does so. 0: nothing is chrooted
#   hosts         lines for the chroot's /etc/hosts (chroot only)
#   old_tls       1: TLSv1 and anything that calls itself a cipher are allowed
#   services      { name => [ 'parameter = value', ... ] }: more smtpd services, each on a port of
#                 its own, that differ from the first in these parameters
#   transports  { name => [ 'parameter = value', ... ] }: more smtp(8) transports, not chrooted, that
#                 differ from the first in these parameters
#   destinations  domains that mail is accepted for (default example.org and example.net)
#   name          of its folder, where there is more than one Postfix (default: postfix)
#   host          a Forcetls::Network::Host that it runs on; then smtpd is on port 25 of its address
#   at            { name => address }: services that are on port 25 of other addresses of that host
sub new
{
    my ($class, %option) = @_;
    my $self = bless {
        programs => unpack_or_skip(),
        dir => work_dir() . '/' . ($option{name} // 'postfix'),
        host => $option{host},
        port => $option{host} ? 25 : free_port(),
        chroot => $option{chroot} // 0,
        services => { map { $_ => $option{host} ? "$option{at}{$_}:25" : free_port() } keys %{ $option{services} // {} } },
    }, $class;
    my $dir = $self->{dir};
    mkdir $_, 0755
        or die "$_: $!\n"
        for $dir, "$dir/etc", "$dir/spool", "$dir/spool/forcetls", "$dir/data";
    my ($owner, $owner_group) = (getpwnam $mail_owner)[2, 3];
    defined $owner
        or not_possible("there is no system user '$mail_owner' to stand in for 'postfix'");
    chown $owner, $owner_group, "$dir/data" or die "$dir/data: $!\n";
    $self->{group} = getgrgid $owner_group;
    $self->{option} = \%option;
    $self->configure;
    write_file("$dir/etc/master.cf",
        $self->_master_cf($option{services} // {}) . _transports($option{transports} // {}));
    write_file("$dir/etc/dynamicmaps.cf", '');
    $self->_fill_chroot($option{hosts} // '') if $self->{chroot};
    return $self;
}

# Writes main.cf, with other options than new() was given. Counts from the next start() on.
sub configure
{
    my ($self, %change) = @_;
    $self->{option}{$_} = $change{$_} for keys %change;
    write_file("$self->{dir}/etc/main.cf", $self->_main_cf($self->{option}));
}

# The port of smtpd, or of one of the services.
sub port
{
    my ($self, $service) = @_;
    return defined $service ? $self->{services}{$service} : $self->{port};
}

# The queue directory: where relative socket names start.
sub queue { return "$_[0]{dir}/spool" }

# The folder for the sockets that smtpd opens, and the group that smtpd opens them with.
sub socket_dir { return "$_[0]{dir}/spool/forcetls" }
sub socket_group { return $_[0]{group} }

sub config_dir { return "$_[0]{dir}/etc" }
sub maillog_file { return "$_[0]{dir}/maillog" }

sub _main_cf
{
    my ($self, $option) = @_;
    my ($dir, $programs) = @$self{qw(dir programs)};
    my $world = $option->{certificates};
    my $destinations = $option->{destinations} // 'example.org, example.net';
    my $milter = $option->{milter} // 'unix:forcetls/milter.sock';
    my $addresses = $self->{host} ? 'all' : has_ipv6() ? '127.0.0.1, [::1]' : '127.0.0.1';
    my $protocols = has_ipv6() ? 'all' : 'ipv4';
    my @lines = (
        grep({ /^\w/ } split /\n/, read_file("$programs/usr/share/postfix/main.cf.debian")),
        "config_directory = $dir/etc",
        "queue_directory = $dir/spool",
        "data_directory = $dir/data",
        "maillog_file = $dir/maillog",
        "maillog_file_prefixes = $dir",
        "command_directory = $programs/usr/sbin",
        "daemon_directory = $programs/usr/lib/postfix/sbin",
        "shlib_directory = $programs/usr/lib/postfix",
        "meta_directory = $programs/etc/postfix",
        "sendmail_path = $programs/usr/sbin/sendmail",
        "mailq_path = $programs/usr/sbin/mailq",
        "newaliases_path = $programs/usr/sbin/newaliases",
        "mail_owner = $mail_owner",
        "setgid_group = $setgid_group",
        'import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE '
            . "POSTLOG_HOSTNAME LD_LIBRARY_PATH=$programs/usr/lib/postfix",
        "export_environment = TZ MAIL_CONFIG LANG LD_LIBRARY_PATH",
        "inet_interfaces = $addresses",
        "inet_protocols = $protocols",
        'myhostname = mx.example.org',
        'mydestination =',
        'alias_maps =',
        'local_recipient_maps =',
        "virtual_mailbox_domains = $destinations",
        'virtual_transport = discard',
        'default_transport = discard',
        'smtpd_peername_lookup = ' . ($self->{chroot} ? 'yes' : 'no'),
        'smtputf8_enable = yes',
        # A test is refused more often in a session than any client would bear.
        'smtpd_soft_error_limit = 1000',
        'smtpd_hard_error_limit = 1000',
        'smtpd_client_connection_count_limit = 0',
    );
    push @lines,
        (
        "smtpd_tls_chain_files = $world->{server}{key}, $world->{server}{chain}",
        "smtpd_tls_CAfile = $world->{root}{file}",
        'smtpd_tls_security_level = may',
        'smtpd_tls_ask_ccert = yes',
        'smtpd_tls_loglevel = 1',
        'smtpd_tls_session_cache_database =',
        ) if $world;
    push @lines, 'smtpd_tls_protocols = >=TLSv1', 'smtpd_tls_ciphers = low',
        'tls_low_cipherlist = ALL:@SECLEVEL=0'
        if $option->{old_tls};
    push @lines, "smtpd_milters = $milter", 'milter_connect_timeout = 10s' if $milter ne '';
    push @lines,
        'smtpd_sender_restrictions = check_policy_service '
        . '{ unix:forcetls/policy.sock, timeout=5s, default_action=DUNNO }'
        if $option->{policy};
    push @lines, grep { /\S/ } split /\n/, $option->{main} // '';

    # Of two lines for one parameter the later one: Postfix would warn of each.
    my (%line, @order);
    for (@lines) {
        my ($parameter) = /^(\w+)\s*=/ or die "not a line of main.cf: $_\n";
        push @order, $parameter if !exists $line{$parameter};
        $line{$parameter} = $_;
    }
    return join '', map { "$line{$_}\n" } @order;
}

# The package's master.cf: smtpd on our port. Where nothing is to be chrooted, or the package
# chroots nothing any more (Debian 13), the fifth column is set.
sub _master_cf
{
    my ($self, $services) = @_;
    my $text = read_file("$self->{programs}/usr/share/postfix/master.cf.dist");
    my $listen = $self->{host} ? "$self->{host}{address}:$self->{port}" : $self->{port};
    $text =~ s/^smtp(\s+inet\s+(.*)\n)/$listen$1/m
        or die "no smtp service in the package's master.cf\n";
    for my $name (sort keys %$services) {
        $text .= "$self->{services}{$name} inet $2\n" . join '',
            map { "  -o { $_ }\n" } @{ $services->{$name} };
    }
    my %chrooted = map { $_ => 1 }
        qw(smtpd cleanup smtp lmtp tlsmgr trivial-rewrite pickup bounce error discard flush);
    my @lines;
    for my $line (split /\n/, $text) {
        my @field = split ' ', $line;
        if (@field >= 8 && $field[0] !~ /^#/ && $line =~ /^\S/) {
            my $want = $self->{chroot} && ($field[4] eq 'y' || $chrooted{$field[7]}) ? 'y' : 'n';
            $line =~ s/^((?:\S+\s+){4})\S+/$1$want/ if $field[4] ne $want;
        }
        push @lines, $line;
    }
    return join "\n", @lines, '';
}

# Services of smtp(8) in master.cf.
sub _transports
{
    my ($transports) = @_;
    return join '', map {
        "$_ unix - - n - - smtp\n" . join '', map { "  -o { $_ }\n" } @{ $transports->{$_} }
    } sort keys %$transports;
}

sub _environment
{
    my ($self) = @_;
    return (
        LD_LIBRARY_PATH => "$self->{programs}/usr/lib/postfix",
        MAIL_CONFIG => "$self->{dir}/etc",
        PATH => "$self->{programs}/usr/sbin:$ENV{PATH}:/usr/sbin:/sbin",
    );
}

# What Debian's start script copies into the chroot so that names can be looked up there, and the
# names that the test gives its clients.
sub _fill_chroot
{
    my ($self, $hosts) = @_;
    my $etc = $self->queue . '/etc';
    mkdir $etc, 0755 or die "$etc: $!\n";
    for my $name (qw(localtime services resolv.conf hosts host.conf nsswitch.conf)) {
        write_file("$etc/$name", read_file("/etc/$name"), 0644) if -f "/etc/$name";
    }
    write_file("$etc/hosts", read_file("$etc/hosts") . "\n" . $hosts, 0644);
}

# Runs one of Postfix's commands against this instance; gives status and output.
sub command
{
    my ($self, $program, @arguments) = @_;
    local %ENV = (%ENV, $self->_environment);
    return run("$self->{programs}/usr/sbin/$program", '-c', "$self->{dir}/etc", @arguments);
}

# The queue's folders, as the package's own list has them. "postfix start" would make them; but as
# Debian patched it, it would also start the host's Postfix instead of this one.
sub _make_folders
{
    my ($self) = @_;
    my %value = (
        mail_owner => $mail_owner,
        setgid_group => $setgid_group,
        queue_directory => $self->queue,
        data_directory => "$self->{dir}/data"
    );
    my ($list) = grep { -f } map { "$self->{programs}/$_/postfix/postfix-files" } 'etc', 'usr/share';
    for (split /\n/, read_file($list // die "the package has no postfix-files\n")) {
        my ($path, $type, $owner, $group, $mode) =
            map { s/\$(\w+)/$value{$1} \/\/ ''/ger } split /:/;
        next if ($type // '') ne 'd' || $path !~ /^\Q$self->{dir}\E/;
        -d $path or mkdir $path or die "$path: $!\n";
        chown scalar getpwnam $owner, $group eq '-' ? -1 : scalar getgrnam $group, $path
            or die "$path: $!\n";
        chmod oct $mode, $path or die "$path: $!\n";
    }
}

sub _master
{
    my ($self, @arguments) = @_;
    local %ENV = (%ENV, $self->_environment);
    my @master = ("$self->{programs}/usr/lib/postfix/sbin/master", @arguments);
    return run($self->{host} ? $self->{host}->inside(@master) : @master);
}

sub start
{
    my ($self) = @_;
    $self->_make_folders;
    my ($status, $out) = $self->_master('-w');    # returns when it is up
    at_end(sub { $self->stop });
    $status == 0 or die "Postfix does not start:\n$out" . $self->maillog;
    wait_port($self->{host} ? $self->{host}{address} : '127.0.0.1', $self->{port}) or die "Postfix does not listen:\n" . $self->maillog;
    return $self;
}

sub stop
{
    my ($self) = @_;
    my ($pid) = read_file($self->queue . '/pid/master.pid') =~ /(\d+)/ or return;
    # master(8) holds a lock on that file: without it the number may be somebody else's by now.
    my ($status) = $self->_master('-t');
    return if $status == 0;    # not running
    kill 'TERM', $pid;
    wait_for(10, sub { is_over($pid) }) or kill 'KILL', -$pid;
}

sub maillog
{
    my ($self) = @_;
    return read_file($self->maillog_file);
}

# Deliveries so far ("discard" is where all mail goes).
sub delivered
{
    my ($self) = @_;
    return scalar(() = $self->maillog =~ /status=sent/g);
}

# Waits until so many have been delivered.
sub wait_delivered
{
    my ($self, $count) = @_;
    wait_for(10, sub { $self->delivered >= $count });
    return $self->delivered;
}

# What has become of mail to a recipient: the first line about it behind the first `$skip` of the log,
# once there is one.
sub fate
{
    my ($self, $to, $skip) = @_;
    my @fate;
    wait_for(20, sub { @fate = substr($self->maillog, $skip // 0) =~ /^.* to=<\Q$to\E>,.* status=(\w+) \((.*)\)$/mi });
    return @fate ? "$fate[0]: $fate[1]" : 'nothing is known of it';
}

# Tries the queue again; gives how long the log was before, for fate().
sub try_again
{
    my ($self) = @_;
    my $before = length $self->maillog;
    $self->command('postqueue', '-f');
    return $before;
}

# How many messages lie in the queue; "maildrop" is where sendmail(1)'s mail waits.
sub queued
{
    my ($self, @queues) = @_;
    @queues = qw(maildrop incoming active deferred hold) if !@queues;
    my ($status, $out) = $self->command('postqueue', '-j');
    return scalar(() = $out =~ /"queue_name": "(?:@{[join '|', @queues]})"/g);
}

# sendmail(1) as a local program uses it. Gives its exit status and what it printed.
sub submit
{
    my ($self, $text, @arguments) = @_;
    local %ENV = (%ENV, $self->_environment);
    my $file = write_file(work_dir() . '/submit.' . ++$self->{submitted}, $text);
    return run(
        'sh', '-c', 'exec "$@" <"$0"',
        $file, "$self->{programs}/usr/sbin/sendmail",
        '-C', "$self->{dir}/etc", @arguments
    );
}

# The version, for messages.
sub version
{
    my ($self) = @_;
    my ($status, $out) = $self->command('postconf', '-dh', 'mail_version');
    chomp $out;
    return $out;
}

1;
