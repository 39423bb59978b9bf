# SPDX-License-Identifier: MIT
# sisimai.pl memory FOLDER | path MAILDIR-OR-MBOX: decodes all messages once and
# prints seconds of CPU time. Sisimai 4 says make(), Sisimai 5 rise().
use strict;
use warnings;
use Sisimai;

my ($mode, $path) = @ARGV;
my @messages;
if ($mode eq 'memory') {
    opendir my $dir, $path or die "$path: $!";
    for my $name (grep { !/^\./ } readdir $dir) {
        open my $file, '<:raw', "$path/$name" or die "$name: $!";
        local $/;
        push @messages, scalar <$file>;
    }
}
my $decode = Sisimai->can('rise') || Sisimai->can('make');
my ($user, $system) = times;
local $SIG{__WARN__} = sub { };
if ($mode eq 'memory') {
    for my $message (@messages) {
        my $copy = $message;
        eval { Sisimai->$decode(\$copy, delivered => 0) };
    }
} else {
    eval { Sisimai->$decode($path, delivered => 0) };
}
my ($user2, $system2) = times;
printf "%.3f\n", $user2 + $system2 - $user - $system;
