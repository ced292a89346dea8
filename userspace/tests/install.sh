#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The installed library: its names, its symbols, and programs that build with
# nothing but what was installed. O is the folder of the build.

count=0
failed=0
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
userspace=$(cd "$(dirname "$0")/.." && pwd)
root=$directory/root
lib=$root/opt/memtable/lib
include=$root/opt/memtable/include
: "${CC:=cc}" "${CXX:=c++}"

result()
{
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		failed=1
	fi
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

make -s -C "$userspace" O="$O" PREFIX=/opt/memtable DESTDIR="$root" install >"$directory/log" 2>&1 ||
	sed 's/^/# /' "$directory/log"
(
	cd "$root/opt/memtable" || exit 1
	for file in bin/memtable lib/libmemtable.a lib/libmemtable.so lib/libmemtable.so.0 \
			lib/pkgconfig/libmemtable.pc include/memtable.h \
			include/linux/memtable.h share/man/man1/memtable.1 \
			lib/udev/rules.d/60-memtable.rules lib/sysusers.d/memtable.conf; do
		[ -r $file ] || { echo "# there is no $file"; exit 1; }
	done
)
result "all files are installed" $?
! find "$root" -type f | grep -v '/opt/memtable/'
result "nothing is installed elsewhere" $?
[ "$(readlink "$lib/libmemtable.so")" = libmemtable.so.0 ] &&
	objdump -p "$lib/libmemtable.so" | grep -q 'SONAME *libmemtable.so.0$'
result "the library's name has its version" $?
# Those for databases, as far as they were built.
(
	for built in "$O"/lib/libmemtable-*.so; do
		[ -e "$built" ] || continue
		name=${built##*/lib} name=${name%.so}
		[ -r "$include/$name.h" ] && [ -r "$lib/lib$name.so.0" ] || exit 1
		[ "$(nm -D --defined-only "$built" | sed -n 's/.* T //p' | sort | tr '\n' ' ')" = \
			"$(echo "$name" | tr - _)_finish@@MEMTABLE_0 $(echo "$name" |
				tr - _)_load@@MEMTABLE_0 " ] || exit 1
	done
)
result "the libraries for databases are installed" $?

# What the header declares and what the library offers is the same.
grep -o '\bmemtable_[a-z_]*(' "$include/memtable.h" | tr -d '(' | sort -u >"$directory/named"
nm -D --defined-only "$lib/libmemtable.so" | sed -n 's/.* T \([^@]*\)@@MEMTABLE_0$/\1/p' |
	sort >"$directory/offered"
# These are inline.
printf '%s\n' memtable_tag memtable_tag_sequence memtable_tag_type >>"$directory/offered"
sort "$directory/offered" | diff - "$directory/named" | sed 's/^/# /' >"$directory/difference"
cat "$directory/difference"
[ -s "$directory/offered" ] && ! [ -s "$directory/difference" ]
result "the library offers what the header declares, and nothing else" $?
! nm --defined-only -g "$lib/libmemtable.a" | grep ' [TDBRC] ' | grep -v ' memtable_'
result "the static library takes no other names" $?

cat >"$directory/program.c" <<'END'
#include <memtable.h>

int main(void)
{
	return memtable_key_compare("a", 1, "a", 1) || memtable_tag_type(memtable_tag(3, 1)) != 1;
}
END
warnings="-Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2086 # several words
for compiler in "$CC -std=c99" "$CC -std=gnu11" "$CXX -x c++ -std=c++11" "$CXX -x c++ -std=c++17"; do
	name="a program builds with ${compiler#* } and the installed headers"
	if ! command -v ${compiler%% *} >/dev/null; then
		skip "$name" "no ${compiler%% *}"
		continue
	fi
	$compiler $warnings -I"$include" "$directory/program.c" -o "$directory/program" \
		-L"$lib" -lmemtable && LD_LIBRARY_PATH=$lib "$directory/program"
	result "$name" $?
done
$CC -I"$include" "$directory/program.c" -o "$directory/program" "$lib/libmemtable.a" &&
	"$directory/program"
result "a program links the static library" $?

if command -v pkg-config >/dev/null; then
	export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
	# shellcheck disable=SC2046 # several words
	$CC "$directory/program.c" -o "$directory/program" \
		$(pkg-config --cflags --libs libmemtable) &&
		LD_LIBRARY_PATH=$lib "$directory/program"
	result "pkg-config tells how to build" $?
else
	skip "pkg-config tells how to build" "no pkg-config"
fi

# The group that the rule gives the device to is the one that is made.
rule=$root/opt/memtable/lib/udev/rules.d/60-memtable.rules
group=$(sed -n 's/^SUBSYSTEM=="misc", KERNEL=="memtable", GROUP="\([a-z]*\)", MODE="0660"$/\1/p' \
	"$rule")
[ -n "$group" ] && grep -qx "g $group -" "$root/opt/memtable/lib/sysusers.d/memtable.conf"
result "the device's group is made" $?
if udevadm verify --help >/dev/null 2>&1; then
	output=$(udevadm verify --resolve-names=never "$rule" 2>&1) || ! echo "# $output"
	result "udev accepts the rule" $?
else
	skip "udev accepts the rule" "no udevadm that verifies"
fi

LD_LIBRARY_PATH='' "$root/opt/memtable/bin/memtable" --version | grep -q '^memtable [0-9]'
result "the installed command finds its library" $?
for page in "$root"/opt/memtable/share/man/man1/*; do
	name="the manual page ${page##*/} is well formed"
	if command -v man >/dev/null; then
		warning=$(LC_ALL=C MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page" \
			2>&1 >/dev/null)
		[ -z "$warning" ] || echo "# $warning"
		[ -z "$warning" ]
		result "$name" $?
	else
		skip "$name" "no man"
	fi
done

echo "1..$count"
exit $failed
