dnl SPDX-License-Identifier: ISC
dnl
dnl The macros of configure.ac.  They are written out here so that neither autoconf-archive nor pkg-config's own pkg.m4
dnl has to be there when configure is generated.

dnl ---- what is missing ---------------------------------------------------------------------------------------------

dnl FORCETLS_MISSING_INIT: starts the list of missing things, and finds pkg-config.
AC_DEFUN([FORCETLS_MISSING_INIT], [
forcetls_missing=
forcetls_debian=
forcetls_fedora=

# forcetls_miss WHAT DEBIAN-PACKAGE FEDORA-PACKAGE
forcetls_miss ()
{
  forcetls_missing="$forcetls_missing
    $[]1 (Debian: $[]2, Fedora: $[]3)"
  forcetls_debian="$forcetls_debian $[]2"
  forcetls_fedora="$forcetls_fedora $[]3"
}

# forcetls_have_header FILE: a look into the usual folders, for when there is no compiler or no pkg-config to ask.
forcetls_have_header ()
{
  test -f "/usr/include/$[]1" || test -f "/usr/local/include/$[]1" || ls /usr/include/*/"$[]1" >/dev/null 2>&1
}

AC_ARG_VAR([PKG_CONFIG], [path to pkg-config])
AC_PATH_TOOL([PKG_CONFIG], [pkg-config])
AS_IF([test -z "$PKG_CONFIG"], [forcetls_miss "pkg-config" pkgconf pkgconf-pkg-config])
])

dnl FORCETLS_NEED_COMPILER: AC_PROG_CC would stop at once; without a compiler the rest is told too, then we stop.
AC_DEFUN([FORCETLS_NEED_COMPILER], [
AC_BEFORE([$0], [AC_PROG_CC])
forcetls_have_cc=no
for forcetls_cc in ${CC:+"${CC%% *}"} gcc cc clang; do
  AS_IF([command -v "$forcetls_cc" >/dev/null 2>&1], [forcetls_have_cc=yes; break])
done
AS_IF([test "$forcetls_have_cc" = no], [
  forcetls_miss "a C compiler" "gcc libc6-dev" gcc
  for forcetls_row in openssl/ssl.h:libssl-dev:openssl-devel libconfig.h:libconfig-dev:libconfig-devel \
    event2/event.h:libevent-dev:libevent-devel idn2.h:libidn2-dev:libidn2-devel \
    jansson.h:libjansson-dev:jansson-devel zlib.h:zlib1g-dev:zlib-devel \
    unbound-event.h:libunbound-dev:unbound-devel seccomp.h:libseccomp-dev:libseccomp-devel \
    libmilter/mfapi.h:libmilter-dev:sendmail-milter-devel; do
    forcetls_rest=${forcetls_row#*:}
    forcetls_have_header "${forcetls_row%%:*}" ||
      forcetls_miss "the header ${forcetls_row%%:*}" "${forcetls_rest%%:*}" "${forcetls_rest#*:}"
  done
  FORCETLS_MISSING_END
])
])

dnl FORCETLS_MISSING_END: stops when something is missing.
AC_DEFUN([FORCETLS_MISSING_END], [
AS_IF([test -n "$forcetls_missing"], [
  AC_MSG_ERROR([these are missing:
$forcetls_missing

  Debian, Ubuntu:  apt-get install$forcetls_debian
  Fedora, RHEL:    dnf install$forcetls_fedora
])])
])

dnl FORCETLS_PKG(VARIABLE, MODULES, VERSION, HEADER, DEBIAN-PACKAGE, FEDORA-PACKAGE)
dnl sets VARIABLE_CFLAGS and VARIABLE_LIBS from pkg-config (unless the caller of configure did), or notes what is missing.
AC_DEFUN([FORCETLS_PKG], [
AC_ARG_VAR([$1_CFLAGS], [C compiler flags for $2, overriding pkg-config])
AC_ARG_VAR([$1_LIBS], [linker flags for $2, overriding pkg-config])
AC_MSG_CHECKING([for $2 >= $3])
forcetls_wanted=
for forcetls_module in $2; do
  forcetls_wanted="$forcetls_wanted $forcetls_module >= $3"
done
AS_IF([test -n "$$1_LIBS"], [
  AC_MSG_RESULT([given: $$1_LIBS])
], [test -z "$PKG_CONFIG"], [
  AC_MSG_RESULT([pkg-config is missing])
  forcetls_have_header $4 || forcetls_miss "$2 >= $3" $5 $6
], [$PKG_CONFIG --exists "$forcetls_wanted" 2>/dev/null], [
  $1_CFLAGS="$$1_CFLAGS `$PKG_CONFIG --cflags $2`"
  $1_LIBS=`$PKG_CONFIG --libs $2`
  forcetls_found=`$PKG_CONFIG --modversion $2 | tr '\n' ' '`
  AC_MSG_RESULT([$forcetls_found])
], [
  forcetls_found=
  for forcetls_module in $2; do
    forcetls_found="$forcetls_found`$PKG_CONFIG --modversion $forcetls_module 2>/dev/null` "
  done
  AC_MSG_RESULT([no])
  AS_CASE([$forcetls_found],
    [*[[0-9]]*], [forcetls_miss "$2 >= $3, found only $forcetls_found" $5 $6],
    [forcetls_miss "$2 >= $3" $5 $6])
])
])

dnl FORCETLS_PKG_OPTIONAL(VARIABLE, MODULE, VERSION): the same, for what the tests use; sets the conditional HAVE_VARIABLE.
AC_DEFUN([FORCETLS_PKG_OPTIONAL], [
AC_ARG_VAR([$1_CFLAGS], [C compiler flags for $2, overriding pkg-config])
AC_ARG_VAR([$1_LIBS], [linker flags for $2, overriding pkg-config])
AC_MSG_CHECKING([for $2 >= $3])
AS_IF([test -n "$$1_LIBS"], [
  AC_MSG_RESULT([given: $$1_LIBS])
  forcetls_unit_tests=yes
], [$PKG_CONFIG --exists "$2 >= $3" 2>/dev/null], [
  $1_CFLAGS="$$1_CFLAGS `$PKG_CONFIG --cflags $2`"
  $1_LIBS=`$PKG_CONFIG --libs $2`
  forcetls_found=`$PKG_CONFIG --modversion $2`
  AC_MSG_RESULT([$forcetls_found])
  forcetls_unit_tests=yes
], [
  AC_MSG_RESULT([no])
  forcetls_unit_tests="will be skipped: cmocka is missing (Debian: libcmocka-dev, Fedora: libcmocka-devel)"
])
AM_CONDITIONAL([HAVE_$1], [test "$forcetls_unit_tests" = yes])
])

dnl FORCETLS_PERL_TEST_MORE: the *.t files are Perl; the conditional HAVE_PERL_TESTS says whether they can run.
AC_DEFUN([FORCETLS_PERL_TEST_MORE], [
AC_MSG_CHECKING([for Perl with Test::More])
AS_IF([$PERL -MTest::More -MIO::Socket::IP -e 1 >/dev/null 2>&1], [
  forcetls_perl_tests=yes
  AC_MSG_RESULT([yes])
], [
  forcetls_perl_tests="will be skipped: Perl's modules are missing (Debian: perl, Fedora: perl)"
  AC_MSG_RESULT([no])
])
AM_CONDITIONAL([HAVE_PERL_TESTS], [test "$forcetls_perl_tests" = yes])
])

dnl FORCETLS_LIBMILTER: it has no .pc file.  smfi_setsymlist came with 8.14 and is what the milter stands on.
AC_DEFUN([FORCETLS_LIBMILTER], [
AC_ARG_VAR([LIBMILTER_LIBS], [linker flags for libmilter])
forcetls_save_libs=$LIBS
forcetls_have_milter=no
AC_CHECK_HEADER([libmilter/mfapi.h], [
  LIBS="${LIBMILTER_LIBS:--lmilter} $LIBS -lpthread"
  AC_MSG_CHECKING([for smfi_setsymlist in ${LIBMILTER_LIBS:--lmilter}])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <libmilter/mfapi.h>]],
    [[return smfi_setsymlist((SMFICTX *)0, SMFIM_HELO, (char *)0);]])],
    [forcetls_have_milter=yes])
  AC_MSG_RESULT([$forcetls_have_milter])
])
LIBS=$forcetls_save_libs
AS_IF([test "$forcetls_have_milter" = yes],
  [LIBMILTER_LIBS=${LIBMILTER_LIBS:--lmilter}],
  [forcetls_miss "libmilter with smfi_setsymlist" libmilter-dev sendmail-milter-devel])
])

dnl FORCETLS_LIBUNBOUND: Debian 12's .pc file names libraries in Requires.private that its package does not bring, and
dnl pkg-config refuses it for that.  ub_ctx_create_event is what the prober stands on (1.5.0, and not built everywhere).
AC_DEFUN([FORCETLS_LIBUNBOUND], [
AC_ARG_VAR([LIBUNBOUND_LIBS], [linker flags for libunbound])
forcetls_save_libs=$LIBS
forcetls_have_unbound=no
AC_CHECK_HEADER([unbound-event.h], [
  LIBS="${LIBUNBOUND_LIBS:--lunbound} $LIBS"
  AC_MSG_CHECKING([for ub_ctx_create_event in ${LIBUNBOUND_LIBS:--lunbound} >= 1.13])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <unbound.h>
#include <unbound-event.h>
#if UNBOUND_VERSION_MAJOR < 1 || (UNBOUND_VERSION_MAJOR == 1 && UNBOUND_VERSION_MINOR < 13)
#error too old
#endif]],
    [[return ub_ctx_create_event((struct event_base *)0) != (struct ub_ctx *)0;]])],
    [forcetls_have_unbound=yes])
  AC_MSG_RESULT([$forcetls_have_unbound])
], [], [#include <unbound.h>])
LIBS=$forcetls_save_libs
AS_IF([test "$forcetls_have_unbound" = yes],
  [LIBUNBOUND_LIBS=${LIBUNBOUND_LIBS:--lunbound}],
  [forcetls_miss "libunbound >= 1.13 with unbound-event.h" libunbound-dev unbound-devel])
])

dnl ---- compiler flags ----------------------------------------------------------------------------------------------

dnl FORCETLS_TRY_CFLAGS(VARIABLE, FLAGS [, IF-REFUSED]) adds FLAGS to VARIABLE if the compiler takes them without a word.
AC_DEFUN([FORCETLS_TRY_CFLAGS], [
AC_MSG_CHECKING([whether $CC takes $2])
forcetls_save_cflags=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[char b[9]; memset(b, 0, sizeof(b)); return b[0];]])],
  [AC_MSG_RESULT([yes]); $1="$$1 $2"; CFLAGS=$forcetls_save_cflags],
  [AC_MSG_RESULT([no]); CFLAGS=$forcetls_save_cflags; $3])
])

dnl FORCETLS_TRY_LDFLAGS(VARIABLE, FLAGS [, CFLAGS]) adds FLAGS to VARIABLE if a program links with them.
AC_DEFUN([FORCETLS_TRY_LDFLAGS], [
AC_MSG_CHECKING([whether $CC links with $2])
forcetls_save_ldflags=$LDFLAGS
forcetls_save_cflags=$CFLAGS
LDFLAGS="$LDFLAGS $2"
CFLAGS="$CFLAGS -Werror $3"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
  [AC_MSG_RESULT([yes]); $1="$$1 $2"; LDFLAGS=$forcetls_save_ldflags; CFLAGS=$forcetls_save_cflags],
  [AC_MSG_RESULT([no]); LDFLAGS=$forcetls_save_ldflags; CFLAGS=$forcetls_save_cflags])
])

dnl FORCETLS_LANGUAGE: C11 with GNU's and POSIX's library functions, and threads.
AC_DEFUN([FORCETLS_LANGUAGE], [
AC_SUBST([LANGUAGE_CFLAGS], ["-std=gnu11 -pthread"])
])

AC_DEFUN([FORCETLS_WERROR], [
AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [compiler warnings are errors (for our own tests, not for packages)])])
])

AC_DEFUN([FORCETLS_WARNINGS], [
AC_SUBST([WARN_CFLAGS])
WARN_CFLAGS=
FORCETLS_TRY_CFLAGS([WARN_CFLAGS], [-Wall -Wextra -Wconversion -Wformat=2 -Wshadow])
FORCETLS_TRY_CFLAGS([WARN_CFLAGS], [-Wstrict-prototypes -Wmissing-prototypes -Wvla])
AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
])

dnl FORCETLS_SANITIZE: --enable-sanitize=address,undefined and the like.
AC_DEFUN([FORCETLS_SANITIZE], [
AC_ARG_ENABLE([sanitize],
  [AS_HELP_STRING([--enable-sanitize=LIST], [build with -fsanitize=LIST: address,undefined (the default LIST) or thread])])
AS_CASE([$enable_sanitize], [yes], [enable_sanitize=address,undefined], [no], [enable_sanitize=])
AC_SUBST([SANITIZE_CFLAGS])
AC_SUBST([SANITIZE])
SANITIZE=$enable_sanitize
AS_IF([test -n "$enable_sanitize"], [
  SANITIZE_CFLAGS="-fsanitize=$enable_sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"
  AC_MSG_CHECKING([whether $CC links with $SANITIZE_CFLAGS])
  forcetls_save_cflags=$CFLAGS
  CFLAGS="$CFLAGS $SANITIZE_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([the compiler has no -fsanitize=$enable_sanitize here (Fedora: libasan libubsan libtsan)])])
  CFLAGS=$forcetls_save_cflags
])
])

dnl FORCETLS_HARDENING: everything that the compiler and the linker have.  _FORTIFY_SOURCE needs an optimiser, hides
dnl errors from the sanitizers, and is left alone where the caller of configure (a distribution) has set it.
AC_DEFUN([FORCETLS_HARDENING], [
AC_SUBST([HARDEN_CPPFLAGS])
AC_SUBST([HARDEN_CFLAGS])
AC_SUBST([HARDEN_LDFLAGS])
HARDEN_CPPFLAGS=
HARDEN_CFLAGS=
HARDEN_LDFLAGS=
FORCETLS_TRY_CFLAGS([HARDEN_CFLAGS], [-fstack-protector-strong])
FORCETLS_TRY_CFLAGS([HARDEN_CFLAGS], [-fstack-clash-protection])
FORCETLS_TRY_CFLAGS([HARDEN_CFLAGS], [-fcf-protection])
FORCETLS_TRY_CFLAGS([HARDEN_CFLAGS], [-fPIE])
FORCETLS_TRY_LDFLAGS([HARDEN_LDFLAGS], [-pie], [-fPIE])
FORCETLS_TRY_LDFLAGS([HARDEN_LDFLAGS], [-Wl,-z,relro,-z,now])
FORCETLS_TRY_LDFLAGS([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
FORCETLS_TRY_LDFLAGS([HARDEN_LDFLAGS], [-Wl,--as-needed])
AS_CASE([" $CPPFLAGS $CFLAGS ${SANITIZE:+sanitize}"],
  [*_FORTIFY_SOURCE*|*sanitize*|*" -O0"*], [],
  [*" -O"*], [
    FORCETLS_TRY_CFLAGS([HARDEN_CPPFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3],
      [FORCETLS_TRY_CFLAGS([HARDEN_CPPFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2])])
  ])
])
