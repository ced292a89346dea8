#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples, on the device: each ends well and prints what it should.

number=747303
count=0
failed=0
directory=$(mktemp -d)
trap 'rm -rf "$directory"; memtable drop $number 2>/dev/null' EXIT
cd "$directory" || exit 1

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

# prints TEXT COMMAND...: the command succeeds, and prints the text.
prints()
{
	text=$1
	shift
	if "$@" >out 2>&1 && [ "$(cat out)" = "$text" ]; then
		result "$*" 0
	else
		sed 's/^/# printed: /' out
		result "$*" 1
	fi
}

prints 'put: hello (sequence number 1)
put again: good morning (sequence number 2)
deleted: deleted
as it was at first: hello (sequence number 1)' put_get
prints '3 entries written, the last with sequence number 3
alice has 70
bob has 30' batch
prints 'backwards: plum pear peach fig cherry apple
pe...: peach pear' iterate
prints 'from: a process that has ended' share

# Every number is in one of the files, and the registry is as it was before.
mkdir files
memtable list >before
flusher files 6000 >flushed 2>&1
result "flusher ends well" $?
sed 's/^/# /' flushed
memtable drop $number 2>/dev/null
for file in files/*; do
	memtable restore $number "$file" || break
done
[ "$(find files -name '*.records' | wc -l)" -gt 1 ] && [ -z "$(find files -name '*.tmp')" ] &&
	[ "$(memtable scan --keys-only $number | wc -l)" = 6000 ]
result "flusher: all is in its files" $?
memtable drop $number
memtable list | cmp - before
result "flusher: nothing is left in the registry" $?

# What a flusher before left, with its file and without, is finished: once.
live=$((0x666c757368000000))
for file in 1 2; do
	memtable put $((live + file)) "entry 0000000$file" "in file $file"
	memtable seal $((live + file))
done
memtable put $live "entry 00000003" "in no file"
mkdir left
memtable dump $((live + 1)) left/000001.records
inode=$(stat -c %i left/000001.records)
prints 'left/000001.records
left/000002.records
left/000003.records' flusher left 0
for file in left/*; do
	memtable restore $number "$file" || break
done
[ "$(stat -c %i left/000001.records)" = "$inode" ] && [ "$(memtable scan $number)" = "entry 00000001	in file 1
entry 00000002	in file 2
entry 00000003	in no file" ]
result "flusher: what one before left is in its files" $?
memtable drop $number
memtable list | cmp - before
result "flusher: nothing is left in the registry after that" $?

# A writer is killed while it writes. What it said was written must be there.
memtable drop $number 2>/dev/null
survive write $number >orders &
writer=$!
written=0
for _ in $(seq 1 100); do
	sleep 0.1
	written=$(wc -l <orders)
	[ "$written" -lt 200 ] || break
done
kill -9 $writer
wait $writer 2>/dev/null
[ "$written" -ge 200 ]
result "survive write: it writes" $?
written=$(wc -l <orders)
survive check $number >out 2>&1
result "survive check: every order is whole" $?
sed 's/^/# /' out
found=$(sed -n 's/ orders, each with its 16 lines$//p' out)
[ "${found:-0}" -ge 200 ] && [ "${found:-0}" -ge "$written" ] && [ "${found:-0}" -le $((written + 1)) ]
result "survive check: all that was written, and at most one order more" $?

# An order that lacks a line is found.
memtable put $number "order/$(printf %010d "${found:-0}")/00" x
survive check $number >out 2>&1
[ $? = 1 ] && grep -q 'the last order has 1 of 16 lines' out
result "survive check: an order that is not whole" $?

echo "1..$count"
exit $failed
