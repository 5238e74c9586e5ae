# SPDX-License-Identifier: ISC
#
# Forcetls::Sendmail: a private Sendmail, unpacked beside whatever mail server the host has.
#
# Its configuration is made with m4 from the distribution's macros, its queue lies in the work
# folder, it listens on a free port of the loopback and delivers nothing: what it accepts stays
# in its queue, where it is counted. Nothing below /etc/mail or /var is read or written.
package Forcetls::Sendmail;

use strict;
use warnings;

use Forcetls::Harness
    qw(free_port has_ipv6 end_process mta_root not_possible read_file run source_dir
    start_process wait_port work_dir write_file);
use Forcetls::Smtp;
use Sys::Hostname qw(hostname);

sub unpack_or_skip
{
    my $dir = mta_root() . '/sendmail';
    my ($status, $out) = run(source_dir() . '/tests/lib/unpack-mta', 'sendmail', $dir);
    if ($status != 0) {
        $out =~ s/\A(?:.*\n)*(?:unpack-mta: )?(.*)\n\z/$1/;    # its last line says why
        not_possible("Sendmail cannot be had: $out");
    }
    not_possible('Sendmail needs m4 for its configuration') if (run('m4', '--version'))[0] != 0;
    return $dir;
}

# Options: certificates, old_tls, destinations as in Forcetls::Postfix;
#   milter  value of S= (default unix:WORK/sendmail/forcetls/milter.sock)
#   timeouts  value of T= (default C:30s;S:10s;R:30s;E:5m)
#   mc      more lines of the .mc file
sub new
{
    my ($class, %option) = @_;
    my $self = bless {
        programs => unpack_or_skip(),
        dir => work_dir() . '/sendmail',
        port => free_port()
    }, $class;
    my $dir = $self->{dir};
    mkdir $_, 0755 or die "$_: $!\n" for $dir, "$dir/queue", "$dir/forcetls";
    write_file("$dir/service.switch", "hosts files\naliases files\n", 0644);    # no DNS
    $self->configure(%option);
    return $self;
}

# Writes sendmail.cf; takes the options of new(). Counts from the next start() on.
sub configure
{
    my ($self, %option) = @_;
    my $dir = $self->{dir};
    write_file("$dir/sendmail.mc", $self->_mc(\%option));
    my $cf = "$self->{programs}/usr/share/sendmail/cf";
    my ($status, $out) = run('m4', "-D_CF_DIR_=$cf/", "$cf/m4/cf.m4", "$dir/sendmail.mc");
    $status == 0 or die "m4 makes no sendmail.cf:\n$out";
    write_file("$dir/sendmail.cf", $out, 0644);
}

sub port { return $_[0]{port} }
sub socket_dir { return "$_[0]{dir}/forcetls" }
sub socket_group { return 'root' }

