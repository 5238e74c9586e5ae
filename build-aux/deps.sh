#!/bin/sh
# SPDX-License-Identifier: ISC
#
# deps.sh: what building and testing forcetls needs from the system.  POSIX sh and nothing else, since this runs first.
#
#   deps.sh tools       are autoconf, automake, a compiler ... there?  Else all that is missing is told, with the names of
#                       Debian's and Fedora's packages; exit 1
#   deps.sh install     installs the packages that are missing (Debian and its children, as root); exit 1 if it cannot
#   deps.sh auto        the same where it is possible, and where it is not, no word and no failure.
#                       Exit 3 (both): something was installed, configure should look again
#   deps.sh mta DIR     unpacks the mail servers for the tests into DIR; one that cannot be had is told, and no failure
#
# Nothing is ever removed (apt-get --no-remove), no mail server is ever installed, no service is started or configured.

set -u

# What is looked for | where it is needed | Debian's packages | Fedora's.  "command a,b" means one of them.
requirements()
{
    cat <<'TABLE'
command gcc,clang,cc|tools|gcc libc6-dev|gcc
command autoreconf|tools|autoconf|autoconf
command automake|tools|automake|automake
command m4|tools|m4|m4
command make|tools|make|make
command pkg-config|build|pkgconf|pkgconf-pkg-config
header libmilter/mfapi.h|build|libmilter-dev|sendmail-milter-devel
header openssl/ssl.h|build|libssl-dev|openssl-devel
header libconfig.h|build|libconfig-dev|libconfig-devel
header event2/event.h|build|libevent-dev|libevent-devel
header idn2.h|build|libidn2-dev|libidn2-devel
header jansson.h|build|libjansson-dev|jansson-devel
header zlib.h|build|zlib1g-dev|zlib-devel
header unbound-event.h|build|libunbound-dev|unbound-devel
header seccomp.h|build|libseccomp-dev|libseccomp-devel
header cmocka.h|test|libcmocka-dev|libcmocka-devel
perl Test::More|test|perl|perl
perl IO::Socket::IP|test|perl|perl-IO-Socket-IP
perl JSON::PP|test|perl|perl-JSON-PP
perl Net::SSLeay|test|libnet-ssleay-perl|perl-Net-SSLeay
command swaks|test|swaks|swaks
command openssl|test|openssl|openssl
command nm|test|binutils|binutils
command mandoc|test|mandoc|mandoc
command miltertest|test|miltertest|
TABLE
}

have()
{
    case $1 in
    command)
        for command in $(echo "$2" | tr ',' ' '); do
            command -v "$command" >/dev/null 2>&1 && return 0
        done
        return 1
        ;;
    header)
        [ -f "/usr/include/$2" ] || [ -f "/usr/local/include/$2" ] || ls /usr/include/*-linux-*/"$2" >/dev/null 2>&1
        ;;
    perl)
        perl "-M$2" -e 1 >/dev/null 2>&1
        ;;
    esac
}

# missing COLUMN PLACE...: the packages (column 2 Debian's, 3 Fedora's) of what is not there, each once, on one line.
missing()
{
    column=$1
    shift
    requirements | while IFS='|' read -r what place debian fedora; do
        case " $* " in
        *" $place "*) ;;
        *) continue ;;
        esac
        # shellcheck disable=SC2086 # two words
        have $what && continue
        if [ "$column" = debian ]; then
            echo "$debian"
        else
            echo "$fedora"
        fi
    done | tr ' ' '\n' | sed '/^$/d' | unique | tr '\n' ' ' | sed 's/ $//'
}

# uniq without sorting, and without awk: not every system has one.
unique()
{
    known=' '
    while read -r word; do
        case $known in
        *" $word "*) ;;
        *)
            known="$known$word "
            echo "$word"
            ;;
        esac
    done
}

is_debian()
{
    command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || return 1
    [ -r /etc/os-release ] || return 1
    # shellcheck source=/dev/null
    case " $(. /etc/os-release && echo "${ID-} ${ID_LIKE-}") " in
    *" debian "*) return 0 ;;
    esac
    return 1
}

can_install()
{
    [ "$(id -u)" -eq 0 ] && is_debian
}

apt()
{
    DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=30 "$@" </dev/null
}

update_lists()
{
    apt update || echo "deps.sh: apt-get update failed" >&2
}

install_packages()
{
    apt install --yes --no-install-recommends --no-remove "$@"
}

# Would a mail server come with these packages?  None should; if the archive says otherwise we keep away.
brings_mta()
{
    apt install --simulate --no-install-recommends --no-remove "$@" 2>/dev/null |
        grep -E '^Inst (postfix|sendmail|exim4|opensmtpd|courier-mta|nullmailer|esmtp|ssmtp|msmtp|dma|qmail)' >/dev/null
}

# Those of the packages that this system's archive has; a test whose tool is not packaged is skipped.
known_packages()
{
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && echo "$package"
    done
}

install_missing()
{
    wanted=$(missing debian tools build test)
    [ -n "$wanted" ] || return 0
    echo "deps.sh: installing what is missing: $wanted"
    # shellcheck disable=SC2086 # a list of packages
    apt install --simulate --no-install-recommends --no-remove $wanted >/dev/null 2>&1 || update_lists
    # shellcheck disable=SC2086
    wanted=$(known_packages $wanted)
    # shellcheck disable=SC2086
    if brings_mta $wanted; then
        echo "deps.sh: these packages would bring a mail server; nothing is installed" >&2
        return 1
    fi
    # Lists that are older than the archive name files that are gone: fetch them once more.
    # shellcheck disable=SC2086
    if ! install_packages $wanted; then
        update_lists
        # shellcheck disable=SC2086
        if ! install_packages $wanted; then
            echo "deps.sh: could not install:" $wanted >&2
            return 1
        fi
    fi
    return 3
}

tell_missing_tools()
{
    [ -n "$(missing debian tools)" ] || return 0
    {
        echo "forcetls: these packages are missing before it can be built:"
        echo
        echo "  Debian, Ubuntu:  apt-get install $(missing debian tools build)"
        echo "  Fedora, RHEL:    dnf install $(missing fedora tools build)"
        echo
        if is_debian; then
            echo "\"make deps\" as root (sudo make deps) installs them, and what the tests need."
        fi
    } >&2
    return 1
}

unpack_mtas()
{
    for mta in postfix sendmail; do
        sh "$(dirname "$0")/../tests/lib/unpack-mta" "$mta" "$1/$mta" ||
            echo "deps.sh: the tests that need $mta will be skipped" >&2
    done
}

case ${1-} in
tools)
    tell_missing_tools
    ;;
install)
    if ! is_debian; then
        echo "deps.sh: only Debian's packages can be installed from here; elsewhere: $(missing fedora tools build test)" >&2
        exit 1
    fi
    if [ -z "$(missing debian tools build test)" ]; then
        exit 0
    fi
    if ! can_install; then
        echo "deps.sh: not root; missing: $(missing debian tools build test)" >&2
        exit 1
    fi
    install_missing
    ;;
auto)
    can_install || exit 0
    install_missing
    case $? in
    3) exit 3 ;;
    *) exit 0 ;;
    esac
    ;;
mta)
    [ $# -eq 2 ] || exit 1
    unpack_mtas "$2"
    ;;
*)
    echo "usage: deps.sh tools|install|auto|mta DIR" >&2
    exit 1
    ;;
esac
