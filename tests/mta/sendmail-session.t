#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What a session can do to what is known of it, at a real Sendmail.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Scene;
use Forcetls::SessionCases;
use Test::More;

my $scene =
    Forcetls::Scene->new(mta => 'sendmail', connectors => Forcetls::SessionCases::connectors());
Forcetls::SessionCases::run($scene);
$scene->finish;
done_testing();
