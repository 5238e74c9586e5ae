#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# An adversary's sessions, generated, through the bare milter protocol: senders spelled and shaped in
# every way, macros that are stale, missing, empty, contradictory or absurd, sessions in every order.
# What must become of each is said by Forcetls::Model, which knows nothing of the engine: none that
# should be refused passes, and none that is legitimate is refused. At the end the same sessions meet
# daemons that are a little wrong: each must be found out.
#
#   FORCETLS_SEED=N       other sessions
#   FORCETLS_SESSIONS=N   N times as many
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::FakeProber;
use Forcetls::Milter;
use Forcetls::Model;

my $seed = $ENV{FORCETLS_SEED} // 4711;
my $times = $ENV{FORCETLS_SESSIONS} // 1;
srand $seed;

my $prober = Forcetls::FakeProber->new;
$ENV{FORCETLS_PROBER} = $prober->program;
$prober->set('good.example' => { state => 'tls' }, 'sub.good.example' => { state => 'tls' }, 'bad.example' => { state => 'no-starttls' },
    'silent.example' => { act => 'silent' }, '[mail.hq.example]:587' => { state => 'tls' }, 'may.example' => { state => 'no-starttls' },
    'watched-out.example' => { state => 'no-starttls' });

my $model = Forcetls::Model->new;
my $settings = qq(probe: { interval = "12h"; retry = "6h"; max_age = "24h"; timeout = "30s"; rate = 10000.0; };\n);
my $bare = Forcetls::Bare->new(settings => $settings, connectors => $model->configuration)->start;

# ---- playing a session ---------------------------------------------------------------------------

sub visible { return $_[0] =~ s/([^ -~])/sprintf '\\x%02x', ord $1/egr }

# What the session's last recipient is answered.
sub play {
    my ($s) = @_;
    my $mta = $bare->connect;
    $mta->negotiate;
    if ($s->{order} eq 'connect-again') {
        $mta->connect(macros => { %{ $s->{connect} }, '{client_addr}' => '198.51.100.7', '{client_name}' => 'good.test' }, addr => '198.51.100.7');
        $mta->helo('good.test');
        $mta->mail('<x@unrelated.test>', macros => $s->{good});
        $mta->abort;
        $mta->send_packet('K', '');    # the MTA's next client, over the same socket
    }
    $mta->connect(macros => $s->{connect}, addr => $s->{client});
    $mta->helo('other.test') if $s->{order} eq 'helo-twice';
    $mta->helo($s->{helo}) if $s->{order} ne 'no-helo';
    if ($s->{order} =~ /^(?:rset|second-mail|next-message)$/) {
        $mta->mail('<a@exact.example>', macros => $s->{good});
        $mta->rcpt('<b@example.org>', macros => $s->{rcpt_good});
        $mta->abort if $s->{order} eq 'rset';
        $mta->end_of_message(macros => { i => 'x' }) if $s->{order} eq 'next-message';
    }
    my $answer = $mta->mail($s->{from}, macros => $s->{mail});
    if ($answer eq 'continue') {
        $mta->rcpt('<first@example.org>', macros => $s->{rcpt_good}) if $s->{order} eq 'second-rcpt';
        $answer = $mta->rcpt($s->{to}, macros => $s->{rcpt});
    }
    if ($answer eq 'continue' && $s->{to_the_end}) {
        # An answer that ends the message is the last one.
        for my $step (
            sub { $mta->data }, sub { $mta->header('Subject', 'x') }, sub { $s->{header} ? $mta->header(@{ $s->{header} }) : 'continue' },
            sub { $mta->end_of_headers }, sub { $mta->end_of_message(macros => { i => 'x' }) }) {
            $answer = $step->();
            last if $answer ne 'continue' && $answer ne '';
        }
    }
    $mta->close;
    return $answer;
}

# The class of an answer: pass, 4 or 5; anything else is no answer.
sub class {
    my ($answer) = @_;
    return $answer =~ /^(?:continue|accept)$/ ? 'pass' : $answer =~ /^([45])[0-9][0-9] / ? $1 : "none ($answer)";
}

sub fits { return $_[0] eq $_[1] || ($_[1] eq 'no' && $_[0] =~ /^[45]$/) }

# Plays sessions; gives how many were judged otherwise than the model says, and how many it refuses.
# Quiet: only until one was.
sub compare {
    my ($count, $make, $quiet) = @_;
    my ($wrong, $refused) = (0, 0);
    for (1 .. $count) {
        my $s = $make->();
        my $wanted = $model->expected($s);
        my $answer = play($s);
        $refused++ if $wanted ne 'pass';
        next if fits(class($answer), $wanted);
        diag(visible("wanted $wanted, got '$answer': ") . describe($s)) if !$quiet && $wrong < 10;
        $wrong++;
        last if $quiet;
    }
    return ($wrong, $refused);
}

sub describe {
    my ($s) = @_;
    my $macros = join ' ', map { "$_=" . substr($s->{mail}{$_}, 0, 40) } sort keys %{ $s->{mail} };
    my $hop = join ' ', map { "$_=" . substr($s->{rcpt}{$_}, 0, 60) } sort keys %{ $s->{rcpt} };
    return visible("$s->{kind} order=$s->{order} from=$s->{from} to=$s->{to} client=$s->{client} helo=$s->{helo} mail: $macros rcpt: $hop");
}

# ---- the sessions --------------------------------------------------------------------------------

# The outbound hops are known, so that no answer depends on the moment.
for my $hop (qw(good.example bad.example silent.example [mail.hq.example]:587)) {
    ok($prober->wait_asked($hop, 1), "$hop is looked at");
}
my $until = time + 20;
for my $name (qw(good.example sub.good.example bad.example)) {
    my $s = $model->simple_outbound($name);
    my $answer = '';
    select undef, undef, undef, 0.05 while time < $until && ($answer = play($s)) =~ /not been looked at/;
    ok(fits(class($answer), $model->expected($s)), "$name is known: $answer");
}

my @sets = (
    [ 'inbound, to be judged', 5200, 1400, sub { $model->inbound } ],
    [ 'inbound, legitimate', 1000, 0, sub { $model->legitimate } ],
    [ 'outbound', 1500, 500, sub { $model->outbound } ],
);
for my $set (@sets) {
    my ($name, $count, $refusals, $make) = @$set;
    my $start = time;
    my ($wrong, $refused) = compare($count * $times, $make);
    is($wrong, 0, "$name: " . $count * $times . " sessions (seed $seed), each as the model says");
    cmp_ok($refused, '>=', $refusals * $times, "$refused of them are to be refused");
    is($refused, 0, 'none of them') if $name =~ /legitimate/;
    note((time - $start) . ' s');
}
ok($bare->alive, 'the daemon is alive');
unlike($bare->log, qr/internal error/, 'and had no error of its own');
unlike($bare->log, qr/[^\x0a\x20-\x7e]/, 'its log is printable');

# ---- daemons that are a little wrong -------------------------------------------------------------

for my $mutation ($model->mutations) {
    my ($name, %change) = @$mutation;
    $bare->daemon->reload(connectors => $model->configuration(%change));
    my ($wrong) = compare(10_000, sub { (rand) < 0.4 ? $model->inbound : (rand) < 0.5 ? $model->legitimate : $model->outbound }, 1);
    is($wrong, 1, "found out: $name");
}

is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