sub _mc
{
    my ($self, $option) = @_;
    my $dir = $self->{dir};
    my $world = $option->{certificates};
    my $milter = $option->{milter} // "unix:$dir/forcetls/milter.sock";
    my $timeouts = $option->{timeouts} // 'C:30s;S:10s;R:30s;E:5m';
    my $destinations = $option->{destinations} // 'example.org example.net';
    my @define = (
        [ALIAS_FILE => ''],
        [STATUS_FILE => "$dir/statistics"],
        [HELP_FILE => '/dev/null'],
        [QUEUE_DIR => "$dir/queue"],
        [confPID_FILE => "$dir/sendmail.pid"],
        [confSERVICE_SWITCH_FILE => "$dir/service.switch"],
        [confDOMAIN_NAME => 'mx.example.org'],
        [confDELIVERY_MODE => 'queueonly'],
        # Accepts mail however busy the machine is.
        [confQUEUE_LA => 1000],
        [confREFUSE_LA => 1000],
        [confTO_IDENT => '0'],
        [confDONT_PROBE_INTERFACES => 'True'],
        [confMAX_RCPTS_PER_MESSAGE => '1000'],
    );
    push @define,
        (
        [confCACERT_PATH => $dir],
        [confCACERT => $world->{root}{file}],
        [confSERVER_CERT => $world->{server}{chain}],
        [confSERVER_KEY => $world->{server}{key}],
        ) if $world;
    my @ports = ("Name=MTA, Family=inet, Addr=127.0.0.1, Port=$self->{port}");
    push @ports, "Name=MTA6, Family=inet6, Addr=::1, Port=$self->{port}" if has_ipv6();
    return join "\n",
        'OSTYPE(`linux\')dnl',
        (map { "define(`$_->[0]', `$_->[1]')dnl" } @define),
        'FEATURE(`no_default_msa\')dnl',
        (map { "DAEMON_OPTIONS(`$_')dnl" } @ports),
        'FEATURE(`accept_unresolvable_domains\')dnl',
        'FEATURE(`accept_unqualified_senders\')dnl',
        'FEATURE(`nocanonify\')dnl',
        "RELAY_DOMAIN(`$destinations')dnl",
        ($milter eq '' ? () : "INPUT_MAIL_FILTER(`forcetls', `S=$milter, F=T, T=$timeouts')dnl"),
        ($option->{mc} // ''),
        'MAILER(`smtp\')dnl',
        'LOCAL_CONFIG',
        ($option->{old_tls}
        ? ('O CipherList=ALL:@SECLEVEL=0', 'O ServerSSLOptions=+SSL_OP_NO_SSLv3')
        : ()),
        '';
}

# Sendmail waits a minute at its start for a host name with a dot. A UTS namespace gives it one;
# where that is forbidden (containers), a gethostname() of our own does; where there is no compiler
# either, it has to be waited for. Gives the seconds to wait, and what the command begins with.
sub _named
{
    my ($self) = @_;
    return 20 if hostname() =~ /\./;
    my @unshare = ('unshare', '-u', 'sh', '-c', 'hostname mx.example.org && exec "$@"', 'sh');
    return (20, @unshare) if (run(@unshare, 'true'))[0] == 0;
    my $shim = "$self->{dir}/hostname";
    write_file("$shim.c", <<'EOT');
#include <string.h>
int gethostname(char *name, size_t size)
{
    strncpy(name, "mx.example.org", size);
    return 0;
}
EOT
    my ($status) = run('sh', '-c', ($ENV{CC} // 'cc') . " -shared -fPIC -o $shim.so $shim.c");
    return (20, 'env', "LD_PRELOAD=$shim.so") if $status == 0;
    return 90;
}

sub start
{
    my ($self) = @_;
    my ($seconds, @named) = $self->_named;
    $self->{pid} = start_process(
        {
            log => "$self->{dir}/output",
            env => { LD_LIBRARY_PATH => "$self->{programs}/usr/lib/sendmail" },
        },
        @named,
        "$self->{programs}/usr/libexec/sendmail/sendmail",
        '-C',
        "$self->{dir}/sendmail.cf",
        '-bD'
    );
    wait_port('127.0.0.1', $self->{port}, $seconds)
        or die "Sendmail does not listen:\n" . $self->output;
    return $self;
}

sub stop
{
    my ($self) = @_;
    end_process(delete $self->{pid}) if $self->{pid};
}

# What it printed (its log goes to syslog, where there is one).
sub output
{
    my ($self) = @_;
    return read_file("$self->{dir}/output");
}

# How many messages it accepted: one "qf" file each.
sub delivered
{
    my ($self) = @_;
    my @accepted = glob "$self->{dir}/queue/qf*";
    return scalar @accepted;
}

sub wait_delivered
{
    my ($self) = @_;
    return $self->delivered;
}

# Makes a map of access_db or mailertable: its lines, as makemap(8) reads them.
sub make_map
{
    my ($self, $name, $lines) = @_;
    my $file = "$self->{dir}/$name";
    write_file($file, $lines, 0644);
    local $ENV{LD_LIBRARY_PATH} = "$self->{programs}/usr/lib/sendmail";
    my ($status, $out) = run('sh', '-c',
        "$self->{programs}/usr/libexec/sendmail/makemap -C $self->{dir}/sendmail.cf hash $file < $file");
    $status == 0 && $out eq '' or die "makemap $name:\n$out";
}

# Runs sendmail(1) with this configuration to its end, with a text on its standard input; gives
# what it said.
sub command
{
    my ($self, $input, @arguments) = @_;
    my (undef, @named) = $self->_named;
    my $program = "$self->{programs}/usr/libexec/sendmail/sendmail";
    my $stdin = write_file("$self->{dir}/stdin", $input);
    local $ENV{LD_LIBRARY_PATH} = "$self->{programs}/usr/lib/sendmail";
    my (undef, $out) = run(@named, 'sh', '-c', 'exec "$@" < ' . $stdin, 'sh', $program, '-C',
        "$self->{dir}/sendmail.cf", @arguments);
    return $out;
}

# One run of the queue, all of it, to its end; gives the dialogues. And what is in the queue.
sub run_queue { return $_[0]->command('', '-v', '-q') }
sub mailq { return $_[0]->command('', '-bp') }

# The version, as the greeting has it.
sub version
{
    my ($self) = @_;
    my $greeting = Forcetls::Smtp->new(port => $self->{port})->greeting;
    return $greeting =~ / Sendmail ([0-9.]+)/ ? $1 : 'unknown';
}

1;
