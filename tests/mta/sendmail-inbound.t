#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What becomes of a partner's mail at a real Sendmail: one message for each demand that a connector
# can make, met and not met.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::InboundCases;
use Forcetls::Scene;
use Test::More;

my $scene = Forcetls::Scene->new(
    mta => 'sendmail',
    connectors => Forcetls::InboundCases::connectors(),
    server => { old_tls => 1 },
);
Forcetls::InboundCases::make_certificates($scene);
$scene->check(%$_) for Forcetls::InboundCases::cases();
$scene->finish;
done_testing();
