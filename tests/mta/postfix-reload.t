#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# New rules while a real Postfix has messages under way.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::FailureCases;
use Forcetls::Scene;
use Test::More;

my $scene = Forcetls::Scene->new(mta => 'postfix', connectors => $Forcetls::FailureCases::contoso);
Forcetls::FailureCases::reload($scene);
$scene->finish;
done_testing();
